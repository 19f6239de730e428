//! Rules of Outlay: money, reports, policy, approval routing, permissions.
//!
//! The crate is pure: nothing here reads a clock, a random number, the environment, a file or the network, and nothing
//! is async. Time and identifiers are arguments. A decision is a value ([`change::ReportChange`] or
//! [`error::DomainError`]) that the caller stores or answers. The crate must not know DynamoDB, HTTP or e-mail.

pub mod automatic;
pub mod batch;
pub mod canonical;
pub mod change;
pub mod comment;
pub mod conversion;
pub mod equality;
pub mod error;
pub mod evaluate;
pub mod event;
pub mod expense;
pub mod history;
pub mod ids;
pub mod language;
pub mod ledger;
pub mod member;
pub mod money;
pub mod notification;
pub mod organisation;
pub mod patch;
pub mod payment_settings;
pub mod payout;
pub mod permission;
pub mod policy;
pub mod rate_limit;
pub mod receipt;
mod refund;
pub mod reimbursement;
pub mod reminder;
pub mod report;
pub mod route;
pub mod spending;
pub mod statement;
pub mod step;
pub mod tax;
pub mod text;
pub mod today;
