//! Reminders: what waits for a member, and whether it is time to say so. One digest a day, in his morning.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::change::today;
use crate::ids::MemberId;
use crate::member::{AddressFault, Member};
use crate::permission::Asking;
use crate::report::{Report, Status};

/// The hour of the local day from which reminders are sent.
pub const FROM_HOUR: i8 = 8;

/// A report that waits for somebody, and since when it does so too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due<'a> {
    /// The report.
    pub report: &'a Report,
    /// The day its pending step is due.
    pub on: Date,
}

/// What a member is reminded of now, the oldest first, and on which day of his: what is due that day or was before. `None` when there is
/// nothing, it is not yet his morning, or he is not to be written to without need.
#[must_use]
pub fn digest<'a>(member: &Member, reports: &'a [Report], now: Timestamp) -> Option<(Date, Vec<Due<'a>>)> {
    let local = member.local(now);
    let told = member.can_approve() && member.is_reachable() && member.address_fault != Some(AddressFault::Complained);
    if !told || local.hour() < FROM_HOUR {
        return None;
    }
    let mut due: Vec<Due<'_>> = reports
        .iter()
        .filter_map(|report| Some(Due { report, on: due_on(report).filter(|due| *due <= local.date())? }))
        .filter(|due| waits_for(due.report, member, now))
        .collect();
    due.sort_by_key(|due| (due.on, due.report.id));
    (!due.is_empty()).then(|| (local.date(), due))
}

fn due_on(report: &Report) -> Option<Date> {
    let step = (report.status == Status::Submitted).then(|| report.pending_step()).flatten();
    step?.due_on
}

/// Whether the member has the say now: his own, or that of an approver who is away.
fn waits_for(report: &Report, member: &Member, now: Timestamp) -> bool {
    let outstanding = report.pending_step().into_iter().flat_map(|step| step.outstanding().map(|person| person.id));
    let approvers: Vec<MemberId> = outstanding.collect();
    let (concerned, taken): (Vec<_>, Vec<_>) = (report.concerned().collect(), report.taken().collect());
    let base_total = report.base_total;
    let asking = Asking { approvers: &approvers, concerned: &concerned, taken: &taken, base_total };
    asking.say_of(member, today(now)).is_some()
}
