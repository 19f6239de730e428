//! Input: a report with the names that it does not carry itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outlay_domain::event::Event;
use outlay_domain::ids::{ExpenseId, MemberId};
use outlay_domain::report::Report;

/// Names of what a report refers to by identifier or code. What has no name is shown by its code; a member without a
/// name is shown as a former member.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Names of members: approvers, and whoever acted on the report.
    pub members: BTreeMap<MemberId, String>,
    /// Names of categories, by code.
    pub categories: BTreeMap<String, String>,
    /// Names of cost centres, by code.
    pub cost_centres: BTreeMap<String, String>,
    /// Names of projects, by code.
    pub projects: BTreeMap<String, String>,
    /// Tax codes of lines, as the books have them.
    pub tax_codes: BTreeMap<ExpenseId, String>,
}

/// Report as it is shown.
#[derive(Clone, Copy, Debug)]
pub struct ReportDocument<'a> {
    /// Report with its lines.
    pub report: &'a Report,
    /// Name of the organisation.
    pub organisation: &'a str,
    /// Names of what the report refers to.
    pub names: &'a Names,
    /// History of the report, oldest event first. Submissions, decisions and comments are shown.
    pub events: &'a [Event],
    /// Time whose state is shown, printed on every page.
    pub as_of: Timestamp,
}
