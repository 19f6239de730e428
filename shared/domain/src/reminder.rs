//! Reminders: the reports that wait for a member's decision. One digest per day, in the morning of the member's time
//! zone.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::change::today;
use crate::ids::MemberId;
use crate::member::{AddressFault, Member};
use crate::permission::PendingStep;
use crate::report::{Report, ReportStatus};

/// Local hour from which reminders are sent.
pub const REMINDER_HOUR: i8 = 8;

/// Report whose pending step is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueReport<'a> {
    /// Report.
    pub report: &'a Report,
    /// Due date of the pending step.
    pub on: Date,
}

/// Reports due on the member's local day or earlier, by due date, and that day. `None` when there are none, before
/// [`REMINDER_HOUR`], or when the member cannot be mailed or complained about mail.
#[must_use]
pub fn digest<'a>(member: &Member, reports: &'a [Report], now: Timestamp) -> Option<(Date, Vec<DueReport<'a>>)> {
    let local = member.local_time(now);
    let can_be_mailed =
        member.can_approve() && member.is_reachable() && member.address_fault != Some(AddressFault::Complained);
    if !can_be_mailed || local.hour() < REMINDER_HOUR {
        return None;
    }
    let mut due: Vec<DueReport<'_>> = reports
        .iter()
        .filter_map(|report| Some(DueReport { report, on: due_on(report).filter(|due| *due <= local.date())? }))
        .filter(|due| waits_for(due.report, member, now))
        .collect();
    due.sort_by_key(|due| (due.on, due.report.id));
    (!due.is_empty()).then(|| (local.date(), due))
}

fn due_on(report: &Report) -> Option<Date> {
    let step = (report.status == ReportStatus::Submitted).then(|| report.pending_step()).flatten();
    step?.due_on
}

/// True when the member can decide at the pending step, as an approver or as a delegate.
fn waits_for(report: &Report, member: &Member, now: Timestamp) -> bool {
    let pending_approvers =
        report.pending_step().into_iter().flat_map(|step| step.pending_approvers().map(|person| person.id));
    let approvers: Vec<MemberId> = pending_approvers.collect();
    let (interested_parties, ineligible_approvers): (Vec<_>, Vec<_>) =
        (report.interested_parties().collect(), report.ineligible_approvers().collect());
    let base_total = report.total_to_approve();
    let pending = PendingStep {
        approvers: &approvers,
        interested_parties: &interested_parties,
        ineligible_approvers: &ineligible_approvers,
        base_total,
    };
    pending.acting_for(member, today(now)).is_some()
}
