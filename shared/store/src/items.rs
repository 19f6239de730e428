//! Items: what a value of the domain looks like in the table. An item is the value's own fields plus its key, the name of
//! what it is (`entity`) and the version of this layout (`schema`).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::ids::{MemberId, ReportId};
use outlay_domain::money::Money;
use outlay_domain::report::Report;
use outlay_domain::route::Step;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::StoreError;
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
    /// The version it was submitted or forwarded as; what a decision names in `If-Match`.
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
        .map_err(|error| StoreError::Broken { item: format!("{}/{}", key.pk, key.sk), reason: error.to_string() })?;
    item.extend(key_attributes(key));
    item.insert("entity".to_owned(), text(entity));
    item.insert("schema".to_owned(), number(SCHEMA));
    Ok(item)
}

/// The value of an item.
pub(crate) fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    let attribute = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).map_or("?", String::as_str);
    let at = format!("{}/{}", attribute(names::PK), attribute(names::SK));
    serde_dynamo::from_item(item).map_err(|error| StoreError::Broken { item: at, reason: error.to_string() })
}

/// The item of a report's head, with the keys of both indexes.
pub(crate) fn report_head(report: &Report) -> Result<Item, StoreError> {
    let mut item = to_item(&keys::report(report.org, report.id), "report", report)?;
    let month: String = report.created_at.to_string().chars().take(7).collect();
    let index = [
        ("GSI1PK", keys::owner_index(report.org, report.owner)),
        ("GSI1SK", report.id.to_string()),
        ("GSI2PK", keys::status_index(report.org, report.status, &month)),
        ("GSI2SK", report.id.to_string()),
    ];
    item.extend(index.map(|(name, value)| (name.to_owned(), text(value))));
    Ok(item)
}
