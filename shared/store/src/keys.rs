//! Every key of the table and its secondary indexes. Reads and writes build their keys here and nowhere else.
//! `docs/DATA.md` lists the patterns with their items. The organisation comes first in each partition key, so a request
//! for one organisation cannot name items of another.
//!
//! No partition is split by time: one organisation writes far less than one partition takes, and an unsplit list can be
//! read to its end. Report identifiers sort by time of creation, so a list by report is a list by age.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::conversion::ReferenceSource;
use outlay_domain::event::{Event, EventSubject};
use outlay_domain::ids::{IdGenerator, MemberId, OrgId, ReceiptId, ReportId};
use outlay_domain::ledger::{AccountingPeriod, EntryPlace};
use outlay_domain::member::{Member, Role};
use outlay_domain::money::{Currency, Money};
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::spending::SpendingBucketKey;
use outlay_domain::text::hex;
use sha2::{Digest, Sha256};

mod batches;
mod primary;

pub use batches::*;
pub use primary::PrimaryKey;

/// Attribute names of the primary key.
pub mod names {
    /// Partition key.
    pub const PK: &str = "PK";
    /// Sort key.
    pub const SK: &str = "SK";
}

/// Secondary index of report heads. `template.yaml` declares the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondaryIndex {
    /// Index name.
    pub name: &'static str,
    /// Partition key attribute.
    pub pk: &'static str,
    /// Sort key attribute.
    pub sk: &'static str,
}

impl SecondaryIndex {
    /// Name, partition key attribute, sort key attribute.
    pub(crate) const fn keys(self) -> (Option<&'static str>, &'static str, &'static str) {
        (Some(self.name), self.pk, self.sk)
    }
}

/// Reports of an owner, by creation.
pub const REPORTS_BY_OWNER: SecondaryIndex =
    SecondaryIndex { name: "ReportsByOwner", pk: "ReportsByOwnerPK", sk: "ReportsByOwnerSK" };
/// Reports in a status, by creation.
pub const REPORTS_BY_STATUS: SecondaryIndex =
    SecondaryIndex { name: "ReportsByStatus", pk: "ReportsByStatusPK", sk: "ReportsByStatusSK" };
/// Reports by their last change.
pub const REPORTS_BY_UPDATE: SecondaryIndex =
    SecondaryIndex { name: "ReportsByUpdate", pk: "ReportsByUpdatePK", sk: "ReportsByUpdateSK" };
/// Reports by their total in the base currency.
pub const REPORTS_BY_TOTAL: SecondaryIndex =
    SecondaryIndex { name: "ReportsByTotal", pk: "ReportsByTotalPK", sk: "ReportsByTotalSK" };

/// Work that is due: reports to escalate, by time, and tasks with a due date, by approver. Keys only.
pub const WORK_DUE: SecondaryIndex = SecondaryIndex { name: "WorkDue", pk: "WorkDuePK", sk: "WorkDueSK" };

/// First and last sort key of a report's expenses, latest comments, head and review. Its history and its deliveries lie
/// outside.
pub const REPORT_RANGE: (&str, &str) = (EXPENSES_PREFIX, REPORT_REVIEW);
/// Prefix of the sort keys of a report's expenses.
pub const EXPENSES_PREFIX: &str = "EXPENSES#";
/// Sort key of the latest comments on a report. Sorts between the expenses and the head, so one query reads all.
pub const LATEST_COMMENTS: &str = "LATEST_COMMENTS";
/// Sort key of a report's head.
pub const REPORT_HEAD: &str = "REPORT";
/// Sort key of a report's review: its violations and its steps.
pub const REPORT_REVIEW: &str = "REVIEW";
/// Prefix of the sort keys of policy versions.
pub const POLICY_VERSION_PREFIX: &str = "POLICY#";
/// Prefix of the sort keys of members.
pub const MEMBER_PREFIX: &str = "MEMBER#";
/// Prefix of the sort keys of the copies of members with the role finance or admin.
pub const ROLE_PREFIX: &str = "ROLE#";
/// Prefix of the sort keys of events. The filter of the stream in `template.yaml` has the same.
pub const EVENT_PREFIX: &str = "EVENT#";
/// Prefix of the sort keys of deliveries.
pub const DELIVERY_PREFIX: &str = "DELIVERY#";
/// Prefix of the sort keys of the heads of journal entries.
pub const ENTRY_PREFIX: &str = "ENTRY#";
/// Prefix of the sort keys of the lines of journal entries.
pub const LINES_PREFIX: &str = "LINES#";
/// Prefix of the sort keys of tasks.
pub const TASK_PREFIX: &str = "TASK#";

/// Sorts before every key.
pub(crate) const MIN_SORT_KEY: &str = " ";
/// Sorts after every key; appended to a prefix, after every key with that prefix.
pub(crate) const MAX_SORT_KEY: &str = "\u{10FFFF}";

/// Prefix of report identifiers.
pub const REPORT_ID_PREFIX: &str = "rep_";

/// Partition of an organisation: settings, members, policy.
#[must_use]
pub fn org_partition(org: OrgId) -> String {
    format!("ORG#{org}")
}

/// Key of the organisation.
#[must_use]
pub fn organisation(org: OrgId) -> PrimaryKey {
    PrimaryKey::new(org_partition(org), "ORG")
}

/// Key of the policy in force.
#[must_use]
pub fn policy(org: OrgId) -> PrimaryKey {
    PrimaryKey::new(org_partition(org), "POLICY")
}

/// Key of one version of the policy.
#[must_use]
pub fn policy_version(org: OrgId, version: u64) -> PrimaryKey {
    PrimaryKey::new(org_partition(org), format!("{POLICY_VERSION_PREFIX}{version:010}"))
}

/// Key of a member.
#[must_use]
pub fn member(org: OrgId, member: MemberId) -> PrimaryKey {
    PrimaryKey::new(org_partition(org), format!("{MEMBER_PREFIX}{member}"))
}

/// Key of the copy of a member that is bound to an identity. Without an issuer, the key of a binding of an earlier
/// version. A subject contains no `#`, so none collides with a key that has an issuer.
#[must_use]
pub fn identity(org: OrgId, issuer: Option<&str>, subject: &str) -> PrimaryKey {
    let issuer = issuer.map(|issuer| format!("{issuer}#")).unwrap_or_default();
    PrimaryKey::new(org_partition(org), format!("IDENTITY#{issuer}{subject}"))
}

/// Key of the copy of a member by their identity; `None` for a member without one.
#[must_use]
pub fn identity_of(member: &Member) -> Option<PrimaryKey> {
    member.subject.as_ref().map(|subject| identity(member.org, member.issuer.as_deref(), subject))
}

/// Key of the reservation of an email address.
#[must_use]
pub fn email(org: OrgId, address: &str) -> PrimaryKey {
    PrimaryKey::new(org_partition(org), format!("EMAIL#{address}"))
}

/// Key of a member's payout account, in the partition of their history.
#[must_use]
pub fn payout_account(org: OrgId, member: MemberId) -> PrimaryKey {
    PrimaryKey::new(subject_partition(org, EventSubject::Member(member)), "PAYOUT_ACCOUNT")
}

/// Key of the copy of a member by role, for routing.
#[must_use]
pub fn role_member(org: OrgId, role: Role, member: MemberId) -> PrimaryKey {
    PrimaryKey::new(org_partition(org), format!("{ROLE_PREFIX}{}#{member}", role.name()))
}

/// Partition of a report.
#[must_use]
pub fn report_partition(org: OrgId, report: ReportId) -> String {
    format!("ORG#{org}#REPORT#{report}")
}

/// Key of a report's head.
#[must_use]
pub fn report(org: OrgId, report: ReportId) -> PrimaryKey {
    PrimaryKey::new(report_partition(org, report), REPORT_HEAD)
}

/// Key of a report's review: its violations and its steps.
#[must_use]
pub fn report_review(org: OrgId, report: ReportId) -> PrimaryKey {
    PrimaryKey::new(report_partition(org, report), REPORT_REVIEW)
}

/// Key of the latest comments on a report.
#[must_use]
pub fn latest_comments(org: OrgId, report: ReportId) -> PrimaryKey {
    PrimaryKey::new(report_partition(org, report), LATEST_COMMENTS)
}

/// Key of one chunk of a report's expenses, from 0.
#[must_use]
pub fn expenses(org: OrgId, report: ReportId, chunk: usize) -> PrimaryKey {
    PrimaryKey::new(report_partition(org, report), format!("{EXPENSES_PREFIX}{chunk:03}"))
}

/// Partition that lists the reports with an expense on a cost centre.
#[must_use]
pub fn cost_centre_partition(org: OrgId, code: &str) -> String {
    format!("ORG#{org}#COST_CENTRE#{code}")
}

/// Partition that lists all reports.
#[must_use]
pub fn reports_partition(org: OrgId) -> String {
    format!("ORG#{org}#REPORTS")
}

/// Keys of a report's list entries: among all reports, and among those of each of its cost centres.
#[must_use]
pub fn list_entries(report: &Report) -> BTreeSet<PrimaryKey> {
    let of_cost_centre = |code| cost_centre_partition(report.org, code);
    let partitions = report.cost_centres().into_iter().map(of_cost_centre).chain([reports_partition(report.org)]);
    partitions.map(|partition| PrimaryKey::new(partition, report.id.to_string())).collect()
}

/// Partition that lists the claimed reports that a member takes part in.
#[must_use]
pub fn participant_partition(org: OrgId, member: MemberId) -> String {
    format!("ORG#{org}#PARTICIPANT#{member}")
}

/// Keys under which a claimed report is found by its participants, other than its owner and its approvers who have not
/// decided.
#[must_use]
pub fn participant_entries(report: &Report) -> BTreeSet<PrimaryKey> {
    let key = |member| PrimaryKey::new(participant_partition(report.org, member), report.id.to_string());
    report.listed_participants().into_iter().map(key).collect()
}

/// Key of a spending bucket: a member's claims in a month or on a trip.
#[must_use]
pub fn spending(org: OrgId, owner: MemberId, bucket: &SpendingBucketKey) -> PrimaryKey {
    let sk = match bucket {
        SpendingBucketKey::Month(month) => format!("MONTH#{month}"),
        SpendingBucketKey::Trip(name) => format!("TRIP#{name}"),
    };
    PrimaryKey::new(format!("ORG#{org}#SPENDING#{owner}"), sk)
}

/// Key of what automatic approval remembers about a member.
#[must_use]
pub fn auto_approvals(org: OrgId, owner: MemberId) -> PrimaryKey {
    PrimaryKey::new(format!("ORG#{org}#SPENDING#{owner}"), "AUTOMATIC".to_owned())
}

/// Partition of the history of a subject.
#[must_use]
pub fn subject_partition(org: OrgId, subject: EventSubject) -> String {
    match subject {
        EventSubject::Organisation => format!("ORG#{org}#ORGANISATION"),
        EventSubject::Member(member) => format!("ORG#{org}#MEMBER#{member}"),
        EventSubject::Policy => format!("ORG#{org}#POLICY"),
        EventSubject::Rates(date) => format!("ORG#{org}#RATES#{date}"),
        EventSubject::Report(report) => report_partition(org, report),
        EventSubject::Batch(batch) => batch_partition(org, batch),
    }
}

/// Key of an event.
#[must_use]
pub fn event(event: &Event) -> PrimaryKey {
    event_at(event.org, event.subject, event.seq)
}

/// Key of the event with this sequence number in the history of a subject.
#[must_use]
pub fn event_at(org: OrgId, subject: EventSubject, seq: u64) -> PrimaryKey {
    PrimaryKey::new(subject_partition(org, subject), format!("{EVENT_PREFIX}{seq:015}"))
}

/// Key of a delivery: a mail to one member about a subject, caused by an event or a schedule.
#[must_use]
pub fn delivery(org: OrgId, subject: EventSubject, trigger: &str, recipient: MemberId) -> PrimaryKey {
    PrimaryKey::new(subject_partition(org, subject), format!("{DELIVERY_PREFIX}{trigger}#{recipient}"))
}

/// Partition of the outbox.
#[must_use]
pub fn outbox_partition(org: OrgId) -> String {
    format!("ORG#{org}#OUTBOX")
}

/// Key of the outbox entry of an event, sorted by time.
#[must_use]
pub fn outbox(event: &Event) -> PrimaryKey {
    outbox_entry(event.org, event.at, &self::event(event))
}

/// Key of the outbox entry of the event with this time and key.
pub(crate) fn outbox_entry(org: OrgId, at: Timestamp, event: &PrimaryKey) -> PrimaryKey {
    let PrimaryKey { pk, sk } = event;
    PrimaryKey::new(outbox_partition(org), format!("{}#{pk}/{sk}", sortable_timestamp(at)))
}

/// Key of an SES event about unknown mail.
#[must_use]
pub fn unknown_ses_event(org: Option<OrgId>, message: &str, kind: &str) -> PrimaryKey {
    let partition = org.map_or_else(|| "FEEDBACK".to_owned(), |org| format!("ORG#{org}#FEEDBACK"));
    PrimaryKey::new(partition, format!("{message}#{kind}"))
}

/// Partition of the file tasks.
#[must_use]
pub fn file_tasks_partition(org: OrgId) -> String {
    format!("ORG#{org}#FILES")
}

/// Key of the file task of a receipt.
#[must_use]
pub fn file_task(org: OrgId, receipt: ReceiptId) -> PrimaryKey {
    PrimaryKey::new(file_tasks_partition(org), receipt.to_string())
}

/// Partition that lists the clean receipts of one file, by its SHA-256.
#[must_use]
pub fn receipt_hash_partition(org: OrgId, sha256: &str) -> String {
    format!("ORG#{org}#RECEIPT_HASH#{sha256}")
}

/// Keys under which a report's clean receipts are found by the hash of their content. Files that are uploaded as the
/// same bytes are kept as the same bytes, so one key is enough.
#[must_use]
pub fn receipt_hashes(report: &Report) -> BTreeSet<PrimaryKey> {
    let receipts = report.receipts().into_values().filter(|receipt| receipt.is_clean());
    let partition = |sha256: &str| receipt_hash_partition(report.org, sha256);
    receipts.map(|one| PrimaryKey::new(partition(one.content_sha256()), format!("{}#{}", report.id, one.id))).collect()
}

/// Key of a daily quota of a person, over all organisations: `uploads` (bytes), `submissions`, `invitations` or
/// `organisations`.
#[must_use]
pub fn daily_quota(subject: &str, what: &str, day: Date) -> PrimaryKey {
    rate_limit(subject, &format!("{}#{day}", what.to_ascii_uppercase()))
}

/// Key of the counter of mail of an organisation on a day.
#[must_use]
pub fn mail_of_organisation(org: OrgId, day: Date) -> PrimaryKey {
    PrimaryKey::new(format!("ORG#{org}#MAIL"), day.to_string())
}

/// Key of the counter of mail to a mailbox on a day, of all organisations.
#[must_use]
pub fn mail_of_mailbox(address: &str, day: Date) -> PrimaryKey {
    PrimaryKey::new(mailbox_partition(address), format!("MAIL#{day}"))
}

/// Key of the counter of invitations to a mailbox in a month, of all organisations.
#[must_use]
pub fn invitations_of_mailbox(address: &str, day: Date) -> PrimaryKey {
    PrimaryKey::new(mailbox_partition(address), format!("INVITATIONS#{:04}-{:02}", day.year(), day.month()))
}

/// Partition of a mailbox, by the SHA-256 of its address. Addresses that differ in a `+label` are one mailbox.
fn mailbox_partition(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let local = local.split('+').next().unwrap_or(local);
    let mailbox = format!("{local}@{domain}").to_ascii_lowercase();
    format!("MAILBOX#{}", hex(&Sha256::digest(mailbox)))
}

/// Key of the note that an invited member has signed in.
#[must_use]
pub fn sign_in(org: OrgId, member: MemberId) -> PrimaryKey {
    PrimaryKey::new(format!("ORG#{org}#SIGN_INS"), member.to_string())
}

/// Partition that lists all organisations, for scheduled functions.
pub const ORGANISATIONS_PARTITION: &str = "ORGS";

/// Key of the list entry of an organisation.
#[must_use]
pub fn organisation_entry(org: OrgId) -> PrimaryKey {
    PrimaryKey::new(ORGANISATIONS_PARTITION.to_owned(), org.to_string())
}

/// Key of the turn in a partition: see [`crate::turns`].
#[must_use]
pub fn turn(partition: &str) -> PrimaryKey {
    PrimaryKey::new(partition.to_owned(), "TURN")
}

/// Partition of an approver's tasks.
#[must_use]
pub fn task_partition(org: OrgId, approver: MemberId) -> String {
    format!("ORG#{org}#APPROVER#{approver}")
}

/// Key of an approver's task, sorted by due date. A task without one comes last.
#[must_use]
pub fn task(org: OrgId, approver: MemberId, due_on: Option<Date>, report: ReportId, step: u32) -> PrimaryKey {
    let due = due_on.map_or_else(|| "9999-12-31".to_owned(), |due| due.to_string());
    PrimaryKey::new(task_partition(org, approver), format!("{TASK_PREFIX}{due}#{report}#{step:03}"))
}

/// Partition of `WorkDue` with an organisation's reports to escalate, by the time from which they are due.
#[must_use]
pub fn escalations_partition(org: OrgId) -> String {
    format!("ORG#{org}#ESCALATIONS")
}

/// Sort key of a report to escalate, in `WorkDue`.
#[must_use]
pub fn escalation_sort_key(at: Timestamp, report: ReportId) -> String {
    format!("{}#{report}", sortable_timestamp(at))
}

/// Partition of `WorkDue` with an organisation's tasks that have a due date, by approver.
#[must_use]
pub fn due_tasks_partition(org: OrgId) -> String {
    format!("ORG#{org}#DUE_TASKS")
}

/// Sort key of a task with a due date, in `WorkDue`.
#[must_use]
pub fn due_task_sort_key(approver: MemberId, due_on: Date, report: ReportId) -> String {
    format!("{approver}#{due_on}#{report}")
}

/// Partition of the members whose tasks must be checked: a change can have made them unable to decide.
#[must_use]
pub fn approver_checks_partition(org: OrgId) -> String {
    format!("ORG#{org}#APPROVER_CHECKS")
}

/// Key of the check of a member's tasks.
#[must_use]
pub fn approver_check(org: OrgId, member: MemberId) -> PrimaryKey {
    PrimaryKey::new(approver_checks_partition(org), member.to_string())
}

/// Key of the settings of the ledger. They have their own partition: `triggers-book` has a condition on them in its
/// transactions, and may write nothing in the partition of members.
#[must_use]
pub fn ledger(org: OrgId) -> PrimaryKey {
    PrimaryKey::new(format!("ORG#{org}#LEDGER"), "SETTINGS")
}

/// Partition of the reports and payments whose bookings must be brought up to date.
#[must_use]
pub fn booking_requests_partition(org: OrgId) -> String {
    format!("ORG#{org}#BOOKING_REQUESTS")
}

/// Key of the booking request of a report or payment.
#[must_use]
pub fn booking_request(org: OrgId, subject: &str) -> PrimaryKey {
    PrimaryKey::new(booking_requests_partition(org), subject)
}

/// Key of the state of a report's bookings. It sorts before the range of the report.
#[must_use]
pub fn bookings(org: OrgId, report: ReportId) -> PrimaryKey {
    PrimaryKey::new(report_partition(org, report), "BOOKINGS")
}

/// Partition of the journal entries of a period.
#[must_use]
pub fn journal_partition(org: OrgId, period: AccountingPeriod) -> String {
    format!("ORG#{org}#JOURNAL#{period}")
}

/// Key of the head of a journal entry, sorted by the time of its booking.
#[must_use]
pub fn journal_entry(org: OrgId, place: &EntryPlace) -> PrimaryKey {
    let position = journal_position(place);
    PrimaryKey::new(journal_partition(org, place.period), format!("{ENTRY_PREFIX}{position}"))
}

/// Key of a group of lines of a journal entry, from 0.
#[must_use]
pub fn journal_lines(org: OrgId, place: &EntryPlace, group: usize) -> PrimaryKey {
    let position = journal_position(place);
    PrimaryKey::new(journal_partition(org, place.period), format!("{LINES_PREFIX}{position}#{group:03}"))
}

/// Position of a journal entry in its period.
fn journal_position(place: &EntryPlace) -> String {
    format!("{}#{}", sortable_timestamp(place.booked_at), place.id)
}

/// Partition of exchange rates.
#[must_use]
pub fn rates_partition(org: OrgId) -> String {
    format!("ORG#{org}#RATES")
}

/// Key of the exchange rate of a currency on a date.
#[must_use]
pub fn rate(org: OrgId, currency: Currency, date: Date) -> PrimaryKey {
    PrimaryKey::new(rates_partition(org), format!("{currency}#{date}"))
}

/// Partition of the reference rates of a central bank. `template.yaml` lets one function write it.
#[must_use]
pub fn reference_rates_partition(source: ReferenceSource) -> String {
    format!("REFERENCE_RATES#{}", source.code())
}

/// Key of the reference rates of a day.
#[must_use]
pub fn reference_rates(source: ReferenceSource, date: Date) -> PrimaryKey {
    PrimaryKey::new(reference_rates_partition(source), date.to_string())
}

/// Key of an idempotency record. Without an organisation it belongs to the identity alone.
#[must_use]
pub fn idempotency(org: Option<OrgId>, subject: &str, key: &str) -> PrimaryKey {
    match org {
        Some(org) => PrimaryKey::new(format!("ORG#{org}#IDEMPOTENCY#{subject}"), key),
        None => PrimaryKey::new(format!("IDENTITY#{subject}#IDEMPOTENCY"), key),
    }
}

/// Key of the rate limit of a person, over all organisations, per class of request.
#[must_use]
pub fn rate_limit(subject: &str, class: &str) -> PrimaryKey {
    PrimaryKey::new(format!("IDENTITY#{subject}#LIMIT"), class)
}

/// Key of the rate of inspections of an organisation's files.
#[must_use]
pub fn inspection_rate(org: OrgId) -> PrimaryKey {
    PrimaryKey::new(format!("ORG#{org}#INSPECTIONS"), "RATE")
}

/// Key of one shard of an organisation's rate limit. A subject contains no `#`, so none collides with a shard.
#[must_use]
pub fn rate_limit_shard(org: OrgId, shard: u64, class: &str) -> PrimaryKey {
    PrimaryKey::new(format!("ORG#{org}#LIMIT#SHARD#{shard}"), class)
}

/// Key of the limits of an organisation. It has its own partition, to which `template.yaml` denies writes by any
/// function.
#[must_use]
pub fn plan(org: OrgId) -> PrimaryKey {
    PrimaryKey::new(format!("ORG#{org}#PLAN"), "PLAN")
}

/// Key of the verification keys of a token issuer.
#[must_use]
pub fn issuer_keys(url: &str) -> PrimaryKey {
    PrimaryKey::new(format!("ISSUER#{url}"), "KEYS")
}

/// Partition of `ReportsByOwner`.
#[must_use]
pub fn reports_by_owner_partition(org: OrgId, owner: MemberId) -> String {
    format!("ORG#{org}#OWNER#{owner}")
}

/// Partition of `ReportsByStatus`.
#[must_use]
pub fn reports_by_status_partition(org: OrgId, status: ReportStatus) -> String {
    format!("ORG#{org}#STATUS#{}", status.name())
}

/// Partition of `ReportsByUpdate`.
#[must_use]
pub fn reports_by_update_partition(org: OrgId) -> String {
    format!("ORG#{org}#UPDATED")
}

/// Timestamp for sort keys: to the millisecond, of constant width, so text order is time order.
#[must_use]
pub fn sortable_timestamp(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Partition of `ReportsByTotal`.
#[must_use]
pub fn reports_by_total_partition(org: OrgId) -> String {
    format!("ORG#{org}#TOTAL")
}

/// Total for sort keys, in minor units of the base currency: of constant width, so text order is numeric order.
#[must_use]
pub fn sortable_total(minor: i64) -> String {
    format!("{:019}", minor.max(0))
}

/// Sort key in `ReportsByUpdate`.
#[must_use]
pub fn updated_sort_key(at: Timestamp, report: ReportId) -> String {
    format!("{}#{report}", sortable_timestamp(at))
}

/// Sort key in `ReportsByTotal`.
#[must_use]
pub fn total_sort_key(base_total: Money, report: ReportId) -> String {
    format!("{}#{report}", sortable_total(base_total.minor()))
}

/// Common prefix of the identifiers of all reports created in one millisecond, and of no others.
#[must_use]
pub fn id_prefix_at(at: Timestamp) -> String {
    // In the text of a TypeID, the ten characters after prefix and underscore hold the 48 bits of the time.
    let id: ReportId = IdGenerator::new(at, [0; 10]).next_id();
    id.to_string().chars().take(REPORT_ID_PREFIX.len() + 10).collect()
}

#[cfg(test)]
mod tests;
