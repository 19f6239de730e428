//! Receipts over the API. A link is shown to whoever may have the file at that moment, and is good for some minutes; it is never listed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outlay_domain::change::Declared;
use outlay_domain::receipt::{MAX_BYTES, MediaType, Receipt, ReceiptStatus};
use outlay_receipts::{Bucket, Link, Slot};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::time;
use crate::call::{Call, Input};
use crate::checks;
use crate::fault::Faults;
use crate::log::{Level, log};

/// A file that is going to be uploaded.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptIn {
    /// What to call it, under which it is downloaded; 1 to 255 characters, of any kind.
    #[validate(custom(function = "checks::file_name"))]
    #[schema(example = "Hotel Lyon.pdf")]
    pub name: String,
    /// `application/pdf`, `image/jpeg`, `image/png`, `image/heic` or `image/webp`.
    #[schema(example = "application/pdf")]
    pub media_type: String,
    /// How many bytes it has; at most 25,000,000.
    #[schema(minimum = 1, maximum = 25_000_000)]
    pub size: u32,
    /// SHA-256 of it, in lower-case hexadecimal. No other file is taken.
    #[validate(custom(function = "checks::sha256"))]
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
}

impl Input for ReceiptIn {
    type Checked = Declared;

    fn check(self, _: Timestamp, faults: &mut Faults) -> Option<Declared> {
        let media_type = MediaType::named(&self.media_type);
        if media_type.is_none() {
            let names = MediaType::ALL.map(MediaType::name).join(", ");
            faults.note("media_type", "media-type", format!("Must be one of {names}."));
        }
        let size = u64::from(self.size);
        if !(1..=MAX_BYTES).contains(&size) {
            faults.note("size", "range", format!("Must be from 1 to {MAX_BYTES}."));
        }
        Some(Declared { name: checks::cleaned(&self.name), media_type: media_type?, size, sha256: self.sha256 })
    }
}

/// What is known of a receipt everywhere.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReceiptFacts {
    /// Identifier, `rcp_…`.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it was declared to be, and is when it is clean.
    #[schema(example = "application/pdf")]
    pub media_type: &'static str,
    /// How many bytes were declared.
    pub size: u64,
    /// SHA-256 of the file as declared.
    pub sha256: String,
    /// `pending`: not uploaded, or not looked at yet; `clean`: kept; `refused`: not kept.
    #[schema(example = "clean")]
    pub status: &'static str,
    /// Why it was refused, as a stable name.
    #[schema(example = "other_type")]
    pub reason: Option<&'static str>,
    /// Whether another report of the organisation has the same file.
    pub duplicate: bool,
}

impl From<&Receipt> for ReceiptFacts {
    fn from(receipt: &Receipt) -> Self {
        Self {
            id: receipt.id.to_string(),
            name: receipt.name.clone(),
            media_type: receipt.media_type.name(),
            size: receipt.size,
            sha256: receipt.sha256.clone(),
            status: receipt.status.name(),
            reason: receipt.refused().map(outlay_domain::receipt::Unfit::name),
            duplicate: !receipt.also_on.is_empty(),
        }
    }
}

/// A receipt of a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Receipt)]
pub struct ReceiptOut {
    /// What is known of it.
    #[serde(flatten)]
    pub facts: ReceiptFacts,
    /// Whether there is a picture of it to look at.
    pub preview: bool,
}

impl From<&Receipt> for ReceiptOut {
    fn from(receipt: &Receipt) -> Self {
        let preview = matches!(receipt.status, ReceiptStatus::Clean { preview: true, .. });
        Self { facts: receipt.into(), preview }
    }
}

/// How to upload a file.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
pub struct UploadOut {
    /// The method.
    #[schema(example = "PUT")]
    pub method: &'static str,
    /// Where to. Whoever has this address needs nothing else: it is a secret while it is good.
    pub url: String,
    /// The headers to send, all of them as they are.
    pub headers: BTreeMap<String, String>,
    /// Until when it is good, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl From<Link> for UploadOut {
    fn from(link: Link) -> Self {
        let Link { method, url, headers, expires_at } = link;
        Self { method, url, headers: headers.into_iter().collect(), expires_at: time(expires_at) }
    }
}

/// A receipt that was declared.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeclaredReceipt)]
pub struct DeclaredOut {
    /// The receipt.
    #[serde(flatten)]
    pub receipt: ReceiptOut,
    /// How to upload its file.
    pub upload: UploadOut,
}

/// Where a file can be had.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Link)]
pub struct LinkOut {
    /// Where. Whoever has this address needs nothing else: it is a secret while it is good.
    pub url: String,
    /// Until when it is good, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl From<Link> for LinkOut {
    fn from(link: Link) -> Self {
        Self { url: link.url, expires_at: time(link.expires_at) }
    }
}

/// A receipt with the ways to its file.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReceiptFile)]
pub struct ReceiptFileOut {
    /// What is known of it.
    #[serde(flatten)]
    pub facts: ReceiptFacts,
    /// Why it was refused, as a sentence for people.
    pub detail: Option<&'static str>,
    /// The file; null unless it is clean.
    pub download: Option<LinkOut>,
    /// A picture of it to look at; null when there is none.
    pub preview: Option<LinkOut>,
    /// Other reports with the same file, some of them; null unless the caller may see every report.
    pub duplicate_of: Option<Vec<String>>,
}

impl ReceiptFileOut {
    /// A receipt as somebody may see it.
    #[must_use]
    pub fn of(receipt: &Receipt, sees_all: bool, download: Option<Link>, preview: Option<Link>) -> Self {
        Self {
            facts: receipt.into(),
            detail: receipt.refused().map(outlay_domain::receipt::Unfit::sentence),
            download: download.map(Into::into),
            preview: preview.map(Into::into),
            duplicate_of: sees_all.then(|| receipt.also_on.iter().map(ToString::to_string).collect()),
        }
    }
}

/// Takes away the files of a receipt that its report has no longer. What is left when this fails is taken away by the sweep.
pub async fn clear(call: &Call, bucket: &Bucket, slot: &Slot) {
    match bucket.remove(slot).await {
        Ok(()) => {
            let _ = call.store().file_settled(slot.org, slot.receipt, call.now().as_second()).await;
        }
        Err(error) => {
            log(Level::Warn, "files are left to the sweep", &[("reason", &error)]);
        }
    }
}
