//! Reads. Whatever a decision rests on is read consistently; lists for people may lag by a moment.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::conversion::RateEntry;
use outlay_domain::event::{Event, Subject};
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use outlay_domain::member::{Member, MemberStatus};
use outlay_domain::money::Currency;
use outlay_domain::organisation::Organisation;
use outlay_domain::policy::Policy;
use outlay_domain::report::{Report, Status};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::commit::{Answer, Recorded as StoredAnswer};
use crate::items::{Item, Task, from_item, key_attributes, text};
use crate::keys::{self, Key, names};
use crate::page::{self, CursorFault, Page, PageRequest};
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
}

/// What an earlier request with the same idempotency key was answered.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Hash of that request.
    pub fingerprint: String,
    /// The answer.
    pub answer: Answer,
}

const BETWEEN: &str = "PK = :pk AND SK BETWEEN :from AND :to";
/// How often a report is read again when the first reading met a change half-way.
const REREADS: usize = 3;
/// How many pages a filtered list reads before it answers with what it has and a cursor.
const FILTER_PAGES: usize = 8;
/// How many items a filtered list reads at once.
const FILTER_PAGE: i32 = 100;

struct List<'a> {
    index: Option<&'static str>,
    partition: String,
    prefix: &'a str,
    newest_first: bool,
    status: Option<Status>,
}

impl Store {
    async fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        let request =
            self.client.get_item().table_name(&self.table).set_key(Some(key_attributes(key))).consistent_read(true);
        request.send().await?.item.map(from_item).transpose()
    }

    /// An organisation.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn organisation(&self, org: OrgId) -> Result<Option<Organisation>, StoreError> {
        self.get(&keys::organisation(org)).await
    }

    /// The membership of a signed-in person: by his identity, or, before he is bound to one, by the invited address.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn seat(&self, org: OrgId, identity: &Identity) -> Result<Option<Seat>, StoreError> {
        if let Some(member) = self.get(&keys::identity(org, &identity.subject)).await? {
            return Ok(Some(Seat { member, joining: false }));
        }
        let Some(address) = &identity.email else {
            return Ok(None);
        };
        let Some(AddressItem { member_id }) = self.get(&keys::email(org, address)).await? else {
            return Ok(None);
        };
        let found = self.member(org, member_id).await?;
        Ok(found.and_then(|member| match member.status {
            MemberStatus::Invited => Some(Seat { member, joining: true }),
            // Another request of the same person has bound him since the first read.
            _ if member.subject.as_ref() == Some(&identity.subject) => Some(Seat { member, joining: false }),
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

    /// Several members side by side; those that do not exist are left out.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn members_by_id(&self, org: OrgId, members: &[MemberId]) -> Result<Vec<Member>, StoreError> {
        let found = try_join_all(members.iter().map(|member| self.member(org, *member))).await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The members that steps can be routed to by role.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn officers(&self, org: OrgId) -> Result<Vec<Member>, StoreError> {
        let items =
            self.query_all(&keys::org_partition(org), keys::OFFICERS, &format!("{}\u{10FFFF}", keys::OFFICERS)).await?;
        items.into_iter().map(from_item).collect()
    }

    /// The policy in force.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn policy(&self, org: OrgId) -> Result<Option<Policy>, StoreError> {
        self.get(&keys::policy(org)).await
    }

    /// A report with its lines, as one consistent whole: a reading that met a change half-way is repeated.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Broken`] when head and lines do not belong together however often they are read.
    pub async fn report(&self, org: OrgId, report: ReportId) -> Result<Option<Report>, StoreError> {
        let partition = keys::report_partition(org, report);
        let (from, to) = keys::REPORT_RANGE;
        for _ in 0..=REREADS {
            let mut items = self.query_all(&partition, from, to).await?;
            let Some(head) = items.pop() else { return Ok(None) };
            let mut whole: Report = from_item(head)?;
            whole.expenses = items.into_iter().filter(is_expense).map(from_item).collect::<Result<_, _>>()?;
            if whole.is_whole() {
                return Ok(Some(whole));
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

    /// Members, by identifier.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_members(&self, org: OrgId, page: &PageRequest) -> Result<Page<Member>, ListError> {
        self.list(List::of(keys::org_partition(org), keys::MEMBERS), page).await
    }

    /// An approver's open tasks, the one due first in front.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_tasks(
        &self,
        org: OrgId,
        approver: MemberId,
        page: &PageRequest,
    ) -> Result<Page<Task>, ListError> {
        self.list(List::of(keys::task_partition(org, approver), keys::TASKS), page).await
    }

    /// The history of a report, oldest first.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_events(
        &self,
        org: OrgId,
        report: ReportId,
        page: &PageRequest,
    ) -> Result<Page<Event>, ListError> {
        let partition = keys::subject_partition(org, Subject::Report(report));
        self.list(List::of(partition, keys::EVENTS), page).await
    }

    /// Exchange rates by currency and day, of one currency when it is named.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_rates(
        &self,
        org: OrgId,
        currency: Option<Currency>,
        page: &PageRequest,
    ) -> Result<Page<RateEntry>, ListError> {
        let prefix = currency.map_or_else(String::new, |currency| format!("{currency}#"));
        self.list(List::of(keys::rates_partition(org), &prefix), page).await
    }

    /// The reports of an owner without their lines, newest first, of one status when it is named.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_by_owner(
        &self,
        org: OrgId,
        owner: MemberId,
        status: Option<Status>,
        page: &PageRequest,
    ) -> Result<Page<Report>, ListError> {
        let list = List::of(keys::owner_index(org, owner), "");
        self.list(List { index: Some(names::GSI1), newest_first: true, status, ..list }, page).await
    }

    /// The reports of a status that were created in a month (`yyyy-mm`) without their lines, newest first.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_by_status(
        &self,
        org: OrgId,
        status: Status,
        month: &str,
        page: &PageRequest,
    ) -> Result<Page<Report>, ListError> {
        let list = List::of(keys::status_index(org, status, month), "");
        self.list(List { index: Some(names::GSI2), newest_first: true, ..list }, page).await
    }

    /// Every item of a partition between two sort keys, in order.
    async fn query_all(&self, partition: &str, from: &str, to: &str) -> Result<Vec<Item>, StoreError> {
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

    async fn list<T: DeserializeOwned>(&self, list: List<'_>, page: &PageRequest) -> Result<Page<T>, ListError> {
        let name = list.name();
        let mut start = match &page.cursor {
            Some(cursor) => Some(list.key_at(&page::read(&name, cursor)?)?),
            None => None,
        };
        let mut items: Vec<Item> = Vec::new();
        let limit = usize::try_from(page.limit).unwrap_or(1);
        // A filter passes over much, so it reads more and further. Without one a page is what one query gives: it may be short
        // where items reach DynamoDB's megabyte, and an answer must not outgrow what Lambda lets through.
        let (pages, size) = if list.status.is_some() { (FILTER_PAGES, FILTER_PAGE) } else { (1, page.limit) };
        for _ in 0..pages {
            let output =
                list.request(self.client.query().table_name(&self.table).limit(size).set_exclusive_start_key(start));
            let output = output.send().await.map_err(StoreError::from)?;
            items.extend(output.items.unwrap_or_default());
            start = output.last_evaluated_key;
            if start.is_none() || items.len() >= limit {
                break;
            }
        }
        if items.len() > limit {
            items.truncate(limit);
            start = items.last().cloned();
        }
        let next = start.as_ref().and_then(|key| list.position(key)).map(|position| page::write(&name, &position));
        Ok(Page { items: items.into_iter().map(from_item).collect::<Result<_, _>>()?, next })
    }
}

/// A list could not be given.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The cursor is not one of this list.
    #[error(transparent)]
    Cursor(#[from] CursorFault),
    /// The table could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Deserialize)]
struct AddressItem {
    member_id: MemberId,
}

fn is_expense(item: &Item) -> bool {
    item.get(names::SK).and_then(|value| value.as_s().ok()).is_some_and(|sk| sk.starts_with("EXPENSE#"))
}

type QueryRequest = aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

impl<'a> List<'a> {
    const fn of(partition: String, prefix: &'a str) -> Self {
        Self { index: None, partition, prefix, newest_first: false, status: None }
    }

    /// What tells this list from others, filters included.
    fn name(&self) -> String {
        format!("{}|{}|{}|{}", self.partition, self.prefix, self.newest_first, self.status.map_or("", Status::name))
    }

    fn request(&self, request: QueryRequest) -> QueryRequest {
        let (pk, sk) = match self.index {
            Some(names::GSI1) => ("GSI1PK", "GSI1SK"),
            Some(_) => ("GSI2PK", "GSI2SK"),
            None => (names::PK, names::SK),
        };
        let request = request
            .set_index_name(self.index.map(str::to_owned))
            .scan_index_forward(!self.newest_first)
            .expression_attribute_values(":pk", text(&self.partition));
        let request = if self.prefix.is_empty() {
            request.key_condition_expression(format!("{pk} = :pk"))
        } else {
            let condition = format!("{pk} = :pk AND begins_with({sk}, :prefix)");
            request.key_condition_expression(condition).expression_attribute_values(":prefix", text(self.prefix))
        };
        match self.status {
            Some(status) => request
                .filter_expression("#status = :status")
                .expression_attribute_names("#status", "status")
                .expression_attribute_values(":status", text(status.name())),
            None => request,
        }
    }

    /// Where in the list a last evaluated key is.
    fn position(&self, key: &Item) -> Option<String> {
        let name = if self.index.is_some() { "GSI1SK" } else { names::SK };
        let name = if self.index == Some(names::GSI2) { "GSI2SK" } else { name };
        key.get(name).and_then(|value| value.as_s().ok()).cloned()
    }

    /// The exclusive start key for a position; the partition is the list's own.
    fn key_at(&self, position: &str) -> Result<Item, CursorFault> {
        let Some(index) = self.index else {
            return if position.starts_with(self.prefix) {
                Ok(key_attributes(&Key { pk: self.partition.clone(), sk: position.to_owned() }))
            } else {
                Err(CursorFault)
            };
        };
        // Both indexes list reports, so the position is a report and its primary key follows from it.
        let report: ReportId = position.parse().map_err(|_| CursorFault)?;
        let org = self.partition.split('#').nth(1).and_then(|org| org.parse().ok()).ok_or(CursorFault)?;
        let mut key = key_attributes(&keys::report(org, report));
        key.insert(format!("{index}PK"), AttributeValue::S(self.partition.clone()));
        key.insert(format!("{index}SK"), AttributeValue::S(position.to_owned()));
        Ok(key)
    }
}
