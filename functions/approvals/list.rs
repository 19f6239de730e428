//! `GET /v1/orgs/{org}/approvals`: lists the reports that wait for the caller's decision.

use jiff::civil::Date;
use outlay_api::common::{MoneyDto, OrgPath, PageOut, PersonOut, time};
use outlay_api::report::StepReasonOut;
use outlay_domain::ids::MemberId;
use outlay_domain::member::MemberRef;
use outlay_domain::permission;
use outlay_http::prelude::*;
use outlay_store::items::Task;
use serde::Serialize;
use utoipa::ToSchema;

/// Pending approval of a report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
struct TaskOut {
    /// Approver on whose behalf the caller decides; null when the caller is the approver.
    on_behalf_of: Option<PersonOut>,
    /// Report, `rep_…`.
    report_id: String,
    /// Version of the report, for `If-Match`.
    report_version: u64,
    /// Report number, such as `R-2026-7K3F-9QZX`.
    number: String,
    /// Title of the report.
    title: String,
    /// Owner of the report.
    owner: PersonOut,
    /// Preparer, who created the report for its owner; null when the owner did.
    entered_by: Option<PersonOut>,
    /// Payee; null when it is the owner.
    payee: Option<PersonOut>,
    /// Total in the currency of the report.
    total: MoneyDto,
    /// Total in the base currency.
    base_total: MoneyDto,
    /// Number of policy violations.
    violations: usize,
    /// Number of the pending step, from 1.
    step: u32,
    /// Name of the pending step.
    step_name: String,
    /// Reasons for the step and its approvers, as one English text.
    reason: String,
    /// Reasons for the step and its approvers. Empty for a task stored before reasons had parameters.
    reasons: Vec<StepReasonOut>,
    /// Due date of the decision.
    #[schema(format = Date)]
    due_on: Option<String>,
    /// Time of the last submission, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    submitted_at: Option<String>,
}

impl TaskOut {
    fn of(task: Task, on_behalf_of: Option<&MemberRef>) -> Self {
        Self {
            on_behalf_of: on_behalf_of.map(Into::into),
            report_id: task.report_id.to_string(),
            report_version: task.report_version,
            number: task.number,
            title: task.title.into(),
            owner: PersonOut { id: task.owner_id.to_string(), name: task.owner_name.into() },
            entered_by: task.preparer.as_ref().map(Into::into),
            payee: task.payee.as_ref().map(Into::into),
            total: task.total.into(),
            base_total: task.base_total.into(),
            violations: task.violations,
            step: task.step,
            step_name: task.step_name.into(),
            reason: task.reasons.message(),
            reasons: task.reasons.list.iter().map(Into::into).collect(),
            due_on: task.due_on.as_ref().map(Date::to_string),
            submitted_at: task.submitted_at.map(time),
        }
    }
}

#[derive(Debug)]
struct ListApprovals;

impl Endpoint for ListApprovals {
    type Target = OnOrganisation<permission::ListApprovals>;
    type Preload = ();
    type Query = PageQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// List the caller's pending approvals.
///
/// Allowed for every member. The list has the submitted reports on which the caller can decide now, as an
/// approver of the pending step or as the active delegate of one. The earliest due date comes first.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/approvals",
    operation_id = "approvalsList",
    tag = "decisions",
    params(OrgPath, Declared<ListApprovals>),
    responses(
        (status = 200, description = "Page of pending approvals.", body = PageOut<TaskOut>),
        Declared<ListApprovals>,
    )
)]
async fn handler(context: Context<'_, ListApprovals>) -> HandlerResult {
    let (member, today) = (&context.caller.member, context.today());
    let delegators: Vec<&MemberRef> =
        member.active_delegations(today).map(|delegation| &delegation.counterpart).collect();
    let approvers: Vec<MemberId> = std::iter::once(member.id).chain(delegators.iter().map(|it| it.id)).collect();
    let tasks = context.store().list_tasks(member.org, &approvers, &context.query.page).await?;
    let items = tasks.items.into_iter().filter_map(|(_, task)| {
        let approver = task.pending_step().acting_for(member, today)?;
        let delegator = delegators.iter().copied().find(|delegator| delegator.id == approver);
        Some(TaskOut::of(task, delegator))
    });
    let body = PageOut { items: items.collect(), next_cursor: tasks.next };
    Ok(Reply::ok(&body)?.passed_over(tasks.passed_over))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
