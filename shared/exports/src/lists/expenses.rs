//! List of expenses.

use outlay_domain::expense::Expense;
use outlay_domain::money::Money;
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::text::Attendee;

use crate::lists::cell::{Cell, Column, List};
use crate::lists::writer::ListCsvWriter;

/// Writer of expenses as CSV, one row each.
pub type ExpenseCsvWriter<W> = ListCsvWriter<ExpenseList, W>;

/// Expense with its report.
#[derive(Clone, Copy, Debug)]
pub struct ExpenseRow<'a> {
    /// Report.
    pub report: &'a Report,
    /// Position in the report, from 1.
    pub line: u64,
    /// Expense.
    pub expense: &'a Expense,
}

impl<'a> ExpenseRow<'a> {
    /// Rows of all expenses of a report.
    pub fn all(report: &'a Report) -> impl Iterator<Item = Self> {
        (1..).zip(&report.expenses).map(move |(line, expense)| Self { report, line, expense })
    }

    /// Granted amount: nothing of a rejected report is granted.
    fn approved_amount(self) -> Money {
        let granted = self.expense.granted();
        if self.report.status == ReportStatus::Rejected { Money::zero(granted.currency()) } else { granted }
    }

    /// Cost centre of the expense, or else of its report.
    fn cost_centre(self) -> Option<&'a str> {
        self.expense.facts.cost_centre.as_deref().or(self.report.cost_centre.as_deref())
    }
}

/// See [`ExpenseCsvWriter`].
#[derive(Debug)]
pub enum ExpenseList {}

impl List for ExpenseList {
    type Row<'a> = ExpenseRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "report_id", cell: |row| Cell::display(row.report.id) },
        Column { name: "report_number", cell: |row| Cell::text(&row.report.number) },
        Column { name: "report_status", cell: |row| Cell::text(row.report.status.name()) },
        Column { name: "owner_id", cell: |row| Cell::display(row.report.owner) },
        Column { name: "owner_name", cell: |row| Cell::text(&row.report.owner_name) },
        Column { name: "line", cell: |row| Cell::Number(row.line) },
        Column { name: "id", cell: |row| Cell::display(row.expense.id) },
        Column { name: "date", cell: |row| Cell::Date(row.expense.facts.date) },
        Column { name: "merchant", cell: |row| Cell::text(&row.expense.facts.merchant) },
        Column { name: "category", cell: |row| Cell::text(&row.expense.facts.category) },
        Column { name: "cost_centre", cell: |row| Cell::optional(row.cost_centre(), Cell::text) },
        Column { name: "project", cell: |row| Cell::optional(row.expense.facts.project.as_deref(), Cell::text) },
        Column { name: "trip", cell: |row| Cell::optional(row.expense.facts.trip.as_deref(), Cell::text) },
        Column { name: "country", cell: |row| Cell::optional(row.expense.facts.country.as_deref(), Cell::text) },
        Column { name: "payment_method", cell: |row| Cell::text(row.expense.facts.payment_method.name()) },
        Column { name: "amount", cell: |row| Cell::Amount(row.expense.facts.amount) },
        Column { name: "currency", cell: |row| Cell::currency(row.expense.facts.amount.currency()) },
        Column { name: "tax", cell: |row| Cell::Amount(row.expense.facts.tax) },
        Column { name: "taxes", cell: |row| Cell::Taxes(&row.expense.facts.taxes) },
        Column { name: "amount_in_report", cell: |row| Cell::Amount(row.expense.amount_in_report()) },
        Column { name: "report_currency", cell: |row| Cell::currency(row.report.currency) },
        Column {
            name: "rate",
            cell: |row| Cell::optional(row.expense.converted.as_ref(), |converted| Cell::Rate(converted.rate)),
        },
        Column {
            name: "rate_date",
            cell: |row| Cell::optional(row.expense.converted.as_ref(), |converted| Cell::Date(converted.date)),
        },
        Column {
            name: "rate_source",
            cell: |row| Cell::optional(row.expense.converted.as_ref(), |converted| Cell::text(&converted.source)),
        },
        Column { name: "amount_in_base", cell: |row| Cell::Amount(row.expense.amount_in_base()) },
        Column { name: "base_currency", cell: |row| Cell::currency(row.expense.amount_in_base().currency()) },
        Column { name: "approved_amount", cell: |row| Cell::Amount(row.approved_amount()) },
        Column {
            name: "reduced_by",
            cell: |row| Cell::optional(row.expense.reduced_by(), |reduced| Cell::text(reduced.name())),
        },
        Column { name: "approved_reason", cell: |row| Cell::optional(row.expense.reduction_reason(), Cell::display) },
        Column { name: "note", cell: |row| Cell::optional(row.expense.facts.note.as_deref(), Cell::text) },
        Column {
            name: "justification",
            cell: |row| Cell::optional(row.expense.facts.justification.as_deref(), Cell::text),
        },
        Column {
            name: "attendees",
            cell: |row| Cell::joined(row.expense.facts.attendees.iter().map(Attendee::as_str)),
        },
        Column {
            name: "receipt_reference",
            cell: |row| Cell::optional(row.expense.facts.receipt_reference.as_deref(), Cell::text),
        },
        Column {
            name: "receipt_names",
            cell: |row| Cell::joined(row.expense.receipts.iter().map(|receipt| receipt.name.as_str())),
        },
        Column {
            name: "receipt_statuses",
            cell: |row| Cell::joined(row.expense.receipts.iter().map(|receipt| receipt.status.name())),
        },
        Column {
            name: "receipt_sha256",
            cell: |row| Cell::joined(row.expense.receipts.iter().map(|receipt| receipt.sha256.as_str())),
        },
        Column {
            name: "refund_of",
            cell: |row| Cell::optional(row.expense.facts.refund_of, |refunded| Cell::display(refunded.expense_id)),
        },
        Column { name: "split_from", cell: |row| Cell::optional(row.expense.split_from, Cell::display) },
    ];
}
