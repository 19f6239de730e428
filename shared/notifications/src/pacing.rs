//! Pacing: requests to decide, or comments, that follow each other on one report become one mail. The first goes out at
//! once. The others wait in the outbox for the end of the quiet period; then the sweep sends the last one, and the ones
//! before it are superseded. A decision in between ends the series: the next request goes out at once.

use jiff::{SignedDuration, Timestamp};
use outlay_domain::event::{Event, EventKind, EventSubject};
use outlay_domain::ids::MemberId;
use outlay_domain::report::{Report, ReportStatus};
use outlay_store::deliveries::{Delivery, DeliveryState};
use outlay_store::{Store, StoreError};

/// Time between two mails of one series.
const QUIET_PERIOD: SignedDuration = SignedDuration::from_mins(15);
/// Number of latest deliveries about a report that a series is looked for in.
const MAX_DELIVERIES: usize = 50;

/// Time to send a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// At once.
    Now,
    /// At the end of the quiet period.
    NotBefore(Timestamp),
    /// Never: a later mail says it, or it is no longer true.
    Superseded,
}

/// Kind of mail that is paced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Series {
    Requests,
    Comments,
}

impl Series {
    const fn of(kind: &EventKind) -> Option<Self> {
        match kind {
            EventKind::ReportSubmitted { .. }
            | EventKind::StepApproved { .. }
            | EventKind::StepReassigned { .. }
            | EventKind::StepEscalated { .. } => Some(Self::Requests),
            EventKind::ReportCommented { .. } => Some(Self::Comments),
            _ => None,
        }
    }
}

const fn is_decision(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::StepApproved { .. }
            | EventKind::ReportApproved { .. }
            | EventKind::ReportReturned { .. }
            | EventKind::ReportRejected { .. }
    )
}

/// Mail that was sent about a report before an event, with the events that caused it.
#[derive(Debug)]
pub(crate) struct Pacing {
    mailed: Vec<(Delivery, Event)>,
}

impl Pacing {
    /// Loads the events of earlier mail about the same report. Reads nothing for events that are not paced, and when
    /// there is no earlier mail.
    pub(crate) async fn load(store: &Store, event: &Event, deliveries: &[Delivery]) -> Result<Self, StoreError> {
        let mut mailed = Vec::new();
        let EventSubject::Report(report) = event.subject else { return Ok(Self { mailed }) };
        if Series::of(&event.kind).is_none() {
            return Ok(Self { mailed });
        }
        let sent = deliveries.iter().rev().filter(|delivery| delivery.state != DeliveryState::Superseded);
        let latest: Vec<&Delivery> = sent.take(MAX_DELIVERIES).collect();
        let numbers: Vec<u64> = latest.iter().map(|delivery| delivery.seq()).collect();
        let events = store.events(event.org, report, &numbers).await?;
        for delivery in latest {
            let cause = events.iter().find(|event| event.seq == delivery.seq());
            mailed.extend(cause.map(|event| (delivery.clone(), event.clone())));
        }
        Ok(Self { mailed })
    }

    /// Latest mail of the same series to a member.
    fn latest(&self, event: &Event, to: MemberId) -> Option<&(Delivery, Event)> {
        let series = Series::of(&event.kind)?;
        let same = |(delivery, cause): &&(Delivery, Event)| {
            delivery.recipient == to && delivery.state.is_mail() && Series::of(&cause.kind) == Some(series)
        };
        self.mailed.iter().filter(same).max_by_key(|(_, cause)| cause.seq)
    }

    /// Time of the last comment that a member has had mail about.
    pub(crate) fn last_comment_mailed(&self, event: &Event, to: MemberId) -> Option<Timestamp> {
        self.latest(event, to).map(|(_, cause)| cause.at)
    }

    /// Time to send the mail about the event to a member. `report` is its current state.
    pub(crate) fn timing(&self, event: &Event, report: Option<&Report>, to: MemberId) -> Timing {
        let Some((delivery, cause)) = self.latest(event, to) else { return Timing::Now };
        // An escalation happens once, and also tells those whom the step no longer waits for.
        let is_single = is_decision(&event.kind) || matches!(event.kind, EventKind::StepEscalated { .. });
        if event.at.duration_since(delivery.at) >= QUIET_PERIOD || is_single {
            return Timing::Now;
        }
        let is_decided = self.mailed.iter().any(|(_, other)| other.seq > cause.seq && is_decision(&other.kind));
        let is_superseded = match Series::of(&event.kind) {
            Some(Series::Requests) if is_decided => return Timing::Now,
            Some(Series::Requests) => report.is_some_and(|report| !is_asked(report, event, to)),
            Some(Series::Comments) => report.is_some_and(|report| {
                report.comments.iter().any(|comment| comment.at > event.at && comment.by.id != to)
            }),
            None => false,
        };
        if is_superseded {
            return Timing::Superseded;
        }
        delivery.at.saturating_add(QUIET_PERIOD).map_or(Timing::Now, Timing::NotBefore)
    }
}

/// True while the request of an event is the latest one, and the member has not decided.
fn is_asked(report: &Report, event: &Event, to: MemberId) -> bool {
    let is_latest = report.submitted_at.is_none_or(|submitted| submitted <= event.at);
    let Some(step) = report.pending_step().filter(|_| is_latest && report.status == ReportStatus::Submitted) else {
        return false;
    };
    // A delegate is not among the approvers.
    !step.has_decided(to) && !step.replaced_approvers.contains(&to)
}
