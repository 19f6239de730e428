//! Payment files of batches: their content, their place in S3, and the answers of banks to them. Must not decide who may
//! see a file or settle a payment.

mod answer;
mod bucket;
mod error;
mod file;
mod order;
mod remittance;

pub use answer::{Unmatched, batch_with_message_id, outcome_of_entry, rejected_groups, rejection_of_file};
pub use bucket::{BankFileBucket, BankFileKey};
pub use error::BankFileError;
pub use file::BankFileWriter;
pub use order::{FileContent, ReleasedPayment, build_file};
