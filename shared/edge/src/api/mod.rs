//! What travels over the API: input types (`…In`, `…Patch`), which are checked into domain values, and output types (`…Out`),
//! which are made from them. Never the stored item, and no rules.

pub mod check;
pub mod common;
pub mod expense;
pub mod export;
pub mod history;
pub mod member;
pub mod payout;
pub mod policy;
pub mod rates;
pub mod receipt;
pub mod report;
