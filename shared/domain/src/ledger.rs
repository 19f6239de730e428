//! Ledger: approved reports and payments as journal entries in double entry. Every entry balances in the base currency
//! and in each other currency that it states; there is no way to make one that does not.

mod approval;
mod booking;
mod entry;
mod error;
mod formats;
mod payment;
mod payment_booking;
mod period;
mod settings;
mod value;

pub use approval::{ApprovalBooking, BaseTotals, base_totals, book_approval};
pub use booking::{BookingEffect, BookingEvent, BookingStep, EntryPlace, ReportBookings};
pub use entry::{EntryHead, EntrySide, EntrySource, JournalEntry, JournalLine, LineRole, OriginalAmount};
pub use error::{LedgerError, MissingAccount};
pub use formats::{CsvSettings, DatevSettings, FecSettings, FormatSettings, SieSettings};
pub use payment::{OpenItem, PaymentBooking, PaymentFacts, Reversal, book_payment, reverse};
pub use payment_booking::{PaymentBookings, PaymentStep, SettledValues};
pub use period::{AccountingPeriod, BookingDate, FiscalYear, FiscalYearStart, ParsePeriodError, booking_period};
pub use settings::{LedgerSettings, TaxAccount, missing_accounts};
