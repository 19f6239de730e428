//! Decides what the state of a payment means for the books: its entry, and the reversal when the bank returns it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::approval::base_totals;
use super::booking::EntryPlace;
use super::payment::OpenItem;
use crate::batch::{BatchEntry, Payment, PaymentStatus};
use crate::ids::{IdGenerator, JournalEntryId, OrgId, PaymentId};
use crate::money::{Currency, Money, MoneyError};
use crate::report::Report;

/// Bookings of a payment. Only a paid payment is booked; one that comes back is reversed and stays so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentBookings {
    /// Organisation.
    pub org: OrgId,
    /// Payment.
    pub payment: PaymentId,
    /// Version; 0 before the first booking.
    pub version: u64,
    /// Entry of the payment; none before it is booked, or when there is nothing to book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryPlace>,
    /// True when the entry is reversed.
    #[serde(default)]
    pub is_reversed: bool,
}

/// Next booking of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStep {
    /// Book the payment.
    Book,
    /// Reverse its entry: the bank has returned the payment.
    Reverse(EntryPlace),
}

impl PaymentBookings {
    /// Bookings of a payment without entries.
    #[must_use]
    pub const fn none(org: OrgId, payment: PaymentId) -> Self {
        Self { org, payment, version: 0, entry: None, is_reversed: false }
    }

    /// Next booking that the state of the payment requires; none when all is booked. A payment that comes back before it
    /// was booked is left out: together they are zero.
    #[must_use]
    pub fn next_step(&self, payment: &Payment) -> Option<PaymentStep> {
        match (payment.status, self.entry) {
            (PaymentStatus::Paid, None) if self.version == 0 => Some(PaymentStep::Book),
            (PaymentStatus::Failed, Some(entry)) if !self.is_reversed => Some(PaymentStep::Reverse(entry)),
            _ => None,
        }
    }

    /// Bookings after a step. `place` is that of the new entry; none when there is nothing to book.
    #[must_use]
    pub const fn after(&self, step: PaymentStep, place: Option<EntryPlace>) -> Self {
        let version = self.version.saturating_add(1);
        let (entry, is_reversed) = match step {
            PaymentStep::Book => (place, false),
            PaymentStep::Reverse(entry) => (Some(entry), true),
        };
        Self { org: self.org, payment: self.payment, version, entry, is_reversed }
    }

    /// Identifier of the entry of a step at a time: it has the random end of the payment's identifier, so that the two
    /// entries of a payment differ from each other and from those of all others.
    #[must_use]
    pub fn entry_id(&self, step: PaymentStep, now: Timestamp) -> JournalEntryId {
        let mut random = [0; 10];
        let payment = self.payment.uuid();
        for (to, from) in random.iter_mut().zip(payment.as_bytes().iter().rev()) {
            *to = *from;
        }
        if let Some(last) = random.last_mut() {
            *last = u8::from(matches!(step, PaymentStep::Reverse(_)));
        }
        IdGenerator::new(now, random).next_id()
    }
}

/// Values in the books, in the base currency, of what a payment settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledValues {
    /// Value of the reimbursable amounts.
    pub claim: Money,
    /// Value of the repayable amounts that are set off.
    pub set_off: Money,
}

impl SettledValues {
    /// Nothing, in the base currency.
    #[must_use]
    pub const fn zero(base: Currency) -> Self {
        Self { claim: Money::zero(base), set_off: Money::zero(base) }
    }

    /// Values of a payment in the base currency: its amounts.
    #[must_use]
    pub const fn of_payment(payment: &Payment) -> Self {
        Self { claim: payment.gross, set_off: payment.set_off }
    }

    /// Values of a report's part in a payment. The parts of several payments add up to the value of the whole.
    ///
    /// # Errors
    /// [`MoneyError`] when a sum is out of range, or the report is in another currency than the entry.
    pub fn of_entry(entry: &BatchEntry, report: &Report) -> Result<Self, MoneyError> {
        let base = base_totals(report)?;
        let repayable = report.totals.repayable.unwrap_or(Money::zero(report.currency));
        let settled_before = report.totals.reimbursable.minus(entry.claim)?;
        let set_off_before = repayable.minus(entry.set_off)?.minus(entry.owed)?;
        let claim = OpenItem { amount: report.totals.reimbursable, value: base.reimbursable };
        let debt = OpenItem { amount: repayable, value: base.repayable };
        Ok(Self {
            claim: part_of(claim, settled_before, entry.claim)?,
            set_off: part_of(debt, set_off_before, entry.set_off)?,
        })
    }

    /// Sum.
    ///
    /// # Errors
    /// [`MoneyError`] when it is out of range.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self { claim: self.claim.plus(other.claim)?, set_off: self.set_off.plus(other.set_off)? })
    }
}

/// Value of a part of an item of which another part is settled already: the difference of two sums, so that any number of
/// parts adds up to the whole.
fn part_of(item: OpenItem, settled: Money, part: Money) -> Result<Money, MoneyError> {
    if part.minor() == 0 {
        return Ok(Money::zero(item.value.currency()));
    }
    item.value_of(settled.plus(part)?)?.minus(item.value_of(settled)?)
}
