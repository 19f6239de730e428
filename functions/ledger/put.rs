//! `PUT /v1/orgs/{org}/ledger`: replaces the settings of the ledger.

use outlay_api::common::OrgPath;
use outlay_api::ledger::{LedgerOut, LedgerSettingsIn, MAX_WAITING};
use outlay_domain::change::{Change, update_ledger};
use outlay_domain::event::EventSubject;
use outlay_domain::ids::MemberId;
use outlay_domain::ledger::{LedgerSettings, missing_accounts};
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::UpdateLedger;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;

#[derive(Debug)]
struct PutLedger;

impl Endpoint for PutLedger {
    type Target = OnLedger<UpdateLedger>;
    type Preload = (Organisation, Policy);
    type Query = NoQuery;
    type Body = LedgerSettingsIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Replace the settings of the ledger.
///
/// Allowed for finance and admins. The body is the complete settings: one left out is removed. They apply to later
/// bookings; entries stay as they are. Approved reports that wait for an account are booked within some minutes after it
/// is set.
///
/// `closed_until` closes all periods up to a month, for good: later bookings of their documents are dated on the first
/// day of the first open period.
#[utoipa::path(
    put,
    path = "/v1/orgs/{org}/ledger",
    operation_id = "ledgerPut",
    tag = "ledger",
    params(OrgPath, Declared<PutLedger>),
    request_body = LedgerSettingsIn,
    responses((status = 200, description = "In force as the next version.", body = LedgerOut), Declared<PutLedger>)
)]
async fn handler(context: Context<'_, PutLedger>, proposed: LedgerSettings) -> HandlerResult {
    let (organisation, policy) = &context.preloaded;
    check_members(&context, &proposed).await?;
    // Organisations of earlier versions do not know the hash of their one event.
    let created = match organisation.last_hash.as_str() {
        "" => context.store().first_event(organisation.id, EventSubject::Organisation).await?,
        _ => None,
    };
    let current = context.ledger();
    let change = update_ledger(context.permit, organisation, created.as_ref(), current, proposed, context.now())?;
    let missing = missing_accounts(&change.after, policy, organisation.base_currency);
    let waiting = context.store().booking_requests(context.org(), MAX_WAITING).await?;
    let body = LedgerOut::new(&change.after, &missing, &waiting);
    let reply = Reply::ok(&body)?.version(change.after.version);
    context.commit(Change::Ledger(Box::new(change)), reply).await
}

/// Checks that the members with an account of their own exist.
async fn check_members(context: &Context<'_, PutLedger>, proposed: &LedgerSettings) -> Result<(), ApiError> {
    let named: Vec<MemberId> = proposed.member_accounts.keys().copied().collect();
    let known = context.store().members_by_id(context.org(), &named).await?;
    let mut errors = FieldErrors::default();
    for id in named.iter().filter(|id| !known.iter().any(|member| member.id == **id)) {
        let detail = format!("There is no member {id} here.");
        errors.push_at(format!("/member_accounts/{id}"), "unknown-member", detail);
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
