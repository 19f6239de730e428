//! Expense: one line of a report.

mod patch;
mod taxes;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use utoipa::ToSchema;

use crate::conversion::{Conversion, ConversionError, RateBook};
use crate::ids::{ExpenseId, MemberId};
use crate::money::{Currency, Money};
use crate::receipt::Receipt;
use crate::tax::{LineTax, TaxSource};
use crate::text::{
    Attendee, CategoryCode, CostCentreCode, CountryCode, Merchant, Note, ProjectCode, ReceiptReference, TripName,
};

pub use patch::ExpensePatch;

/// Payment method of an expense.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PaymentMethod {
    /// Paid by the owner, who is reimbursed.
    #[default]
    Personal,
    /// Paid with a card of the organisation. Not reimbursed.
    CompanyCard,
}

impl PaymentMethod {
    /// Name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Expense that a refund gives money back for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundOf {
    /// Identifier of the expense: a line of this report, or one that the owner has claimed in another.
    pub expense_id: ExpenseId,
    /// Day of that expense.
    pub date: Date,
}

/// Facts of an expense as entered. The tax is in the currency of the amount and at most the amount. A refund has a
/// negative amount, and its tax is negative or zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpenseFacts {
    /// Day the money was spent.
    pub date: Date,
    /// Category.
    pub category: CategoryCode,
    /// Merchant.
    pub merchant: Merchant,
    /// Amount paid, tax included, in the currency it was paid in.
    pub amount: Money,
    /// Tax within the amount.
    pub tax: Money,
    /// Origin of the tax. Expenses stored without it have a stated tax.
    #[serde(default, skip_serializing_if = "TaxSource::is_stated")]
    pub tax_source: TaxSource,
    /// Taxes that add up to the tax; empty when only their sum is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<LineTax>,
    /// Country where the money was spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    /// Expense that a refund is for; that of the same merchant in this report when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_of: Option<RefundOf>,
    /// Payment method.
    pub payment_method: PaymentMethod,
    /// Purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// Justification of what the policy finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<Note>,
    /// Place of a receipt that is not uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_reference: Option<ReceiptReference>,
    /// Attendees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attendees: Vec<Attendee>,
    /// Project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectCode>,
    /// Cost centre; the report's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_centre: Option<CostCentreCode>,
    /// Trip; the same name for all expenses of the trip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip: Option<TripName>,
}

impl ExpenseFacts {
    /// True when the line gives money back.
    #[must_use]
    pub const fn is_refund(&self) -> bool {
        self.amount.minor() < 0
    }

    /// True when `other` differs only in the wording of note, justification and attendees. Any other difference puts a
    /// report back through approval; so does removing the justification or all attendees, because policy rules may
    /// require them.
    #[must_use]
    pub fn is_same_claim(&self, other: &Self) -> bool {
        let gone = (self.justification.is_some() && other.justification.is_none())
            || (!self.attendees.is_empty() && other.attendees.is_empty());
        let texts = |facts: &Self| (facts.note.clone(), facts.justification.clone(), facts.attendees.clone());
        let (note, justification, attendees) = texts(other);
        !gone && Self { note, justification, attendees, ..self.clone() } == *other
    }
}

/// Part of an expense that an approver grants, when it is not all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineApproval {
    /// Granted amount in the currency of the expense; at most the amount, and at most what a cap leaves.
    pub amount: Money,
    /// Reason.
    pub reason: Note,
    /// Approver, or their delegate.
    pub by: MemberId,
}

/// What made the granted amount of an expense less than its amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReducedBy {
    /// Limit of the policy with the effect `cap`.
    Cap,
    /// Approver.
    Approver,
}

impl ReducedBy {
    /// Name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Expense of a report, with its amounts in other currencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expense {
    /// Identifier, `exp_…`.
    pub id: ExpenseId,
    /// Facts as entered.
    #[serde(flatten)]
    pub facts: ExpenseFacts,
    /// Amount in the report's currency, when it was paid in another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Conversion>,
    /// Amount in the base currency, when it was paid in another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Conversion>,
    /// Largest amount that the policy lets be reimbursed, in the currency of the expense, when that is less than the
    /// amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Money>,
    /// Part that an approver grants, when that is less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<LineApproval>,
    /// Line that was split, for its parts. Parts of one line are no repetition of each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_from: Option<ExpenseId>,
    /// Receipts, in the order they were declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<Receipt>,
}

impl Expense {
    /// Converts the facts to the report's and the base currency, at the rate of the day.
    ///
    /// # Errors
    /// [`ConversionError`] when a rate is missing or an amount leaves the range.
    pub fn new(
        id: ExpenseId,
        facts: ExpenseFacts,
        currency: Currency,
        rates: &RateBook,
    ) -> Result<Self, ConversionError> {
        let (converted, base) = convert(&facts, currency, rates)?;
        Ok(Self { id, facts, converted, base, cap: None, approved: None, split_from: None, receipts: Vec::new() })
    }

    /// Converts the line again, at the rates known now. An amount whose rate is the same stays: the parts of a split
    /// line add up to the line.
    ///
    /// # Errors
    /// [`ConversionError`] when a rate is missing or an amount leaves the range.
    pub fn with_current_rates(&self, currency: Currency, rates: &RateBook) -> Result<Self, ConversionError> {
        let keep = |new: Option<Conversion>, old: &Option<Conversion>| match (new, old) {
            (Some(new), Some(old)) if new.rate == old.rate => {
                Some(Conversion { amount: old.amount, tax: old.tax, ..new })
            }
            (new, _) => new,
        };
        let (converted, base) = convert(&self.facts, currency, rates)?;
        Ok(Self { converted: keep(converted, &self.converted), base: keep(base, &self.base), ..self.clone() })
    }

    /// Amount in the report's currency.
    #[must_use]
    pub fn amount_in_report(&self) -> Money {
        self.converted.as_ref().map_or(self.facts.amount, |conversion| conversion.amount)
    }

    /// Tax in the report's currency.
    #[must_use]
    pub fn tax_in_report(&self) -> Money {
        self.converted.as_ref().map_or(self.facts.tax, |conversion| conversion.tax)
    }

    /// Amount in the base currency, which routing uses.
    #[must_use]
    pub fn amount_in_base(&self) -> Money {
        self.base.as_ref().map_or(self.facts.amount, |conversion| conversion.amount)
    }

    /// Granted amount so far, in the currency of the expense: less than the amount when the policy caps it or an
    /// approver grants less.
    #[must_use]
    pub fn granted(&self) -> Money {
        let decided = self.approved.as_ref().map(|approval| approval.amount);
        decided.or(self.cap).unwrap_or(self.facts.amount)
    }

    /// What made the granted amount less than the amount; none when it is not less.
    #[must_use]
    pub fn reduced_by(&self) -> Option<ReducedBy> {
        let reduced_by = if self.approved.is_some() { ReducedBy::Approver } else { ReducedBy::Cap };
        (self.granted() != self.facts.amount).then_some(reduced_by)
    }

    /// Reason of the lower amount: the approver's, or an English sentence about the cap.
    #[must_use]
    pub fn reduction_reason(&self) -> Option<String> {
        match (&self.approved, self.cap) {
            (Some(approval), _) => Some(approval.reason.to_string()),
            (None, Some(cap)) => Some(format!("A limit of the policy grants {cap} of this expense.")),
            (None, None) => None,
        }
    }

    /// Granted part of `amount`, the amount of the expense in any currency; rounded half-even.
    #[must_use]
    pub fn granted_of(&self, amount: Money) -> Money {
        let granted = self.granted();
        if granted == self.facts.amount {
            return amount;
        }
        // A part of an amount is in the range of the amount. Both are negative for a refund.
        let sign = self.facts.amount.minor().signum();
        amount.portion(granted.minor() * sign, self.facts.amount.minor() * sign).unwrap_or(amount)
    }

    /// Part of a payment by company card that is not granted, in the currency of the expense: the owner owes it to the
    /// organisation. `None` when there is none.
    #[must_use]
    pub fn repayable(&self) -> Option<Money> {
        let by_card = self.facts.payment_method == PaymentMethod::CompanyCard;
        let left = self.facts.amount.minus(self.granted()).ok()?;
        Some(left).filter(|left| by_card && left.minor() != 0)
    }

    /// Line that this is a part of after a change to `facts`; none when it is no longer the same part of the same bill.
    #[must_use]
    pub fn split_from_after(&self, facts: &ExpenseFacts) -> Option<ExpenseId> {
        let bill = |facts: &ExpenseFacts| (facts.date, facts.merchant.clone(), facts.amount);
        self.split_from.filter(|_| bill(&self.facts) == bill(facts))
    }

    /// True when the expense has a clean receipt, or the place of a receipt.
    #[must_use]
    pub fn has_receipt(&self) -> bool {
        self.facts.receipt_reference.is_some() || self.receipts.iter().any(Receipt::is_clean)
    }

    /// The expense without the links to other reports that have the same receipt. Not every reader may know of them.
    #[must_use]
    pub fn without_duplicate_links(&self) -> Self {
        let receipts = self.receipts.iter().cloned().map(|receipt| Receipt { duplicate_of: Vec::new(), ..receipt });
        Self { receipts: receipts.collect(), ..self.clone() }
    }

    /// The expense without cap and decisions.
    #[must_use]
    pub fn without_decisions(self) -> Self {
        Self { cap: None, approved: None, ..self }
    }
}

/// Conversions of the facts to the report's currency and to the base currency.
fn convert(
    facts: &ExpenseFacts,
    currency: Currency,
    rates: &RateBook,
) -> Result<(Option<Conversion>, Option<Conversion>), ConversionError> {
    let convert = |to| rates.convert(facts.amount, facts.tax, to, facts.date);
    let converted = convert(currency)?;
    let base = if rates.base() == currency { converted.clone() } else { convert(rates.base())? };
    Ok((converted, base))
}
