//! The policy document over the API: a document that was read can be changed and sent back.

mod codes;
mod limits;
mod payments;
mod rules;
mod workflow;

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::policy::{
    Category, CategoryRules, CostObject, DefaultTaxes, NonWorkingDays, Policy, RequiredField, RuleEffect, WeekDay,
};
use outlay_domain::text::TextError;
use outlay_http::endpoint::Input;
use outlay_input::FieldErrors;
use outlay_input::parse::optional;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::{MoneyDto, time};

pub use limits::LimitDto;
pub use payments::PaymentRulesDto;
pub use rules::{
    AgeRuleDto, AgeRulesDto, DuplicateRuleDto, DuplicateRulesDto, ReceiptRuleDto, ReceiptRulesDto, RuleInput, RulesIn,
};
pub use workflow::{ApproversDto, ApproversKind, ConditionDto, ModeDto, StepRuleDto};

/// Category of expenses.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = Category)]
#[serde(deny_unknown_fields)]
pub struct CategoryDto {
    /// Code, unique in the policy; 1 to 40 lower-case letters, digits, `-` or `_`.
    #[schema(example = "meals")]
    pub code: String,
    /// Display name; 1 to 200 characters.
    #[schema(example = "Meals")]
    pub name: String,
    /// Ledger account; 1 to 40 characters.
    #[schema(example = "6650")]
    pub account: Option<String>,
    /// Default tax in percent, from 0 to 100 with at most 4 decimals. It is taken to be within amounts in the base
    /// currency that are entered without a tax and without a country; zero when absent.
    #[schema(example = "19")]
    pub default_tax: Option<String>,
    /// Default taxes by country and currency, before `default_tax`; at most 100. The first that applies is used.
    #[validate(length(max = 100), nested)]
    pub default_taxes: Option<Vec<DefaultTaxesDto>>,
    /// First day of expenses in the category, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub active_from: Option<String>,
    /// Last day of expenses in the category, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub active_until: Option<String>,
    /// Fields that expenses in the category must have; at most 5.
    #[validate(length(max = 5))]
    pub requires: Option<Vec<RequiredField>>,
}

/// Default taxes of a category in a country, a currency, or both.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = DefaultTaxes)]
#[serde(deny_unknown_fields)]
pub struct DefaultTaxesDto {
    /// Two-letter code of the country (ISO 3166-1); every country, stated or not, when absent.
    #[schema(example = "JP")]
    pub country: Option<String>,
    /// ISO 4217 code of the currency of the expense; every currency when absent.
    #[schema(example = "JPY")]
    pub currency: Option<String>,
    /// Rates in percent, at most 10, all on the same net; empty for no tax.
    #[validate(length(max = 10))]
    pub rates: Vec<String>,
}

/// Cost centre or project.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = CostObject)]
#[serde(deny_unknown_fields)]
pub struct CostObjectDto {
    /// Code, unique in its list; 1 to 40 characters.
    #[schema(example = "SALES-EU")]
    pub code: String,
    /// Display name; 1 to 200 characters.
    pub name: String,
    /// Owner, `mem_…`. Workflow steps can ask the owner to approve.
    pub owner_id: Option<String>,
}

/// Rule for expenses on days of the weekend and holidays.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = NonWorkingDays)]
#[serde(deny_unknown_fields)]
pub struct NonWorkingDaysDto {
    /// Effect of such an expense.
    pub effect: RuleEffect,
    /// With `block`: a justification on the expense lets the report through; false when absent.
    pub unless_justified: Option<bool>,
    /// Days of the weekend, at most 6; Saturday and Sunday when absent. Due dates skip them too.
    #[validate(length(max = 6))]
    pub weekend: Option<Vec<WeekDay>>,
    /// Holidays, `YYYY-MM-DD`; at most 400. Due dates skip them too.
    #[validate(length(max = 400))]
    pub holidays: Option<Vec<String>>,
}

/// Policy to put in force.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyIn {
    /// Version that this document was made from. When given, it is compared like `If-Match`.
    pub version: Option<u32>,
    /// Accepted and ignored, so that a document that was read can be sent back.
    pub changed_at: Option<String>,
    /// Categories; 1 to 200.
    #[validate(length(min = 1, max = 200), nested)]
    pub categories: Vec<CategoryDto>,
    /// Spending limits; at most 100. For an expense and a period, the limit with the most kinds of restriction
    /// (categories, grades, payment methods) counts; of several, the first.
    #[validate(length(max = 100), nested)]
    pub limits: Option<Vec<LimitDto>>,
    /// Amounts in the base currency from which expenses need a receipt; none does when absent.
    #[schema(value_type = Option<ReceiptRulesDto>)]
    pub receipt_required_from: Option<RulesIn<ReceiptRuleDto>>,
    /// Ages in days above which expenses are a violation at submission; no bound when absent.
    #[schema(value_type = Option<AgeRulesDto>)]
    pub maximum_age_days: Option<RulesIn<AgeRuleDto>>,
    /// Ages in days above which the exchange rate of an expense is a violation, counted to the day of the expense; a note
    /// above 7 when absent.
    #[schema(value_type = Option<AgeRulesDto>)]
    pub maximum_rate_age_days: Option<RulesIn<AgeRuleDto>>,
    /// Rule for expenses on days off; none when absent.
    #[validate(nested)]
    pub non_working_days: Option<NonWorkingDaysDto>,
    /// Effect of an expense that the owner has already claimed: same day, merchant and amount. No rule when absent.
    #[schema(value_type = Option<DuplicateRulesDto>)]
    pub duplicates: Option<RulesIn<DuplicateRuleDto>>,
    /// Effect of a receipt whose file is also behind another expense or on another report; `note` when absent.
    #[schema(value_type = Option<DuplicateRulesDto>)]
    pub duplicate_receipts: Option<RulesIn<DuplicateRuleDto>>,
    /// True when several expenses of one day at one merchant count together for limits per expense, for required receipts
    /// and, over several reports, for approval; false when absent.
    pub splitting: Option<bool>,
    /// Cost centres; at most 500. When there are any, expenses may only name these.
    #[validate(length(max = 500), nested)]
    pub cost_centres: Option<Vec<CostObjectDto>>,
    /// Projects; at most 500. When there are any, expenses may only name these.
    #[validate(length(max = 500), nested)]
    pub projects: Option<Vec<CostObjectDto>>,
    /// Approval steps in order; 1 to 10.
    #[validate(length(min = 1, max = 10), nested)]
    pub steps: Vec<StepRuleDto>,
    /// Approvers where a step has none and where no step applies. Without them such a report cannot be submitted.
    pub fallback: Option<ApproversDto>,
    /// Total in the base currency below which reports without violations are approved automatically. Duplicates count
    /// as violations even without a rule for them. No report when absent.
    pub auto_approve_below: Option<MoneyDto>,
    /// Highest sum in the base currency that is approved automatically for an owner in a calendar month; ten times
    /// `auto_approve_below` when absent.
    pub auto_approve_monthly: Option<MoneyDto>,
    /// Rules for payments; four eyes for every batch and a hold of 7 days when absent.
    pub payments: Option<PaymentRulesDto>,
}

impl Input for PolicyIn {
    type Checked = Policy;

    fn check(self, _: Timestamp, errors: &mut FieldErrors) -> Option<Policy> {
        let categories = errors.each("categories", self.categories, CategoryDto::parse);
        let limits = errors.each("limits", self.limits.unwrap_or_default(), LimitDto::parse);
        let money = |value: Option<MoneyDto>, name: &str, errors: &mut FieldErrors| {
            optional(value, |money| money.parse(name, errors))
        };
        let auto_approve_monthly = money(self.auto_approve_monthly, "auto_approve_monthly", errors);
        let receipt_required_from = parse_rules(self.receipt_required_from, "receipt_required_from", errors);
        let maximum_age_days = parse_rules(self.maximum_age_days, "maximum_age_days", errors);
        let maximum_rate_age_days = parse_rules(self.maximum_rate_age_days, "maximum_rate_age_days", errors);
        let duplicates = parse_rules(self.duplicates, "duplicates", errors);
        let duplicate_receipts = parse_rules(self.duplicate_receipts, "duplicate_receipts", errors);
        let auto_approve_below = money(self.auto_approve_below, "auto_approve_below", errors);
        let non_working_days =
            optional(self.non_working_days, |days| errors.within("non_working_days", |errors| days.parse(errors)));
        let cost_centres = errors.each("cost_centres", self.cost_centres.unwrap_or_default(), CostObjectDto::parse);
        let projects = errors.each("projects", self.projects.unwrap_or_default(), CostObjectDto::parse);
        let steps = errors.each("steps", self.steps, StepRuleDto::parse);
        let fallback = optional(self.fallback, |fallback| errors.within("fallback", |errors| fallback.parse(errors)));
        let payments = optional(self.payments, |payments| errors.within("payments", |errors| payments.parse(errors)));
        Some(Policy {
            version: self.version.map_or(0, u64::from),
            categories: categories?,
            limits: limits?,
            receipt_required_from: receipt_required_from?,
            maximum_age_days: maximum_age_days?,
            maximum_rate_age_days: maximum_rate_age_days?,
            non_working_days: non_working_days?,
            duplicates: duplicates?,
            duplicate_receipts: duplicate_receipts?,
            splitting: self.splitting.unwrap_or(false),
            cost_centres: cost_centres?,
            projects: projects?,
            steps: steps?,
            fallback: fallback?,
            auto_approve_below: auto_approve_below?,
            auto_approve_monthly: auto_approve_monthly?,
            payments: payments?.unwrap_or_default(),
            last_hash: String::new(),
            changed_at: None,
        })
    }
}

/// Rules of one kind; none when they are left out.
fn parse_rules<R: RuleInput>(
    rules: Option<RulesIn<R>>,
    name: &str,
    errors: &mut FieldErrors,
) -> Option<CategoryRules<R::Bound>> {
    rules.map_or_else(|| Some(CategoryRules::default()), |rules| rules.parse(name, errors))
}

impl CategoryDto {
    fn parse(self, errors: &mut FieldErrors) -> Option<Category> {
        let code = errors.parse("code", self.code);
        let name = errors.parse("name", self.name);
        let account = errors.parse_optional("account", self.account);
        let default_tax = errors.parse_optional("default_tax", self.default_tax);
        let default_taxes = self.default_taxes.unwrap_or_default();
        let default_taxes = errors.each("default_taxes", default_taxes, DefaultTaxesDto::parse);
        let active_from = optional(self.active_from, |day| errors.parse_date("active_from", day));
        let active_until = optional(self.active_until, |day| errors.parse_date("active_until", day));
        Some(Category {
            code: code?,
            name: name?,
            account: account?,
            default_tax: default_tax?,
            default_taxes: default_taxes?,
            active_from: active_from?,
            active_until: active_until?,
            requires: self.requires.unwrap_or_default(),
        })
    }
}

impl From<&Category> for CategoryDto {
    fn from(category: &Category) -> Self {
        Self {
            code: category.code.to_string(),
            name: category.name.to_string(),
            account: category.account.clone().map(Into::into),
            default_tax: category.default_tax.map(|rate| rate.to_string()),
            default_taxes: Some(category.default_taxes.iter().map(Into::into).collect()),
            active_from: category.active_from.map(|day| day.to_string()),
            active_until: category.active_until.map(|day| day.to_string()),
            requires: Some(category.requires.clone()),
        }
    }
}

impl DefaultTaxesDto {
    fn parse(self, errors: &mut FieldErrors) -> Option<DefaultTaxes> {
        if self.country.is_none() && self.currency.is_none() {
            errors.push("country", "required", "Name a country, a currency, or both.");
        }
        let country = errors.parse_optional("country", self.country);
        let currency = errors.parse_optional("currency", self.currency);
        let rates = errors.parse_list("rates", self.rates);
        Some(DefaultTaxes { country: country?, currency: currency?, rates: rates? })
    }
}

impl From<&DefaultTaxes> for DefaultTaxesDto {
    fn from(taxes: &DefaultTaxes) -> Self {
        Self {
            country: taxes.country.clone().map(Into::into),
            currency: taxes.currency.map(|currency| currency.code().to_owned()),
            rates: taxes.rates.iter().map(ToString::to_string).collect(),
        }
    }
}

impl CostObjectDto {
    fn parse<Code: FromStr<Err = TextError>>(self, errors: &mut FieldErrors) -> Option<CostObject<Code>> {
        let code = errors.parse("code", self.code);
        let name = errors.parse("name", self.name);
        let owner_id = optional(self.owner_id, |id| errors.parse_member_id("owner_id", id));
        Some(CostObject { code: code?, name: name?, owner_id: owner_id? })
    }
}

impl<Code: Display> From<&CostObject<Code>> for CostObjectDto {
    fn from(object: &CostObject<Code>) -> Self {
        let owner_id = object.owner_id.map(|id| id.to_string());
        Self { code: object.code.to_string(), name: object.name.to_string(), owner_id }
    }
}

impl NonWorkingDaysDto {
    fn parse(self, errors: &mut FieldErrors) -> Option<NonWorkingDays> {
        let holidays = self.holidays.unwrap_or_default();
        let holidays = errors.each("holidays", holidays, |day, errors| errors.parse_date("", day));
        Some(NonWorkingDays {
            effect: self.effect,
            unless_justified: self.unless_justified.unwrap_or(false),
            weekend: self.weekend,
            holidays: holidays?,
        })
    }
}

/// Version of the policy.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub struct PolicyOut {
    /// Version; grows by one with each change. The `ETag` without its quotes.
    pub version: u64,
    /// Time when it was put in force, RFC 3339 in UTC; null for the initial policy.
    #[schema(format = DateTime)]
    pub changed_at: Option<String>,
    /// Categories.
    pub categories: Vec<CategoryDto>,
    /// Spending limits.
    pub limits: Vec<LimitDto>,
    /// Amounts in the base currency from which expenses need a receipt.
    pub receipt_required_from: Option<ReceiptRulesDto>,
    /// Ages in days above which expenses are a violation at submission.
    pub maximum_age_days: Option<AgeRulesDto>,
    /// Ages in days above which the exchange rate of an expense is a violation; a note above 7 when null.
    pub maximum_rate_age_days: Option<AgeRulesDto>,
    /// Rule for expenses on days off.
    pub non_working_days: Option<NonWorkingDaysDto>,
    /// Effect of an expense that the owner has already claimed.
    pub duplicates: Option<DuplicateRulesDto>,
    /// Effect of a receipt whose file is also behind another expense or on another report; `note` when null.
    pub duplicate_receipts: Option<DuplicateRulesDto>,
    /// True when several expenses of one day at one merchant count together.
    pub splitting: bool,
    /// Cost centres.
    pub cost_centres: Vec<CostObjectDto>,
    /// Projects.
    pub projects: Vec<CostObjectDto>,
    /// Approval steps in order.
    pub steps: Vec<StepRuleDto>,
    /// Approvers where a step has none and where no step applies.
    pub fallback: Option<ApproversDto>,
    /// Total in the base currency below which reports without violations are approved automatically.
    pub auto_approve_below: Option<MoneyDto>,
    /// Highest sum in the base currency that is approved automatically for an owner in a calendar month; ten times
    /// `auto_approve_below` when null.
    pub auto_approve_monthly: Option<MoneyDto>,
    /// Rules for payments.
    pub payments: PaymentRulesDto,
}

impl From<&Policy> for PolicyOut {
    fn from(policy: &Policy) -> Self {
        let days = |days: &NonWorkingDays| NonWorkingDaysDto {
            effect: days.effect,
            unless_justified: Some(days.unless_justified),
            weekend: days.weekend.clone(),
            holidays: Some(days.holidays.iter().map(Date::to_string).collect()),
        };
        Self {
            version: policy.version,
            changed_at: policy.changed_at.map(time),
            categories: policy.categories.iter().map(Into::into).collect(),
            limits: policy.limits.iter().map(Into::into).collect(),
            receipt_required_from: ReceiptRulesDto::of(&policy.receipt_required_from),
            maximum_age_days: AgeRulesDto::of(&policy.maximum_age_days),
            maximum_rate_age_days: AgeRulesDto::of(&policy.maximum_rate_age_days),
            non_working_days: policy.non_working_days.as_ref().map(days),
            duplicates: DuplicateRulesDto::of(&policy.duplicates),
            duplicate_receipts: DuplicateRulesDto::of(&policy.duplicate_receipts),
            splitting: policy.splitting,
            cost_centres: policy.cost_centres.iter().map(Into::into).collect(),
            projects: policy.projects.iter().map(Into::into).collect(),
            steps: policy.steps.iter().map(Into::into).collect(),
            fallback: policy.fallback.as_ref().map(Into::into),
            auto_approve_below: policy.auto_approve_below.map(Into::into),
            auto_approve_monthly: policy.auto_approve_monthly.map(Into::into),
            payments: (&policy.payments).into(),
        }
    }
}
