//! Policy of an organisation: one versioned document with categories, limits, rules and the workflow. It declares the
//! rules; [`crate::evaluate`] applies them to expenses, and [`crate::route`] makes the approval steps.

mod finding;
mod payments;
mod requirement;
mod validate;
mod violation;
mod workflow;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use strum::VariantArray;
use utoipa::ToSchema;

use crate::expense::{ExpenseFacts, PaymentMethod};
use crate::ids::MemberId;
use crate::member::Role;
use crate::money::{Currency, Money};
use crate::tax::TaxRate;
use crate::text::{CategoryCode, CostCentreCode, CountryCode, Grade, Label, LedgerAccount, ProjectCode};

pub use finding::{
    Consequence, DayOff, Finding, LimitExcess, LimitTerms, Measure, NamedExpense, NamedReceipt, PolicyRule,
    RequiredField, SplitBill,
};
pub use payments::{MAX_HOLD_DAYS, PaymentRules};
pub use requirement::{Bound, CategoryRule, CategoryRules, Reaction, RuleEffect};
pub use validate::PolicyError;
pub use violation::{ExpenseField, FindingEffect, Severity, Violation, ViolationFinding};
pub use workflow::{ApprovalMode, Approvers, StepCondition, StepRule};

/// Category of expenses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Code, unique in the policy.
    pub code: CategoryCode,
    /// Display name.
    pub name: Label,
    /// Ledger account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<LedgerAccount>,
    /// Default tax of expenses in the base currency that are entered without a tax and without a country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_tax: Option<TaxRate>,
    /// Default taxes by country and currency. The first entry that applies is used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_taxes: Vec<DefaultTaxes>,
    /// First day of expenses in the category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_from: Option<Date>,
    /// Last day of expenses in the category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_until: Option<Date>,
    /// Fields that expenses in the category must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<RequiredField>,
}

impl Category {
    /// Rates of the default taxes of an expense in the category. `base` is the base currency.
    #[must_use]
    pub fn default_tax_rates(&self, facts: &ExpenseFacts, base: Currency) -> Vec<TaxRate> {
        let currency = facts.amount.currency();
        let applies = |entry: &&DefaultTaxes| {
            entry.currency.is_none_or(|wanted| wanted == currency)
                && entry.country.as_ref().is_none_or(|wanted| facts.country.as_ref() == Some(wanted))
        };
        match self.default_taxes.iter().find(applies) {
            Some(entry) => entry.rates.clone(),
            None if currency == base && facts.country.is_none() => self.default_tax.into_iter().collect(),
            None => Vec::new(),
        }
    }
}

/// Default taxes of expenses in a country, a currency, or both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultTaxes {
    /// Country; every country, stated or not, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    /// Currency of the amount; every currency when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Rates, all on the same net. Empty for no tax.
    pub rates: Vec<TaxRate>,
}

/// Cost centre or project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostObject<Code> {
    /// Code, unique in its list.
    pub code: Code,
    /// Display name.
    pub name: Label,
    /// Owner. Workflow steps can ask the owner to approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<MemberId>,
}

/// Period of a limit: the expenses that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, VariantArray, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Period)]
pub enum LimitPeriod {
    /// Each expense alone.
    Expense,
    /// The owner's expenses of a day, in all submitted and approved reports.
    Day,
    /// The owner's expenses of a calendar month, in all submitted and approved reports.
    Month,
    /// The expenses of the report.
    Report,
    /// The owner's expenses with the same trip, in all submitted and approved reports.
    Trip,
}

impl LimitPeriod {
    /// All periods.
    pub const ALL: &'static [Self] = Self::VARIANTS;
}

/// Effect of exceeding a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Effect)]
pub enum LimitEffect {
    /// A justification is required. Approvers see the violation.
    #[default]
    Warn,
    /// The report cannot be submitted.
    Block,
    /// The excess is not reimbursed. Approvers see the violation.
    Cap,
}

/// Spending limit. An empty list does not restrict it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendingLimit {
    /// Categories that the limit applies to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<CategoryCode>,
    /// Grades of owners that the limit applies to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grades: Vec<Grade>,
    /// Payment methods that the limit applies to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payment_methods: Vec<PaymentMethod>,
    /// Expenses that are counted together.
    pub period: LimitPeriod,
    /// Highest allowed sum, in any currency.
    pub amount: Money,
    /// Effect of exceeding the limit.
    #[serde(default)]
    pub effect: LimitEffect,
}

/// Rule for expenses on days off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonWorkingDays {
    /// Effect of an expense on a weekend day or a holiday.
    #[serde(rename = "severity")]
    pub effect: RuleEffect,
    /// With `block`: the report can be submitted when the expense has a justification.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unless_justified: bool,
    /// Days of the weekend; Saturday and Sunday when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekend: Option<Vec<WeekDay>>,
    /// Holidays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Date>,
}

impl NonWorkingDays {
    /// Reaction to an expense on such a day.
    #[must_use]
    pub const fn reaction(&self) -> Reaction {
        Reaction { effect: self.effect, unless_justified: self.unless_justified }
    }
}

/// Day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Weekday)]
pub enum WeekDay {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl From<Weekday> for WeekDay {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

/// Age in days above which an exchange rate is a violation, where the policy names none.
pub const DEFAULT_RATE_AGE_DAYS: u16 = 7;

/// Policy document of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Version; grows by one with each change. A report keeps the version of its last submission.
    pub version: u64,
    /// Categories.
    pub categories: Vec<Category>,
    /// Spending limits. For an expense and a period, the limit with the most kinds of restriction counts; of several,
    /// the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<SpendingLimit>,
    /// Amounts in the base currency from which expenses need a receipt.
    #[serde(default, skip_serializing_if = "CategoryRules::is_empty")]
    pub receipt_required_from: CategoryRules<Money>,
    /// Ages in days above which expenses are a violation at submission.
    #[serde(default, skip_serializing_if = "CategoryRules::is_empty")]
    pub maximum_age_days: CategoryRules<u16>,
    /// Ages in days above which the exchange rate of an expense is a violation, counted to the day of the expense. Without
    /// a rule, rates older than [`DEFAULT_RATE_AGE_DAYS`] are a note.
    #[serde(default, skip_serializing_if = "CategoryRules::is_empty")]
    pub maximum_rate_age_days: CategoryRules<u16>,
    /// Rule for expenses on days off. Due dates skip its holidays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_working_days: Option<NonWorkingDays>,
    /// Rules for expenses that the owner has already claimed: same day, merchant and amount.
    #[serde(default, skip_serializing_if = "CategoryRules::is_empty")]
    pub duplicates: CategoryRules<()>,
    /// Rules for receipts whose file is also behind another expense. Without one, approvers see it.
    #[serde(default, skip_serializing_if = "CategoryRules::is_empty")]
    pub duplicate_receipts: CategoryRules<()>,
    /// True when several expenses of one day at one merchant count together for limits per expense and for required
    /// receipts.
    #[serde(default)]
    pub splitting: bool,
    /// Cost centres. When there are any, expenses may only name these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cost_centres: Vec<CostObject<CostCentreCode>>,
    /// Projects. When there are any, expenses may only name these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<CostObject<ProjectCode>>,
    /// Approval steps, in order.
    pub steps: Vec<StepRule>,
    /// Approvers where a step has none, and where no step applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Approvers>,
    /// Total in the base currency below which reports without violations are approved automatically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_approve_below: Option<Money>,
    /// Highest sum in the base currency that is approved automatically for an owner in a calendar month; ten times
    /// `auto_approve_below` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_approve_monthly: Option<Money>,
    /// Rules for payments.
    #[serde(default, skip_serializing_if = "PaymentRules::is_default")]
    pub payments: PaymentRules,
    /// Hash of the last event of the policy's history.
    #[serde(default)]
    pub last_hash: String,
    /// Time when it was put in force; absent for the initial policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
}

impl Policy {
    /// Policy of a new organisation: common categories without limits, warnings about duplicates and expenses older
    /// than 90 days, approval by the manager, or by an admin where there is no manager.
    #[must_use]
    pub fn initial() -> Self {
        let category = |(code, name)| Category {
            code: CategoryCode::literal(code),
            name: Label::literal(name),
            account: None,
            default_tax: None,
            default_taxes: Vec::new(),
            active_from: None,
            active_until: None,
            requires: Vec::new(),
        };
        let categories = [
            ("travel", "Travel"),
            ("lodging", "Lodging"),
            ("meals", "Meals"),
            ("transport", "Local transport"),
            ("entertainment", "Client entertainment"),
            ("supplies", "Office supplies"),
            ("communication", "Phone and internet"),
            ("training", "Training and conferences"),
            ("other", "Other"),
        ];
        Self {
            version: 1,
            categories: categories.into_iter().map(category).collect(),
            limits: Vec::new(),
            receipt_required_from: CategoryRules::default(),
            maximum_age_days: CategoryRules::bare(90),
            maximum_rate_age_days: CategoryRules::default(),
            non_working_days: None,
            duplicates: CategoryRules::bare(RuleEffect::Warn),
            duplicate_receipts: CategoryRules::default(),
            splitting: true,
            cost_centres: Vec::new(),
            projects: Vec::new(),
            steps: vec![StepRule {
                name: Label::literal("Manager"),
                when: StepCondition::default(),
                approvers: Approvers::Manager { level: 1 },
                mode: ApprovalMode::Any,
                due_in_days: 5,
                escalate_to: None,
            }],
            fallback: Some(Approvers::Role { role: Role::Admin }),
            auto_approve_below: None,
            auto_approve_monthly: None,
            payments: PaymentRules::default(),
            last_hash: String::new(),
            changed_at: None,
        }
    }

    /// Category with a code.
    #[must_use]
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.code == code)
    }

    /// Name of a category; its code when the policy does not list it.
    #[must_use]
    pub fn category_name(&self, code: &CategoryCode) -> Label {
        self.category(code).map_or_else(|| code.into(), |category| category.name.clone())
    }

    /// Members that the document names, each once.
    #[must_use]
    pub fn named_members(&self) -> Vec<MemberId> {
        let listed = |approvers: &Approvers| match approvers {
            Approvers::Members { members } => members.clone(),
            _ => Vec::new(),
        };
        let cost_centres = self.cost_centres.iter().map(|object| object.owner_id);
        let owners = self.projects.iter().map(|object| object.owner_id).chain(cost_centres).flatten();
        let steps = self.steps.iter().flat_map(|step| [Some(&step.approvers), step.escalate_to.as_ref()]);
        let approvers = steps.chain([self.fallback.as_ref()]).flatten().flat_map(listed);
        let mut named: Vec<MemberId> = owners.chain(approvers).collect();
        named.sort_unstable();
        named.dedup();
        named
    }

    /// Grades that limits and steps refer to, each once.
    #[must_use]
    pub fn grades(&self) -> BTreeSet<&Grade> {
        let limits = self.limits.iter().flat_map(|limit| &limit.grades);
        limits.chain(self.steps.iter().flat_map(|step| &step.when.grades)).collect()
    }

    /// JSON pointer to the first place where the document names a member.
    #[must_use]
    pub fn member_pointer(&self, member: MemberId) -> String {
        fn owned<Code>(list: &str, objects: &[CostObject<Code>], member: MemberId) -> Option<String> {
            let at = objects.iter().position(|object| object.owner_id == Some(member))?;
            Some(format!("/{list}/{at}/owner_id"))
        }
        let listed = |pointer: String, approvers: Option<&Approvers>| match approvers {
            Some(Approvers::Members { members }) => {
                members.iter().position(|id| *id == member).map(|at| format!("{pointer}/members/{at}"))
            }
            _ => None,
        };
        let in_step = |(at, step): (usize, &StepRule)| {
            listed(format!("/steps/{at}/approvers"), Some(&step.approvers))
                .or_else(|| listed(format!("/steps/{at}/escalate_to"), step.escalate_to.as_ref()))
        };
        owned("cost_centres", &self.cost_centres, member)
            .or_else(|| owned("projects", &self.projects, member))
            .or_else(|| self.steps.iter().enumerate().find_map(in_step))
            .or_else(|| listed("/fallback".to_owned(), self.fallback.as_ref()))
            .unwrap_or_default()
    }

    /// True for a day that is neither a weekend day nor a holiday.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        let days = self.non_working_days.as_ref();
        let is_weekend = match days.and_then(|days| days.weekend.as_ref()) {
            Some(weekend) => weekend.contains(&day.weekday().into()),
            None => matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday),
        };
        !is_weekend && !days.is_some_and(|days| days.holidays.contains(&day))
    }

    /// Day that is `days` working days after `from`.
    #[must_use]
    pub fn working_days_after(&self, from: Date, days: u8) -> Date {
        let mut day = from;
        let mut left = days;
        while left > 0 {
            // The calendar ends in the year 9999; a due date there stays where it is.
            let Ok(next) = day.tomorrow() else { return day };
            day = next;
            if self.is_working_day(day) {
                left -= 1;
            }
        }
        day
    }
}

impl SpendingLimit {
    /// Number of kinds of restriction. The limit with the most counts.
    #[must_use]
    pub fn restriction_count(&self) -> usize {
        [self.categories.is_empty(), self.grades.is_empty(), self.payment_methods.is_empty()]
            .iter()
            .filter(|open| !**open)
            .count()
    }
}

/// True when `amount` reaches `bound`; never for different currencies.
#[must_use]
pub fn at_least(amount: Money, bound: Money) -> bool {
    amount.currency() == bound.currency() && amount.minor() >= bound.minor()
}
