//! List of reports.

use outlay_domain::money::Money;
use outlay_domain::reimbursement::PaymentRef;
use outlay_domain::report::Report;

use crate::lists::cell::{Cell, Column, List};
use crate::lists::writer::ListCsvWriter;

/// Writer of reports as CSV, one row each. It reads head, violations and steps, and no expenses.
pub type ReportCsvWriter<W> = ListCsvWriter<ReportList, W>;

/// See [`ReportCsvWriter`].
#[derive(Debug)]
pub enum ReportList {}

impl List for ReportList {
    type Row<'a> = &'a Report;

    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "id", cell: |report| Cell::display(report.id) },
        Column { name: "number", cell: |report| Cell::text(&report.number) },
        Column { name: "title", cell: |report| Cell::text(&report.title) },
        Column { name: "status", cell: |report| Cell::text(report.status.name()) },
        Column { name: "owner_id", cell: |report| Cell::display(report.owner) },
        Column { name: "owner_name", cell: |report| Cell::text(&report.owner_name) },
        Column {
            name: "payee_id",
            cell: |report| Cell::optional(report.payee.as_ref(), |payee| Cell::display(payee.id)),
        },
        Column {
            name: "payee_name",
            cell: |report| Cell::optional(report.payee.as_ref(), |payee| Cell::text(&payee.name)),
        },
        Column {
            name: "preparer_id",
            cell: |report| Cell::optional(report.preparer.as_ref(), |preparer| Cell::display(preparer.id)),
        },
        Column {
            name: "preparer_name",
            cell: |report| Cell::optional(report.preparer.as_ref(), |preparer| Cell::text(&preparer.name)),
        },
        Column { name: "cost_centre", cell: |report| Cell::optional(report.cost_centre.as_deref(), Cell::text) },
        Column { name: "created_at", cell: |report| Cell::time(report.created_at) },
        Column { name: "submitted_at", cell: |report| Cell::optional(report.submitted_at, Cell::time) },
        Column { name: "approved_at", cell: |report| Cell::optional(report.approved_at(), Cell::time) },
        Column {
            name: "paid_on",
            cell: |report| Cell::optional(report.reimbursement.as_ref().and_then(|paid| paid.paid_on), Cell::Date),
        },
        Column { name: "currency", cell: |report| Cell::currency(report.currency) },
        Column { name: "total", cell: |report| Cell::Amount(report.effective_totals().total) },
        Column { name: "net", cell: |report| Cell::Amount(report.effective_totals().net) },
        Column { name: "tax", cell: |report| Cell::Amount(report.effective_totals().tax) },
        Column { name: "reimbursable", cell: |report| Cell::Amount(report.effective_totals().reimbursable) },
        Column { name: "not_reimbursed", cell: |report| Cell::Amount(report.effective_totals().not_reimbursed) },
        Column { name: "repayable", cell: |report| Cell::Amount(repayable(report)) },
        Column { name: "base_total", cell: |report| Cell::Amount(report.base_total) },
        Column { name: "base_currency", cell: |report| Cell::currency(report.base_total.currency()) },
        Column { name: "expense_count", cell: |report| Cell::count(report.expense_count) },
        Column { name: "violation_count", cell: |report| Cell::count(report.violations.len()) },
        Column { name: "policy_version", cell: |report| Cell::optional(report.policy_version, Cell::Number) },
        Column {
            name: "batch_id",
            cell: |report| Cell::optional(payment(report), |payment| Cell::display(payment.batch)),
        },
        Column {
            name: "payment_id",
            cell: |report| Cell::optional(payment(report), |payment| Cell::display(payment.payment)),
        },
        Column { name: "updated_at", cell: |report| Cell::time(report.updated_at) },
    ];
}

/// Amount that the owner owes, also when it is zero.
fn repayable(report: &Report) -> Money {
    report.effective_totals().repayable.unwrap_or(Money::zero(report.currency))
}

/// Payment that the report is part of.
fn payment(report: &Report) -> Option<PaymentRef> {
    report.reimbursement.as_ref().and_then(|reimbursement| reimbursement.payment)
}
