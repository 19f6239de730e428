//! Journal entry: lines of debits and credits that balance. [`JournalEntry::new`] is the only constructor, also for
//! stored entries.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use super::error::LedgerError;
use super::period::AccountingPeriod;
use crate::conversion::Rate;
use crate::ids::{ExpenseId, JournalEntryId, MemberId, OrgId, PaymentId, ReportId};
use crate::money::{Currency, Money};
use crate::text::{AccountCode, CostCentreCode, ProjectCode, TaxCode};

/// Side of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntrySide {
    /// Left side: expenses, claims on others, money that comes in.
    Debit,
    /// Right side: debts to others, money that goes out.
    Credit,
}

impl EntrySide {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Debit => Self::Credit,
            Self::Credit => Self::Debit,
        }
    }

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Role of a line in its entry. Balances go by role, because accounts can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LineRole {
    /// Granted expense with the tax that is not reclaimed.
    Expense,
    /// Reclaimed tax.
    InputTax,
    /// What a member is owed.
    Payable,
    /// Payment by company card.
    CardClearing,
    /// What a member owes.
    Receivable,
    /// Money in a bank account.
    Bank,
    /// Difference between two exchange rates.
    ExchangeDifference,
}

impl LineRole {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Amount in another currency than the base currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginalAmount {
    /// Amount, above zero.
    pub amount: Money,
    /// Units of the base currency for one unit of the original currency; none for amounts at several rates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
}

/// Line of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLine {
    /// Account.
    pub account: AccountCode,
    /// Side.
    pub side: EntrySide,
    /// Amount in the base currency, above zero.
    pub amount: Money,
    /// Amount in the original currency, when that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<OriginalAmount>,
    /// Role.
    pub role: LineRole,
    /// Cost centre.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_centre: Option<CostCentreCode>,
    /// Project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectCode>,
    /// Tax code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_code: Option<TaxCode>,
    /// Granted net amount that an input tax is on, in the base currency. Negative for a refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_base: Option<Money>,
    /// Member whose account it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberId>,
    /// Expense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expense: Option<ExpenseId>,
    /// Text.
    pub text: String,
}

impl JournalLine {
    /// Amount in the base currency, negative for a credit.
    #[must_use]
    pub fn signed_amount(&self) -> Money {
        match self.side {
            EntrySide::Debit => self.amount,
            EntrySide::Credit => self.amount.negated(),
        }
    }

    /// Amount in the original currency, negative for a credit.
    #[must_use]
    pub fn signed_original(&self) -> Option<Money> {
        let original = self.original.as_ref()?.amount;
        Some(match self.side {
            EntrySide::Debit => original,
            EntrySide::Credit => original.negated(),
        })
    }
}

/// Origin of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntrySource {
    /// Approval of a report.
    ReportApproved {
        /// Report.
        report: ReportId,
    },
    /// Reversal of the entry of an approval.
    ReportReversed {
        /// Report.
        report: ReportId,
        /// Reversed entry.
        reverses: JournalEntryId,
    },
    /// Payment to or by a member.
    PaymentSettled {
        /// Payment.
        payment: PaymentId,
    },
    /// Payment that the bank returned.
    PaymentReturned {
        /// Payment.
        payment: PaymentId,
        /// Reversed entry.
        reverses: JournalEntryId,
    },
}

impl EntrySource {
    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Source of the reversal of an entry; none for a reversal.
    pub(super) fn reversed(self, reverses: JournalEntryId) -> Option<Self> {
        match self {
            Self::ReportApproved { report } => Some(Self::ReportReversed { report, reverses }),
            Self::PaymentSettled { payment } => Some(Self::PaymentReturned { payment, reverses }),
            Self::ReportReversed { .. } | Self::PaymentReturned { .. } => None,
        }
    }
}

/// Facts of an entry as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryHead {
    /// Identifier, `jou_…`.
    pub id: JournalEntryId,
    /// Organisation.
    pub org: OrgId,
    /// Booking date. Its month is the period.
    pub date: Date,
    /// Day of the document: of the approval, the payment or the reversal.
    pub document_date: Date,
    /// Origin.
    pub source: EntrySource,
    /// Reference for people, such as the number of the report.
    pub reference: String,
    /// Text.
    pub text: String,
}

/// Journal entry. Debits and credits are equal in the base currency and in each original currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedEntry")]
pub struct JournalEntry {
    #[serde(flatten)]
    head: EntryHead,
    currency: Currency,
    lines: Vec<JournalLine>,
}

/// Stored form of an entry, before its check.
#[derive(Deserialize)]
struct UncheckedEntry {
    #[serde(flatten)]
    head: EntryHead,
    currency: Currency,
    lines: Vec<JournalLine>,
}

impl TryFrom<UncheckedEntry> for JournalEntry {
    type Error = LedgerError;

    fn try_from(entry: UncheckedEntry) -> Result<Self, LedgerError> {
        Self::new(entry.head, entry.currency, entry.lines)
    }
}

impl JournalEntry {
    /// Makes an entry of lines that balance. `currency` is the base currency.
    ///
    /// # Errors
    /// [`LedgerError`] when there are no lines, an amount is not above zero or in the wrong currency, or debits and
    /// credits differ.
    pub fn new(head: EntryHead, currency: Currency, lines: Vec<JournalLine>) -> Result<Self, LedgerError> {
        if lines.is_empty() {
            return Err(LedgerError::NothingToBook);
        }
        let mut sums: BTreeMap<Currency, Money> = BTreeMap::new();
        for line in &lines {
            let original = line.original.as_ref().map(|original| original.amount);
            if line.amount.minor() <= 0 || original.is_some_and(|original| original.minor() <= 0) {
                return Err(LedgerError::AmountNotPositive);
            }
            let in_base = |amount: &&Money| amount.currency() != currency;
            if let Some(other) = [Some(&line.amount), line.tax_base.as_ref()].into_iter().flatten().find(in_base) {
                return Err(LedgerError::CurrencyMismatch { expected: currency, found: other.currency() });
            }
            if original.is_some_and(|original| original.currency() == currency) {
                return Err(LedgerError::CurrencyMismatch { expected: currency, found: currency });
            }
            for amount in [Some(line.signed_amount()), line.signed_original()].into_iter().flatten() {
                let sum = sums.entry(amount.currency()).or_insert_with(|| Money::zero(amount.currency()));
                *sum = sum.plus(amount)?;
            }
        }
        match sums.into_iter().find(|(_, sum)| sum.minor() != 0) {
            Some((currency, _)) => Err(LedgerError::Unbalanced { currency }),
            None => Ok(Self { head, currency, lines }),
        }
    }

    /// Facts of the entry as a whole.
    #[must_use]
    pub const fn head(&self) -> &EntryHead {
        &self.head
    }

    /// Base currency.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Lines, at least two.
    #[must_use]
    pub fn lines(&self) -> &[JournalLine] {
        &self.lines
    }

    /// Period of the booking date.
    #[must_use]
    pub fn period(&self) -> AccountingPeriod {
        AccountingPeriod::of(self.head.date)
    }

    /// Sum of the debits, which is the sum of the credits.
    ///
    /// # Errors
    /// [`LedgerError::Money`] when the sum is out of range.
    pub fn total(&self) -> Result<Money, LedgerError> {
        let debits = self.lines.iter().filter(|line| line.side == EntrySide::Debit);
        Ok(Money::sum(self.currency, debits.map(|line| line.amount))?)
    }
}
