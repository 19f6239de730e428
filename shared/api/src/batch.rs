//! Batches and payments over the API, and the payment of a report.

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::batch::{
    BankFileFormat, Batch, BatchEntry, BatchFile, BatchFilter, BatchSelection, BatchStatus, BatchTotals, Hold,
    HoldReason, Payment, PaymentAccount, PaymentCounts, PaymentStatus, SkipReason,
};
use outlay_domain::change::{BatchChange, Change, NamedSelection, NewBatch};
use outlay_domain::ids::ReportId;
use outlay_domain::reimbursement::{PaymentFailure, Reimbursement};
use outlay_http::endpoint::Input;
use outlay_http::{Context, Endpoint, HandlerResult, Reply};
use outlay_input::FieldErrors;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::common::{MoneyDto, PersonOut, time};

/// Largest number of reports that a batch names.
pub const MAX_NAMED_REPORTS: u64 = outlay_domain::batch::MAX_BATCH_REPORTS as u64;

/// Batch to create: of `reports`, or of all approved reports that a filter (`approved_until`, `currency`, `payees`)
/// matches.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchIn {
    /// Reports, `rep_…`; 1 to 10,000.
    #[validate(length(max = "MAX_NAMED_REPORTS"))]
    pub reports: Option<Vec<String>>,
    /// Last day of the approval, in UTC, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub approved_until: Option<String>,
    /// Currency of the reports, ISO 4217; every currency when absent.
    #[schema(example = "EUR")]
    pub currency: Option<String>,
    /// Payees, `mem_…`, at most 100; every payee when absent.
    #[validate(length(max = 100))]
    pub payees: Option<Vec<String>>,
    /// Day on which the bank carries out the payments, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub execution_date: String,
    /// Format of the file for the bank.
    pub format: BankFileFormat,
}

impl Input for BatchIn {
    type Checked = NewBatch;

    fn check(self, _: Timestamp, errors: &mut FieldErrors) -> Option<NewBatch> {
        let execution_date = errors.parse_date("execution_date", &self.execution_date);
        let format = self.format;
        let has_filter = self.approved_until.is_some() || self.currency.is_some() || self.payees.is_some();
        let selection = match (self.reports, has_filter) {
            (Some(reports), false) => parse_reports(reports, errors).map(NamedSelection::Reports),
            (Some(_), true) => {
                errors.push("reports", "selection", "Name reports or a filter, not both.");
                None
            }
            (None, _) => {
                let detail = "Name reports, or the last day of their approval.";
                let until = errors.require("approved_until", self.approved_until, "required", detail);
                let approved_until = until.and_then(|day| errors.parse_date("approved_until", day));
                let currency = errors.parse_optional("currency", self.currency);
                let payees = self.payees.unwrap_or_default();
                let payees = errors.each("payees", payees, |id, errors| errors.parse_member_id("", id));
                let filter =
                    |approved_until: Date| Some(BatchFilter { approved_until, currency: currency?, payees: payees? });
                approved_until.and_then(filter).map(NamedSelection::Filter)
            }
        };
        Some(NewBatch { selection: selection?, execution_date: execution_date?, format })
    }
}

fn parse_reports(reports: Vec<String>, errors: &mut FieldErrors) -> Option<Vec<ReportId>> {
    let detail = "Must be the identifier of a report.";
    errors.each("reports", reports, |id, errors| errors.require("", id.parse().ok(), "unknown-report", detail))
}

/// Reports that a batch takes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BatchSelection)]
pub struct SelectionOut {
    /// Number of named reports; null for a filter.
    pub reports: Option<usize>,
    /// Last day of the approval, in UTC, `YYYY-MM-DD`; null for named reports.
    #[schema(format = Date)]
    pub approved_until: Option<String>,
    /// Currency of the reports; null for every currency.
    pub currency: Option<String>,
    /// Payees, `mem_…`; empty for every payee.
    pub payees: Vec<String>,
}

impl From<&BatchSelection> for SelectionOut {
    fn from(selection: &BatchSelection) -> Self {
        match selection {
            BatchSelection::Reports { count } => {
                Self { reports: Some(*count), approved_until: None, currency: None, payees: Vec::new() }
            }
            BatchSelection::Filter(BatchFilter { approved_until, currency, payees }) => Self {
                reports: None,
                approved_until: Some(approved_until.to_string()),
                currency: currency.map(|currency| currency.code().to_owned()),
                payees: payees.iter().map(ToString::to_string).collect(),
            },
        }
    }
}

/// Progress of a batch: reports that were looked at.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BatchProgress)]
pub struct ProgressOut {
    /// Reports that were looked at: taken or skipped.
    pub found: usize,
    /// Reports that were taken.
    pub taken: usize,
    /// Reports that were not taken, by reason.
    pub skipped: Vec<SkippedOut>,
}

/// Number of reports that were not taken for a reason.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SkippedReports)]
pub struct SkippedOut {
    /// Reason.
    pub reason: SkipReason,
    /// Number of reports.
    pub reports: usize,
}

/// Number of payments by status.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PaymentCounts)]
pub struct PaymentCountsOut {
    /// Not released yet.
    pub open: usize,
    /// Held until a person has looked at the account.
    pub held: usize,
    /// Released, without an answer of the bank.
    pub released: usize,
    /// Paid, or settled by set-off.
    pub paid: usize,
    /// Failed or come back.
    pub failed: usize,
    /// Left out of the release.
    pub cancelled: usize,
}

impl From<PaymentCounts> for PaymentCountsOut {
    fn from(counts: PaymentCounts) -> Self {
        let PaymentCounts { open, held, released, paid, failed, cancelled } = counts;
        Self { open, held, released, paid, failed, cancelled }
    }
}

/// Sums of a batch in one currency; `gross` = `set_off` + `amount`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BatchTotals)]
pub struct BatchTotalsOut {
    /// Reimbursable amounts of the reports.
    pub gross: MoneyDto,
    /// Amounts that payees owe, set off.
    pub set_off: MoneyDto,
    /// Amount to be paid.
    pub amount: MoneyDto,
}

impl From<&BatchTotals> for BatchTotalsOut {
    fn from(totals: &BatchTotals) -> Self {
        Self { gross: totals.gross.into(), set_off: totals.set_off.into(), amount: totals.amount.into() }
    }
}

/// File for the bank.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BatchFile)]
pub struct BatchFileOut {
    /// File name.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

impl From<&BatchFile> for BatchFileOut {
    fn from(file: &BatchFile) -> Self {
        Self { name: file.name.to_string(), bytes: file.bytes, sha256: file.sha256.to_string() }
    }
}

/// Batch.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Batch)]
pub struct BatchOut {
    /// Identifier, `bat_…`.
    pub id: String,
    /// Status.
    pub status: BatchStatus,
    /// Version; grows by one when a member changes the batch, and not with background work. In quotes it is an
    /// `If-Match`, and the `ETag` begins with it.
    pub version: u64,
    /// Reports that the batch takes.
    pub selection: SelectionOut,
    /// Format of the file for the bank.
    pub format: BankFileFormat,
    /// Day on which the bank carries out the payments, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub execution_date: String,
    /// Member who created the batch.
    pub created_by: PersonOut,
    /// Time of creation, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Reports that were taken and skipped so far.
    pub progress: ProgressOut,
    /// Number of payments by status.
    pub payments: PaymentCountsOut,
    /// Sums, one per currency.
    pub totals: Vec<BatchTotalsOut>,
    /// Upper bound of the sum to be paid, in the base currency. Four eyes go by it.
    pub base_bound: MoneyDto,
    /// Member who released the batch.
    pub released_by: Option<PersonOut>,
    /// Time of the release, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub released_at: Option<String>,
    /// File for the bank; null until it is written.
    pub file: Option<BatchFileOut>,
}

impl BatchOut {
    /// The batch as it is stored.
    #[must_use]
    pub fn of(batch: &Batch) -> Self {
        let skipped = batch.skipped.iter().map(|(reason, reports)| SkippedOut { reason: *reason, reports: *reports });
        Self {
            id: batch.id.to_string(),
            status: batch.status,
            version: batch.version,
            selection: (&batch.selection).into(),
            format: batch.format,
            execution_date: batch.execution_date.to_string(),
            created_by: (&batch.created_by).into(),
            created_at: time(batch.created_at),
            progress: ProgressOut { found: batch.found(), taken: batch.taken, skipped: skipped.collect() },
            payments: batch.payments.into(),
            totals: batch.totals.values().map(Into::into).collect(),
            base_bound: batch.base_bound.into(),
            released_by: batch.released_by.as_ref().map(Into::into),
            released_at: batch.released_at.map(time),
            file: batch.file.as_ref().map(Into::into),
        }
    }
}

/// Reason why a payment failed or came back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PaymentFailure)]
pub struct PaymentFailureOut {
    /// Code of the bank, such as `AC04` (ISO 20022).
    pub code: Option<String>,
    /// Reason in words.
    pub reason: String,
}

impl From<&PaymentFailure> for PaymentFailureOut {
    fn from(failure: &PaymentFailure) -> Self {
        Self { code: failure.code.as_ref().map(ToString::to_string), reason: failure.reason.to_string() }
    }
}

/// Hold of a payment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Hold)]
pub struct HoldOut {
    /// Reason.
    pub reason: HoldReason,
    /// Member who has looked at the account; null while the payment is held.
    pub cleared_by: Option<PersonOut>,
    /// Time of that, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub cleared_at: Option<String>,
}

impl From<&Hold> for HoldOut {
    fn from(hold: &Hold) -> Self {
        let cleared = hold.cleared.as_ref();
        Self {
            reason: hold.reason,
            cleared_by: cleared.map(|cleared| (&cleared.by).into()),
            cleared_at: cleared.map(|cleared| time(cleared.at)),
        }
    }
}

/// Account of a payment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PaymentAccount)]
pub struct PaymentAccountOut {
    /// Version of the payee's account; what clears a hold names it.
    pub version: u64,
    /// Masked number.
    #[schema(example = "DE•• •••• 3000")]
    pub masked: String,
}

impl From<&PaymentAccount> for PaymentAccountOut {
    fn from(account: &PaymentAccount) -> Self {
        Self { version: account.version, masked: account.masked.clone() }
    }
}

/// Payment: one payee's part of a batch in one currency; `gross` = `set_off` + `amount`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentOut {
    /// Identifier, `pay_…`.
    pub id: String,
    /// Version; grows by one with each change. In quotes it is an `If-Match`.
    pub version: u64,
    /// Payee.
    pub payee: PersonOut,
    /// Sum of the reimbursable amounts.
    pub gross: MoneyDto,
    /// Amount that the payee owes, set off.
    pub set_off: MoneyDto,
    /// Amount to be paid.
    pub amount: MoneyDto,
    /// Status.
    pub status: PaymentStatus,
    /// Hold of the payment, also when it was cleared.
    pub hold: Option<HoldOut>,
    /// Account that is paid to; null when nothing is paid.
    pub account: Option<PaymentAccountOut>,
    /// Identifier of the payment in the bank's files.
    pub end_to_end_id: String,
    /// Number of reports.
    pub reports: usize,
    /// Day of the payment, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub paid_on: Option<String>,
    /// Reference of the bank.
    pub reference: Option<String>,
    /// Reason why the payment failed or came back.
    pub failure: Option<PaymentFailureOut>,
}

impl PaymentOut {
    /// The payment as it is stored.
    #[must_use]
    pub fn of(payment: &Payment) -> Self {
        Self {
            id: payment.id.to_string(),
            version: payment.version,
            payee: (&payment.payee).into(),
            gross: payment.gross.into(),
            set_off: payment.set_off.into(),
            amount: payment.amount.into(),
            status: payment.status,
            hold: payment.hold.as_ref().map(Into::into),
            account: payment.account.as_ref().map(Into::into),
            end_to_end_id: payment.end_to_end_id.clone(),
            reports: payment.reports,
            paid_on: payment.paid_on.map(|day| day.to_string()),
            reference: payment.reference.as_ref().map(ToString::to_string),
            failure: payment.failure.as_ref().map(Into::into),
        }
    }
}

/// Report in a payment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BatchEntry)]
pub struct BatchEntryOut {
    /// Report, `rep_…`.
    pub report_id: String,
    /// Report number.
    pub number: String,
    /// Reimbursable amount that the payment settles.
    pub claim: MoneyDto,
    /// Repayable amount that the payment sets off.
    pub set_off: MoneyDto,
    /// Repayable amount that stays owed.
    pub owed: MoneyDto,
}

impl From<&BatchEntry> for BatchEntryOut {
    fn from(entry: &BatchEntry) -> Self {
        Self {
            report_id: entry.report.to_string(),
            number: entry.number.clone(),
            claim: entry.claim.into(),
            set_off: entry.set_off.into(),
            owed: entry.owed.into(),
        }
    }
}

/// Payment of a report.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Reimbursement)]
pub struct ReimbursementOut {
    /// Batch, `bat_…`, while the report is reimbursing or reimbursed.
    pub batch_id: Option<String>,
    /// Payment, `pay_…`, while the report is reimbursing or reimbursed.
    pub payment_id: Option<String>,
    /// Reimbursable amount that payments have settled.
    pub settled: Option<MoneyDto>,
    /// Repayable amount that was set off.
    pub set_off: Option<MoneyDto>,
    /// Day of the payment, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub paid_on: Option<String>,
    /// Reason why the last payment failed or came back.
    pub failure: Option<PaymentFailureOut>,
}

impl From<&Reimbursement> for ReimbursementOut {
    fn from(reimbursement: &Reimbursement) -> Self {
        let Reimbursement { payment, settled, paid_on, failure } = reimbursement;
        Self {
            batch_id: payment.map(|payment| payment.batch.to_string()),
            payment_id: payment.map(|payment| payment.payment.to_string()),
            settled: settled.map(|settled| settled.claim.into()),
            set_off: settled.map(|settled| settled.debt.into()),
            paid_on: paid_on.map(|day| day.to_string()),
            failure: failure.as_ref().map(Into::into),
        }
    }
}

/// Path parameters of a batch.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct BatchPath {
    /// Organisation, `org_…`.
    org: String,
    /// Batch, `bat_…`.
    batch: String,
}

/// Path parameters of a payment.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct PaymentPath {
    /// Organisation, `org_…`.
    org: String,
    /// Batch, `bat_…`.
    batch: String,
    /// Payment, `pay_…`.
    payment: String,
}

/// Stores a change of a batch and answers with the batch after it.
///
/// # Errors
/// As for [`Context::commit`].
pub async fn commit_batch<E: Endpoint>(context: &Context<'_, E>, change: BatchChange) -> HandlerResult {
    let reply = Reply::ok(&BatchOut::of(&change.after))?.version(change.after.version);
    context.commit(Change::Batch(Box::new(change)), reply).await
}

/// Stores a change of one payment and answers with the payment after it; `unchanged` when there is no change.
///
/// # Errors
/// As for [`Context::commit`].
pub async fn commit_payment<E: Endpoint>(
    context: &Context<'_, E>,
    unchanged: &Payment,
    change: Option<BatchChange>,
) -> HandlerResult {
    let after = change.as_ref().and_then(|change| change.payments.first()).map_or(unchanged, |payment| &payment.after);
    let reply = Reply::ok(&PaymentOut::of(after))?.version(after.version);
    match change {
        Some(change) => context.commit(Change::Batch(Box::new(change)), reply).await,
        None => Ok(reply),
    }
}
