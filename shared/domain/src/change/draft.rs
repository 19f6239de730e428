//! Writing a report: creating, cloning, changing and deleting it and its lines. What a change means to a report that is past
//! draft is decided here too: a changed claim goes back through approval, a changed text does not.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{ReportChange, Rules, resubmit};
use crate::conversion::{Conversion, RateBook};
use crate::event::EventKind;
use crate::expense::{Expense, ExpenseFacts};
use crate::ids::{ExpenseId, MemberId, Seed};
use crate::member::{Member, Person};
use crate::money::{Currency, Money, SumFault};
use crate::permission::{
    Clone as CloneAction, Comment, CreateForOthers, CreateReport, Delete, Edit, OrgPermit, Permit,
};
use crate::refusal::{LineFault, Refusal};
use crate::report::{MAX_BYTES, MAX_COST_CENTRES, MAX_EXPENSES, Report, Status, Totals, content_hash, number};

/// A report to create.
#[derive(Clone, Debug)]
pub struct NewReport {
    /// What it is for.
    pub title: String,
    /// The currency it is claimed in.
    pub currency: Currency,
    /// Who is paid, when that is not the owner.
    pub payee: Option<Member>,
    /// The cost centre of lines that name none; the owner's, when absent.
    pub cost_centre: Option<String>,
    /// Its lines, in order.
    pub expenses: Vec<ExpenseFacts>,
}

/// Creates a draft, owned by the permit's actor, or by the member he enters it for.
///
/// # Errors
/// An owner who can have none, a payee who cannot be paid, a line that cannot be converted, too many lines, or a total beyond the range.
pub fn create(
    permit: OrgPermit<'_, CreateReport>,
    for_other: Option<(OrgPermit<'_, CreateForOthers>, &Member)>,
    new: NewReport,
    rates: &RateBook,
    seed: &mut Seed,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let actor = permit.actor();
    let owner = for_other.map_or(actor, |(_, owner)| owner);
    if !owner.can_own() {
        return Err(Refusal::NoReports);
    }
    let payee = payee(new.payee.as_ref(), owner.id)?;
    let id = seed.draw();
    let zero = Money::zero(new.currency);
    let mut expenses = Vec::with_capacity(new.expenses.len());
    let mut faults = Vec::new();
    for (position, facts) in new.expenses.into_iter().enumerate() {
        match Expense::new(seed.draw(), facts, new.currency, rates) {
            Ok(expense) => expenses.push(expense),
            Err(fault) => faults.push((Some(position), fault)),
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::Conversion(faults));
    }
    let empty = Report {
        id,
        org: owner.org,
        number: number(id, now),
        owner: owner.id,
        owner_name: owner.name.clone(),
        entered_by: (owner.id != actor.id).then(|| actor.person()),
        payee,
        title: new.title,
        cost_centre: new.cost_centre.or_else(|| owner.cost_centre.clone()),
        currency: new.currency,
        status: Status::Draft,
        version: 1,
        last_event: 0,
        totals: Totals { total: zero, tax: zero, net: zero, reimbursable: zero, not_reimbursed: zero },
        base_total: Money::zero(rates.base()),
        violations: Vec::new(),
        steps: Vec::new(),
        policy_version: None,
        created_at: now,
        updated_at: now,
        submitted_at: None,
        expense_count: 0,
        content_hash: content_hash(&[]),
        content_bytes: 0,
        state_hash: String::new(),
        last_hash: String::new(),
        expenses: Vec::new(),
    };
    let after = with_lines(empty, expenses)?;
    let kind = EventKind::ReportCreated { expenses: after.expense_count, total: after.totals.total };
    Ok(ReportChange::new(after).telling(actor, kind, now))
}

/// Who is paid in the owner's place, as he stands on the report; nobody, when it is the owner himself.
fn payee(wanted: Option<&Member>, owner: MemberId) -> Result<Option<Person>, Refusal> {
    match wanted.filter(|payee| payee.id != owner) {
        Some(payee) if !payee.is_somebody() => Err(Refusal::NotPaid),
        payee => Ok(payee.map(Member::person)),
    }
}

/// One line entered by itself.
fn line(id: ExpenseId, facts: ExpenseFacts, currency: Currency, rates: &RateBook) -> Result<Expense, Refusal> {
    Expense::new(id, facts, currency, rates).map_err(|fault| Refusal::Conversion(vec![(None, fault)]))
}

/// The report with other lines; decisions on lines are void, and so is what the policy found.
fn with_lines(report: Report, lines: impl IntoIterator<Item = Expense>) -> Result<Report, Refusal> {
    let lines: Vec<Expense> = lines.into_iter().collect();
    if lines.len() > MAX_EXPENSES {
        return Err(Refusal::TooManyExpenses);
    }
    let report = report.anew(lines).map_err(|_| Refusal::TotalTooLarge)?;
    if report.cost_centres().len() > MAX_COST_CENTRES {
        return Err(Refusal::TooManyCostCentres);
    }
    storable(report)
}

pub(super) fn storable(report: Report) -> Result<Report, Refusal> {
    if report.bytes() > MAX_BYTES { Err(Refusal::TooLarge) } else { Ok(report) }
}

/// Tells of an edit. A report past draft goes back through approval, for which `rules` are needed.
fn edited(
    change: ReportChange,
    actor: &Member,
    kind: EventKind,
    rules: Option<Rules<'_>>,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let status = change.after.status;
    let change = change.telling(actor, kind, now);
    match (status, rules) {
        (status, _) if status.is_with_owner() => Ok(change),
        (_, Some(rules)) => resubmit(change, actor, rules, now),
        (_, None) => Err(Refusal::InvalidState { status, action: "edited without being judged anew" }),
    }
}

/// Adds a line.
///
/// # Errors
/// As for [`create`]; those of a submission when the report is past draft.
pub fn add_expense(
    permit: Permit<'_, Edit>,
    facts: ExpenseFacts,
    rates: &RateBook,
    rules: Option<Rules<'_>>,
    seed: &mut Seed,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let mut change = ReportChange::on(permit.report(), now);
    let expense = line(seed.draw(), facts, change.after.currency, rates)?;
    let lines = permit.report().expenses.iter().cloned().chain([expense.clone()]);
    change.after = with_lines(change.after, lines)?;
    edited(change, permit.actor(), EventKind::ExpenseAdded { expense: Box::new(expense) }, rules, now)
}

/// Replaces what was entered for a line. When only texts differ, everything else stays as it is, whatever the report's state.
///
/// # Errors
/// As for [`add_expense`]; [`Refusal::UnknownExpense`] when the report has no such line.
pub fn change_expense(
    permit: Permit<'_, Edit>,
    id: ExpenseId,
    facts: ExpenseFacts,
    rates: &RateBook,
    rules: Option<Rules<'_>>,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let mut change = ReportChange::on(permit.report(), now);
    let old = permit.report().expense(id).ok_or(Refusal::UnknownExpense)?;
    let kind = EventKind::ExpenseChanged { expense_id: id };
    let only_texts = old.facts.same_claim(&facts);
    let new = if only_texts {
        Expense { facts, ..old.clone() }
    } else {
        Expense { receipts: old.receipts.clone(), ..line(id, facts, change.after.currency, rates)? }
    };
    let others = permit.report().expenses.iter().filter(|line| line.id != id).cloned();
    let lines: Vec<Expense> = others.chain([new]).collect();
    if only_texts && !change.after.status.is_with_owner() {
        change.after = storable(change.after.with_expenses(lines).map_err(|_| Refusal::TotalTooLarge)?)?;
        return Ok(change.telling(permit.actor(), kind, now));
    }
    change.after = with_lines(change.after, lines)?;
    edited(change, permit.actor(), kind, rules, now)
}

/// Removes a line.
///
/// # Errors
/// [`Refusal::UnknownExpense`] when the report has no such line; those of a submission when it is past draft.
pub fn remove_expense(
    permit: Permit<'_, Edit>,
    id: ExpenseId,
    rules: Option<Rules<'_>>,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let mut change = ReportChange::on(permit.report(), now);
    let old = permit.report().expense(id).ok_or(Refusal::UnknownExpense)?;
    let kind = EventKind::ExpenseRemoved { expense_id: id, amount: old.facts.amount };
    let lines = permit.report().expenses.iter().filter(|line| line.id != id).cloned();
    // Not checked for its size: a report that findings and reasons have made too large must be able to shrink.
    change.after = change.after.anew(lines).map_err(|_| Refusal::TotalTooLarge)?;
    edited(change, permit.actor(), kind, rules, now)
}

/// Adds a line like another one, of another day when one is given. Its receipts and its justification are not taken over: they
/// belong to the first.
///
/// # Errors
/// As for [`add_expense`]; [`Refusal::UnknownExpense`] when the report has no such line.
pub fn clone_expense(
    permit: Permit<'_, Edit>,
    id: ExpenseId,
    date: Option<Date>,
    rates: &RateBook,
    rules: Option<Rules<'_>>,
    seed: &mut Seed,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let old = permit.report().expense(id).ok_or(Refusal::UnknownExpense)?;
    let facts = like(&old.facts);
    let facts = ExpenseFacts { date: date.unwrap_or(facts.date), ..facts };
    add_expense(permit, facts, rates, rules, seed, now)
}

/// What is taken over of a line that is cloned.
#[must_use]
fn like(facts: &ExpenseFacts) -> ExpenseFacts {
    ExpenseFacts { receipt_reference: None, justification: None, ..facts.clone() }
}

/// A part of a line that is split.
#[derive(Clone, Debug)]
pub struct Part {
    /// How much, in the currency of the line.
    pub amount: Money,
    /// The tax within it; a share of what is left of the line's tax, when absent.
    pub tax: Option<Money>,
    /// Another category than the line's.
    pub category: Option<String>,
    /// Another note than the line's.
    pub note: Option<String>,
    /// Another cost centre than the line's.
    pub cost_centre: Option<String>,
    /// Another project than the line's.
    pub project: Option<String>,
    /// Who was there, when not those of the line.
    pub attendees: Option<Vec<String>>,
}

impl Part {
    /// A part that differs from the line in nothing but its amount.
    #[must_use]
    pub const fn of(amount: Money) -> Self {
        Self { amount, tax: None, category: None, note: None, cost_centre: None, project: None, attendees: None }
    }
}

/// Puts several lines in the place of one, each with its receipts. Amounts add up to the line's, in every currency; so do taxes unless they
/// are given.
///
/// # Errors
/// [`Refusal::Parts`] when the parts are not the whole, [`Refusal::PartFault`] when one cannot be; otherwise as for
/// [`add_expense`].
pub fn split_expense(
    permit: Permit<'_, Edit>,
    id: ExpenseId,
    parts: &[Part],
    rules: Option<Rules<'_>>,
    seed: &mut Seed,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let mut change = ReportChange::on(permit.report(), now);
    let old = permit.report().expense(id).ok_or(Refusal::UnknownExpense)?;
    let whole = old.facts.amount;
    let foreign = parts.iter().position(|part| part.amount.currency() != whole.currency());
    if let Some(at) = foreign {
        return Err(Refusal::PartFault(at, LineFault::Currency));
    }
    let sum = Money::sum(whole.currency(), parts.iter().map(|part| part.amount)).map_err(|_| Refusal::TotalTooLarge)?;
    if sum != whole {
        return Err(Refusal::Parts { parts: sum, whole });
    }
    let lines = parts_of(old, parts, seed).map_err(|_| Refusal::TotalTooLarge)?;
    let overtaxed = lines.iter().position(|line| line.facts.tax.minor() > line.facts.amount.minor());
    if let Some((at, line)) = overtaxed.and_then(|at| Some((at, lines.get(at)?))) {
        return Err(Refusal::PartFault(at, LineFault::TooMuch { most: line.facts.amount }));
    }
    let others = permit.report().expenses.iter().filter(|line| line.id != id).cloned();
    let into = lines.iter().map(Expense::told).collect();
    change.after = with_lines(change.after, others.chain(lines))?;
    edited(change, permit.actor(), EventKind::ExpenseSplit { expense_id: id, into }, rules, now)
}

fn parts_of(old: &Expense, parts: &[Part], seed: &mut Seed) -> Result<Vec<Expense>, SumFault> {
    let amounts: Vec<Money> = parts.iter().map(|part| part.amount).collect();
    let taxes = taxes_of(old, parts)?;
    let converted = shared(old.converted.as_ref(), old, &amounts, &taxes)?;
    let base = shared(old.base.as_ref(), old, &amounts, &taxes)?;
    let parts = parts.iter().zip(taxes).zip(converted.into_iter().zip(base));
    let lines = parts.map(|((part, tax), (converted, base))| {
        let facts = ExpenseFacts {
            amount: part.amount,
            tax,
            category: part.category.clone().unwrap_or_else(|| old.facts.category.clone()),
            note: part.note.clone().or_else(|| old.facts.note.clone()),
            cost_centre: part.cost_centre.clone().or_else(|| old.facts.cost_centre.clone()),
            project: part.project.clone().or_else(|| old.facts.project.clone()),
            attendees: part.attendees.clone().unwrap_or_else(|| old.facts.attendees.clone()),
            ..old.facts.clone()
        };
        Expense { id: seed.draw(), facts, converted, base, cap: None, approved: None, receipts: old.receipts.clone() }
    });
    Ok(lines.collect())
}

/// The taxes of parts: those that are said, and for the others their shares of what these leave.
fn taxes_of(old: &Expense, parts: &[Part]) -> Result<Vec<Money>, SumFault> {
    let currency = old.facts.tax.currency();
    let said = Money::sum(currency, parts.iter().filter_map(|part| part.tax))?;
    let left = Money::from_minor(old.facts.tax.minor().saturating_sub(said.minor()).max(0), currency);
    let open = |part: &Part| if part.tax.is_some() { 0 } else { part.amount.minor().unsigned_abs() };
    let shares = left.allocate(&parts.iter().map(open).collect::<Vec<_>>());
    let shares = shares.unwrap_or_else(|_| vec![Money::zero(currency); parts.len()]);
    Ok(parts.iter().zip(shares).map(|(part, share)| part.tax.unwrap_or(share)).collect())
}

/// What a conversion of the line is for its parts. Amounts add up to it, and so do taxes, unless the parts have other taxes than
/// the line.
fn shared(
    conversion: Option<&Conversion>,
    old: &Expense,
    amounts: &[Money],
    taxes: &[Money],
) -> Result<Vec<Option<Conversion>>, SumFault> {
    let Some(conversion) = conversion else { return Ok(vec![None; amounts.len()]) };
    let weights = |parts: &[Money]| parts.iter().map(|part| part.minor().unsigned_abs()).collect::<Vec<_>>();
    let converted = conversion.amount.allocate(&weights(amounts))?;
    let sum = Money::sum(old.facts.tax.currency(), taxes.iter().copied())?;
    let converted_taxes = if sum == old.facts.tax && sum.minor() > 0 {
        conversion.tax.allocate(&weights(taxes))?
    } else {
        let parts = converted.iter().zip(amounts).zip(taxes);
        parts
            .map(|((converted, amount), tax)| converted.portion(tax.minor(), amount.minor()))
            .collect::<Result<_, _>>()?
    };
    let each = converted.into_iter().zip(converted_taxes);
    Ok(each.map(|(amount, tax)| Some(Conversion { amount, tax, ..conversion.clone() })).collect())
}

/// What a cloned report does not take over as it stands.
#[derive(Clone, Debug, Default)]
pub struct Anew<'a> {
    /// What it is for, when that differs.
    pub title: Option<String>,
    /// The payee of the report that is cloned, as he is now.
    pub payee: Option<&'a Member>,
}

/// A new draft with the same lines, converted by today's knowledge of rates. Receipts and justifications are not taken over, nor is
/// a payee who cannot be paid any more.
///
/// # Errors
/// As for [`create`].
pub fn clone_report(
    permit: Permit<'_, CloneAction>,
    may_create: OrgPermit<'_, CreateReport>,
    for_other: Option<(OrgPermit<'_, CreateForOthers>, &Member)>,
    anew: Anew<'_>,
    rates: &RateBook,
    seed: &mut Seed,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let old = permit.report();
    let same = |payee: &&Member| old.payee.as_ref().is_some_and(|known| known.id == payee.id) && payee.is_somebody();
    let new = NewReport {
        title: anew.title.unwrap_or_else(|| old.title.clone()),
        currency: old.currency,
        payee: anew.payee.filter(same).cloned(),
        cost_centre: old.cost_centre.clone(),
        expenses: old.expenses.iter().map(|line| like(&line.facts)).collect(),
    };
    create(may_create, for_other, new, rates, seed, now)
}

/// What is changed of a report's head; `None` leaves it, `Some(None)` removes it.
#[derive(Clone, Debug, Default)]
pub struct ReportPatch {
    /// What it is for.
    pub title: Option<String>,
    /// Who is paid, when that is not the owner.
    pub payee: Option<Option<Member>>,
    /// The cost centre of lines that name none.
    pub cost_centre: Option<Option<String>>,
}

impl ReportPatch {
    /// Whether it changes anything of a report.
    #[must_use]
    pub fn changes(&self, report: &Report) -> bool {
        let payee = |wanted: &Member| (wanted.id != report.owner).then(|| wanted.person());
        self.title.as_ref().is_some_and(|title| *title != report.title)
            || self.payee.as_ref().is_some_and(|wanted| wanted.as_ref().and_then(payee) != report.payee)
            || self.cost_centre.as_ref().is_some_and(|code| *code != report.cost_centre)
    }
}

/// Changes a report's head. The title is a text; payee and cost centre are part of the claim.
///
/// # Errors
/// [`Refusal::NotPaid`] for a payee who cannot be; those of a submission when the claim changes past draft.
pub fn change_report(
    permit: Permit<'_, Edit>,
    patch: ReportPatch,
    rules: Option<Rules<'_>>,
    now: Timestamp,
) -> Result<ReportChange, Refusal> {
    let report = permit.report();
    let mut change = ReportChange::on(report, now);
    let after = &mut change.after;
    after.title = patch.title.unwrap_or_else(|| report.title.clone());
    if let Some(wanted) = &patch.payee {
        after.payee = payee(wanted.as_ref(), report.owner)?;
    }
    after.cost_centre = patch.cost_centre.unwrap_or_else(|| report.cost_centre.clone());
    let same_claim = after.payee == report.payee && after.cost_centre == report.cost_centre;
    if same_claim {
        change.after = storable(change.after)?;
        return Ok(change.telling(permit.actor(), EventKind::ReportChanged {}, now));
    }
    change.after = with_lines(change.after, report.expenses.iter().cloned())?;
    edited(change, permit.actor(), EventKind::ReportChanged {}, rules, now)
}

/// Throws a draft away that was never submitted. Its history stays.
///
/// # Errors
/// [`Refusal::WasSubmitted`] otherwise.
pub fn delete(permit: Permit<'_, Delete>, now: Timestamp) -> Result<ReportChange, Refusal> {
    if permit.report().submitted_at.is_some() {
        return Err(Refusal::WasSubmitted);
    }
    let change = ReportChange::on(permit.report(), now).telling(permit.actor(), EventKind::ReportDeleted {}, now);
    Ok(ReportChange { deleted: true, ..change })
}

/// Says something about a report.
#[must_use]
pub fn comment(permit: Permit<'_, Comment>, text: String, now: Timestamp) -> ReportChange {
    // Whatever part he has in the report: what he says he says for himself.
    ReportChange::on(permit.report(), now).telling_for(permit.actor(), None, EventKind::ReportCommented { text }, now)
}
