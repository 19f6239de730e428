//! Pages of a list. A list is a range of sort keys in one partition, or in several that are read concurrently and
//! merged. A position is a sort key, so changes elsewhere in the list do not move it. This file does not decide which
//! list answers a request.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures_util::future::try_join_all;
use outlay_domain::ids::{OrgId, ReportId};
use serde::de::DeserializeOwned;

use crate::attributes::{Item, item_size, key_attributes, text, text_of};
use crate::client::{MAX_BATCH_GET, Store};
use crate::error::StoreError;
use crate::integrity::Stored;
use crate::items::from_item;
use crate::keys::{self, MAX_SORT_KEY, MIN_SORT_KEY, PrimaryKey, names};
use crate::page::{CursorError, ListError, Page, PageRequest};

/// Reads per page of a filtered list. After these it returns the items found so far and a cursor.
const MAX_FILTER_READS: usize = 8;
/// Items per read of a filtered list.
const FILTER_READ_SIZE: i32 = 100;
/// Size at which a page ends, in bytes of items: the response must fit into Lambda's limit.
const MAX_PAGE_BYTES: usize = 1 << 20;

/// Keys that a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Index {
    /// Primary key of the table.
    Table,
    /// Primary key of list entries, which name reports; the heads of these reports are read.
    ListEntries,
    /// `ReportsByOwner`.
    Owner,
    /// `ReportsByStatus`.
    Status,
    /// `ReportsByUpdate`.
    Update,
    /// `ReportsByTotal`.
    Total,
}

impl Index {
    /// Name of the index, partition key attribute, sort key attribute.
    pub(super) const fn keys(self) -> (Option<&'static str>, &'static str, &'static str) {
        match self {
            Self::Table | Self::ListEntries => (None, names::PK, names::SK),
            Self::Owner => keys::REPORTS_BY_OWNER.keys(),
            Self::Status => keys::REPORTS_BY_STATUS.keys(),
            Self::Update => keys::REPORTS_BY_UPDATE.keys(),
            Self::Total => keys::REPORTS_BY_TOTAL.keys(),
        }
    }

    /// Attribute of a listed item that holds its position.
    pub(super) const fn position(self) -> &'static str {
        match self {
            Self::ListEntries => keys::REPORTS_BY_OWNER.sk,
            _ => self.keys().2,
        }
    }
}

/// Condition on an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AttributeFilter {
    /// The attribute equals the text.
    Equals(&'static str, String),
    /// The attribute lies between two texts, inclusive.
    Between(&'static str, String, String),
    /// The attribute is a list that contains the text.
    Contains(&'static str, String),
}

impl AttributeFilter {
    /// Evaluates the filter as DynamoDB would.
    pub(super) fn matches(&self, item: &Item) -> bool {
        match self {
            Self::Equals(name, wanted) => text_of(item, name) == Some(wanted),
            Self::Between(name, from, to) => {
                text_of(item, name).is_some_and(|text| (from.as_str()..=to.as_str()).contains(&text))
            }
            Self::Contains(name, wanted) => {
                let list = item.get(*name).and_then(|value| value.as_l().ok());
                list.is_some_and(|list| list.iter().any(|value| value.as_s() == Ok(wanted)))
            }
        }
    }

    /// Filter expression, attribute name and values. `at` makes the placeholders of several filters distinct.
    fn expression(&self, at: usize) -> (String, &'static str, Vec<(String, &str)>) {
        let (one, other) = (format!(":one{at}"), format!(":other{at}"));
        match self {
            Self::Equals(name, wanted) => (format!("#name{at} = {one}"), name, vec![(one, wanted)]),
            Self::Between(name, from, to) => {
                (format!("#name{at} BETWEEN {one} AND {other}"), name, vec![(one, from), (other, to)])
            }
            Self::Contains(name, wanted) => (format!("contains(#name{at}, {one})"), name, vec![(one, wanted)]),
        }
    }
}

/// A list: key range, direction and filters.
#[derive(Clone, Debug)]
pub(super) struct ListQuery {
    /// Organisation.
    pub(super) org: OrgId,
    /// Keys that it is sorted by.
    pub(super) index: Index,
    /// Partition keys, one or several.
    pub(super) partitions: Vec<String>,
    /// First sort key.
    pub(super) from: String,
    /// Last sort key.
    pub(super) to: String,
    /// True for descending sort keys.
    pub(super) newest_first: bool,
    /// Conditions on other attributes.
    pub(super) filters: Vec<AttributeFilter>,
}

/// Item of a list.
#[derive(Debug)]
pub(super) struct ListItem {
    /// Position.
    pub(super) position: String,
    /// Index of its partition in [`ListQuery::partitions`].
    pub(super) source: usize,
    /// Attributes.
    pub(super) item: Item,
}

/// Items of one partition, for one page.
pub(super) struct PartitionPage {
    pub(super) items: Vec<ListItem>,
    /// Position at which the read ended; `None` at the end of the partition.
    pub(super) end: Option<String>,
    /// Items read, before filters.
    pub(super) examined: usize,
}

impl ListQuery {
    /// Creates the list of all items of a table partition whose sort key begins with a prefix.
    pub(super) fn by_prefix(org: OrgId, partition: String, prefix: &str) -> Self {
        let from = if prefix.is_empty() { MIN_SORT_KEY } else { prefix }.to_owned();
        let to = format!("{prefix}{MAX_SORT_KEY}");
        let (partitions, filters) = (vec![partition], Vec::new());
        Self { org, index: Index::Table, partitions, from, to, newest_first: false, filters }
    }

    /// True when its range or a filter is contradictory. DynamoDB rejects such a query.
    pub(super) fn is_empty(&self) -> bool {
        let contradicts =
            |filter: &AttributeFilter| matches!(filter, AttributeFilter::Between(_, from, to) if from > to);
        self.from > self.to || self.filters.iter().any(contradicts)
    }

    /// Name that distinguishes this list from others, filters included.
    pub(super) fn name(&self) -> String {
        let Self { org: _, index, partitions, from, to, newest_first, filters } = self;
        format!("{index:?}|{partitions:?}|{from}|{to}|{newest_first}|{filters:?}")
    }

    /// Position after which the page starts. Rejects positions outside the list.
    pub(super) fn start_position(&self, page: &PageRequest) -> Result<Option<String>, CursorError> {
        let position = page.decode_cursor(&self.name())?;
        let within = position.as_ref().is_none_or(|position| self.from <= *position && *position <= self.to);
        if within { Ok(position) } else { Err(CursorError::Invalid) }
    }

    /// Exclusive start key for a position in a partition of the list.
    pub(super) fn exclusive_start_key(&self, partition: &str, position: &str) -> Result<Item, CursorError> {
        let (index, pk, sk) = self.index.keys();
        if index.is_none() {
            return Ok(key_attributes(&PrimaryKey { pk: partition.to_owned(), sk: position.to_owned() }));
        }
        // Secondary indexes list reports: a position ends with the report, from which the primary key follows.
        let report = position.rsplit('#').next().unwrap_or(position);
        let report: ReportId = report.parse().map_err(|_| CursorError::Invalid)?;
        let mut key = key_attributes(&keys::report(self.org, report));
        key.extend([(pk.to_owned(), text(partition)), (sk.to_owned(), text(position))]);
        Ok(key)
    }

    fn request(&self, request: QueryFluentBuilder, partition: &str) -> QueryFluentBuilder {
        let (index, pk, sk) = self.index.keys();
        let request = request
            .consistent_read(index.is_none())
            .set_index_name(index.map(str::to_owned))
            .scan_index_forward(!self.newest_first)
            .key_condition_expression(format!("{pk} = :pk AND {sk} BETWEEN :from AND :to"))
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":from", text(&self.from))
            .expression_attribute_values(":to", text(&self.to));
        if self.index == Index::ListEntries || self.filters.is_empty() {
            return request;
        }
        let (mut request, mut expressions) = (request, Vec::new());
        for (at, filter) in self.filters.iter().enumerate() {
            let (expression, name, values) = filter.expression(at);
            expressions.push(expression);
            request = request.expression_attribute_names(format!("#name{at}"), name);
            for (placeholder, value) in values {
                request = request.expression_attribute_values(placeholder, text(value));
            }
        }
        request.filter_expression(expressions.join(" AND "))
    }

    /// Merges reads of several partitions, all from the same position on, into one page.
    pub(super) fn merge(&self, partition_pages: Vec<PartitionPage>, page: &PageRequest) -> Page<ListItem> {
        let limit = usize::try_from(page.limit).unwrap_or(1);
        let order = |one: &str, other: &str| if self.newest_first { other.cmp(one) } else { one.cmp(other) };
        let examined: usize = partition_pages.iter().map(|partition_page| partition_page.examined).sum();
        // Beyond the nearest end, unread items of that partition may precede items of the others.
        let end = partition_pages
            .iter()
            .filter_map(|partition_page| partition_page.end.clone())
            .min_by(|one, other| order(one, other));
        let mut found: Vec<ListItem> =
            partition_pages.into_iter().flat_map(|partition_page| partition_page.items).collect();
        found.retain(|found| end.as_ref().is_none_or(|end| order(&found.position, end).is_le()));
        found.sort_by(|one, other| order(&one.position, &other.position).then(one.source.cmp(&other.source)));
        found.dedup_by(|one, other| one.position == other.position);
        let mut bytes = 0;
        let fitting = found.iter().take(limit).take_while(|found| {
            let fits = bytes < MAX_PAGE_BYTES;
            bytes += item_size(&found.item);
            fits
        });
        let count = fitting.count();
        let next = if count < found.len() {
            found.truncate(count);
            found.last().map(|last| last.position.clone())
        } else {
            end
        };
        let next = next.map(|position| page.encode_cursor(&self.name(), &position));
        Page { passed_over: examined.saturating_sub(found.len()), items: found, next }
    }
}

impl Store {
    /// Reads a page of a list as values.
    pub(super) async fn list<T: Stored + DeserializeOwned>(
        &self,
        query: &ListQuery,
        page: &PageRequest,
    ) -> Result<Page<T>, ListError> {
        let Page { items, next, passed_over } = self.list_items(query, page).await?;
        let items = items.into_iter().map(|found| from_item(found.item)).collect::<Result<_, _>>()?;
        Ok(Page { items, next, passed_over })
    }

    /// Reads a page of a list as items.
    pub(super) async fn list_items(&self, query: &ListQuery, page: &PageRequest) -> Result<Page<ListItem>, ListError> {
        let start = query.start_position(page)?;
        if query.is_empty() {
            return Ok(Page { items: Vec::new(), next: None, passed_over: 0 });
        }
        let keys = query.partitions.iter().map(|partition| {
            start
                .as_ref()
                .map(|position| query.exclusive_start_key(partition, position))
                .transpose()
                .map(|key| (partition, key))
        });
        let keys: Vec<(&String, Option<Item>)> = keys.collect::<Result<_, _>>()?;
        let readings = keys.into_iter().enumerate();
        let readings = readings
            .map(|(source, (partition, start))| self.read_partition(query, source, partition, start, page.limit));
        Ok(query.merge(try_join_all(readings).await?, page))
    }

    /// Reads one partition from a start key on. A filtered list skips many items, so it reads larger pages and more of
    /// them. Without filters it reads once. The result may be short, because a query returns at most 1 MB.
    async fn read_partition(
        &self,
        query: &ListQuery,
        source: usize,
        partition: &str,
        mut start: Option<Item>,
        limit: i32,
    ) -> Result<PartitionPage, StoreError> {
        let (pages, size) = if query.filters.is_empty() { (1, limit) } else { (MAX_FILTER_READS, FILTER_READ_SIZE) };
        let wanted = usize::try_from(limit).unwrap_or(1);
        let (mut found, mut examined) = (Vec::new(), 0);
        for _ in 0..pages {
            let request = self.client.query().table_name(&self.table).limit(size).set_exclusive_start_key(start);
            let output = query.request(request, partition).send().await?;
            examined += usize::try_from(output.scanned_count).unwrap_or_default();
            let mut items = output.items.unwrap_or_default();
            if query.index == Index::ListEntries {
                items = self.load_report_heads(query, &items).await?;
            }
            let positioned = items.into_iter().filter_map(|item| {
                text_of(&item, query.index.position()).map(str::to_owned).map(|position| ListItem {
                    position,
                    source,
                    item,
                })
            });
            found.extend(positioned);
            start = output.last_evaluated_key;
            if start.is_none() || found.len() >= wanted {
                break;
            }
        }
        let end = start.as_ref().and_then(|key| text_of(key, query.index.keys().2)).map(str::to_owned);
        Ok(PartitionPage { items: found, end, examined })
    }

    /// Reads the heads that list entries name by their sort key, in the same order, and filters them. The read is
    /// consistent, and an entry is written in the same transaction as its head: a report without a head has been
    /// deleted.
    async fn load_report_heads(&self, query: &ListQuery, items: &[Item]) -> Result<Vec<Item>, StoreError> {
        let reports: Vec<&str> = items.iter().filter_map(|item| text_of(item, names::SK)).collect();
        let mut heads: HashMap<String, Item> = HashMap::new();
        for batch in reports.chunks(MAX_BATCH_GET) {
            let ids = batch.iter().filter_map(|report| report.parse::<ReportId>().ok());
            let found =
                self.batch_get(ids.map(|report| key_attributes(&keys::report(query.org, report))).collect()).await?;
            let named = found.into_iter().filter(|head| query.filters.iter().all(|filter| filter.matches(head)));
            heads.extend(named.filter_map(|head| Some((text_of(&head, query.index.position())?.to_owned(), head))));
        }
        Ok(reports.into_iter().filter_map(|report| heads.remove(report)).collect())
    }
}
