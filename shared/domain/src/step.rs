//! Steps of an approval route: approvers, status, reasons and decisions.

mod reason;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::MemberId;
use crate::member::{Member, MemberRef};
use crate::policy::{ApprovalMode, Policy};
use crate::statement::Statement;
use crate::text::{Label, Note, TimeZoneName};
use crate::today::Today;

pub use reason::{ApproverGroup, ExclusionReason, StepReason};

/// Maximum number of approvers of a step; of more, the first by identifier. Each approver is one item of the
/// transaction.
pub const MAX_APPROVERS: usize = 20;

/// Status of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// An earlier step is still open.
    Waiting,
    /// Its approvers have to decide now.
    Pending,
    /// Approved.
    Approved,
    /// The report was returned to its owner at this step.
    Returned,
    /// The report was rejected at this step.
    Rejected,
}

/// Decision of an approver on a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Member who decided.
    pub by: MemberRef,
    /// Approver the member decided for, by delegation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<MemberRef>,
    /// Time of the decision.
    pub at: Timestamp,
    /// Comment, or the reason of a return or rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Note>,
}

impl Decision {
    /// True when the member made the decision, or it was made on their behalf.
    #[must_use]
    pub fn involves(&self, member: MemberId) -> bool {
        self.by.id == member || self.on_behalf_of.as_ref().is_some_and(|person| person.id == member)
    }
}

/// One stage of the approval chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Position in the chain, from 1.
    pub number: u32,
    /// Name of the workflow's step.
    pub name: Label,
    /// Status.
    pub status: StepStatus,
    /// Number of approvers who have to agree.
    pub mode: ApprovalMode,
    /// Approvers.
    pub approvers: Vec<MemberRef>,
    /// Reasons why the step applies and how its approvers were found.
    #[serde(flatten)]
    pub reasons: StepReasons,
    /// Working days for the decision, from when the step is pending.
    pub due_in_days: u8,
    /// Time zone that all approvers share, whose days count for the due date; UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZoneName>,
    /// Day the decision is due, once the step is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
    /// Approvers once the step is overdue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalates_to: Vec<MemberRef>,
    /// Former approvers whose decision is no longer needed.
    #[serde(rename = "passed_over", default, skip_serializing_if = "Vec::is_empty")]
    pub replaced_approvers: Vec<MemberId>,
    /// Decisions, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
}

/// Reasons of a step, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReasons {
    /// English text. Only of steps stored before reasons had parameters; it precedes the other reasons.
    #[serde(rename = "reason", default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Reasons with their parameters.
    #[serde(rename = "reasons", default, skip_serializing_if = "Vec::is_empty")]
    pub list: Vec<StepReason>,
}

impl StepReasons {
    /// The reasons for a mail.
    #[must_use]
    pub fn statements(&self) -> Vec<Statement<StepReason>> {
        let text = self.text.iter().cloned().map(Statement::Sentence);
        text.chain(self.list.iter().cloned().map(Statement::Data)).collect()
    }

    /// The reasons in English, in one line.
    #[must_use]
    pub fn message(&self) -> String {
        let sentences: Vec<String> = self.statements().iter().map(ToString::to_string).collect();
        sentences.join(" ")
    }
}

impl From<Vec<StepReason>> for StepReasons {
    fn from(list: Vec<StepReason>) -> Self {
        Self { text: None, list }
    }
}

impl Step {
    /// True when the member is one of the step's approvers.
    #[must_use]
    pub fn is_approver(&self, member: MemberId) -> bool {
        self.approvers.iter().any(|person| person.id == member)
    }

    /// True when the step cannot be approved without the member.
    #[must_use]
    pub fn requires(&self, member: MemberId) -> bool {
        let enough_others = match self.mode {
            ApprovalMode::Any => self.approvers.len() > 1,
            ApprovalMode::All => false,
            ApprovalMode::Quorum { of } => self.approvers.len() > usize::from(of),
        };
        self.is_approver(member) && !enough_others
    }

    /// True when the member has decided here, or a delegate on their behalf.
    #[must_use]
    pub fn has_decided(&self, member: MemberId) -> bool {
        self.decisions.iter().any(|decision| decision.involves(member))
    }

    /// Approvers who have not decided yet.
    pub fn pending_approvers(&self) -> impl Iterator<Item = &MemberRef> {
        self.approvers.iter().filter(|person| !self.has_decided(person.id))
    }

    /// Number of approvers who still have to agree.
    #[must_use]
    pub fn remaining(&self) -> usize {
        let needed = match self.mode {
            ApprovalMode::Any => 1,
            ApprovalMode::All => self.approvers.len(),
            ApprovalMode::Quorum { of } => usize::from(of),
        };
        needed.saturating_sub(self.decisions.len())
    }

    /// Makes the step pending. Its due date counts from the approvers' day, in working days of the policy.
    #[must_use]
    pub fn activated(self, policy: &Policy, today: Today) -> Self {
        let day = today.in_zone(self.time_zone.as_ref());
        Self { status: StepStatus::Pending, due_on: Some(policy.working_days_after(day, self.due_in_days)), ..self }
    }

    /// True when the due day has ended where the approvers are.
    #[must_use]
    pub fn is_overdue(&self, today: Today) -> bool {
        self.due_on.is_some_and(|due| due < today.in_zone(self.time_zone.as_ref()))
    }

    /// Sets the time zone to the one that all approvers share. `known` are approvers in their current state; the others
    /// have the former time zone of the step.
    pub(crate) fn set_time_zone<'a>(&mut self, known: impl IntoIterator<Item = &'a Member>) {
        let known: Vec<&Member> = known.into_iter().filter(|member| self.is_approver(member.id)).collect();
        let has_others = self.approvers.iter().any(|person| !known.iter().any(|member| member.id == person.id));
        let former = self.time_zone.take();
        let mut zones = known.iter().map(|member| &member.time_zone).chain(has_others.then_some(&former));
        let first = zones.next().cloned().flatten();
        let is_shared = zones.all(|zone| *zone == first);
        self.time_zone = first.filter(|_| is_shared);
    }
}
