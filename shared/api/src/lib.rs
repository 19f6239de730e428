//! Bodies of the HTTP API, by resource: input types (`…In`), which are parsed into domain values, output types
//! (`…Out`), which are made from them, and types that are both (`…Dto`). No stored items, and no rules.

pub mod bank_answer;
pub mod bank_file;
pub mod batch;
pub mod check;
pub mod common;
pub mod document;
pub mod expense;
pub mod export;
pub mod history;
pub mod journal;
pub mod ledger;
pub mod member;
pub mod organisation;
pub mod payment_settings;
pub mod payout;
pub mod policy;
pub mod rates;
pub mod receipt;
pub mod report;
pub mod tax;
