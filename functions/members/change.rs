//! `PATCH /v1/orgs/{org}/members/{member}`: an admin changes what a member is to the organisation, or suspends him.

use std::collections::BTreeSet;

use outlay_domain::change::{MemberPatch, change_member};
use outlay_domain::ids::MemberId;
use outlay_domain::permission::ChangeMember;
use outlay_edge::api::common::{IfMatch, MemberPath, MoneyIo, Problems};
use outlay_edge::api::member::{LanguageIo, MemberOut, RoleIo, manager};
use outlay_edge::call::Input;
use outlay_edge::{Call, Faults, Outcome, Patch, Problem, checks, loads};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Changes to a member: fields left out stay, those set to null are removed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = MemberPatch)]
#[serde(deny_unknown_fields)]
struct MemberPatchIn {
    /// Display name; 1 to 200 characters, and no address of a page.
    #[validate(custom(function = "checks::name"))]
    name: Option<String>,
    /// The language he is written to in.
    language: Option<LanguageIo>,
    /// The IANA name of his time zone; UTC, when null.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    time_zone: Patch<String>,
    /// Only null: his address is to be tried again after mail to it came back.
    #[schema(value_type = Option<String>)]
    address_fault: Patch<String>,
    /// Role. A service is no `admin`.
    role: Option<RoleIo>,
    /// Whether he may do anything. A suspended member is out at once. Delegations of whoever can no longer approve end.
    suspended: Option<bool>,
    /// The member who approves his reports first, `mem_…`.
    #[schema(value_type = Option<String>)]
    manager_id: Patch<String>,
    /// His grade.
    #[schema(value_type = Option<String>)]
    grade: Patch<String>,
    /// The cost centre that bears his expenses unless they say another.
    #[schema(value_type = Option<String>)]
    cost_centre: Patch<String>,
    /// The largest total he may approve, in the base currency; any, when null.
    #[schema(value_type = Option<MoneyIo>)]
    approval_limit: Patch<MoneyIo>,
}

impl Input for MemberPatchIn {
    type Checked = MemberPatch;

    fn check(self, _: jiff::Timestamp, faults: &mut Faults) -> Option<MemberPatch> {
        let manager_id: Option<Option<MemberId>> = match self.manager_id {
            Patch::Absent => None,
            Patch::Null => Some(None),
            Patch::Value(id) => Some(checks::member_id(&id, "manager_id", faults)),
        };
        let approval_limit = match self.approval_limit {
            Patch::Absent => None,
            Patch::Null => Some(None),
            Patch::Value(limit) => Some(limit.read("approval_limit", faults)),
        };
        if matches!(self.address_fault, Patch::Value(_)) {
            faults.note(
                "address_fault",
                "null",
                "Must be null: what is wrong with an address is found by sending to it.",
            );
        }
        Some(MemberPatch {
            name: checks::cleaned_option(self.name.as_deref()),
            language: self.language.map(Into::into),
            time_zone: checks::patched("time_zone", self.time_zone, checks::time_zone, faults),
            address_mended: matches!(self.address_fault, Patch::Null),
            role: self.role.map(Into::into),
            suspended: self.suspended,
            manager_id,
            grade: checks::patched("grade", self.grade, checks::label, faults),
            cost_centre: checks::patched("cost_centre", self.cost_centre, checks::label, faults),
            approval_limit,
        })
    }
}

/// Change a member.
///
/// For admins; of himself nobody changes more than name, language, time zone and the state of his address. Reports that are with their approvers keep their route.
#[utoipa::path(patch, path = "/v1/orgs/{org}/members/{member}", operation_id = "membersChange", tag = "members",
    params(MemberPath, IfMatch), request_body = MemberPatchIn,
    responses((status = 200, description = "Changed.", body = MemberOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (store, org) = (call.store(), call.org()?);
    let member = async { Ok(store.member(org, call.id("member")?).await?) };
    let both = async { tokio::try_join!(loads::organisation(store, org), member) };
    let (caller, (organisation, member)) = call.caller_and(both).await?;
    let permit = caller.permit::<ChangeMember>()?;
    let member = member.ok_or_else(Problem::not_found)?;
    let patch = call.input::<MemberPatchIn>(&caller)?;
    checks::in_base(patch.approval_limit.flatten(), organisation.base_currency, "approval_limit")?;
    call.matches(member.version)?;
    if let Some(Some(id)) = patch.manager_id {
        manager(&call, id).await?;
    }
    let with = member.delegation.iter().chain(&member.acts_for).map(|delegation| delegation.with.id);
    let others: BTreeSet<MemberId> = with.collect();
    let others = store.members_by_id(org, &others.into_iter().collect::<Vec<_>>()).await?;
    let changes = change_member(permit, &member, patch, &others, call.now())?;
    call.commit_members(&caller, changes, &member).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
