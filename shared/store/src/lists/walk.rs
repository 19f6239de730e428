//! Walking a list page by page. A list is a range of sort keys in one partition, or in several that are read side by side and
//! merged. A position is a sort key, the same in each of them: what changes elsewhere in the list does not move it. What a page
//! holds is decided here, what is in a list is not.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use futures_util::future::try_join_all;
use outlay_domain::ids::{OrgId, ReportId};

use super::ListError;
use crate::digest::Stored;
use crate::items::{Item, from_item, key_attributes, size, text, text_of};
use crate::keys::{self, AFTER_ALL, BEFORE_ALL, Key, names};
use crate::page::{CursorFault, Page, PageRequest};
use crate::reads::BATCH;
use crate::{Store, StoreError};

/// How many pages a filtered list reads before it answers with what it has and a cursor.
const FILTER_PAGES: usize = 8;
/// How many items a filtered list reads at once.
const FILTER_PAGE: i32 = 100;
/// How many bytes of items a page holds before it ends: an answer must not outgrow what Lambda lets through.
const PAGE_BYTES: usize = 1 << 20;

/// Which keys a list goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Index {
    /// The table's own.
    Table,
    /// Those of the items that name reports; the list is of the reports' heads.
    Listing,
    /// GSI1.
    Owner,
    /// GSI2.
    Status,
    /// GSI3.
    Updated,
    /// GSI4.
    Total,
}

impl Index {
    /// The index, its partition key and its sort key.
    pub(super) const fn keys(self) -> (Option<&'static str>, &'static str, &'static str) {
        match self {
            Self::Table | Self::Listing => (None, names::PK, names::SK),
            Self::Owner => (Some(names::GSI1), "GSI1PK", "GSI1SK"),
            Self::Status => (Some(names::GSI2), "GSI2PK", "GSI2SK"),
            Self::Updated => (Some(names::GSI3), "GSI3PK", "GSI3SK"),
            Self::Total => (Some(names::GSI4), "GSI4PK", "GSI4SK"),
        }
    }

    /// The attribute of a listed item that is its position.
    pub(super) const fn position(self) -> &'static str {
        match self {
            Self::Listing => "GSI1SK",
            _ => self.keys().2,
        }
    }
}

/// What an item must satisfy beyond being in the range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// The attribute is this text.
    Is(&'static str, String),
    /// The attribute lies between these texts.
    Within(&'static str, String, String),
    /// The attribute is a list with this text in it.
    Holds(&'static str, String),
}

impl Test {
    pub(super) fn passes(&self, item: &Item) -> bool {
        match self {
            Self::Is(name, wanted) => text_of(item, name) == Some(wanted),
            Self::Within(name, from, to) => {
                text_of(item, name).is_some_and(|text| (from.as_str()..=to.as_str()).contains(&text))
            }
            Self::Holds(name, wanted) => {
                let list = item.get(*name).and_then(|value| value.as_l().ok());
                list.is_some_and(|list| list.iter().any(|value| value.as_s() == Ok(wanted)))
            }
        }
    }

    /// The expression, its name and its values; `at` keeps those of several tests apart.
    fn expression(&self, at: usize) -> (String, &'static str, Vec<(String, &str)>) {
        let (one, other) = (format!(":one{at}"), format!(":other{at}"));
        match self {
            Self::Is(name, wanted) => (format!("#name{at} = {one}"), name, vec![(one, wanted)]),
            Self::Within(name, from, to) => {
                (format!("#name{at} BETWEEN {one} AND {other}"), name, vec![(one, from), (other, to)])
            }
            Self::Holds(name, wanted) => (format!("contains(#name{at}, {one})"), name, vec![(one, wanted)]),
        }
    }
}

/// A list.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// Whose.
    pub(super) org: OrgId,
    /// Which keys it goes by.
    pub(super) index: Index,
    /// Where it is, in one place or several.
    pub(super) partitions: Vec<String>,
    /// The first sort key.
    pub(super) from: String,
    /// The last one.
    pub(super) to: String,
    /// Whether it goes backwards.
    pub(super) newest_first: bool,
    /// What its items must satisfy beyond that.
    pub(super) tests: Vec<Test>,
}

/// An item of a list.
#[derive(Debug)]
pub(super) struct Found {
    /// Its position.
    pub(super) at: String,
    /// Which of the list's partitions it is from.
    pub(super) source: usize,
    /// The item.
    pub(super) item: Item,
}

/// What one reading of a partition gave.
pub(super) struct Stretch {
    pub(super) found: Vec<Found>,
    /// Where the reading ended, unless the partition did.
    pub(super) end: Option<String>,
}

impl Walk {
    /// The list of what begins with a prefix in a partition of the table.
    pub(super) fn of(org: OrgId, partition: String, prefix: &str) -> Self {
        let from = if prefix.is_empty() { BEFORE_ALL } else { prefix }.to_owned();
        let to = format!("{prefix}{AFTER_ALL}");
        let (partitions, tests) = (vec![partition], Vec::new());
        Self { org, index: Index::Table, partitions, from, to, newest_first: false, tests }
    }

    /// Whether nothing can be in it; DynamoDB refuses such a question.
    pub(super) fn is_empty(&self) -> bool {
        let contradicts = |test: &Test| matches!(test, Test::Within(_, from, to) if from > to);
        self.from > self.to || self.tests.iter().any(contradicts)
    }

    /// What tells this list from others, filters included.
    pub(super) fn name(&self) -> String {
        let Self { org: _, index, partitions, from, to, newest_first, tests } = self;
        format!("{index:?}|{partitions:?}|{from}|{to}|{newest_first}|{tests:?}")
    }

    /// The position to go on after.
    pub(super) fn start(&self, page: &PageRequest) -> Result<Option<String>, CursorFault> {
        let position = page.position(&self.name())?;
        let within = position.as_ref().is_none_or(|position| self.from <= *position && *position <= self.to);
        if within { Ok(position) } else { Err(CursorFault::Foreign) }
    }

    /// The exclusive start key for a position; the partition is the list's own.
    pub(super) fn key_at(&self, partition: &str, position: &str) -> Result<Item, CursorFault> {
        let (index, pk, sk) = self.index.keys();
        if index.is_none() {
            return Ok(key_attributes(&Key { pk: partition.to_owned(), sk: position.to_owned() }));
        }
        // The indexes list reports: a position ends with the report, and its primary key follows from that.
        let report = position.rsplit('#').next().unwrap_or(position);
        let report: ReportId = report.parse().map_err(|_| CursorFault::Foreign)?;
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
        if self.index == Index::Listing || self.tests.is_empty() {
            return request;
        }
        let (mut request, mut expressions) = (request, Vec::new());
        for (at, test) in self.tests.iter().enumerate() {
            let (expression, name, values) = test.expression(at);
            expressions.push(expression);
            request = request.expression_attribute_names(format!("#name{at}"), name);
            for (placeholder, value) in values {
                request = request.expression_attribute_values(placeholder, text(value));
            }
        }
        request.filter_expression(expressions.join(" AND "))
    }

    /// A page from what was read of each partition, all from one position on.
    pub(super) fn merged(&self, stretches: Vec<Stretch>, page: &PageRequest) -> Page<Found> {
        let limit = usize::try_from(page.limit).unwrap_or(1);
        let order = |one: &str, other: &str| if self.newest_first { other.cmp(one) } else { one.cmp(other) };
        // Beyond the nearest end there may be more in that partition that comes before what the others have.
        let end = stretches.iter().filter_map(|stretch| stretch.end.clone()).min_by(|one, other| order(one, other));
        let mut found: Vec<Found> = stretches.into_iter().flat_map(|stretch| stretch.found).collect();
        found.retain(|found| end.as_ref().is_none_or(|end| order(&found.at, end).is_le()));
        found.sort_by(|one, other| order(&one.at, &other.at).then(one.source.cmp(&other.source)));
        found.dedup_by(|one, other| one.at == other.at);
        let mut bytes = 0;
        let fitting = found.iter().take(limit).take_while(|found| {
            let fits = bytes < PAGE_BYTES;
            bytes += size(&found.item);
            fits
        });
        let count = fitting.count();
        let next = if count < found.len() {
            found.truncate(count);
            found.last().map(|last| last.at.clone())
        } else {
            end
        };
        Page { items: found, next: next.map(|position| page.cursor_at(&self.name(), &position)) }
    }
}

impl Store {
    /// A page of a list.
    pub(super) async fn list<T: Stored>(&self, walk: &Walk, page: &PageRequest) -> Result<Page<T>, ListError> {
        let Page { items, next } = self.walk(walk, page).await?;
        Ok(Page { items: items.into_iter().map(|found| from_item(found.item)).collect::<Result<_, _>>()?, next })
    }

    /// A page of a list, as items.
    pub(super) async fn walk(&self, walk: &Walk, page: &PageRequest) -> Result<Page<Found>, ListError> {
        let start = walk.start(page)?;
        if walk.is_empty() {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let keys = walk.partitions.iter().map(|partition| {
            start.as_ref().map(|position| walk.key_at(partition, position)).transpose().map(|key| (partition, key))
        });
        let keys: Vec<(&String, Option<Item>)> = keys.collect::<Result<_, _>>()?;
        let readings = keys.into_iter().enumerate();
        let readings =
            readings.map(|(source, (partition, start))| self.stretch(walk, source, partition, start, page.limit));
        Ok(walk.merged(try_join_all(readings).await?, page))
    }

    /// Reads a partition on. What is tested passes over much, so that is read more at once and further. Without tests a page is what
    /// one query gives: it may be short where items reach DynamoDB's megabyte.
    async fn stretch(
        &self,
        walk: &Walk,
        source: usize,
        partition: &str,
        mut start: Option<Item>,
        limit: i32,
    ) -> Result<Stretch, StoreError> {
        let (pages, size) = if walk.tests.is_empty() { (1, limit) } else { (FILTER_PAGES, FILTER_PAGE) };
        let wanted = usize::try_from(limit).unwrap_or(1);
        let mut found = Vec::new();
        for _ in 0..pages {
            let request = self.client.query().table_name(&self.table).limit(size).set_exclusive_start_key(start);
            let output = walk.request(request, partition).send().await?;
            let mut items = output.items.unwrap_or_default();
            if walk.index == Index::Listing {
                items = self.heads(walk, &items).await?;
            }
            let positioned = items.into_iter().filter_map(|item| {
                text_of(&item, walk.index.position()).map(str::to_owned).map(|at| Found { at, source, item })
            });
            found.extend(positioned);
            start = output.last_evaluated_key;
            if start.is_none() || found.len() >= wanted {
                break;
            }
        }
        let end = start.as_ref().and_then(|key| text_of(key, walk.index.keys().2)).map(str::to_owned);
        Ok(Stretch { found, end })
    }

    /// The heads that items name by their sort key, in the same order, in so far as they pass the tests. Read consistently: the
    /// item is written with the head, so a report whose head is not there is deleted.
    async fn heads(&self, walk: &Walk, items: &[Item]) -> Result<Vec<Item>, StoreError> {
        let reports: Vec<&str> = items.iter().filter_map(|item| text_of(item, names::SK)).collect();
        let mut heads: HashMap<String, Item> = HashMap::new();
        for batch in reports.chunks(BATCH) {
            let ids = batch.iter().filter_map(|report| report.parse::<ReportId>().ok());
            let found = self.batch(ids.map(|report| key_attributes(&keys::report(walk.org, report))).collect()).await?;
            let named = found.into_iter().filter(|head| walk.tests.iter().all(|test| test.passes(head)));
            heads.extend(named.filter_map(|head| Some((text_of(&head, walk.index.position())?.to_owned(), head))));
        }
        Ok(reports.into_iter().filter_map(|report| heads.remove(report)).collect())
    }
}
