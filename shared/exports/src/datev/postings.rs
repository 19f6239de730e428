//! Entries as postings of one debit and one credit account. The lines of an expense that balance on their own, such as
//! those of a payment by card, meet each other; the others meet in order. A line that meets several is divided, so that
//! the postings of each account add up to its lines.

use std::collections::BTreeMap;

use outlay_domain::ids::ExpenseId;
use outlay_domain::ledger::{EntrySide, JournalEntry, JournalLine, LineRole};
use outlay_domain::money::Money;
use outlay_domain::text::{AccountCode, TaxCode};

use super::options::DatevTaxBooking;
use crate::error::ExportError;

/// Posting of an amount from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Posting<'a> {
    pub(super) debit: &'a AccountCode,
    pub(super) credit: &'a AccountCode,
    pub(super) amount: Money,
    pub(super) tax_code: Option<&'a TaxCode>,
    pub(super) cost_centre: Option<&'a str>,
    pub(super) project: Option<&'a str>,
    pub(super) text: &'a str,
    /// Amount in another currency, when a line is posted whole.
    pub(super) original: Option<Money>,
}

/// Line with the part of its amount that is not posted yet.
struct Open<'a> {
    line: &'a JournalLine,
    left: Money,
    tax_code: Option<&'a TaxCode>,
}

/// Postings of an entry: one fewer than it has lines, at most.
pub(super) fn postings_of(entry: &JournalEntry, tax: DatevTaxBooking) -> Result<Vec<Posting<'_>>, ExportError> {
    let lines = match tax {
        DatevTaxBooking::Accounts => entry.lines().iter().map(by_account).collect(),
        DatevTaxBooking::Keys => with_tax_keys(entry)?,
    };
    let mut postings = Vec::new();
    for group in groups_of(lines)? {
        pair(group, &mut postings)?;
    }
    Ok(postings)
}

/// Lines that meet each other, in the order of their first lines.
fn groups_of(lines: Vec<Open<'_>>) -> Result<Vec<Vec<Open<'_>>>, ExportError> {
    let signed = |open: &Open<'_>| if open.line.side == EntrySide::Debit { open.left } else { open.left.negated() };
    let mut sums: BTreeMap<ExpenseId, Money> = BTreeMap::new();
    for open in &lines {
        if let Some(expense) = open.line.expense {
            let sum = sums.entry(expense).or_insert(Money::zero(open.left.currency()));
            *sum = sum.plus(signed(open))?;
        }
    }
    let balances = |expense: &ExpenseId| sums.get(expense).is_some_and(|sum| sum.minor() == 0);
    let mut groups: Vec<(Option<ExpenseId>, Vec<Open<'_>>)> = Vec::new();
    let mut positions: BTreeMap<Option<ExpenseId>, usize> = BTreeMap::new();
    for open in lines {
        let key = open.line.expense.filter(balances);
        let at = *positions.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, group)) => group.push(open),
            None => groups.push((key, vec![open])),
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// Pairs debits and credits in order.
fn pair<'a>(lines: Vec<Open<'a>>, postings: &mut Vec<Posting<'a>>) -> Result<(), ExportError> {
    let (debits, credits): (Vec<Open<'_>>, Vec<Open<'_>>) =
        lines.into_iter().partition(|open| open.line.side == EntrySide::Debit);
    let (mut debits, mut credits) = (debits.into_iter(), credits.into_iter());
    let (mut debit, mut credit) = (debits.next(), credits.next());
    while let (Some(from), Some(to)) = (&mut debit, &mut credit) {
        let amount = Money::from_minor(from.left.minor().min(to.left.minor()), from.left.currency());
        postings.push(posting(from, to, amount));
        from.left = from.left.minus(amount)?;
        to.left = to.left.minus(amount)?;
        if from.left.minor() == 0 {
            debit = debits.next();
        }
        if to.left.minor() == 0 {
            credit = credits.next();
        }
    }
    Ok(())
}

const fn by_account(line: &JournalLine) -> Open<'_> {
    Open { line, left: line.amount, tax_code: None }
}

/// Lines with the tax of an expense in its gross amount, where one tax is reclaimed whole: its base is the amount of the
/// expense.
fn with_tax_keys(entry: &JournalEntry) -> Result<Vec<Open<'_>>, ExportError> {
    let mut lines: Vec<Open<'_>> = Vec::with_capacity(entry.lines().len());
    for line in entry.lines() {
        match lines.last_mut() {
            Some(before) if is_whole_tax_of(before.line, line) => {
                before.left = before.left.plus(line.amount)?;
                before.tax_code = line.tax_code.as_ref();
            }
            _ => lines.push(by_account(line)),
        }
    }
    Ok(lines)
}

fn is_whole_tax_of(expense: &JournalLine, tax: &JournalLine) -> bool {
    expense.role == LineRole::Expense
        && tax.role == LineRole::InputTax
        && expense.expense == tax.expense
        && expense.side == tax.side
        && tax.tax_code.is_some()
        && tax.tax_code == expense.tax_code
        && tax.tax_base.is_some_and(|base| base.minor().unsigned_abs() == expense.amount.minor().unsigned_abs())
}

/// Posting of a debit and a credit. Cost objects and texts are those of the line that has them, the debit first.
fn posting<'a>(debit: &Open<'a>, credit: &Open<'a>, amount: Money) -> Posting<'a> {
    let (from, to) = (debit.line, credit.line);
    let whole = [from, to].into_iter().filter(|line| line.amount == amount);
    let original = whole.filter_map(|line| line.original.as_ref()).map(|original| original.amount).next();
    let is_settlement = |line: &JournalLine| matches!(line.role, LineRole::Payable | LineRole::Bank);
    Posting {
        debit: &from.account,
        credit: &to.account,
        amount,
        tax_code: debit.tax_code.or(credit.tax_code),
        cost_centre: from.cost_centre.as_deref().or(to.cost_centre.as_deref()),
        project: from.project.as_deref().or(to.project.as_deref()),
        text: if is_settlement(from) { &to.text } else { &from.text },
        original,
    }
}

#[cfg(test)]
mod tests {
    use outlay_domain::ledger::{EntryHead, EntrySource};
    use proptest::prelude::*;

    use super::*;

    fn line(account: usize, side: EntrySide, minor: i64) -> JournalLine {
        JournalLine {
            account: format!("1{account:03}").parse().unwrap(),
            side,
            amount: Money::from_minor(minor, "EUR".parse().unwrap()),
            original: None,
            role: LineRole::Expense,
            cost_centre: None,
            project: None,
            tax_code: None,
            tax_base: None,
            member: None,
            expense: None,
            text: "Text".to_owned(),
        }
    }

    fn entry(lines: Vec<JournalLine>) -> JournalEntry {
        let id = outlay_domain::ids::JournalEntryId::from_uuid(uuid::Uuid::from_u128(1));
        let day = jiff::civil::date(2026, 11, 20);
        let head = EntryHead {
            id,
            org: outlay_domain::ids::OrgId::from_uuid(uuid::Uuid::from_u128(2)),
            date: day,
            document_date: day,
            source: EntrySource::PaymentSettled {
                payment: outlay_domain::ids::PaymentId::from_uuid(uuid::Uuid::from_u128(3)),
            },
            reference: "P-1".to_owned(),
            text: "Text".to_owned(),
        };
        JournalEntry::new(head, "EUR".parse().unwrap(), lines).unwrap()
    }

    /// Balance of each account that is not zero, debits positive.
    fn balances<'a>(sums: impl Iterator<Item = (&'a AccountCode, i64)>) -> BTreeMap<&'a AccountCode, i64> {
        let mut balances = BTreeMap::new();
        for (account, minor) in sums {
            *balances.entry(account).or_default() += minor;
        }
        balances.retain(|_, minor| *minor != 0);
        balances
    }

    #[test]
    fn whole_tax_joins_its_expense_with_a_key() {
        let eur = |minor| Money::from_minor(minor, "EUR".parse().unwrap());
        let code = Some("9".parse().unwrap());
        let expense = JournalLine { tax_code: code.clone(), ..line(1, EntrySide::Debit, 10_000) };
        let tax = |base| JournalLine {
            role: LineRole::InputTax,
            tax_code: code.clone(),
            tax_base: Some(eur(base)),
            ..line(2, EntrySide::Debit, 1_900)
        };
        let payable = JournalLine { role: LineRole::Payable, ..line(3, EntrySide::Credit, 11_900) };
        let whole = entry(vec![expense.clone(), tax(10_000), payable.clone()]);
        let keyed = postings_of(&whole, DatevTaxBooking::Keys).unwrap();
        assert_eq!(keyed.len(), 1);
        assert_eq!((keyed[0].amount, keyed[0].tax_code), (eur(11_900), code.as_ref()));
        let by_account = postings_of(&whole, DatevTaxBooking::Accounts).unwrap();
        assert_eq!(by_account.iter().map(|posting| posting.tax_code).collect::<Vec<_>>(), [None, None]);
        // Half of the tax is part of the expense: DATEV would compute another tax.
        let half = entry(vec![expense, tax(9_050), payable]);
        assert_eq!(postings_of(&half, DatevTaxBooking::Keys).unwrap().len(), 2);
    }

    #[test]
    fn card_payment_meets_its_own_expense() {
        let expense = |number| Some(ExpenseId::from_uuid(uuid::Uuid::from_u128(number)));
        let of = |line: JournalLine, number| JournalLine { expense: expense(number), ..line };
        let lines = vec![
            of(line(1, EntrySide::Debit, 100), 1),
            of(line(2, EntrySide::Debit, 30), 2),
            of(line(3, EntrySide::Debit, 50), 2),
            of(line(4, EntrySide::Credit, 80), 2),
            line(5, EntrySide::Credit, 100),
        ];
        let entry = entry(lines);
        let pairs: Vec<String> = postings_of(&entry, DatevTaxBooking::Accounts)
            .unwrap()
            .iter()
            .map(|posting| format!("{} {} {}", posting.debit, posting.credit, posting.amount.amount()))
            .collect();
        assert_eq!(pairs, ["1001 1005 1.00", "1002 1004 0.30", "1003 1004 0.50"]);
    }

    proptest! {
        #[test]
        fn postings_add_up_to_lines(
            debits in prop::collection::vec((0..5_usize, 1..100_000_i64), 1..8),
            cuts in prop::collection::vec((0..5_usize, 1..100_000_i64), 0..8),
        ) {
            let total: i64 = debits.iter().map(|(_, minor)| minor).sum();
            let mut lines: Vec<JournalLine> =
                debits.iter().map(|(account, minor)| line(*account, EntrySide::Debit, *minor)).collect();
            let mut left = total;
            for (account, minor) in &cuts {
                if *minor < left {
                    lines.push(line(account + 5, EntrySide::Credit, *minor));
                    left -= minor;
                }
            }
            lines.push(line(9, EntrySide::Credit, left));
            let entry = entry(lines);
            let postings = postings_of(&entry, DatevTaxBooking::Accounts).unwrap();
            prop_assert!(postings.len() < entry.lines().len());
            prop_assert!(postings.iter().all(|posting| posting.amount.minor() > 0));
            let posted = postings.iter().flat_map(|posting| {
                let minor = posting.amount.minor();
                [(posting.debit, minor), (posting.credit, -minor)]
            });
            let booked = entry.lines().iter().map(|line| (&line.account, line.signed_amount().minor()));
            prop_assert_eq!(balances(posted), balances(booked));
        }
    }
}
