//! Composes the daily reminders of steps that are due.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::change::today;
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::member::Member;
use outlay_domain::reminder::reminder_day;
use outlay_mail::{Notice, TaskFacts};
use outlay_store::{ListError, PageRequest, Store, StoreError};

use crate::compose::{OutgoingMail, task_facts};
use crate::pacing::Timing;

/// Most reports that one reminder counts. The mail lists fewer; the queue in the API has all.
const MAX_TASKS: usize = 500;

/// Finds the members of an organisation who can get a reminder now: approvers of steps that are due, and their
/// delegates, in the morning of their time zone.
///
/// # Errors
/// [`StoreError`]
pub async fn members_to_remind(store: &Store, org: OrgId, now: Timestamp) -> Result<Vec<(Member, Date)>, StoreError> {
    // A step that is due somewhere is due by the next day in UTC.
    let latest = today(now).utc().tomorrow().unwrap_or(Date::MAX);
    let approvers = store.approvers_with_due_tasks(org, latest).await?;
    let approvers = store.members_by_id(org, &approvers).await?;
    let known: BTreeSet<MemberId> = approvers.iter().map(|member| member.id).collect();
    let delegates = approvers.iter().filter_map(|approver| approver.delegate_on(today(now)));
    let delegates: Vec<MemberId> = delegates.filter(|id| !known.contains(id)).collect();
    let delegates = store.members_by_id(org, &delegates).await?;
    let members = approvers.into_iter().chain(delegates);
    Ok(members.filter_map(|member| reminder_day(&member, now).map(|day| (member, day))).collect())
}

/// Composes the reminder of a member for a day; `None` when nothing that they can decide on is due.
///
/// # Errors
/// [`ListError`]
pub async fn compose_reminder(
    store: &Store,
    to: Member,
    day: Date,
    now: Timestamp,
) -> Result<Option<OutgoingMail>, ListError> {
    let delegators = to.active_delegations(today(now)).map(|delegation| delegation.counterpart.id);
    let approvers: Vec<MemberId> = std::iter::once(to.id).chain(delegators).collect();
    let mut tasks: Vec<TaskFacts> = Vec::new();
    let mut page = PageRequest::internal(100);
    while tasks.len() < MAX_TASKS {
        let found = store.due_tasks(to.org, &approvers, day, &page).await?;
        let own = found.items.into_iter().filter(|task| task.pending_step().acting_for(&to, today(now)).is_some());
        tasks.extend(own.filter_map(task_facts));
        page.cursor = found.next;
        if page.cursor.is_none() {
            break;
        }
    }
    if tasks.is_empty() {
        return Ok(None);
    }
    let notice = Notice::Reminder { day, tasks };
    Ok(Some(OutgoingMail { to, notice, earlier: Vec::new(), timing: Timing::Now }))
}
