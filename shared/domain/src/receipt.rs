//! Receipts: the files behind the lines. What is known of a file stands on its line, and so under the report's hash; the bytes are
//! elsewhere. Nothing here reads a file.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{MemberId, ReceiptId, ReportId};

/// The largest file, in bytes.
pub const MAX_BYTES: u64 = 25_000_000;
/// The most receipts one line may have.
pub const MAX_RECEIPTS: usize = 10;
/// The most receipts the lines of one report may have together: what becomes of each is written with the change that takes it away.
pub const MAX_RECEIPTS_OF_REPORT: usize = 30;
/// The most other reports that are noted to have the same file: one is enough to ask.
pub const MAX_ALSO_ON: usize = 3;
/// How many bytes more a receipt has as JSON once its file was looked at, at most.
pub const LOOKED_AT_BYTES: usize = 200;
/// The most bytes one member may upload in a day: twenty of the largest files.
pub const MAX_BYTES_A_DAY: u64 = 20 * MAX_BYTES;
/// How long an upload may take, in seconds: so long the link to it is good.
pub const UPLOAD_SECONDS: i64 = 5 * 60;

/// What a receipt may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MediaType {
    /// A PDF document.
    #[serde(rename = "application/pdf")]
    Pdf,
    /// A JPEG picture.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// A PNG picture.
    #[serde(rename = "image/png")]
    Png,
    /// A HEIC picture, as telephones take them.
    #[serde(rename = "image/heic")]
    Heic,
    /// A WebP picture.
    #[serde(rename = "image/webp")]
    Webp,
}

impl MediaType {
    /// Every type, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Pdf, Self::Jpeg, Self::Png, Self::Heic, Self::Webp];

    /// The name of the IANA registry, which is the name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Heic => "image/heic",
            Self::Webp => "image/webp",
        }
    }

    /// The extensions of its files, in lower case; the usual one first.
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

    /// The type of a name on the wire.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Why a file is no receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unfit {
    /// It is empty.
    Empty,
    /// Its size is not the one that was declared.
    OtherSize,
    /// Its bytes are not those that were declared.
    OtherBytes,
    /// It is nothing that a receipt may be.
    UnknownType,
    /// It is a receipt of another type than was declared.
    OtherType,
    /// It cannot be read to its end.
    Damaged,
    /// It has more pixels or pages than are looked at.
    TooLarge,
    /// It can do something by itself: a script, a program, another file inside.
    Active,
    /// It is locked by a password.
    Locked,
    /// It is known to do harm.
    Harmful,
}

impl Unfit {
    /// Every reason.
    pub const ALL: [Self; 10] = [
        Self::Empty,
        Self::OtherSize,
        Self::OtherBytes,
        Self::UnknownType,
        Self::OtherType,
        Self::Damaged,
        Self::TooLarge,
        Self::Active,
        Self::Locked,
        Self::Harmful,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::OtherSize => "other_size",
            Self::OtherBytes => "other_bytes",
            Self::UnknownType => "unknown_type",
            Self::OtherType => "other_type",
            Self::Damaged => "damaged",
            Self::TooLarge => "too_large",
            Self::Active => "active",
            Self::Locked => "locked",
            Self::Harmful => "harmful",
        }
    }

    /// The reason as a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Empty => "The file is empty.",
            Self::OtherSize => "The file has another size than was declared.",
            Self::OtherBytes => "The file is not the one whose SHA-256 was declared.",
            Self::UnknownType => "The file is neither PDF, JPEG, PNG, HEIC nor WebP, whatever its name says.",
            Self::OtherType => "The file is of another type than was declared.",
            Self::Damaged => "The file is damaged or not complete.",
            Self::TooLarge => "The file has more pixels or pages than a receipt may have.",
            Self::Active => "The file contains a script, a program or another file.",
            Self::Locked => "The file is locked by a password.",
            Self::Harmful => "The file is known to do harm.",
        }
    }
}

/// Where a receipt stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// The file has not arrived, or has not been looked at.
    Pending,
    /// The file is what it says, and is kept without what it told besides.
    Clean {
        /// How many bytes are kept.
        kept_bytes: u64,
        /// Whether there is a picture of it to look at.
        preview: bool,
    },
    /// The file is not kept.
    Refused {
        /// Why.
        reason: Unfit,
    },
}

impl ReceiptStatus {
    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Clean { .. } => "clean",
            Self::Refused { .. } => "refused",
        }
    }
}

/// A file behind a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Identifier, `rcp_…`.
    pub id: ReceiptId,
    /// What its owner calls it; nothing is found by it.
    pub name: String,
    /// What it was declared to be, and is when it is clean.
    pub media_type: MediaType,
    /// How many bytes were declared.
    pub size: u64,
    /// SHA-256 of the file as declared, in lower-case hexadecimal.
    pub sha256: String,
    /// Who declared it.
    pub by: MemberId,
    /// Until when it can be uploaded.
    pub upload_until: Timestamp,
    /// Where it stands.
    #[serde(flatten)]
    pub status: ReceiptStatus,
    /// Other reports of the organisation with a receipt of the same bytes, when it was looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_on: Vec<ReportId>,
}

impl Receipt {
    /// Whether it can be shown and stands for a line.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        matches!(self.status, ReceiptStatus::Clean { .. })
    }

    /// Whether its file is still to come, or to be looked at.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        matches!(self.status, ReceiptStatus::Pending)
    }

    /// Why its file is not kept, if it is not.
    #[must_use]
    pub const fn refused(&self) -> Option<Unfit> {
        match self.status {
            ReceiptStatus::Refused { reason } => Some(reason),
            _ => None,
        }
    }
}
