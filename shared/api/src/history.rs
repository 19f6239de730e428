//! History over the API: entries, their mail, and the verification of their hash chain.

use std::collections::BTreeSet;

use jiff::Timestamp;
use outlay_domain::event::{Event, FieldChange};
use outlay_domain::history::first_broken_link;
use outlay_domain::ids::MemberId;
use outlay_domain::member::Member;
use outlay_domain::notification::{NotificationContent, Recipients};
use outlay_domain::report::Report;
use outlay_http::Problem;
use outlay_store::deliveries::{Delivery, DeliveryState};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::common::{PersonOut, time};
use super::report::StepReasonOut;

/// Changed field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldChange)]
pub struct FieldChangeOut {
    /// JSON pointer (RFC 6901) into the record. Expenses are named by identifier.
    #[schema(example = "/expenses/exp_01jd0000000000000000000000/amount/amount")]
    pub field: String,
    /// Value before; null when there was none.
    pub old: Value,
    /// Value after.
    pub new: Value,
}

impl From<&FieldChange> for FieldChangeOut {
    fn from(change: &FieldChange) -> Self {
        Self { field: change.field.clone(), old: change.old.clone(), new: change.new.clone() }
    }
}

/// Mail about an entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mail)]
pub struct MailOut {
    /// Recipient.
    pub to: PersonOut,
    /// Status: `queued`, `sent`, `delivered`, `bounced`, `complained`, `suppressed` (not sent, because mail to the
    /// address bounces), `refused` (by SES), `over_quota` (not sent, because a quota of mail was used up),
    /// `not_signed_in` (not sent, because the invited member has never signed in) or `superseded` (not sent, because a
    /// later mail says it).
    #[schema(example = "delivered")]
    pub status: &'static str,
    /// Time of the status, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub at: String,
}

impl MailOut {
    /// Mail about an event: deliveries that were started, and recipients whose delivery was not.
    fn of(event: &Event, deliveries: &[Delivery], people: &[Member]) -> Vec<Self> {
        let member = |id: MemberId| people.iter().find(|member| member.id == id);
        let mail = |id: MemberId, state: DeliveryState, at: Timestamp| Self {
            to: person(id, people),
            status: state.name(),
            at: time(at),
        };
        let sent = deliveries.iter().filter(|delivery| delivery.seq() == event.seq);
        let begun: Vec<Self> =
            sent.clone().map(|delivery| mail(delivery.recipient, delivery.state, delivery.at)).collect();
        // Members without an address get no mail.
        let waits = |id: &MemberId| {
            member(*id).is_some_and(|member| member.email.is_some()) && !sent.clone().any(|one| one.recipient == *id)
        };
        let queued = recipients(event).into_iter().filter(waits).map(|id| mail(id, DeliveryState::Queued, event.at));
        begun.into_iter().chain(queued).collect()
    }
}

fn person(id: MemberId, people: &[Member]) -> PersonOut {
    let name = people.iter().find(|member| member.id == id).map_or_else(String::new, |member| member.name.to_string());
    PersonOut { id: id.to_string(), name }
}

/// Members who get mail about an event of a report. Mail to admins is only about members.
fn recipients(event: &Event) -> Vec<MemberId> {
    match event.recipients() {
        Some(Recipients::Members(members)) => members,
        Some(Recipients::Admins { .. }) | None => Vec::new(),
    }
}

/// Members that entries name: actors, members they acted for, and recipients of mail.
#[must_use]
pub fn people(events: &[Event], deliveries: &[Delivery]) -> Vec<MemberId> {
    let of = |event: &Event| [event.actor, event.on_behalf_of].into_iter().flatten().chain(recipients(event));
    let all = events.iter().flat_map(of).chain(deliveries.iter().map(|delivery| delivery.recipient));
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Entry of a history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventOut {
    /// Position in the history, from 1.
    pub seq: u64,
    /// Type of the entry, such as `report.submitted`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "report.submitted")]
    pub kind: Value,
    /// Member who acted; null for automatic actions.
    pub actor: Option<PersonOut>,
    /// Member on whose behalf the actor acted, as a delegate or preparer.
    pub on_behalf_of: Option<PersonOut>,
    /// Time, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub at: String,
    /// Policy version of the report's last submission.
    pub policy_version: Option<u64>,
    /// Changed fields.
    pub changes: Vec<FieldChangeOut>,
    /// Details, by type: the reason, the step, the added expense.
    pub data: Value,
    /// Mail that the entry caused, with its delivery status.
    pub mail: Vec<MailOut>,
    /// SHA-256, in hexadecimal, of the previous entry's hash and this entry as canonical JSON.
    pub hash: String,
}

impl EventOut {
    /// Entry with the names of its members and its mail among `deliveries`.
    ///
    /// # Errors
    /// Problem `internal` when it has no JSON form.
    pub fn of(event: &Event, people: &[Member], deliveries: &[Delivery]) -> Result<Self, Problem> {
        let mut kind = serde_json::to_value(&event.kind).map_err(Problem::internal)?;
        if let (Some(data), Some(notification)) = (kind.get_mut("data"), event.notification()) {
            add_sentences(data, &notification.content)?;
        }
        let mut take = |name: &str| kind.get_mut(name).map_or(Value::Null, Value::take);
        let person = |id: MemberId| person(id, people);
        Ok(Self {
            seq: event.seq,
            kind: take("type"),
            actor: event.actor.map(person),
            on_behalf_of: event.on_behalf_of.map(person),
            at: time(event.at),
            policy_version: event.policy_version,
            changes: event.changes.iter().map(Into::into).collect(),
            data: take("data"),
            mail: MailOut::of(event, deliveries, people),
            hash: event.hash.clone(),
        })
    }
}

/// Adds the English sentences that an event is stored without: those of the report's violations and of the step's
/// reasons.
fn add_sentences(data: &mut Value, content: &NotificationContent<'_>) -> Result<(), Problem> {
    if let (Some(report), Some(violations)) = (content.report(), data.pointer_mut("/report/violations")) {
        *violations = report.violations.iter().map(ToString::to_string).collect();
    }
    let (NotificationContent::ApprovalRequest { step, .. } | NotificationContent::Escalation { step, .. }) = content
    else {
        return Ok(());
    };
    if let Some(asked) = data.get_mut("asked").and_then(Value::as_object_mut) {
        let reasons: Vec<StepReasonOut> = step.reasons.list.iter().map(Into::into).collect();
        asked.insert("reason".to_owned(), step.reasons.message().into());
        asked.insert("reasons".to_owned(), serde_json::to_value(reasons).map_err(Problem::internal)?);
    }
    Ok(())
}

/// Verification of the hash chain of this page.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Chain)]
pub struct ChainOut {
    /// True when each entry's hash matches its content and the entry before, none is missing, and the last one matches
    /// the report.
    pub verified: bool,
    /// First position that does not match; null when all do.
    pub broken_at: Option<u64>,
}

impl ChainOut {
    /// Verifies a page of a report's history. `first` and `last` are true for the first and the last page; `before` is
    /// the entry before the page.
    #[must_use]
    pub fn of(report: &Report, (first, before): (bool, Option<&Event>), events: &[Event], last: bool) -> Self {
        let previous = before.map_or((0, ""), |event| (event.seq, event.hash.as_str()));
        let is_now = |event: &&Event| event.seq == report.last_event;
        let now = before.into_iter().chain(events).find(is_now);
        let as_written = now.map_or(!last, |event| {
            event.hash == report.last_hash && event.state_hash.as_ref() == Some(&report.compute_state_hash())
        });
        // The entry before this page is missing.
        let gone = events.first().filter(|_| !first && before.is_none()).map(|event| event.seq.saturating_sub(1));
        // A report that is older than its history was restored.
        let ahead = events.iter().map(|event| event.seq).find(|seq| *seq > report.last_event);
        let broken_at = gone.or_else(|| first_broken_link(previous, events));
        let broken_at = broken_at.or(ahead).or((!as_written).then_some(report.last_event));
        Self { verified: broken_at.is_none(), broken_at }
    }
}
