//! Items: what a value of the domain looks like in the table. An item is the value's own fields plus its key, the name of
//! what it is (`entity`) and the version of this layout (`schema`).

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::expense::Expense;
use outlay_domain::ids::{MemberId, ReportId};
use outlay_domain::money::Money;
use outlay_domain::payout::SealedAccount;
use outlay_domain::report::Report;
use outlay_domain::route::Step;
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::digest::{Stored, has_digest};
use crate::keys::{self, Key, names};

/// The version of this layout.
pub const SCHEMA: u32 = 1;

/// The attributes of one item.
pub type Item = HashMap<String, AttributeValue>;

/// What a task shows an approver in his queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The report.
    pub report_id: ReportId,
    /// The version it has; what a decision names in `If-Match`.
    pub report_version: u64,
    /// The report's label.
    pub number: String,
    /// The title.
    pub title: String,
    /// Whose report it is.
    pub owner_id: MemberId,
    /// The owner's name.
    pub owner_name: String,
    /// Total in the report's currency.
    pub total: Money,
    /// Total in the base currency.
    pub base_total: Money,
    /// How many findings the policy had.
    pub violations: usize,
    /// Position of the step in the chain.
    pub step: u32,
    /// Name of the step.
    pub step_name: String,
    /// Why the approver is asked.
    pub reason: String,
    /// Until when.
    pub due_on: Option<Date>,
    /// When the report was submitted.
    pub submitted_at: Option<Timestamp>,
    /// The approvers who have not decided yet.
    #[serde(default)]
    pub approvers: Vec<MemberId>,
    /// Who has a part in the report.
    #[serde(default)]
    pub concerned: Vec<MemberId>,
    /// Who cannot decide here: he has decided already, or a later step needs him.
    #[serde(default)]
    pub taken: Vec<MemberId>,
}

impl Task {
    /// What a step of a report asks.
    #[must_use]
    pub fn of(report: &Report, step: &Step) -> Self {
        Self {
            report_id: report.id,
            report_version: report.version,
            number: report.number.clone(),
            title: report.title.clone(),
            owner_id: report.owner,
            owner_name: report.owner_name.clone(),
            total: report.totals.total,
            base_total: report.base_total,
            violations: report.violations.len(),
            step: step.number,
            step_name: step.name.clone(),
            reason: step.reason.clone(),
            due_on: step.due_on,
            submitted_at: report.submitted_at,
            approvers: step.outstanding().map(|person| person.id).collect(),
            concerned: report.concerned().collect(),
            taken: report.taken().collect(),
        }
    }
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

pub(crate) fn key_attributes(key: &Key) -> Item {
    HashMap::from([(names::PK.to_owned(), text(&key.pk)), (names::SK.to_owned(), text(&key.sk))])
}

/// The item of a value.
pub(crate) fn to_item(key: &Key, entity: &str, value: &impl Serialize) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(value)
        .map_err(|_| StoreError::Broken { item: key.place(), reason: "it cannot be written".to_owned() })?;
    item.extend(key_attributes(key));
    item.insert("entity".to_owned(), text(entity));
    item.insert("schema".to_owned(), number(SCHEMA));
    Ok(item)
}

/// The value of an item.
pub(crate) fn from_item<T: Stored>(item: Item) -> Result<T, StoreError> {
    let attribute = |name: &str| text_of(&item, name).unwrap_or_default().to_owned();
    let key = Key { pk: attribute(names::PK), sk: attribute(names::SK) };
    // Read by the wrong rules it would say something else than was meant. A later version has written it.
    if item.get("schema").is_some_and(|schema| *schema != number(SCHEMA)) {
        return Err(StoreError::Broken { item: key.place(), reason: "it is of another layout".to_owned() });
    }
    if T::HAS_DIGEST && !has_digest(&item) {
        return Err(StoreError::Broken { item: key.place(), reason: "it was edited by hand".to_owned() });
    }
    serde_dynamo::from_item(item).map_err(|error| {
        // Its other messages quote what they found, and this one goes into logs.
        let missing = Some(error.to_string()).filter(|text| text.starts_with("missing field"));
        let reason = missing.unwrap_or_else(|| format!("it is not a {}", std::any::type_name::<T>()));
        StoreError::Broken { item: key.place(), reason }
    })
}

/// How many lines are stored in one item: few enough that they always fit, so many that a change of any report fits into one
/// transaction.
pub(crate) const CHUNK: usize = 50;

impl<L: serde::de::DeserializeOwned> Stored for Lines<L> {
    // The head has a hash of all lines.
    const HAS_DIGEST: bool = false;
}

/// Some of the lines of a report, by identifier.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lines<L> {
    pub(crate) lines: L,
}

/// The lines of a report as they are divided among items.
pub(crate) fn chunks(report: &Report) -> Vec<Vec<&Expense>> {
    let mut lines: Vec<&Expense> = report.expenses.iter().collect();
    lines.sort_by_key(|line| line.id);
    lines.chunks(CHUNK).map(<[_]>::to_vec).collect()
}

/// The attribute of a head with the cost centres its lines are on, by which lists are filtered.
pub(crate) const COST_CENTRES: &str = "cost_centres";

/// The item of a report's head, with the keys of the indexes.
pub(crate) fn report_head(report: &Report) -> Result<Item, StoreError> {
    let mut item = to_item(&keys::report(report.org, report.id), "report", report)?;
    let index = [
        ("GSI1PK", keys::owner_index(report.org, report.owner)),
        ("GSI1SK", report.id.to_string()),
        ("GSI2PK", keys::status_index(report.org, report.status)),
        ("GSI2SK", report.id.to_string()),
        ("GSI3PK", keys::updated_index(report.org)),
        ("GSI3SK", keys::updated(report.updated_at, report.id)),
        ("GSI4PK", keys::total_index(report.org)),
        ("GSI4SK", keys::totalled(report.base_total, report.id)),
    ];
    item.extend(index.map(|(name, value)| (name.to_owned(), text(value))));
    let cost_centres = report.cost_centres().into_iter().map(text).collect();
    item.insert(COST_CENTRES.to_owned(), AttributeValue::L(cost_centres));
    Ok(item)
}

/// The attribute with what is sealed.
const CIPHERTEXT: &str = "ciphertext";

/// What is said of a sealed payout account beside its ciphertext.
#[derive(Serialize, Deserialize)]
struct AboutSealed {
    version: u64,
    changed_at: Timestamp,
}

impl Stored for AboutSealed {
    // The ciphertext opens only in its place, and the member says which version it is.
    const HAS_DIGEST: bool = false;
}

/// The item of a sealed payout account.
pub(crate) fn sealed_account(key: &Key, account: &SealedAccount) -> Result<Item, StoreError> {
    let about = AboutSealed { version: account.version, changed_at: account.changed_at };
    let mut item = to_item(key, "payout_account", &about)?;
    item.insert(CIPHERTEXT.to_owned(), AttributeValue::B(Blob::new(account.ciphertext.clone())));
    Ok(item)
}

/// The sealed payout account of an item.
pub(crate) fn to_sealed_account(mut item: Item) -> Result<SealedAccount, StoreError> {
    // Whatever else stands in its place cannot be opened, and is told so by the vault.
    let ciphertext = match item.remove(CIPHERTEXT) {
        Some(AttributeValue::B(bytes)) => bytes.into_inner(),
        _ => Vec::new(),
    };
    let AboutSealed { version, changed_at } = from_item(item)?;
    Ok(SealedAccount { ciphertext, version, changed_at })
}

/// The text of an attribute.
pub(crate) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// How many bytes DynamoDB counts for an item, or a few more.
pub(crate) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of_value(value)).sum()
}

fn size_of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::L(items) => 3 + items.iter().map(|item| 1 + size_of_value(item)).sum::<usize>(),
        AttributeValue::M(members) => 3 + size(members) + members.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        // Nothing here stores sets.
        _ => 1,
    }
}
