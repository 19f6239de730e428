//! Split of a line into several whose amounts and taxes add up to it.

use jiff::Timestamp;

use super::ReportChange;
use super::draft::{ReportEdit, finish_edit, replace_lines};
use crate::conversion::Conversion;
use crate::error::{DomainError, LineError};
use crate::event::EventKind;
use crate::expense::{Expense, ExpenseFacts};
use crate::ids::{ExpenseId, IdGenerator};
use crate::money::{Money, MoneyError};
use crate::permission::{Edit, Permit};
use crate::tax::{LineTax, TaxSource};
use crate::text::{Attendee, CategoryCode, CostCentreCode, Note, ProjectCode};

/// Part of a split line.
#[derive(Clone, Debug)]
pub struct SplitPart {
    /// Amount, in the currency of the line.
    pub amount: Money,
    /// Tax within the amount. When absent, a share of the line's tax that the other parts leave.
    pub tax: Option<Money>,
    /// Category, when it differs from the line's.
    pub category: Option<CategoryCode>,
    /// Note, when it differs from the line's.
    pub note: Option<Note>,
    /// Cost centre, when it differs from the line's.
    pub cost_centre: Option<CostCentreCode>,
    /// Project, when it differs from the line's.
    pub project: Option<ProjectCode>,
    /// Attendees, when they differ from the line's.
    pub attendees: Option<Vec<Attendee>>,
}

impl SplitPart {
    /// Part that differs from the line only in its amount.
    #[must_use]
    pub const fn of(amount: Money) -> Self {
        Self { amount, tax: None, category: None, note: None, cost_centre: None, project: None, attendees: None }
    }
}

/// Replaces a line by several, each with its receipts. The amounts add up to the line's in every currency; so do taxes
/// that are not given.
///
/// # Errors
/// [`DomainError::SplitMismatch`] when the parts do not add up, [`DomainError::InvalidSplitPart`] for a part in another
/// currency or with more tax than its amount; otherwise those of [`add_expense`].
pub fn split_expense(
    permit: Permit<'_, Edit>,
    id: ExpenseId,
    parts: &[SplitPart],
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<ReportEdit, DomainError> {
    let mut change = ReportChange::on(permit.report(), now);
    let old = permit.report().expense(id).ok_or(DomainError::UnknownExpense)?;
    let whole = old.facts.amount;
    let mismatch = parts.iter().position(|part| part.amount.currency() != whole.currency());
    if let Some(at) = mismatch {
        return Err(DomainError::InvalidSplitPart(at, LineError::CurrencyMismatch));
    }
    let sum =
        Money::sum(whole.currency(), parts.iter().map(|part| part.amount)).map_err(|_| DomainError::TotalTooLarge)?;
    if sum != whole {
        return Err(DomainError::SplitMismatch { parts: sum, whole });
    }
    let lines = split_line(old, parts, ids).map_err(|_| DomainError::TotalTooLarge)?;
    let overtaxed = lines.iter().position(|line| line.facts.tax.minor() > line.facts.amount.minor());
    if let Some((at, line)) = overtaxed.and_then(|at| Some((at, lines.get(at)?))) {
        return Err(DomainError::InvalidSplitPart(at, LineError::AboveMaximum { max: line.facts.amount }));
    }
    let others = permit.report().expenses.iter().filter(|line| line.id != id).cloned();
    let into = lines.iter().map(Expense::without_duplicate_links).collect();
    change.after = replace_lines(change.after, others.chain(lines))?;
    Ok(finish_edit(change, permit.actor(), EventKind::ExpenseSplit { expense_id: id, into }, now))
}

fn split_line(old: &Expense, parts: &[SplitPart], ids: &mut IdGenerator) -> Result<Vec<Expense>, MoneyError> {
    let amounts: Vec<Money> = parts.iter().map(|part| part.amount).collect();
    let each = split_taxes(old, parts)?;
    let taxes: Vec<Money> = each.iter().map(|(tax, _)| *tax).collect();
    let converted = split_conversion(old.converted.as_ref(), old, &amounts, &taxes)?;
    let base = split_conversion(old.base.as_ref(), old, &amounts, &taxes)?;
    let parts = parts.iter().zip(each).zip(converted.into_iter().zip(base));
    let lines = parts.map(|((part, (tax, taxes)), (converted, base))| {
        let facts = ExpenseFacts {
            amount: part.amount,
            tax,
            // A default of the part alone could differ from its share by a rounding.
            tax_source: TaxSource::Stated,
            taxes,
            category: part.category.clone().unwrap_or_else(|| old.facts.category.clone()),
            note: part.note.clone().or_else(|| old.facts.note.clone()),
            cost_centre: part.cost_centre.clone().or_else(|| old.facts.cost_centre.clone()),
            project: part.project.clone().or_else(|| old.facts.project.clone()),
            attendees: part.attendees.clone().unwrap_or_else(|| old.facts.attendees.clone()),
            ..old.facts.clone()
        };
        Expense {
            id: ids.next_id(),
            facts,
            converted,
            base,
            cap: None,
            approved: None,
            split_from: Some(old.split_from.unwrap_or(old.id)),
            receipts: old.receipts.clone(),
        }
    });
    Ok(lines.collect())
}

/// Sum and taxes of each part: the given sums, and shares of the rest for the others. The shares of each tax add up to
/// it when no part has a given tax.
fn split_taxes(old: &Expense, parts: &[SplitPart]) -> Result<Vec<(Money, Vec<LineTax>)>, MoneyError> {
    let currency = old.facts.tax.currency();
    let weight = |part: &SplitPart| if part.tax.is_some() { 0 } else { part.amount.minor().unsigned_abs() };
    let weights: Vec<u64> = parts.iter().map(weight).collect();
    let share = |tax: Money| tax.allocate(&weights).unwrap_or_else(|_| vec![Money::zero(currency); parts.len()]);
    if parts.iter().all(|part| part.tax.is_none()) && !old.facts.taxes.is_empty() {
        let shares: Vec<Vec<Money>> = old.facts.taxes.iter().map(|tax| share(tax.amount)).collect();
        let of_part = |at: usize| {
            let amounts = shares.iter().filter_map(|of_tax| of_tax.get(at).copied());
            let taxes: Vec<LineTax> = with_amounts(&old.facts.taxes, amounts).collect();
            Ok((Money::sum(currency, taxes.iter().map(|tax| tax.amount))?, taxes))
        };
        return (0..parts.len()).map(of_part).collect();
    }
    let given = Money::sum(currency, parts.iter().filter_map(|part| part.tax))?;
    let left = Money::from_minor(old.facts.tax.minor().saturating_sub(given.minor()).max(0), currency);
    let weights: Vec<u64> = old.facts.taxes.iter().map(|tax| tax.amount.minor().unsigned_abs()).collect();
    let of_share = |share: Money| {
        let amounts = share.allocate(&weights).unwrap_or_default();
        (share, with_amounts(&old.facts.taxes, amounts).collect())
    };
    let each = parts.iter().zip(share(left));
    let each = each.map(|(part, share)| part.tax.map_or_else(|| of_share(share), |tax| (tax, Vec::new())));
    Ok(each.collect())
}

/// The taxes with other amounts.
fn with_amounts(taxes: &[LineTax], amounts: impl IntoIterator<Item = Money>) -> impl Iterator<Item = LineTax> {
    taxes.iter().zip(amounts).map(|(tax, amount)| LineTax { amount, is_computed: false, ..tax.clone() })
}

/// Splits a conversion of the line. The amounts add up to it; so do the taxes when the taxes of the parts add up to the
/// line's.
fn split_conversion(
    conversion: Option<&Conversion>,
    old: &Expense,
    amounts: &[Money],
    taxes: &[Money],
) -> Result<Vec<Option<Conversion>>, MoneyError> {
    let Some(conversion) = conversion else { return Ok(vec![None; amounts.len()]) };
    let weights = |parts: &[Money]| parts.iter().map(|part| part.minor().unsigned_abs()).collect::<Vec<_>>();
    let converted = conversion.amount.allocate(&weights(amounts))?;
    let sum = Money::sum(old.facts.tax.currency(), taxes.iter().copied())?;
    let converted_taxes = if sum == old.facts.tax && sum.minor() > 0 {
        conversion.tax.allocate(&weights(taxes))?
    } else {
        let parts = converted.iter().zip(amounts).zip(taxes);
        parts
            .map(|((converted, amount), tax)| converted.portion(tax.minor(), amount.minor()))
            .collect::<Result<_, _>>()?
    };
    let each = converted.into_iter().zip(converted_taxes);
    Ok(each.map(|(amount, tax)| Some(Conversion { amount, tax, ..conversion.clone() })).collect())
}
