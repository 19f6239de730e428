//! Object keys of the bucket. Uploads are under `quarantine/` until they are inspected, kept files under `clean/`, PDFs of
//! reports and exported lists for a day under `documents/`; permissions and lifecycle rules follow these prefixes. A key consists of identifiers only, never of text that a
//! person wrote.

use std::fmt;

use outlay_domain::ids::{OrgId, ReceiptId, ReportId};
use outlay_domain::report::Report;
use outlay_domain::text::Sha256Hex;

/// Identifies the files of one receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptKey {
    /// Organisation.
    pub org: OrgId,
    /// Report.
    pub report: ReportId,
    /// Receipt.
    pub receipt: ReceiptId,
}

/// Common part of the object keys. Also used in logs.
impl fmt::Display for ReceiptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.org, self.report, self.receipt)
    }
}

/// Prefix of uploads.
const QUARANTINE: &str = "quarantine";
/// Prefix of inspected files.
const CLEAN: &str = "clean";

/// Object key of the PDF of a report with this digest, in hexadecimal. Another content has another key.
pub(crate) fn document_key(report: &Report, sha256: &Sha256Hex) -> String {
    format!("documents/{}/{}/{sha256}.pdf", report.org, report.id)
}

/// Object key of an exported list with this digest.
pub(crate) fn export_key(org: OrgId, sha256: &Sha256Hex) -> String {
    format!("documents/{org}/exports/{sha256}.csv")
}

impl ReceiptKey {
    /// Object key of the upload.
    #[must_use]
    pub fn quarantine_key(&self) -> String {
        self.under(QUARANTINE)
    }

    /// Object key of the kept file.
    #[must_use]
    pub fn clean_key(&self) -> String {
        self.under(CLEAN)
    }

    /// Object key of the preview.
    #[must_use]
    pub fn preview_key(&self) -> String {
        format!("{}.preview", self.clean_key())
    }

    /// Parses the object key of an upload; `None` for any other key.
    #[must_use]
    pub fn from_quarantine_key(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix(QUARANTINE)?.strip_prefix('/')?.splitn(3, '/');
        let receipt_key = Self {
            org: parts.next()?.parse().ok()?,
            report: parts.next()?.parse().ok()?,
            receipt: parts.next()?.parse().ok()?,
        };
        // An identifier in another spelling would be a second key for the same receipt.
        (receipt_key.quarantine_key() == key).then_some(receipt_key)
    }

    fn under(&self, prefix: &str) -> String {
        format!("{prefix}/{self}")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::Timestamp;
    use outlay_domain::ids::IdGenerator;

    use super::*;

    pub(crate) fn receipt_key() -> ReceiptKey {
        let mut seed = IdGenerator::new(Timestamp::from_second(1_763_800_000).unwrap(), [7; 10]);
        ReceiptKey { org: seed.next_id(), report: seed.next_id(), receipt: seed.next_id() }
    }

    #[test]
    fn upload_key_round_trips() {
        let receipt_key = receipt_key();
        let ReceiptKey { org, report, receipt } = receipt_key;
        assert_eq!(receipt_key.quarantine_key(), format!("quarantine/{org}/{report}/{receipt}"));
        assert_eq!(receipt_key.clean_key(), format!("clean/{org}/{report}/{receipt}"));
        assert_eq!(receipt_key.preview_key(), format!("clean/{org}/{report}/{receipt}.preview"));
        assert_eq!(ReceiptKey::from_quarantine_key(&receipt_key.quarantine_key()), Some(receipt_key));
    }

    #[test]
    fn other_keys_are_not_upload_keys() {
        let receipt_key = receipt_key();
        let ReceiptKey { org, report, receipt } = receipt_key;
        let valid = receipt_key.quarantine_key();
        for key in [
            String::new(),
            receipt_key.clean_key(),
            receipt_key.preview_key(),
            format!("/{valid}"),
            format!("{valid}/"),
            format!("{valid}.preview"),
            valid.to_uppercase(),
            valid.replace('_', "%5F"),
            valid.replace("quarantine/", "quarantine//"),
            format!("quarantine/{org}/{report}"),
            format!("quarantine/{report}/{org}/{receipt}"),
            format!("quarantine/{org}/../{receipt}"),
        ] {
            assert_eq!(ReceiptKey::from_quarantine_key(&key), None, "{key}");
        }
    }
}
