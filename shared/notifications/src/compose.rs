//! Composes the mail about an event. Recipients and content come from [`Event::notification`]; this file adds names,
//! delegates of approvers, and expenses of the report if they have not changed since the event.

use jiff::tz::TimeZone;
use outlay_domain::change::{can_be_asked, today};
use outlay_domain::event::{
    DelegationNotice, Event, EventSubject, FieldChange, OpenedStep, ReimbursementFacts, ReportSnapshot,
};
use outlay_domain::expense::{Expense, PaymentMethod};
use outlay_domain::ids::{MemberId, ReportId};
use outlay_domain::member::{Member, MemberRef, Role};
use outlay_domain::notification::{EventNotification, NotificationContent, Recipients};
use outlay_domain::permission::PendingStep;
use outlay_domain::policy::Policy;
use outlay_domain::report::Report;
use outlay_domain::text::{CategoryCode, TimeZoneName};
use outlay_mail::{
    AuthorityFacts, CommentFacts, DecidedBy, LineFacts, Mailer, Notice, Recipient, ReportFacts, TaskFacts,
};
use outlay_store::deliveries::Delivery;
use outlay_store::items::Task;
use outlay_store::{ListError, PageRequest, Store, StoreError};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::pacing::{Pacing, Timing};

/// Number of events back in which earlier mail of the same thread is searched. A report that goes back and forth has
/// thousands.
const THREAD_EVENTS: u64 = 200;

/// One mail to send.
#[derive(Clone, Debug)]
pub struct OutgoingMail {
    /// Recipient.
    pub to: Member,
    /// Content.
    pub notice: Notice,
    /// Message ids of earlier mail to the recipient about the same report, oldest first.
    pub earlier: Vec<String>,
    /// Time to send it.
    pub timing: Timing,
}

impl OutgoingMail {
    /// Name, address and language of the recipient; `None` for a member without an address.
    #[must_use]
    pub fn recipient(&self) -> Option<Recipient> {
        let Member { name, email, language, .. } = &self.to;
        Some(Recipient { name: name.to_string(), address: email.as_ref()?.to_string(), language: *language })
    }
}

/// Mail about an event.
#[derive(Debug, Default)]
pub struct ComposedMail {
    /// Mail to send; none, for most events.
    pub mails: Vec<OutgoingMail>,
    /// Approvers who are asked to decide and can no longer do so, or cannot be mailed.
    pub unable_approvers: Vec<MemberId>,
}

/// Composes the mail about an event.
///
/// # Errors
/// [`StoreError`]
pub async fn compose_for_event(store: &Store, mailer: &Mailer, event: &Event) -> Result<ComposedMail, StoreError> {
    let Some(EventNotification { recipients, content }) = event.notification() else {
        return Ok(ComposedMail::default());
    };
    let recipients = match recipients {
        Recipients::Members(members) => members,
        Recipients::Admins { except, and } => load_admins(store, event, except, and).await?,
        Recipients::Finance { except } => load_finance(store, event, except).await?,
    };
    let members: Vec<MemberId> = recipients.iter().copied().chain(named_members(event, &content)).collect();
    let mut records = EventRecords::load(store, event, &members).await?;
    if let NotificationContent::Delegation { delegation } = content {
        records.tasks = load_delegated_tasks(store, event, delegation, &records).await?;
    }
    let mut mails: Vec<OutgoingMail> = recipients
        .iter()
        .filter_map(|id| records.member(*id))
        .filter_map(|to| Some(outgoing_mail(mailer, event, &records, to, notice(event, &content, &records, to.id)?)))
        .collect();
    let mut unable_approvers = Vec::new();
    match content {
        NotificationContent::ApprovalRequest { report, step, .. }
        | NotificationContent::Escalation { report, step, .. } => {
            unable_approvers = find_unable_approvers(step, report, &records);
            let requests = compose_for_delegates(store, mailer, event, (step, report), &records).await?;
            // One mail per member and event. A replaced approver can be a delegate of a new one; the request comes
            // before the notice that the step has moved on.
            mails.retain(|mail| requests.iter().all(|request| request.to.id != mail.to.id));
            mails.extend(requests);
        }
        NotificationContent::Invitation { .. }
        | NotificationContent::OrganisationClosed { .. }
        | NotificationContent::Delegation { .. }
        | NotificationContent::AuthorityChange { .. }
        | NotificationContent::NewService { .. }
        | NotificationContent::Prepared { .. }
        | NotificationContent::PayoutAccountChanged
        | NotificationContent::AddressFailed { .. }
        | NotificationContent::Comment { .. }
        | NotificationContent::AutoApproval { .. }
        | NotificationContent::Approval { .. }
        | NotificationContent::Return { .. }
        | NotificationContent::Reimbursement { .. }
        | NotificationContent::ReportPaymentFailure { .. }
        | NotificationContent::PaymentFailure { .. }
        | NotificationContent::BatchWaiting { .. }
        | NotificationContent::Rejection { .. } => {}
    }
    // Services and erased members have no address.
    mails.retain(|mail| mail.to.email.is_some());
    Ok(ComposedMail { mails, unable_approvers })
}

/// Approvers of an opened step who can no longer decide on it, or cannot be mailed: they were chosen when the report was
/// submitted.
fn find_unable_approvers(step: &OpenedStep, report: &ReportSnapshot, records: &EventRecords) -> Vec<MemberId> {
    let is_able = |member: &Member| can_be_asked(member, &report.interested_parties, report.total_to_approve());
    step.approvers.iter().copied().filter(|id| !records.member(*id).is_some_and(is_able)).collect()
}

/// Composes the request to decide for the delegates of a step's approvers.
async fn compose_for_delegates(
    store: &Store,
    mailer: &Mailer,
    event: &Event,
    (step, report): (&OpenedStep, &ReportSnapshot),
    records: &EventRecords,
) -> Result<Vec<OutgoingMail>, StoreError> {
    let day = today(event.at);
    let ineligible_approvers: Vec<MemberId> = records.report.iter().flat_map(Report::ineligible_approvers).collect();
    let approvers = step.approvers.iter().filter_map(|id| records.member(*id));
    let delegates: Vec<MemberId> = approvers.filter_map(|approver| approver.delegate_on(day)).collect();
    let pending = PendingStep {
        approvers: &step.approvers,
        interested_parties: &report.interested_parties,
        ineligible_approvers: &ineligible_approvers,
        base_total: report.total_to_approve(),
    };
    let delegates = store.members_by_id(event.org, &delegates).await?;
    let mails = delegates.iter().filter_map(|to| {
        // A delegate who is an approver too has a request of their own.
        let approver = pending.acting_for(to, day).filter(|approver| *approver != to.id)?;
        let facts = report_facts(report, records);
        let request = approval_request(step, facts, Some(records.name(approver)), None);
        Some(outgoing_mail(mailer, event, records, to, request))
    });
    Ok(mails.collect())
}

fn outgoing_mail(mailer: &Mailer, event: &Event, records: &EventRecords, to: &Member, notice: Notice) -> OutgoingMail {
    let received = records.deliveries.iter().filter(|delivery| delivery.recipient == to.id);
    let earlier = received.filter_map(|delivery| Some(mailer.message_id(delivery.message_id.as_deref()?))).collect();
    let timing = records.pacing.timing(event, records.report.as_ref(), to.id);
    OutgoingMail { to: to.clone(), notice, earlier, timing }
}

/// Loads the admins, without one of them, and adds a member.
async fn load_admins(
    store: &Store,
    event: &Event,
    except: Option<MemberId>,
    and: Option<MemberId>,
) -> Result<Vec<MemberId>, StoreError> {
    let members = store.finance_and_admins(event.org).await?;
    let admins = members.iter().filter(|member| member.role == Role::Admin).map(|member| member.id);
    let others = admins.filter(|id| Some(*id) != except && Some(*id) != and);
    Ok(and.into_iter().chain(others).collect())
}

/// Loads finance and the admins, without one of them.
async fn load_finance(store: &Store, event: &Event, except: Option<MemberId>) -> Result<Vec<MemberId>, StoreError> {
    let members = store.finance_and_admins(event.org).await?.into_iter().map(|member| member.id);
    Ok(members.filter(|id| Some(*id) != except).collect())
}

/// Members that an event and its mail name, beside the recipients.
fn named_members(event: &Event, content: &NotificationContent<'_>) -> Vec<MemberId> {
    let report = content.report().into_iter().flat_map(|report| [Some(report.owner), report.preparer, report.payee]);
    let of_content: Vec<MemberId> = match content {
        NotificationContent::Delegation { delegation } => vec![delegation.delegator, delegation.delegate],
        NotificationContent::AuthorityChange { changes, .. } => {
            let managers = changes.iter().filter(|change| change.field == "/manager_id");
            managers.flat_map(|change| [parse_value(&change.old), parse_value(&change.new)]).flatten().collect()
        }
        NotificationContent::PaymentFailure { payee, .. } => vec![*payee],
        NotificationContent::BatchWaiting { batch } => vec![batch.created_by],
        _ => Vec::new(),
    };
    let of_event = [event.actor, event.on_behalf_of, event.member()];
    of_event.into_iter().chain(report).flatten().chain(of_content).collect()
}

/// Value of a changed field; `None` when it was absent.
fn parse_value<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

/// Largest number of tasks that the mail about a delegation lists.
const MAX_LISTED_TASKS: i32 = 50;

/// Loads the reports that a new delegate can decide on at the first day of the delegation, or now.
async fn load_delegated_tasks(
    store: &Store,
    event: &Event,
    delegation: &DelegationNotice,
    records: &EventRecords,
) -> Result<Vec<TaskFacts>, StoreError> {
    let Some(delegate) = records.member(delegation.delegate).filter(|delegate| event.member() == Some(delegate.id))
    else {
        return Ok(Vec::new());
    };
    let zone = records.member(delegation.delegator).and_then(|delegator| delegator.time_zone.as_ref());
    let zone = zone.map_or(TimeZone::UTC, TimeZoneName::time_zone);
    let first_moment = delegation.from.to_zoned(zone).map_or(event.at, |start| start.timestamp());
    let day = today(event.at.max(first_moment));
    let page = PageRequest::internal(MAX_LISTED_TASKS);
    let tasks = match store.list_tasks(event.org, &[delegation.delegator], &page).await {
        Ok(tasks) => tasks.items,
        Err(ListError::Store(error)) => return Err(error),
        // The first page has no cursor.
        Err(ListError::Cursor(_)) => Vec::new(),
    };
    let waiting = tasks
        .into_iter()
        .filter(|(_, task)| task.pending_step().acting_for(delegate, day) == Some(delegation.delegator));
    Ok(waiting.filter_map(|(_, task)| task_facts(task)).collect())
}

/// What mail tells of a task; `None` for one without a due date.
pub(crate) fn task_facts(task: Task) -> Option<TaskFacts> {
    let name = |person: Option<MemberRef>| person.map(|person| person.name.to_string());
    Some(TaskFacts {
        number: task.number,
        title: task.title.to_string(),
        owner: task.owner_name.to_string(),
        preparer: name(task.preparer),
        payee: name(task.payee),
        total: task.total,
        due_on: task.due_on?,
    })
}

/// Values of a member that an event has changed and that determine who approves.
fn authority_facts(changes: &[FieldChange], records: &EventRecords) -> Vec<AuthorityFacts> {
    let manager = |value: &Value| parse_value(value).map(|id| records.name(id));
    let fact = |change: &FieldChange| match change.field.as_str() {
        "/role" => Some(AuthorityFacts::Role { old: parse_value(&change.old), new: parse_value(&change.new)? }),
        "/manager_id" => Some(AuthorityFacts::Manager { old: manager(&change.old), new: manager(&change.new) }),
        "/approval_limit" => {
            Some(AuthorityFacts::ApprovalLimit { old: parse_value(&change.old), new: parse_value(&change.new) })
        }
        _ => None,
    };
    changes.iter().filter_map(fact).collect()
}

/// Content of the mail about a delegation to one of its sides.
fn delegation_notice(event: &Event, delegation: &DelegationNotice, records: &EventRecords, to: MemberId) -> Notice {
    let to_recipient = delegation.delegate == to;
    let other = records.name(if to_recipient { delegation.delegator } else { delegation.delegate });
    let by = records.actor_name(event);
    if delegation.ended {
        return Notice::DelegationEnded { to_recipient, other, by };
    }
    Notice::DelegationSet {
        to_recipient,
        other,
        by,
        from: delegation.from,
        until: delegation.until,
        ceiling: delegation.ceiling,
        day: today(event.at).utc(),
        tasks: records.tasks.clone(),
    }
}

/// Records that an event refers to.
struct EventRecords {
    members: Vec<Member>,
    report: Option<Report>,
    /// Policy in force, for the names of categories.
    policy: Option<Policy>,
    deliveries: Vec<Delivery>,
    pacing: Pacing,
    /// Reports that a new delegate can decide on.
    tasks: Vec<TaskFacts>,
}

impl EventRecords {
    async fn load(store: &Store, event: &Event, members: &[MemberId]) -> Result<Self, StoreError> {
        let EventSubject::Report(report_id) = event.subject else {
            let members = store.members_by_id(event.org, members).await?;
            let pacing = Pacing::load(store, event, &[]).await?;
            return Ok(Self { members, report: None, policy: None, deliveries: Vec::new(), pacing, tasks: Vec::new() });
        };
        let (members, report, policy, deliveries) = tokio::try_join!(
            store.members_by_id(event.org, members),
            load_report(store, event, report_id),
            store.policy(event.org),
            load_thread(store, event),
        )?;
        let pacing = Pacing::load(store, event, &deliveries).await?;
        Ok(Self { members, report, policy, deliveries, pacing, tasks: Vec::new() })
    }

    fn member(&self, id: MemberId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    fn name(&self, id: MemberId) -> String {
        self.member(id).map_or_else(String::new, |member| member.name.to_string())
    }

    /// Name of a category; its code when the policy no longer lists it.
    fn category_name(&self, code: &CategoryCode) -> String {
        self.policy.as_ref().map_or_else(|| code.to_string(), |policy| policy.category_name(code).to_string())
    }

    fn names(&self, ids: &[MemberId]) -> Vec<String> {
        ids.iter().map(|id| self.name(*id)).collect()
    }

    fn actor_name(&self, event: &Event) -> String {
        event.actor.map_or_else(String::new, |actor| self.name(actor))
    }

    fn decided_by(&self, event: &Event) -> DecidedBy {
        let name = self.actor_name(event);
        match event.on_behalf_of {
            Some(away) => DecidedBy::OnBehalfOf { name, away: self.name(away) },
            None => DecidedBy::Person(name),
        }
    }
}

/// Loads the report of an event. A corrupt report is left out: the mail goes out without expenses and delays no other.
async fn load_report(store: &Store, event: &Event, id: ReportId) -> Result<Option<Report>, StoreError> {
    match store.report(event.org, id).await {
        Err(StoreError::Corrupt { .. }) => Ok(None),
        report => report,
    }
}

/// Loads deliveries of earlier mail about the same report.
async fn load_thread(store: &Store, event: &Event) -> Result<Vec<Delivery>, StoreError> {
    let range = (event.seq.saturating_sub(THREAD_EVENTS), event.seq.saturating_sub(1));
    store.deliveries(event.org, event.subject, range).await
}

fn approval_request(
    step: &OpenedStep,
    report: ReportFacts,
    on_behalf_of: Option<String>,
    reassignment_reason: Option<String>,
) -> Notice {
    Notice::ApprovalRequested {
        report,
        step: step.name.to_string(),
        reasons: step.reasons.statements(),
        due_on: step.due_on,
        on_behalf_of,
        reassignment_reason,
    }
}

/// Mail about a paid report. It names the amount of the whole payment, as the bank statement does.
fn reimbursed(report: ReportFacts, payment: &ReimbursementFacts, to: MemberId) -> Notice {
    Notice::Reimbursed {
        report,
        amount: payment.payment_amount,
        set_off: Some(payment.payment_set_off).filter(|set_off| set_off.minor() > 0),
        reports: payment.payment_reports,
        to_recipient: payment.payee == to,
        paid_on: payment.paid_on,
    }
}

/// Fills a notification for a member; `None` when it is about a member who has been erased.
fn notice(event: &Event, content: &NotificationContent<'_>, records: &EventRecords, to: MemberId) -> Option<Notice> {
    let facts = |report: &ReportSnapshot| report_facts(report, records);
    let by = || records.decided_by(event);
    Some(match *content {
        NotificationContent::Invitation { role, .. } if event.member() != Some(to) => Notice::AuthorityChanged {
            member: records.member(event.member()?)?.name.to_string(),
            by: records.actor_name(event),
            is_new: true,
            changes: vec![AuthorityFacts::Role { old: None, new: role }],
        },
        NotificationContent::NewService { member, role } => Notice::AuthorityChanged {
            member: records.member(member)?.name.to_string(),
            by: records.actor_name(event),
            is_new: true,
            changes: vec![AuthorityFacts::Role { old: None, new: role }],
        },
        NotificationContent::AuthorityChange { member, changes } => Notice::AuthorityChanged {
            member: records.member(member)?.name.to_string(),
            by: records.actor_name(event),
            is_new: false,
            changes: authority_facts(changes, records),
        },
        NotificationContent::Delegation { delegation } => delegation_notice(event, delegation, records, to),
        NotificationContent::Prepared { report } => {
            Notice::Prepared { report: facts(report), by: records.actor_name(event), is_submitted: false }
        }
        NotificationContent::ApprovalRequest { report, .. } if report.owner == to => {
            Notice::Prepared { report: facts(report), by: records.actor_name(event), is_submitted: true }
        }
        NotificationContent::Invitation { organisation, role } => {
            Notice::Invited { organisation: organisation.to_owned(), inviter: records.actor_name(event), role }
        }
        NotificationContent::OrganisationClosed { organisation } => Notice::OrganisationClosed {
            organisation: organisation.to_owned(),
            by: records.actor_name(event),
            at: event.at,
        },
        NotificationContent::PayoutAccountChanged => Notice::PayoutAccountChanged { at: event.at },
        NotificationContent::AddressFailed { member, fault } => {
            let member = records.member(member)?;
            let address = member.email.as_ref()?.to_string();
            Notice::AddressFailed { member: member.name.to_string(), address, fault }
        }
        NotificationContent::ApprovalRequest { report, step, reassignment_reason } => {
            approval_request(step, facts(report), None, reassignment_reason.map(str::to_owned))
        }
        NotificationContent::Escalation { report, step, from, reason } if step.approvers.contains(&to) => {
            let (name, from, due_on) = (step.name.to_string(), records.names(from), step.due_on);
            Notice::EscalatedTo { report: facts(report), step: name, reason, from, due_on }
        }
        NotificationContent::Escalation { report, step, reason, .. } => {
            let (name, to) = (step.name.to_string(), records.names(&step.approvers));
            Notice::EscalatedFrom { report: facts(report), step: name, reason, to }
        }
        NotificationContent::Comment { report, text } => {
            Notice::Commented { report: facts(report), comments: unmailed_comments(event, text, records, to) }
        }
        NotificationContent::AutoApproval { report, below } => {
            Notice::Approved { report: facts(report), by: DecidedBy::Policy { below }, comment: None }
        }
        NotificationContent::Approval { report, comment } => {
            Notice::Approved { report: facts(report), by: by(), comment: comment.map(str::to_owned) }
        }
        NotificationContent::Return { report, reason } => {
            Notice::Returned { report: facts(report), by: by(), reason: reason.to_owned() }
        }
        NotificationContent::Rejection { report, reason } => {
            Notice::Rejected { report: facts(report), by: by(), reason: reason.to_owned() }
        }
        NotificationContent::Reimbursement { report, payment } => reimbursed(facts(report), payment, to),
        NotificationContent::ReportPaymentFailure { report, claim, failure, .. } => Notice::PaymentFailed {
            report: facts(report),
            to_recipient: report.payee.unwrap_or(report.owner) == to,
            amount: claim,
            reason: failure.reason.to_string(),
        },
        NotificationContent::PaymentFailure { payee, amount, reports, failure, .. } => {
            Notice::PayeeUnpaid { payee: records.name(payee), amount, reports, reason: failure.reason.to_string() }
        }
        NotificationContent::BatchWaiting { batch } => Notice::BatchWaiting {
            by: records.name(batch.created_by),
            reports: batch.reports,
            payments: batch.payments,
            held: batch.held,
            totals: batch.totals.iter().map(|totals| totals.amount).collect(),
            execution_date: batch.execution_date,
        },
    })
}

/// Comments since the last one that the member has had mail about, up to that of the event.
fn unmailed_comments(event: &Event, text: &str, records: &EventRecords, to: MemberId) -> Vec<CommentFacts> {
    let last_mailed = records.pacing.last_comment_mailed(event, to);
    let shown = records.report.iter().flat_map(|report| &report.comments);
    let earlier = shown.filter(|comment| {
        last_mailed.is_some_and(|mailed| comment.at > mailed) && comment.at < event.at && comment.by.id != to
    });
    let earlier =
        earlier.map(|comment| CommentFacts { by: comment.by.name.to_string(), text: comment.text.to_string() });
    earlier.chain([CommentFacts { by: records.actor_name(event), text: text.to_owned() }]).collect()
}

fn report_facts(snapshot: &ReportSnapshot, records: &EventRecords) -> ReportFacts {
    let unchanged = records.report.as_ref().filter(|report| report.content_hash == snapshot.content_hash);
    let is_same_currency = snapshot.base_total.currency() == snapshot.total.currency();
    ReportFacts {
        title: snapshot.title.to_string(),
        number: snapshot.number.clone(),
        owner: records.name(snapshot.owner),
        preparer: snapshot.preparer.map(|id| records.name(id)),
        payee: snapshot.payee.map(|id| records.name(id)),
        total: snapshot.total,
        base_total: (!is_same_currency).then_some(snapshot.base_total),
        reimbursable: snapshot.reimbursable,
        repayable: snapshot.repayable,
        not_reimbursed: snapshot.not_reimbursed,
        expenses: snapshot.expenses,
        violations: snapshot.violations.clone(),
        lines: unchanged
            .map(|report| report.expenses.iter().map(|expense| line_facts(expense, report, records)).collect())
            .unwrap_or_default(),
    }
}

fn line_facts(expense: &Expense, report: &Report, records: &EventRecords) -> LineFacts {
    let granted = expense.granted();
    let cut_reason = expense.approved.as_ref().map(|approval| approval.reason.clone());
    let has_violation = report.violations.iter().any(|violation| violation.expense_ids.contains(&expense.id));
    LineFacts {
        date: expense.facts.date,
        merchant: expense.facts.merchant.to_string(),
        category: records.category_name(&expense.facts.category),
        by_company_card: expense.facts.payment_method == PaymentMethod::CompanyCard,
        amount: expense.facts.amount,
        converted: expense.converted.as_ref().map(|conversion| conversion.amount),
        granted: (granted != expense.facts.amount).then_some(granted),
        note: cut_reason
            .or_else(|| expense.facts.justification.clone().filter(|_| has_violation))
            .or_else(|| expense.facts.note.clone())
            .map(|note| note.to_string()),
    }
}
