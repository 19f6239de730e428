//! Primary keys, and their form in logs.

use outlay_domain::ids::{BatchId, MemberId, OrgId, PaymentId, ReceiptId, ReportId};

/// Primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrimaryKey {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl PrimaryKey {
    pub(crate) fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// The key for logs: identifiers, names of items and numbers. Other parts (address, idempotency key, trip name)
    /// become `…`.
    #[must_use]
    pub fn redacted(&self) -> String {
        let is_safe = |part: &str| {
            let is_id = part.parse::<OrgId>().is_ok()
                || part.parse::<MemberId>().is_ok()
                || part.parse::<ReportId>().is_ok()
                || part.parse::<ReceiptId>().is_ok()
                || part.parse::<BatchId>().is_ok()
                || part.parse::<PaymentId>().is_ok();
            is_id || part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
        };
        let redact_part = |part: &str| if is_safe(part) { part.to_owned() } else { "…".to_owned() };
        let redact_key = |key: &str| key.split('#').map(redact_part).collect::<Vec<_>>().join("#");
        format!("{}/{}", redact_key(&self.pk), redact_key(&self.sk))
    }
}
