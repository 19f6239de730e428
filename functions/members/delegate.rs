//! `PUT /v1/orgs/{org}/members/{member}/delegation`: delegates a member's approvals to another member.

use jiff::civil::Date;
use outlay_api::common::{MemberPath, MoneyDto};
use outlay_api::member::{MemberOut, commit_members};
use outlay_domain::change::{NewDelegation, displaced_delegator, set_delegation};
use outlay_domain::ids::MemberId;
use outlay_domain::money::Money;
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::Delegate;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Delegation of a member's approvals.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct DelegationIn {
    /// Delegate, `mem_…`.
    to: String,
    /// First day, in the time zone of the member who delegates.
    #[schema(format = Date)]
    from: String,
    /// Last day, in the same time zone; at most 366 days after the first.
    #[schema(format = Date)]
    until: String,
    /// Largest report total that is delegated, in the base currency; unlimited when absent.
    ceiling: Option<MoneyDto>,
}

/// Checked [`DelegationIn`].
struct DelegationRequest {
    to: MemberId,
    from: Date,
    until: Date,
    ceiling: Option<Money>,
}

impl Input for DelegationIn {
    type Checked = DelegationRequest;

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<DelegationRequest> {
        let to = errors.parse_member_id("to", self.to);
        let from = errors.parse_date("from", self.from);
        let until = errors.parse_date("until", self.until);
        let ceiling = parse::optional(self.ceiling, |ceiling| ceiling.parse("ceiling", errors));
        let (to, from, until, ceiling) = (to?, from?, until?, ceiling?);
        if until < from {
            errors.push("until", "order", "Must not be before the first day.");
        } else if from.until(until).map_or(true, |span| span.get_days() > 366) {
            errors.push("until", "maximum", "Must be at most a year after the first day.");
        }
        Some(DelegationRequest { to, from, until, ceiling })
    }
}

#[derive(Debug)]
struct PutDelegation;

impl Endpoint for PutDelegation {
    type Target = OnMember<Delegate>;
    type Preload = Organisation;
    type Query = NoQuery;
    type Body = DelegationIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| Some(DailyQuota::Delegation);
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::Forbidden];
}

/// Delegate a member's approvals.
///
/// Allowed for the member (`me` names the caller) and for admins. From the first to the last day, the
/// delegate sees the member's pending approvals beside their own. The delegate decides in their own name on
/// behalf of the member; the history shows both. The member can still decide. A member has at most one
/// delegation: a new one replaces it.
///
/// Both get an e-mail; that of the delegate lists what waits already. The delegate can end the delegation. A
/// member acts for at most 20 members: a further delegation ends the oldest.
#[utoipa::path(
    put,
    path = "/v1/orgs/{org}/members/{member}/delegation",
    operation_id = "membersDelegate",
    tag = "members",
    params(MemberPath, Declared<PutDelegation>),
    request_body = DelegationIn,
    responses((status = 200, description = "Delegation set.", body = MemberOut), Declared<PutDelegation>)
)]
async fn handler(context: Context<'_, PutDelegation>, request: DelegationRequest) -> HandlerResult {
    let member = context.permit.target();
    let DelegationRequest { to, from, until, ceiling } = request;
    parse::require_base_currency(ceiling, context.preloaded.base_currency, "ceiling")?;
    if until < member.local_day(context.today()) {
        return Err(FieldErrors::one("until", "order", "Must not be in the past.").into());
    }
    let (new_delegate, current_delegate) =
        tokio::try_join!(context.member(to, "to"), queries::delegate_of(context.store(), member))?;
    let new_delegation = NewDelegation { to: &new_delegate, from, until, max_amount: ceiling };
    let displaced = match displaced_delegator(&new_delegate, member, context.now()) {
        Some(id) => context.store().member(context.org(), id).await?,
        None => None,
    };
    let (current, now) = (current_delegate.as_ref(), context.now());
    let changes = set_delegation(context.permit, new_delegation, current, displaced.as_ref(), now)?;
    commit_members(&context, changes, member).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
