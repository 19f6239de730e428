//! The workflow over the API.

use outlay_domain::money::Currency;
use outlay_domain::policy::{Approvers, Condition, Mode, StepRule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{each, optional};
use crate::api::common::MoneyIo;
use crate::api::member::RoleIo;
use crate::checks;
use crate::fault::Faults;

/// How approvers are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ApproversKind)]
pub enum ApproversKindIo {
    /// The owner's manager of the level given beside it (1 when absent).
    Manager,
    /// The owners of the cost centres of the report's lines.
    CostCentreOwner,
    /// The owners of the projects of the report's lines.
    ProjectOwner,
    /// Members with the role given beside it.
    Role,
    /// The members given beside it.
    Members,
}

/// Who decides.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = Approvers)]
#[serde(deny_unknown_fields)]
pub struct ApproversIo {
    /// How they are found.
    pub kind: ApproversKindIo,
    /// With `manager`: 1 is the owner's manager, 2 that one's manager, up to 10.
    pub level: Option<u8>,
    /// With `role`: `finance` or `admin`.
    pub role: Option<RoleIo>,
    /// With `members`: 1 to 20 members, `mem_…`.
    pub members: Option<Vec<String>>,
}

impl ApproversIo {
    pub(super) fn read(self, faults: &mut Faults) -> Option<Approvers> {
        let (level, role, members) = (self.level, self.role, self.members);
        match (self.kind, level, role, members) {
            (ApproversKindIo::Manager, level, None, None) if level.is_none_or(|level| (1..=10).contains(&level)) => {
                Some(Approvers::Manager { level: level.unwrap_or(1) })
            }
            (ApproversKindIo::CostCentreOwner, None, None, None) => Some(Approvers::CostCentreOwner),
            (ApproversKindIo::ProjectOwner, None, None, None) => Some(Approvers::ProjectOwner),
            (ApproversKindIo::Role, None, Some(role), None) => Some(Approvers::Role { role: role.into() }),
            (ApproversKindIo::Members, None, None, Some(members)) if (1..=20).contains(&members.len()) => {
                let id = |id: String, faults: &mut Faults| checks::member_id(&id, "", faults);
                Some(Approvers::Members { members: each("members", members, faults, id)? })
            }
            _ => {
                let detail = "Give level (1 to 10) with the kind manager only, role (finance or admin) with the kind role only, and \
                              members (1 to 20) with the kind members only.";
                faults.note("", "approvers", detail);
                None
            }
        }
    }
}

impl From<&Approvers> for ApproversIo {
    fn from(approvers: &Approvers) -> Self {
        let plain = |kind| Self { kind, level: None, role: None, members: None };
        match approvers {
            Approvers::Manager { level } => Self { level: Some(*level), ..plain(ApproversKindIo::Manager) },
            Approvers::CostCentreOwner => plain(ApproversKindIo::CostCentreOwner),
            Approvers::ProjectOwner => plain(ApproversKindIo::ProjectOwner),
            Approvers::Role { role } => Self { role: Some((*role).into()), ..plain(ApproversKindIo::Role) },
            Approvers::Members { members } => {
                let members = members.iter().map(ToString::to_string).collect();
                Self { members: Some(members), ..plain(ApproversKindIo::Members) }
            }
        }
    }
}

/// When a step applies: everything that is given must hold. Lists hold when a line, or the owner's grade, is in them.
#[derive(Clone, Debug, Default, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = Condition)]
#[serde(deny_unknown_fields)]
pub struct ConditionIo {
    /// The total in the base currency is at least this.
    pub from_total: Option<MoneyIo>,
    /// The total in the base currency is below this.
    pub below_total: Option<MoneyIo>,
    /// Codes of categories.
    #[validate(length(max = 200))]
    pub categories: Option<Vec<String>>,
    /// Codes of cost centres.
    #[validate(length(max = 500))]
    pub cost_centres: Option<Vec<String>>,
    /// Codes of projects.
    #[validate(length(max = 500))]
    pub projects: Option<Vec<String>>,
    /// Grades of owners.
    #[validate(length(max = 50), custom(function = "checks::labels"))]
    pub grades: Option<Vec<String>>,
    /// Currencies lines were paid in.
    #[validate(length(max = 50))]
    pub currencies: Option<Vec<String>>,
    /// Whether the policy found something.
    pub has_violations: Option<bool>,
}

impl ConditionIo {
    fn read(self, faults: &mut Faults) -> Option<Condition> {
        let from_total = optional(self.from_total, |money| money.read("from_total", faults));
        let below_total = optional(self.below_total, |money| money.read("below_total", faults));
        let currency = |code: String, faults: &mut Faults| checks::currency(&code, "", faults);
        let currencies = each("currencies", self.currencies.unwrap_or_default(), faults, currency);
        Some(Condition {
            from_total: from_total?,
            below_total: below_total?,
            categories: self.categories.unwrap_or_default(),
            cost_centres: self.cost_centres.unwrap_or_default(),
            projects: self.projects.unwrap_or_default(),
            grades: checks::cleaned_list(self.grades),
            currencies: currencies?,
            has_violations: self.has_violations,
        })
    }
}

impl From<&Condition> for ConditionIo {
    fn from(when: &Condition) -> Self {
        let listed = |list: &Vec<String>| Some(list.clone()).filter(|list| !list.is_empty());
        let currencies: Vec<String> =
            when.currencies.iter().map(|currency: &Currency| currency.code().to_owned()).collect();
        Self {
            from_total: when.from_total.map(Into::into),
            below_total: when.below_total.map(Into::into),
            categories: listed(&when.categories),
            cost_centres: listed(&when.cost_centres),
            projects: listed(&when.projects),
            grades: listed(&when.grades),
            currencies: listed(&currencies),
            has_violations: when.has_violations,
        }
    }
}

/// How many approvers have to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Mode)]
pub enum ModeIo {
    /// One is enough.
    Any,
    /// Each of them.
    All,
    /// As many as `quorum` says.
    Quorum,
}

impl From<Mode> for ModeIo {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Any => Self::Any,
            Mode::All => Self::All,
            Mode::Quorum { .. } => Self::Quorum,
        }
    }
}

/// One step of the workflow.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = StepRule)]
#[serde(deny_unknown_fields)]
pub struct StepRuleIo {
    /// The name people see.
    #[validate(custom(function = "checks::short_text"))]
    #[schema(example = "Finance")]
    pub name: String,
    /// When it applies; to every report when absent.
    #[validate(nested)]
    pub when: Option<ConditionIo>,
    /// Who decides.
    pub approvers: ApproversIo,
    /// How many of them have to agree; `any` one when absent.
    pub mode: Option<ModeIo>,
    /// With the mode `quorum`: how many, 2 to 20.
    pub quorum: Option<u8>,
    /// Working days the approvers have, 1 to 60; 5 when absent.
    #[validate(range(min = 1, max = 60))]
    pub due_in_days: Option<u8>,
    /// Who is asked instead when the decision is overdue.
    pub escalate_to: Option<ApproversIo>,
}

impl StepRuleIo {
    pub(super) fn read(self, faults: &mut Faults) -> Option<StepRule> {
        let when = optional(self.when, |when| faults.at("when", |faults| when.read(faults)));
        let approvers = faults.at("approvers", |faults| self.approvers.read(faults));
        let escalate_to = optional(self.escalate_to, |target| faults.at("escalate_to", |faults| target.read(faults)));
        let mode = match (self.mode, self.quorum) {
            (None | Some(ModeIo::Any), None) => Some(Mode::Any),
            (Some(ModeIo::All), None) => Some(Mode::All),
            (Some(ModeIo::Quorum), Some(of)) => Some(Mode::Quorum { of }),
            _ => {
                faults.note("quorum", "mode", "Give quorum with the mode quorum, and only then.");
                None
            }
        };
        Some(StepRule {
            name: checks::cleaned(&self.name),
            when: when?.unwrap_or_default(),
            approvers: approvers?,
            mode: mode?,
            due_in_days: self.due_in_days.unwrap_or(5),
            escalate_to: escalate_to?,
        })
    }
}

impl From<&StepRule> for StepRuleIo {
    fn from(step: &StepRule) -> Self {
        Self {
            name: step.name.clone(),
            when: Some((&step.when).into()),
            approvers: (&step.approvers).into(),
            mode: Some(step.mode.into()),
            quorum: match step.mode {
                Mode::Quorum { of } => Some(of),
                Mode::Any | Mode::All => None,
            },
            due_in_days: Some(step.due_in_days),
            escalate_to: step.escalate_to.as_ref().map(Into::into),
        }
    }
}
