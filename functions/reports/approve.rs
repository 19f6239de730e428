//! `POST /v1/orgs/{org}/reports/{report}/approve`: an approver agrees with the version he has seen, in full or less a part of some lines.

use outlay_domain::change::{Approval, LineVerdict, approve};
use outlay_domain::permission::Decide;
use outlay_edge::api::common::{IdempotencyKey, IfMatchRequired, MoneyIo, Problems, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::call::Input;
use outlay_edge::{Call, Desk, Faults, Outcome, Precondition, checks};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// What the approver says; may be left out.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApprovalIn {
    /// A word to the owner; at most 2000 characters.
    #[validate(custom(function = "checks::long_text"))]
    comment: Option<String>,
    /// Lines that do not pass in full; the others do.
    #[validate(length(max = 500), nested)]
    expenses: Option<Vec<LineIn>>,
}

/// What is granted of a line.
#[derive(Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = LineApprovalIn)]
#[serde(deny_unknown_fields)]
struct LineIn {
    /// The line, `exp_…`.
    expense_id: String,
    /// How much of it, in its currency: from nothing to what is claimed, or to what a cap or an approver before has left.
    approved_amount: MoneyIo,
    /// Why not all of it; 1 to 2000 characters.
    #[validate(custom(function = "checks::long_text"))]
    #[schema(example = "The minibar is private.")]
    reason: String,
}

impl Input for ApprovalIn {
    type Checked = Approval;

    fn check(self, _: jiff::Timestamp, faults: &mut Faults) -> Option<Approval> {
        let lines: Vec<Option<LineVerdict>> = faults.at("expenses", |faults| {
            let one = |(at, line): (usize, LineIn)| faults.at(&at.to_string(), |faults| line.read(faults));
            self.expenses.unwrap_or_default().into_iter().enumerate().map(one).collect()
        });
        let lines = lines.into_iter().collect::<Option<_>>()?;
        Some(Approval { comment: checks::cleaned_option(self.comment.as_deref()), lines })
    }
}

impl LineIn {
    fn read(self, faults: &mut Faults) -> Option<LineVerdict> {
        let expense_id = self.expense_id.parse().ok();
        if expense_id.is_none() {
            faults.note("expense_id", "unknown-expense", "Must be the identifier of an expense of the report.");
        }
        let amount = self.approved_amount.read("approved_amount", faults);
        Some(LineVerdict { expense_id: expense_id?, amount: amount?, reason: checks::cleaned(&self.reason) })
    }
}

/// Approve a report.
///
/// For the approvers of the pending step and those who decide for them while they are away; never for its owner, who entered it or
/// who is paid, whatever their role. When enough have agreed, the next step's approvers are told by e-mail, or after the last step
/// the owner is.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/approve", operation_id = "reportsApprove", tag = "decisions",
    params(ReportPath, IdempotencyKey, IfMatchRequired), request_body = Option<ApprovalIn>,
    responses((status = 200, description = "Approved at this step.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (desk, policy) = Desk::open_with_policy::<Decide>(call, Precondition::Required).await?;
    let approval = desk.input::<ApprovalIn>()?;
    let permit = desk.permit::<Decide>()?;
    desk.commit(approve(permit, &policy, approval, desk.call().now())?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
