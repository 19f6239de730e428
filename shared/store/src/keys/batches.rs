//! Keys of batches and payments.

use outlay_domain::batch::PaymentKey;
use outlay_domain::ids::{BatchId, MemberId, OrgId, PaymentId, ReportId};

use super::primary::PrimaryKey;

/// Prefix of the sort keys of a batch's payments.
pub const PAYMENT_PREFIX: &str = "PAYMENT#";
/// Prefix of the sort keys of a batch's entries: reports in payments.
pub const ENTRY_PREFIX: &str = "ENTRY#";
/// Prefix of the sort keys of the members involved in a batch.
pub const INVOLVED_PREFIX: &str = "INVOLVED#";

/// Partition of a batch: head, payments, entries, involved members, named reports, history.
#[must_use]
pub fn batch_partition(org: OrgId, batch: BatchId) -> String {
    format!("ORG#{org}#BATCH#{batch}")
}

/// Key of a batch's head.
#[must_use]
pub fn batch(org: OrgId, batch: BatchId) -> PrimaryKey {
    PrimaryKey::new(batch_partition(org, batch), "BATCH")
}

/// Key of a payment in its batch.
#[must_use]
pub fn payment(org: OrgId, batch: BatchId, key: PaymentKey) -> PrimaryKey {
    let PaymentKey { payee, currency } = key;
    PrimaryKey::new(batch_partition(org, batch), format!("{PAYMENT_PREFIX}{payee}#{currency}"))
}

/// Key of the pointer from a payment to its batch.
#[must_use]
pub fn payment_pointer(org: OrgId, payment: PaymentId) -> PrimaryKey {
    PrimaryKey::new(payment_partition(org, payment), "PAYMENT")
}

/// Key of the state of a payment's bookings.
#[must_use]
pub fn payment_bookings(org: OrgId, payment: PaymentId) -> PrimaryKey {
    PrimaryKey::new(payment_partition(org, payment), "BOOKINGS")
}

fn payment_partition(org: OrgId, payment: PaymentId) -> String {
    format!("ORG#{org}#PAYMENT#{payment}")
}

/// Prefix of the sort keys of a payment's entries.
#[must_use]
pub fn entries_prefix(payment: PaymentId) -> String {
    format!("{ENTRY_PREFIX}{payment}#")
}

/// Key of the entry of a report in a payment.
#[must_use]
pub fn entry(org: OrgId, batch: BatchId, payment: PaymentId, report: ReportId) -> PrimaryKey {
    PrimaryKey::new(batch_partition(org, batch), format!("{}{report}", entries_prefix(payment)))
}

/// Key of the part of a member in a batch.
#[must_use]
pub fn involved(org: OrgId, batch: BatchId, member: MemberId) -> PrimaryKey {
    PrimaryKey::new(batch_partition(org, batch), format!("{INVOLVED_PREFIX}{member}"))
}

/// Key of one chunk of the reports that a batch names, from 0.
#[must_use]
pub fn named_reports(org: OrgId, batch: BatchId, chunk: usize) -> PrimaryKey {
    PrimaryKey::new(batch_partition(org, batch), format!("NAMED#{chunk:03}"))
}

/// Partition that lists all batches.
#[must_use]
pub fn batches_partition(org: OrgId) -> String {
    format!("ORG#{org}#BATCHES")
}

/// Key of a batch's list entry.
#[must_use]
pub fn batch_entry(org: OrgId, batch: BatchId) -> PrimaryKey {
    PrimaryKey::new(batches_partition(org), batch.to_string())
}

/// Partition of the batches with background work.
#[must_use]
pub fn batch_work_partition(org: OrgId) -> String {
    format!("ORG#{org}#BATCH_WORK")
}

/// Key of the note that a batch has background work.
#[must_use]
pub fn batch_work(org: OrgId, batch: BatchId) -> PrimaryKey {
    PrimaryKey::new(batch_work_partition(org), batch.to_string())
}
