//! Expenses over the API.

use jiff::Timestamp;
use outlay_domain::conversion::Conversion;
use outlay_domain::expense::{Expense, ExpenseFacts, ExpensePatch, PaymentMethod, ReducedBy, RefundOf};
use outlay_domain::money::Money;
use outlay_domain::patch::Patch;
use outlay_domain::tax::{StatedTaxes, TaxSource};
use outlay_domain::text::Attendee;
use outlay_http::endpoint::Input;
use outlay_input::FieldErrors;
use outlay_input::parse::optional;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::MoneyDto;
use super::receipt::ReceiptOut;
use super::tax::{MAX_TAXES, TaxIn, TaxOut, parse_patched_taxes, parse_stated_taxes, push_tax_error};

/// Largest number of attendees of an expense.
pub const MAX_ATTENDEES: u64 = 50;

/// Expense to add.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpenseIn {
    /// Day the money was spent, `YYYY-MM-DD`; from 2000-01-01 to today in UTC+14.
    #[schema(format = Date, example = "2026-11-12")]
    pub date: String,
    /// Code of a category of the policy; 1 to 40 lower-case letters, digits, `-` or `_`.
    #[schema(example = "meals")]
    pub category: String,
    /// Merchant; 1 to 200 characters.
    #[schema(example = "Brasserie Georges")]
    pub merchant: String,
    /// Amount paid, tax included. Negative for a refund, which must not be larger than what it refunds.
    pub amount: MoneyDto,
    /// Expense that a refund is for. Without it, a refund is for the expenses of this report with the same merchant,
    /// currency and payment method.
    #[validate(nested)]
    pub refund_of: Option<RefundOfDto>,
    /// Sum of the taxes within the amount, in the same currency and at most the amount. When neither `tax` nor `taxes`
    /// is sent, the category's default for the country and currency, or zero.
    pub tax: Option<MoneyDto>,
    /// Each tax within the amount, in place of `tax`; at most 10. They add up to at most the amount.
    #[validate(length(max = "MAX_TAXES"))]
    pub taxes: Option<Vec<TaxIn>>,
    /// Country where the money was spent: its two-letter code (ISO 3166-1). The category's default taxes depend on it.
    #[schema(example = "FR")]
    pub country: Option<String>,
    /// Payment method; `personal` when absent.
    pub payment_method: Option<PaymentMethod>,
    /// Purpose; 1 to 2000 characters, line breaks allowed.
    pub note: Option<String>,
    /// Justification of what the policy finds, such as an exceeded limit; 1 to 2000 characters, line breaks allowed.
    pub justification: Option<String>,
    /// Place of a receipt that is not uploaded, such as a document number; 1 to 200 characters.
    pub receipt_reference: Option<String>,
    /// Attendees; at most 50, each of 1 to 200 characters.
    #[validate(length(max = "MAX_ATTENDEES"))]
    pub attendees: Option<Vec<String>>,
    /// Code of a project; 1 to 40 characters.
    pub project: Option<String>,
    /// Code of a cost centre, 1 to 40 characters; the report's cost centre when absent.
    pub cost_centre: Option<String>,
    /// Name of the trip, 1 to 40 characters; the same for all expenses of the trip.
    pub trip: Option<String>,
}

impl Input for ExpenseIn {
    type Checked = ExpenseFacts;

    fn check(self, now: Timestamp, errors: &mut FieldErrors) -> Option<ExpenseFacts> {
        let is_sum = self.tax.is_some();
        let date = errors.parse_expense_date("date", self.date, now);
        let category = errors.parse("category", self.category);
        let merchant = errors.parse("merchant", self.merchant);
        let amount = self.amount.parse_signed("amount", errors);
        require_not_zero(amount, errors);
        let refund_of = optional(self.refund_of, |of| errors.within("refund_of", |errors| of.parse(errors)));
        require_refund(amount, refund_of.flatten(), errors);
        let stated = parse_stated_taxes(self.tax, self.taxes, errors);
        let country = errors.parse_optional("country", self.country);
        let note = errors.parse_optional("note", self.note);
        let justification = errors.parse_optional("justification", self.justification);
        let receipt_reference = errors.parse_optional("receipt_reference", self.receipt_reference);
        let attendees = errors.parse_list("attendees", self.attendees.unwrap_or_default());
        let project = errors.parse_optional("project", self.project);
        let cost_centre = errors.parse_optional("cost_centre", self.cost_centre);
        let trip = errors.parse_optional("trip", self.trip);
        let (amount, stated) = (amount?, stated?);
        let tax_source = if stated.is_some() { TaxSource::Stated } else { TaxSource::Default };
        let stated = stated.unwrap_or(StatedTaxes::Sum(Money::zero(amount.currency())));
        let within = stated.within(amount).map_err(|error| push_tax_error(amount, is_sum, error, errors));
        let (tax, taxes) = within.ok()?;
        Some(ExpenseFacts {
            date: date?,
            category: category?,
            merchant: merchant?,
            amount,
            tax,
            tax_source,
            taxes,
            country: country?,
            refund_of: refund_of?,
            payment_method: self.payment_method.unwrap_or_default(),
            note: note?,
            justification: justification?,
            receipt_reference: receipt_reference?,
            attendees: attendees?,
            project: project?,
            cost_centre: cost_centre?,
            trip: trip?,
        })
    }
}

/// Requires an amount to be above zero; the error is at `amount/amount`.
pub fn require_positive(amount: Option<Money>, errors: &mut FieldErrors) {
    if amount.is_some_and(|amount| amount.minor() <= 0) {
        errors.within("amount", |errors| errors.push("amount", "positive", "Must be above zero."));
    }
}

/// Requires an amount other than zero; the error is at `amount/amount`.
fn require_not_zero(amount: Option<Money>, errors: &mut FieldErrors) {
    if amount.is_some_and(|amount| amount.minor() == 0) {
        errors
            .within("amount", |errors| errors.push("amount", "positive", "Must be above zero, or below for a refund."));
    }
}

/// Requires the amount of a refund to be negative; the error is at `refund_of`.
pub fn require_refund(amount: Option<Money>, refund_of: Option<RefundOf>, errors: &mut FieldErrors) {
    if refund_of.is_some() && amount.is_some_and(|amount| amount.minor() > 0) {
        errors.push("refund_of", "refund", "Only an expense with a negative amount is a refund.");
    }
}

/// Requires a tax to be in the currency of its amount and at most the amount, on the same side of zero; the error is
/// below `tax`.
pub fn require_tax_within(amount: Money, tax: Money, errors: &mut FieldErrors) {
    errors.within("tax", |errors| {
        if tax.currency() != amount.currency() {
            errors.push("currency", "same-currency", "Must be the currency of the amount.");
        } else if tax.minor().signum() * amount.minor().signum() < 0 {
            let detail = if tax.minor() < 0 { "Must not be negative." } else { "Must not be above zero in a refund." };
            errors.push("amount", "positive", detail);
        } else if tax.minor().unsigned_abs() > amount.minor().unsigned_abs() {
            errors.push("amount", "maximum", "Must not be more than the amount it is part of.");
        }
    });
}

/// Changes to an expense. Fields left out stay; optional fields set to null are removed.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[schema(as = ExpensePatch)]
#[serde(deny_unknown_fields)]
pub struct ExpensePatchIn {
    /// Day the money was spent, `YYYY-MM-DD`; from 2000-01-01 to today in UTC+14.
    #[schema(value_type = Option<String>, format = Date, example = "2026-11-12", nullable = false)]
    pub date: Patch<String>,
    /// Code of a category of the policy.
    #[schema(value_type = Option<String>, nullable = false)]
    pub category: Patch<String>,
    /// Merchant; 1 to 200 characters.
    #[schema(value_type = Option<String>, nullable = false)]
    pub merchant: Patch<String>,
    /// Amount paid, tax included. Negative for a refund, which must not be larger than what it refunds.
    #[schema(value_type = Option<MoneyDto>, nullable = false)]
    pub amount: Patch<MoneyDto>,
    /// Expense that a refund is for.
    #[schema(value_type = Option<RefundOfDto>)]
    pub refund_of: Patch<RefundOfDto>,
    /// Sum of the taxes within the amount, in the same currency; the category's default when null. Left out together
    /// with `taxes`, a default follows the other fields, and stated taxes stay: those stated by rate are computed anew.
    #[schema(value_type = Option<MoneyDto>)]
    pub tax: Patch<MoneyDto>,
    /// Each tax within the amount, in place of `tax`; at most 10. The category's default when null.
    #[schema(value_type = Option<Vec<TaxIn>>)]
    pub taxes: Patch<Vec<TaxIn>>,
    /// Country where the money was spent: its two-letter code (ISO 3166-1).
    #[schema(value_type = Option<String>)]
    pub country: Patch<String>,
    /// Payment method.
    #[schema(value_type = Option<PaymentMethod>, nullable = false)]
    pub payment_method: Patch<PaymentMethod>,
    /// Purpose; 1 to 2000 characters.
    #[schema(value_type = Option<String>)]
    pub note: Patch<String>,
    /// Justification of what the policy finds; 1 to 2000 characters.
    #[schema(value_type = Option<String>)]
    pub justification: Patch<String>,
    /// Place of a receipt that is not uploaded; 1 to 200 characters.
    #[schema(value_type = Option<String>)]
    pub receipt_reference: Patch<String>,
    /// Attendees; at most 50, each of 1 to 200 characters.
    #[schema(value_type = Option<Vec<String>>)]
    pub attendees: Patch<Vec<String>>,
    /// Code of a project; 1 to 40 characters.
    #[schema(value_type = Option<String>)]
    pub project: Patch<String>,
    /// Code of a cost centre; 1 to 40 characters.
    #[schema(value_type = Option<String>)]
    pub cost_centre: Patch<String>,
    /// Name of the trip; 1 to 40 characters.
    #[schema(value_type = Option<String>)]
    pub trip: Patch<String>,
}

impl Input for ExpensePatchIn {
    type Checked = ExpensePatch;

    fn check(self, now: Timestamp, errors: &mut FieldErrors) -> Option<ExpensePatch> {
        let date = errors.not_null("date", self.date);
        let date = optional(date, |date| errors.parse_expense_date("date", date, now));
        let category = errors.not_null("category", self.category);
        let category = errors.parse_optional("category", category);
        let merchant = errors.not_null("merchant", self.merchant);
        let merchant = errors.parse_optional("merchant", merchant);
        let amount = errors.not_null("amount", self.amount);
        let amount = optional(amount, |amount| amount.parse_signed("amount", errors));
        require_not_zero(amount.flatten(), errors);
        let refund_of = self.refund_of.try_map(|of| errors.within("refund_of", |errors| of.parse(errors)));
        let taxes = parse_patched_taxes(self.tax, self.taxes, errors);
        let country = errors.parse_patch("country", self.country);
        let payment_method = errors.not_null("payment_method", self.payment_method);
        let note = errors.parse_patch("note", self.note);
        let justification = errors.parse_patch("justification", self.justification);
        let receipt_reference = errors.parse_patch("receipt_reference", self.receipt_reference);
        let attendees = self.attendees.try_map(|attendees| parse_attendees(attendees, errors));
        let project = errors.parse_patch("project", self.project);
        let cost_centre = errors.parse_patch("cost_centre", self.cost_centre);
        let trip = errors.parse_patch("trip", self.trip);
        Some(ExpensePatch {
            date: date?,
            category: category?,
            merchant: merchant?,
            amount: amount?,
            taxes: taxes?,
            country: country?,
            refund_of: refund_of?,
            payment_method,
            note: note?,
            justification: justification?,
            receipt_reference: receipt_reference?,
            attendees: attendees?,
            project: project?,
            cost_centre: cost_centre?,
            trip: trip?,
        })
    }
}

// `validator` does not look into a patch.
fn parse_attendees(attendees: Vec<String>, errors: &mut FieldErrors) -> Option<Vec<Attendee>> {
    if attendees.len() as u64 > MAX_ATTENDEES {
        errors.push("attendees", "length", format!("Must have at most {MAX_ATTENDEES} entries."));
    }
    errors.parse_list("attendees", attendees)
}

/// Expense that a refund gives money back for.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = RefundOf)]
#[serde(deny_unknown_fields)]
pub struct RefundOfDto {
    /// Expense, `exp_…`: of this report, or of another report of the owner that is submitted or approved.
    pub expense_id: String,
    /// Day of that expense, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub date: String,
}

impl RefundOfDto {
    fn parse(self, errors: &mut FieldErrors) -> Option<RefundOf> {
        let detail = "Must be the identifier of an expense.";
        let expense_id = errors.require("expense_id", self.expense_id.parse().ok(), "unknown-expense", detail);
        let date = errors.parse_date("date", self.date);
        Some(RefundOf { expense_id: expense_id?, date: date? })
    }
}

impl From<RefundOf> for RefundOfDto {
    fn from(of: RefundOf) -> Self {
        Self { expense_id: of.expense_id.to_string(), date: of.date.to_string() }
    }
}

impl ExpenseOut {
    /// The expense in a report of which nothing is granted.
    #[must_use]
    pub fn not_granted(expense: &Expense) -> Self {
        let amount = expense.facts.amount;
        let by_card = expense.facts.payment_method == PaymentMethod::CompanyCard;
        Self {
            approved_amount: Money::zero(amount.currency()).into(),
            repayable: by_card.then(|| amount.into()),
            ..Self::from(expense)
        }
    }
}

/// Amount and tax converted to another currency, with the rate they were converted at.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Conversion)]
pub struct ConversionOut {
    /// Converted amount, rounded half-even to the minor unit.
    pub amount: MoneyDto,
    /// Converted tax, rounded half-even to the minor unit.
    pub tax: MoneyDto,
    /// Units of the target currency for one unit of the original currency.
    #[schema(example = "1.1623")]
    pub rate: String,
    /// Day of the rate, `YYYY-MM-DD`. Of two combined rates, the earlier day.
    #[schema(format = Date)]
    pub date: String,
    /// Source of the rate. Of two combined rates, both sources joined by ` / `.
    #[schema(example = "ECB")]
    pub source: String,
    /// Currency through which the rate was computed from two other rates, ISO 4217 code; null for a rate of the pair
    /// itself.
    #[schema(example = "EUR")]
    pub via: Option<String>,
}

impl From<&Conversion> for ConversionOut {
    fn from(conversion: &Conversion) -> Self {
        Self {
            amount: conversion.amount.into(),
            tax: conversion.tax.into(),
            rate: conversion.rate.to_string(),
            date: conversion.date.to_string(),
            source: conversion.source.clone(),
            via: conversion.via.map(String::from),
        }
    }
}

/// Expense of a report.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Expense)]
pub struct ExpenseOut {
    /// Identifier, `exp_…`.
    pub id: String,
    /// Day the money was spent, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub date: String,
    /// Code of the category.
    pub category: String,
    /// Merchant.
    pub merchant: String,
    /// Amount paid, tax included; negative for a refund.
    pub amount: MoneyDto,
    /// Sum of the taxes within the amount.
    pub tax: MoneyDto,
    /// Origin of the taxes: `stated`, or the category's `default`, which follows the other fields until submission.
    pub tax_source: TaxSource,
    /// Each tax, when they are known by rate or one by one; they add up to `tax`.
    pub taxes: Vec<TaxOut>,
    /// Country where the money was spent (ISO 3166-1).
    pub country: Option<String>,
    /// Expense that a refund names.
    pub refund_of: Option<RefundOfDto>,
    /// Payment method.
    pub payment_method: PaymentMethod,
    /// Purpose.
    pub note: Option<String>,
    /// Justification of what the policy finds.
    pub justification: Option<String>,
    /// Place of a receipt that is not uploaded.
    pub receipt_reference: Option<String>,
    /// Attendees.
    pub attendees: Vec<String>,
    /// Code of the project.
    pub project: Option<String>,
    /// Code of the cost centre; null when it is the report's.
    pub cost_centre: Option<String>,
    /// Name of the trip.
    pub trip: Option<String>,
    /// Amount granted so far. Less than `amount` when the policy caps it or an approver grants less.
    pub approved_amount: MoneyDto,
    /// Reason why `approved_amount` is less than `amount`: what the approver wrote, or a sentence about the cap.
    pub approved_reason: Option<String>,
    /// Part of a payment by company card that is not granted: the owner owes it to the organisation. Null when there is
    /// none.
    pub repayable: Option<MoneyDto>,
    /// What made `approved_amount` less than `amount`: a `cap` of the policy or an `approver`; null when it is not less.
    pub reduced_by: Option<ReducedBy>,
    /// Amount in the report's currency; null when it was paid in that currency.
    pub converted: Option<ConversionOut>,
    /// Amount in the organisation's base currency; null when it was paid in that currency.
    pub base: Option<ConversionOut>,
    /// Receipts, in the order they were declared.
    pub receipts: Vec<ReceiptOut>,
}

impl From<&Expense> for ExpenseOut {
    fn from(expense: &Expense) -> Self {
        let facts = expense.facts.clone();
        Self {
            id: expense.id.to_string(),
            date: facts.date.to_string(),
            category: facts.category.into(),
            merchant: facts.merchant.into(),
            amount: facts.amount.into(),
            tax: facts.tax.into(),
            tax_source: facts.tax_source,
            taxes: facts.taxes.iter().map(Into::into).collect(),
            country: facts.country.map(Into::into),
            refund_of: facts.refund_of.map(Into::into),
            payment_method: facts.payment_method,
            note: facts.note.map(Into::into),
            justification: facts.justification.map(Into::into),
            receipt_reference: facts.receipt_reference.map(Into::into),
            attendees: facts.attendees.into_iter().map(Into::into).collect(),
            project: facts.project.map(Into::into),
            cost_centre: facts.cost_centre.map(Into::into),
            trip: facts.trip.map(Into::into),
            approved_amount: expense.granted().into(),
            repayable: expense.repayable().map(Into::into),
            approved_reason: expense.reduction_reason(),
            reduced_by: expense.reduced_by(),
            converted: expense.converted.as_ref().map(Into::into),
            base: expense.base.as_ref().map(Into::into),
            receipts: expense.receipts.iter().map(Into::into).collect(),
        }
    }
}
