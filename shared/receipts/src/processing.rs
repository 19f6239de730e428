//! Processing of uploaded files: inspects a file, keeps or rejects it, and records the result on its report. Callers
//! may be retried, run concurrently or be killed between any two steps: each step detects what has been done, and the
//! last one deletes the file task. [`inspect`] decides what is wrong with a file, the domain what that means for a
//! report.

use std::error::Error as StdError;
use std::fmt::Display;
use std::time::Duration;

use aws_config::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use outlay_aws::backoff::backoff_with_jitter;
use outlay_aws::config::timeouts;
use outlay_aws::env::{ConfigError, required};
use outlay_aws::log::{Level, log, publish_metrics};
use outlay_domain::change::{Change, ReportChange, abandon_receipt, record_duplicates, record_inspection};
use outlay_domain::error::DomainError;
use outlay_domain::rate_limit::Quota;
use outlay_domain::receipt::{Receipt, ReceiptStatus, RejectionReason};
use outlay_domain::report::Report;
use outlay_domain::text::Sha256Hex;
use outlay_store::files::{PendingFileTask, abandoned_at};
use outlay_store::keys;
use outlay_store::limits::RateLimitOutcome;
use outlay_store::{CommitError, Store};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use crate::bucket::ReceiptBucket;
use crate::error::BucketError;
use crate::inspect::inspect;
use crate::keys::ReceiptKey;

/// Failure that the caller retries.
type Error = Box<dyn StdError + Send + Sync>;

/// Age up to which an object without a receipt is retried, because its receipt may not be visible in the table yet.
const VISIBILITY_DELAY: SignedDuration = SignedDuration::from_mins(5);
/// Attempts to update a report that other requests change at the same time.
const MAX_ATTEMPTS: u32 = 12;
/// Failure after these attempts.
const BUSY: &str = "other requests keep changing the report";
/// Inspections of an organisation's files that begin at once; others wait for the sweep, which takes the organisations
/// in turn. So an organisation with very many or very costly files does not keep the others waiting.
const INSPECTION_QUOTA: Quota = Quota { per_minute: 30, burst: 150 };
/// Timeouts of one attempt and of an operation on S3. A file takes longer than an item of the table.
const FILE_TIMEOUTS: (Duration, Duration) = (Duration::from_secs(12), Duration::from_secs(20));

/// Table, and bucket of receipt files.
#[derive(Debug)]
pub struct ReceiptProcessor {
    store: Store,
    bucket: ReceiptBucket,
}

/// Outcome of processing an upload.
enum ProcessingOutcome {
    /// The file was inspected, now or earlier, and is kept or rejected.
    Inspected,
    /// The receipt is pending and its file is not in the bucket.
    NotUploaded,
    /// The report has no such receipt.
    UnknownReceipt,
    /// The organisation has too many files at once: this one waits for its file task.
    Deferred(PendingFileTask),
}

/// Who asks for an inspection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// A notification: the rate of the organisation decides.
    OnArrival,
    /// The sweep, which gives each organisation its turn.
    Swept,
}

/// Object that S3 reports as created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedObject {
    bucket: String,
    key: String,
    at: Timestamp,
}

#[derive(Deserialize)]
struct S3Notification {
    #[serde(rename = "Records")]
    records: Vec<S3Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct S3Record {
    event_time: Timestamp,
    s3: S3Entity,
}

#[derive(Deserialize)]
struct S3Entity {
    bucket: S3Bucket,
    object: S3Object,
}

#[derive(Deserialize)]
struct S3Bucket {
    name: String,
}

#[derive(Deserialize)]
struct S3Object {
    key: String,
}

/// Parses an S3 event notification. The test event that S3 sends to a new queue has no objects.
///
/// # Errors
/// The reason why it cannot be parsed, without quoting it.
pub fn parse_notification(body: &str) -> Result<Vec<CreatedObject>, String> {
    let value: Value = serde_json::from_str(body).map_err(|_| "not JSON".to_owned())?;
    if value.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    let S3Notification { records } =
        S3Notification::deserialize(value).map_err(|_| "not an S3 event notification".to_owned())?;
    let created = |S3Record { event_time, s3 }| CreatedObject {
        bucket: s3.bucket.name,
        key: decode_key(&s3.object.key),
        at: event_time,
    };
    Ok(records.into_iter().map(created).collect())
}

/// Decodes a key of a notification, which is encoded like a form.
fn decode_key(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

impl ReceiptProcessor {
    /// Reads `TABLE_NAME`, `RECEIPTS_BUCKET` and `RECEIPTS_KEY`.
    ///
    /// # Errors
    /// [`ConfigError::MissingVariable`]
    pub fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        let s3 = sdk.to_builder().timeout_config(timeouts(FILE_TIMEOUTS.0, FILE_TIMEOUTS.1)).build();
        let store = Store::connect(sdk, &required("TABLE_NAME")?);
        Ok(Self { store, bucket: ReceiptBucket::from_env(&s3)? })
    }

    /// Processes a created object: an upload is inspected, any other object is left alone and counted.
    ///
    /// # Errors
    /// Fails when a service is unavailable, or the receipt is not visible yet. The caller retries.
    pub async fn process_object(&self, object: &CreatedObject, now: Timestamp) -> Result<(), Error> {
        let key = ReceiptKey::from_quarantine_key(&object.key).filter(|_| object.bucket == self.bucket.name());
        let Some(key) = key else {
            let fields: [(&str, &dyn Display); 2] = [("bucket", &object.bucket), ("key", &object.key)];
            log(Level::Error, "object that is no upload", &fields);
            publish_metrics(now, &[("UnexpectedObjects", "Count", 1)]);
            return Ok(());
        };
        match self.process(&key, Turn::OnArrival, now).await? {
            ProcessingOutcome::Deferred(task) => {
                log(Level::Info, "too many files at once, left to the sweep", &[("receipt_key", &key)]);
                Ok(self.store.reschedule_file_task(&task, now.as_second()).await?)
            }
            ProcessingOutcome::UnknownReceipt if now.duration_since(object.at) < VISIBILITY_DELAY => {
                Err("the receipt is not in the table yet".into())
            }
            ProcessingOutcome::UnknownReceipt => {
                log(Level::Warn, "removed a file without a receipt", &[("receipt_key", &key)]);
                Ok(self.bucket.remove(&key).await?)
            }
            ProcessingOutcome::Inspected | ProcessingOutcome::NotUploaded => Ok(()),
        }
    }

    /// Completes the work on a file that is overdue: inspects it, abandons its receipt, or removes it.
    ///
    /// # Errors
    /// As for [`Self::process_object`].
    pub async fn reconcile(&self, task: &PendingFileTask, now: Timestamp) -> Result<(), Error> {
        let key = ReceiptKey { org: task.org, report: task.report_id, receipt: task.receipt_id };
        match self.process(&key, Turn::Swept, now).await? {
            ProcessingOutcome::UnknownReceipt => {
                self.bucket.remove(&key).await?;
                Ok(self.store.complete_file_task(key.org, key.receipt, task.due).await?)
            }
            // The change replaces the task by one that clears the quarantine later.
            ProcessingOutcome::NotUploaded => {
                self.retry_update(&key, |report| abandon_receipt(report, key.receipt, now)).await
            }
            // The task of a deferred file is due earlier than the others, which are complete already.
            ProcessingOutcome::Inspected | ProcessingOutcome::Deferred(_) => {
                Ok(self.store.complete_file_task(key.org, key.receipt, task.due).await?)
            }
        }
    }

    /// Inspects the file of a receipt if it is pending, records the result, and cleans up.
    async fn process(&self, key: &ReceiptKey, turn: Turn, now: Timestamp) -> Result<ProcessingOutcome, Error> {
        let mut inspected = None;
        // The last iteration only reads: the attempt before it may have succeeded.
        for attempt in 0..=MAX_ATTEMPTS {
            let report = self.store.report(key.org, key.report).await?;
            let receipt = report.as_ref().and_then(|report| report.receipt(key.receipt));
            let (Some(report), Some(receipt)) = (&report, receipt) else {
                return Ok(ProcessingOutcome::UnknownReceipt);
            };
            if !receipt.is_pending() {
                self.finish(key, receipt, now).await?;
                return Ok(ProcessingOutcome::Inspected);
            }
            if attempt == MAX_ATTEMPTS {
                break;
            }
            let status = match &inspected {
                Some(status) => status,
                None if turn == Turn::OnArrival && !self.may_inspect_now(key, now).await? => {
                    let due = abandoned_at(receipt);
                    let task = PendingFileTask { org: key.org, report_id: report.id, receipt_id: receipt.id, due };
                    return Ok(ProcessingOutcome::Deferred(task));
                }
                None => match self.inspect_upload(key, receipt).await? {
                    Some(status) => &*inspected.insert(status),
                    None => return Ok(ProcessingOutcome::NotUploaded),
                },
            };
            let duplicates = match status {
                ReceiptStatus::Clean { .. } => {
                    let inspected = Receipt { status: status.clone(), ..receipt.clone() };
                    self.store.reports_with_file(report.org, &inspected, report.id).await?
                }
                ReceiptStatus::Pending | ReceiptStatus::Rejected { .. } => Vec::new(),
            };
            if let Some(change) =
                record_inspection(report, receipt.id, status, &duplicates, now).map_err(|error| domain_error(&error))?
            {
                // The next iteration reads the report again, stored or not, and finishes or retries.
                self.commit(change, attempt).await?;
            }
        }
        Err(BUSY.into())
    }

    /// Counts an inspection against the rate of its organisation; `false` when that is used up.
    async fn may_inspect_now(&self, key: &ReceiptKey, now: Timestamp) -> Result<bool, Error> {
        let rate = keys::inspection_rate(key.org);
        let outcome = self.store.consume_rate_limit(&rate, INSPECTION_QUOTA, now.as_microsecond(), None).await?;
        Ok(matches!(outcome, RateLimitOutcome::Admitted(_)))
    }

    /// Inspects an upload and stores a clean file; `None` when nothing was uploaded.
    async fn inspect_upload(&self, key: &ReceiptKey, receipt: &Receipt) -> Result<Option<ReceiptStatus>, BucketError> {
        let rejected = |reason: RejectionReason| Some(ReceiptStatus::Rejected { reason });
        let bytes = match self.bucket.read_upload(key).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(BucketError::TooLarge) => return Ok(rejected(RejectionReason::SizeMismatch)),
            Err(error) => return Err(error),
        };
        let file = match inspect(bytes, receipt) {
            Ok(file) => file,
            Err(reason) => return Ok(rejected(reason)),
        };
        // Stores the inspected bytes: the object in quarantine may have been replaced since.
        self.bucket.store_sanitized(key, &file).await?;
        let kept_bytes = u64::try_from(file.bytes.len()).unwrap_or(u64::MAX);
        // Line ends after the end of a PDF make no other file.
        let content = Sha256Hex::of(file.bytes.trim_ascii_end());
        let content_sha256 = Some(content).filter(|content| *content != receipt.sha256);
        Ok(Some(ReceiptStatus::Clean { kept_bytes, preview: file.preview.is_some(), content_sha256 }))
    }

    /// Finishes a receipt whose result is recorded: records new duplicates, clears the quarantine and deletes the file
    /// task.
    async fn finish(&self, key: &ReceiptKey, receipt: &Receipt, now: Timestamp) -> Result<(), Error> {
        if receipt.is_clean() {
            self.record_new_duplicates(key, receipt, now).await?;
        }
        self.bucket.clear_quarantine(key).await?;
        Ok(self.store.complete_file_task(key.org, receipt.id, abandoned_at(receipt)).await?)
    }

    /// Records the reports that have got the same file since the inspection.
    async fn record_new_duplicates(&self, key: &ReceiptKey, receipt: &Receipt, now: Timestamp) -> Result<(), Error> {
        let duplicates = self.store.reports_with_file(key.org, receipt, key.report).await?;
        if duplicates.iter().all(|report| receipt.duplicate_of.contains(report)) {
            return Ok(());
        }
        self.retry_update(key, |report| record_duplicates(report, key.receipt, &duplicates, now)).await
    }

    /// Updates a report, and decides again on the new version when other requests were faster.
    async fn retry_update(
        &self,
        key: &ReceiptKey,
        decide: impl Fn(&Report) -> Result<Option<ReportChange>, DomainError>,
    ) -> Result<(), Error> {
        for attempt in 0..MAX_ATTEMPTS {
            let Some(report) = self.store.report(key.org, key.report).await? else { return Ok(()) };
            let Some(change) = decide(&report).map_err(|error| domain_error(&error))? else { return Ok(()) };
            if self.commit(change, attempt).await? {
                return Ok(());
            }
        }
        Err(BUSY.into())
    }

    /// Stores a change; `false`, after a wait, when another request has changed the report first.
    async fn commit(&self, change: ReportChange, attempt: u32) -> Result<bool, Error> {
        match self.store.commit(&[Change::Report(Box::new(change))], None).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict(_)) => {
                tokio::time::sleep(backoff_with_jitter(attempt)).await;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn domain_error(error: &DomainError) -> Error {
    format!("{error:?}").into()
}
