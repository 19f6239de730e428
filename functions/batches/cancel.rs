//! `POST /v1/orgs/{org}/batches/{batch}/cancel`: cancels a batch before its release.

use outlay_api::batch::{BatchOut, BatchPath, commit_batch};
use outlay_domain::change::cancel_batch;
use outlay_domain::permission::CancelBatch as CancelAction;
use outlay_http::prelude::*;

#[derive(Debug)]
struct CancelBatch;

impl Endpoint for CancelBatch {
    type Target = OnBatch<CancelAction>;
    type Preload = ();
    type Query = NoQuery;
    type Body = Option<EmptyObject>;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Cancel a batch.
///
/// Allowed for finance and admins, while the batch is building or open. Background work makes its reports approved
/// again.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/batches/{batch}/cancel",
    operation_id = "batchesCancel",
    tag = "batches",
    params(BatchPath, Declared<CancelBatch>),
    request_body = Option<EmptyObject>,
    responses((status = 200, description = "Cancelled.", body = BatchOut), Declared<CancelBatch>)
)]
async fn handler(context: Context<'_, CancelBatch>) -> HandlerResult {
    let change = cancel_batch(context.permit, context.now());
    commit_batch(&context, change).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
