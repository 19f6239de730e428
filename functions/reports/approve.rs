//! `POST /v1/orgs/{org}/reports/{report}/approve`: approves the pending step of a report, in full or with lower
//! amounts for some expenses.

use outlay_api::common::{MoneyDto, ReportPath};
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::{Approval, LineDecision, approve};
use outlay_domain::permission::Decide;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Approval; the body may be left out to approve in full.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApprovalIn {
    /// Comment to the owner; 1 to 2000 characters.
    comment: Option<String>,
    /// Expenses that are approved with a lower amount, at most 500. All others are approved in full.
    #[validate(length(max = 500), nested)]
    expenses: Option<Vec<LineApprovalIn>>,
}

/// Lower approved amount of an expense.
#[derive(Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct LineApprovalIn {
    /// Expense of the report, `exp_…`.
    expense_id: String,
    /// Approved amount, in the currency of the expense: from zero to the amount claimed, or to the amount
    /// that a cap or an earlier approver has left.
    approved_amount: MoneyDto,
    /// Reason for the lower amount; 1 to 2000 characters.
    #[schema(example = "The minibar is private.")]
    reason: String,
}

impl Input for ApprovalIn {
    type Checked = Approval;

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Approval> {
        let comment = errors.parse_optional("comment", self.comment);
        let lines = errors.each("expenses", self.expenses.unwrap_or_default(), LineApprovalIn::check);
        Some(Approval { comment: comment?, lines: lines? })
    }
}

impl LineApprovalIn {
    fn check(self, errors: &mut FieldErrors) -> Option<LineDecision> {
        let detail = "Must be the identifier of an expense of the report.";
        let expense_id = errors.require("expense_id", self.expense_id.parse().ok(), "unknown-expense", detail);
        let amount = self.approved_amount.parse("approved_amount", errors);
        let reason = errors.parse("reason", self.reason);
        Some(LineDecision { expense_id: expense_id?, amount: amount?, reason: reason? })
    }
}

#[derive(Debug)]
struct ApproveReport;

impl Endpoint for ApproveReport {
    type Target = OnReport<Decide>;
    type Preload = Policy;
    type Query = NoQuery;
    type Body = Option<ApprovalIn>;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Required;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Approve a report.
///
/// Allowed for the approvers of the pending step and their active delegates, up to their approval limit. Never
/// allowed for the owner, preparer or payee of the report, nor for a delegate of one of them, whatever their
/// role.
///
/// When the pending step has the approvals it needs, the next step becomes pending and its approvers get an
/// e-mail. After the last step the report is approved and the owner gets an e-mail.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/approve",
    operation_id = "reportsApprove",
    tag = "decisions",
    params(ReportPath, Declared<ApproveReport>),
    request_body = Option<ApprovalIn>,
    responses(
        (status = 200, description = "Approval recorded. The last one approves the report.", body = ReportOut),
        Declared<ApproveReport>,
    )
)]
async fn handler(context: Context<'_, ApproveReport>, approval: Approval) -> HandlerResult {
    let change = approve(context.permit, &context.preloaded, approval, context.now())?;
    context.commit_report(change).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
