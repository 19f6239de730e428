//! The rules of Outlay: money, reports, policy, approval routing, permissions.
//!
//! Pure on purpose: nothing here reads a clock, a random number, the environment, a file or the network, and nothing is
//! async. Time and identifiers are arguments; a decision is a value ([`change::ReportChange`] or a [`refusal::Refusal`])
//! that somebody else stores. What this crate must not do: know DynamoDB, HTTP or e-mail.

pub mod change;
pub mod conversion;
pub mod event;
pub mod expense;
pub mod history;
pub mod ids;
pub mod judge;
pub mod language;
pub mod member;
pub mod money;
pub mod organisation;
pub mod payout;
pub mod permission;
pub mod policy;
pub mod rate_limit;
pub mod receipt;
pub mod refusal;
pub mod reminder;
pub mod report;
pub mod route;
pub mod spending;
pub mod tax;
pub mod text;
