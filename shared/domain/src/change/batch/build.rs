//! Making up a batch: creation, taking of reports in steps, and cancellation.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;

use super::outcome::start_reimbursement;
use super::require_status;
use crate::batch::{
    AccountFacts, BankFileFormat, Batch, BatchEntry, BatchFilter, BatchSelection, BatchStatus, BuildStage, Hold,
    HoldClearance, MAX_BATCH_REPORTS, MAX_BATCH_STEP, MAX_FILTER_PAYEES, Payment, PaymentAccount, PaymentCounts,
    PaymentKey, PaymentStatus, SkipReason, distinct_reports, end_to_end_id, hold_reason, involvements_of,
};
use crate::change::today;
use crate::change::{BatchChange, PaymentChange};
use crate::error::DomainError;
use crate::event::{BatchFacts, EventKind, SkippedReport};
use crate::ids::{IdGenerator, MemberId, ReportId};
use crate::member::{Member, MemberRef};
use crate::money::{Currency, Money, MoneyError};
use crate::permission::{
    BatchPermit, CancelBatch, CreateBatch, OrgPermit, Permit, Reimburse, check_batch_creator, permit,
};
use crate::policy::PaymentRules;
use crate::report::Report;

/// Reports of a new batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedSelection {
    /// These reports.
    Reports(Vec<ReportId>),
    /// All approved reports that a filter matches.
    Filter(BatchFilter),
}

/// Batch to create.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// Reports.
    pub selection: NamedSelection,
    /// Day on which the bank carries out the payments.
    pub execution_date: Date,
    /// Format of the file for the bank.
    pub format: BankFileFormat,
}

/// Creates an empty batch. [`take_reports`] fills it.
///
/// # Errors
/// [`DomainError::Forbidden`] for a service; [`DomainError::InvalidSelection`] without reports, with more than
/// [`MAX_BATCH_REPORTS`] or [`MAX_FILTER_PAYEES`], or with an execution date in the past;
/// [`DomainError::SeparationOfDuties`] when the filter names the creator as payee.
pub fn create_batch(
    permit: OrgPermit<'_, CreateBatch>,
    new: NewBatch,
    base: Currency,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<BatchChange, DomainError> {
    let creator = permit.actor();
    check_batch_creator(creator)?;
    if new.execution_date < creator.local_day(today(now)) {
        return Err(DomainError::InvalidSelection("The execution date must not be in the past."));
    }
    let (selection, named) = checked_selection(new.selection, creator)?;
    let batch = Batch {
        id: ids.next_id(),
        org: creator.org,
        status: BatchStatus::Building,
        stage: BuildStage::Claims,
        cursor: None,
        selection: selection.clone(),
        format: new.format,
        execution_date: new.execution_date,
        created_by: creator.member_ref(),
        created_at: now,
        taken: 0,
        skipped: BTreeMap::new(),
        payments: PaymentCounts::default(),
        totals: BTreeMap::new(),
        base_bound: Money::zero(base),
        released_by: None,
        released_at: None,
        file: None,
        version: 1,
        last_event: 0,
        last_hash: String::new(),
    };
    let kind = EventKind::BatchCreated { selection, execution_date: new.execution_date };
    let change = BatchChange { named, ..BatchChange::new(batch) };
    Ok(change.record_event(creator, kind, now))
}

fn checked_selection(
    selection: NamedSelection,
    creator: &Member,
) -> Result<(BatchSelection, Vec<ReportId>), DomainError> {
    match selection {
        NamedSelection::Reports(named) => {
            let named = distinct_reports(named);
            if named.is_empty() {
                Err(DomainError::InvalidSelection("Name at least one report."))
            } else if named.len() > MAX_BATCH_REPORTS {
                Err(DomainError::InvalidSelection("A batch has at most 10,000 reports. Create several batches."))
            } else {
                Ok((BatchSelection::Reports { count: named.len() }, named))
            }
        }
        NamedSelection::Filter(filter) if filter.payees.len() > MAX_FILTER_PAYEES => {
            Err(DomainError::InvalidSelection("A filter names at most 100 payees."))
        }
        NamedSelection::Filter(filter) if filter.payees.contains(&creator.id) => {
            Err(DomainError::SeparationOfDuties("You cannot pay yourself. Ask another member of finance or an admin."))
        }
        NamedSelection::Filter(filter) => Ok((BatchSelection::Filter(filter), Vec::new())),
    }
}

/// Payee with their account.
#[derive(Clone, Debug)]
pub struct Payee {
    /// Payee.
    pub member: MemberRef,
    /// Account; `None` without one.
    pub account: Option<AccountFacts>,
}

/// Input of one step of [`take_reports`].
#[derive(Clone, Copy, Debug)]
pub struct TakeStep<'a> {
    /// Batch.
    pub batch: &'a Batch,
    /// Its creator, as they are now.
    pub creator: &'a Member,
    /// Reports to take, at most [`MAX_BATCH_STEP`].
    pub reports: &'a [Report],
    /// Payees of the reports ([`Report::payee_id`]).
    pub payees: &'a BTreeMap<MemberId, Payee>,
    /// Payments that the batch has for these payees.
    pub payments: &'a BTreeMap<PaymentKey, Payment>,
    /// Rules for payments of the policy in force.
    pub rules: &'a PaymentRules,
    /// Position in the list of reports after this step.
    pub cursor: Option<&'a str>,
}

/// What a step does with a report.
enum Taking {
    Taken,
    Skipped(SkipReason),
    /// The report belongs to the other pass, or was taken before.
    Passed,
}

/// Takes reports into a batch that is building: each becomes reimbursing, and part of the payment to its payee. A report
/// that cannot be taken is skipped with the reason, and stays as it is.
///
/// In the pass [`BuildStage::Claims`], reports of which more is repayable than reimbursable are passed over. The pass
/// [`BuildStage::Debts`] takes these, each up to what the payment to its owner has left. So a payment is never negative,
/// and a debt that nothing is left for stays on an approved report.
///
/// # Errors
/// [`DomainError::InvalidBatchState`] unless the batch is building; [`DomainError::InvalidSelection`] for more than
/// [`MAX_BATCH_STEP`] reports; [`DomainError::MissingPerson`] for a creator or payee who was not loaded.
pub fn take_reports(step: TakeStep<'_>, ids: &mut IdGenerator, now: Timestamp) -> Result<BatchChange, DomainError> {
    require_status(step.batch, BatchStatus::Building, "take reports")?;
    if step.creator.id != step.batch.created_by.id {
        return Err(DomainError::MissingPerson(step.batch.created_by.id));
    }
    if step.reports.len() > MAX_BATCH_STEP {
        return Err(DomainError::InvalidSelection("A step takes at most 20 reports."));
    }
    let mut change = BatchChange::on(step.batch);
    let (mut taken, mut skipped) = (Vec::new(), Vec::new());
    for report in step.reports {
        match take_report(&mut change, step, report, ids, now)? {
            Taking::Taken => taken.push(report.id),
            Taking::Skipped(reason) => {
                let count = change.after.skipped.entry(reason).or_default();
                *count = count.saturating_add(1);
                skipped.push(SkippedReport { report: report.id, reason });
            }
            Taking::Passed => {}
        }
    }
    change.after.cursor = step.cursor.map(str::to_owned);
    Ok(change.record_event(None, EventKind::BatchFilled { taken, skipped }, now))
}

fn take_report(
    change: &mut BatchChange,
    step: TakeStep<'_>,
    report: &Report,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<Taking, DomainError> {
    let place = report.reimbursement.as_ref().and_then(|reimbursement| reimbursement.payment);
    let is_here = place.is_some_and(|place| place.batch == step.batch.id)
        || change.reports.iter().any(|taken| taken.after.id == report.id);
    if !step.batch.stage.includes(report) || is_here {
        return Ok(Taking::Passed);
    }
    let permit = match permit_taking(change, step, report, now) {
        Ok(permit) => permit,
        Err(reason) => return Ok(Taking::Skipped(reason)),
    };
    let payee = step.payees.get(&report.payee_id()).ok_or(DomainError::MissingPerson(report.payee_id()))?;
    let key = PaymentKey { payee: payee.member.id, currency: report.currency };
    let (stored, current) = current_payment(change, step, key);
    let base = current.cloned().unwrap_or_else(|| new_payment(step.batch, payee, report, ids, now));
    let entry = match new_entry(&base, report, step.batch.stage) {
        Ok(Some(entry)) => entry,
        Ok(None) => return Ok(Taking::Skipped(SkipReason::NothingToSetOff)),
        Err(MoneyError) => return Ok(Taking::Skipped(SkipReason::TooLarge)),
    };
    let Ok((after, batch)) = added(change, &base, report, &entry, now) else {
        return Ok(Taking::Skipped(SkipReason::TooLarge));
    };
    if after.amount.minor() > 0 && payee.account.is_none() {
        return Ok(Taking::Skipped(SkipReason::NoAccount));
    }
    let after = with_account(after, payee.account.as_ref(), step.rules, now);
    let (version, status) = (stored.map(|payment| payment.version), current.map(|payment| payment.status));
    change.after = batch;
    change.after.payments.count(status, after.status);
    for (id, part) in involvements_of(report) {
        let known = change.involved.entry(id).or_default();
        *known = known.with(part);
    }
    change.reports.push(start_reimbursement(permit, &entry, &after, now));
    change.payments.retain(|changed| changed.after.key() != key);
    let after = Payment { version: version.unwrap_or(0).saturating_add(1), ..after };
    change.payments.push(PaymentChange { before: version, after });
    change.entries.push(entry);
    Ok(Taking::Taken)
}

/// Permit of the creator to reimburse a report that the batch includes, or the reason to skip it.
fn permit_taking<'a>(
    change: &BatchChange,
    step: TakeStep<'a>,
    report: &'a Report,
    now: Timestamp,
) -> Result<Permit<'a, Reimburse>, SkipReason> {
    if change.after.taken >= MAX_BATCH_REPORTS {
        return Err(SkipReason::BatchFull);
    }
    if let Some(reason) = step.batch.excludes(report, report.payee_id()) {
        return Err(reason);
    }
    if !step.creator.status.can_act() {
        return Err(SkipReason::NotPermitted);
    }
    check_batch_creator(step.creator).map_err(|_| SkipReason::NotPermitted)?;
    permit(step.creator, report, today(now)).map_err(|refusal| match refusal {
        DomainError::SeparationOfDuties(_) => SkipReason::SeparationOfDuties,
        DomainError::InvalidState { .. } => SkipReason::NotApproved,
        _ => SkipReason::NotPermitted,
    })
}

/// Stored payment of a key, and the payment as this step has changed it.
fn current_payment<'a>(
    change: &'a BatchChange,
    step: TakeStep<'a>,
    key: PaymentKey,
) -> (Option<&'a Payment>, Option<&'a Payment>) {
    let stored = step.payments.get(&key);
    let changed = change.payments.iter().map(|changed| &changed.after).find(|payment| payment.key() == key);
    (stored, changed.or(stored))
}

fn new_payment(batch: &Batch, payee: &Payee, report: &Report, ids: &mut IdGenerator, now: Timestamp) -> Payment {
    let (id, zero) = (ids.next_id(), Money::zero(report.currency));
    Payment {
        id,
        org: batch.org,
        batch: batch.id,
        payee: payee.member.clone(),
        gross: zero,
        set_off: zero,
        amount: zero,
        reports: 0,
        applied: 0,
        end_to_end_id: end_to_end_id(id),
        status: PaymentStatus::Open,
        account: None,
        approved_from: report.approved_at().unwrap_or(now),
        hold: None,
        paid_on: None,
        reference: None,
        failure: None,
        version: 0,
    }
}

/// Entry of a report in a payment. `None` when the report only owes, and the payment has nothing left to set it off
/// against.
fn new_entry(payment: &Payment, report: &Report, stage: BuildStage) -> Result<Option<BatchEntry>, MoneyError> {
    let (claim, debt) = (report.open_claim(), report.collectable_debt());
    let room = payment.amount.plus(claim)?;
    let set_off = Money::from_minor(debt.minor().min(room.minor()), report.currency);
    if stage == BuildStage::Debts && set_off.minor() == 0 {
        return Ok(None);
    }
    let owed = report.open_debt().minus(set_off)?;
    let (id, number) = (report.id, report.number.clone());
    Ok(Some(BatchEntry { report: id, number, payment: payment.id, claim, set_off, owed }))
}

/// Payment and batch with one more report.
fn added(
    change: &BatchChange,
    payment: &Payment,
    report: &Report,
    entry: &BatchEntry,
    now: Timestamp,
) -> Result<(Payment, Batch), MoneyError> {
    let after = payment.with_entry(entry, report.approved_at().unwrap_or(now))?;
    let mut batch = change.after.clone();
    let base = batch.base_bound.currency();
    // No rate of today is at hand: the total of the report at its own rates is at least what is paid of it.
    let bound = if report.currency == base { entry.claim } else { report.base_total };
    batch.base_bound = batch.base_bound.plus(bound)?;
    batch.totals.insert(report.currency, batch.totals_with(entry)?);
    batch.taken = batch.taken.saturating_add(1);
    Ok((after, batch))
}

/// Payment to an account: held or open. A payment of nothing needs no account.
fn with_account(payment: Payment, account: Option<&AccountFacts>, rules: &PaymentRules, now: Timestamp) -> Payment {
    let Some(account) = account.filter(|_| payment.amount.minor() > 0) else {
        return Payment { account: None, hold: None, status: PaymentStatus::Open, ..payment };
    };
    let cleared = payment.hold.as_ref().and_then(|hold| hold.cleared.as_ref());
    let is_cleared = |cleared: &HoldClearance| cleared.account_version == account.version;
    if cleared.is_some_and(is_cleared) {
        return Payment { account: Some(PaymentAccount::from(account)), status: PaymentStatus::Open, ..payment };
    }
    let reason = hold_reason(account, payment.approved_from, rules, now);
    let status = if reason.is_some() { PaymentStatus::Held } else { PaymentStatus::Open };
    let hold = reason.map(|reason| Hold { reason, cleared: None });
    Payment { account: Some(PaymentAccount::from(account)), status, hold, ..payment }
}

/// Ends a pass of the background work: debts follow claims, then the batch is open. A batch without a report is
/// cancelled.
///
/// # Errors
/// [`DomainError::InvalidBatchState`] unless the batch is building.
pub fn finish_stage(batch: &Batch, rules: &PaymentRules, now: Timestamp) -> Result<BatchChange, DomainError> {
    require_status(batch, BatchStatus::Building, "be opened")?;
    let mut change = BatchChange::on(batch);
    change.after.cursor = None;
    if batch.stage == BuildStage::Claims {
        change.after.stage = BuildStage::Debts;
        return Ok(change.record_event(None, EventKind::BatchStageFinished {}, now));
    }
    if batch.taken == 0 {
        change.after.status = BatchStatus::Cancelled;
        return Ok(change.record_event(None, EventKind::BatchCancelled {}, now));
    }
    change.after.status = BatchStatus::Open;
    let facts = BatchFacts::of(&change.after, batch.needs_four_eyes(rules));
    Ok(change.record_event(None, EventKind::BatchOpened { batch: Box::new(facts) }, now))
}

/// Cancels a batch. [`apply_outcome`](super::apply_outcome) makes its reports approved again.
#[must_use]
pub fn cancel_batch(permit: BatchPermit<'_, CancelBatch>, now: Timestamp) -> BatchChange {
    let mut change = BatchChange::on(permit.batch());
    change.after.status = BatchStatus::Cancelled;
    change.record_event(permit.actor(), EventKind::BatchCancelled {}, now)
}
