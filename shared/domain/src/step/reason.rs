//! Reasons of a step as data: why it applies and how its approvers were found. They name no people, because they go
//! into the history. The English sentence is made here, from the data only; mail makes those of the other languages.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::member::Role;
use crate::money::{Currency, Money};
use crate::policy::{ApprovalMode, Approvers};
use crate::text::{CategoryCode, CostCentreCode, Grade, Label, ProjectCode};

/// Reason why a member cannot be an approver of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExclusionReason {
    /// The member is suspended, or an auditor.
    CannotApprove,
    /// The member is an interested party.
    SeparationOfDuties,
    /// The member is an approver of another step.
    OtherStep,
    /// The total is above the member's approval limit.
    Limit,
}

impl ExclusionReason {
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::CannotApprove => "cannot approve",
            Self::SeparationOfDuties => "may not decide on this report (separation of duties)",
            Self::OtherStep => "decides at another step of it",
            Self::Limit => "has an approval limit below the total",
        }
    }
}

/// Approvers as a workflow step describes them, without the members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ApproverGroup {
    /// The owner's manager (level 1), that manager's manager (level 2), and so on.
    Manager {
        /// From 1.
        level: u8,
    },
    /// The owners of the report's cost centres.
    CostCentreOwner,
    /// The owners of the report's projects.
    ProjectOwner,
    /// The members with a role.
    Role {
        /// The role.
        role: Role,
    },
    /// The members that the workflow lists.
    Members,
}

impl From<&Approvers> for ApproverGroup {
    fn from(approvers: &Approvers) -> Self {
        match approvers {
            Approvers::Manager { level } => Self::Manager { level: *level },
            Approvers::CostCentreOwner => Self::CostCentreOwner,
            Approvers::ProjectOwner => Self::ProjectOwner,
            Approvers::Role { role } => Self::Role { role: *role },
            Approvers::Members { .. } => Self::Members,
        }
    }
}

/// One reason of a step with its parameters. Names of parameters are part of the API and of stored items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", content = "parameters", rename_all = "kebab-case")]
pub enum StepReason {
    /// The total reaches the amount of the condition.
    TotalReaches {
        /// Total in the base currency.
        total: Money,
        /// Amount of the condition.
        from_total: Money,
    },
    /// The total is below the amount of the condition.
    TotalBelow {
        /// Total in the base currency.
        total: Money,
        /// Amount of the condition.
        below_total: Money,
    },
    /// An expense is in a category of the condition.
    Category {
        /// Code of the category.
        category: CategoryCode,
        /// Name of the category.
        category_name: Label,
    },
    /// An expense is on a cost centre of the condition.
    CostCentre {
        /// Code of the cost centre.
        cost_centre: CostCentreCode,
    },
    /// An expense is on a project of the condition.
    Project {
        /// Code of the project.
        project: ProjectCode,
    },
    /// The owner has a grade of the condition.
    Grade {
        /// Code of the grade.
        grade: Grade,
    },
    /// An expense was paid in a currency of the condition.
    Currency {
        /// The currency.
        currency: Currency,
    },
    /// The policy found violations.
    ViolationsFound {},
    /// The policy found no violations.
    NoViolations {},
    /// The step has no condition.
    EveryReport {},
    /// No step of the workflow applies, so a default step does.
    NoStepApplies {},
    /// The approvers are those of the workflow's step.
    DecidedBy {
        /// The approvers.
        approvers: ApproverGroup,
        /// Number of approvers who have to agree.
        mode: ApprovalMode,
    },
    /// No approver of the workflow's step is eligible.
    AssignedTo {
        /// The approvers.
        approvers: ApproverGroup,
    },
    /// The next eligible manager replaces an approver who is excluded.
    NextManager {
        /// Reason why the approver is excluded.
        excluded: ExclusionReason,
    },
    /// The policy's fallback approvers decide.
    Fallback {},
    /// An interested party has suspended an approver, so the other admins decide.
    OtherAdmins {},
    /// An admin has reassigned the step.
    Reassigned {},
    /// The step was overdue and has been escalated.
    EscalatedOverdue {},
    /// Mail to an approver bounced, and the step has been escalated.
    EscalatedUnreachable {},
    /// An approver could no longer decide, and the step has been escalated.
    EscalatedUnable {},
}

/// The sentence in English.
impl fmt::Display for StepReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TotalReaches { total, from_total } => write!(f, "The total of {total} reaches {from_total}."),
            Self::TotalBelow { total, below_total } => write!(f, "The total of {total} is below {below_total}."),
            Self::Category { category_name, .. } => write!(f, "An expense is in the category {category_name}."),
            Self::CostCentre { cost_centre } => write!(f, "An expense is on the cost centre {cost_centre}."),
            Self::Project { project } => write!(f, "An expense is on the project {project}."),
            Self::Grade { grade } => write!(f, "The owner has the grade {grade}."),
            Self::Currency { currency } => write!(f, "An expense was paid in {currency}."),
            Self::ViolationsFound {} => f.write_str("The policy found violations."),
            Self::NoViolations {} => f.write_str("The policy found no violations."),
            Self::EveryReport {} => f.write_str("This step applies to every report."),
            Self::NoStepApplies {} => f.write_str("No step of the workflow applies to this report."),
            Self::DecidedBy { approvers, mode } => {
                let (one, many) = (approvers.one(), approvers.many());
                match mode {
                    ApprovalMode::Any => write!(f, "It is decided by {one}."),
                    ApprovalMode::All => write!(f, "It is decided by {many}; each of them has to agree."),
                    ApprovalMode::Quorum { of } => write!(f, "It is decided by {many}; {of} of them have to agree."),
                }
            }
            Self::AssignedTo { approvers } => write!(f, "It is for {}.", approvers.one()),
            Self::NextManager { excluded } => {
                write!(f, "An approver {}, so the next manager up decides.", excluded.describe())
            }
            Self::Fallback {} => f.write_str("No other approver is eligible, so the fallback approvers decide."),
            Self::Reassigned {} => f.write_str("An admin has reassigned it."),
            Self::EscalatedOverdue {} => f.write_str("It was overdue, so other approvers decide."),
            Self::OtherAdmins {} => {
                f.write_str("A member with a part in this report has suspended an approver, so other admins decide.")
            }
            Self::EscalatedUnable {} => f.write_str("An approver can no longer decide, so other approvers decide."),
            Self::EscalatedUnreachable {} => f.write_str("Mail to an approver bounced, so other approvers decide."),
        }
    }
}

impl StepReason {
    /// Name of the rule and parameters of the sentence, as in the API.
    #[must_use]
    pub fn rule_and_parameters(&self) -> (String, serde_json::Value) {
        // Texts, numbers and maps with text keys always serialise.
        let mut reason = serde_json::to_value(self).unwrap_or_default();
        let mut take = |name: &str| reason.get_mut(name).map_or(serde_json::Value::Null, serde_json::Value::take);
        let rule = take("rule");
        (rule.as_str().unwrap_or_default().to_owned(), take("parameters"))
    }
}

impl ApproverGroup {
    fn one(self) -> String {
        match self {
            Self::Manager { level: 1 } => "the owner's manager".to_owned(),
            Self::Manager { level } => format!("the owner's manager of level {level}"),
            Self::CostCentreOwner => "an owner of its cost centres".to_owned(),
            Self::ProjectOwner => "an owner of its projects".to_owned(),
            Self::Role { role } => format!("a member with the role {}", role.name()),
            Self::Members => "a member the workflow names".to_owned(),
        }
    }

    fn many(self) -> String {
        match self {
            Self::Manager { .. } => self.one(),
            Self::CostCentreOwner => "the owners of its cost centres".to_owned(),
            Self::ProjectOwner => "the owners of its projects".to_owned(),
            Self::Role { role } => format!("members with the role {}", role.name()),
            Self::Members => "the members the workflow names".to_owned(),
        }
    }
}
