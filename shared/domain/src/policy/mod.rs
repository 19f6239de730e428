//! The policy of an organisation: one versioned document with categories, limits, rules and the workflow. It says what the rules
//! are; [`crate::judge`] applies them to lines and [`crate::route`] makes the way a report takes.

mod faults;
mod violation;
mod workflow;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::expense::PaymentMethod;
use crate::ids::MemberId;
use crate::member::Role;
use crate::money::Money;
use crate::tax::TaxRate;

pub use faults::PolicyFault;
pub use violation::{Field, Measure, Rule, Severity, Violation};
pub use workflow::{Approvers, Condition, Mode, StepRule};

/// A field of an expense that a category can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Required {
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// What expenses name it by: lower-case letters, digits, `-` and `_`.
    pub code: String,
    /// The name people see.
    pub name: String,
    /// The ledger account it is booked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The tax within an amount that is entered without its tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_tax: Option<TaxRate>,
    /// The first day it may be spent on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_from: Option<Date>,
    /// The last day it may be spent on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_until: Option<Date>,
    /// What its expenses must say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Required>,
}

/// A cost centre or a project, and who answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostObject {
    /// What expenses name it by.
    pub code: String,
    /// The name people see.
    pub name: String,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<MemberId>,
}

/// What a limit counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Each expense by itself.
    Expense,
    /// The owner's expenses of a day.
    Day,
    /// The owner's expenses of a calendar month.
    Month,
    /// The expenses of the report.
    Report,
    /// The owner's expenses that name the same trip.
    Trip,
}

impl Period {
    /// Every period.
    pub const ALL: [Self; 5] = [Self::Expense, Self::Day, Self::Month, Self::Report, Self::Trip];
}

/// What happens when a limit is exceeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A justification is needed; approvers see the violation.
    #[default]
    Warn,
    /// The report cannot be submitted.
    Block,
    /// The excess is not reimbursed, and stays visible as such.
    Cap,
}

/// The most that may be spent. An empty list does not restrict the limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// The categories it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// The grades of owners it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grades: Vec<String>,
    /// The payment methods it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payment_methods: Vec<PaymentMethod>,
    /// What it counts together.
    pub period: Period,
    /// The most that is fine, in any currency.
    pub amount: Money,
    /// What happens above it.
    #[serde(default)]
    pub effect: Effect,
}

/// Days on which spending is unusual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonWorkingDays {
    /// What an expense of a Saturday, a Sunday or a holiday leads to.
    pub severity: Severity,
    /// The holidays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Date>,
}

/// The policy document of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Grows by one with each change; a report keeps the version it was judged by.
    pub version: u64,
    /// The kinds of spending that may be claimed.
    pub categories: Vec<Category>,
    /// What may be spent. For a line and a period, the limit with most restrictions counts; of several, the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// Expenses of at least this amount in the base currency need a receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_required_from: Option<Money>,
    /// Expenses older than this many days at submission are noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_age_days: Option<u16>,
    /// Whether spending on days off is noted. Its holidays also move due dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_working_days: Option<NonWorkingDays>,
    /// What a line leads to that the owner has claimed already (same day, merchant and amount); a warning wants a justification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<Severity>,
    /// Whether several expenses of one day at one merchant count together against limits per expense and for receipts.
    #[serde(default)]
    pub splitting: bool,
    /// The cost centres; when there are any, expenses name none but these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cost_centres: Vec<CostObject>,
    /// The projects; when there are any, expenses name none but these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<CostObject>,
    /// The approval steps, in order.
    pub steps: Vec<StepRule>,
    /// Who decides where a step finds nobody, and where no step applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Approvers>,
    /// Reports of a total below this, in the base currency, are approved without anybody, if nothing at all was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_approve_below: Option<Money>,
    /// The hash of the last event of its history.
    #[serde(default)]
    pub last_hash: String,
    /// When it was put in force; absent for the one an organisation starts with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Timestamp>,
}

impl Policy {
    /// What a new organisation starts with: common categories without limits, duplicates and expenses older than 90 days noted,
    /// the manager's approval, and an admin where there is no manager.
    #[must_use]
    pub fn initial() -> Self {
        let category = |(code, name): (&str, &str)| Category {
            code: code.to_owned(),
            name: name.to_owned(),
            account: None,
            default_tax: None,
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
            receipt_required_from: None,
            maximum_age_days: Some(90),
            non_working_days: None,
            duplicates: Some(Severity::Warn),
            splitting: true,
            cost_centres: Vec::new(),
            projects: Vec::new(),
            steps: vec![StepRule {
                name: "Manager".to_owned(),
                when: Condition::default(),
                approvers: Approvers::Manager { level: 1 },
                mode: Mode::Any,
                due_in_days: 5,
                escalate_to: None,
            }],
            fallback: Some(Approvers::Role { role: Role::Admin }),
            auto_approve_below: None,
            last_hash: String::new(),
            changed_at: None,
        }
    }

    /// The category of this code.
    #[must_use]
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.code == code)
    }

    /// The members the document names, whatever for, each once.
    #[must_use]
    pub fn named_members(&self) -> Vec<MemberId> {
        let listed = |approvers: &Approvers| match approvers {
            Approvers::Members { members } => members.clone(),
            _ => Vec::new(),
        };
        let owners = self.cost_centres.iter().chain(&self.projects).filter_map(|object| object.owner_id);
        let steps = self.steps.iter().flat_map(|step| [Some(&step.approvers), step.escalate_to.as_ref()]);
        let approvers = steps.chain([self.fallback.as_ref()]).flatten().flat_map(listed);
        let mut named: Vec<MemberId> = owners.chain(approvers).collect();
        named.sort_unstable();
        named.dedup();
        named
    }

    /// A JSON pointer to where the document names a member first.
    #[must_use]
    pub fn place_of(&self, member: MemberId) -> String {
        let owned = |list: &str, objects: &[CostObject]| {
            let at = objects.iter().position(|object| object.owner_id == Some(member))?;
            Some(format!("/{list}/{at}/owner_id"))
        };
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
        owned("cost_centres", &self.cost_centres)
            .or_else(|| owned("projects", &self.projects))
            .or_else(|| self.steps.iter().enumerate().find_map(in_step))
            .or_else(|| listed("/fallback".to_owned(), self.fallback.as_ref()))
            .unwrap_or_default()
    }

    /// Whether people work on this day.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        let holidays = self.non_working_days.as_ref().map_or(&[][..], |days| days.holidays.as_slice());
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !holidays.contains(&day)
    }

    /// The day that lies `days` working days after `from`.
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

impl Limit {
    /// How many kinds of restriction it has: the more specific limit counts.
    #[must_use]
    pub fn restrictions(&self) -> usize {
        [self.categories.is_empty(), self.grades.is_empty(), self.payment_methods.is_empty()]
            .iter()
            .filter(|open| !**open)
            .count()
    }
}

/// Whether `amount` reaches `bound`; amounts of different currencies never do.
#[must_use]
pub fn at_least(amount: Money, bound: Money) -> bool {
    amount.currency() == bound.currency() && amount.minor() >= bound.minor()
}
