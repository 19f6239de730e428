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
//! | payout account of a member, sealed | `ORG#{org}#MEMBER#{member}` | `PAYOUT_ACCOUNT` |
//! | member with the role finance or admin (a copy) | `ORG#{org}` | `ROLE#{role}#{member}` |
//! | report head, its lines by fifty | `ORG#{org}#REPORT#{report}` | `REPORT`, `EXPENSES#{chunk}` |
//! | that there is a report | `ORG#{org}#REPORTS` | `{report}` |
//! | that a report has a line on a cost centre | `ORG#{org}#COST_CENTRE#{code}` | `{report}` |
//! | what a member has claimed in a month or on a trip | `ORG#{org}#SPENDING#{member}` | `MONTH#{yyyy-mm}`, `TRIP#{name}` |
//! | event | the partition of its subject | `EVENT#{seq}` |
//! | delivery of a mail about an event | as the event | `DELIVERY#{seq}#{member}` |
//! | delivery of a reminder | as the member's events | `DELIVERY#REMINDER-{day}#{member}` |
//! | event that somebody is still to be told of | `ORG#{org}#OUTBOX` | `{at}#{event's place}` |
//! | file of a receipt that is to be looked after | `ORG#{org}#FILES` | `{receipt}` |
//! | clean receipt of a file, by its SHA-256 | `ORG#{org}#RECEIPT_HASH#{sha256}` | `{report}#{receipt}` |
//! | what SES told of a mail that is not known | `ORG#{org}#FEEDBACK`, `FEEDBACK` | `{message}#{type}` |
//! | approver's task | `ORG#{org}#APPROVER#{member}` | `TASK#{due}#{report}#{step}` |
//! | exchange rate | `ORG#{org}#RATES` | `{currency}#{date}` |
//! | answer of a request with an idempotency key | `ORG#{org}#IDEMPOTENCY#{sub}` | `{key}` |
//! | the same, before there is an organisation | `IDENTITY#{sub}#IDEMPOTENCY` | `{key}` |
//! | how much of a limit is used up | `ORG#{org}#LIMIT#{sub}`, `ORG#{org}#LIMIT#SHARD#{n}`, `IDENTITY#{sub}#LIMIT` | `{class}` |
//! | how much somebody has done on a day | `ORG#{org}#LIMIT#{sub}`, `IDENTITY#{sub}#LIMIT` | `UPLOADS#{day}`, `SUBMISSIONS#{day}`, `INVITATIONS#{day}`, `ORGANISATIONS#{day}` |
//! | limits of an organisation, set by the operator | `ORG#{org}#PLAN` | `PLAN` |
//! | that there is an organisation | `ORGS` | `{org}` |
//! | verification keys of the token issuer | `ISSUER#{url}` | `KEYS` |
//!
//! Four indexes list the heads of reports:
//!
//! | index | PK | SK |
//! |---|---|---|
//! | GSI1, by owner | `ORG#{org}#OWNER#{member}` | `{report}` |
//! | GSI2, by status | `ORG#{org}#STATUS#{status}` | `{report}` |
//! | GSI3, by the last change | `ORG#{org}#UPDATED` | `{updated_at}#{report}` |
//! | GSI4, by total | `ORG#{org}#TOTAL` | `{base_total}#{report}` |
//!
//! No partition is split by time: one organisation writes far below what one partition takes, and a list that is not split can
//! be walked to its end. Identifiers of reports sort by the time of creation, so a list by report is one by age.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::event::{Event, Subject};
use outlay_domain::ids::{MemberId, OrgId, ReceiptId, ReportId, Seed};
use outlay_domain::member::Role;
use outlay_domain::money::{Currency, Money};
use outlay_domain::report::{Report, Status};
use outlay_domain::spending::BucketKey;

/// The names of the key attributes and indexes.
pub mod names {
    /// Partition key.
    pub const PK: &str = "PK";
    /// Sort key.
    pub const SK: &str = "SK";
    /// The index by owner.
    pub const GSI1: &str = "GSI1";
    /// The index by status.
    pub const GSI2: &str = "GSI2";
    /// The index by the time of the last change.
    pub const GSI3: &str = "GSI3";
    /// The index by total.
    pub const GSI4: &str = "GSI4";
}

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl Key {
    pub(crate) fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

impl Key {
    /// The key as it may be logged: identifiers and numbers, and for everything else (an address, an idempotency key, a name) a mark.
    #[must_use]
    pub fn place(&self) -> String {
        let is_told = |part: &str| {
            let is_id = part.parse::<OrgId>().is_ok()
                || part.parse::<MemberId>().is_ok()
                || part.parse::<ReportId>().is_ok()
                || part.parse::<ReceiptId>().is_ok();
            is_id || part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
        };
        let told = |part: &str| if is_told(part) { part.to_owned() } else { "…".to_owned() };
        let shown = |key: &str| key.split('#').map(told).collect::<Vec<_>>().join("#");
        format!("{}/{}", shown(&self.pk), shown(&self.sk))
    }
}

/// The first and the last sort key of a report: between them lie its lines and its head, without history and deliveries.
pub const REPORT_RANGE: (&str, &str) = (EXPENSES, HEAD);
/// Sort keys of a report's lines begin with this.
pub const EXPENSES: &str = "EXPENSES#";
/// The sort key of a report's head.
pub const HEAD: &str = "REPORT";
/// Sort keys of policy versions begin with this.
pub const POLICIES: &str = "POLICY#";
/// Sort keys of members begin with this.
pub const MEMBERS: &str = "MEMBER#";
/// Sort keys of the members that have a role to route to begin with this.
pub const OFFICERS: &str = "ROLE#";
/// Sort keys of events begin with this; the stream's filter knows it too.
pub const EVENTS: &str = "EVENT#";
/// Sort keys of deliveries begin with this.
pub const DELIVERIES: &str = "DELIVERY#";
/// Sort keys of tasks begin with this.
pub const TASKS: &str = "TASK#";

/// Sorts before every key.
pub(crate) const BEFORE_ALL: &str = " ";
/// Sorts after every key that goes on with a character.
pub(crate) const AFTER_ALL: &str = "\u{10FFFF}";

/// Identifiers of reports begin with this.
pub const REPORT_IDS: &str = "rep_";

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
    Key::new(org_partition(org), format!("{POLICIES}{version:010}"))
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

/// The payout account of a member, beside his history.
#[must_use]
pub fn payout_account(org: OrgId, member: MemberId) -> Key {
    Key::new(subject_partition(org, Subject::Member(member)), "PAYOUT_ACCOUNT")
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
    Key::new(report_partition(org, report), HEAD)
}

/// Some of the lines of a report.
#[must_use]
pub fn expenses(org: OrgId, report: ReportId, chunk: usize) -> Key {
    Key::new(report_partition(org, report), format!("{EXPENSES}{chunk:03}"))
}

/// The partition of the reports with a line on a cost centre.
#[must_use]
pub fn cost_centre_partition(org: OrgId, code: &str) -> String {
    format!("ORG#{org}#COST_CENTRE#{code}")
}

/// The partition of all reports.
#[must_use]
pub fn reports_partition(org: OrgId) -> String {
    format!("ORG#{org}#REPORTS")
}

/// The items that name a report: in the list of all reports, and in those of the cost centres its lines are on.
#[must_use]
pub fn listings(report: &Report) -> BTreeSet<Key> {
    let of_cost_centre = |code| cost_centre_partition(report.org, code);
    let partitions = report.cost_centres().into_iter().map(of_cost_centre).chain([reports_partition(report.org)]);
    partitions.map(|partition| Key::new(partition, report.id.to_string())).collect()
}

/// What a member has claimed in a month or on a trip.
#[must_use]
pub fn spending(org: OrgId, owner: MemberId, bucket: &BucketKey) -> Key {
    let sk = match bucket {
        BucketKey::Month(month) => format!("MONTH#{month}"),
        BucketKey::Trip(name) => format!("TRIP#{name}"),
    };
    Key::new(format!("ORG#{org}#SPENDING#{owner}"), sk)
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
    event_at(event.org, event.subject, event.seq)
}

/// The event at a position of a subject's history.
#[must_use]
pub fn event_at(org: OrgId, subject: Subject, seq: u64) -> Key {
    Key::new(subject_partition(org, subject), format!("{EVENTS}{seq:015}"))
}

/// The delivery of a mail to one member: about what, and on which occasion.
#[must_use]
pub fn delivery(org: OrgId, subject: Subject, occasion: &str, recipient: MemberId) -> Key {
    Key::new(subject_partition(org, subject), format!("{DELIVERIES}{occasion}#{recipient}"))
}

/// The partition of the events that somebody is still to be told of.
#[must_use]
pub fn outbox_partition(org: OrgId) -> String {
    format!("ORG#{org}#OUTBOX")
}

/// That somebody is still to be told of an event; in the order of time.
#[must_use]
pub fn outbox(event: &Event) -> Key {
    let Key { pk, sk } = self::event(event);
    Key::new(outbox_partition(event.org), format!("{}#{pk}/{sk}", moment(event.at)))
}

/// What SES told of a mail that is not known here.
#[must_use]
pub fn feedback(org: Option<OrgId>, message: &str, kind: &str) -> Key {
    let partition = org.map_or_else(|| "FEEDBACK".to_owned(), |org| format!("ORG#{org}#FEEDBACK"));
    Key::new(partition, format!("{message}#{kind}"))
}

/// The partition of the files that are to be looked after.
#[must_use]
pub fn files_partition(org: OrgId) -> String {
    format!("ORG#{org}#FILES")
}

/// That the file of a receipt is to be looked after.
#[must_use]
pub fn file(org: OrgId, receipt: ReceiptId) -> Key {
    Key::new(files_partition(org), receipt.to_string())
}

/// The partition of the clean receipts of one file.
#[must_use]
pub fn receipt_hash_partition(org: OrgId, sha256: &str) -> String {
    format!("ORG#{org}#RECEIPT_HASH#{sha256}")
}

/// Where a report's clean receipts are found by their files.
#[must_use]
pub fn receipt_hashes(report: &Report) -> BTreeSet<Key> {
    let receipts = report.receipts().into_values().filter(|receipt| receipt.is_clean());
    let partition = |sha256: &str| receipt_hash_partition(report.org, sha256);
    receipts.map(|one| Key::new(partition(&one.sha256), format!("{}#{}", report.id, one.id))).collect()
}

/// How much somebody has done of something on a day: of `uploads` (bytes), `submissions`, `invitations` or `organisations`.
#[must_use]
pub fn daily(org: Option<OrgId>, subject: &str, what: &str, day: Date) -> Key {
    limit(org, subject, &format!("{}#{day}", what.to_ascii_uppercase()))
}

/// The partition that lists the organisations, for what is done by the clock.
pub const ORGANISATIONS: &str = "ORGS";

/// That there is an organisation.
#[must_use]
pub fn listed_organisation(org: OrgId) -> Key {
    Key::new(ORGANISATIONS.to_owned(), org.to_string())
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

/// How much of his limit somebody has used up.
#[must_use]
pub fn limit(org: Option<OrgId>, subject: &str, class: &str) -> Key {
    match org {
        Some(org) => Key::new(format!("ORG#{org}#LIMIT#{subject}"), class),
        None => Key::new(format!("IDENTITY#{subject}#LIMIT"), class),
    }
}

/// How much of a shard of the organisation's limit is used up. No subject contains `#`, so none is a shard.
#[must_use]
pub fn limit_shard(org: OrgId, shard: u64, class: &str) -> Key {
    Key::new(format!("ORG#{org}#LIMIT#SHARD#{shard}"), class)
}

/// The limits of an organisation. A partition of its own: the template denies every function to write it.
#[must_use]
pub fn plan(org: OrgId) -> Key {
    Key::new(format!("ORG#{org}#PLAN"), "PLAN")
}

/// The verification keys of a token issuer.
#[must_use]
pub fn issuer(url: &str) -> Key {
    Key::new(format!("ISSUER#{url}"), "KEYS")
}

/// The partition of GSI1 that lists the reports of an owner.
#[must_use]
pub fn owner_index(org: OrgId, owner: MemberId) -> String {
    format!("ORG#{org}#OWNER#{owner}")
}

/// The partition of GSI2 that lists the reports of a status.
#[must_use]
pub fn status_index(org: OrgId, status: Status) -> String {
    format!("ORG#{org}#STATUS#{}", status.name())
}

/// The partition of GSI3, which lists the reports by their last change.
#[must_use]
pub fn updated_index(org: OrgId) -> String {
    format!("ORG#{org}#UPDATED")
}

/// A moment in sort keys (of GSI3, of the outbox): in milliseconds, always of the same width, so that text sorts by time.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The partition of GSI4, which lists the reports by their total.
#[must_use]
pub fn total_index(org: OrgId) -> String {
    format!("ORG#{org}#TOTAL")
}

/// What sort keys of GSI4 begin with: the minor units of the base currency, as wide as the largest total.
#[must_use]
pub fn total(minor: i64) -> String {
    format!("{:019}", minor.max(0))
}

/// The sort key of a report in GSI3.
#[must_use]
pub fn updated(at: Timestamp, report: ReportId) -> String {
    format!("{}#{report}", moment(at))
}

/// The sort key of a report in GSI4.
#[must_use]
pub fn totalled(base_total: Money, report: ReportId) -> String {
    format!("{}#{report}", total(base_total.minor()))
}

/// What the identifiers of all reports that were created in a millisecond begin with, and no others.
#[must_use]
pub fn created_at(at: Timestamp) -> String {
    // Of the text of a TypeID, ten characters hold the 48 bits of the time, behind the prefix and its underscore.
    let id: ReportId = Seed::new(at, [0; 10]).draw();
    id.to_string().chars().take(REPORT_IDS.len() + 10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn lines_and_head_are_in_the_range_of_a_report_and_its_history_is_not() {
        let mut seed = Seed::new(at("2026-11-22T10:00:00Z"), [7; 10]);
        let (org, report, member): (OrgId, ReportId, MemberId) = (seed.draw(), seed.draw(), seed.draw());
        let (from, to) = REPORT_RANGE;
        let within = |sk: &str| (from..=to).contains(&sk);
        assert!(within(&expenses(org, report, 0).sk) && within(&expenses(org, report, 9).sk));
        assert!(within(&super::report(org, report).sk));
        assert!(!within(&event_at(org, Subject::Report(report), 1).sk));
        assert!(!within(&format!("DELIVERY#{:015}#{member}", 1)));
    }

    #[test]
    fn a_key_is_logged_without_names_and_addresses() {
        let mut seed = Seed::new(at("2026-11-22T10:00:00Z"), [7; 10]);
        let org: OrgId = seed.draw();
        let report: ReportId = seed.draw();
        assert_eq!(super::report(org, report).place(), format!("ORG#{org}#REPORT#{report}/REPORT"));
        let looks_like_one = format!("ana_{}", &org.to_string()[4..]);
        for address in ["ana@example.com", "ana_silva.of.sales@example.com", &looks_like_one] {
            assert_eq!(email(org, address).place(), format!("ORG#{org}/EMAIL#…"), "{address}");
        }
        assert_eq!(idempotency(Some(org), "ana", "my-key").place(), format!("ORG#{org}#IDEMPOTENCY#…/…"));
    }

    #[test]
    fn moments_sort_as_text() {
        let moments =
            ["2026-11-22T10:00:00Z", "2026-11-22T10:00:00.001Z", "2026-11-22T10:00:00.01Z", "2026-11-22T10:00:01Z"];
        let texts: Vec<String> = moments.iter().map(|moment| super::moment(at(moment))).collect();
        assert!(texts.is_sorted(), "{texts:?}");
        assert!(texts.iter().all(|text| text.len() == "2026-11-22T10:00:00.000Z".len()), "{texts:?}");
    }

    #[test]
    fn totals_sort_as_text() {
        let texts = [0, 9, 10, 1_000_000_000_000, i64::MAX].map(total);
        assert!(texts.is_sorted() && texts.iter().all(|text| text.len() == 19), "{texts:?}");
    }

    #[test]
    fn a_millisecond_bounds_the_reports_created_in_it() {
        let (first, last, next) =
            (at("2026-11-22T10:00:00.123Z"), at("2026-11-22T10:00:00.123999Z"), at("2026-11-22T10:00:00.124Z"));
        let id = |at, random| Seed::new(at, random).draw::<outlay_domain::ids::ReportTag>().to_string();
        for random in [[0; 10], [255; 10]] {
            assert!(id(first, random).starts_with(&created_at(first)));
            assert!(id(last, random).starts_with(&created_at(first)));
            assert!(!id(next, random).starts_with(&created_at(first)));
        }
        assert!(created_at(first) < created_at(next));
    }
}
