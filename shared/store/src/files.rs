//! Which files of receipts are to be looked after, and where equal ones are found. A marker is written in the transaction that declares a
//! receipt or takes it off its report, and deleted when there is nothing left to do with the file; what is left for long was lost on the
//! way, and found here. What is to be done with a file is not decided here.

use aws_sdk_dynamodb::error::SdkError;
use jiff::Timestamp;
use outlay_domain::ids::{OrgId, ReceiptId, ReportId};
use outlay_domain::receipt::Receipt;
use serde::{Deserialize, Serialize};

use crate::digest::Stored;
use crate::items::{from_item, key_attributes, number, text};
use crate::keys::{self, AFTER_ALL, BEFORE_ALL, names};
use crate::{Store, StoreError};

/// That a file is to be looked after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMarker {
    /// The organisation.
    pub org: OrgId,
    /// The report its receipt is on, or was.
    pub report_id: ReportId,
    /// The receipt.
    pub receipt_id: ReceiptId,
    /// From when on, in seconds since 1970.
    pub due: i64,
}

impl Stored for FileMarker {}

/// That a report has a clean receipt of a file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SameFile {
    pub(crate) report_id: ReportId,
}

impl Stored for SameFile {}

/// For how long after the last moment of its upload a file may still be on its way, in seconds.
const PATIENCE: i64 = 3600;

/// When a declared file that has not come is given up, in seconds since 1970.
#[must_use]
pub fn abandoned_at(receipt: &Receipt) -> i64 {
    receipt.upload_until.as_second().saturating_add(PATIENCE)
}

/// How many receipts of one file are looked through for other reports; one report has fewer.
const MOST_EQUAL: i32 = 100;

impl Store {
    /// The files that should have been looked after before a time.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn files_due(&self, org: OrgId, now: Timestamp) -> Result<Vec<FileMarker>, StoreError> {
        let markers = self.query_all(&keys::files_partition(org), BEFORE_ALL, AFTER_ALL).await?;
        let markers = markers.into_iter().map(from_item).collect::<Result<Vec<FileMarker>, _>>()?;
        Ok(markers.into_iter().filter(|marker| marker.due <= now.as_second()).collect())
    }

    /// Forgets a file with which there is nothing left to do, unless something has come up since.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "what only says where to look is no decision of the rules")]
    pub async fn file_settled(&self, org: OrgId, receipt: ReceiptId, due: i64) -> Result<(), StoreError> {
        let request = self.client.delete_item().table_name(&self.table);
        let request = request
            .set_key(Some(key_attributes(&keys::file(org, receipt))))
            .condition_expression("due = :due")
            .expression_attribute_values(":due", number(due));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(failed)) if failed.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The other reports with a clean receipt of a file, each once.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn with_same_file(
        &self,
        org: OrgId,
        sha256: &str,
        report: ReportId,
    ) -> Result<Vec<ReportId>, StoreError> {
        let request = self.client.query().table_name(&self.table).consistent_read(true).limit(MOST_EQUAL);
        let request = request
            .key_condition_expression(format!("{} = :pk", names::PK))
            .expression_attribute_values(":pk", text(keys::receipt_hash_partition(org, sha256)));
        let found = request.send().await?.items.unwrap_or_default().into_iter().map(from_item::<SameFile>);
        let mut others: Vec<ReportId> = found.map(|item| Ok(item?.report_id)).collect::<Result<_, StoreError>>()?;
        others.retain(|other| *other != report);
        others.dedup();
        Ok(others)
    }
}
