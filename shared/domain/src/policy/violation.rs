//! Violations: a finding of a policy rule, with the expenses it is on and its severity.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;
use utoipa::ToSchema;

use super::finding::{Finding, Measure, PolicyRule};
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
