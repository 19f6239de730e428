//! `PUT /v1/orgs/{org}/members/{member}/delegation`: somebody decides for a member while he is away.

use outlay_domain::change::{Absence, delegate};
use outlay_domain::ids::MemberId;
use outlay_domain::money::Money;
use outlay_edge::api::common::{IfMatch, MemberPath, MoneyIo, Problems};
use outlay_edge::api::member::MemberOut;
use outlay_edge::call::Input;
use outlay_edge::{Call, Faults, Outcome, checks, loads};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Who decides, and for how long.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct DelegationIn {
    /// The member who decides, `mem_…`.
    to: String,
    /// The first day, in UTC.
    #[schema(format = Date)]
    from: String,
    /// The last day; at most a year after the first.
    #[schema(format = Date)]
    until: String,
    /// Reports above this total in the base currency stay with the one who is away; none does when absent.
    ceiling: Option<MoneyIo>,
}

/// A checked [`DelegationIn`].
struct Wanted {
    to: MemberId,
    from: jiff::civil::Date,
    until: jiff::civil::Date,
    ceiling: Option<Money>,
}

impl Input for DelegationIn {
    type Checked = Wanted;

    fn check(self, now: jiff::Timestamp, faults: &mut Faults) -> Option<Wanted> {
        let to = checks::member_id(&self.to, "to", faults);
        let from = checks::any_day(&self.from, "from", faults);
        let until = checks::any_day(&self.until, "until", faults);
        let ceiling = self.ceiling.as_ref().and_then(|ceiling| ceiling.read("ceiling", faults));
        let (to, from, until) = (to?, from?, until?);
        if until < from || until < outlay_domain::change::today(now) {
            faults.note("until", "order", "Must not be before the first day, nor in the past.");
        } else if from.until(until).map_or(true, |span| span.get_days() > 366) {
            faults.note("until", "maximum", "Must be at most a year after the first day.");
        }
        Some(Wanted { to, from, until, ceiling })
    }
}

/// Delegate decisions.
///
/// For the member himself and for admins. From the first to the last day `to` sees the member's queue beside his own and decides in
/// his own name on the member's behalf; both are in the history. The member himself may go on deciding. One delegation at a time: a new
/// one replaces the old.
#[utoipa::path(put, path = "/v1/orgs/{org}/members/{member}/delegation", operation_id = "membersDelegate", tag = "members",
    params(MemberPath, IfMatch), request_body = DelegationIn,
    responses((status = 200, description = "Delegated.", body = MemberOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (store, org) = (call.store(), call.org()?);
    let (caller, organisation) = call.caller_and(loads::organisation(store, org)).await?;
    let member = loads::delegator(&call, &caller).await?;
    let wanted = call.input::<DelegationIn>(&caller)?;
    checks::in_base(wanted.ceiling, organisation.base_currency, "ceiling")?;
    call.matches(member.version)?;
    let (to, current) = tokio::try_join!(call.member(wanted.to, "to"), loads::delegate_of(&call, &member))?;
    let Wanted { from, until, ceiling, .. } = wanted;
    let absence = Absence { to: &to, from, until, ceiling };
    let changes = delegate(&caller.member, &member, Some(absence), current.as_ref(), call.now())?;
    call.commit_members(&caller, changes, &member).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
