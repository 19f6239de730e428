//! The file of a released batch: accounts are decrypted, payments that it cannot have are left out, and then it is
//! written and recorded. Each call gives the next changes; the caller stores them and calls again. All of it can be
//! repeated, stopped at any point, and run twice at once: a file counts only when its record is stored, on condition
//! that the batch has not changed since its payments were read.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use outlay_aws::log::{Level, log, publish_metrics};
use outlay_domain::batch::{Batch, BatchStatus, HoldReason, MAX_BATCH_STEP, Payment, PaymentStatus};
use outlay_domain::change::{BatchChange, leave_out_payments, record_file};
use outlay_domain::payout::PayoutAccount;
use outlay_store::{PageRequest, Store};
use outlay_vault::{EncryptionContext, Vault, VaultError};

use crate::bucket::BankFileBucket;
use crate::error::BankFileError;
use crate::order::{FileContent, ReleasedPayment, build_file};
use crate::remittance::MAX_NUMBERS;

/// Payments whose account and reports are read at the same time.
const CONCURRENT_READS: usize = 16;
/// Payments of one page of the list.
const PAGE: i32 = 100;

/// Writer of the files of batches.
#[derive(Clone, Copy, Debug)]
pub struct BankFileWriter<'a> {
    /// Table.
    pub store: &'a Store,
    /// Key of payout accounts.
    pub vault: &'a Vault,
    /// Bucket of the files.
    pub bucket: &'a BankFileBucket,
}

/// Payment with what its line needs, or the reason to leave it out.
enum Loaded {
    Payable(Box<ReleasedPayment>),
    LeftOut(Box<(Payment, HoldReason)>),
}

impl BankFileWriter<'_> {
    /// The next changes of a batch on the way to its file, each on top of the one before: payments that are left out, or
    /// the record of the file, which is stored in the bucket then. Empty when nothing is left to do.
    ///
    /// # Errors
    /// [`BankFileError`]. [`BankFileError::OtherContent`] is also published as the metric `BankFileMismatches`.
    pub async fn next_changes(&self, batch: &Batch, now: Timestamp) -> Result<Vec<BatchChange>, BankFileError> {
        if batch.status != BatchStatus::Released || batch.payments.unreleased() > 0 || batch.file.is_some() {
            return Ok(Vec::new());
        }
        let released = self.released_payments(batch).await?;
        if released.is_empty() {
            return Ok(Vec::new());
        }
        let organisation = self.store.organisation(batch.org).await?;
        let organisation = organisation.ok_or(BankFileError::Record("the organisation of a batch is missing"))?;
        let loads = stream::iter(released).map(|payment| self.load(payment));
        let loaded: Vec<Loaded> = loads.buffered(CONCURRENT_READS).try_collect().await?;
        let (mut payable, mut left_out) = (Vec::new(), Vec::new());
        for loaded in loaded {
            match loaded {
                Loaded::Payable(released) => payable.push(*released),
                Loaded::LeftOut(payment) => left_out.push(*payment),
            }
        }
        if !left_out.is_empty() {
            return leaving_out(batch, &left_out, now);
        }
        match build_file(batch, &organisation, payable)? {
            FileContent::LeftOut(left_out) => leaving_out(batch, &left_out, now),
            FileContent::Bytes(bytes) => {
                let file = self.bucket.store(batch, bytes).await.inspect_err(|error| {
                    if matches!(error, BankFileError::OtherContent) {
                        publish_metrics(now, &[("BankFileMismatches", "Count", 1)]);
                    }
                })?;
                let change = record_file(batch, file, now).map_err(BankFileError::Refused)?;
                Ok(change.into_iter().collect())
            }
        }
    }

    /// Released payments of a batch, by payee and currency.
    async fn released_payments(&self, batch: &Batch) -> Result<Vec<Payment>, BankFileError> {
        let (mut released, mut page) = (Vec::new(), PageRequest::internal(PAGE));
        loop {
            let found = self.store.list_payments(batch.org, batch.id, &page).await?;
            released.extend(found.items.into_iter().filter(|payment| payment.status == PaymentStatus::Released));
            page.cursor = found.next;
            if page.cursor.is_none() {
                return Ok(released);
            }
        }
    }

    async fn load(&self, payment: Payment) -> Result<Loaded, BankFileError> {
        let account = match self.account(&payment).await? {
            Ok(account) => account,
            Err(reason) => return Ok(Loaded::LeftOut(Box::new((payment, reason)))),
        };
        let page = PageRequest::internal(i32::try_from(MAX_NUMBERS).unwrap_or(1));
        let entries = self.store.list_entries(payment.org, payment.batch, payment.id, &page).await?;
        let report_numbers = entries.items.into_iter().map(|entry| entry.number).collect();
        Ok(Loaded::Payable(Box::new(ReleasedPayment { payment, account, report_numbers })))
    }

    /// Account of a payment in the version that was released, or the reason to leave the payment out.
    async fn account(&self, payment: &Payment) -> Result<Result<PayoutAccount, HoldReason>, BankFileError> {
        let (org, payee) = (payment.org, payment.payee.id);
        let stored = self.store.payout_account(org, payee).await?.and_then(|(_, account)| account);
        let Some(stored) = stored else { return Ok(Err(HoldReason::NoAccount)) };
        if payment.account.as_ref().is_none_or(|released| released.version != stored.version) {
            return Ok(Err(HoldReason::ChangedSince));
        }
        let context = EncryptionContext::payout_account(&org, &payee, stored.version);
        let account = match self.vault.open(&context, &stored.ciphertext).await {
            Ok(secret) => PayoutAccount::from_bytes(secret.expose()),
            Err(VaultError::InvalidCiphertext(_)) => None,
            Err(error) => return Err(error.into()),
        };
        if account.is_none() {
            log(Level::Error, "a payout account does not decrypt", &[("org", &org), ("member", &payee)]);
        }
        Ok(account.ok_or(HoldReason::NoAccount))
    }
}

/// Changes that leave payments out, in steps of one transaction each.
fn leaving_out(
    batch: &Batch,
    left_out: &[(Payment, HoldReason)],
    now: Timestamp,
) -> Result<Vec<BatchChange>, BankFileError> {
    let mut current = batch.clone();
    let mut changes = Vec::with_capacity(left_out.len().div_ceil(MAX_BATCH_STEP));
    for step in left_out.chunks(MAX_BATCH_STEP) {
        let change = leave_out_payments(&current, step, now).map_err(BankFileError::Refused)?;
        current.clone_from(&change.after);
        changes.push(change);
    }
    Ok(changes)
}
