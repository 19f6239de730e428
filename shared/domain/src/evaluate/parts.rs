//! Bills of a report of which other reports of the owner claim parts: the same merchant on the same day.

use std::collections::BTreeSet;

use super::context::{Verdict, lines_at, merchant_days};
use crate::expense::Expense;
use crate::ids::ReportId;
use crate::money::Money;
use crate::policy::{ExpenseField, Finding, SplitBill, Violation};
use crate::report::Report;
use crate::spending::Spending;

/// Bill with parts in other reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitOverReports {
    /// Positions of its expenses in the report.
    lines: Vec<usize>,
    /// Sum of all parts in the base currency.
    actual: Money,
    /// Number of all parts.
    count: usize,
    /// Numbers of the other reports.
    claimed_in: BTreeSet<String>,
}

/// Finds the bills of a report that have parts in other reports, and its total in the base currency with those parts.
#[must_use]
pub fn bills_in_other_reports(report: &Report, spending: &Spending) -> (Vec<SplitOverReports>, Money) {
    let base = report.base_total.currency();
    let sum = |amounts: &mut dyn Iterator<Item = Money>| {
        let minor = amounts.fold(0_i64, |sum, amount| sum.saturating_add(amount.minor()));
        Money::from_minor(minor, base)
    };
    let mut bills = Vec::new();
    let mut together = report.base_total;
    for day in merchant_days(&report.expenses, spending, report.id).into_values().filter(|day| !day.claims.is_empty()) {
        let elsewhere = sum(&mut day.claims.iter().map(|(_, claim)| claim.granted_in_base));
        let here = lines_at(&report.expenses, &day.lines);
        let parts = here.iter().map(|line| line.amount_in_base()).chain([elsewhere]);
        let actual = sum(&mut parts.into_iter());
        together = sum(&mut [together, elsewhere].into_iter());
        let claimed_in = day.claims.iter().map(|(number, _)| (*number).to_owned()).collect();
        let count = day.lines.len() + day.claims.len();
        bills.push(SplitOverReports { lines: day.lines, actual, count, claimed_in });
    }
    (bills, together)
}

/// The other reports of the owner that claim parts of these bills.
#[must_use]
pub fn reports_with_parts(bills: &[SplitOverReports], spending: &Spending) -> BTreeSet<ReportId> {
    let claims = spending.buckets.values().flat_map(|bucket| &bucket.claims);
    let is_named = |number: &String| bills.iter().any(|bill| bill.claimed_in.contains(number));
    claims.filter(|(_, claims)| is_named(&claims.number)).map(|(report, _)| *report).collect()
}

impl SplitOverReports {
    /// Violation for the approvers. `expenses` are those of the report, and `total_with_parts` is its total with the
    /// parts of all its bills.
    #[must_use]
    pub fn violation(&self, expenses: &[Expense], total_with_parts: Money) -> Option<Violation> {
        let lines = lines_at(expenses, &self.lines);
        let first = &lines.first()?.facts;
        let bill = SplitBill::OverReports {
            merchant: first.merchant.clone(),
            date: first.date,
            count: self.count,
            actual: self.actual,
            total_with_parts,
            claimed_in: self.claimed_in.iter().cloned().collect(),
        };
        Some(Verdict::note(ExpenseField::Amount).on(&lines, Finding::Splitting(bill)))
    }
}
