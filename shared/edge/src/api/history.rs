//! The history of a report over the API, and whether it is as it was written.

use jiff::Timestamp;
use outlay_domain::event::{Event, FieldChange, Recipients};
use outlay_domain::history::first_break;
use outlay_domain::ids::MemberId;
use outlay_domain::member::Member;
use outlay_domain::report::Report;
use outlay_store::deliveries::{Delivery, DeliveryState};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::common::{PersonOut, time};
use crate::notices::distinct;
use crate::problem::Problem;

/// A field that changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldChange)]
pub struct FieldChangeOut {
    /// JSON pointer into the report as it is stored; lines are named by identifier.
    #[schema(example = "/expenses/exp_01jd0000000000000000000000/amount/amount")]
    pub field: String,
    /// What it was; null when it was not there.
    pub old: Value,
    /// What it is.
    pub new: Value,
}

impl From<&FieldChange> for FieldChangeOut {
    fn from(change: &FieldChange) -> Self {
        Self { field: change.field.clone(), old: change.old.clone(), new: change.new.clone() }
    }
}

/// A mail about an entry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mail)]
pub struct MailOut {
    /// To whom.
    pub to: PersonOut,
    /// `queued`, `sent`, `delivered`, `bounced`, `complained`, `suppressed` (not sent, because mail to the address comes back) or `refused` (SES does not send it).
    #[schema(example = "delivered")]
    pub status: &'static str,
    /// Since when, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub at: String,
}

impl MailOut {
    /// The mail about an event: what is on its way, and what is going to be.
    fn of(event: &Event, deliveries: &[Delivery], people: &[Member]) -> Vec<Self> {
        let his = |id: MemberId| people.iter().find(|member| member.id == id);
        let mail = |id: MemberId, state: DeliveryState, at: Timestamp| Self {
            to: person(id, people),
            status: state.name(),
            at: time(at),
        };
        let sent = deliveries.iter().filter(|delivery| delivery.seq() == event.seq);
        let begun: Vec<Self> =
            sent.clone().map(|delivery| mail(delivery.recipient, delivery.state, delivery.at)).collect();
        // Who has no address is not told.
        let waits = |id: &MemberId| {
            his(*id).is_some_and(|member| member.email.is_some()) && !sent.clone().any(|one| one.recipient == *id)
        };
        let queued = told(event).into_iter().filter(waits).map(|id| mail(id, DeliveryState::Queued, event.at));
        begun.into_iter().chain(queued).collect()
    }
}

fn person(id: MemberId, people: &[Member]) -> PersonOut {
    let name = people.iter().find(|member| member.id == id).map_or_else(String::new, |member| member.name.clone());
    PersonOut { id: id.to_string(), name }
}

/// The members who are told of an event of a report: never the admins, who hear of members.
fn told(event: &Event) -> Vec<MemberId> {
    match event.recipients() {
        Some(Recipients::Members(members)) => members,
        Some(Recipients::Admins) | None => Vec::new(),
    }
}

/// Who is named with the entries: who did what, for whom, and who is told.
#[must_use]
pub fn people(events: &[Event], deliveries: &[Delivery]) -> Vec<MemberId> {
    let of = |event: &Event| [event.actor, event.on_behalf_of].into_iter().flatten().chain(told(event));
    distinct(events.iter().flat_map(of).chain(deliveries.iter().map(|delivery| delivery.recipient)))
}

/// One entry of the history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventOut {
    /// Position in the report's history, from 1.
    pub seq: u64,
    /// What happened, such as `report.submitted`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "report.submitted")]
    pub kind: Value,
    /// Who did it; null for what Outlay did by itself.
    pub actor: Option<PersonOut>,
    /// For whom, when he acted by delegation or for the owner.
    pub on_behalf_of: Option<PersonOut>,
    /// When, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub at: String,
    /// The policy version the report was judged by.
    pub policy_version: Option<u64>,
    /// The fields that changed.
    pub changes: Vec<FieldChangeOut>,
    /// What else belongs to it: the reason, the step, the line that was added.
    pub data: Value,
    /// The mail it called for, and how far that has come.
    pub mail: Vec<MailOut>,
    /// SHA-256, in hexadecimal, of the hash of the entry before and this entry as it is stored, as canonical JSON.
    pub hash: String,
}

impl EventOut {
    /// The entry, with names of the people in it, and the mail about it among `deliveries`.
    ///
    /// # Errors
    /// A problem of type `internal` when it cannot be written as JSON.
    pub fn of(event: &Event, people: &[Member], deliveries: &[Delivery]) -> Result<Self, Problem> {
        let mut kind = serde_json::to_value(&event.kind).map_err(Problem::internal)?;
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

/// Whether the entries of this page are as they were written.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Chain)]
pub struct ChainOut {
    /// Whether each entry's hash follows from the entry before it, none is missing, and the last one is of the report as it stands.
    pub verified: bool,
    /// The first position where that does not hold.
    pub broken_at: Option<u64>,
}

impl ChainOut {
    /// Checks a page of a report's history. In front of it is nothing, or the entry `before`; `last` says that none follows.
    #[must_use]
    pub fn of(report: &Report, (first, before): (bool, Option<&Event>), events: &[Event], last: bool) -> Self {
        let previous = before.map_or((0, ""), |event| (event.seq, event.hash.as_str()));
        let is_now = |event: &&Event| event.seq == report.last_event;
        let now = before.into_iter().chain(events).find(is_now);
        let as_written = now.map_or(!last, |event| {
            event.hash == report.last_hash && event.state_hash.as_ref() == Some(&report.state_hash)
        });
        // The entry that this page would have to follow on is gone.
        let gone = events.first().filter(|_| !first && before.is_none()).map(|event| event.seq.saturating_sub(1));
        // A report that knows nothing of what happened to it is an old one.
        let ahead = events.iter().map(|event| event.seq).find(|seq| *seq > report.last_event);
        let broken_at = gone.or_else(|| first_break(previous, events));
        let broken_at = broken_at.or(ahead).or((!as_written).then_some(report.last_event));
        Self { verified: broken_at.is_none(), broken_at }
    }
}
