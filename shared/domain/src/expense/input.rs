//! Input for an expense, new or changed: a tax that is left out is the category's default.

use jiff::civil::Date;

use super::{ExpenseFacts, PaymentMethod};
use crate::money::Money;
use crate::patch::Patch;
use crate::policy::Policy;
use crate::tax;
use crate::text::{Attendee, CategoryCode, CostCentreCode, Merchant, Note, ProjectCode, ReceiptReference, TripName};

/// Expense as entered, with or without its tax.
#[derive(Clone, Debug)]
pub struct ExpenseInput {
    /// Values entered. The tax is zero where none was given.
    pub facts: ExpenseFacts,
    /// True when the tax was given.
    pub has_tax: bool,
}

impl ExpenseInput {
    /// Facts of the expense. A tax that was not given is the category's default.
    #[must_use]
    pub fn facts(self, policy: &Policy) -> ExpenseFacts {
        let rate = policy.category(&self.facts.category).and_then(|category| category.default_tax);
        let Some(rate) = rate.filter(|_| !self.has_tax) else { return self.facts };
        let taxes = tax::included_taxes(self.facts.amount, &[rate]).unwrap_or_default();
        let tax = taxes.first().copied().unwrap_or(self.facts.tax);
        ExpenseFacts { tax, ..self.facts }
    }
}

/// Changes to the facts of an expense.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpensePatch {
    /// Day the money was spent.
    pub date: Option<Date>,
    /// Category.
    pub category: Option<CategoryCode>,
    /// Merchant.
    pub merchant: Option<Merchant>,
    /// Amount paid, tax included.
    pub amount: Option<Money>,
    /// Tax within the amount. Removed, it is the category's default.
    pub tax: Patch<Money>,
    /// Payment method.
    pub payment_method: Option<PaymentMethod>,
    /// Purpose.
    pub note: Patch<Note>,
    /// Justification of what the policy found.
    pub justification: Patch<Note>,
    /// Place of the receipt.
    pub receipt_reference: Patch<ReceiptReference>,
    /// Attendees.
    pub attendees: Patch<Vec<Attendee>>,
    /// Project.
    pub project: Patch<ProjectCode>,
    /// Cost centre.
    pub cost_centre: Patch<CostCentreCode>,
    /// Trip.
    pub trip: Patch<TripName>,
}

impl ExpensePatch {
    /// Facts after the change. A tax that the patch leaves out stays, unless it was the category's default or the
    /// currency changes: then it is the default of the new amount and category.
    #[must_use]
    pub fn apply(self, current: &ExpenseFacts, policy: &Policy) -> ExpenseFacts {
        let amount = self.amount.unwrap_or(current.amount);
        let keeps_tax = amount.currency() == current.tax.currency() && !has_default_tax(current, policy);
        let tax = self.tax.apply(keeps_tax.then_some(current.tax));
        let facts = ExpenseFacts {
            date: self.date.unwrap_or(current.date),
            category: self.category.unwrap_or_else(|| current.category.clone()),
            merchant: self.merchant.unwrap_or_else(|| current.merchant.clone()),
            amount,
            tax: tax.unwrap_or(Money::zero(amount.currency())),
            payment_method: self.payment_method.unwrap_or(current.payment_method),
            note: self.note.apply(current.note.clone()),
            justification: self.justification.apply(current.justification.clone()),
            receipt_reference: self.receipt_reference.apply(current.receipt_reference.clone()),
            attendees: self.attendees.apply(Some(current.attendees.clone())).unwrap_or_default(),
            project: self.project.apply(current.project.clone()),
            cost_centre: self.cost_centre.apply(current.cost_centre.clone()),
            trip: self.trip.apply(current.trip.clone()),
        };
        ExpenseInput { facts, has_tax: tax.is_some() }.facts(policy)
    }
}

/// True when the tax of an expense is its category's default.
fn has_default_tax(facts: &ExpenseFacts, policy: &Policy) -> bool {
    let without_tax = ExpenseFacts { tax: Money::zero(facts.tax.currency()), ..facts.clone() };
    ExpenseInput { facts: without_tax, has_tax: false }.facts(policy).tax == facts.tax
}
