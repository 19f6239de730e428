//! Receipts over the API. Links expire after minutes and are only in answers about one receipt, never in lists.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outlay_aws::log::{Level, log};
use outlay_domain::change::ReceiptDeclaration;
use outlay_domain::receipt::{MAX_FILE_BYTES, MediaType, Receipt, ReceiptStatus, RejectionReason};
use outlay_http::endpoint::Input;
use outlay_input::FieldErrors;
use outlay_receipts::{PresignedUrl, ReceiptBucket, ReceiptKey};
use outlay_store::Store;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::time;

/// Receipt to declare before its file is uploaded.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptIn {
    /// File name for downloads; 1 to 255 characters.
    #[schema(example = "Hotel Lyon.pdf")]
    pub name: String,
    /// Media type: `application/pdf`, `image/jpeg`, `image/png`, `image/heic` or `image/webp`, in any case. Parameters
    /// are ignored, and `image/jpg` and `image/heif` mean `image/jpeg` and `image/heic`. The answer has the name that
    /// the upload must have.
    #[schema(example = "application/pdf")]
    pub media_type: String,
    /// Size in bytes; 1 to 25,000,000.
    #[schema(minimum = 1, maximum = 25_000_000)]
    pub size: u32,
    /// SHA-256 of the file; 64 hexadecimal digits, which answers show in lower case. A file with another hash is
    /// rejected.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
}

impl Input for ReceiptIn {
    type Checked = ReceiptDeclaration;

    fn check(self, _: Timestamp, errors: &mut FieldErrors) -> Option<ReceiptDeclaration> {
        let name = errors.parse("name", self.name);
        let names = MediaType::ALL.iter().map(|media_type| media_type.name()).collect::<Vec<_>>().join(", ");
        let detail = format!("Must be one of {names}.");
        let media_type =
            errors.require("media_type", MediaType::from_declaration(&self.media_type), "media-type", &detail);
        let size = u64::from(self.size);
        if !(1..=MAX_FILE_BYTES).contains(&size) {
            errors.push("size", "range", format!("Must be from 1 to {MAX_FILE_BYTES}."));
        }
        let sha256 = errors.parse("sha256", self.sha256);
        Some(ReceiptDeclaration { name: name?, media_type: media_type?, size, sha256: sha256? })
    }
}

/// Facts of a receipt.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReceiptFacts {
    /// Identifier, `rcp_…`.
    pub id: String,
    /// File name.
    pub name: String,
    /// Declared media type. The file of a clean receipt has this type.
    pub media_type: MediaType,
    /// Declared size in bytes.
    pub size: u64,
    /// Declared SHA-256, in lower-case hexadecimal.
    pub sha256: String,
    /// Status: `pending` (not uploaded or not yet inspected), `clean` (stored) or `refused` (rejected and deleted).
    #[schema(example = "clean")]
    pub status: &'static str,
    /// Reason of the rejection; null unless the status is `refused`.
    pub reason: Option<RejectionReason>,
    /// True when another report of the organisation has the same file.
    pub duplicate: bool,
}

impl From<&Receipt> for ReceiptFacts {
    fn from(receipt: &Receipt) -> Self {
        Self {
            id: receipt.id.to_string(),
            name: receipt.name.to_string(),
            media_type: receipt.media_type,
            size: receipt.size,
            sha256: receipt.sha256.to_string(),
            status: receipt.status.name(),
            reason: receipt.rejection_reason(),
            duplicate: !receipt.duplicate_of.is_empty(),
        }
    }
}

/// Receipt of an expense.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Receipt)]
pub struct ReceiptOut {
    /// Facts.
    #[serde(flatten)]
    pub facts: ReceiptFacts,
    /// True when there is a preview image.
    pub preview: bool,
}

impl From<&Receipt> for ReceiptOut {
    fn from(receipt: &Receipt) -> Self {
        let preview = matches!(receipt.status, ReceiptStatus::Clean { preview: true, .. });
        Self { facts: receipt.into(), preview }
    }
}

/// Presigned request that uploads a file.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Upload)]
pub struct UploadOut {
    /// HTTP method.
    #[schema(example = "PUT")]
    pub method: &'static str,
    /// URL. It grants access without a token until it expires: treat it as a secret.
    pub url: String,
    /// Headers to send, all of them unchanged.
    pub headers: BTreeMap<String, String>,
    /// Expiry, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl From<PresignedUrl> for UploadOut {
    fn from(link: PresignedUrl) -> Self {
        let PresignedUrl { method, url, headers, expires_at } = link;
        Self { method, url, headers: headers.into_iter().collect(), expires_at: time(expires_at) }
    }
}

/// Declared receipt with the request that uploads its file.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeclaredReceipt)]
pub struct DeclaredOut {
    /// Receipt.
    #[serde(flatten)]
    pub receipt: ReceiptOut,
    /// Request that uploads the file.
    pub upload: UploadOut,
}

/// Presigned link to a file.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Link)]
pub struct LinkOut {
    /// URL. It grants access without a token until it expires: treat it as a secret.
    pub url: String,
    /// Expiry, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl From<PresignedUrl> for LinkOut {
    fn from(link: PresignedUrl) -> Self {
        Self { url: link.url, expires_at: time(link.expires_at) }
    }
}

/// Receipt with links to its files.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReceiptFile)]
pub struct ReceiptFileOut {
    /// Facts.
    #[serde(flatten)]
    pub facts: ReceiptFacts,
    /// Reason of the rejection as an English sentence; null unless the status is `refused`.
    pub detail: Option<&'static str>,
    /// Link to the file; null unless the status is `clean`.
    pub download: Option<LinkOut>,
    /// Link to the preview image; null when there is none.
    pub preview: Option<LinkOut>,
    /// Identifiers of up to 3 other reports with the same file; null unless the caller may read all reports.
    pub duplicate_of: Option<Vec<String>>,
}

impl ReceiptFileOut {
    /// Receipt as a member may see it. `sees_all` is true for members who may read all reports.
    #[must_use]
    pub fn of(
        receipt: &Receipt,
        sees_all: bool,
        download: Option<PresignedUrl>,
        preview: Option<PresignedUrl>,
    ) -> Self {
        Self {
            facts: receipt.into(),
            detail: receipt.rejection_reason().map(RejectionReason::message),
            download: download.map(Into::into),
            preview: preview.map(Into::into),
            duplicate_of: sees_all.then(|| receipt.duplicate_of.iter().map(ToString::to_string).collect()),
        }
    }
}

/// Deletes the files of a receipt that was removed from its report. The sweep deletes what is left when this fails.
pub async fn clear(store: &Store, bucket: &ReceiptBucket, receipt_key: &ReceiptKey, now: Timestamp) {
    match bucket.remove(receipt_key).await {
        Ok(()) => {
            let _ = store.complete_file_task(receipt_key.org, receipt_key.receipt, now.as_second()).await;
        }
        Err(error) => {
            log(Level::Warn, "receipt file not deleted, left to the sweep", &[("reason", &error)]);
        }
    }
}
