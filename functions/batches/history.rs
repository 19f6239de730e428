//! `GET /v1/orgs/{org}/batches/{batch}/history`: returns the events of a batch, the state of their mails, and an
//! integrity check of the events.

use outlay_api::batch::BatchPath;
use outlay_api::history::{HistoryHead, HistoryOut};
use outlay_domain::permission::ReadBatch;
use outlay_http::prelude::*;

#[derive(Debug)]
struct GetHistory;

impl Endpoint for GetHistory {
    type Target = OnBatch<ReadBatch>;
    type Preload = ();
    type Query = PageQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Get the history of a batch, oldest event first.
///
/// Allowed for finance, admins and auditors. Each event contains a hash over itself and the event before; `chain` is
/// the result of checking these hashes.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/batches/{batch}/history",
    operation_id = "batchesHistory",
    tag = "batches",
    params(BatchPath, Declared<GetHistory>),
    responses((status = 200, description = "Page of events.", body = HistoryOut), Declared<GetHistory>)
)]
async fn handler(context: Context<'_, GetHistory>) -> HandlerResult {
    let (store, batch) = (context.store(), context.batch());
    let reload = async {
        let batch = store.batch(batch.org, batch.id).await?.ok_or_else(Problem::not_found)?;
        Ok(HistoryHead::from(&batch))
    };
    Ok(Reply::ok(&HistoryOut::load(store, &context.query.page, batch.into(), reload).await?)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
