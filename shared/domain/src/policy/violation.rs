//! Violations: a finding of a policy rule, with the expenses it is on and its severity.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use utoipa::ToSchema;

use super::LimitEffect;
use super::finding::{Consequence, Finding, Measure, PolicyRule, SplitBill};
use super::requirement::RuleEffect;
use crate::ids::ExpenseId;
use crate::statement::Statement;

/// Effect of a violation on the submission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Approvers see it; the report can be submitted.
    #[default]
    Warn,
    /// The report cannot be submitted.
    Block,
}

/// Effect that the violated rule has by the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingEffect {
    /// Approvers see it.
    Note,
    /// A justification is required.
    Warn,
    /// The report cannot be submitted.
    Block,
    /// The amount above the limit is not reimbursed.
    Cap,
}

impl From<RuleEffect> for FindingEffect {
    fn from(effect: RuleEffect) -> Self {
        match effect {
            RuleEffect::Note => Self::Note,
            RuleEffect::Warn => Self::Warn,
            RuleEffect::Block => Self::Block,
        }
    }
}

impl From<LimitEffect> for FindingEffect {
    fn from(effect: LimitEffect) -> Self {
        match effect {
            LimitEffect::Warn => Self::Warn,
            LimitEffect::Block => Self::Block,
            LimitEffect::Cap => Self::Cap,
        }
    }
}

/// Violation of a policy rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The finding.
    #[serde(flatten)]
    pub finding: ViolationFinding,
    /// The report's expenses it is on, in their order; at least one.
    pub expense_ids: Vec<ExpenseId>,
    /// Effect on the submission.
    pub severity: Severity,
    /// Effect of the rule. Absent in reports stored before it was; see [`Violation::effect`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<FindingEffect>,
    /// Field of the expense that would have to change.
    pub field: ExpenseField,
}

/// Finding of a violation in one of its two stored forms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ViolationFinding {
    /// Rule with parameters.
    Structured(Finding),
    /// Rule with an English sentence. Only in reports stored before findings had parameters.
    Sentence {
        /// Rule.
        rule: PolicyRule,
        /// English sentence.
        message: String,
        /// Highest allowed value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<Measure>,
        /// Actual value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actual: Option<Measure>,
    },
}

impl Violation {
    /// Violated rule.
    #[must_use]
    pub const fn rule(&self) -> PolicyRule {
        match &self.finding {
            ViolationFinding::Structured(finding) => finding.rule(),
            ViolationFinding::Sentence { rule, .. } => *rule,
        }
    }

    /// True for a bill whose parts are in several reports.
    #[must_use]
    pub const fn is_split_over_reports(&self) -> bool {
        matches!(self.finding, ViolationFinding::Structured(Finding::Splitting(SplitBill::OverReports { .. })))
    }

    /// Effect of the rule by the policy of the submission.
    #[must_use]
    pub fn effect(&self) -> FindingEffect {
        let consequence = match &self.finding {
            ViolationFinding::Structured(finding) => finding.consequence(),
            ViolationFinding::Sentence { .. } => None,
        };
        self.effect.unwrap_or(match (consequence, self.severity) {
            (Some(Consequence::ExcessNotReimbursed), _) => FindingEffect::Cap,
            (Some(Consequence::JustificationNeeded), _) => FindingEffect::Warn,
            (None, Severity::Warn) => FindingEffect::Note,
            (None, Severity::Block) => FindingEffect::Block,
        })
    }

    /// English sentence.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        match &self.finding {
            ViolationFinding::Structured(finding) => Cow::Owned(finding.to_string()),
            ViolationFinding::Sentence { message, .. } => Cow::Borrowed(message),
        }
    }

    /// Highest allowed value, for the rules that have one.
    #[must_use]
    pub fn limit(&self) -> Option<Measure> {
        match &self.finding {
            ViolationFinding::Structured(finding) => finding.measures().map(|(limit, _)| limit),
            ViolationFinding::Sentence { limit, .. } => *limit,
        }
    }

    /// Actual value, for the rules that have a limit.
    #[must_use]
    pub fn actual(&self) -> Option<Measure> {
        match &self.finding {
            ViolationFinding::Structured(finding) => finding.measures().map(|(_, actual)| actual),
            ViolationFinding::Sentence { actual, .. } => *actual,
        }
    }

    /// Parameters of the sentence as a JSON object; none in reports stored before findings had parameters.
    #[must_use]
    pub fn parameters(&self) -> Option<serde_json::Value> {
        match &self.finding {
            ViolationFinding::Structured(finding) => Some(finding.parameters()),
            ViolationFinding::Sentence { .. } => None,
        }
    }

    /// The finding for a mail.
    #[must_use]
    pub fn statement(&self) -> Statement<Finding> {
        match &self.finding {
            ViolationFinding::Structured(finding) => Statement::Data(finding.clone()),
            ViolationFinding::Sentence { message, .. } => Statement::Sentence(message.clone()),
        }
    }
}

/// Field of an expense, as requests name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ExpenseField {
    /// `category`
    Category,
    /// `amount`
    Amount,
    /// `justification`
    Justification,
    /// `receipt_reference`
    ReceiptReference,
    /// `receipts`
    Receipts,
    /// `date`
    Date,
    /// `attendees`
    Attendees,
    /// `project`
    Project,
    /// `cost_centre`
    CostCentre,
    /// `trip`
    Trip,
}

impl ExpenseField {
    /// Name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}
