//! Which mail an event calls for: what is said to whom. Facts come from the event, which is the record of what happened;
//! lines come from the report, if they are still those the event speaks of. Who is told is said by [`Event::recipients`].

use jiff::Timestamp;
use lambda_runtime::Error;
use outlay_domain::change::today;
use outlay_domain::event::{Asked, Event, EventKind, Recipients, Snapshot, Subject};
use outlay_domain::expense::Expense;
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use outlay_domain::member::{Member, Role};
use outlay_domain::permission::Asking;
use outlay_domain::reminder::{Due, digest};
use outlay_domain::report::Report;
use outlay_mail::{By, LineFacts, Mailer, Notice, Recipient, ReportFacts, TaskFacts};
use outlay_store::deliveries::{Delivery, Mailing};
use outlay_store::{ListError, Store, StoreError};

use crate::run::Tally;

/// One mail to send.
#[derive(Clone, Debug)]
pub struct Letter {
    /// To whom.
    pub to: Member,
    /// What it says.
    pub notice: Notice,
    /// The message ids of the mail about the same report that he had before, oldest first.
    pub earlier: Vec<String>,
}

impl Letter {
    /// Where it goes; nowhere, to who has no address.
    #[must_use]
    pub fn recipient(&self) -> Option<Recipient> {
        let Member { name, email, language, .. } = &self.to;
        Some(Recipient { name: name.clone(), address: email.clone()?, language: *language })
    }
}

/// What is known about an event beside itself.
struct Context {
    members: Vec<Member>,
    report: Option<Report>,
    deliveries: Vec<Delivery>,
}

impl Context {
    async fn read(store: &Store, event: &Event, wanted: &[MemberId]) -> Result<Self, StoreError> {
        let report_id = match event.subject {
            Subject::Report(report) => Some(report),
            _ => None,
        };
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
        let deliveries = earlier(store, event, report_id);
        let (members, report, deliveries) =
            tokio::try_join!(store.members_by_id(event.org, wanted), report, deliveries)?;
        Ok(Self { members, report, deliveries })
    }

    fn member(&self, id: MemberId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    fn name(&self, id: MemberId) -> String {
        self.member(id).map_or_else(String::new, |member| member.name.clone())
    }

    fn names(&self, ids: &[MemberId]) -> Vec<String> {
        ids.iter().map(|id| self.name(*id)).collect()
    }

    /// Who did it, in whose place.
    fn by(&self, event: &Event) -> By {
        let name = event.actor.map_or_else(String::new, |actor| self.name(actor));
        match event.on_behalf_of {
            Some(away) => By::InsteadOf { name, away: self.name(away) },
            None => By::Person(name),
        }
    }
}

/// How many events back mail is looked for that belongs to the same thread. A report that is sent to and fro has thousands.
const THREAD: u64 = 200;

/// The mail that went out before about the same report.
async fn earlier(store: &Store, event: &Event, report: Option<ReportId>) -> Result<Vec<Delivery>, StoreError> {
    match report {
        Some(report) => {
            let range = (event.seq.saturating_sub(THREAD), event.seq.saturating_sub(1));
            store.deliveries(event.org, Subject::Report(report), range).await
        }
        None => Ok(Vec::new()),
    }
}

/// The mail an event calls for; none, for most events.
///
/// # Errors
/// When the members or the report cannot be read, or nothing is written for such an event.
pub async fn letters(store: &Store, mailer: &Mailer, event: &Event) -> Result<Vec<Letter>, Error> {
    let told = match event.recipients() {
        None => return Ok(Vec::new()),
        Some(Recipients::Members(members)) => members,
        Some(Recipients::Admins) => admins(store, event).await?,
    };
    let owner = event.kind.snapshot().map(|report| report.owner);
    let others = [event.actor, event.on_behalf_of, owner, about(event)].into_iter().flatten();
    let wanted: Vec<MemberId> = told.iter().copied().chain(others).collect();
    let context = Context::read(store, event, &wanted).await?;
    let mut letters = Vec::new();
    for to in told.iter().filter_map(|id| context.member(*id)) {
        let notice = notice(event, &context, to.id)?;
        letters.extend(notice.map(|notice| letter(mailer, &context, to, notice)));
    }
    if let (Some(asked), Some(snapshot)) = (asked(&event.kind), event.kind.snapshot()) {
        letters.extend(to_delegates(store, mailer, event, (asked, snapshot), &context).await?);
    }
    // Who has no address (a service, or who was erased) is not told.
    letters.retain(|letter| letter.to.email.is_some());
    Ok(letters)
}

/// The member an event is about.
const fn about(event: &Event) -> Option<MemberId> {
    match event.subject {
        Subject::Member(member) => Some(member),
        _ => None,
    }
}

fn letter(mailer: &Mailer, context: &Context, to: &Member, notice: Notice) -> Letter {
    let his = context.deliveries.iter().filter(|delivery| delivery.recipient == to.id);
    let earlier = his.filter_map(|delivery| Some(mailer.message_id(delivery.message_id.as_deref()?))).collect();
    Letter { to: to.clone(), notice, earlier }
}

/// The admins, but for the member it is about.
async fn admins(store: &Store, event: &Event) -> Result<Vec<MemberId>, StoreError> {
    let officers = store.officers(event.org).await?;
    let admins = officers.iter().filter(|member| member.role == Role::Admin && about(event) != Some(member.id));
    Ok(admins.map(|member| member.id).collect())
}

/// The step an event has opened to somebody.
const fn asked(kind: &EventKind) -> Option<&Asked> {
    match kind {
        EventKind::ReportSubmitted { asked, .. }
        | EventKind::StepApproved { asked, .. }
        | EventKind::StepReassigned { asked, .. }
        | EventKind::StepEscalated { asked, .. } => Some(asked),
        _ => None,
    }
}

/// The mail to those who decide in place of who is asked.
async fn to_delegates(
    store: &Store,
    mailer: &Mailer,
    event: &Event,
    (asked, snapshot): (&Asked, &Snapshot),
    context: &Context,
) -> Result<Vec<Letter>, StoreError> {
    let day = today(event.at);
    let taken: Vec<MemberId> = context.report.iter().flat_map(Report::taken).collect();
    let approvers: Vec<&Member> = asked.approvers.iter().filter_map(|id| context.member(*id)).collect();
    let ids: Vec<MemberId> = approvers.iter().filter_map(|approver| approver.delegate(day)).collect();
    let (concerned, base_total) = (&snapshot.concerned, snapshot.base_total);
    let asking = Asking { approvers: &asked.approvers, concerned, taken: &taken, base_total };
    let delegates = store.members_by_id(event.org, &ids).await?;
    let letters = delegates.iter().filter_map(|to| {
        // Who is asked himself has his own letter.
        let away = asking.say_of(to, day).filter(|approver| *approver != to.id)?;
        let report = report_facts(snapshot, context);
        let notice = request(asked, report, Some(context.name(away)), None);
        Some(letter(mailer, context, to, notice))
    });
    Ok(letters.collect())
}

fn request(asked: &Asked, report: ReportFacts, instead_of: Option<String>, because: Option<String>) -> Notice {
    Notice::ApprovalRequested {
        report,
        step: asked.name.clone(),
        reason: asked.reason.clone(),
        due_on: asked.due_on,
        instead_of,
        reassigned_because: because,
    }
}

/// What is said of an event to a member; nothing, when who it is about has been erased.
fn notice(event: &Event, context: &Context, to: MemberId) -> Result<Option<Notice>, Error> {
    let report = event.kind.snapshot().map(|snapshot| report_facts(snapshot, context));
    let by = context.by(event);
    Ok(Some(match (&event.kind, report) {
        (EventKind::MemberInvited { organisation, role }, _) => Notice::Invited {
            organisation: organisation.clone(),
            inviter: event.actor.map_or_else(String::new, |actor| context.name(actor)),
            role: *role,
        },
        (EventKind::PayoutAccountChanged {}, _) => Notice::PayoutAccountChanged { at: event.at },
        (EventKind::AddressFailed { fault }, _) => {
            let failed = about(event).and_then(|member| context.member(member));
            let Some((member, address)) = failed.and_then(|it| Some((it, it.email.clone()?))) else { return Ok(None) };
            Notice::AddressFailed { member: member.name.clone(), address, fault: *fault }
        }
        (EventKind::ReportSubmitted { asked, .. } | EventKind::StepApproved { asked, .. }, Some(report)) => {
            request(asked, report, None, None)
        }
        (EventKind::StepReassigned { asked, reason, .. }, Some(report)) => {
            request(asked, report, None, Some(reason.clone()))
        }
        (EventKind::StepEscalated { asked, from, because, .. }, Some(report)) => {
            let (step, reason) = (asked.name.clone(), *because);
            if asked.approvers.contains(&to) {
                Notice::EscalatedTo { report, step, reason, from: context.names(from), due_on: asked.due_on }
            } else {
                Notice::EscalatedFrom { report, step, reason, to: context.names(&asked.approvers) }
            }
        }
        (EventKind::ReportAutoApproved { below, .. }, Some(report)) => {
            Notice::Approved { report, by: By::Policy { below: *below }, comment: None }
        }
        (EventKind::ReportApproved { comment, .. }, Some(report)) => {
            Notice::Approved { report, by, comment: comment.clone() }
        }
        (EventKind::ReportReturned { reason, .. }, Some(report)) => {
            Notice::Returned { report, by, reason: reason.clone() }
        }
        (EventKind::ReportRejected { reason, .. }, Some(report)) => {
            Notice::Rejected { report, by, reason: reason.clone() }
        }
        // Whoever adds an event that somebody is told of hears of it here, and not by mail that never comes.
        _ => return Err("somebody is told of this event, and no mail says it".into()),
    }))
}

fn report_facts(snapshot: &Snapshot, context: &Context) -> ReportFacts {
    let unchanged = context.report.as_ref().filter(|report| report.content_hash == snapshot.content_hash);
    let same_currency = snapshot.base_total.currency() == snapshot.total.currency();
    ReportFacts {
        title: snapshot.title.clone(),
        number: snapshot.number.clone(),
        owner: context.name(snapshot.owner),
        total: snapshot.total,
        base_total: (!same_currency).then_some(snapshot.base_total),
        not_reimbursed: snapshot.not_reimbursed,
        expenses: snapshot.expenses,
        violations: snapshot.violations.clone(),
        lines: unchanged
            .map(|report| report.expenses.iter().map(|line| line_facts(line, report)).collect())
            .unwrap_or_default(),
    }
}

fn line_facts(line: &Expense, report: &Report) -> LineFacts {
    let granted = line.granted();
    let refused = line.approved.as_ref().map(|approval| approval.reason.clone());
    let flagged = report.violations.iter().any(|violation| violation.expense_ids.contains(&line.id));
    LineFacts {
        date: line.facts.date,
        merchant: line.facts.merchant.clone(),
        category: line.facts.category.clone(),
        amount: line.facts.amount,
        converted: line.converted.as_ref().map(|conversion| conversion.amount),
        granted: (granted != line.facts.amount).then_some(granted),
        note: refused
            .or_else(|| line.facts.justification.clone().filter(|_| flagged))
            .or_else(|| line.facts.note.clone()),
    }
}

/// The reports of an organisation that are with their approvers; one that is damaged counts as failed, and does not keep the others.
///
/// # Errors
/// [`ListError`]
pub async fn submitted(store: &Store, org: OrgId, tally: &mut Tally) -> Result<Vec<Report>, ListError> {
    Ok(store.submitted(org).await?.into_iter().filter_map(|report| tally.note(org, report)).collect())
}

/// The reminders of an organisation that it is time for: one for each member whom something waits for too long.
///
/// # Errors
/// [`ListError`]
pub async fn reminders(
    store: &Store,
    org: OrgId,
    now: Timestamp,
    tally: &mut Tally,
) -> Result<Vec<(Mailing, Letter)>, ListError> {
    let reports = submitted(store, org, tally).await?;
    let asked = reports.iter().filter_map(Report::pending_step).flat_map(|step| step.outstanding().map(|one| one.id));
    let approvers = store.members_by_id(org, &distinct(asked)).await?;
    let delegates = distinct(approvers.iter().filter_map(|approver| approver.delegate(today(now))));
    let known: Vec<MemberId> = approvers.iter().map(|member| member.id).collect();
    let delegates: Vec<MemberId> = delegates.into_iter().filter(|id| !known.contains(id)).collect();
    let members = approvers.into_iter().chain(store.members_by_id(org, &delegates).await?);
    let reminder = |to: Member| {
        let (day, due) = digest(&to, &reports, now)?;
        let notice = Notice::Reminder { day, tasks: due.iter().map(task_facts).collect() };
        Some((Mailing::reminder(org, to.id, day), Letter { to, notice, earlier: Vec::new() }))
    };
    Ok(members.filter_map(reminder).collect())
}

/// Each once, in order.
pub fn distinct(ids: impl Iterator<Item = MemberId>) -> Vec<MemberId> {
    ids.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

fn task_facts(due: &Due<'_>) -> TaskFacts {
    let report = due.report;
    TaskFacts {
        number: report.number.clone(),
        title: report.title.clone(),
        owner: report.owner_name.clone(),
        total: report.totals.total,
        due_on: due.on,
    }
}
