//! Receipts: files of the lines. The facts of a file are stored on its line and covered by the report's hash; the bytes
//! are stored elsewhere. Nothing here reads a file.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::ids::{MemberId, ReceiptId, ReportId};
use crate::text::{FileName, Sha256Hex};

/// Maximum size of a file, in bytes.
pub const MAX_FILE_BYTES: u64 = 25_000_000;
/// Maximum number of receipts of a line.
pub const MAX_RECEIPTS_PER_EXPENSE: usize = 10;
/// Maximum number of receipts of a report: a change that removes them writes one item for each.
pub const MAX_RECEIPTS_PER_REPORT: usize = 30;
/// Maximum number of recorded other reports with the same file. One is enough for a warning.
pub const MAX_DUPLICATES: usize = 3;
/// Upper bound of the bytes that an inspection result adds to a receipt as JSON.
pub const INSPECTION_OVERHEAD_BYTES: usize = 300;
/// Maximum size of all uploads of a member in a day, in bytes: 20 files of maximum size.
pub const MAX_DAILY_BYTES: u64 = 20 * MAX_FILE_BYTES;
/// Bytes that a file counts as at least: inspecting it takes time, however small it is.
pub const MIN_QUOTA_BYTES: u64 = 500_000;
/// Lifetime of an upload URL, in seconds.
pub const UPLOAD_TTL_SECONDS: i64 = 5 * 60;

/// Media type of a receipt.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
    ToSchema,
)]
pub enum MediaType {
    /// PDF document.
    #[serde(rename = "application/pdf")]
    #[strum(serialize = "application/pdf")]
    Pdf,
    /// JPEG image.
    #[serde(rename = "image/jpeg")]
    #[strum(serialize = "image/jpeg")]
    Jpeg,
    /// PNG image.
    #[serde(rename = "image/png")]
    #[strum(serialize = "image/png")]
    Png,
    /// HEIC image, the format of phone cameras.
    #[serde(rename = "image/heic")]
    #[strum(serialize = "image/heic")]
    Heic,
    /// WebP image.
    #[serde(rename = "image/webp")]
    #[strum(serialize = "image/webp")]
    Webp,
}

impl MediaType {
    /// Every media type, in the order of the documentation.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Reads a media type as programs write it: in any case, with parameters, and by the names that are in use beside
    /// the registered one, such as `image/jpg`.
    #[must_use]
    pub fn from_declaration(text: &str) -> Option<Self> {
        let name = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "image/jpg" | "image/pjpeg" => Some(Self::Jpeg),
            "image/x-png" => Some(Self::Png),
            // The format without the codec; the inspection looks for that.
            "image/heif" => Some(Self::Heic),
            "application/x-pdf" => Some(Self::Pdf),
            name => name.parse().ok(),
        }
    }

    /// IANA name, the name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// File extensions in lower case, the usual one first.
    #[must_use]
    pub const fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Pdf => &["pdf"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Png => &["png"],
            Self::Heic => &["heic", "heif"],
            Self::Webp => &["webp"],
        }
    }
}

/// Reason why the inspection rejects a file.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    VariantArray,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RejectionReason {
    /// Empty file.
    Empty,
    /// The size differs from the declaration.
    #[serde(rename = "other_size")]
    #[strum(serialize = "other_size")]
    SizeMismatch,
    /// The SHA-256 differs from the declaration.
    #[serde(rename = "other_bytes")]
    #[strum(serialize = "other_bytes")]
    ChecksumMismatch,
    /// No supported media type.
    UnknownType,
    /// The media type differs from the declaration.
    #[serde(rename = "other_type")]
    #[strum(serialize = "other_type")]
    TypeMismatch,
    /// The file cannot be read to its end.
    Damaged,
    /// Too many pixels or pages, or too much work to inspect.
    TooLarge,
    /// Script, program, archive or embedded file other than an electronic invoice.
    #[serde(rename = "active")]
    #[strum(serialize = "active")]
    ActiveContent,
    /// Encrypted, and does not open without a password.
    #[serde(rename = "locked")]
    #[strum(serialize = "locked")]
    PasswordProtected,
    /// Known malware.
    #[serde(rename = "harmful")]
    #[strum(serialize = "harmful")]
    KnownMalware,
}

impl RejectionReason {
    /// Every reason.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Reason as an English sentence.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Empty => "The file is empty.",
            Self::SizeMismatch => "The size of the file differs from the declared size.",
            Self::ChecksumMismatch => "The SHA-256 of the file differs from the declared one.",
            Self::UnknownType => "The file is not a PDF, JPEG, PNG, HEIC or WebP file.",
            Self::TypeMismatch => "The media type of the file differs from the declared type.",
            Self::Damaged => "The file is damaged or incomplete. Save, scan or photograph it again.",
            Self::TooLarge => {
                "The file has too many pixels, pages or parts. Print it to a new PDF, or take a photograph of it."
            }
            Self::ActiveContent => "The file contains a script, a program or another file. Print it to a new PDF.",
            Self::PasswordProtected => "The file does not open without a password. Print it to a new PDF without one.",
            Self::KnownMalware => "The file contains known malware.",
        }
    }
}

/// Status of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// The file was not uploaded yet, or not inspected.
    Pending,
    /// The file passed the inspection. A copy without metadata is kept.
    Clean {
        /// Size of the kept file, in bytes.
        kept_bytes: u64,
        /// True when there is a preview image.
        preview: bool,
        /// SHA-256 of the kept file without line ends at its end, when it differs from the declared one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content_sha256: Option<Sha256Hex>,
    },
    /// The file was rejected and deleted.
    #[serde(rename = "refused")]
    Rejected {
        /// Reason.
        reason: RejectionReason,
    },
}

impl ReceiptStatus {
    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Clean { .. } => "clean",
            Self::Rejected { .. } => "refused",
        }
    }
}

/// Receipt of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Identifier, `rcp_…`.
    pub id: ReceiptId,
    /// File name, for display only.
    pub name: FileName,
    /// Declared media type. The inspection confirms it.
    pub media_type: MediaType,
    /// Declared size, in bytes.
    pub size: u64,
    /// Declared SHA-256 of the file, in lower-case hexadecimal.
    pub sha256: Sha256Hex,
    /// Member who declared the receipt.
    pub by: MemberId,
    /// Time until which the file can be uploaded.
    pub upload_until: Timestamp,
    /// Status.
    #[serde(flatten)]
    pub status: ReceiptStatus,
    /// Other reports of the organisation with the same file at the time of the inspection.
    #[serde(rename = "also_on", default, skip_serializing_if = "Vec::is_empty")]
    pub duplicate_of: Vec<ReportId>,
}

impl Receipt {
    /// True when the file passed the inspection: it can be shown and counts as a receipt.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        matches!(self.status, ReceiptStatus::Clean { .. })
    }

    /// SHA-256 by which the content is compared: of the kept file, or of the declared one before the inspection and in
    /// receipts that were inspected before it was stored.
    #[must_use]
    pub const fn content_sha256(&self) -> &Sha256Hex {
        match &self.status {
            ReceiptStatus::Clean { content_sha256: Some(content), .. } => content,
            _ => &self.sha256,
        }
    }

    /// True when both have the same file: as it was uploaded, or as it is kept.
    #[must_use]
    pub fn has_same_file(&self, other: &Self) -> bool {
        self.sha256 == other.sha256 || self.content_sha256() == other.content_sha256()
    }

    /// True when the upload or the inspection is pending.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        matches!(self.status, ReceiptStatus::Pending)
    }

    /// Reason of the rejection, if the file was rejected.
    #[must_use]
    pub const fn rejection_reason(&self) -> Option<RejectionReason> {
        match self.status {
            ReceiptStatus::Rejected { reason } => Some(reason),
            _ => None,
        }
    }
}
