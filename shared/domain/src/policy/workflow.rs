//! The workflow as data: ordered steps, each with a condition, approvers and a mode.

use serde::{Deserialize, Serialize};

use crate::ids::MemberId;
use crate::member::Role;
use crate::money::{Currency, Money};

/// When a step applies. Everything that is given must hold; a step without conditions applies to every report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The total in the base currency reaches this amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_total: Option<Money>,
    /// The total in the base currency is below this amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below_total: Option<Money>,
    /// A line is in one of these categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// A line is on one of these cost centres.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cost_centres: Vec<String>,
    /// A line is on one of these projects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<String>,
    /// The owner is of one of these grades.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grades: Vec<String>,
    /// A line was paid in one of these currencies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub currencies: Vec<Currency>,
    /// The policy found something (true) or nothing (false).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_violations: Option<bool>,
}

/// How the approvers of a step are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Approvers {
    /// The owner's manager (level 1), that manager's manager (level 2), and so on.
    Manager {
        /// From 1.
        level: u8,
    },
    /// The owners of the cost centres of the report's lines.
    CostCentreOwner,
    /// The owners of the projects of the report's lines.
    ProjectOwner,
    /// Members with the role.
    Role {
        /// `finance` or `admin`.
        role: Role,
    },
    /// These members.
    Members {
        /// Their identifiers.
        members: Vec<MemberId>,
    },
}

/// How many of a step's approvers have to agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mode {
    /// One is enough.
    #[default]
    Any,
    /// Each of them.
    All,
    /// So many of them.
    Quorum {
        /// At least 2.
        of: u8,
    },
}

/// One step of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRule {
    /// The name people see, such as `Manager`.
    pub name: String,
    /// When it applies.
    #[serde(default)]
    pub when: Condition,
    /// Who decides.
    pub approvers: Approvers,
    /// How many of them have to agree.
    #[serde(default)]
    pub mode: Mode,
    /// Working days the approvers have.
    pub due_in_days: u8,
    /// Who is asked instead when the decision is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<Approvers>,
}
