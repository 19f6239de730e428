//! `DELETE /v1/orgs/{org}/rates/{date}/{currency}`: takes an exchange rate back.

use jiff::civil::Date;
use outlay_api::rates::{RatePath, parse_rate_date};
use outlay_domain::change::{Change, remove_rate};
use outlay_domain::money::Currency;
use outlay_domain::permission::EnterRates;
use outlay_http::prelude::*;

#[derive(Debug)]
struct RemoveRate;

impl Endpoint for RemoveRate {
    type Target = OnOrganisation<EnterRates>;
    type Preload = ();
    type Query = NoQuery;
    type Body = Option<EmptyObject>;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::NotFound, ProblemType::InvalidParameter];
}

/// Take an exchange rate back.
///
/// Allowed for finance and admins. Drafts and returned reports are converted at the last earlier rate from then on, or
/// cannot be submitted without one. Submitted and approved reports keep the rate. The history keeps the removed rate.
#[utoipa::path(
    delete,
    path = "/v1/orgs/{org}/rates/{date}/{currency}",
    operation_id = "ratesRemove",
    tag = "rates",
    params(RatePath, Declared<RemoveRate>),
    responses((status = 204, description = "Removed."), Declared<RemoveRate>)
)]
async fn handler(context: Context<'_, RemoveRate>) -> HandlerResult {
    let date: Date = parse_rate_date(&context)?;
    let currency: Currency = context.path("currency").parse().map_err(|_| Problem::not_found())?;
    let wanted = [(currency, date)].into();
    let found = context.store().rates(context.org(), &wanted).await?;
    let entry = found.into_iter().find(|entry| entry.date == date).ok_or_else(Problem::not_found)?;
    let change = remove_rate(context.permit, entry, context.now());
    context.commit(Change::Rates(Box::new(change)), Reply::no_content()).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
