//! `POST /v1/orgs/{org}/members`: an admin invites a person by e-mail, or adds a service. The mail is sent by `triggers-notify`.

use outlay_domain::change::{Change, Invitation, invite};
use outlay_domain::ids::MemberId;
use outlay_domain::member::Role;
use outlay_domain::permission::InviteMember;
use outlay_edge::api::common::{IdempotencyKey, MoneyIo, OrgPath, Problems};
use outlay_edge::api::member::{self, LanguageIo, MemberKindIo, MemberOut, RoleIo, newcomer};
use outlay_edge::call::Input;
use outlay_edge::daily::{Daily, allow};
use outlay_edge::{Call, Faults, Outcome, Reply, checks, loads};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// A person to invite, or a service to add.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberIn {
    /// Display name; 1 to 200 characters, and no address of a page.
    #[validate(custom(function = "checks::name"))]
    #[schema(example = "Ana Silva")]
    name: String,
    /// Who it is; a person when absent.
    kind: Option<MemberKindIo>,
    /// E-mail address of a person; he signs in with it.
    #[validate(custom(function = "checks::email"))]
    #[schema(example = "ana@example.com")]
    email: Option<String>,
    /// The `sub` claim that the tokens of a service carry: 1 to 128 visible ASCII characters, without `#`.
    subject: Option<String>,
    /// Role; `employee` when absent. A service is no `admin`.
    role: Option<RoleIo>,
    /// The language he is written to in; English when absent.
    language: Option<LanguageIo>,
    /// The IANA name of his time zone; UTC when absent.
    #[validate(custom(function = "checks::time_zone"))]
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// The member who approves his reports first, `mem_…`.
    manager_id: Option<String>,
    /// His grade; at most 40 characters.
    #[validate(custom(function = "checks::label"))]
    grade: Option<String>,
    /// The cost centre that bears his expenses unless they say another; at most 40 characters.
    #[validate(custom(function = "checks::label"))]
    cost_centre: Option<String>,
    /// The largest total he may approve, in the base currency; any, when absent.
    approval_limit: Option<MoneyIo>,
}

impl Input for MemberIn {
    type Checked = (Invitation, Option<MemberId>);

    fn check(self, _: jiff::Timestamp, faults: &mut Faults) -> Option<Self::Checked> {
        let who = newcomer(self.kind, self.email.as_deref(), self.subject.as_deref(), faults);
        let manager = self.manager_id.as_ref().and_then(|id| checks::member_id(id, "manager_id", faults));
        let approval_limit = self.approval_limit.and_then(|limit| limit.read("approval_limit", faults));
        let invitation = Invitation {
            name: checks::cleaned(&self.name),
            who: who?,
            role: self.role.map_or(Role::Employee, Into::into),
            language: self.language.map(Into::into).unwrap_or_default(),
            time_zone: self.time_zone,
            manager: None,
            grade: checks::cleaned_option(self.grade.as_deref()),
            cost_centre: checks::cleaned_option(self.cost_centre.as_deref()),
            approval_limit,
        };
        Some((invitation, manager))
    }
}

/// Invite a person, or add a service.
///
/// For admins. A person is told by e-mail, and becomes active with his first change after signing in with that address. A service is a
/// program with tokens of its own; it is active at once, nobody is told, and it does what its role says, but decides on no report and
/// cannot be an admin. It counts as costly.
#[utoipa::path(post, path = "/v1/orgs/{org}/members", operation_id = "membersInvite", tag = "members",
    params(OrgPath, IdempotencyKey), request_body = MemberIn,
    responses((status = 201, description = "Invited.", body = MemberOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let org = call.org()?;
    let (caller, organisation) = call.caller_and(loads::organisation(call.store(), org)).await?;
    let permit = caller.permit::<InviteMember>()?;
    let (invitation, manager) = call.input::<MemberIn>(&caller)?;
    checks::in_base(invitation.approval_limit, organisation.base_currency, "approval_limit")?;
    let manager = match manager {
        Some(id) => Some(member::manager(&call, id).await?),
        None => None,
    };
    let change = invite(permit, &organisation, Invitation { manager, ..invitation }, &mut call.seed(), call.now())?;
    let location = format!("/v1/orgs/{org}/members/{}", change.after.id);
    let reply = Reply::created(&MemberOut::from(&change.after), location)?.version(change.after.version);
    allow(&call, Daily::Invitation).await?;
    call.commit(&caller, Change::Members(vec![change]), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_costly(handler).await
}
