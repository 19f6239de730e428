//! `POST /v1/orgs/{org}/members`: invites a person or adds a service. `triggers-notify` sends the invitation.

use outlay_api::common::{MoneyDto, OrgPath};
use outlay_api::member::{MemberOut, manager, member_warnings, parse_new_member};
use outlay_domain::change::{Change, Invitation, invite_member};
use outlay_domain::ids::MemberId;
use outlay_domain::language::Language;
use outlay_domain::member::{MemberKind, Role};
use outlay_domain::organisation::Organisation;
use outlay_domain::permission;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Person to invite, or service to add.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberIn {
    /// Display name; 1 to 200 characters, without a URL.
    #[schema(example = "Ana Silva")]
    name: String,
    /// Kind of member; `person` when absent.
    kind: Option<MemberKind>,
    /// E-mail address that a person signs in with, at one of the organisation's mail domains if it lists any; only for
    /// persons, and required for them.
    #[schema(example = "ana@example.com")]
    email: Option<String>,
    /// `sub` claim in the access tokens of a service: 1 to 255 visible ASCII characters, without `#`; only
    /// for services, and required for them.
    subject: Option<String>,
    /// Role; `employee` when absent. A service cannot be `admin`.
    role: Option<Role>,
    /// Language of e-mails; English when absent.
    language: Option<Language>,
    /// IANA time zone; UTC when absent.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// Manager, `mem_…`: approver of the member's reports at manager steps.
    manager_id: Option<String>,
    /// Grade, which limits and steps of the policy can refer to; 1 to 40 characters.
    grade: Option<String>,
    /// Default cost centre of the member's reports; 1 to 40 characters.
    cost_centre: Option<String>,
    /// Largest report total that the member may approve, in the base currency; unlimited when absent.
    approval_limit: Option<MoneyDto>,
}

impl Input for MemberIn {
    type Checked = (Invitation, Option<MemberId>);

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked> {
        let new_member = parse_new_member(self.kind, self.email.as_deref(), self.subject.as_deref(), errors);
        let name = errors.parse("name", self.name);
        let time_zone = errors.parse_optional("time_zone", self.time_zone);
        let manager_id = parse::optional(self.manager_id, |id| errors.parse_member_id("manager_id", id));
        let grade = errors.parse_optional("grade", self.grade);
        let cost_centre = errors.parse_optional("cost_centre", self.cost_centre);
        let approval_limit = parse::optional(self.approval_limit, |limit| limit.parse("approval_limit", errors));
        let invitation = Invitation {
            name: name?,
            new_member: new_member?,
            issuer: String::new(),
            role: self.role.unwrap_or(Role::Employee),
            language: self.language.unwrap_or_default(),
            time_zone: time_zone?,
            manager: None,
            grade: grade?,
            cost_centre: cost_centre?,
            approval_limit: approval_limit?,
        };
        Some((invitation, manager_id?))
    }
}

#[derive(Debug)]
struct InviteMember;

impl Endpoint for InviteMember {
    type Target = OnOrganisation<permission::InviteMember>;
    type Preload = (Organisation, Policy);
    type Query = NoQuery;
    type Body = MemberIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Costly;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| Some(DailyQuota::Invitation);
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Invite a person, or add a service.
///
/// Allowed for admins. A person gets an e-mail, and becomes active with their first change after signing in with
/// that address. A service is a program with its own access tokens. It is active at once and gets no e-mail. It
/// has the rights of its role, but cannot decide on reports and cannot be an admin. The request counts as costly
/// for rate limits. A grade or cost centre that the policy does not know is stored and named in `warnings`.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/members",
    operation_id = "membersInvite",
    tag = "members",
    params(OrgPath, Declared<InviteMember>),
    request_body = MemberIn,
    responses((status = 201, description = "Invited, or added.", body = MemberOut), Declared<InviteMember>)
)]
async fn handler(context: Context<'_, InviteMember>, (invitation, manager_id): Checked<InviteMember>) -> HandlerResult {
    let (organisation, policy) = &context.preloaded;
    parse::require_base_currency(invitation.approval_limit, organisation.base_currency, "approval_limit")?;
    let manager = match manager_id {
        Some(id) => Some(manager(&context, id).await?),
        None => None,
    };
    let invitation = Invitation { manager, issuer: context.identity().issuer.clone(), ..invitation };
    let warnings = member_warnings(policy, invitation.grade.as_ref(), invitation.cost_centre.as_ref());
    let change = invite_member(context.permit, organisation, invitation, &mut context.ids(), context.now())?;
    let location = format!("/v1/orgs/{}/members/{}", organisation.id, change.after.id);
    let body = MemberOut { warnings, ..MemberOut::from(&change.after) };
    let reply = Reply::created(&body, location)?.version(change.after.version);
    context.commit(Change::Members(vec![change]), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
