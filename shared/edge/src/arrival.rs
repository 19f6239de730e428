//! What becomes of an uploaded file: it is looked at, kept or refused, and its report told. Whoever calls this may be told twice, run twice
//! at once, or be killed between any two steps: each step finds what was done before, and the last one is to forget the file. What is
//! wrong with a file is said by `outlay_receipts`, what that means for a report by the rules.

use std::fmt::Display;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Error;
use outlay_domain::change::{Change, ReportChange, abandon_receipt, look_at_receipt, note_duplicates};
use outlay_domain::receipt::{Receipt, ReceiptStatus, Unfit};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::Report;
use outlay_receipts::{Bucket, BucketError, Slot, inspect};
use outlay_store::files::{FileMarker, abandoned_at};
use outlay_store::{CommitError, Store, pause};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;

use crate::boot::{bucket, store, variable};
use crate::log::{Level, log, measure};
use crate::problem::Problem;

/// How long a receipt that a file came for may take to be seen in the table.
const YOUNG: SignedDuration = SignedDuration::from_mins(5);
/// How often the report is read again when others change it meanwhile.
const ATTEMPTS: u32 = 12;

/// The table, and the bucket of receipts.
#[derive(Debug)]
pub struct ReceiptDesk {
    store: Store,
    bucket: Bucket,
    /// What the bucket is called.
    name: String,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is kept, now or before.
    Kept,
    /// It was refused, now or before.
    Refused,
    /// Its receipt waits for it, and it is not there.
    Nothing,
    /// There is no such receipt on the report.
    Unknown,
}

/// An object that S3 tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    bucket: String,
    key: String,
    at: Timestamp,
}

#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_time: Timestamp,
    s3: Entity,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Named,
    object: Keyed,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Keyed {
    key: String,
}

/// Reads a notification of S3: the objects that are new. None are, where S3 only tries whether it can tell of them.
///
/// # Errors
/// What is wrong with it, without quoting it.
pub fn read(body: &str) -> Result<Vec<Created>, String> {
    let value: Value = serde_json::from_str(body).map_err(|_| "not JSON".to_owned())?;
    if value.get("Event").and_then(Value::as_str) == Some("s3:TestEvent") {
        return Ok(Vec::new());
    }
    let Notification { records } =
        Notification::deserialize(value).map_err(|_| "not a notification of S3".to_owned())?;
    let created =
        |Record { event_time, s3 }| Created { bucket: s3.bucket.name, key: decoded(&s3.object.key), at: event_time };
    Ok(records.into_iter().map(created).collect())
}

/// A key as it is: notifications spell it as forms are, once.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

impl ReceiptDesk {
    /// As the environment says: `RECEIPTS_BUCKET` and `RECEIPTS_KEY`.
    ///
    /// # Errors
    /// When the environment is incomplete.
    pub fn open(config: &SdkConfig) -> Result<Self, String> {
        // A file takes longer than an item.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_millis(1500))
            .operation_attempt_timeout(Duration::from_secs(12))
            .operation_timeout(Duration::from_secs(20));
        let files = config.to_builder().timeout_config(timeouts.build()).build();
        Ok(Self { store: store(config)?, bucket: bucket(&files)?, name: variable("RECEIPTS_BUCKET")? })
    }

    /// Deals with a new object: looks at it, if it was put into a slot, and otherwise tells whoever operates this.
    ///
    /// # Errors
    /// When something was not available, or the receipt is not there yet: the same is to be tried again later.
    pub async fn arrived(&self, object: &Created, now: Timestamp) -> Result<(), Error> {
        let slot = Slot::of_quarantine(&object.key).filter(|_| object.bucket == self.name);
        let Some(slot) = slot else {
            let about: [(&str, &dyn Display); 2] = [("bucket", &object.bucket), ("key", &object.key)];
            log(Level::Error, "an object that is not ours", &about);
            measure(now, &[("ForeignObject", "Count", 1)]);
            return Ok(());
        };
        match look(self, &slot, now).await? {
            Arrival::Unknown if now.duration_since(object.at) < YOUNG => Err("there is no such receipt yet".into()),
            Arrival::Unknown => {
                log(Level::Warn, "a file without a receipt was removed", &[("slot", &slot)]);
                Ok(self.bucket.remove(&slot).await?)
            }
            Arrival::Kept | Arrival::Refused | Arrival::Nothing => Ok(()),
        }
    }

    /// Reads and judges what was uploaded, and keeps what is clean; `None` when nothing is there.
    async fn inspect(&self, slot: &Slot, receipt: &Receipt) -> Result<Option<ReceiptStatus>, BucketError> {
        let refused = |reason: Unfit| Some(ReceiptStatus::Refused { reason });
        let bytes = match self.bucket.uploaded(slot).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(BucketError::OtherSize) => return Ok(refused(Unfit::OtherSize)),
            Err(error) => return Err(error),
        };
        let cleaned = match inspect(bytes, receipt) {
            Ok(cleaned) => cleaned,
            Err(reason) => return Ok(refused(reason)),
        };
        // What is kept are the bytes that were looked at, not those that lie in the slot by then.
        self.bucket.keep(slot, &cleaned).await?;
        let kept_bytes = u64::try_from(cleaned.bytes.len()).unwrap_or(u64::MAX);
        Ok(Some(ReceiptStatus::Clean { kept_bytes, preview: cleaned.preview.is_some() }))
    }

    /// Stores a change; `false` when somebody else was faster, and it has to be decided anew.
    async fn commit(&self, change: ReportChange, attempt: u32) -> Result<bool, Error> {
        match self.store.commit(&[Change::Report(Box::new(change))], None).await {
            Ok(()) => Ok(true),
            Err(CommitError::Stale | CommitError::Overtaken | CommitError::Busy) => {
                tokio::time::sleep(pause(attempt)).await;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is left to do once it is noted what came of a file: to see whether another report has come to have the same one meanwhile, and
    /// to take the file out of quarantine.
    async fn close(&self, slot: &Slot, receipt: &Receipt, now: Timestamp) -> Result<Arrival, Error> {
        if receipt.is_clean() {
            self.note_others(slot, receipt, now).await?;
        }
        self.bucket.clear_quarantine(slot).await?;
        self.store.file_settled(slot.org, receipt.id, abandoned_at(receipt)).await?;
        Ok(if receipt.is_clean() { Arrival::Kept } else { Arrival::Refused })
    }

    async fn note_others(&self, slot: &Slot, receipt: &Receipt, now: Timestamp) -> Result<(), Error> {
        let others = self.store.with_same_file(slot.org, &receipt.sha256, slot.report).await?;
        if others.iter().all(|other| receipt.also_on.contains(other)) {
            return Ok(());
        }
        self.revise(slot, |report| note_duplicates(report, slot.receipt, &others, now)).await
    }

    /// Changes the report of a slot as is decided, and decides anew when others were faster.
    async fn revise(
        &self,
        slot: &Slot,
        decide: impl Fn(&Report) -> Result<Option<ReportChange>, Refusal>,
    ) -> Result<(), Error> {
        for attempt in 0..ATTEMPTS {
            let Some(report) = self.store.report(slot.org, slot.report).await? else { return Ok(()) };
            let Some(change) = decide(&report).map_err(refused)? else { return Ok(()) };
            if self.commit(change, attempt).await? {
                return Ok(());
            }
        }
        Err(CommitError::Busy.into())
    }
}

fn refused(refusal: Refusal) -> Error {
    Problem::from(refusal).to_string().into()
}

/// Looks at what was uploaded to a slot, and sees it through to its end.
///
/// # Errors
/// When the table or the bucket was not available, or others kept changing the report; done again, it goes on where it stopped.
pub async fn look(desk: &ReceiptDesk, slot: &Slot, now: Timestamp) -> Result<Arrival, Error> {
    let mut found = None;
    for attempt in 0..ATTEMPTS {
        let report = desk.store.report(slot.org, slot.report).await?;
        let receipt = report.as_ref().and_then(|report| report.receipt(slot.receipt));
        let (Some(report), Some(receipt)) = (&report, receipt) else { return Ok(Arrival::Unknown) };
        if !receipt.is_pending() {
            return desk.close(slot, receipt, now).await;
        }
        let found = match &found {
            Some(found) => found,
            None => match desk.inspect(slot, receipt).await? {
                Some(looked_at) => &*found.insert(looked_at),
                None => return Ok(Arrival::Nothing),
            },
        };
        if let Some(change) = noted(desk, report, receipt, found, now).await? {
            // Whether it was stored or not: what is left to do follows from the report as it is then.
            desk.commit(change, attempt).await?;
        }
    }
    Err(CommitError::Busy.into())
}

/// The change that notes what came of a file, with the other reports that have it too.
async fn noted(
    desk: &ReceiptDesk,
    report: &Report,
    receipt: &Receipt,
    found: &ReceiptStatus,
    now: Timestamp,
) -> Result<Option<ReportChange>, Error> {
    let others = match found {
        ReceiptStatus::Clean { .. } => desk.store.with_same_file(report.org, &receipt.sha256, report.id).await?,
        ReceiptStatus::Pending | ReceiptStatus::Refused { .. } => Vec::new(),
    };
    look_at_receipt(report, receipt.id, found, &others, now).map_err(refused)
}

/// Settles a file that nobody has finished with in time: it is looked at, given up, or removed.
///
/// # Errors
/// As for [`look`].
pub async fn settle(desk: &ReceiptDesk, marker: &FileMarker, now: Timestamp) -> Result<(), Error> {
    let slot = Slot { org: marker.org, report: marker.report_id, receipt: marker.receipt_id };
    match look(desk, &slot, now).await? {
        Arrival::Unknown => {
            desk.bucket.remove(&slot).await?;
            desk.store.file_settled(slot.org, slot.receipt, marker.due).await?;
        }
        // Its marker says from now on that the slot is to be cleared.
        Arrival::Nothing => desk.revise(&slot, |report| abandon_receipt(report, slot.receipt, now)).await?,
        Arrival::Kept | Arrival::Refused => {}
    }
    Ok(())
}
