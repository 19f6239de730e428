//! The journal: entries with their lines, the state of each report's bookings, and requests to book. An entry is a head
//! and groups of lines beside it, because it can be larger than an item. This file does not decide what is booked.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::Select;
use jiff::Timestamp;
use outlay_domain::event::{Event, EventSubject};
use outlay_domain::ids::{OrgId, PaymentId, ReportId};
use outlay_domain::ledger::{
    AccountingPeriod, BookingEvent, EntryHead, EntryPlace, JournalEntry, JournalLine, LedgerSettings, PaymentBookings,
    ReportBookings,
};
use outlay_domain::money::{Currency, Money};
use serde::{Deserialize, Serialize};

use crate::attributes::{Item, item_size, key_attributes, number, text_of};
use crate::client::Store;
use crate::error::{StoreError, is_condition_failure};
use crate::integrity::Stored;
use crate::items::{from_item, to_item};
use crate::keys::{self, ENTRY_PREFIX, LINES_PREFIX, MAX_SORT_KEY, MIN_SORT_KEY, PrimaryKey, names};
use crate::page::{CursorError, ListError, Page, PageRequest};

/// Lines per item. A hundred always fit into one item, and the largest entry fits into one transaction.
const LINES_PER_ITEM: usize = 100;
/// Size at which a page of entries ends, in bytes of items.
const MAX_PAGE_BYTES: usize = 1 << 20;

impl Stored for LedgerSettings {}
impl Stored for ReportBookings {}
impl Stored for PaymentBookings {}

/// Request to bring bookings up to date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum BookingRequest {
    /// Those of a report.
    Report {
        /// The report.
        report_id: ReportId,
        /// Event that the bookings must reach. Distinguishes the request from a later one.
        last_event: u64,
    },
    /// Those of a payment.
    Payment {
        /// The payment.
        payment_id: PaymentId,
        /// Version of the payment. Distinguishes the request from a later one.
        payment_version: u64,
    },
}

impl BookingRequest {
    /// Identifier of the report or payment.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Report { report_id, .. } => report_id.to_string(),
            Self::Payment { payment_id, .. } => payment_id.to_string(),
        }
    }
}

impl Stored for BookingRequest {
    // It only points to the report or payment.
    const HAS_DIGEST: bool = false;
}

/// Entry with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Time of the booking.
    pub booked_at: Timestamp,
    /// Number in the fiscal year; 0 when it was not asked for.
    pub number: u64,
    /// Entry.
    pub entry: JournalEntry,
}

/// Head of an entry: everything but its lines.
#[derive(Debug, Serialize, Deserialize)]
struct StoredHead {
    #[serde(flatten)]
    head: EntryHead,
    currency: Currency,
    /// Sum of the debits, for people who read the table.
    total: Money,
    /// Number of lines, in all groups.
    lines: usize,
    booked_at: Timestamp,
}

impl Stored for StoredHead {}

/// Group of lines.
#[derive(Debug, Serialize, Deserialize)]
struct LineGroup<L> {
    lines: L,
}

impl<L> Stored for LineGroup<L> {}

/// Items of an entry: its head, then its lines.
pub(crate) fn entry_items(entry: &JournalEntry, booked_at: Timestamp) -> Result<Vec<Item>, StoreError> {
    let head = entry.head();
    let place = EntryPlace { id: head.id, period: entry.period(), booked_at };
    let key = keys::journal_entry(head.org, &place);
    let total = entry.total().map_err(|error| corrupt(&key, &error.to_string()))?;
    let lines = entry.lines();
    let stored = StoredHead { head: head.clone(), currency: entry.currency(), total, lines: lines.len(), booked_at };
    let groups = lines.chunks(LINES_PER_ITEM).enumerate();
    let groups = groups.map(|(group, lines)| {
        to_item(&keys::journal_lines(head.org, &place, group), "journal_lines", &LineGroup { lines })
    });
    std::iter::once(to_item(&key, "journal_entry", &stored)).chain(groups).collect()
}

fn corrupt(key: &PrimaryKey, reason: &str) -> StoreError {
    StoreError::Corrupt { item: key.redacted(), reason: reason.to_owned() }
}

/// Position of an item in its period: its sort key without prefix and group.
fn position_of(item: &Item) -> Option<String> {
    let sk = text_of(item, names::SK)?;
    let mut parts = sk.split('#').skip(1);
    Some(format!("{}#{}", parts.next()?, parts.next()?))
}

/// Assembles an entry. Rejects one that lacks lines or does not balance.
fn assemble(head: Item, groups: Vec<Item>) -> Result<StoredEntry, StoreError> {
    let attribute = |name: &str| text_of(&head, name).unwrap_or_default().to_owned();
    let key = PrimaryKey { pk: attribute(names::PK), sk: attribute(names::SK) };
    let StoredHead { head, currency, lines: count, booked_at, .. } = from_item(head)?;
    let mut lines: Vec<JournalLine> = Vec::with_capacity(count);
    for group in groups {
        lines.extend(from_item::<LineGroup<Vec<JournalLine>>>(group)?.lines);
    }
    if lines.len() != count {
        return Err(corrupt(&key, "its parts do not match"));
    }
    let entry = JournalEntry::new(head, currency, lines).map_err(|error| corrupt(&key, &error.to_string()))?;
    Ok(StoredEntry { booked_at, number: 0, entry })
}

/// Assembles entries from heads and the groups of lines of the same range, both in order.
fn assemble_all(heads: Vec<Item>, groups: Vec<Item>) -> Result<Vec<StoredEntry>, StoreError> {
    let mut by_position: HashMap<String, Vec<Item>> = HashMap::new();
    for group in groups {
        let position = position_of(&group).unwrap_or_default();
        by_position.entry(position).or_default().push(group);
    }
    let entry = |head: Item| {
        let groups = position_of(&head).and_then(|position| by_position.remove(&position)).unwrap_or_default();
        assemble(head, groups)
    };
    heads.into_iter().map(entry).collect()
}

/// Name of the journal of a span of periods, for cursors.
fn list_name(org: OrgId, from: AccountingPeriod, to: AccountingPeriod) -> String {
    format!("{}|{to}", keys::journal_partition(org, from))
}

/// Periods from the first to the last.
fn periods(from: AccountingPeriod, to: AccountingPeriod) -> impl Iterator<Item = AccountingPeriod> {
    std::iter::successors(Some(from), |period| Some(period.next())).take_while(move |period| *period <= to)
}

impl Store {
    /// Reads the settings of the ledger; those without accounts when the organisation has set nothing.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn ledger_settings(&self, org: OrgId) -> Result<LedgerSettings, StoreError> {
        Ok(self.get(&keys::ledger(org)).await?.unwrap_or_default())
    }

    /// Lists the payments and reports whose bookings must be brought up to date, oldest first; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn booking_requests(&self, org: OrgId, limit: i32) -> Result<Vec<BookingRequest>, StoreError> {
        let request = self.query_range(&keys::booking_requests_partition(org), MIN_SORT_KEY, MAX_SORT_KEY);
        let items = request.limit(limit).send().await?.items.unwrap_or_default();
        items.into_iter().map(from_item).collect()
    }

    /// Deletes a booking request, unless it was made again.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a booking request tracks work, it is no decision of the domain")]
    pub async fn finish_booking_request(&self, org: OrgId, request: &BookingRequest) -> Result<(), StoreError> {
        let (condition, seen) = match request {
            BookingRequest::Report { last_event, .. } => ("last_event = :seen", *last_event),
            BookingRequest::Payment { payment_version, .. } => ("payment_version = :seen", *payment_version),
        };
        let key = key_attributes(&keys::booking_request(org, &request.subject()));
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        let delete = delete.condition_expression(condition).expression_attribute_values(":seen", number(seen));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failure(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the bookings of a report.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn bookings(&self, org: OrgId, report: ReportId) -> Result<ReportBookings, StoreError> {
        let stored = self.get(&keys::bookings(org, report)).await?;
        Ok(stored.unwrap_or(ReportBookings::none(org, report)))
    }

    /// Reads the bookings of a payment.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn payment_bookings(&self, org: OrgId, payment: PaymentId) -> Result<PaymentBookings, StoreError> {
        let stored = self.get(&keys::payment_bookings(org, payment)).await?;
        Ok(stored.unwrap_or(PaymentBookings::none(org, payment)))
    }

    /// Reads the events of a report with an effect on the books, after one and up to another, in their order.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn booking_events(
        &self,
        org: OrgId,
        report: ReportId,
        after: u64,
        through: u64,
    ) -> Result<Vec<BookingEvent>, StoreError> {
        // The table refuses a range whose end is before its start.
        if after >= through {
            return Ok(Vec::new());
        }
        let key = |seq| keys::event_at(org, EventSubject::Report(report), seq);
        let PrimaryKey { pk, sk } = key(after.saturating_add(1));
        let mut events = Vec::new();
        let mut start = None;
        loop {
            let query = self.query_range(&pk, &sk, &key(through).sk).set_exclusive_start_key(start);
            let output = query.send().await?;
            for item in output.items.unwrap_or_default() {
                events.extend(BookingEvent::of(&from_item::<Event>(item)?));
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(events);
            }
        }
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Corrupt`] when it is absent or lacks lines.
    pub async fn journal_entry(&self, org: OrgId, place: &EntryPlace) -> Result<JournalEntry, StoreError> {
        let key = keys::journal_entry(org, place);
        let head = self.get_item(&key).await?.ok_or_else(|| corrupt(&key, "absent"))?;
        let PrimaryKey { pk, sk } = keys::journal_lines(org, place, 0);
        let prefix = sk.rsplit_once('#').map_or(sk.as_str(), |(prefix, _)| prefix);
        let groups = self.query_all(&pk, &format!("{prefix}#"), &format!("{prefix}#{MAX_SORT_KEY}")).await?;
        Ok(assemble(head, groups)?.entry)
    }

    /// Counts the entries of the periods from `from` up to, and without, `until`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count_entries(
        &self,
        org: OrgId,
        from: AccountingPeriod,
        until: AccountingPeriod,
    ) -> Result<u64, StoreError> {
        let mut count = 0_u64;
        for period in periods(from, until).take_while(|period| *period < until) {
            let mut start = None;
            loop {
                let end = format!("{ENTRY_PREFIX}{MAX_SORT_KEY}");
                let query = self.query_range(&keys::journal_partition(org, period), ENTRY_PREFIX, &end);
                let output = query.select(Select::Count).set_exclusive_start_key(start).send().await?;
                count = count.saturating_add(u64::try_from(output.count).unwrap_or_default());
                start = output.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(count)
    }

    /// Reads the entries of some periods in the order of their numbers: by period, time of booking, identifier. `None`
    /// when their items have more than `max_bytes`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn journal_entries(
        &self,
        org: OrgId,
        from: AccountingPeriod,
        to: AccountingPeriod,
        max_bytes: usize,
    ) -> Result<Option<Vec<StoredEntry>>, StoreError> {
        let (mut entries, mut left) = (Vec::new(), max_bytes);
        for period in periods(from, to) {
            let partition = keys::journal_partition(org, period);
            // Heads before lines: an entry that is booked in between has lines without a head, which are not used.
            let Some(heads) = self.items_within(&partition, ENTRY_PREFIX, &mut left).await? else { return Ok(None) };
            let Some(groups) = self.items_within(&partition, LINES_PREFIX, &mut left).await? else { return Ok(None) };
            entries.extend(assemble_all(heads, groups)?);
        }
        Ok(Some(entries))
    }

    /// Reads the items of a partition with a prefix, and takes their size from `left`; `None` when it is not enough.
    async fn items_within(
        &self,
        partition: &str,
        prefix: &str,
        left: &mut usize,
    ) -> Result<Option<Vec<Item>>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let query = self.query_range(partition, prefix, &format!("{prefix}{MAX_SORT_KEY}"));
            let output = query.set_exclusive_start_key(start).send().await?;
            for item in output.items.unwrap_or_default() {
                let Some(rest) = left.checked_sub(item_size(&item)) else { return Ok(None) };
                *left = rest;
                items.push(item);
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(Some(items));
            }
        }
    }

    /// Lists the entries of some periods in the order of their numbers, one page at a time. A page ends after 1 MiB.
    /// `first_number` is the number of the first entry of `from`.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_journal(
        &self,
        org: OrgId,
        (from, to): (AccountingPeriod, AccountingPeriod),
        first_number: u64,
        page: &PageRequest,
    ) -> Result<Page<StoredEntry>, ListError> {
        let list = list_name(org, from, to);
        let (mut period, mut after, mut number) = match page.decode_cursor(&list)? {
            Some(position) => parse_position(&position).ok_or(CursorError::Invalid)?,
            None => (from, String::new(), first_number),
        };
        let wanted = usize::try_from(page.limit).unwrap_or(1);
        let (mut items, mut bytes) = (Vec::new(), 0_usize);
        while period <= to {
            let heads = self.heads_after(org, period, &after, wanted.saturating_sub(items.len())).await?;
            for head in heads {
                after = position_of(&head).unwrap_or_default();
                let groups = self.groups_at(org, period, &after).await?;
                bytes = groups
                    .iter()
                    .fold(bytes.saturating_add(item_size(&head)), |sum, it| sum.saturating_add(item_size(it)));
                items.push(StoredEntry { number, ..assemble(head, groups)? });
                number = number.saturating_add(1);
                if items.len() >= wanted || bytes >= MAX_PAGE_BYTES {
                    let next = page.encode_cursor(&list, &format!("{period}|{number}|{after}"));
                    return Ok(Page { items, next: Some(next), passed_over: 0 });
                }
            }
            (period, after) = (period.next(), String::new());
        }
        Ok(Page { items, next: None, passed_over: 0 })
    }

    /// Reads the heads of a period behind a position, at most `limit`.
    async fn heads_after(
        &self,
        org: OrgId,
        period: AccountingPeriod,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Item>, StoreError> {
        let from = if after.is_empty() { ENTRY_PREFIX.to_owned() } else { format!("{ENTRY_PREFIX}{after}#") };
        let end = format!("{ENTRY_PREFIX}{MAX_SORT_KEY}");
        let query = self.query_range(&keys::journal_partition(org, period), &from, &end);
        let output = query.limit(i32::try_from(limit.max(1)).unwrap_or(i32::MAX)).send().await?;
        Ok(output.items.unwrap_or_default())
    }

    async fn groups_at(&self, org: OrgId, period: AccountingPeriod, position: &str) -> Result<Vec<Item>, StoreError> {
        let prefix = format!("{LINES_PREFIX}{position}#");
        self.query_all(&keys::journal_partition(org, period), &prefix, &format!("{prefix}{MAX_SORT_KEY}")).await
    }
}

/// Period, position in it, and next number of a cursor.
fn parse_position(text: &str) -> Option<(AccountingPeriod, String, u64)> {
    let mut parts = text.splitn(3, '|');
    let (period, number, after) = (parts.next()?, parts.next()?, parts.next()?);
    Some((period.parse().ok()?, after.to_owned(), number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use outlay_domain::ledger::{EntrySide, EntrySource, LineRole};

    use super::*;
    use crate::attributes::text;
    use crate::testing::seed;

    const BOOKED_AT: &str = "2026-11-22T10:00:00.250Z";

    fn line(side: EntrySide, minor: i64) -> JournalLine {
        JournalLine {
            account: "6650".parse().unwrap(),
            side,
            amount: Money::from_minor(minor, "EUR".parse().unwrap()),
            original: None,
            role: LineRole::Expense,
            cost_centre: Some("sales".parse().unwrap()),
            project: None,
            tax_code: None,
            tax_base: None,
            member: None,
            expense: None,
            text: "é".repeat(200),
        }
    }

    /// Entry with this number of lines.
    fn entry(lines: usize) -> JournalEntry {
        let mut seed = seed();
        let date = "2026-11-20".parse().unwrap();
        let head = EntryHead {
            id: seed.next_id(),
            org: seed.next_id(),
            date,
            document_date: date,
            source: EntrySource::ReportApproved { report: seed.next_id() },
            reference: "R-2026-7K3F".to_owned(),
            text: "Ana: Lyon".to_owned(),
        };
        let debits = lines - 1;
        let mut all = vec![line(EntrySide::Debit, 7); debits];
        all.push(line(EntrySide::Credit, 7 * i64::try_from(debits).unwrap()));
        JournalEntry::new(head, "EUR".parse().unwrap(), all).unwrap()
    }

    fn items(entry: &JournalEntry) -> Vec<Item> {
        entry_items(entry, BOOKED_AT.parse().unwrap()).unwrap()
    }

    #[test]
    fn entry_survives_conversion_to_items() {
        for (lines, groups) in [(2, 1), (100, 1), (101, 2), (6_500, 65)] {
            let entry = entry(lines);
            let mut heads = items(&entry);
            let of_lines = heads.split_off(1);
            assert_eq!(of_lines.len(), groups);
            assert!(of_lines.iter().all(|item| item_size(item) < 400 * 1024), "{lines}");
            let stored = StoredEntry { booked_at: BOOKED_AT.parse().unwrap(), number: 0, entry };
            assert_eq!(assemble_all(heads, of_lines).unwrap(), [stored]);
        }
    }

    #[test]
    fn incomplete_or_edited_entry_is_rejected() {
        let whole = items(&entry(150));
        let read = |items: &[Item]| assemble(items[0].clone(), items[1..].to_vec());
        assert!(read(&whole).is_ok());
        assert!(matches!(read(&whole[..2]), Err(StoreError::Corrupt { .. })), "without a group");
        let mut edited = whole;
        edited[0].insert("text".to_owned(), text("Another"));
        assert!(matches!(read(&edited), Err(StoreError::Corrupt { .. })), "with another text");
    }

    #[test]
    fn cursor_position_survives() {
        let period: AccountingPeriod = "2026-11".parse().unwrap();
        let position = format!("{period}|12|{BOOKED_AT}#jou_1");
        assert_eq!(parse_position(&position), Some((period, format!("{BOOKED_AT}#jou_1"), 12)));
        assert_eq!(parse_position("2026-11|x|y"), None);
        let months: Vec<String> =
            periods("2026-11".parse().unwrap(), "2027-01".parse().unwrap()).map(|month| month.to_string()).collect();
        assert_eq!(months, ["2026-11", "2026-12", "2027-01"]);
    }
}
