//! Decides what a report's history means for the books: which entry is reversed and which one is made next. Reads only
//! events and status, so a repeated or late decision is the same.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::period::AccountingPeriod;
use crate::event::{Event, EventKind};
use crate::ids::{IdGenerator, JournalEntryId, OrgId, ReportId};
use crate::report::ReportStatus;

impl ReportStatus {
    /// True when the expenses of the report are in the books: approved, in a batch, or paid.
    #[must_use]
    pub const fn is_booked(self) -> bool {
        matches!(self, Self::Approved | Self::Reimbursing | Self::Reimbursed)
    }
}

/// Effect of an event on the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingEffect {
    /// The report is approved.
    Approved,
    /// The report is no longer approved.
    Voided,
}

/// Event of a report with an effect on the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookingEvent {
    /// Position in the history of the report.
    pub seq: u64,
    /// Time. Its day in UTC is the date of the document.
    pub at: Timestamp,
    /// Effect.
    pub effect: BookingEffect,
}

impl BookingEvent {
    /// Effect of an event; none for most events.
    #[must_use]
    pub const fn of(event: &Event) -> Option<Self> {
        let effect = match &event.kind {
            EventKind::ReportApproved { .. } | EventKind::ReportAutoApproved { .. } => BookingEffect::Approved,
            EventKind::ReportSubmitted { .. }
            | EventKind::ReportReturned { .. }
            | EventKind::ReportRejected { .. }
            | EventKind::ReportRecalled {} => BookingEffect::Voided,
            _ => return None,
        };
        Some(Self { seq: event.seq, at: event.at, effect })
    }
}

/// Place of a stored entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPlace {
    /// Identifier of the entry.
    pub id: JournalEntryId,
    /// Period that it is booked in.
    pub period: AccountingPeriod,
    /// Time of its booking.
    pub booked_at: Timestamp,
}

/// Bookings of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportBookings {
    /// Organisation.
    pub org: OrgId,
    /// Report.
    pub report: ReportId,
    /// Version; 0 before the first booking.
    pub version: u64,
    /// Last event that is booked. Later ones are not.
    pub booked_through: u64,
    /// Entry of the approval in force; none when there is none, or it is reversed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<EntryPlace>,
}

/// Next booking of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingStep {
    /// Reverse the open entry, because of this event.
    Reverse(BookingEvent),
    /// Book the approval of this event.
    Book(BookingEvent),
}

impl BookingStep {
    /// Event that causes the booking.
    #[must_use]
    pub const fn event(self) -> BookingEvent {
        match self {
            Self::Reverse(event) | Self::Book(event) => event,
        }
    }
}

impl ReportBookings {
    /// Bookings of a report without entries.
    #[must_use]
    pub const fn none(org: OrgId, report: ReportId) -> Self {
        Self { org, report, version: 0, booked_through: 0, open: None }
    }

    /// Next booking that `events`, the events up to the report's state in their order, require; none when all is booked.
    /// An approval that was voided before it was booked is left out with what voided it: together they are zero.
    #[must_use]
    pub fn next_step(&self, events: &[BookingEvent], status: Option<ReportStatus>) -> Option<BookingStep> {
        let mut later = events.iter().filter(|event| event.seq > self.booked_through);
        if self.open.is_some() {
            return later.next().copied().map(BookingStep::Reverse);
        }
        let last = later.next_back().filter(|event| event.effect == BookingEffect::Approved);
        last.filter(|_| status.is_some_and(ReportStatus::is_booked)).copied().map(BookingStep::Book)
    }

    /// Bookings after a step. `place` is that of the new entry; none when an approval has nothing to book.
    #[must_use]
    pub const fn after(&self, step: BookingStep, place: Option<EntryPlace>) -> Self {
        let (booked_through, open) = match step {
            // The approval that voids an approval is booked by the next step.
            BookingStep::Reverse(event) => match event.effect {
                BookingEffect::Approved => (event.seq.saturating_sub(1), None),
                BookingEffect::Voided => (event.seq, None),
            },
            BookingStep::Book(event) => (event.seq, place),
        };
        Self { org: self.org, report: self.report, version: self.version.saturating_add(1), booked_through, open }
    }

    /// Identifier of the entry of a step. The same step has the same one.
    #[must_use]
    pub fn entry_id(&self, step: BookingStep) -> JournalEntryId {
        let (event, kind) = match step {
            BookingStep::Reverse(event) => (event, 0),
            BookingStep::Book(event) => (event, 1),
        };
        let mut random = [0; 10];
        let report = self.report.uuid();
        // The random end of the report's identifier, then the event.
        for (to, from) in random.iter_mut().zip(report.as_bytes().iter().rev()) {
            *to = *from;
        }
        let number = u32::try_from(event.seq.wrapping_mul(2).wrapping_add(kind) & u64::from(u32::MAX >> 1));
        for (to, from) in random.iter_mut().skip(6).zip(number.unwrap_or_default().to_be_bytes()) {
            *to = from;
        }
        IdGenerator::new(event.at, random).next_id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64, effect: BookingEffect) -> BookingEvent {
        BookingEvent { seq, at: Timestamp::from_second(1_795_000_000).unwrap(), effect }
    }

    /// Steps until all is booked.
    fn steps(events: &[BookingEvent], status: Option<ReportStatus>, from: ReportBookings) -> Vec<(char, u64)> {
        let (mut bookings, mut steps) = (from, Vec::new());
        while let Some(step) = bookings.next_step(events, status) {
            let at = step.event().at;
            let place = EntryPlace { id: bookings.entry_id(step), period: "2026-11".parse().unwrap(), booked_at: at };
            steps.push((if matches!(step, BookingStep::Book(_)) { 'b' } else { 'r' }, step.event().seq));
            bookings = bookings.after(step, Some(place));
            assert!(steps.len() < 10, "does not end: {steps:?}");
        }
        steps
    }

    fn none() -> ReportBookings {
        let mut ids = IdGenerator::new(Timestamp::from_second(1_763_800_000).unwrap(), [7; 10]);
        ReportBookings::none(ids.next_id(), ids.next_id())
    }

    fn booked(seq: u64) -> ReportBookings {
        let step = BookingStep::Book(event(seq, BookingEffect::Approved));
        let at = Timestamp::from_second(1_795_000_000).unwrap();
        let place = EntryPlace { id: none().entry_id(step), period: "2026-11".parse().unwrap(), booked_at: at };
        none().after(step, Some(place))
    }

    #[test]
    fn approval_is_booked_once_and_reversed_when_voided() {
        use BookingEffect::{Approved, Voided};
        let approved = Some(ReportStatus::Approved);
        let first = [event(2, Voided), event(3, Approved)];
        assert_eq!(steps(&first, approved, none()), [('b', 3)]);
        assert_eq!(steps(&first, Some(ReportStatus::Reimbursed), none()), [('b', 3)]);
        assert_eq!(steps(&first, approved, booked(3)), []);
        let returned = [event(2, Voided), event(3, Approved), event(4, Voided)];
        assert_eq!(steps(&returned, Some(ReportStatus::Returned), booked(3)), [('r', 4)]);
        let again = [event(3, Approved), event(4, Voided), event(6, Voided), event(7, Approved)];
        assert_eq!(steps(&again, approved, booked(3)), [('r', 4), ('b', 7)]);
        // The report was deleted after it was recalled.
        assert_eq!(steps(&returned, None, booked(3)), [('r', 4)]);
    }

    #[test]
    fn approval_that_replaces_an_approval_reverses_first() {
        use BookingEffect::Approved;
        let edited = [event(3, Approved), event(5, Approved)];
        assert_eq!(steps(&edited, Some(ReportStatus::Approved), booked(3)), [('r', 5), ('b', 5)]);
        let ids = [BookingStep::Reverse(edited[1]), BookingStep::Book(edited[1]), BookingStep::Book(edited[0])];
        let ids = ids.map(|step| none().entry_id(step));
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] < ids[1]);
    }

    #[test]
    fn approval_voided_before_its_booking_is_left_out() {
        use BookingEffect::{Approved, Voided};
        let voided = [event(3, Approved), event(4, Voided)];
        assert_eq!(steps(&voided, Some(ReportStatus::Returned), none()), []);
        // The status is older or newer than the events: a later run sees both.
        assert_eq!(steps(&voided[..1], Some(ReportStatus::Returned), none()), []);
    }
}
