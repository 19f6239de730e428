//! Reads of what a decision rests on, all of them consistent. Lists for people are in [`crate::lists`].

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::conversion::RateEntry;
use outlay_domain::event::{Event, Subject};
use outlay_domain::expense::Expense;
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use outlay_domain::member::{Member, MemberKind, MemberStatus};
use outlay_domain::money::Currency;
use outlay_domain::organisation::Organisation;
use outlay_domain::payout::SealedAccount;
use outlay_domain::policy::Policy;
use outlay_domain::report::Report;
use serde::Deserialize;

use crate::commit::{Answer, Recorded as StoredAnswer, pause};
use crate::digest::Stored;
use crate::items::{Item, Lines, from_item, key_attributes, text, text_of, to_sealed_account};
use crate::keys::{self, AFTER_ALL, Key, names};
use crate::{Store, StoreError};

/// A signed-in person, as the identity provider names him.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The `sub` claim.
    pub subject: String,
    /// The address in lower case, only when the provider says it is verified.
    pub email: Option<String>,
    /// The `name` claim.
    pub name: Option<String>,
}

/// The membership of a signed-in person.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The member.
    pub member: Member,
    /// Whether he was invited and this is the first time he signs in: the next change binds him.
    pub joining: bool,
    /// Whether his identity has a service's seat, so that no change can bind him.
    pub displaced: bool,
}

/// What an earlier request with the same idempotency key was answered.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Hash of that request.
    pub fingerprint: String,
    /// The answer.
    pub answer: Answer,
}

pub(crate) const BETWEEN: &str = "PK = :pk AND SK BETWEEN :from AND :to";
/// The most items DynamoDB gives for one batch of keys.
pub(crate) const BATCH: usize = 100;
/// How often what DynamoDB left out of a batch is asked for again.
const BATCH_RETRIES: u32 = 5;
/// How often a report is read again when the first reading met a change half-way.
const REREADS: usize = 3;

impl Store {
    pub(crate) async fn get<T: Stored>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        self.item(key).await?.map(from_item).transpose()
    }

    async fn item(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let request =
            self.client.get_item().table_name(&self.table).set_key(Some(key_attributes(key))).consistent_read(true);
        Ok(request.send().await?.item)
    }

    /// An organisation.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn organisation(&self, org: OrgId) -> Result<Option<Organisation>, StoreError> {
        self.get(&keys::organisation(org)).await
    }

    /// The membership of a signed-in person: by his identity, or, before he is bound to one, by the invited address. Whoever has a verified
    /// address is a person, and no service's seat is his: it was added under his identity by mistake.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn seat(&self, org: OrgId, identity: &Identity) -> Result<Option<Seat>, StoreError> {
        let bound: Option<Member> = self.get(&keys::identity(org, &identity.subject)).await?;
        let displaced = bound.is_some();
        if let Some(member) = bound.filter(|bound| bound.kind == MemberKind::Person || identity.email.is_none()) {
            return Ok(Some(Seat { member, joining: false, displaced: false }));
        }
        let Some(address) = &identity.email else {
            return Ok(None);
        };
        let Some(AddressItem { member_id }) = self.get(&keys::email(org, address)).await? else {
            return Ok(None);
        };
        let found = self.member(org, member_id).await?;
        Ok(found.and_then(|member| match member.status {
            MemberStatus::Invited => Some(Seat { member, joining: true, displaced }),
            // Another request of the same person has bound him since the first read.
            _ if member.subject.as_ref() == Some(&identity.subject) => {
                Some(Seat { member, joining: false, displaced: false })
            }
            _ => None,
        }))
    }

    /// A member.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn member(&self, org: OrgId, member: MemberId) -> Result<Option<Member>, StoreError> {
        self.get(&keys::member(org, member)).await
    }

    /// Several members, in any order; those that do not exist are left out.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn members_by_id(&self, org: OrgId, members: &[MemberId]) -> Result<Vec<Member>, StoreError> {
        let wanted: BTreeSet<MemberId> = members.iter().copied().collect();
        let wanted: Vec<Item> = wanted.into_iter().map(|member| key_attributes(&keys::member(org, member))).collect();
        let found = try_join_all(wanted.chunks(BATCH).map(|batch| self.batch(batch.to_vec()))).await?;
        found.into_iter().flatten().map(from_item).collect()
    }

    /// The items of at most a hundred keys, in any order.
    pub(crate) async fn batch(&self, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        let mut left = keys;
        for attempt in 0..=BATCH_RETRIES {
            if left.is_empty() {
                return Ok(items);
            }
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
            }
            let wanted = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
            let wanted = wanted.map_err(|error| StoreError::Refused(error.to_string()))?;
            let output = self.client.batch_get_item().request_items(&self.table, wanted).send().await?;
            items.extend(output.responses.and_then(|mut tables| tables.remove(&self.table)).unwrap_or_default());
            let unprocessed = output.unprocessed_keys.and_then(|mut tables| tables.remove(&self.table));
            left = unprocessed.map(|rest| rest.keys).unwrap_or_default();
        }
        if left.is_empty() {
            return Ok(items);
        }
        Err(StoreError::Unavailable("not all items of a batch were given".to_owned()))
    }

    /// A member and his payout account, which belong together: a reading that met a change half-way is repeated.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Broken`] when the account is not the one the member speaks of however often they are read.
    pub async fn payout_account(
        &self,
        org: OrgId,
        member: MemberId,
    ) -> Result<Option<(Member, Option<SealedAccount>)>, StoreError> {
        let key = keys::payout_account(org, member);
        for _ in 0..=REREADS {
            let (member, account) = tokio::try_join!(self.member(org, member), self.item(&key))?;
            let Some(member) = member else { return Ok(None) };
            let account = account.map(to_sealed_account).transpose()?;
            if member.payout_version == account.as_ref().map(|account| account.version) {
                return Ok(Some((member, account)));
            }
        }
        let reason = "the payout account is not the one the member speaks of".to_owned();
        Err(StoreError::Broken { item: key.place(), reason })
    }

    /// The history of a member from a position on, oldest first, and the position it goes on from, unless this is all.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn member_events(
        &self,
        org: OrgId,
        member: MemberId,
        from: u64,
        limit: i32,
    ) -> Result<(Vec<Event>, Option<u64>), StoreError> {
        let Key { pk, sk } = keys::event_at(org, Subject::Member(member), from);
        let request = self.client.query().table_name(&self.table).consistent_read(true).limit(limit);
        let request = request
            .key_condition_expression(BETWEEN)
            .expression_attribute_values(":pk", text(pk))
            .expression_attribute_values(":from", text(sk))
            .expression_attribute_values(":to", text(format!("{}{AFTER_ALL}", keys::EVENTS)));
        let output = request.send().await?;
        let more = output.last_evaluated_key.is_some();
        let events: Vec<Event> =
            output.items.unwrap_or_default().into_iter().map(from_item).collect::<Result<_, _>>()?;
        let next = events.last().filter(|_| more).map(|event| event.seq.saturating_add(1));
        Ok((events, next))
    }

    /// The members that steps can be routed to by role.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn officers(&self, org: OrgId) -> Result<Vec<Member>, StoreError> {
        let items = self
            .query_all(&keys::org_partition(org), keys::OFFICERS, &format!("{}{AFTER_ALL}", keys::OFFICERS))
            .await?;
        items.into_iter().map(from_item).collect()
    }

    /// The policy in force.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn policy(&self, org: OrgId) -> Result<Option<Policy>, StoreError> {
        self.get(&keys::policy(org)).await
    }

    /// An event of a report's history, by its number.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn event(&self, org: OrgId, report: ReportId, seq: u64) -> Result<Option<Event>, StoreError> {
        self.get(&keys::event_at(org, Subject::Report(report), seq)).await
    }

    /// A report with its lines, as one consistent whole: a reading that met a change half-way is repeated.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Broken`] when head and lines do not belong together however often they are read.
    pub async fn report(&self, org: OrgId, report: ReportId) -> Result<Option<Report>, StoreError> {
        let partition = keys::report_partition(org, report);
        let (from, to) = keys::REPORT_RANGE;
        for _ in 0..=REREADS {
            let items = self.query_all(&partition, from, to).await?;
            if items.is_empty() {
                return Ok(None);
            }
            let whole = assembled(items)?;
            if whole.is_some() {
                return Ok(whole);
            }
        }
        Err(StoreError::Broken { item: partition, reason: "the lines are not those the head speaks of".to_owned() })
    }

    /// For each pair the exchange rate of the currency on the day or the last earlier one, side by side; those that have none are
    /// left out.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn rates(&self, org: OrgId, wanted: &BTreeSet<(Currency, Date)>) -> Result<Vec<RateEntry>, StoreError> {
        let partition = keys::rates_partition(org);
        let queries = wanted.iter().map(|(currency, day)| {
            let request =
                self.client.query().table_name(&self.table).consistent_read(true).scan_index_forward(false).limit(1);
            let values =
                [(":pk", partition.clone()), (":from", format!("{currency}#")), (":to", format!("{currency}#{day}"))];
            values
                .into_iter()
                .fold(request.key_condition_expression(BETWEEN), |request, (name, value)| {
                    request.expression_attribute_values(name, text(value))
                })
                .send()
        });
        let found = try_join_all(queries).await?;
        found.into_iter().flat_map(|output| output.items.unwrap_or_default()).map(from_item).collect()
    }

    /// What a request with this idempotency key was answered, unless that has expired.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn recorded(&self, key: &Key, now: Timestamp) -> Result<Option<Recorded>, StoreError> {
        let stored: Option<StoredAnswer> = self.get(key).await?;
        Ok(stored.filter(|stored| stored.expires_at > now.as_second()).map(StoredAnswer::recorded))
    }

    /// Every item of a partition between two sort keys, in order.
    pub(crate) async fn query_all(&self, partition: &str, from: &str, to: &str) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let request = self.client.query().table_name(&self.table).consistent_read(true);
            let request = request
                .key_condition_expression(BETWEEN)
                .expression_attribute_values(":pk", text(partition))
                .expression_attribute_values(":from", text(from))
                .expression_attribute_values(":to", text(to))
                .set_exclusive_start_key(start);
            let output = request.send().await?;
            items.extend(output.items.unwrap_or_default());
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

#[derive(Deserialize)]
struct AddressItem {
    member_id: MemberId,
}

impl Stored for AddressItem {}

/// The report that items are the lines and, last, the head of; `None` when they do not belong together.
fn assembled(mut items: Vec<Item>) -> Result<Option<Report>, StoreError> {
    // Without a head these are lines of a report that is just being created or deleted.
    let Some(head) = items.pop_if(|last| text_of(last, names::SK) == Some(keys::HEAD)) else { return Ok(None) };
    let mut report: Report = from_item(head)?;
    for item in items {
        let chunk: Lines<Vec<Expense>> = from_item(item)?;
        report.expenses.extend(chunk.lines);
    }
    Ok(Some(report).filter(Report::is_whole))
}

#[cfg(test)]
mod tests {
    use outlay_domain::event::EventKind;
    use outlay_domain::history::first_break;

    use super::*;
    use crate::digest::with_digest;
    use crate::items::{chunks, report_head, to_item};
    use crate::testing::{draft, event, line, receipt, seed};

    fn items(report: &Report) -> Vec<Item> {
        let key = |at| keys::expenses(report.org, report.id, at);
        let lines = chunks(report).into_iter().enumerate();
        let lines = lines.map(|(at, lines)| to_item(&key(at), "expenses", &Lines { lines }).unwrap());
        lines.chain([with_digest(report_head(report).unwrap())]).collect()
    }

    #[test]
    fn a_report_is_read_as_it_was_stored() {
        let mut seed = seed();
        for count in [0, 1, 50, 51, 120] {
            let mut lines: Vec<Expense> = (0..count).map(|_| line(&mut seed, Some("sales"), "note")).collect();
            if let Some(last) = lines.last_mut() {
                last.receipts = vec![receipt(&mut seed, true), receipt(&mut seed, false)];
            }
            let report = draft(&mut seed, lines);
            assert_eq!(items(&report).len(), 1 + usize::div_ceil(count, 50));
            assert_eq!(assembled(items(&report)).unwrap(), Some(report));
        }
    }

    #[test]
    fn half_of_a_change_is_noticed() {
        let mut seed = seed();
        let lines = (0..60).map(|_| line(&mut seed, None, "note")).collect();
        let whole = items(&draft(&mut seed, lines));
        assert_eq!(assembled(whole[..2].to_vec()).unwrap(), None, "without the head");
        assert_eq!(assembled(whole[1..].to_vec()).unwrap(), None, "without some lines");
        let mut edited = whole;
        edited[2].insert("title".to_owned(), text("Edited by hand"));
        assert!(assembled(edited).is_err(), "with another title");
    }

    #[test]
    fn the_chain_of_the_history_holds_in_what_is_read() {
        let mut seed = seed();
        let report = draft(&mut seed, Vec::new());
        let change = outlay_domain::event::FieldChange {
            field: "/x".to_owned(),
            old: serde_json::Value::Null,
            new: serde_json::json!({"text": "é", "count": 12, "negative": -3, "list": [], "yes": true}),
        };
        let expense = Box::new(line(&mut seed, Some("sales"), "note"));
        let mut first = event(&report, 1, EventKind::ExpenseAdded { expense });
        first.changes.push(change);
        let first = first.chained("");
        let second = event(&report, 2, EventKind::ReportRecalled {}).chained(&first.hash);
        let stored = |event: &Event| from_item::<Event>(to_item(&keys::event(event), "event", event).unwrap()).unwrap();
        let read = [stored(&first), stored(&second)];
        assert_eq!(read, [first, second]);
        assert_eq!(first_break((0, ""), &read), None);
    }
}
