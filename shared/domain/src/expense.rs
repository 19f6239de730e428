//! An expense: one line of a report.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::conversion::{Conversion, ConversionFault, RateBook};
use crate::ids::{ExpenseId, MemberId};
use crate::money::{Currency, Money};
use crate::policy::Policy;
use crate::receipt::Receipt;
use crate::tax;

/// Who has paid the merchant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// The owner, who wants the money back.
    #[default]
    Personal,
    /// The organisation, by its card: counted, not reimbursed.
    CompanyCard,
}

/// What a person enters for one expense, checked: the tax is in the amount's currency and not above it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpenseFacts {
    /// The day the money was spent.
    pub date: Date,
    /// Code of a category of the policy.
    pub category: String,
    /// Who was paid.
    pub merchant: String,
    /// What was paid, tax included, in the currency it was paid in.
    pub amount: Money,
    /// The tax within the amount, same currency.
    pub tax: Money,
    /// Who paid.
    pub payment_method: PaymentMethod,
    /// What it was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why a limit was exceeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// Where the receipt is kept: a document number or a file name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_reference: Option<String>,
    /// Who was there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attendees: Vec<String>,
    /// Code of the project it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Code of the cost centre that bears it; that of the report, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_centre: Option<String>,
    /// The trip it belongs to, by any name that its other expenses use too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip: Option<String>,
}

impl ExpenseFacts {
    /// Whether `other`, in place of this, differs in nothing but the wording of texts (note, justification, attendees): everything
    /// else puts a report back through approval. So does a justification, or who was there, that is no longer said: rules ask
    /// whether they are.
    #[must_use]
    pub fn same_claim(&self, other: &Self) -> bool {
        let gone = (self.justification.is_some() && other.justification.is_none())
            || (!self.attendees.is_empty() && other.attendees.is_empty());
        let texts = |facts: &Self| (facts.note.clone(), facts.justification.clone(), facts.attendees.clone());
        let (note, justification, attendees) = texts(other);
        !gone && Self { note, justification, attendees, ..self.clone() } == *other
    }
}

/// What a person enters for one expense, with or without its tax.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was entered; the tax is nothing where none was said.
    pub facts: ExpenseFacts,
    /// Whether the tax was said.
    pub tax_said: bool,
}

impl Entry {
    /// What is entered in place of facts that are there. A tax that is not said (`None`) stays, but for one that was the category's:
    /// that follows the amount, and so does one that is removed (`Some(None)`).
    #[must_use]
    pub fn over(current: &ExpenseFacts, facts: ExpenseFacts, tax: Option<Option<Money>>, policy: &Policy) -> Self {
        let was = Self {
            facts: ExpenseFacts { tax: Money::zero(current.tax.currency()), ..current.clone() },
            tax_said: false,
        };
        let defaulted = was.facts(policy).tax == current.tax;
        let stays = current.tax.currency() == facts.amount.currency() && !defaulted;
        let kept = tax.unwrap_or_else(|| stays.then_some(current.tax));
        let facts = ExpenseFacts { tax: kept.unwrap_or(Money::zero(facts.amount.currency())), ..facts };
        Self { facts, tax_said: kept.is_some() }
    }

    /// The facts; a tax that was not said is the category's.
    #[must_use]
    pub fn facts(self, policy: &Policy) -> ExpenseFacts {
        let rate = policy.category(&self.facts.category).and_then(|category| category.default_tax);
        let Some(rate) = rate.filter(|_| !self.tax_said) else { return self.facts };
        let taxes = tax::included(self.facts.amount, &[rate]).unwrap_or_default();
        let tax = taxes.first().copied().unwrap_or(self.facts.tax);
        ExpenseFacts { tax, ..self.facts }
    }
}

/// What an approver lets be reimbursed of a line that he does not let pass in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineApproval {
    /// In the currency of the line; at most what is claimed, and what a cap leaves of it.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: MemberId,
}

/// A line of a report: what was entered, and what it is worth elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expense {
    /// Identifier, `exp_…`.
    pub id: ExpenseId,
    /// What was entered.
    #[serde(flatten)]
    pub facts: ExpenseFacts,
    /// The amount in the report's currency, when it was paid in another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Conversion>,
    /// The amount in the organisation's base currency, when it was paid in another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Conversion>,
    /// The most that the policy lets be reimbursed, in the currency of the line, when that is less than the amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Money>,
    /// What an approver lets be reimbursed, when that is less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<LineApproval>,
    /// The files behind it, in the order they were declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<Receipt>,
}

impl Expense {
    /// A line from what was entered, converted to the report's and the base currency by the rate of its day.
    ///
    /// # Errors
    /// A [`ConversionFault`] when a rate is missing or an amount leaves the range.
    pub fn new(
        id: ExpenseId,
        facts: ExpenseFacts,
        currency: Currency,
        rates: &RateBook,
    ) -> Result<Self, ConversionFault> {
        let convert = |to| rates.convert(facts.amount, facts.tax, to, facts.date);
        let converted = convert(currency)?;
        let base = if rates.base() == currency { converted.clone() } else { convert(rates.base())? };
        Ok(Self { id, facts, converted, base, cap: None, approved: None, receipts: Vec::new() })
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

    /// Amount in the base currency, in which reports are routed.
    #[must_use]
    pub fn amount_in_base(&self) -> Money {
        self.base.as_ref().map_or(self.facts.amount, |conversion| conversion.amount)
    }

    /// What is granted of the amount so far, in the currency of the line: all of it, unless a cap or an approver said less.
    #[must_use]
    pub fn granted(&self) -> Money {
        let decided = self.approved.as_ref().map(|approval| approval.amount);
        decided.or(self.cap).unwrap_or(self.facts.amount)
    }

    /// The part of `amount`, which is this line's in some currency, that is granted; rounded half-even.
    #[must_use]
    pub fn granted_of(&self, amount: Money) -> Money {
        let granted = self.granted();
        if granted == self.facts.amount {
            return amount;
        }
        // A part of an amount is in the range of the amount.
        amount.portion(granted.minor(), self.facts.amount.minor()).unwrap_or(amount)
    }

    /// Whether something stands for it: a file that was looked at, or a word on where the receipt is kept.
    #[must_use]
    pub fn has_receipt(&self) -> bool {
        self.facts.receipt_reference.is_some() || self.receipts.iter().any(Receipt::is_clean)
    }

    /// The line as everybody may read it who reads about it: without the other reports that have the same receipt.
    #[must_use]
    pub fn told(&self) -> Self {
        let receipts = self.receipts.iter().cloned().map(|receipt| Receipt { also_on: Vec::new(), ..receipt });
        Self { receipts: receipts.collect(), ..self.clone() }
    }

    /// The line as it was before anybody decided on it.
    #[must_use]
    pub fn undecided(self) -> Self {
        Self { cap: None, approved: None, ..self }
    }
}
