//! Composes the daily reminders of steps that are due.

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::change::today;
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::member::Member;
use outlay_domain::reminder::{DueReport, digest};
use outlay_domain::report::Report;
use outlay_mail::{Notice, TaskFacts};
use outlay_store::deliveries::DeliveryKey;
use outlay_store::{ListError, Store};
use outlay_worker::PartialFailures;

use crate::compose::OutgoingMail;
use crate::pacing::Timing;

/// Composes the reminders of an organisation that are due: one to each approver, or delegate of an approver, whose
/// decision is waited for. A corrupt report counts as a failure and does not stop the others.
///
/// # Errors
/// [`ListError`]
pub async fn compose_reminders(
    store: &Store,
    org: OrgId,
    now: Timestamp,
    failures: &mut PartialFailures,
) -> Result<Vec<(DeliveryKey, OutgoingMail)>, ListError> {
    let reports = due_reports(store, org, now, failures).await?;
    let pending = reports.iter().filter_map(Report::pending_step);
    let pending: Vec<MemberId> = pending.flat_map(|step| step.pending_approvers().map(|person| person.id)).collect();
    let approvers = store.members_by_id(org, &pending).await?;
    let delegates = approvers.iter().filter_map(|approver| approver.delegate_on(today(now)));
    let delegates: Vec<MemberId> = delegates.filter(|id| !pending.contains(id)).collect();
    let members = approvers.into_iter().chain(store.members_by_id(org, &delegates).await?);
    let reminder = |to: Member| {
        let (day, due) = digest(&to, &reports, now)?;
        let notice = Notice::Reminder { day, tasks: due.iter().map(task_facts).collect() };
        Some((
            DeliveryKey::for_reminder(org, to.id, day),
            OutgoingMail { to, notice, earlier: Vec::new(), timing: Timing::Now },
        ))
    };
    Ok(members.filter_map(reminder).collect())
}

/// Reads the reports whose pending step may be due anywhere, page by page, without their findings: memory grows with
/// what is due only.
async fn due_reports(
    store: &Store,
    org: OrgId,
    now: Timestamp,
    failures: &mut PartialFailures,
) -> Result<Vec<Report>, ListError> {
    let latest = today(now).utc().tomorrow().unwrap_or(Date::MAX);
    let is_due = |report: &Report| report.pending_step().and_then(|step| step.due_on).is_some_and(|on| on <= latest);
    let (mut due, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.submitted_reports(org, cursor).await?;
        let reports = failures.record_all(org, page.items).into_iter().filter(is_due);
        due.extend(reports.map(|report| Report { violations: Vec::new(), ..report }));
        if page.next.is_none() {
            return Ok(due);
        }
        cursor = page.next;
    }
}

fn task_facts(due: &DueReport<'_>) -> TaskFacts {
    let report = due.report;
    TaskFacts {
        number: report.number.clone(),
        title: report.title.to_string(),
        owner: report.owner_name.to_string(),
        preparer: report.preparer.as_ref().map(|person| person.name.to_string()),
        payee: report.payee.as_ref().map(|person| person.name.to_string()),
        total: report.totals.total,
        due_on: due.on,
    }
}
