//! `POST /v1/orgs/{org}/members`: an admin invites a person by e-mail. The mail is sent by `triggers-notify`.

use outlay_domain::change::{Change, Invitation, invite};
use outlay_domain::ids::MemberId;
use outlay_domain::member::Role;
use outlay_domain::permission::InviteMember;
use outlay_edge::api::common::{IdempotencyKey, OrgPath, Problems};
use outlay_edge::api::member::{MemberOut, RoleIo};
use outlay_edge::call::Input;
use outlay_edge::{Call, Faults, Outcome, Problem, Reply, checks, loads};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// A person to invite.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberIn {
    /// Display name; 1 to 200 characters.
    #[validate(custom(function = "checks::short_text"))]
    #[schema(example = "Ana Silva")]
    name: String,
    /// E-mail address; he signs in with it.
    #[validate(custom(function = "checks::email"))]
    #[schema(example = "ana@example.com")]
    email: String,
    /// Role; `employee` when absent.
    role: Option<RoleIo>,
    /// The member who approves his reports first, `mem_…`.
    manager_id: Option<String>,
}

impl Input for MemberIn {
    type Checked = (Invitation, Option<MemberId>);

    fn check(self, _: jiff::Timestamp, faults: &mut Faults) -> Option<Self::Checked> {
        let manager = self.manager_id.as_ref().and_then(|id| id.parse().ok());
        if self.manager_id.is_some() && manager.is_none() {
            faults.note("manager_id", "unknown-member", "Must be the identifier of a member.");
        }
        let role = self.role.map_or(Role::Employee, Into::into);
        let name = checks::cleaned(&self.name);
        Some((Invitation { name, email: self.email.to_ascii_lowercase(), role, manager: None }, manager))
    }
}

/// Invite a member.
///
/// For admins. The person is told by e-mail, and becomes active with his first change after signing in with that address.
#[utoipa::path(post, path = "/v1/orgs/{org}/members", operation_id = "membersInvite", tag = "members",
    params(OrgPath, IdempotencyKey), request_body = MemberIn,
    responses((status = 201, description = "Invited.", body = MemberOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let org = call.org()?;
    let (caller, organisation) = call.caller_and(loads::organisation(call.store(), org)).await?;
    let permit = caller.permit::<InviteMember>()?;
    let (invitation, manager) = call.input::<MemberIn>(&caller)?;
    let manager = match manager {
        Some(id) => Some(call.store().member(org, id).await?.ok_or_else(unknown_manager)?),
        None => None,
    };
    let change = invite(permit, &organisation, Invitation { manager, ..invitation }, &mut call.seed(), call.now());
    let location = format!("/v1/orgs/{org}/members/{}", change.after.id);
    let reply = Reply::created(&MemberOut::from(&change.after), location)?.version(change.after.version);
    call.commit(&caller, Change::Member(Box::new(change)), reply).await
}

fn unknown_manager() -> Problem {
    let mut faults = Faults::default();
    faults.note("manager_id", "unknown-member", "There is no such member in this organisation.");
    Problem::invalid(faults)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
