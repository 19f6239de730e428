//! `POST /v1/orgs/{org}/reports/{report}/reassign`: an admin has another member asked than the route did, with a reason.

use outlay_domain::change::reassign;
use outlay_domain::ids::MemberId;
use outlay_domain::permission::Reassign;
use outlay_edge::api::common::{IdempotencyKey, IfMatchRequired, Problems, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::call::Input;
use outlay_edge::{Call, Desk, Faults, Outcome, Precondition, checks};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Who is asked instead of whom.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReassignmentIn {
    /// The member who is asked at the pending step, `mem_…`.
    from: String,
    /// The member to ask instead.
    to: String,
    /// Why; 1 to 2000 characters.
    #[validate(custom(function = "checks::long_text"))]
    #[schema(example = "Has left the company.")]
    reason: String,
}

impl Input for ReassignmentIn {
    type Checked = (MemberId, MemberId, String);

    fn check(self, _: jiff::Timestamp, faults: &mut Faults) -> Option<Self::Checked> {
        let from = checks::member_id(&self.from, "from", faults);
        let to = checks::member_id(&self.to, "to", faults);
        Some((from?, to?, checks::cleaned(&self.reason)))
    }
}

/// Reassign the pending step.
///
/// For admins who have no part in the report. The member is told by e-mail. Separation of duties holds: nobody is asked who owns the
/// report, entered it, is paid by it, decides for such a person, or decides at another step of it.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/reassign", operation_id = "reportsReassign", tag = "decisions",
    params(ReportPath, IdempotencyKey, IfMatchRequired), request_body = ReassignmentIn,
    responses((status = 200, description = "Somebody else is asked.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (desk, policy) = Desk::open_with_policy::<Reassign>(call, Precondition::Required).await?;
    let (from, to, reason) = desk.input::<ReassignmentIn>()?;
    let permit = desk.permit::<Reassign>()?;
    let (grounds, to) = tokio::try_join!(desk.grounds(policy, &[]), desk.call().member(to, "to"))?;
    let now = desk.call().now();
    desk.commit(reassign(permit, from, &to, reason, &grounds.policy, &grounds.people, now)?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
