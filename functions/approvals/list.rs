//! `GET /v1/orgs/{org}/approvals`: the reports that wait for the caller's decision, his own or delegated to him, the one due first in
//! front.

use jiff::civil::Date;
use outlay_domain::ids::MemberId;
use outlay_domain::member::Person;
use outlay_domain::permission::Asking;
use outlay_edge::api::common::{MoneyIo, OrgPath, PageOut, PageQuery, PersonOut, Problems, time};
use outlay_edge::{Call, Outcome, Reply};
use outlay_store::items::Task;
use serde::Serialize;
use utoipa::ToSchema;

/// A report that waits for the caller's decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
struct TaskOut {
    /// The approver the caller decides for, when the task is delegated to him; null when it is his own.
    on_behalf_of: Option<PersonOut>,
    /// The report, `rep_…`.
    report_id: String,
    /// The version to name in `If-Match`.
    report_version: u64,
    /// The report's label.
    number: String,
    /// What it is for.
    title: String,
    /// Whose it is.
    owner: PersonOut,
    /// Total in the report's currency.
    total: MoneyIo,
    /// Total in the organisation's base currency.
    base_total: MoneyIo,
    /// How many findings the policy had.
    violations: usize,
    /// Position of the step in the chain, from 1.
    step: u32,
    /// The step's name.
    step_name: String,
    /// Why the caller is asked.
    reason: String,
    /// Until when.
    #[schema(format = Date)]
    due_on: Option<String>,
    /// When the report was submitted, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    submitted_at: Option<String>,
}

impl TaskOut {
    fn of(task: Task, on_behalf_of: Option<&Person>) -> Self {
        Self {
            on_behalf_of: on_behalf_of.map(Into::into),
            report_id: task.report_id.to_string(),
            report_version: task.report_version,
            number: task.number,
            title: task.title,
            owner: PersonOut { id: task.owner_id.to_string(), name: task.owner_name },
            total: task.total.into(),
            base_total: task.base_total.into(),
            violations: task.violations,
            step: task.step,
            step_name: task.step_name,
            reason: task.reason,
            due_on: task.due_on.as_ref().map(Date::to_string),
            submitted_at: task.submitted_at.map(time),
        }
    }
}

/// List my approvals.
///
/// For every member: what the routes of submitted reports ask of him now, and of those he decides for while they are away.
#[utoipa::path(get, path = "/v1/orgs/{org}/approvals", operation_id = "approvalsList", tag = "decisions",
    params(OrgPath, PageQuery),
    responses((status = 200, description = "What waits for the caller.", body = PageOut<TaskOut>), Problems))]
async fn handler(call: Call) -> Outcome {
    let caller = call.caller().await?;
    let page = call.query(&["limit", "cursor"])?.page()?;
    let (member, today) = (&caller.member, call.today());
    let running =
        || member.acts_for.iter().filter(|delegation| delegation.runs(today)).map(|delegation| &delegation.with);
    let queues: Vec<MemberId> = std::iter::once(member.id).chain(running().map(|away| away.id)).collect();
    let tasks = call.store().list_tasks(member.org, &queues, &page).await?;
    // Not what is above a delegation's bound, nor what the duties take away.
    let say_of = |task: &Task| {
        let Task { approvers, concerned, taken, base_total, .. } = task;
        Asking { approvers, concerned, taken, base_total: *base_total }.say_of(member, today)
    };
    let mine = tasks.items.into_iter().filter_map(|(_, task)| Some((say_of(&task)?, task)));
    let items = mine.map(|(approver, task)| TaskOut::of(task, running().find(|away| away.id == approver))).collect();
    Ok(Reply::ok(&PageOut::<TaskOut> { items, next_cursor: tasks.next })?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
