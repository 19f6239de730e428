//! Lists as CSV: reports, expenses, members and payments, one row each. `docs/EXPORTS.md` describes the columns.

mod cell;
mod expenses;
mod members;
mod payments;
mod reports;
mod writer;

pub use expenses::{ExpenseCsvWriter, ExpenseRow};
pub use members::MemberCsvWriter;
pub use payments::PaymentCsvWriter;
pub use reports::ReportCsvWriter;
pub use writer::{ListCsvWriter, ListWriter};
