//! History over the API: entries, their mail, and the verification of their hash chain.

use std::collections::BTreeSet;

use jiff::Timestamp;
use outlay_domain::batch::Batch;
use outlay_domain::event::{Event, EventSubject, FieldChange};
use outlay_domain::history::first_broken_link;
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::member::Member;
use outlay_domain::notification::{NotificationContent, Recipients};
use outlay_domain::report::Report;
use outlay_http::{ApiError, Problem};
use outlay_store::deliveries::{Delivery, DeliveryState};
use outlay_store::{PageRequest, Store, StoreError};
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

/// Members who get mail about an event of a report. Mail to admins is only about members, mail to finance about batches.
fn recipients(event: &Event) -> Vec<MemberId> {
    match event.recipients() {
        Some(Recipients::Members(members)) => members,
        Some(Recipients::Admins { .. } | Recipients::Finance { .. }) | None => Vec::new(),
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
    /// Policy version of the report's last submission; null for a batch.
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
    /// the record.
    pub verified: bool,
    /// First position that does not match; null when all do.
    pub broken_at: Option<u64>,
}

impl ChainOut {
    /// Verifies a page of a history. `first` and `last` are true for the first and the last page; `before` is the entry
    /// before the page.
    #[must_use]
    pub fn of(head: &HistoryHead, (first, before): (bool, Option<&Event>), events: &[Event], last: bool) -> Self {
        let previous = before.map_or((0, ""), |event| (event.seq, event.hash.as_str()));
        let is_now = |event: &&Event| event.seq == head.last_event;
        let now = before.into_iter().chain(events).find(is_now);
        let as_written = now.map_or(!last, |event| event.hash == head.last_hash && event.state_hash == head.state_hash);
        // The entry before this page is missing.
        let gone = events.first().filter(|_| !first && before.is_none()).map(|event| event.seq.saturating_sub(1));
        // A record that is older than its history was restored.
        let ahead = events.iter().map(|event| event.seq).find(|seq| *seq > head.last_event);
        let broken_at = gone.or_else(|| first_broken_link(previous, events));
        let broken_at = broken_at.or(ahead).or((!as_written).then_some(head.last_event));
        Self { verified: broken_at.is_none(), broken_at }
    }
}

/// Record that a history is about, as its last event left it.
#[derive(Clone, Debug)]
pub struct HistoryHead {
    /// Organisation.
    pub org: OrgId,
    /// Subject of the events.
    pub subject: EventSubject,
    /// Number of the last event.
    pub last_event: u64,
    /// Hash of the last event.
    pub last_hash: String,
    /// Hash of the record after the last event; `None` for a subject whose events have none.
    pub state_hash: Option<String>,
}

impl From<&Report> for HistoryHead {
    fn from(report: &Report) -> Self {
        Self {
            org: report.org,
            subject: EventSubject::Report(report.id),
            last_event: report.last_event,
            last_hash: report.last_hash.clone(),
            state_hash: Some(report.compute_state_hash()),
        }
    }
}

impl From<&Batch> for HistoryHead {
    fn from(batch: &Batch) -> Self {
        Self {
            org: batch.org,
            subject: EventSubject::Batch(batch.id),
            last_event: batch.last_event,
            last_hash: batch.last_hash.clone(),
            state_hash: None,
        }
    }
}

/// Page of a history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = History)]
pub struct HistoryOut {
    /// Events, oldest first.
    pub items: Vec<EventOut>,
    /// Value of `cursor` for the next page; null on the last page.
    pub next_cursor: Option<String>,
    /// Result of the integrity check of these events.
    pub chain: ChainOut,
}

impl HistoryOut {
    /// Loads a page of the history of a record. `reload` reads the record again, when an event was added meanwhile.
    ///
    /// # Errors
    /// Problems of the table and of the cursor.
    pub async fn load(
        store: &Store,
        page: &PageRequest,
        mut head: HistoryHead,
        reload: impl Future<Output = Result<HistoryHead, ApiError>> + Send,
    ) -> Result<Self, ApiError> {
        let events = store.list_events(head.org, head.subject, page).await?;
        if events.items.last().is_some_and(|event| event.seq > head.last_event) {
            // The record changed after it was read, or an old copy of it was written back to the table.
            head = reload.await?;
        }
        let (deliveries, previous) = tokio::try_join!(
            load_deliveries(store, &head, &events.items),
            load_previous_event(store, &head, page, &events.items)
        )?;
        let people = store.members_by_id(head.org, &people(&events.items, &deliveries)).await?;
        let (is_first_page, is_last_page) = (page.cursor.is_none(), events.next.is_none());
        let chain = ChainOut::of(&head, (is_first_page, previous.as_ref()), &events.items, is_last_page);
        let items = events.items.iter().map(|event| EventOut::of(event, &people, &deliveries));
        Ok(Self { items: items.collect::<Result<_, _>>()?, next_cursor: events.next, chain })
    }
}

/// Loads the mails about the events of a page.
async fn load_deliveries(store: &Store, head: &HistoryHead, events: &[Event]) -> Result<Vec<Delivery>, StoreError> {
    match (events.first(), events.last()) {
        (Some(first), Some(last)) => store.deliveries(head.org, head.subject, (first.seq, last.seq)).await,
        _ => Ok(Vec::new()),
    }
}

/// Loads the event before a page: its hash must be in the first event of the page. The first page has none.
async fn load_previous_event(
    store: &Store,
    head: &HistoryHead,
    page: &PageRequest,
    events: &[Event],
) -> Result<Option<Event>, StoreError> {
    if page.cursor.is_none() {
        return Ok(None);
    }
    match events.first().map(|event| event.seq) {
        Some(first) if first > 1 => store.event(head.org, head.subject, first - 1).await,
        Some(_) => Ok(None),
        // The previous page ended with the last event.
        None => store.event(head.org, head.subject, head.last_event).await,
    }
}
