//! Reminders: one digest per day of the reports that wait for a member's decision, in the morning of the member's time
//! zone.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::member::{AddressFault, Member};

/// Local hour from which reminders are sent.
pub const REMINDER_HOUR: i8 = 8;

/// Local day of the reminder that the member can get now. `None` before [`REMINDER_HOUR`], or when the member cannot
/// decide, cannot be mailed or complained about mail.
#[must_use]
pub fn reminder_day(member: &Member, now: Timestamp) -> Option<Date> {
    let local = member.local_time(now);
    let can_be_mailed =
        member.can_approve() && member.is_reachable() && member.address_fault != Some(AddressFault::Complained);
    (can_be_mailed && local.hour() >= REMINDER_HOUR).then(|| local.date())
}
