//! Link to the file of a batch for the bank.

use outlay_domain::batch::BatchFile;
use outlay_receipts::PresignedUrl;
use serde::Serialize;
use utoipa::ToSchema;

use super::common::time;

/// Link to the file for the bank.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BatchFileLink)]
pub struct FileLinkOut {
    /// File name.
    pub name: String,
    /// SHA-256 of the file, in hexadecimal. Compare it before the file goes to the bank.
    pub sha256: String,
    /// URL. It grants access without a token until it expires: treat it as a secret.
    pub url: String,
    /// Expiry, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

impl FileLinkOut {
    /// Link to a file.
    #[must_use]
    pub fn of(file: &BatchFile, link: PresignedUrl) -> Self {
        let (name, sha256) = (file.name.to_string(), file.sha256.to_string());
        Self { name, sha256, url: link.url, expires_at: time(link.expires_at) }
    }
}
