//! Workflow of a policy: ordered steps, each with a condition, approvers and a mode.

use serde::{Deserialize, Serialize};

use crate::ids::MemberId;
use crate::member::Role;
use crate::money::{Currency, Money};
use crate::text::{CategoryCode, CostCentreCode, Grade, Label, ProjectCode};

/// Condition of a step. All given fields must hold; an empty condition holds for every report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepCondition {
    /// Lowest total in the base currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_total: Option<Money>,
    /// Total in the base currency that the report must be below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below_total: Option<Money>,
    /// Categories; at least one expense is in one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<CategoryCode>,
    /// Cost centres; at least one expense is on one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cost_centres: Vec<CostCentreCode>,
    /// Projects; at least one expense is on one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<ProjectCode>,
    /// Grades; the owner has one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grades: Vec<Grade>,
    /// Currencies; at least one expense was paid in one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub currencies: Vec<Currency>,
    /// True for reports with violations, false for reports without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_violations: Option<bool>,
}

/// Rule that finds the approvers of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Approvers {
    /// Manager of the owner (level 1), that manager's manager (level 2), and so on.
    Manager {
        /// Level, from 1.
        level: u8,
    },
    /// Owners of the cost centres of the report's expenses.
    CostCentreOwner,
    /// Owners of the projects of the report's expenses.
    ProjectOwner,
    /// Members with a role.
    Role {
        /// Role: `finance` or `admin`.
        role: Role,
    },
    /// Named members.
    Members {
        /// Identifiers of the members.
        members: Vec<MemberId>,
    },
}

/// Number of a step's approvers who have to agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ApprovalMode {
    /// Any one of them.
    #[default]
    Any,
    /// All of them.
    All,
    /// A given number of them.
    Quorum {
        /// The number, at least 2.
        of: u8,
    },
}

/// Step of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRule {
    /// Display name, such as `Manager`.
    pub name: Label,
    /// Condition.
    #[serde(default)]
    pub when: StepCondition,
    /// Approvers.
    pub approvers: Approvers,
    /// Number of approvers who have to agree.
    #[serde(default)]
    pub mode: ApprovalMode,
    /// Working days until the decision is due.
    pub due_in_days: u8,
    /// Approvers who replace those of the step when the decision is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<Approvers>,
}
