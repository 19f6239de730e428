//! Entry of an approved report: expenses and input tax against what the member is owed, the card's clearing account and
//! what the member owes. It uses granted amounts only; what is not granted of an owner's own payment is not booked.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::entry::{EntryHead, EntrySide, EntrySource, JournalEntry, JournalLine, LineRole};
use super::error::LedgerError;
use super::period::BookingDate;
use super::settings::LedgerSettings;
use super::value::{Original, Value, consolidate, sum};
use crate::conversion::Rate;
use crate::expense::{Expense, PaymentMethod};
use crate::ids::{JournalEntryId, MemberId};
use crate::money::{Currency, Money, MoneyError};
use crate::policy::Policy;
use crate::report::{Report, ReportStatus};
use crate::tax::{LineTax, TaxRate};
use crate::text::{AccountCode, TaxCode};

/// What the entry of an approval is made with, beside the report.
#[derive(Clone, Copy, Debug)]
pub struct ApprovalBooking<'a> {
    /// Identifier of the entry.
    pub id: JournalEntryId,
    /// Day of the approval: the date of the document.
    pub approved_on: Date,
    /// Booking date.
    pub booking: BookingDate,
    /// Settings of the organisation.
    pub settings: &'a LedgerSettings,
    /// Policy, for the accounts of its categories.
    pub policy: &'a Policy,
}

/// Totals of a report in the base currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseTotals {
    /// Granted amount of the owner's own payments. Negative when refunds exceed it.
    pub reimbursable: Money,
    /// Amount by company card that is not granted. Negative when refunds exceed it.
    pub repayable: Money,
}

/// Totals of a report in the base currency. They are those of the report when its currency is the base currency, except
/// that they can be negative.
///
/// # Errors
/// [`MoneyError`] when a sum is out of range.
pub fn base_totals(report: &Report) -> Result<BaseTotals, MoneyError> {
    let base = report.base_total.currency();
    let zero = BaseTotals { reimbursable: Money::zero(base), repayable: Money::zero(base) };
    report.expenses.iter().try_fold(zero, |totals, expense| {
        let amount = expense.amount_in_base();
        let granted = expense.granted_of(amount);
        Ok(match expense.facts.payment_method {
            PaymentMethod::Personal => BaseTotals { reimbursable: totals.reimbursable.plus(granted)?, ..totals },
            PaymentMethod::CompanyCard => {
                BaseTotals { repayable: totals.repayable.plus(amount.minus(granted)?)?, ..totals }
            }
        })
    })
}

/// Books an approved report. Original amounts are in the report's currency, or in that of the expense when the report is
/// in the base currency. The payable lines add up to what is reimbursed, the receivable lines to what is repayable
/// ([`base_totals`]); a negative sum is on the other side. An amount that is zero in the base currency is left out.
///
/// # Errors
/// [`LedgerError`] when the report is not approved, an account is missing, or there is nothing to book.
pub fn book_approval(report: &Report, booking: &ApprovalBooking<'_>) -> Result<JournalEntry, LedgerError> {
    if report.status != ReportStatus::Approved {
        return Err(LedgerError::NotApproved(report.status));
    }
    let mut lines = Vec::new();
    let mut owed = Vec::new();
    for expense in &report.expenses {
        let mut parts = parts_of(report, expense, booking)?;
        let mut values: Vec<Value> = parts.iter().map(|part| part.value).collect();
        consolidate(&mut values)?;
        for (part, value) in parts.iter_mut().zip(&values) {
            part.value = *value;
        }
        let Some(total) = sum(&values)?.map(Value::negated) else { continue };
        lines.extend(parts.iter().filter_map(Part::line));
        match expense.facts.payment_method {
            PaymentMethod::Personal => owed.push((expense, total)),
            PaymentMethod::CompanyCard => {
                let merchant = &expense.facts.merchant;
                let clearing = total.line(booking.settings.card_clearing()?, LineRole::CardClearing, merchant);
                lines.extend(clearing.map(|line| JournalLine { expense: Some(expense.id), ..line }));
            }
        }
    }
    lines.extend(payable_lines(report, &owed, booking.settings)?);
    let head = EntryHead {
        id: booking.id,
        org: report.org,
        date: booking.booking.date,
        document_date: booking.approved_on,
        source: EntrySource::ReportApproved { report: report.id },
        reference: report.number.clone(),
        text: format!("{}: {}", report.owner_name, report.title),
    };
    JournalEntry::new(head, report.base_total.currency(), lines)
}

/// Member who is reimbursed.
fn payee(report: &Report) -> MemberId {
    report.payee.as_ref().map_or(report.owner, |payee| payee.id)
}

/// One payable line for each original currency, when both of its sums have one sign; otherwise one for each expense.
fn payable_lines(
    report: &Report,
    owed: &[(&Expense, Value)],
    settings: &LedgerSettings,
) -> Result<Vec<JournalLine>, LedgerError> {
    let mut by_currency: BTreeMap<Option<Currency>, Vec<(&Expense, Value)>> = BTreeMap::new();
    for (expense, value) in owed.iter().filter(|(_, value)| value.base.minor() != 0) {
        by_currency.entry(value.original_currency()).or_default().push((expense, *value));
    }
    let member = payee(report);
    let mut lines = Vec::new();
    for owed in by_currency.into_values() {
        let account = settings.payable(member)?;
        let values: Vec<Value> = owed.iter().map(|(_, value)| *value).collect();
        let Some(total) = sum(&values)? else { continue };
        let line = |value: Value, text: &str| {
            let line = value.line(account, LineRole::Payable, text)?;
            Some(JournalLine { member: Some(member), ..line })
        };
        let is_zero = total.base.minor() == 0 && total.original.is_none_or(|original| original.amount.minor() == 0);
        if is_zero || total.is_consistent() {
            lines.extend(line(total, &report.title));
        } else {
            let single = owed.iter().filter_map(|(expense, value)| {
                Some(JournalLine { expense: Some(expense.id), ..line(*value, &expense.facts.merchant)? })
            });
            lines.extend(single);
        }
    }
    Ok(lines)
}

/// Part of an expense that becomes a line.
struct Part {
    value: Value,
    line: JournalLine,
}

impl Part {
    /// Line with the part's value; none for zero.
    fn line(&self) -> Option<JournalLine> {
        let valued = self.value.line(&self.line.account, self.line.role, &self.line.text)?;
        Some(JournalLine { side: valued.side, amount: valued.amount, original: valued.original, ..self.line.clone() })
    }
}

/// Amounts of an expense in one currency.
#[derive(Clone, Copy)]
struct Amounts {
    amount: Money,
    tax: Money,
    rate: Option<Rate>,
}

/// Amounts of an expense in the base currency and in the original currency of its lines.
fn amounts_of(report: &Report, expense: &Expense) -> (Amounts, Option<Amounts>) {
    let facts = Amounts { amount: expense.facts.amount, tax: expense.facts.tax, rate: None };
    let to_base = expense.base.as_ref();
    let base = to_base.map_or(facts, |base| Amounts { amount: base.amount, tax: base.tax, rate: None });
    let currency = report.base_total.currency();
    if report.currency == currency {
        return (base, to_base.map(|base| Amounts { rate: Some(base.rate), ..facts }));
    }
    let of_base = to_base.map_or(Rate::ONE, |base| base.rate);
    let in_report = match &expense.converted {
        Some(to_report) => {
            Amounts { amount: to_report.amount, tax: to_report.tax, rate: of_base.divided_by(to_report.rate) }
        }
        None => Amounts { rate: Some(of_base), ..facts },
    };
    (base, Some(in_report))
}

/// Parts of an expense that are booked: reclaimed taxes, the rest of what is granted, and what the owner owes.
fn parts_of(report: &Report, expense: &Expense, booking: &ApprovalBooking<'_>) -> Result<Vec<Part>, LedgerError> {
    let (base, original) = amounts_of(report, expense);
    let value = |of: &dyn Fn(Amounts) -> Result<Money, MoneyError>| -> Result<Value, MoneyError> {
        let original = original.map(|amounts| Ok(Original { amount: of(amounts)?, rate: amounts.rate })).transpose()?;
        Ok(Value { base: of(base)?, original })
    };
    let settings = booking.settings;
    let granted = value(&|amounts| Ok(expense.granted_of(amounts.amount)))?;
    let granted_tax = value(&|amounts| Ok(expense.granted_of(amounts.tax)))?;
    let net = granted.base.minus(granted_tax.base)?;
    let mut rest = granted;
    let mut parts = Vec::new();
    for (at, tax) in taxes_of(expense, settings).into_iter().enumerate() {
        let Some(account) = settings.input_tax(expense.facts.country.as_ref(), tax) else { continue };
        let share = |money: Money| account.reclaimable.percentage_of(tax_share(expense, money, at)?);
        let original = granted_tax
            .original
            .map(|original| Ok::<_, MoneyError>(Original { amount: share(original.amount)?, ..original }))
            .transpose()?;
        let reclaimed = Value { base: share(granted_tax.base)?, original };
        rest = rest.minus(reclaimed)?;
        let text = tax.map_or_else(|| "Input tax".to_owned(), |rate| format!("Input tax {rate} %"));
        let line = line_of(expense, &account.account, LineRole::InputTax, &text);
        let line = JournalLine { tax_code: account.code.clone(), tax_base: Some(net), ..line };
        parts.push(Part { value: reclaimed, line });
    }
    if granted.base.minor() != 0 {
        let account = settings.expense_account(&expense.facts.category, booking.policy)?;
        let line = line_of(expense, &account, LineRole::Expense, &expense.facts.merchant);
        let cost_centre = expense.facts.cost_centre.as_ref().or(report.cost_centre.as_ref()).cloned();
        let tax_code = single_tax_code(&parts);
        let line = JournalLine { cost_centre, project: expense.facts.project.clone(), tax_code, ..line };
        parts.insert(0, Part { value: rest, line });
    }
    if expense.facts.payment_method == PaymentMethod::CompanyCard {
        let left = value(&|amounts| amounts.amount.minus(expense.granted_of(amounts.amount)))?;
        if left.base.minor() != 0 {
            let line = line_of(expense, settings.receivable()?, LineRole::Receivable, &expense.facts.merchant);
            parts.push(Part { value: left, line: JournalLine { member: Some(report.owner), ..line } });
        }
    }
    Ok(parts)
}

/// Line of an expense without amounts.
fn line_of(expense: &Expense, account: &AccountCode, role: LineRole, text: &str) -> JournalLine {
    JournalLine {
        account: account.clone(),
        side: EntrySide::Debit,
        amount: Money::zero(expense.facts.amount.currency()),
        original: None,
        role,
        cost_centre: None,
        project: None,
        tax_code: None,
        tax_base: None,
        member: None,
        expense: Some(expense.id),
        text: text.to_owned(),
    }
}

/// Tax code of the net amount: that of its input tax when there is one.
fn single_tax_code(parts: &[Part]) -> Option<TaxCode> {
    match parts {
        [part] => part.line.tax_code.clone(),
        _ => None,
    }
}

/// Rates of the taxes of an expense that may be reclaimed, one for each tax; `None` for an unknown rate.
fn taxes_of(expense: &Expense, settings: &LedgerSettings) -> Vec<Option<TaxRate>> {
    if expense.facts.tax.minor() == 0 || (settings.input_tax_needs_receipt && !expense.has_receipt()) {
        return Vec::new();
    }
    if has_single_taxes(expense) {
        return expense.facts.taxes.iter().map(|tax| tax.rate).collect();
    }
    vec![None]
}

/// True when the taxes of an expense are known one by one.
fn has_single_taxes(expense: &Expense) -> bool {
    expense.facts.taxes.iter().any(|tax| tax.amount.minor() != 0)
}

/// Share of the tax at this position in `money`, the whole tax. The shares add up; a refund is shared as its expense.
fn tax_share(expense: &Expense, money: Money, at: usize) -> Result<Money, MoneyError> {
    if !has_single_taxes(expense) {
        return Ok(money);
    }
    let weight = |tax: &LineTax| tax.amount.minor().unsigned_abs();
    let weights: Vec<u64> = expense.facts.taxes.iter().map(weight).collect();
    let is_negative = money.minor() < 0;
    let absolute = if is_negative { money.negated() } else { money };
    let share = absolute.allocate(&weights)?.get(at).copied().ok_or(MoneyError)?;
    Ok(if is_negative { share.negated() } else { share })
}
