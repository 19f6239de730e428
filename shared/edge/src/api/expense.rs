//! Expenses over the API.

use jiff::Timestamp;
use outlay_domain::conversion::Conversion;
use outlay_domain::expense::{Entry, Expense, ExpenseFacts, PaymentMethod};
use outlay_domain::money::Money;
use outlay_domain::policy::Policy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::MoneyIo;
use super::receipt::ReceiptOut;
use crate::call::Input;
use crate::checks;
use crate::decode::Patch;
use crate::fault::Faults;

/// Who has paid the merchant.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentMethod)]
pub enum PaymentMethodIo {
    /// The owner, who gets the money back.
    Personal,
    /// The organisation, by its card.
    CompanyCard,
}

impl From<PaymentMethodIo> for PaymentMethod {
    fn from(method: PaymentMethodIo) -> Self {
        match method {
            PaymentMethodIo::Personal => Self::Personal,
            PaymentMethodIo::CompanyCard => Self::CompanyCard,
        }
    }
}

impl From<PaymentMethod> for PaymentMethodIo {
    fn from(method: PaymentMethod) -> Self {
        match method {
            PaymentMethod::Personal => Self::Personal,
            PaymentMethod::CompanyCard => Self::CompanyCard,
        }
    }
}

/// An expense to add.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = ExpenseIn)]
#[serde(deny_unknown_fields)]
pub struct ExpenseIn {
    /// The day the money was spent.
    #[schema(format = Date, example = "2026-11-12")]
    pub date: String,
    /// Code of a category of the policy.
    #[validate(custom(function = "checks::code"))]
    #[schema(example = "meals")]
    pub category: String,
    /// Who was paid; 1 to 200 characters.
    #[validate(custom(function = "checks::short_text"))]
    #[schema(example = "Brasserie Georges")]
    pub merchant: String,
    /// What was paid, tax included; more than nothing.
    pub amount: MoneyIo,
    /// The tax within the amount, in the same currency; by the category's default when absent, else nothing.
    pub tax: Option<MoneyIo>,
    /// Who paid; `personal` when absent.
    pub payment_method: Option<PaymentMethodIo>,
    /// What it was for; at most 2000 characters.
    #[validate(custom(function = "checks::long_text"))]
    pub note: Option<String>,
    /// Why what the policy found is all right: a limit exceeded, a day off, the same claim twice; at most 2000 characters.
    #[validate(custom(function = "checks::long_text"))]
    pub justification: Option<String>,
    /// Where the receipt is kept, when it is not uploaded: a document number or a file name; at most 200 characters.
    #[validate(custom(function = "checks::short_text"))]
    pub receipt_reference: Option<String>,
    /// Who was there; at most 50 people of at most 200 characters.
    #[validate(custom(function = "checks::people"))]
    pub attendees: Option<Vec<String>>,
    /// Code of the project it is for; at most 40 characters.
    #[validate(custom(function = "checks::label"))]
    pub project: Option<String>,
    /// Code of the cost centre that bears it; the report's when absent.
    #[validate(custom(function = "checks::label"))]
    pub cost_centre: Option<String>,
    /// The trip it belongs to, by any name of at most 40 characters that its other expenses use too.
    #[validate(custom(function = "checks::label"))]
    pub trip: Option<String>,
}

impl Input for ExpenseIn {
    type Checked = Entry;

    fn check(self, now: Timestamp, faults: &mut Faults) -> Option<Entry> {
        let tax_said = self.tax.is_some();
        let date = checks::spending_day(&self.date, "date", now, faults);
        let amount = self.amount.read("amount", faults);
        let tax = self.tax.as_ref().map(|tax| tax.read("tax", faults));
        positive(amount, faults);
        let amount = amount?;
        let tax = tax.unwrap_or_else(|| Some(Money::zero(amount.currency())))?;
        within(amount, tax, faults);
        let facts = ExpenseFacts {
            date: date?,
            category: self.category,
            merchant: checks::cleaned(&self.merchant),
            amount,
            tax,
            payment_method: self.payment_method.map_or_else(PaymentMethod::default, Into::into),
            note: checks::cleaned_option(self.note.as_deref()),
            justification: checks::cleaned_option(self.justification.as_deref()),
            receipt_reference: checks::cleaned_option(self.receipt_reference.as_deref()),
            attendees: checks::cleaned_list(self.attendees),
            project: checks::cleaned_option(self.project.as_deref()),
            cost_centre: checks::cleaned_option(self.cost_centre.as_deref()),
            trip: checks::cleaned_option(self.trip.as_deref()),
        };
        Some(Entry { facts, tax_said })
    }
}

/// Notes an amount that is not above zero.
pub fn positive(amount: Option<Money>, faults: &mut Faults) {
    if amount.is_some_and(|amount| amount.minor() <= 0) {
        faults.at("amount", |faults| {
            faults.note("amount", "positive", "Must be above zero.");
        });
    }
}

/// Notes a tax that is not within its amount, or in another currency.
pub fn within(amount: Money, tax: Money, faults: &mut Faults) {
    if tax.currency() != amount.currency() {
        faults.at("tax", |faults| {
            faults.note("currency", "same-currency", "Must be the currency of the amount.");
        });
    } else if tax.minor() > amount.minor() {
        faults.at("tax", |faults| {
            faults.note("amount", "maximum", "Must not be more than the amount it is part of.");
        });
    }
}

/// Changes to an expense: fields left out stay, optional ones set to null are removed.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpensePatch {
    /// The day the money was spent.
    #[schema(value_type = Option<String>, format = Date, example = "2026-11-12", nullable = false)]
    pub date: Patch<String>,
    /// Code of a category of the policy.
    #[schema(value_type = Option<String>, nullable = false)]
    pub category: Patch<String>,
    /// Who was paid.
    #[schema(value_type = Option<String>, nullable = false)]
    pub merchant: Patch<String>,
    /// What was paid, tax included.
    #[schema(value_type = Option<MoneyIo>, nullable = false)]
    pub amount: Patch<MoneyIo>,
    /// The tax within the amount, in the same currency; by the category's default when null. One that was the default follows the
    /// amount and the category.
    #[schema(value_type = Option<MoneyIo>)]
    pub tax: Patch<MoneyIo>,
    /// Who paid.
    #[schema(value_type = Option<PaymentMethodIo>, nullable = false)]
    pub payment_method: Patch<PaymentMethodIo>,
    /// What it was for.
    #[schema(value_type = Option<String>)]
    pub note: Patch<String>,
    /// Why a limit of the policy was exceeded.
    #[schema(value_type = Option<String>)]
    pub justification: Patch<String>,
    /// Where the receipt is kept.
    #[schema(value_type = Option<String>)]
    pub receipt_reference: Patch<String>,
    /// Who was there.
    #[schema(value_type = Option<Vec<String>>)]
    pub attendees: Patch<Vec<String>>,
    /// Code of the project it is for.
    #[schema(value_type = Option<String>)]
    pub project: Patch<String>,
    /// Code of the cost centre that bears it.
    #[schema(value_type = Option<String>)]
    pub cost_centre: Patch<String>,
    /// The trip it belongs to.
    #[schema(value_type = Option<String>)]
    pub trip: Patch<String>,
}

/// A checked [`ExpensePatch`].
#[derive(Debug)]
pub struct ExpenseChange {
    date: Option<jiff::civil::Date>,
    amount: Option<Money>,
    tax: Option<Money>,
    patch: ExpensePatch,
}

impl Input for ExpensePatch {
    type Checked = ExpenseChange;

    fn check(self, now: Timestamp, faults: &mut Faults) -> Option<ExpenseChange> {
        let date = self.date.value().and_then(|date| checks::spending_day(date, "date", now, faults));
        let amount = self.amount.value().and_then(|amount| amount.read("amount", faults));
        let tax = self.tax.value().and_then(|tax| tax.read("tax", faults));
        positive(amount, faults);
        for (name, text, check) in [
            ("category", &self.category, checks::code as fn(&str) -> _),
            ("merchant", &self.merchant, checks::short_text),
            ("note", &self.note, checks::long_text),
            ("justification", &self.justification, checks::long_text),
            ("receipt_reference", &self.receipt_reference, checks::short_text),
            ("project", &self.project, checks::label),
            ("cost_centre", &self.cost_centre, checks::label),
            ("trip", &self.trip, checks::label),
        ] {
            if let Some(Err(error)) = text.value().map(|text| check(text)) {
                faults.note(name, &error.code, error.message.unwrap_or_default());
            }
        }
        if let Some(Err(error)) = self.attendees.value().map(|list| checks::people(list)) {
            faults.note("attendees", &error.code, error.message.unwrap_or_default());
        }
        let removed = [
            ("date", self.date.is_null()),
            ("category", self.category.is_null()),
            ("merchant", self.merchant.is_null()),
            ("amount", self.amount.is_null()),
            ("payment_method", self.payment_method.is_null()),
        ];
        for (name, _) in removed.into_iter().filter(|(_, removed)| *removed) {
            faults.note(name, "required", "Must not be null.");
        }
        Some(ExpenseChange { date, amount, tax, patch: self })
    }
}

impl ExpenseChange {
    /// The line's facts after the change.
    ///
    /// # Errors
    /// The faults that only show beside what stays: a tax above the amount or in another currency.
    pub fn over(self, current: &ExpenseFacts, policy: &Policy) -> Result<ExpenseFacts, Faults> {
        let patch = self.patch;
        let tax = if patch.tax.is_null() { Some(None) } else { self.tax.map(Some) };
        let over = |patch: Patch<String>, current: Option<&String>| {
            checks::cleaned_option(patch.over(current.cloned()).as_deref())
        };
        let facts = ExpenseFacts {
            date: self.date.unwrap_or(current.date),
            category: patch.category.over(None).unwrap_or_else(|| current.category.clone()),
            merchant: over(patch.merchant, None).unwrap_or_else(|| current.merchant.clone()),
            amount: self.amount.unwrap_or(current.amount),
            tax: current.tax,
            payment_method: patch.payment_method.over(None).map_or(current.payment_method, Into::into),
            note: over(patch.note, current.note.as_ref()),
            justification: over(patch.justification, current.justification.as_ref()),
            receipt_reference: over(patch.receipt_reference, current.receipt_reference.as_ref()),
            attendees: checks::cleaned_list(patch.attendees.over(Some(current.attendees.clone()))),
            project: over(patch.project, current.project.as_ref()),
            cost_centre: over(patch.cost_centre, current.cost_centre.as_ref()),
            trip: over(patch.trip, current.trip.as_ref()),
        };
        let facts = Entry::over(current, facts, tax, policy).facts(policy);
        let mut faults = Faults::default();
        within(facts.amount, facts.tax, &mut faults);
        if faults.is_empty() { Ok(facts) } else { Err(faults) }
    }
}

/// An amount and its tax in another currency, with all that is needed to compute them again.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Conversion)]
pub struct ConversionOut {
    /// The converted amount, rounded half-even to the minor unit.
    pub amount: MoneyIo,
    /// The converted tax.
    pub tax: MoneyIo,
    /// Units of the target currency for one unit of the original one.
    #[schema(example = "1.1623")]
    pub rate: String,
    /// The day of the rate.
    #[schema(format = Date)]
    pub date: String,
    /// Where the rate comes from.
    #[schema(example = "ECB")]
    pub source: String,
}

impl From<&Conversion> for ConversionOut {
    fn from(conversion: &Conversion) -> Self {
        Self {
            amount: conversion.amount.into(),
            tax: conversion.tax.into(),
            rate: conversion.rate.to_string(),
            date: conversion.date.to_string(),
            source: conversion.source.clone(),
        }
    }
}

/// A line of a report.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Expense)]
pub struct ExpenseOut {
    /// Identifier, `exp_…`.
    pub id: String,
    /// The day the money was spent.
    #[schema(format = Date)]
    pub date: String,
    /// Code of a category of the policy.
    pub category: String,
    /// Who was paid.
    pub merchant: String,
    /// What was paid, tax included.
    pub amount: MoneyIo,
    /// The tax within the amount.
    pub tax: MoneyIo,
    /// Who paid.
    pub payment_method: PaymentMethodIo,
    /// What it was for.
    pub note: Option<String>,
    /// Why a limit of the policy was exceeded.
    pub justification: Option<String>,
    /// Where the receipt is kept.
    pub receipt_reference: Option<String>,
    /// Who was there.
    pub attendees: Vec<String>,
    /// Code of the project it is for.
    pub project: Option<String>,
    /// Code of the cost centre that bears it; that of the report, when null.
    pub cost_centre: Option<String>,
    /// The trip it belongs to.
    pub trip: Option<String>,
    /// What is granted of the amount so far: all of it, unless a cap of the policy or an approver said less.
    pub approved_amount: MoneyIo,
    /// Why an approver granted less.
    pub approved_reason: Option<String>,
    /// The amount in the report's currency; null when it was paid in it.
    pub converted: Option<ConversionOut>,
    /// The amount in the organisation's base currency; null when it was paid in it.
    pub base: Option<ConversionOut>,
    /// The files behind it.
    pub receipts: Vec<ReceiptOut>,
}

impl From<&Expense> for ExpenseOut {
    fn from(expense: &Expense) -> Self {
        Self {
            id: expense.id.to_string(),
            date: expense.facts.date.to_string(),
            category: expense.facts.category.clone(),
            merchant: expense.facts.merchant.clone(),
            amount: expense.facts.amount.into(),
            tax: expense.facts.tax.into(),
            payment_method: expense.facts.payment_method.into(),
            note: expense.facts.note.clone(),
            justification: expense.facts.justification.clone(),
            receipt_reference: expense.facts.receipt_reference.clone(),
            attendees: expense.facts.attendees.clone(),
            project: expense.facts.project.clone(),
            cost_centre: expense.facts.cost_centre.clone(),
            trip: expense.facts.trip.clone(),
            approved_amount: expense.granted().into(),
            approved_reason: expense.approved.as_ref().map(|approval| approval.reason.clone()),
            converted: expense.converted.as_ref().map(Into::into),
            base: expense.base.as_ref().map(Into::into),
            receipts: expense.receipts.iter().map(Into::into).collect(),
        }
    }
}
