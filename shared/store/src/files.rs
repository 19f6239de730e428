//! Pending work on receipt files, and the search for duplicate files. The transaction that declares or removes a
//! receipt writes a file task; the task is deleted when nothing is left to do with the file. A task that stays is found
//! by the sweep. This file does not decide what is done with a file.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use outlay_domain::ids::{OrgId, ReceiptId, ReportId};
use outlay_domain::receipt::Receipt;
use serde::{Deserialize, Serialize};

use crate::attributes::{number, text};
use crate::client::Store;
use crate::error::{StoreError, is_condition_failure};
use crate::integrity::Stored;
use crate::items::{from_item, to_item};
use crate::keys::{self, MAX_SORT_KEY, MIN_SORT_KEY, names};

/// Pending work on the file of a receipt: an upload to wait for, or a removed receipt whose file must be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingFileTask {
    /// Organisation.
    pub org: OrgId,
    /// Report that has, or had, the receipt.
    pub report_id: ReportId,
    /// Receipt.
    pub receipt_id: ReceiptId,
    /// Due time, seconds since the epoch.
    pub due: i64,
}

impl Stored for PendingFileTask {}

/// Reference to a report with a clean receipt of a certain file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DuplicateFileRef {
    pub(crate) report_id: ReportId,
}

impl Stored for DuplicateFileRef {}

/// Time for an upload to arrive after its URL has expired, in seconds.
const UPLOAD_GRACE_SECS: i64 = 3600;

/// Time at which a missing upload counts as abandoned, seconds since the epoch.
#[must_use]
pub fn abandoned_at(receipt: &Receipt) -> i64 {
    receipt.upload_until.as_second().saturating_add(UPLOAD_GRACE_SECS)
}

/// Receipts of the same file that are read in search of other reports. One report has fewer.
const MAX_SAME_FILE_ITEMS: i32 = 100;

impl Store {
    /// Lists the file tasks that are due. Reads all tasks of the organisation.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn due_file_tasks(&self, org: OrgId, now: Timestamp) -> Result<Vec<PendingFileTask>, StoreError> {
        let tasks = self.query_all(&keys::file_tasks_partition(org), MIN_SORT_KEY, MAX_SORT_KEY).await?;
        let tasks = tasks.into_iter().map(from_item).collect::<Result<Vec<PendingFileTask>, _>>()?;
        Ok(tasks.into_iter().filter(|task| task.due <= now.as_second()).collect())
    }

    /// Makes a file task due at a time, unless it is absent or its due time is another than `due`.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a file task tracks work, it is no decision of the domain")]
    pub async fn reschedule_file_task(&self, task: &PendingFileTask, due: i64) -> Result<(), StoreError> {
        let key = keys::file_task(task.org, task.receipt_id);
        let item = to_item(&key, "file", &PendingFileTask { due, ..task.clone() })?;
        let request = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let request = request.condition_expression("due = :due").expression_attribute_values(":due", number(task.due));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failure(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a file task, unless it is absent or its due time has changed since it was read.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn complete_file_task(&self, org: OrgId, receipt: ReceiptId, due: i64) -> Result<(), StoreError> {
        self.delete_work_item(&keys::file_task(org, receipt), ("due = :value", number(due))).await
    }

    /// Lists the other reports with a clean receipt of the same file, as it was uploaded or as it is kept, each once, from
    /// at most 100 receipts for each hash.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn reports_with_file(
        &self,
        org: OrgId,
        receipt: &Receipt,
        report: ReportId,
    ) -> Result<Vec<ReportId>, StoreError> {
        let hashes = BTreeSet::from([receipt.content_sha256(), &receipt.sha256]);
        let found = try_join_all(hashes.into_iter().map(|sha256| self.reports_with_hash(org, sha256))).await?;
        let others: BTreeSet<ReportId> = found.into_iter().flatten().filter(|other| *other != report).collect();
        Ok(others.into_iter().collect())
    }

    async fn reports_with_hash(&self, org: OrgId, sha256: &str) -> Result<Vec<ReportId>, StoreError> {
        let request = self.client.query().table_name(&self.table).consistent_read(true).limit(MAX_SAME_FILE_ITEMS);
        let request = request
            .key_condition_expression(format!("{} = :pk", names::PK))
            .expression_attribute_values(":pk", text(keys::receipt_hash_partition(org, sha256)));
        let found = request.send().await?.items.unwrap_or_default().into_iter().map(from_item::<DuplicateFileRef>);
        found.map(|item| Ok(item?.report_id)).collect()
    }
}
