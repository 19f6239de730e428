//! Files for and from banks: pain.001, NACHA and CSV are written; pain.002, camt.053 and camt.054 are read.
//!
//! The crate is pure: files are written to any [`std::io::Write`], time is an argument. It must not know AWS, HTTP or
//! the table, and decides nothing: which payments are in a file and what follows from an answer is the caller's.

mod answer;
mod camt;
mod csv;
mod error;
mod nacha;
mod order;
mod pain001;
mod pain002;
mod read;
mod reason;
mod reference;
mod text;
mod value;
mod xml;

pub use answer::{AnswerKind, BankAnswer, BankEntry, BankOutcome, BatchAnswer};
pub use csv::write_csv;
pub use error::{BankAnswerError, PaymentFileError};
pub use nacha::{NachaOptions, write_nacha};
pub use order::{AchOriginator, CreditTransfer, CreditorAddress, Debtor, PaymentOrder};
pub use pain001::{PaymentInformation, payment_information_id, write_pain001};
pub use read::read_answer;
pub use reason::reason_text;
pub use reference::{OrderReference, ParseReferenceError};
pub use text::to_bank_text;
