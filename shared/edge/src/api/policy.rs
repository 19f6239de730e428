//! The policy document over the API: what is read can be changed and put back.

use jiff::Timestamp;
use outlay_domain::policy::{Approvers, Category, Effect, Policy, StepRule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::MoneyIo;
use super::member::RoleIo;
use crate::call::Input;
use crate::checks;
use crate::fault::Faults;

/// What happens above a limit.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Effect)]
pub enum EffectIo {
    /// The line needs a justification; approvers see the violation.
    Warn,
    /// The report cannot be submitted with the line.
    Block,
}

/// A kind of spending.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = Category)]
#[serde(deny_unknown_fields)]
pub struct CategoryIo {
    /// What expenses name it by: 1 to 40 lower-case letters, digits, `-` or `_`.
    #[validate(custom(function = "checks::code"))]
    #[schema(example = "meals")]
    pub code: String,
    /// The name people see.
    #[validate(custom(function = "checks::short_text"))]
    #[schema(example = "Meals")]
    pub name: String,
    /// The most one expense may cost, in the base currency; no limit when absent.
    pub limit: Option<MoneyIo>,
    /// What happens above the limit; `warn` when absent.
    pub effect: Option<EffectIo>,
}

/// How the approvers of a step are found.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ApproversKind)]
pub enum ApproversKindIo {
    /// The owner's manager.
    Manager,
    /// Any one member with the role given beside it.
    Role,
}

/// Who decides on a step.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = Approvers)]
#[serde(deny_unknown_fields)]
pub struct ApproversIo {
    /// How they are found.
    pub kind: ApproversKindIo,
    /// The role, when they are found by role.
    pub role: Option<RoleIo>,
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
    /// Who decides.
    pub approvers: ApproversIo,
    /// The step applies to reports of at least this total in the base currency; to all when absent.
    pub from_total: Option<MoneyIo>,
    /// Working days the approvers have, 1 to 60; 5 when absent.
    #[validate(range(min = 1, max = 60))]
    pub due_in_days: Option<u8>,
}

/// A policy to put in force.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyIn {
    /// The version this one is made from, as it was read; compared like `If-Match` when it is given.
    pub version: Option<u32>,
    /// The kinds of spending that may be claimed, 1 to 200.
    #[validate(length(min = 1, max = 200), nested)]
    pub categories: Vec<CategoryIo>,
    /// Expenses of at least this amount in the base currency need a receipt; none does when absent.
    pub receipt_required_from: Option<MoneyIo>,
    /// Expenses older than this many days at submission are noted; none is when absent.
    pub maximum_age_days: Option<u16>,
    /// The approval steps in order, 1 to 10.
    #[validate(length(min = 1, max = 10), nested)]
    pub steps: Vec<StepRuleIo>,
}

impl Input for PolicyIn {
    type Checked = Policy;

    fn check(self, _: Timestamp, faults: &mut Faults) -> Option<Policy> {
        let categories: Vec<_> = faults.at("categories", |faults| {
            let one = |(at, category): (usize, CategoryIo)| faults.at(&at.to_string(), |faults| category.read(faults));
            self.categories.into_iter().enumerate().map(one).collect()
        });
        let steps: Vec<_> = faults.at("steps", |faults| {
            let one = |(at, step): (usize, StepRuleIo)| faults.at(&at.to_string(), |faults| step.read(faults));
            self.steps.into_iter().enumerate().map(one).collect()
        });
        let receipt = self.receipt_required_from.as_ref().map(|money| money.read("receipt_required_from", faults));
        Some(Policy {
            version: self.version.map_or(0, u64::from),
            categories: categories.into_iter().collect::<Option<_>>()?,
            receipt_required_from: receipt.map_or(Some(None), |money| money.map(Some))?,
            maximum_age_days: self.maximum_age_days,
            steps: steps.into_iter().collect::<Option<_>>()?,
        })
    }
}

impl CategoryIo {
    fn read(self, faults: &mut Faults) -> Option<Category> {
        let limit = match &self.limit {
            Some(limit) => Some(limit.read("limit", faults)?),
            None => None,
        };
        let effect = match self.effect {
            Some(EffectIo::Block) => Effect::Block,
            Some(EffectIo::Warn) | None => Effect::Warn,
        };
        Some(Category { code: self.code, name: checks::cleaned(&self.name), limit, effect })
    }
}

impl StepRuleIo {
    fn read(self, faults: &mut Faults) -> Option<StepRule> {
        let from_total = self.from_total.as_ref().map(|money| money.read("from_total", faults));
        let approvers = match (self.approvers.kind, self.approvers.role) {
            (ApproversKindIo::Manager, None) => Some(Approvers::Manager),
            // Only these two roles can be routed to; employees and auditors do not approve by role.
            (ApproversKindIo::Role, Some(role @ (RoleIo::Finance | RoleIo::Admin))) => {
                Some(Approvers::Role { role: role.into() })
            }
            _ => {
                let detail = "Give the role finance or admin with the kind role, and none with the kind manager.";
                faults.at("approvers", |faults| faults.note("role", "role", detail));
                None
            }
        };
        Some(StepRule {
            name: checks::cleaned(&self.name),
            approvers: approvers?,
            from_total: from_total.map_or(Some(None), |money| money.map(Some))?,
            due_in_days: self.due_in_days.unwrap_or(5),
        })
    }
}

/// The policy in force.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub struct PolicyOut {
    /// Grows by one with each change; the `ETag` without its quotes.
    pub version: u64,
    /// The kinds of spending that may be claimed.
    pub categories: Vec<CategoryIo>,
    /// Expenses of at least this amount in the base currency need a receipt.
    pub receipt_required_from: Option<MoneyIo>,
    /// Expenses older than this many days at submission are noted.
    pub maximum_age_days: Option<u16>,
    /// The approval steps in order.
    pub steps: Vec<StepRuleIo>,
}

impl From<&Policy> for PolicyOut {
    fn from(policy: &Policy) -> Self {
        let category = |category: &Category| CategoryIo {
            code: category.code.clone(),
            name: category.name.clone(),
            limit: category.limit.map(Into::into),
            effect: Some(match category.effect {
                Effect::Warn => EffectIo::Warn,
                Effect::Block => EffectIo::Block,
            }),
        };
        let step = |step: &StepRule| StepRuleIo {
            name: step.name.clone(),
            approvers: match step.approvers {
                Approvers::Manager => ApproversIo { kind: ApproversKindIo::Manager, role: None },
                Approvers::Role { role } => ApproversIo { kind: ApproversKindIo::Role, role: Some(role.into()) },
            },
            from_total: step.from_total.map(Into::into),
            due_in_days: Some(step.due_in_days),
        };
        Self {
            version: policy.version,
            categories: policy.categories.iter().map(category).collect(),
            receipt_required_from: policy.receipt_required_from.map(Into::into),
            maximum_age_days: policy.maximum_age_days,
            steps: policy.steps.iter().map(step).collect(),
        }
    }
}
