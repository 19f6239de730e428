//! Changes to the facts of an expense. A stated tax stays until another is stated; a default follows what it depends on.

use jiff::civil::Date;

use super::{ExpenseFacts, PaymentMethod, RefundOf};
use crate::money::{Currency, Money};
use crate::patch::Patch;
use crate::policy::Policy;
use crate::tax::{StatedTaxes, TaxError, TaxSource};
use crate::text::{
    Attendee, CategoryCode, CostCentreCode, CountryCode, Merchant, Note, ProjectCode, ReceiptReference, TripName,
};

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
    /// Taxes within the amount. Removed, they are the category's default.
    pub taxes: Patch<StatedTaxes>,
    /// Country where the money was spent.
    pub country: Patch<CountryCode>,
    /// Expense that a refund is for.
    pub refund_of: Patch<RefundOf>,
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
    /// Facts after the change. Taxes that the patch leaves out stay as stated, with their rates applied to the new
    /// amount; defaults are those of the new values.
    ///
    /// # Errors
    /// [`TaxError`] when the stated taxes do not fit the new amount.
    pub fn apply(self, current: &ExpenseFacts, policy: &Policy, base: Currency) -> Result<ExpenseFacts, TaxError> {
        let amount = self.amount.unwrap_or(current.amount);
        let stated = self.taxes.apply(current.stated_taxes());
        let tax_source = if stated.is_some() { TaxSource::Stated } else { TaxSource::Default };
        let (tax, taxes) = match stated {
            Some(stated) => stated.within(amount)?,
            None => (Money::zero(amount.currency()), Vec::new()),
        };
        let facts = ExpenseFacts {
            date: self.date.unwrap_or(current.date),
            category: self.category.unwrap_or_else(|| current.category.clone()),
            merchant: self.merchant.unwrap_or_else(|| current.merchant.clone()),
            amount,
            tax,
            tax_source,
            taxes,
            country: self.country.apply(current.country.clone()),
            refund_of: self.refund_of.apply(current.refund_of),
            payment_method: self.payment_method.unwrap_or(current.payment_method),
            note: self.note.apply(current.note.clone()),
            justification: self.justification.apply(current.justification.clone()),
            receipt_reference: self.receipt_reference.apply(current.receipt_reference.clone()),
            attendees: self.attendees.apply(Some(current.attendees.clone())).unwrap_or_default(),
            project: self.project.apply(current.project.clone()),
            cost_centre: self.cost_centre.apply(current.cost_centre.clone()),
            trip: self.trip.apply(current.trip.clone()),
        };
        Ok(facts.with_default_taxes(policy, base))
    }
}
