//! Conversion between domain values and items. An item holds the fields of its value, its key, the kind of item
//! (`entity`) and the version of this layout (`schema`). `docs/DATA.md` lists every kind of item.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::expense::Expense;
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use outlay_domain::member::MemberRef;
use outlay_domain::money::Money;
use outlay_domain::payout::SealedAccount;
use outlay_domain::permission::PendingStep;
use outlay_domain::policy::Violation;
use outlay_domain::report::Report;
use outlay_domain::step::{Step, StepReasons};
use outlay_domain::text::{DisplayName, Label, Title};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::attributes::{Item, key_attributes, number, text, text_of};
use crate::error::StoreError;
use crate::integrity::{Stored, digest_of, has_valid_digest, with_digest};
use crate::keys::{self, PrimaryKey, names};

/// Version of the item layout. An item of another version is not read.
pub const SCHEMA: u32 = 1;

/// Entry of an approver's task list: a report with a step that waits for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Report identifier.
    pub report_id: ReportId,
    /// Report version, for `If-Match` of the decision.
    pub report_version: u64,
    /// Report number.
    pub number: String,
    /// Report title.
    pub title: Title,
    /// Owner of the report.
    pub owner_id: MemberId,
    /// Name of the owner.
    pub owner_name: DisplayName,
    /// Preparer, when it is not the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparer: Option<MemberRef>,
    /// Payee, when it is not the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<MemberRef>,
    /// Total in the report's currency.
    pub total: Money,
    /// Total in the base currency.
    pub base_total: Money,
    /// Total in the base currency that approval limits compare, when it is larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_with_parts: Option<Money>,
    /// Number of policy violations.
    pub violations: usize,
    /// Number of the step.
    pub step: u32,
    /// Name of the step.
    pub step_name: Label,
    /// Reasons of the step.
    #[serde(flatten)]
    pub reasons: StepReasons,
    /// Due date of the decision.
    pub due_on: Option<Date>,
    /// Time of submission.
    pub submitted_at: Option<Timestamp>,
    /// Approvers who have not decided yet.
    #[serde(default)]
    pub approvers: Vec<MemberId>,
    /// Interested parties of the report: owner, preparer, payee.
    #[serde(rename = "concerned", default)]
    pub interested_parties: Vec<MemberId>,
    /// Members who cannot decide on this step: they have decided already, or a later step requires them.
    #[serde(rename = "taken", default)]
    pub ineligible_approvers: Vec<MemberId>,
}

impl Stored for Task {}

impl Task {
    /// Creates the task of a pending step.
    #[must_use]
    pub fn of(report: &Report, step: &Step) -> Self {
        Self {
            report_id: report.id,
            report_version: report.version,
            number: report.number.clone(),
            title: report.title.clone(),
            owner_id: report.owner,
            owner_name: report.owner_name.clone(),
            preparer: report.preparer.clone(),
            payee: report.payee.clone(),
            total: report.totals.total,
            base_total: report.base_total,
            total_with_parts: report.total_with_parts,
            violations: report.violations.len(),
            step: step.number,
            step_name: step.name.clone(),
            reasons: step.reasons.clone(),
            due_on: step.due_on,
            submitted_at: report.submitted_at,
            approvers: step.pending_approvers().map(|person| person.id).collect(),
            interested_parties: report.interested_parties().collect(),
            ineligible_approvers: report.ineligible_approvers().collect(),
        }
    }

    /// Facts that decide who can act on the task.
    #[must_use]
    pub fn pending_step(&self) -> PendingStep<'_> {
        let Self { approvers, interested_parties, ineligible_approvers, .. } = self;
        let base_total = self.total_with_parts.unwrap_or(self.base_total);
        PendingStep { approvers, interested_parties, ineligible_approvers, base_total }
    }
}

/// Converts a value to its item, with a digest where its type has one.
pub(crate) fn to_item<T: Stored + Serialize>(key: &PrimaryKey, entity: &str, value: &T) -> Result<Item, StoreError> {
    to_item_with(key, entity, value, [])
}

/// Converts a value to its item, with further attributes.
fn to_item_with<T: Stored + Serialize>(
    key: &PrimaryKey,
    entity: &str,
    value: &T,
    further: impl IntoIterator<Item = (&'static str, AttributeValue)>,
) -> Result<Item, StoreError> {
    let mut item = serialize(key, entity, value)?;
    item.extend(further.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Ok(if T::HAS_DIGEST { with_digest(item) } else { item })
}

/// Converts a value to its item, without a digest.
fn serialize<T: Serialize>(key: &PrimaryKey, entity: &str, value: &T) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(value)
        .map_err(|_| StoreError::Corrupt { item: key.redacted(), reason: "cannot be serialized".to_owned() })?;
    item.extend(key_attributes(key));
    let common = [("entity", text(entity)), ("schema", number(SCHEMA))];
    item.extend(common.map(|(name, value)| (name.to_owned(), value)));
    Ok(item)
}

/// Converts an item to its value. Rejects an unknown schema, and a digest that is missing or does not match.
pub(crate) fn from_item<T: Stored + DeserializeOwned>(item: Item) -> Result<T, StoreError> {
    let attribute = |name: &str| text_of(&item, name).unwrap_or_default().to_owned();
    let key = PrimaryKey { pk: attribute(names::PK), sk: attribute(names::SK) };
    let corrupt = |reason: String| StoreError::Corrupt { item: key.redacted(), reason };
    // A later version of the program wrote it. Read by this layout, it could be misunderstood.
    if item.get("schema").is_some_and(|schema| *schema != number(SCHEMA)) {
        return Err(corrupt("unknown schema".to_owned()));
    }
    if T::HAS_DIGEST && !has_valid_digest(&item) {
        return Err(corrupt("digest mismatch".to_owned()));
    }
    serde_dynamo::from_item(item).map_err(|error| {
        // Other messages of serde quote stored values, and this text is logged.
        let missing = Some(error.to_string()).filter(|text| text.starts_with("missing field"));
        corrupt(missing.unwrap_or_else(|| format!("not a {}", std::any::type_name::<T>())))
    })
}

/// Expenses per item. Fifty always fit into one item, and a change of the largest report fits into one transaction.
pub(crate) const EXPENSES_PER_ITEM: usize = 50;

/// Some of the expenses of a report, by identifier.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExpenseChunk<L> {
    pub(crate) lines: L,
}

impl<L> Stored for ExpenseChunk<L> {
    // The hash in the report's head covers all expenses.
    const HAS_DIGEST: bool = false;
}

/// Latest comments on a report, oldest first.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LatestComments<C> {
    pub(crate) comments: C,
}

impl<C> Stored for LatestComments<C> {}

/// Divides the expenses of a report among items.
pub(crate) fn expense_chunks(report: &Report) -> Vec<Vec<&Expense>> {
    let mut lines: Vec<&Expense> = report.expenses.iter().collect();
    lines.sort_by_key(|line| line.id);
    lines.chunks(EXPENSES_PER_ITEM).map(<[_]>::to_vec).collect()
}

/// Review of a report: what the policy found, and the steps that approve it. It can be a hundred times as large as the
/// head, so lists do not read it, and a change that leaves it does not write it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReportReview<V, S> {
    pub(crate) violations: V,
    pub(crate) steps: S,
}

impl<V, S> Stored for ReportReview<V, S> {}

/// Builds the item of a report's review; `None` for a report without violations and steps.
pub(crate) fn report_review(report: &Report) -> Result<Option<Item>, StoreError> {
    let Report { violations, steps, .. } = report;
    let review = (!violations.is_empty() || !steps.is_empty()).then_some(ReportReview { violations, steps });
    review.map(|review| to_item(&keys::report_review(report.org, report.id), "review", &review)).transpose()
}

/// Attribute of a report's head with the digest of its review.
const REVIEW_DIGEST: &str = "review_digest";
/// Attributes of the review. Heads of a former layout hold them.
const REVIEW_ATTRIBUTES: [&str; 2] = ["violations", "steps"];
/// Attribute of a report's head with the cost centres of its expenses, for filters of lists.
pub(crate) const COST_CENTRES: &str = "cost_centres";

/// Builds the item of a report's head, with the keys of the secondary indexes and the digest of the review.
pub(crate) fn report_head(report: &Report, review: Option<&Item>) -> Result<Item, StoreError> {
    let Report { org, id, .. } = *report;
    let index = [
        (keys::REPORTS_BY_OWNER.pk, keys::reports_by_owner_partition(org, report.owner)),
        (keys::REPORTS_BY_OWNER.sk, id.to_string()),
        (keys::REPORTS_BY_STATUS.pk, keys::reports_by_status_partition(org, report.status)),
        (keys::REPORTS_BY_STATUS.sk, id.to_string()),
        (keys::REPORTS_BY_UPDATE.pk, keys::reports_by_update_partition(org)),
        (keys::REPORTS_BY_UPDATE.sk, keys::updated_sort_key(report.updated_at, id)),
        (keys::REPORTS_BY_TOTAL.pk, keys::reports_by_total_partition(org)),
        (keys::REPORTS_BY_TOTAL.sk, keys::total_sort_key(report.base_total, id)),
    ];
    let due = report.escalates_at().map(|at| {
        let position = keys::escalation_sort_key(at, id);
        [(keys::WORK_DUE.pk, keys::escalations_partition(org)), (keys::WORK_DUE.sk, position)]
    });
    let review = review.and_then(digest_of).map(|digest| (REVIEW_DIGEST, digest.to_owned()));
    let further = index.into_iter().chain(due.into_iter().flatten()).chain(review);
    let cost_centres = AttributeValue::L(report.cost_centres().into_iter().map(text).collect());
    let mut item = serialize(&keys::report(org, id), "report", report)?;
    item.retain(|name, _| !REVIEW_ATTRIBUTES.contains(&name.as_str()));
    item.extend(further.map(|(name, value)| (name.to_owned(), text(value))));
    item.insert(COST_CENTRES.to_owned(), cost_centres);
    Ok(with_digest(item))
}

/// Reads a report from the items of its head and its review; `None` when they do not match.
pub(crate) fn report_from_items(head: Item, review: Option<Item>) -> Result<Option<Report>, StoreError> {
    let has_former_layout = REVIEW_ATTRIBUTES.iter().any(|name| head.contains_key(*name));
    if text_of(&head, REVIEW_DIGEST) != review.as_ref().and_then(digest_of) {
        return Ok(None);
    }
    let report = Report { has_former_layout, ..from_item(head)? };
    let Some(review) = review else { return Ok(Some(report)) };
    let ReportReview { violations, steps } = from_item::<ReportReview<Vec<Violation>, Vec<Step>>>(review)?;
    Ok(Some(Report { violations, steps, ..report }))
}

/// Builds the item of an approver's task, with the key of the index of due tasks.
pub(crate) fn task_item(key: &PrimaryKey, approver: MemberId, org: OrgId, task: &Task) -> Result<Item, StoreError> {
    let due = task.due_on.map(|due_on| {
        let position = keys::due_task_sort_key(approver, due_on, task.report_id);
        [(keys::WORK_DUE.pk, text(keys::due_tasks_partition(org))), (keys::WORK_DUE.sk, text(position))]
    });
    to_item_with(key, "task", task, due.into_iter().flatten())
}

/// Attribute with the encrypted payout account.
const CIPHERTEXT: &str = "ciphertext";

/// Plaintext attributes of an encrypted payout account.
#[derive(Serialize, Deserialize)]
struct SealedAccountMeta {
    version: u64,
    changed_at: Timestamp,
}

impl Stored for SealedAccountMeta {
    // KMS decrypts the account only for its member and its version.
    const HAS_DIGEST: bool = false;
}

/// Builds the item of an encrypted payout account.
pub(crate) fn sealed_account_item(key: &PrimaryKey, account: &SealedAccount) -> Result<Item, StoreError> {
    let meta = SealedAccountMeta { version: account.version, changed_at: account.changed_at };
    let ciphertext = AttributeValue::B(Blob::new(account.ciphertext.clone()));
    to_item_with(key, "payout_account", &meta, [(CIPHERTEXT, ciphertext)])
}

/// Reads the encrypted payout account of an item.
pub(crate) fn sealed_account_from_item(mut item: Item) -> Result<SealedAccount, StoreError> {
    // Any other type is read as an empty ciphertext, which the vault rejects.
    let ciphertext = match item.remove(CIPHERTEXT) {
        Some(AttributeValue::B(bytes)) => bytes.into_inner(),
        _ => Vec::new(),
    };
    let SealedAccountMeta { version, changed_at } = from_item(item)?;
    Ok(SealedAccount { ciphertext, version, changed_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{draft, seed};

    /// Reason why a report head is rejected after a change of its item.
    fn rejection(change: impl Fn(&mut Item)) -> Option<String> {
        let mut item = report_head(&draft(&mut seed(), Vec::new()), None).unwrap();
        change(&mut item);
        match from_item::<Report>(item) {
            Ok(_) => None,
            Err(StoreError::Corrupt { reason, .. }) => Some(reason),
            Err(error) => Some(error.to_string()),
        }
    }

    #[test]
    fn edited_moved_or_unknown_item_is_rejected() {
        let put = |item: &mut Item, name: &str, value| item.insert(name.to_owned(), value);
        let mut seed = seed();
        let other = keys::report(seed.next_id(), seed.next_id());
        assert_eq!(rejection(|_| ()), None);
        let mismatch = Some("digest mismatch".to_owned());
        assert_eq!(rejection(|item| drop(put(item, "title", text("Sly")))), mismatch);
        assert_eq!(rejection(|item| drop(put(item, "last_event", number(7)))), mismatch);
        assert_eq!(rejection(|item| item.extend(key_attributes(&other))), mismatch);
        assert_eq!(rejection(|item| drop(item.remove("digest"))), mismatch);
        assert_eq!(rejection(|item| drop(put(item, "schema", number(2)))), Some("unknown schema".to_owned()));
    }

    #[test]
    fn digest_detects_edit_of_any_attribute() {
        let report = draft(&mut seed(), Vec::new());
        let item = report_head(&report, None).unwrap();
        assert!(has_valid_digest(&item));
        for name in item.keys() {
            let edited: Item =
                item.iter().filter(|(other, _)| *other != name).map(|(n, v)| (n.clone(), v.clone())).collect();
            assert!(!has_valid_digest(&edited), "without {name}");
            let mut edited = item.clone();
            edited.insert(name.clone(), text("edited"));
            assert!(!has_valid_digest(&edited), "{name} edited");
        }
        let mut more = item.clone();
        more.insert("more".to_owned(), text("x"));
        assert!(!has_valid_digest(&more));
        let mut moved = item;
        moved.extend(key_attributes(&keys::organisation(report.org)));
        assert!(!has_valid_digest(&moved));
    }
}
