//! Entries of payments, and reversals.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::entry::{EntryHead, EntrySource, JournalEntry, JournalLine, LineRole};
use super::error::LedgerError;
use super::period::BookingDate;
use super::settings::LedgerSettings;
use super::value::{Original, Value};
use crate::ids::{JournalEntryId, MemberId, OrgId, PaymentId};
use crate::money::{Currency, Money, MoneyError};
use crate::text::AccountCode;

/// Payment of what a member is owed, less what they owe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFacts {
    /// Payment.
    pub payment: PaymentId,
    /// Organisation.
    pub org: OrgId,
    /// Member who is paid.
    pub member: MemberId,
    /// Amount that the bank transfers. Negative when the member pays the organisation.
    pub amount: Money,
    /// Amount that the member owes and that is set off, in the currency of `amount`.
    pub set_off: Money,
    /// Value of `amount` in the base currency at the rate of the payment.
    pub paid_value: Money,
    /// Value in the books of `amount` and `set_off` together, in the base currency ([`OpenItem::value_of`]).
    pub booked_value: Money,
    /// Value in the books of `set_off`, in the base currency.
    pub set_off_value: Money,
    /// Day of the payment.
    pub date: Date,
    /// Bank account; that of the currency when absent.
    pub bank_account: Option<AccountCode>,
    /// Reference for people, such as the number of the payment.
    pub reference: String,
    /// Text.
    pub text: String,
}

/// What the entry of a payment is made with, beside the payment.
#[derive(Clone, Copy, Debug)]
pub struct PaymentBooking<'a> {
    /// Identifier of the entry.
    pub id: JournalEntryId,
    /// Booking date.
    pub booking: BookingDate,
    /// Settings of the organisation.
    pub settings: &'a LedgerSettings,
    /// Base currency.
    pub base: Currency,
}

/// Books a payment: payable against bank and, for what is set off, receivable. The difference between the values of the
/// payment and of the books is an exchange difference.
///
/// # Errors
/// [`LedgerError`] when an account is missing, a value is in the wrong currency, values in the base currency differ from
/// the amounts, or all amounts are zero.
pub fn book_payment(facts: &PaymentFacts, booking: &PaymentBooking<'_>) -> Result<JournalEntry, LedgerError> {
    let owed = facts.amount.plus(facts.set_off)?;
    let value = |original: Money, value: Money| {
        if value.currency() != booking.base {
            return Err(LedgerError::CurrencyMismatch { expected: booking.base, found: value.currency() });
        }
        if original.currency() != booking.base {
            return Ok(Value { base: value, original: Some(Original { amount: original, rate: None }) });
        }
        if original == value {
            Ok(Value { base: value, original: None })
        } else {
            Err(LedgerError::Unbalanced { currency: booking.base })
        }
    };
    let payable = value(owed, facts.booked_value)?;
    let receivable = value(facts.set_off, facts.set_off_value)?.negated();
    let bank = value(facts.amount, facts.paid_value)?.negated();
    let difference = payable.base.plus(receivable.base)?.plus(bank.base)?.negated();
    let difference = Value { base: difference, original: None };
    let of_member = |line: JournalLine| JournalLine { member: Some(facts.member), ..line };
    let settings = booking.settings;
    let mut lines = Vec::new();
    if payable.base.minor() != 0 {
        let line = payable.line(settings.payable(facts.member)?, LineRole::Payable, &facts.text);
        lines.extend(line.map(of_member));
    }
    if receivable.base.minor() != 0 {
        let line = receivable.line(settings.receivable()?, LineRole::Receivable, &facts.text);
        lines.extend(line.map(of_member));
    }
    if bank.base.minor() != 0 {
        let account = match &facts.bank_account {
            Some(account) => account,
            None => settings.bank(facts.amount.currency())?,
        };
        lines.extend(bank.line(account, LineRole::Bank, &facts.text));
    }
    if difference.base.minor() != 0 {
        lines.extend(difference.line(settings.exchange_difference()?, LineRole::ExchangeDifference, &facts.text));
    }
    let head = EntryHead {
        id: booking.id,
        org: facts.org,
        date: booking.booking.date,
        document_date: facts.date,
        source: EntrySource::PaymentSettled { payment: facts.payment },
        reference: facts.reference.clone(),
        text: facts.text.clone(),
    };
    JournalEntry::new(head, booking.base, lines)
}

/// Amount that is still owed, in its currency and as the books value it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenItem {
    /// Amount.
    pub amount: Money,
    /// Value in the base currency.
    pub value: Money,
}

impl OpenItem {
    /// Value of a part of the item. The last part has all that is left, so that parts add up to the whole.
    ///
    /// # Errors
    /// [`MoneyError`] when the part is in another currency.
    pub fn value_of(self, part: Money) -> Result<Money, MoneyError> {
        let left = self.amount.minus(part)?;
        if left.minor() == 0 {
            return Ok(self.value);
        }
        let sign = self.amount.minor().signum();
        self.value.portion(part.minor().saturating_mul(sign), self.amount.minor().saturating_mul(sign))
    }

    /// What is left after a part has been paid.
    ///
    /// # Errors
    /// [`MoneyError`] when the part is in another currency.
    pub fn less(self, part: Money) -> Result<Self, MoneyError> {
        let value = self.value.minus(self.value_of(part)?)?;
        Ok(Self { amount: self.amount.minus(part)?, value })
    }
}

/// What a reversal is made with, beside the reversed entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// Identifier of the new entry.
    pub id: JournalEntryId,
    /// Day of the reversal: the date of its document.
    pub date: Date,
    /// Booking date.
    pub booking: BookingDate,
    /// Reason, the text of the new entry.
    pub reason: String,
}

/// Reverses an entry: the same lines with their sides exchanged. The new entry names the old one.
///
/// # Errors
/// [`LedgerError::AlreadyReversal`] when the entry is a reversal.
pub fn reverse(entry: &JournalEntry, reversal: Reversal) -> Result<JournalEntry, LedgerError> {
    let source = entry.head().source.reversed(entry.head().id).ok_or(LedgerError::AlreadyReversal)?;
    let mirrored = |line: &JournalLine| JournalLine {
        side: line.side.opposite(),
        tax_base: line.tax_base.map(Money::negated),
        ..line.clone()
    };
    let head = EntryHead {
        id: reversal.id,
        date: reversal.booking.date,
        document_date: reversal.date,
        source,
        text: reversal.reason,
        ..entry.head().clone()
    };
    JournalEntry::new(head, entry.currency(), entry.lines().iter().map(mirrored).collect())
}
