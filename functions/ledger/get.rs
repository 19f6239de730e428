//! `GET /v1/orgs/{org}/ledger`: returns the settings of the ledger, and what they lack.

use outlay_api::common::OrgPath;
use outlay_api::ledger::{LedgerOut, MAX_WAITING};
use outlay_domain::ledger::missing_accounts;
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::ReadLedger;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;

#[derive(Debug)]
struct GetLedger;

impl Endpoint for GetLedger {
    type Target = OnLedger<ReadLedger>;
    type Preload = (Organisation, Policy);
    type Query = NoQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Get the settings of the ledger.
///
/// Allowed for finance, admins and auditors. Before the first settings, version 0 without accounts is answered, and
/// approved reports wait to be booked.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/ledger",
    operation_id = "ledgerGet",
    tag = "ledger",
    params(OrgPath, Declared<GetLedger>),
    responses((status = 200, description = "The settings.", body = LedgerOut), Declared<GetLedger>)
)]
async fn handler(context: Context<'_, GetLedger>) -> HandlerResult {
    let settings = context.ledger();
    let (organisation, policy) = &context.preloaded;
    let missing = missing_accounts(settings, policy, organisation.base_currency);
    let waiting = context.store().booking_requests(context.org(), MAX_WAITING).await?;
    let body = LedgerOut::new(settings, &missing, &waiting);
    Ok(Reply::ok(&body)?.version(settings.version))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
