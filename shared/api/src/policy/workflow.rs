//! The workflow of a policy over the API.

use outlay_domain::member::Role;
use outlay_domain::policy::{ApprovalMode, Approvers, StepCondition, StepRule};
use outlay_input::FieldErrors;
use outlay_input::parse::optional;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::codes::parse_codes;
use crate::common::MoneyDto;

/// Kind of approvers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApproversKind {
    /// Manager of the owner, at the level given in `level` (1 when absent).
    Manager,
    /// Owners of the cost centres of the report's expenses.
    CostCentreOwner,
    /// Owners of the projects of the report's expenses.
    ProjectOwner,
    /// Members with the role given in `role`.
    Role,
    /// Members listed in `members`.
    Members,
}

/// Approvers of a step.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = Approvers)]
#[serde(deny_unknown_fields)]
pub struct ApproversDto {
    /// Kind.
    pub kind: ApproversKind,
    /// Level, with the kind `manager`: 1 for the owner's manager, 2 for that manager's manager, up to 10.
    pub level: Option<u8>,
    /// Role, with the kind `role`: `finance` or `admin`.
    pub role: Option<Role>,
    /// Members, `mem_…`, with the kind `members`; 1 to 20.
    pub members: Option<Vec<String>>,
}

impl ApproversDto {
    pub(super) fn parse(self, errors: &mut FieldErrors) -> Option<Approvers> {
        let (level, role, members) = (self.level, self.role, self.members);
        match (self.kind, level, role, members) {
            (ApproversKind::Manager, level, None, None) if level.is_none_or(|level| (1..=10).contains(&level)) => {
                Some(Approvers::Manager { level: level.unwrap_or(1) })
            }
            (ApproversKind::CostCentreOwner, None, None, None) => Some(Approvers::CostCentreOwner),
            (ApproversKind::ProjectOwner, None, None, None) => Some(Approvers::ProjectOwner),
            (ApproversKind::Role, None, Some(role), None) => Some(Approvers::Role { role }),
            (ApproversKind::Members, None, None, Some(members)) if (1..=20).contains(&members.len()) => {
                let members = errors.each("members", members, |id, errors| errors.parse_member_id("", id));
                Some(Approvers::Members { members: members? })
            }
            _ => {
                let detail = "Give level (1 to 10) with the kind manager only, role (finance or admin) with the kind \
                              role only, and members (1 to 20) with the kind members only.";
                errors.push("", "approvers", detail);
                None
            }
        }
    }
}

impl From<&Approvers> for ApproversDto {
    fn from(approvers: &Approvers) -> Self {
        let plain = |kind| Self { kind, level: None, role: None, members: None };
        match approvers {
            Approvers::Manager { level } => Self { level: Some(*level), ..plain(ApproversKind::Manager) },
            Approvers::CostCentreOwner => plain(ApproversKind::CostCentreOwner),
            Approvers::ProjectOwner => plain(ApproversKind::ProjectOwner),
            Approvers::Role { role } => Self { role: Some(*role), ..plain(ApproversKind::Role) },
            Approvers::Members { members } => {
                let members = members.iter().map(ToString::to_string).collect();
                Self { members: Some(members), ..plain(ApproversKind::Members) }
            }
        }
    }
}

/// Condition of a step. All given fields must hold. A list holds when it contains the value of any expense, or the
/// owner's grade.
#[derive(Clone, Debug, Default, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = Condition)]
#[serde(deny_unknown_fields)]
pub struct ConditionDto {
    /// Lowest total in the base currency.
    pub from_total: Option<MoneyDto>,
    /// Total in the base currency that the report must be below.
    pub below_total: Option<MoneyDto>,
    /// Codes of categories; at most 200.
    #[validate(length(max = 200))]
    pub categories: Option<Vec<String>>,
    /// Codes of cost centres; at most 500.
    #[validate(length(max = 500))]
    pub cost_centres: Option<Vec<String>>,
    /// Codes of projects; at most 500.
    #[validate(length(max = 500))]
    pub projects: Option<Vec<String>>,
    /// Grades of owners; at most 50, each of 1 to 40 characters.
    #[validate(length(max = 50))]
    pub grades: Option<Vec<String>>,
    /// Currencies that expenses were paid in, ISO 4217; at most 50.
    #[validate(length(max = 50))]
    pub currencies: Option<Vec<String>>,
    /// True for reports with policy violations, false for reports without.
    pub has_violations: Option<bool>,
}

impl ConditionDto {
    fn parse(self, errors: &mut FieldErrors) -> Option<StepCondition> {
        let from_total = optional(self.from_total, |money| money.parse("from_total", errors));
        let below_total = optional(self.below_total, |money| money.parse("below_total", errors));
        let categories = parse_codes("categories", "category", self.categories, errors);
        let cost_centres = parse_codes("cost_centres", "cost centre", self.cost_centres, errors);
        let projects = parse_codes("projects", "project", self.projects, errors);
        let grades = errors.parse_list("grades", self.grades.unwrap_or_default());
        let currencies = self.currencies.unwrap_or_default();
        let currencies = errors.each("currencies", currencies, |code, errors| errors.parse("", code));
        Some(StepCondition {
            from_total: from_total?,
            below_total: below_total?,
            categories: categories?,
            cost_centres: cost_centres?,
            projects: projects?,
            grades: grades?,
            currencies: currencies?,
            has_violations: self.has_violations,
        })
    }
}

impl From<&StepCondition> for ConditionDto {
    fn from(when: &StepCondition) -> Self {
        fn listed<T: ToString>(list: &[T]) -> Option<Vec<String>> {
            Some(list.iter().map(ToString::to_string).collect()).filter(|list: &Vec<String>| !list.is_empty())
        }
        Self {
            from_total: when.from_total.map(Into::into),
            below_total: when.below_total.map(Into::into),
            categories: listed(&when.categories),
            cost_centres: listed(&when.cost_centres),
            projects: listed(&when.projects),
            grades: listed(&when.grades),
            currencies: listed(&when.currencies),
            has_violations: when.has_violations,
        }
    }
}

/// Number of approvers who have to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Mode)]
pub enum ModeDto {
    /// Any one of them.
    Any,
    /// All of them.
    All,
    /// The number given in `quorum`.
    Quorum,
}

impl From<ApprovalMode> for ModeDto {
    fn from(mode: ApprovalMode) -> Self {
        match mode {
            ApprovalMode::Any => Self::Any,
            ApprovalMode::All => Self::All,
            ApprovalMode::Quorum { .. } => Self::Quorum,
        }
    }
}

/// Step of the workflow.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = StepRule)]
#[serde(deny_unknown_fields)]
pub struct StepRuleDto {
    /// Display name; 1 to 200 characters.
    #[schema(example = "Finance")]
    pub name: String,
    /// Condition; the step applies to every report when absent.
    #[validate(nested)]
    pub when: Option<ConditionDto>,
    /// Approvers.
    pub approvers: ApproversDto,
    /// Number of approvers who have to agree; `any` when absent.
    pub mode: Option<ModeDto>,
    /// Quorum, with the mode `quorum`; 2 to 20.
    pub quorum: Option<u8>,
    /// Working days until the decision is due; 1 to 60, 5 when absent.
    #[validate(range(min = 1, max = 60))]
    pub due_in_days: Option<u8>,
    /// Approvers who replace the step's approvers when the decision is overdue; no escalation when absent.
    pub escalate_to: Option<ApproversDto>,
}

impl StepRuleDto {
    pub(super) fn parse(self, errors: &mut FieldErrors) -> Option<StepRule> {
        let name = errors.parse("name", self.name);
        let when = optional(self.when, |when| errors.within("when", |errors| when.parse(errors)));
        let approvers = errors.within("approvers", |errors| self.approvers.parse(errors));
        let escalate_to =
            optional(self.escalate_to, |target| errors.within("escalate_to", |errors| target.parse(errors)));
        let mode = match (self.mode, self.quorum) {
            (None | Some(ModeDto::Any), None) => Some(ApprovalMode::Any),
            (Some(ModeDto::All), None) => Some(ApprovalMode::All),
            (Some(ModeDto::Quorum), Some(of)) => Some(ApprovalMode::Quorum { of }),
            _ => {
                errors.push("quorum", "mode", "Give quorum with the mode quorum, and only then.");
                None
            }
        };
        Some(StepRule {
            name: name?,
            when: when?.unwrap_or_default(),
            approvers: approvers?,
            mode: mode?,
            due_in_days: self.due_in_days.unwrap_or(5),
            escalate_to: escalate_to?,
        })
    }
}

impl From<&StepRule> for StepRuleDto {
    fn from(step: &StepRule) -> Self {
        Self {
            name: step.name.to_string(),
            when: Some((&step.when).into()),
            approvers: (&step.approvers).into(),
            mode: Some(step.mode.into()),
            quorum: match step.mode {
                ApprovalMode::Quorum { of } => Some(of),
                ApprovalMode::Any | ApprovalMode::All => None,
            },
            due_in_days: Some(step.due_in_days),
            escalate_to: step.escalate_to.as_ref().map(Into::into),
        }
    }
}
