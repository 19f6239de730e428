//! `GET /v1/orgs/{org}/batches/{batch}/payments/{payment}`: returns a payment with its reports.

use outlay_api::batch::{BatchEntryOut, PaymentOut, PaymentPath};
use outlay_domain::permission::ReadBatch;
use outlay_http::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

/// Payment with a page of its reports.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentDetails)]
struct PaymentDetailsOut {
    /// Payment.
    #[serde(flatten)]
    payment: PaymentOut,
    /// Reports of the payment, with the amounts that it settles.
    items: Vec<BatchEntryOut>,
    /// Value of `cursor` for the next page of reports; null on the last page.
    next_cursor: Option<String>,
}

#[derive(Debug)]
struct GetPayment;

impl Endpoint for GetPayment {
    type Target = OnPayment<ReadBatch>;
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

/// Get a payment with its reports.
///
/// Allowed for finance, admins and auditors. The account is masked.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/batches/{batch}/payments/{payment}",
    operation_id = "batchesGetPayment",
    tag = "batches",
    params(PaymentPath, Declared<GetPayment>),
    responses((status = 200, description = "Payment.", body = PaymentDetailsOut), Declared<GetPayment>)
)]
async fn handler(context: Context<'_, GetPayment>) -> HandlerResult {
    let (payment, page) = (context.payment(), &context.query.page);
    let entries = context.store().list_entries(payment.org, payment.batch, payment.id, page).await?;
    let items = entries.items.iter().map(Into::into).collect();
    let body = PaymentDetailsOut { payment: PaymentOut::of(payment), items, next_cursor: entries.next };
    Ok(Reply::ok(&body)?.version(payment.version).passed_over(entries.passed_over))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
