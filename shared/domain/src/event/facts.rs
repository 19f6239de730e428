//! Facts that events carry: changed fields, and for mail a report, a step or a delegation.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{BatchId, MemberId, ReportId};
use crate::money::Money;
use crate::policy::{Finding, Violation};
use crate::report::Report;
use crate::statement::Statement;
use crate::step::{Step, StepReasons};
use crate::text::{Label, Title};

/// Subject of an event. Each subject has its own history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum EventSubject {
    /// Organisation.
    Organisation,
    /// Member.
    Member(MemberId),
    /// Policy.
    Policy,
    /// Exchange rates of a day.
    Rates(Date),
    /// Report.
    Report(ReportId),
    /// Batch, with its payments.
    Batch(BatchId),
}

/// Changed field of the subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// JSON pointer, such as `/status` or `/expenses/exp_…/amount/amount`; lines are named by identifier.
    pub field: String,
    /// Old value; null when the field was absent.
    pub old: serde_json::Value,
    /// New value; null when the field is absent.
    pub new: serde_json::Value,
}

/// Reason of an escalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalationReason {
    /// The due date has passed.
    Overdue,
    /// Mail to an approver bounces.
    Unreachable,
    /// An approver can no longer decide: suspended, an auditor, or with an approval limit below the total.
    Unable,
}

/// Facts of a report at the time of an event, for mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportSnapshot {
    /// Content hash of the lines: a later reader can detect whether they have changed.
    pub content_hash: String,
    /// Owner.
    pub owner: MemberId,
    /// Interested parties, the owner first.
    #[serde(rename = "concerned", default)]
    pub interested_parties: Vec<MemberId>,
    /// Preparer, when it is not the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparer: Option<MemberId>,
    /// Payee, when it is not the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<MemberId>,
    /// Report number, such as `R-2026-7K3F-9QZX`.
    pub number: String,
    /// Title.
    pub title: Title,
    /// Total in the report's currency.
    pub total: Money,
    /// Total in the base currency.
    pub base_total: Money,
    /// Amount that is reimbursed. Absent in events stored before it was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reimbursable: Option<Money>,
    /// Amount paid by company card that is not granted, when it is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repayable: Option<Money>,
    /// Total in the base currency with the parts of its bills in other reports, when they make it larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_with_parts: Option<Money>,
    /// Amount paid by the owner and not reimbursed, when it is not zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_reimbursed: Option<Money>,
    /// Number of lines.
    pub expenses: usize,
    /// Policy findings.
    pub violations: Vec<Statement<Finding>>,
}

impl ReportSnapshot {
    /// Total in the base currency that the approval of the report goes by.
    #[must_use]
    pub fn total_to_approve(&self) -> Money {
        self.total_with_parts.unwrap_or(self.base_total)
    }

    /// Snapshot of a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let totals = report.effective_totals();
        Self {
            content_hash: report.content_hash.clone(),
            owner: report.owner,
            interested_parties: report.interested_parties().collect(),
            preparer: report.preparer.as_ref().map(|person| person.id),
            payee: report.payee.as_ref().map(|person| person.id),
            number: report.number.clone(),
            title: report.title.clone(),
            total: totals.total,
            base_total: report.base_total,
            total_with_parts: report.total_with_parts,
            reimbursable: Some(totals.reimbursable),
            repayable: totals.repayable,
            not_reimbursed: Some(totals.not_reimbursed).filter(|part| part.minor() != 0),
            expenses: report.expense_count,
            violations: report.violations.iter().map(Violation::statement).collect(),
        }
    }
}

/// Step that became pending, or whose approvers were replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedStep {
    /// Position in the chain, from 1.
    pub number: u32,
    /// Name of the step.
    pub name: Label,
    /// Approvers to notify.
    pub approvers: Vec<MemberId>,
    /// Reasons why the step applies and how its approvers were found.
    #[serde(flatten)]
    pub reasons: StepReasons,
    /// Due date.
    pub due_on: Option<Date>,
}

impl OpenedStep {
    /// Facts of a step.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        Self {
            number: step.number,
            name: step.name.clone(),
            approvers: step.approvers.iter().map(|person| person.id).collect(),
            reasons: step.reasons.clone(),
            due_on: step.due_on,
        }
    }
}

/// Delegation that was set or has ended, for mail to both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegationNotice {
    /// Member who delegates.
    pub delegator: MemberId,
    /// Member who decides in their place.
    pub delegate: MemberId,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// Largest total that is delegated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Money>,
    /// True when it has ended.
    pub ended: bool,
}
