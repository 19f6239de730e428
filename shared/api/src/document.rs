//! Links to the PDF of a report and to exported lists.

use outlay_domain::text::Sha256Hex;
use outlay_receipts::PresignedUrl;
use serde::Serialize;
use utoipa::ToSchema;

use super::common::time;

/// Link to the PDF of a report.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReportDocument)]
pub struct DocumentOut {
    /// Size in bytes.
    pub size: usize,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Number of pages.
    pub pages: usize,
    /// URL. It grants access without a token until it expires: treat it as a secret.
    pub url: String,
    /// Expiry, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl DocumentOut {
    /// Link to a file of this size and digest.
    #[must_use]
    pub fn of(size: usize, sha256: &Sha256Hex, pages: usize, link: PresignedUrl) -> Self {
        Self { size, sha256: sha256.to_string(), pages, url: link.url, expires_at: time(link.expires_at) }
    }
}

/// Link to an exported list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ExportedList)]
pub struct ListFileOut {
    /// Number of rows, without the header.
    pub rows: u64,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// URL. It grants access without a token until it expires: treat it as a secret.
    pub url: String,
    /// Expiry, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl ListFileOut {
    /// Link to a file with so many rows, of this size and digest.
    #[must_use]
    pub fn of(rows: u64, size: u64, sha256: &Sha256Hex, link: PresignedUrl) -> Self {
        Self { rows, size, sha256: sha256.to_string(), url: link.url, expires_at: time(link.expires_at) }
    }
}
