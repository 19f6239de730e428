//! The policy document over the API: what is read can be changed and put back.

mod limits;
mod workflow;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::policy::{Category, CostObject, NonWorkingDays, Policy, Required};
use outlay_domain::tax::TaxRate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::{MoneyIo, time};
use crate::call::Input;
use crate::checks;
use crate::fault::Faults;

pub use limits::{EffectIo, LimitIo, PeriodIo, SeverityIo};
pub use workflow::{ApproversIo, ApproversKindIo, ConditionIo, ModeIo, StepRuleIo};

/// A field of an expense that a category can ask for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Required)]
pub enum RequiredIo {
    /// Who was there.
    Attendees,
    /// The project it is for.
    Project,
    /// The cost centre that bears it.
    CostCentre,
    /// Why it was spent.
    Justification,
    /// The trip it belongs to.
    Trip,
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
    /// The ledger account it is booked on; at most 40 characters.
    #[validate(custom(function = "checks::label"))]
    #[schema(example = "6650")]
    pub account: Option<String>,
    /// Percent of tax within amounts that are entered without their tax; none when absent.
    #[schema(example = "19")]
    pub default_tax: Option<String>,
    /// The first day it may be spent on.
    #[schema(format = Date)]
    pub active_from: Option<String>,
    /// The last day it may be spent on.
    #[schema(format = Date)]
    pub active_until: Option<String>,
    /// What its expenses must say; nothing more when absent.
    #[validate(length(max = 5))]
    pub requires: Option<Vec<RequiredIo>>,
}

/// A cost centre or a project.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = CostObject)]
#[serde(deny_unknown_fields)]
pub struct CostObjectIo {
    /// What expenses name it by; 1 to 40 characters.
    #[validate(custom(function = "checks::label"))]
    #[schema(example = "SALES-EU")]
    pub code: String,
    /// The name people see.
    #[validate(custom(function = "checks::short_text"))]
    pub name: String,
    /// The member who answers for it, `mem_…`.
    pub owner_id: Option<String>,
}

/// Days on which spending is unusual: Saturdays, Sundays and holidays.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = NonWorkingDays)]
#[serde(deny_unknown_fields)]
pub struct NonWorkingDaysIo {
    /// What an expense of such a day leads to: `warn` wants a justification.
    pub effect: SeverityIo,
    /// The holidays, at most 400. Due dates pass over them too.
    #[validate(length(max = 400))]
    pub holidays: Option<Vec<String>>,
}

/// A policy to put in force.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyIn {
    /// The version this one is made from, as it was read; compared like `If-Match` when it is given.
    pub version: Option<u32>,
    /// As it was read; of no meaning.
    pub changed_at: Option<String>,
    /// The kinds of spending that may be claimed, 1 to 200.
    #[validate(length(min = 1, max = 200), nested)]
    pub categories: Vec<CategoryIo>,
    /// What may be spent, at most 100. For a line and a period, the limit with most kinds of restriction (categories, grades,
    /// payment methods) counts; of several, the first.
    #[validate(length(max = 100), nested)]
    pub limits: Option<Vec<LimitIo>>,
    /// Expenses of at least this amount in the base currency need a receipt; none does when absent.
    pub receipt_required_from: Option<MoneyIo>,
    /// Expenses older than this many days at submission are noted; none is when absent.
    pub maximum_age_days: Option<u16>,
    /// Whether spending on days off is noted; it is not when absent.
    #[validate(nested)]
    pub non_working_days: Option<NonWorkingDaysIo>,
    /// What a line leads to that the owner has claimed already: the same day, merchant and amount. `warn` wants a justification;
    /// nothing when absent.
    pub duplicates: Option<SeverityIo>,
    /// Whether several expenses of one day at one merchant count together against limits per expense and for receipts; false when
    /// absent.
    pub splitting: Option<bool>,
    /// The cost centres, at most 500; when there are any, expenses name none but these.
    #[validate(length(max = 500), nested)]
    pub cost_centres: Option<Vec<CostObjectIo>>,
    /// The projects, at most 500; when there are any, expenses name none but these.
    #[validate(length(max = 500), nested)]
    pub projects: Option<Vec<CostObjectIo>>,
    /// The approval steps in order, 1 to 10.
    #[validate(length(min = 1, max = 10), nested)]
    pub steps: Vec<StepRuleIo>,
    /// Who decides where a step finds nobody, and where no step applies. Without it such a report cannot be submitted.
    pub fallback: Option<ApproversIo>,
    /// Reports of a total below this in the base currency are approved without anybody, if nothing at all was found (duplicates are
    /// always looked for then). No report is when absent.
    pub auto_approve_below: Option<MoneyIo>,
}

/// Reads each entry of a list at its place.
fn each<T, U>(
    name: &str,
    list: Vec<T>,
    faults: &mut Faults,
    read: impl Fn(T, &mut Faults) -> Option<U>,
) -> Option<Vec<U>> {
    let read: Vec<Option<U>> = faults.at(name, |faults| {
        let one = |(at, entry): (usize, T)| faults.at(&at.to_string(), |faults| read(entry, faults));
        list.into_iter().enumerate().map(one).collect()
    });
    read.into_iter().collect()
}

/// Reads an optional value: `None` when it is there and wrong.
fn optional<T, U>(value: Option<T>, read: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
    value.map_or(Some(None), |value| read(value).map(Some))
}

fn day(value: Option<&String>, name: &str, faults: &mut Faults) -> Option<Option<Date>> {
    optional(value, |text| checks::any_day(text, name, faults))
}

impl Input for PolicyIn {
    type Checked = Policy;

    fn check(self, _: Timestamp, faults: &mut Faults) -> Option<Policy> {
        let categories = each("categories", self.categories, faults, CategoryIo::read);
        let limits = each("limits", self.limits.unwrap_or_default(), faults, LimitIo::read);
        let money =
            |value: Option<MoneyIo>, name: &str, faults: &mut Faults| optional(value, |money| money.read(name, faults));
        let receipt_required_from = money(self.receipt_required_from, "receipt_required_from", faults);
        let auto_approve_below = money(self.auto_approve_below, "auto_approve_below", faults);
        let non_working_days =
            optional(self.non_working_days, |days| faults.at("non_working_days", |faults| days.read(faults)));
        let cost_centres = each("cost_centres", self.cost_centres.unwrap_or_default(), faults, CostObjectIo::read);
        let projects = each("projects", self.projects.unwrap_or_default(), faults, CostObjectIo::read);
        let steps = each("steps", self.steps, faults, StepRuleIo::read);
        let fallback = optional(self.fallback, |fallback| faults.at("fallback", |faults| fallback.read(faults)));
        Some(Policy {
            version: self.version.map_or(0, u64::from),
            categories: categories?,
            limits: limits?,
            receipt_required_from: receipt_required_from?,
            maximum_age_days: self.maximum_age_days,
            non_working_days: non_working_days?,
            duplicates: self.duplicates.map(Into::into),
            splitting: self.splitting.unwrap_or(false),
            cost_centres: cost_centres?,
            projects: projects?,
            steps: steps?,
            fallback: fallback?,
            auto_approve_below: auto_approve_below?,
            last_hash: String::new(),
            changed_at: None,
        })
    }
}

impl CategoryIo {
    fn read(self, faults: &mut Faults) -> Option<Category> {
        let default_tax = optional(self.default_tax, |text| {
            let rate: Option<TaxRate> = text.parse().ok();
            if rate.is_none() {
                faults.note(
                    "default_tax",
                    "percent",
                    "Must be percent from 0 to 100 in a string, such as \"19\" or \"5.5\".",
                );
            }
            rate
        });
        let active_from = day(self.active_from.as_ref(), "active_from", faults);
        let active_until = day(self.active_until.as_ref(), "active_until", faults);
        let requires = self.requires.unwrap_or_default().into_iter().map(|required| match required {
            RequiredIo::Attendees => Required::Attendees,
            RequiredIo::Project => Required::Project,
            RequiredIo::CostCentre => Required::CostCentre,
            RequiredIo::Justification => Required::Justification,
            RequiredIo::Trip => Required::Trip,
        });
        Some(Category {
            code: self.code,
            name: checks::cleaned(&self.name),
            account: checks::cleaned_option(self.account.as_deref()),
            default_tax: default_tax?,
            active_from: active_from?,
            active_until: active_until?,
            requires: requires.collect(),
        })
    }
}

impl From<&Category> for CategoryIo {
    fn from(category: &Category) -> Self {
        let requires = category.requires.iter().map(|required| match required {
            Required::Attendees => RequiredIo::Attendees,
            Required::Project => RequiredIo::Project,
            Required::CostCentre => RequiredIo::CostCentre,
            Required::Justification => RequiredIo::Justification,
            Required::Trip => RequiredIo::Trip,
        });
        Self {
            code: category.code.clone(),
            name: category.name.clone(),
            account: category.account.clone(),
            default_tax: category.default_tax.map(|rate| rate.to_string()),
            active_from: category.active_from.map(|day| day.to_string()),
            active_until: category.active_until.map(|day| day.to_string()),
            requires: Some(requires.collect()),
        }
    }
}

impl CostObjectIo {
    fn read(self, faults: &mut Faults) -> Option<CostObject> {
        let owner_id = optional(self.owner_id, |id| checks::member_id(&id, "owner_id", faults));
        Some(CostObject { code: checks::cleaned(&self.code), name: checks::cleaned(&self.name), owner_id: owner_id? })
    }
}

impl From<&CostObject> for CostObjectIo {
    fn from(object: &CostObject) -> Self {
        let owner_id = object.owner_id.map(|id| id.to_string());
        Self { code: object.code.clone(), name: object.name.clone(), owner_id }
    }
}

impl NonWorkingDaysIo {
    fn read(self, faults: &mut Faults) -> Option<NonWorkingDays> {
        let read = |text: String, faults: &mut Faults| checks::any_day(&text, "", faults);
        let holidays = each("holidays", self.holidays.unwrap_or_default(), faults, read);
        Some(NonWorkingDays { severity: self.effect.into(), holidays: holidays? })
    }
}

/// A version of the policy.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub struct PolicyOut {
    /// Grows by one with each change; the `ETag` without its quotes.
    pub version: u64,
    /// When it was put in force, RFC 3339 in UTC; null for the one an organisation starts with.
    #[schema(format = DateTime)]
    pub changed_at: Option<String>,
    /// The kinds of spending that may be claimed.
    pub categories: Vec<CategoryIo>,
    /// What may be spent.
    pub limits: Vec<LimitIo>,
    /// Expenses of at least this amount in the base currency need a receipt.
    pub receipt_required_from: Option<MoneyIo>,
    /// Expenses older than this many days at submission are noted.
    pub maximum_age_days: Option<u16>,
    /// Whether spending on days off is noted.
    pub non_working_days: Option<NonWorkingDaysIo>,
    /// What a line leads to that the owner has claimed already.
    pub duplicates: Option<SeverityIo>,
    /// Whether several expenses of one day at one merchant count together.
    pub splitting: bool,
    /// The cost centres.
    pub cost_centres: Vec<CostObjectIo>,
    /// The projects.
    pub projects: Vec<CostObjectIo>,
    /// The approval steps in order.
    pub steps: Vec<StepRuleIo>,
    /// Who decides where a step finds nobody.
    pub fallback: Option<ApproversIo>,
    /// Reports of a total below this are approved without anybody, if nothing was found.
    pub auto_approve_below: Option<MoneyIo>,
}

impl From<&Policy> for PolicyOut {
    fn from(policy: &Policy) -> Self {
        let days = |days: &NonWorkingDays| NonWorkingDaysIo {
            effect: days.severity.into(),
            holidays: Some(days.holidays.iter().map(Date::to_string).collect()),
        };
        Self {
            version: policy.version,
            changed_at: policy.changed_at.map(time),
            categories: policy.categories.iter().map(Into::into).collect(),
            limits: policy.limits.iter().map(Into::into).collect(),
            receipt_required_from: policy.receipt_required_from.map(Into::into),
            maximum_age_days: policy.maximum_age_days,
            non_working_days: policy.non_working_days.as_ref().map(days),
            duplicates: policy.duplicates.map(Into::into),
            splitting: policy.splitting,
            cost_centres: policy.cost_centres.iter().map(Into::into).collect(),
            projects: policy.projects.iter().map(Into::into).collect(),
            steps: policy.steps.iter().map(Into::into).collect(),
            fallback: policy.fallback.as_ref().map(Into::into),
            auto_approve_below: policy.auto_approve_below.map(Into::into),
        }
    }
}
