//! `PATCH /v1/orgs/{org}/members/{member}`: updates, suspends or reinstates a member.

use outlay_api::common::{MemberPath, MoneyDto};
use outlay_api::member::{MemberOut, commit_members_with_warnings, manager, member_warnings};
use outlay_domain::change::{MemberPatch, check_address, check_managers, check_own_changes, update_member};
use outlay_domain::language::Language;
use outlay_domain::member::Role;
use outlay_domain::organisation::Organisation;
use outlay_domain::patch::Patch;
use outlay_domain::permission;
use outlay_domain::policy::Policy;
use outlay_domain::text::EmailAddress;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Changes to a member. A field left out keeps its value; null removes an optional one.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = MemberPatch)]
#[serde(deny_unknown_fields)]
struct MemberPatchIn {
    /// Display name; 1 to 200 characters, without a URL.
    #[schema(value_type = Option<String>, nullable = false)]
    name: Patch<String>,
    /// E-mail address, at one of the organisation's mail domains if it lists any. Of a member who has not signed in, an
    /// admin can correct it, and the invitation is sent to the new address. Other members change their own, to the
    /// verified address of their access token.
    #[schema(value_type = Option<String>, example = "ana@example.com", nullable = false)]
    email: Patch<String>,
    /// Language of e-mails.
    #[schema(value_type = Option<Language>, nullable = false)]
    language: Patch<Language>,
    /// IANA time zone; UTC when null.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    time_zone: Patch<String>,
    /// Only null is allowed. It clears the fault, so that mail is sent to the address again.
    #[schema(value_type = Option<String>)]
    address_fault: Patch<String>,
    /// Role. A service cannot be `admin`.
    #[schema(value_type = Option<Role>, nullable = false)]
    role: Patch<Role>,
    /// True suspends the member at once; false reinstates a suspended member.
    #[schema(value_type = Option<bool>, nullable = false)]
    suspended: Patch<bool>,
    /// Manager, `mem_…`: approver of the member's reports at manager steps. Managers must not form a circle.
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
    type Checked = (MemberPatch, Option<EmailAddress>);

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked> {
        let manager_id = self.manager_id.try_map(|id| errors.parse_member_id("manager_id", id));
        let approval_limit = self.approval_limit.try_map(|limit| limit.parse("approval_limit", errors));
        if matches!(self.address_fault, Patch::Value(_)) {
            errors.push("address_fault", "null", "Must be null: only delivery reports set a fault.");
        }
        let name = errors.not_null("name", self.name);
        let name = errors.parse_optional("name", name);
        let email = errors.not_null("email", self.email);
        let email = errors.parse_optional("email", email);
        let language = errors.not_null("language", self.language);
        let role = errors.not_null("role", self.role);
        let suspended = errors.not_null("suspended", self.suspended);
        let time_zone = errors.parse_patch("time_zone", self.time_zone);
        let grade = errors.parse_patch("grade", self.grade);
        let cost_centre = errors.parse_patch("cost_centre", self.cost_centre);
        let patch = MemberPatch {
            name: name?,
            address: None,
            language,
            time_zone: time_zone?,
            clear_address_fault: matches!(self.address_fault, Patch::Null),
            role,
            suspended,
            manager_id: manager_id?,
            grade: grade?,
            cost_centre: cost_centre?,
            approval_limit: approval_limit?,
        };
        Some((patch, email?))
    }
}

#[derive(Debug)]
struct UpdateMember;

impl Endpoint for UpdateMember {
    type Target = OnMember<permission::UpdateMember>;
    type Preload = (Organisation, Policy);
    type Query = NoQuery;
    type Body = MemberPatchIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    // A corrected address is sent an invitation.
    const DAILY_QUOTA: DailyQuotaOf<Self> = |(_, email)| email.as_ref().map(|_| DailyQuota::Invitation);
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Update a member.
///
/// Allowed for admins, and for every member (`me` names the caller) for their own language, time zone and e-mail
/// address. Of themselves, admins can also change name and address fault; the rest is for another admin. The approval
/// steps of submitted reports stay as they are. Delegations end for a member who can no longer approve. A grade or cost
/// centre that the policy does not know is stored and named in `warnings`.
#[utoipa::path(
    patch,
    path = "/v1/orgs/{org}/members/{member}",
    operation_id = "membersUpdate",
    tag = "members",
    params(MemberPath, Declared<UpdateMember>),
    request_body = MemberPatchIn,
    responses((status = 200, description = "Updated.", body = MemberOut), Declared<UpdateMember>)
)]
async fn handler(context: Context<'_, UpdateMember>, (patch, email): Checked<UpdateMember>) -> HandlerResult {
    let (member, (organisation, policy)) = (context.permit.target(), &context.preloaded);
    // Before anything that the request names is read.
    check_own_changes(context.permit, &patch)?;
    let approval_limit = patch.approval_limit.value().copied();
    parse::require_base_currency(approval_limit, organisation.base_currency, "approval_limit")?;
    if let Some(id) = patch.manager_id.value().filter(|id| **id != member.id) {
        let manager = manager(&context, *id).await?;
        check_managers(member, &queries::manager_chain(context.store(), manager).await?)?;
    }
    let address = match email {
        Some(email) => {
            let caller = context.identity();
            let has_made_requests = context.store().mail_limits(context.org(), member.id).await?.1;
            let verified = caller.email.as_ref();
            check_address(context.permit, email, organisation, &caller.issuer, verified, has_made_requests)?
        }
        None => None,
    };
    let patch = MemberPatch { address, ..patch };
    let warnings = member_warnings(policy, patch.grade.value(), patch.cost_centre.value());
    let partners = queries::delegation_partners(context.store(), member).await?;
    let changes = update_member(context.permit, patch, &partners, context.now())?;
    commit_members_with_warnings(&context, changes, member, warnings).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
