//! List of payments. It has no account numbers, not even masked ones.

use jiff::Timestamp;
use outlay_domain::batch::Payment;

use crate::lists::cell::{Cell, Column, List};
use crate::lists::writer::ListCsvWriter;

/// Writer of payments as CSV, one row each.
pub type PaymentCsvWriter<W> = ListCsvWriter<PaymentList, W>;

/// See [`PaymentCsvWriter`].
#[derive(Debug)]
pub enum PaymentList {}

impl List for PaymentList {
    type Row<'a> = &'a Payment;

    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "id", cell: |payment| Cell::display(payment.id) },
        Column { name: "batch_id", cell: |payment| Cell::display(payment.batch) },
        Column { name: "payee_id", cell: |payment| Cell::display(payment.payee.id) },
        Column { name: "payee_name", cell: |payment| Cell::text(&payment.payee.name) },
        Column { name: "gross", cell: |payment| Cell::Amount(payment.gross) },
        Column { name: "set_off", cell: |payment| Cell::Amount(payment.set_off) },
        Column { name: "amount", cell: |payment| Cell::Amount(payment.amount) },
        Column { name: "currency", cell: |payment| Cell::currency(payment.currency()) },
        Column { name: "status", cell: |payment| Cell::text(payment.status.name()) },
        Column {
            name: "hold",
            cell: |payment| Cell::optional(payment.hold.as_ref(), |hold| Cell::text(hold.reason.name())),
        },
        Column { name: "hold_cleared_at", cell: |payment| Cell::optional(hold_cleared_at(payment), Cell::time) },
        Column { name: "paid_on", cell: |payment| Cell::optional(payment.paid_on, Cell::Date) },
        Column { name: "reference", cell: |payment| Cell::optional(payment.reference.as_deref(), Cell::text) },
        Column {
            name: "failure_code",
            cell: |payment| {
                let code = payment.failure.as_ref().and_then(|failure| failure.code.as_deref());
                Cell::optional(code, Cell::text)
            },
        },
        Column {
            name: "failure_reason",
            cell: |payment| Cell::optional(payment.failure.as_ref(), |failure| Cell::text(&failure.reason)),
        },
        Column { name: "end_to_end_id", cell: |payment| Cell::text(&payment.end_to_end_id) },
        Column { name: "report_count", cell: |payment| Cell::count(payment.reports) },
    ];
}

/// Time when a member cleared the hold.
fn hold_cleared_at(payment: &Payment) -> Option<Timestamp> {
    payment.hold.as_ref()?.cleared.as_ref().map(|clearance| clearance.at)
}
