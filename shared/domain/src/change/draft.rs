//! Transitions of the owner and the preparer: create, clone, edit and delete reports and lines. After submission, an
//! edit of the claim needs approval again; an edit of a text does not.

use jiff::Timestamp;
use jiff::civil::Date;

use super::submit::{SubmissionRules, resubmit};
use super::{ReportChange, check_size};
use crate::automatic::was_refused;
use crate::comment::{Comment as ShownComment, push_comment};
use crate::conversion::RateBook;
use crate::equality::ClaimKeys;
use crate::error::DomainError;
use crate::event::{EventKind, ReportSnapshot};
use crate::expense::{Expense, ExpenseFacts};
use crate::ids::{ExpenseId, IdGenerator, MemberId};
use crate::member::{Member, MemberRef};
use crate::money::{Currency, Money};
use crate::patch::Patch;
use crate::permission::{
    Clone as CloneAction, Comment, CreateForOthers, CreateReport, Delete, Edit, OrgPermit, Permit,
};
use crate::refund::first_excess;
use crate::report::{MAX_COST_CENTRES, MAX_EXPENSES, Report, ReportStatus, Totals, content_hash, report_number};
use crate::text::{CostCentreCode, Note, Title};

/// Report to create.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// Title: the purpose of the spending.
    pub title: Title,
    /// Currency of the claim.
    pub currency: Currency,
    /// Payee, when that is not the owner.
    pub payee: Option<Member>,
    /// Cost centre of lines without one; the owner's when absent.
    pub cost_centre: Option<CostCentreCode>,
    /// Lines, in order.
    pub expenses: Vec<ExpenseFacts>,
    /// Report that it is a clone of, with a line for each of these.
    pub cloned_from: Option<Box<Report>>,
    /// True when the submission follows at once: it is what the owner of a prepared report gets mail about.
    pub submit: bool,
}

/// Creates a draft of the permit's actor, or of the member that the actor prepares it for.
///
/// # Errors
/// [`DomainError::CannotHaveReports`], [`DomainError::InvalidPayee`], [`DomainError::PayeeIsPreparer`],
/// [`DomainError::Conversion`],
/// [`DomainError::TooManyExpenses`], [`DomainError::TooManyCostCentres`], [`DomainError::TotalTooLarge`],
/// [`DomainError::ReportTooLarge`].
pub fn create_report(
    permit: OrgPermit<'_, CreateReport>,
    for_other: Option<(OrgPermit<'_, CreateForOthers>, &Member)>,
    new: NewReport,
    rates: &RateBook,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<ReportChange, DomainError> {
    let actor = permit.actor();
    let owner = for_other.map_or(actor, |(_, owner)| owner);
    if !owner.can_have_reports() {
        return Err(DomainError::CannotHaveReports);
    }
    let preparer = (owner.id != actor.id).then(|| actor.member_ref());
    let payee = check_payee(new.payee.as_ref(), owner.id, preparer.as_ref())?;
    let id = ids.next_id();
    let mut expenses = Vec::with_capacity(new.expenses.len());
    let mut faults = Vec::new();
    for (position, facts) in new.expenses.into_iter().enumerate() {
        match Expense::new(ids.next_id(), facts, new.currency, rates) {
            Ok(expense) => {
                let original = new.cloned_from.as_ref().and_then(|original| original.expenses.get(position));
                let split_from = original.and_then(|line| line.split_from);
                expenses.push(Expense { split_from, ..expense });
            }
            Err(fault) => faults.push((Some(position), fault)),
        }
    }
    if !faults.is_empty() {
        return Err(DomainError::Conversion(faults));
    }
    let empty = Report {
        id,
        org: owner.org,
        number: report_number(id, now),
        owner: owner.id,
        owner_name: owner.name.clone(),
        preparer,
        payee,
        title: new.title,
        cost_centre: new.cost_centre.or_else(|| owner.cost_centre.clone()),
        currency: new.currency,
        status: ReportStatus::Draft,
        version: 1,
        last_event: 0,
        totals: Totals::zero(new.currency),
        base_total: Money::zero(rates.base()),
        total_with_parts: None,
        refused: new.cloned_from.as_deref().is_some_and(was_refused),
        claim_keys: ClaimKeys::Digest,
        violations: Vec::new(),
        steps: Vec::new(),
        policy_version: None,
        created_at: now,
        updated_at: now,
        submitted_at: None,
        expense_count: 0,
        content_hash: content_hash(&[]),
        content_bytes: 0,
        reimbursement: None,
        last_hash: String::new(),
        expenses: Vec::new(),
        comments: Vec::new(),
        has_former_layout: false,
    };
    if let Some((position, refundable)) = first_excess(&expenses) {
        return Err(DomainError::RefundTooLarge { position: Some(position), refundable });
    }
    let after = replace_lines(empty, expenses)?;
    let report = (after.preparer.is_some() && !new.submit).then(|| Box::new(ReportSnapshot::of(&after)));
    let kind = EventKind::ReportCreated { expenses: after.expense_count, total: after.totals.total, report };
    Ok(ReportChange::new(after).record_event(actor, kind, now))
}

/// Payee as stored on the report; `None` when the owner is paid.
fn check_payee(
    wanted: Option<&Member>,
    owner: MemberId,
    preparer: Option<&MemberRef>,
) -> Result<Option<MemberRef>, DomainError> {
    match wanted.filter(|payee| payee.id != owner) {
        Some(payee) if preparer.is_some_and(|preparer| preparer.id == payee.id) => Err(DomainError::PayeeIsPreparer),
        Some(payee) if !payee.is_current_person() => Err(DomainError::InvalidPayee),
        payee => Ok(payee.map(Member::member_ref)),
    }
}

/// Line from its facts. An error names no position.
fn new_line(id: ExpenseId, facts: ExpenseFacts, currency: Currency, rates: &RateBook) -> Result<Expense, DomainError> {
    Expense::new(id, facts, currency, rates).map_err(|fault| DomainError::Conversion(vec![(None, fault)]))
}

/// Refuses an edit after which a refund is larger than what it refunds.
fn check_refunds(lines: &[Expense]) -> Result<(), DomainError> {
    match first_excess(lines) {
        Some((_, refundable)) => Err(DomainError::RefundTooLarge { position: None, refundable }),
        None => Ok(()),
    }
}

/// Replaces the lines. Decisions on lines and violations are reset.
pub(super) fn replace_lines(report: Report, lines: impl IntoIterator<Item = Expense>) -> Result<Report, DomainError> {
    let lines: Vec<Expense> = lines.into_iter().collect();
    if lines.len() > MAX_EXPENSES {
        return Err(DomainError::TooManyExpenses);
    }
    let report = report.with_reset_expenses(lines).map_err(|_| DomainError::TotalTooLarge)?;
    if report.cost_centres().len() > MAX_COST_CENTRES {
        return Err(DomainError::TooManyCostCentres);
    }
    check_size(report)
}

/// Result of an edit.
#[must_use]
#[derive(Clone, Debug)]
pub enum ReportEdit {
    /// Change that can be stored.
    Complete(Box<ReportChange>),
    /// Change of a claim after submission: it must be submitted again before it is stored.
    NeedsResubmission(Box<Resubmission>),
}

/// Edited report that needs approval again.
#[derive(Clone, Debug)]
pub struct Resubmission {
    change: ReportChange,
    actor: Member,
}

impl ReportEdit {
    /// Report after the edit.
    #[must_use]
    pub const fn report(&self) -> &Report {
        match self {
            Self::Complete(change) => &change.after,
            Self::NeedsResubmission(resubmission) => &resubmission.change.after,
        }
    }

    fn complete(change: ReportChange) -> Self {
        Self::Complete(Box::new(change))
    }
}

impl Resubmission {
    /// Report after the edit, for loading [`SubmissionRules`].
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.change.after
    }

    /// Submits the edited report. Earlier decisions are void.
    ///
    /// # Errors
    /// Those of [`super::submit`].
    pub fn submit(self, rules: SubmissionRules<'_>, now: Timestamp) -> Result<ReportChange, DomainError> {
        resubmit(self.change, &self.actor, rules, now)
    }
}

/// Records an edit of the claim. A report that is not with its owner needs a resubmission.
pub(super) fn finish_edit(change: ReportChange, actor: &Member, kind: EventKind, now: Timestamp) -> ReportEdit {
    let is_with_owner = change.after.status.is_with_owner();
    let change = change.record_event(actor, kind, now);
    if is_with_owner {
        return ReportEdit::complete(change);
    }
    ReportEdit::NeedsResubmission(Box::new(Resubmission { change, actor: actor.clone() }))
}

/// Adds a line.
///
/// # Errors
/// Those of [`create_report`] for one line.
pub fn add_expense(
    permit: Permit<'_, Edit>,
    facts: ExpenseFacts,
    rates: &RateBook,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<ReportEdit, DomainError> {
    let mut change = ReportChange::on(permit.report(), now);
    let expense = new_line(ids.next_id(), facts, change.after.currency, rates)?;
    let lines: Vec<Expense> = permit.report().expenses.iter().cloned().chain([expense.clone()]).collect();
    check_refunds(&lines)?;
    change.after = replace_lines(change.after, lines)?;
    Ok(finish_edit(change, permit.actor(), EventKind::ExpenseAdded { expense: Box::new(expense) }, now))
}

/// Replaces the facts of a line. When only texts differ, the approval is kept in every state.
///
/// # Errors
/// Those of [`add_expense`]; [`DomainError::UnknownExpense`] when the report has no such line.
pub fn update_expense(
    permit: Permit<'_, Edit>,
    id: ExpenseId,
    facts: ExpenseFacts,
    rates: &RateBook,
    now: Timestamp,
) -> Result<ReportEdit, DomainError> {
    let mut change = ReportChange::on(permit.report(), now);
    let old = permit.report().expense(id).ok_or(DomainError::UnknownExpense)?;
    let kind = EventKind::ExpenseChanged { expense_id: id };
    let is_text_only = old.facts.is_same_claim(&facts);
    let new = if is_text_only {
        Expense { facts, ..old.clone() }
    } else {
        let (split_from, receipts) = (old.split_from_after(&facts), old.receipts.clone());
        Expense { split_from, receipts, ..new_line(id, facts, change.after.currency, rates)? }
    };
    let others = permit.report().expenses.iter().filter(|line| line.id != id).cloned();
    let lines: Vec<Expense> = others.chain([new]).collect();
    if is_text_only && !change.after.status.is_with_owner() {
        change.after = check_size(change.after.with_expenses(lines).map_err(|_| DomainError::TotalTooLarge)?)?;
        return Ok(ReportEdit::complete(change.record_event(permit.actor(), kind, now)));
    }
    if !is_text_only {
        check_refunds(&lines)?;
    }
    change.after = replace_lines(change.after, lines)?;
    Ok(finish_edit(change, permit.actor(), kind, now))
}

/// Removes a line.
///
/// # Errors
/// [`DomainError::UnknownExpense`] when the report has no such line.
pub fn remove_expense(permit: Permit<'_, Edit>, id: ExpenseId, now: Timestamp) -> Result<ReportEdit, DomainError> {
    let mut change = ReportChange::on(permit.report(), now);
    let old = permit.report().expense(id).ok_or(DomainError::UnknownExpense)?;
    let kind = EventKind::ExpenseRemoved { expense_id: id, amount: old.facts.amount };
    let lines = permit.report().expenses.iter().filter(|line| line.id != id).cloned();
    // The size is not checked: a report that violations and reasons have made too large must be able to shrink.
    change.after = change.after.with_reset_expenses(lines).map_err(|_| DomainError::TotalTooLarge)?;
    Ok(finish_edit(change, permit.actor(), kind, now))
}

/// Adds a copy of a line, with another date when one is given. Receipts and justification are not copied.
///
/// # Errors
/// Those of [`add_expense`]; [`DomainError::UnknownExpense`] when the report has no such line.
pub fn clone_expense(
    permit: Permit<'_, Edit>,
    id: ExpenseId,
    date: Option<Date>,
    rates: &RateBook,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<ReportEdit, DomainError> {
    let old = permit.report().expense(id).ok_or(DomainError::UnknownExpense)?;
    let facts = copy_for_clone(&old.facts);
    let facts = ExpenseFacts { date: date.unwrap_or(facts.date), ..facts };
    add_expense(permit, facts, rates, ids, now)
}

/// Facts that a clone of a line copies.
fn copy_for_clone(facts: &ExpenseFacts) -> ExpenseFacts {
    ExpenseFacts { receipt_reference: None, justification: None, ..facts.clone() }
}

/// Values of a cloned report that differ from the original.
#[derive(Clone, Debug, Default)]
pub struct CloneOverrides<'a> {
    /// Title, when it differs.
    pub title: Option<Title>,
    /// Payee of the original, in their current state.
    pub payee: Option<&'a Member>,
}

/// Creates a draft with the same lines, converted at the rates known today. Refunds, receipts and justifications are not
/// copied, nor is a payee who can no longer be paid.
///
/// # Errors
/// Those of [`create_report`].
pub fn clone_report(
    permit: Permit<'_, CloneAction>,
    may_create: OrgPermit<'_, CreateReport>,
    for_other: Option<(OrgPermit<'_, CreateForOthers>, &Member)>,
    overrides: CloneOverrides<'_>,
    rates: &RateBook,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<ReportChange, DomainError> {
    let old = permit.report();
    let is_preparer = |payee: &Member| for_other.is_some() && payee.id == permit.actor().id;
    let is_valid = |payee: &&Member| {
        old.payee.as_ref().is_some_and(|known| known.id == payee.id) && payee.is_current_person() && !is_preparer(payee)
    };
    let originals: Vec<Expense> = old.expenses.iter().filter(|line| !line.facts.is_refund()).cloned().collect();
    let new = NewReport {
        title: overrides.title.unwrap_or_else(|| old.title.clone()),
        currency: old.currency,
        payee: overrides.payee.filter(is_valid).cloned(),
        cost_centre: old.cost_centre.clone(),
        expenses: originals.iter().map(|line| copy_for_clone(&line.facts)).collect(),
        cloned_from: Some(Box::new(Report { expenses: originals, ..old.clone() })),
        submit: false,
    };
    create_report(may_create, for_other, new, rates, ids, now)
}

/// Changes to the head of a report.
#[derive(Clone, Debug, Default)]
pub struct ReportPatch {
    /// Title.
    pub title: Option<Title>,
    /// Payee; `Null` for the owner.
    pub payee: Patch<Member>,
    /// Cost centre of lines without one.
    pub cost_centre: Patch<CostCentreCode>,
}

impl ReportPatch {
    /// True when the patch changes the report.
    #[must_use]
    pub fn changes(&self, report: &Report) -> bool {
        let payee = match &self.payee {
            Patch::Absent => report.payee.clone(),
            Patch::Null => None,
            Patch::Value(wanted) => (wanted.id != report.owner).then(|| wanted.member_ref()),
        };
        self.title.as_ref().is_some_and(|title| *title != report.title)
            || payee != report.payee
            || self.cost_centre.changes(report.cost_centre.as_ref())
    }
}

/// Changes the head of a report. The title is a text; payee and cost centre are part of the claim.
///
/// # Errors
/// [`DomainError::InvalidPayee`] for a payee who cannot be paid, [`DomainError::PayeeIsPreparer`],
/// [`DomainError::ReportTooLarge`].
pub fn update_report(permit: Permit<'_, Edit>, patch: ReportPatch, now: Timestamp) -> Result<ReportEdit, DomainError> {
    let report = permit.report();
    let mut change = ReportChange::on(report, now);
    let after = &mut change.after;
    after.title = patch.title.unwrap_or_else(|| report.title.clone());
    after.payee = match &patch.payee {
        Patch::Absent => report.payee.clone(),
        Patch::Null => None,
        Patch::Value(wanted) => check_payee(Some(wanted), report.owner, report.preparer.as_ref())?,
    };
    after.cost_centre = patch.cost_centre.apply(report.cost_centre.clone());
    let is_same_claim = after.payee == report.payee && after.cost_centre == report.cost_centre;
    if is_same_claim {
        change.after = check_size(change.after)?;
        return Ok(ReportEdit::complete(change.record_event(permit.actor(), EventKind::ReportChanged {}, now)));
    }
    change.after = replace_lines(change.after, report.expenses.iter().cloned())?;
    Ok(finish_edit(change, permit.actor(), EventKind::ReportChanged {}, now))
}

/// Deletes a draft that was never submitted. Its history stays.
///
/// # Errors
/// [`DomainError::AlreadySubmitted`] when the report was submitted before.
pub fn delete_report(permit: Permit<'_, Delete>, now: Timestamp) -> Result<ReportChange, DomainError> {
    if permit.report().submitted_at.is_some() {
        return Err(DomainError::AlreadySubmitted);
    }
    let change = ReportChange::on(permit.report(), now).record_event(permit.actor(), EventKind::ReportDeleted {}, now);
    Ok(ReportChange { deleted: true, ..change })
}

/// Adds a comment to a report.
#[must_use]
pub fn comment_on_report(permit: Permit<'_, Comment>, text: Note, now: Timestamp) -> ReportChange {
    let (author, mut change) = (permit.actor(), ReportChange::on(permit.report(), now));
    let notified = change.after.comment_recipients(author.id);
    let snapshot = || ReportSnapshot { violations: Vec::new(), ..ReportSnapshot::of(&change.after) };
    let report = (!notified.is_empty()).then(|| Box::new(snapshot()));
    push_comment(&mut change.after.comments, ShownComment { by: author.member_ref(), at: now, text: text.clone() });
    // A comment is never on behalf of another member.
    change.record_event_as(author, None, EventKind::ReportCommented { text, report, notified }, now)
}
