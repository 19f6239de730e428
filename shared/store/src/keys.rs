//! Every key of the table. The organisation stands first in each partition key, so a request for one organisation cannot
//! name another's items. Reads and writes both build their keys here and nowhere else.
//!
//! | item | PK | SK |
//! |---|---|---|
//! | organisation | `ORG#{org}` | `ORG` |
//! | policy in force, and its versions | `ORG#{org}` | `POLICY`, `POLICY#{version}` |
//! | member | `ORG#{org}` | `MEMBER#{member}` |
//! | membership of an identity (a copy of the member) | `ORG#{org}` | `IDENTITY#{sub}` |
//! | address of a member (unique) | `ORG#{org}` | `EMAIL#{address}` |
//! | member with the role finance or admin (a copy) | `ORG#{org}` | `ROLE#{role}#{member}` |
//! | report head, lines | `ORG#{org}#REPORT#{report}` | `REPORT`, `EXPENSE#{expense}` |
//! | event | the partition of its subject | `EVENT#{seq}` |
//! | delivery of a mail about an event | as the event | `DELIVERY#{seq}#{member}` |
//! | approver's task | `ORG#{org}#APPROVER#{member}` | `TASK#{due}#{report}#{step}` |
//! | exchange rate | `ORG#{org}#RATES` | `{currency}#{date}` |
//! | answer of a request with an idempotency key | `ORG#{org}#IDEMPOTENCY#{sub}` | `{key}` |
//! | the same, before there is an organisation | `IDENTITY#{sub}#IDEMPOTENCY` | `{key}` |
//!
//! GSI1 lists reports by owner (`ORG#{org}#OWNER#{member}`), GSI2 by status and month of creation
//! (`ORG#{org}#STATUS#{status}#{yyyy-mm}`, so that no partition grows for ever); both are sorted by report.

use jiff::civil::Date;
use outlay_domain::event::{Event, Subject};
use outlay_domain::ids::{ExpenseId, MemberId, OrgId, ReportId};
use outlay_domain::member::Role;
use outlay_domain::money::Currency;
use outlay_domain::report::Status;

/// The names of the key attributes and indexes.
pub mod names {
    /// Partition key.
    pub const PK: &str = "PK";
    /// Sort key.
    pub const SK: &str = "SK";
    /// The index by owner.
    pub const GSI1: &str = "GSI1";
    /// The index by status and month.
    pub const GSI2: &str = "GSI2";
}

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

/// Sort keys of a report begin with these; between them lie the head and the lines, without history and deliveries.
pub const REPORT_RANGE: (&str, &str) = ("EXPENSE#", "REPORT");
/// Sort keys of members begin with this.
pub const MEMBERS: &str = "MEMBER#";
/// Sort keys of the members that have a role to route to begin with this.
pub const OFFICERS: &str = "ROLE#";
/// Sort keys of events begin with this; the stream's filter knows it too.
pub const EVENTS: &str = "EVENT#";
/// Sort keys of tasks begin with this.
pub const TASKS: &str = "TASK#";

/// The partition of an organisation.
#[must_use]
pub fn org_partition(org: OrgId) -> String {
    format!("ORG#{org}")
}

/// The organisation.
#[must_use]
pub fn organisation(org: OrgId) -> Key {
    Key::new(org_partition(org), "ORG")
}

/// The policy in force.
#[must_use]
pub fn policy(org: OrgId) -> Key {
    Key::new(org_partition(org), "POLICY")
}

/// One version of the policy.
#[must_use]
pub fn policy_version(org: OrgId, version: u64) -> Key {
    Key::new(org_partition(org), format!("POLICY#{version:010}"))
}

/// A member.
#[must_use]
pub fn member(org: OrgId, member: MemberId) -> Key {
    Key::new(org_partition(org), format!("{MEMBERS}{member}"))
}

/// The membership of a signed-in identity.
#[must_use]
pub fn identity(org: OrgId, subject: &str) -> Key {
    Key::new(org_partition(org), format!("IDENTITY#{subject}"))
}

/// The member with an address.
#[must_use]
pub fn email(org: OrgId, address: &str) -> Key {
    Key::new(org_partition(org), format!("EMAIL#{address}"))
}

/// A member with a role to route to.
#[must_use]
pub fn officer(org: OrgId, role: Role, member: MemberId) -> Key {
    Key::new(org_partition(org), format!("{OFFICERS}{}#{member}", role.name()))
}

/// The partition of a report.
#[must_use]
pub fn report_partition(org: OrgId, report: ReportId) -> String {
    format!("ORG#{org}#REPORT#{report}")
}

/// The head of a report.
#[must_use]
pub fn report(org: OrgId, report: ReportId) -> Key {
    Key::new(report_partition(org, report), "REPORT")
}

/// A line of a report.
#[must_use]
pub fn expense(org: OrgId, report: ReportId, expense: ExpenseId) -> Key {
    Key::new(report_partition(org, report), format!("EXPENSE#{expense}"))
}

/// The partition that the history of a subject is in.
#[must_use]
pub fn subject_partition(org: OrgId, subject: Subject) -> String {
    match subject {
        Subject::Organisation => format!("ORG#{org}#ORGANISATION"),
        Subject::Member(member) => format!("ORG#{org}#MEMBER#{member}"),
        Subject::Policy => format!("ORG#{org}#POLICY"),
        Subject::Rates(date) => format!("ORG#{org}#RATES#{date}"),
        Subject::Report(report) => report_partition(org, report),
    }
}

/// An event.
#[must_use]
pub fn event(event: &Event) -> Key {
    Key::new(subject_partition(event.org, event.subject), format!("{EVENTS}{:015}", event.seq))
}

/// The delivery of a mail about an event to one member.
#[must_use]
pub fn delivery(event: &Event, recipient: MemberId) -> Key {
    Key::new(subject_partition(event.org, event.subject), format!("DELIVERY#{:015}#{recipient}", event.seq))
}

/// The partition of an approver's tasks.
#[must_use]
pub fn task_partition(org: OrgId, approver: MemberId) -> String {
    format!("ORG#{org}#APPROVER#{approver}")
}

/// An approver's task.
#[must_use]
pub fn task(org: OrgId, approver: MemberId, due_on: Option<Date>, report: ReportId, step: u32) -> Key {
    let due = due_on.map_or_else(|| "9999-12-31".to_owned(), |due| due.to_string());
    Key::new(task_partition(org, approver), format!("{TASKS}{due}#{report}#{step:03}"))
}

/// The partition of exchange rates.
#[must_use]
pub fn rates_partition(org: OrgId) -> String {
    format!("ORG#{org}#RATES")
}

/// The exchange rate of a currency on a day.
#[must_use]
pub fn rate(org: OrgId, currency: Currency, date: Date) -> Key {
    Key::new(rates_partition(org), format!("{currency}#{date}"))
}

/// The answer given to a request with an idempotency key.
#[must_use]
pub fn idempotency(org: Option<OrgId>, subject: &str, key: &str) -> Key {
    match org {
        Some(org) => Key::new(format!("ORG#{org}#IDEMPOTENCY#{subject}"), key),
        None => Key::new(format!("IDENTITY#{subject}#IDEMPOTENCY"), key),
    }
}

/// The partition of GSI1 that lists the reports of an owner.
#[must_use]
pub fn owner_index(org: OrgId, owner: MemberId) -> String {
    format!("ORG#{org}#OWNER#{owner}")
}

/// The partition of GSI2 that lists the reports of a status created in a month (`yyyy-mm`).
#[must_use]
pub fn status_index(org: OrgId, status: Status, month: &str) -> String {
    format!("ORG#{org}#STATUS#{}#{month}", status.name())
}
