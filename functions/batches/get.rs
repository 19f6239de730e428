//! `GET /v1/orgs/{org}/batches/{batch}`: returns a batch.

use outlay_api::batch::{BatchOut, BatchPath};
use outlay_domain::permission::ReadBatch;
use outlay_http::prelude::*;

#[derive(Debug)]
struct GetBatch;

impl Endpoint for GetBatch {
    type Target = OnBatch<ReadBatch>;
    type Preload = ();
    type Query = NoQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Get a batch with its progress and its sums.
///
/// Allowed for finance, admins and auditors.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/batches/{batch}",
    operation_id = "batchesGet",
    tag = "batches",
    params(BatchPath, Declared<GetBatch>),
    responses((status = 200, description = "Batch.", body = BatchOut), Declared<GetBatch>)
)]
async fn handler(context: Context<'_, GetBatch>) -> HandlerResult {
    let batch = context.batch();
    Ok(Reply::ok(&BatchOut::of(batch))?.version(batch.version))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
