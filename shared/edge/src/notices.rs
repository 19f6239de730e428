//! Which mail an event calls for: who is told, and what. Facts come from the event, which is the record of what happened;
//! lines come from the report, if they are still those the event speaks of.

use outlay_domain::change::today;
use outlay_domain::event::{Asked, Event, EventKind, Snapshot, Subject};
use outlay_domain::expense::Expense;
use outlay_domain::ids::{MemberId, ReportId};
use outlay_domain::member::Member;
use outlay_domain::permission::Asking;
use outlay_domain::report::Report;
use outlay_mail::{LineFacts, Notice, ReportFacts};
use outlay_store::{Store, StoreError};

/// One mail to send.
#[derive(Clone, Debug)]
pub struct Letter {
    /// To whom.
    pub to: Member,
    /// At which address.
    pub address: String,
    /// What it says.
    pub notice: Notice,
    /// What all mail of one report has in common.
    pub thread: Option<String>,
}

/// The mail an event calls for; none, for most events.
///
/// # Errors
/// [`StoreError`] when the members or the report cannot be read.
pub async fn letters(store: &Store, event: &Event) -> Result<Vec<Letter>, StoreError> {
    let Some(recipients) = recipients(event) else {
        return Ok(Vec::new());
    };
    let owner = snapshot(&event.kind).map(|report| report.owner);
    let wanted: Vec<MemberId> =
        recipients.iter().copied().chain([event.actor]).chain(owner).chain(event.on_behalf_of).collect();
    let report_id = report_id(event);
    let report = async {
        match report_id {
            // The mail goes out without the lines of a report that somebody has damaged; it must not hold back others.
            Some(id) => match store.report(event.org, id).await {
                Err(StoreError::Broken { .. }) => Ok(None),
                read => read,
            },
            None => Ok(None),
        }
    };
    let (members, report) = tokio::try_join!(store.members_by_id(event.org, &wanted), report)?;
    let name = |id: MemberId| {
        members.iter().find(|member| member.id == id).map_or_else(String::new, |member| member.name.clone())
    };
    let facts = snapshot(&event.kind).map(|snapshot| report_facts(snapshot, report.as_ref(), name(snapshot.owner)));
    let actor = match event.on_behalf_of {
        Some(away) => format!("{} (for {})", name(event.actor), name(away)),
        None => name(event.actor),
    };
    let Some(notice) = notice(event, facts, actor) else {
        return Ok(Vec::new());
    };
    let thread = report_id.map(|id| id.to_string());
    // Who has no address (a service, or who was erased) is not told.
    let letter = |to: &Member, notice: &Notice| {
        let (address, notice, thread) = (to.email.clone()?, notice.clone(), thread.clone());
        Some(Letter { to: to.clone(), address, notice, thread })
    };
    let asked: Vec<&Member> =
        recipients.iter().filter_map(|id| members.iter().find(|member| member.id == *id)).collect();
    let mut letters: Vec<Letter> = asked.iter().filter_map(|to| letter(to, &notice)).collect();
    if let (Notice::ApprovalRequested { .. }, Some(snapshot)) = (&notice, snapshot(&event.kind)) {
        let day = today(event.at);
        let taken: Vec<MemberId> = report.iter().flat_map(Report::taken).collect();
        let ids: Vec<MemberId> = asked.iter().filter_map(|approver| approver.delegate(day)).collect();
        for to in store.members_by_id(event.org, &ids).await? {
            let (concerned, base_total) = (&snapshot.concerned, snapshot.base_total);
            let asking = Asking { approvers: &recipients, concerned, taken: &taken, base_total };
            // Who is asked himself has his own letter.
            let away = asking.say_of(&to, day).filter(|approver| *approver != to.id);
            if let Some(approver) = asked.iter().find(|approver| Some(approver.id) == away) {
                letters.extend(letter(&to, &instead_of(approver, &notice)));
            }
        }
    }
    Ok(letters)
}

/// The notice for who decides in place of an approver.
fn instead_of(approver: &Member, notice: &Notice) -> Notice {
    let mut notice = notice.clone();
    if let Notice::ApprovalRequested { reason, .. } = &mut notice {
        *reason = format!("{reason} You decide for {}, who is away.", approver.name);
    }
    notice
}

fn recipients(event: &Event) -> Option<Vec<MemberId>> {
    match &event.kind {
        EventKind::MemberInvited { .. } | EventKind::PayoutAccountChanged {} => match event.subject {
            Subject::Member(member) => Some(vec![member]),
            _ => None,
        },
        EventKind::ReportSubmitted { asked, .. }
        | EventKind::StepApproved { asked, .. }
        | EventKind::StepReassigned { asked, .. } => Some(asked.approvers.clone()),
        EventKind::ReportApproved { report, .. }
        | EventKind::ReportAutoApproved { report, .. }
        | EventKind::ReportReturned { report, .. }
        | EventKind::ReportRejected { report, .. } => Some(vec![report.owner]),
        EventKind::OrganisationCreated {}
        | EventKind::ServiceAdded { .. }
        | EventKind::MemberJoined {}
        | EventKind::MemberChanged {}
        | EventKind::DelegationChanged {}
        | EventKind::MemberErased {}
        | EventKind::PolicyChanged { .. }
        | EventKind::RatesEntered { .. }
        | EventKind::ReportCreated { .. }
        | EventKind::ExpenseAdded { .. }
        | EventKind::ExpenseChanged { .. }
        | EventKind::ExpenseSplit { .. }
        | EventKind::ExpenseRemoved { .. }
        | EventKind::ReportChanged {}
        | EventKind::ReportDeleted {}
        | EventKind::ReportCommented { .. }
        | EventKind::StepAgreed { .. }
        | EventKind::ReportRecalled {} => None,
    }
}

const fn snapshot(kind: &EventKind) -> Option<&Snapshot> {
    match kind {
        EventKind::ReportSubmitted { report, .. }
        | EventKind::StepApproved { report, .. }
        | EventKind::StepReassigned { report, .. }
        | EventKind::ReportApproved { report, .. }
        | EventKind::ReportAutoApproved { report, .. }
        | EventKind::ReportReturned { report, .. }
        | EventKind::ReportRejected { report, .. } => Some(report),
        _ => None,
    }
}

const fn report_id(event: &Event) -> Option<ReportId> {
    match event.subject {
        Subject::Report(report) => Some(report),
        _ => None,
    }
}

fn notice(event: &Event, facts: Option<ReportFacts>, actor: String) -> Option<Notice> {
    match (&event.kind, facts) {
        (EventKind::MemberInvited { organisation, role }, _) => {
            Some(Notice::Invited { organisation: organisation.clone(), inviter: actor, role: role.name().to_owned() })
        }
        (EventKind::PayoutAccountChanged {}, _) => {
            Some(Notice::PayoutAccountChanged { at: event.at.strftime("%-d %B %Y, %H:%M UTC").to_string() })
        }
        (EventKind::ReportSubmitted { asked, .. } | EventKind::StepApproved { asked, .. }, Some(report)) => {
            Some(asked_notice(asked, report, asked.reason.clone()))
        }
        (EventKind::StepReassigned { asked, reason, .. }, Some(report)) => {
            Some(asked_notice(asked, report, format!("{} The reason: {reason}", asked.reason)))
        }
        (EventKind::ReportAutoApproved { below, .. }, Some(report)) => {
            Some(Notice::Approved { report, by: format!("The policy (reports below {below})"), comment: None })
        }
        (EventKind::ReportApproved { comment, .. }, Some(report)) => {
            Some(Notice::Approved { report, by: actor, comment: comment.clone() })
        }
        (EventKind::ReportReturned { reason, .. }, Some(report)) => {
            Some(Notice::Returned { report, by: actor, reason: reason.clone() })
        }
        (EventKind::ReportRejected { reason, .. }, Some(report)) => {
            Some(Notice::Rejected { report, by: actor, reason: reason.clone() })
        }
        _ => None,
    }
}

fn asked_notice(asked: &Asked, report: ReportFacts, reason: String) -> Notice {
    let due_on = asked.due_on.map_or_else(String::new, |due| due.to_string());
    Notice::ApprovalRequested { report, step: asked.name.clone(), reason, due_on }
}

fn report_facts(snapshot: &Snapshot, report: Option<&Report>, owner: String) -> ReportFacts {
    let unchanged = report.filter(|report| report.content_hash == snapshot.content_hash);
    let same_currency = snapshot.base_total.currency() == snapshot.total.currency();
    ReportFacts {
        title: snapshot.title.clone(),
        number: snapshot.number.clone(),
        owner,
        total: snapshot.total.to_string(),
        base_total: (!same_currency).then(|| snapshot.base_total.to_string()),
        not_reimbursed: snapshot.not_reimbursed.map(|part| part.to_string()),
        expenses: snapshot.expenses,
        violations: snapshot.violations.clone(),
        lines: unchanged
            .map(|report| report.expenses.iter().map(|line| line_facts(line, report)).collect())
            .unwrap_or_default(),
    }
}

fn line_facts(line: &Expense, report: &Report) -> LineFacts {
    let amount = match &line.converted {
        Some(conversion) => format!("{} ({})", line.facts.amount, conversion.amount),
        None => line.facts.amount.to_string(),
    };
    let granted = line.granted();
    let amount = if granted == line.facts.amount { amount } else { format!("{amount}, granted {granted}") };
    let refused = line.approved.as_ref().map(|approval| approval.reason.clone());
    let flagged = report.violations.iter().any(|violation| violation.expense_ids.contains(&line.id));
    LineFacts {
        date: line.facts.date.to_string(),
        merchant: line.facts.merchant.clone(),
        category: line.facts.category.clone(),
        amount,
        note: refused
            .or_else(|| line.facts.justification.clone().filter(|_| flagged))
            .or_else(|| line.facts.note.clone()),
    }
}
