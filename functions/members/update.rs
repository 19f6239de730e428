//! `PATCH /v1/orgs/{org}/members/{member}`: updates, suspends or reinstates a member.

use outlay_api::common::{MemberPath, MoneyDto};
use outlay_api::member::{MemberOut, commit_members, manager};
use outlay_domain::change::{MemberPatch, update_member};
use outlay_domain::language::Language;
use outlay_domain::member::Role;
use outlay_domain::organisation::Organisation;
use outlay_domain::patch::Patch;
use outlay_domain::permission;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Changes to a member. A field left out keeps its value; null removes it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = MemberPatch)]
#[serde(deny_unknown_fields)]
struct MemberPatchIn {
    /// Display name; 1 to 200 characters, without a URL.
    name: Option<String>,
    /// Language of e-mails.
    language: Option<Language>,
    /// IANA time zone; UTC when null.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    time_zone: Patch<String>,
    /// Only null is allowed. It clears the fault, so that mail is sent to the address again.
    #[schema(value_type = Option<String>)]
    address_fault: Patch<String>,
    /// Role. A service cannot be `admin`.
    role: Option<Role>,
    /// True suspends the member at once; false reinstates a suspended member.
    suspended: Option<bool>,
    /// Manager, `mem_…`: approver of the member's reports at manager steps.
    #[schema(value_type = Option<String>)]
    manager_id: Patch<String>,
    /// Grade, which limits and steps of the policy can refer to; 1 to 40 characters.
    #[schema(value_type = Option<String>)]
    grade: Patch<String>,
    /// Default cost centre of the member's reports; 1 to 40 characters.
    #[schema(value_type = Option<String>)]
    cost_centre: Patch<String>,
    /// Largest report total that the member may approve, in the base currency; unlimited when null.
    #[schema(value_type = Option<MoneyDto>)]
    approval_limit: Patch<MoneyDto>,
}

impl Input for MemberPatchIn {
    type Checked = MemberPatch;

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<MemberPatch> {
        let manager_id = self.manager_id.try_map(|id| errors.parse_member_id("manager_id", id));
        let approval_limit = self.approval_limit.try_map(|limit| limit.parse("approval_limit", errors));
        if matches!(self.address_fault, Patch::Value(_)) {
            errors.push("address_fault", "null", "Must be null: only delivery reports set a fault.");
        }
        let name = errors.parse_optional("name", self.name);
        let time_zone = errors.parse_patch("time_zone", self.time_zone);
        let grade = errors.parse_patch("grade", self.grade);
        let cost_centre = errors.parse_patch("cost_centre", self.cost_centre);
        Some(MemberPatch {
            name: name?,
            language: self.language,
            time_zone: time_zone?,
            clear_address_fault: matches!(self.address_fault, Patch::Null),
            role: self.role,
            suspended: self.suspended,
            manager_id: manager_id?,
            grade: grade?,
            cost_centre: cost_centre?,
            approval_limit: approval_limit?,
        })
    }
}

#[derive(Debug)]
struct UpdateMember;

impl Endpoint for UpdateMember {
    type Target = OnMember<permission::UpdateMember>;
    type Preload = Organisation;
    type Query = NoQuery;
    type Body = MemberPatchIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Update a member.
///
/// Allowed for admins. Of themselves, admins can change only name, language, time zone and address fault. The
/// approval steps of submitted reports stay as they are. Delegations end for a member who can no longer approve.
#[utoipa::path(
    patch,
    path = "/v1/orgs/{org}/members/{member}",
    operation_id = "membersUpdate",
    tag = "members",
    params(MemberPath, Declared<UpdateMember>),
    request_body = MemberPatchIn,
    responses((status = 200, description = "Updated.", body = MemberOut), Declared<UpdateMember>)
)]
async fn handler(context: Context<'_, UpdateMember>, patch: MemberPatch) -> HandlerResult {
    let member = context.permit.target();
    let approval_limit = patch.approval_limit.value().copied();
    parse::require_base_currency(approval_limit, context.preloaded.base_currency, "approval_limit")?;
    if let Patch::Value(id) = patch.manager_id {
        manager(&context, id).await?;
    }
    let partners = queries::delegation_partners(context.store(), member).await?;
    let changes = update_member(context.permit, patch, &partners, context.now())?;
    commit_members(&context, changes, member).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
