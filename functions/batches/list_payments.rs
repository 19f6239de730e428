//! `GET /v1/orgs/{org}/batches/{batch}/payments`: lists the payments of a batch.

use outlay_api::batch::{BatchPath, PaymentOut};
use outlay_api::common::{PageOut, page};
use outlay_domain::permission::ReadBatch;
use outlay_http::prelude::*;

#[derive(Debug)]
struct ListPayments;

impl Endpoint for ListPayments {
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

/// List the payments of a batch by payee.
///
/// Allowed for finance, admins and auditors. Accounts are masked.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/batches/{batch}/payments",
    operation_id = "batchesListPayments",
    tag = "batches",
    params(BatchPath, Declared<ListPayments>),
    responses((status = 200, description = "Page of payments.", body = PageOut<PaymentOut>), Declared<ListPayments>)
)]
async fn handler(context: Context<'_, ListPayments>) -> HandlerResult {
    let payments = context.store().list_payments(context.org(), context.batch().id, &context.query.page).await?;
    Ok(page(payments, PaymentOut::of)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
