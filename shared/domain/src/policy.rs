//! The policy: categories, limits and the workflow, and the judgement of expenses by it. It finds violations; whether they
//! stop a submission is for [`crate::change`] to say.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::expense::Expense;
use crate::ids::ExpenseId;
use crate::member::Role;
use crate::money::{Currency, Money};

/// What happens when a limit is exceeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The line needs a justification; approvers see the violation.
    #[default]
    Warn,
    /// The report cannot be submitted with this line.
    Block,
}

/// A kind of spending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// What expenses name it by: lower-case letters, digits, `-` and `_`.
    pub code: String,
    /// The name people see.
    pub name: String,
    /// The most one expense of it may cost, in the base currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Money>,
    /// What happens above the limit.
    #[serde(default)]
    pub effect: Effect,
}

/// Who decides on a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Approvers {
    /// The owner's manager.
    Manager,
    /// Any one member with the role.
    Role {
        /// The role.
        role: Role,
    },
}

/// One step of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRule {
    /// The name people see, such as `Manager`.
    pub name: String,
    /// Who decides.
    pub approvers: Approvers,
    /// The step applies to reports of at least this total, in the base currency; always, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_total: Option<Money>,
    /// Working days (Monday to Friday) the approvers have.
    pub due_in_days: u8,
}

/// The policy document of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Grows by one with each change; a report keeps the version it was judged by.
    pub version: u64,
    /// The kinds of spending that may be claimed.
    pub categories: Vec<Category>,
    /// Expenses of at least this amount in the base currency need a receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_required_from: Option<Money>,
    /// Expenses older than this many days at submission are noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_age_days: Option<u16>,
    /// The approval steps, in order.
    pub steps: Vec<StepRule>,
}

/// The rule a violation is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The category is not one of the policy.
    UnknownCategory,
    /// The amount is above the category's limit.
    CategoryLimit,
    /// The amount needs a receipt and there is none.
    ReceiptRequired,
    /// The expense is older than the policy allows.
    MaximumAge,
}

impl Rule {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownCategory => "unknown-category",
            Self::CategoryLimit => "category-limit",
            Self::ReceiptRequired => "receipt-required",
            Self::MaximumAge => "maximum-age",
        }
    }
}

/// Whether a violation stops the submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Approvers see it; the report can be submitted.
    Warn,
    /// The report cannot be submitted.
    Block,
}

/// What a limit and an actual value are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Measure {
    /// An amount of money.
    Money(Money),
    /// A number of days.
    Days {
        /// How many.
        days: u32,
    },
}

/// What a policy rule found on one expense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The expense it was found on.
    pub expense_id: ExpenseId,
    /// Whether it stops the submission.
    pub severity: Severity,
    /// A sentence for people.
    pub message: String,
    /// What the rule allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Measure>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<Measure>,
    /// The member of the expense that would have to change.
    pub field: Field,
}

/// A member of an expense, as named in requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// `category`
    Category,
    /// `amount`
    Amount,
    /// `justification`
    Justification,
    /// `receipt_reference`
    ReceiptReference,
    /// `date`
    Date,
}

impl Field {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Amount => "amount",
            Self::Justification => "justification",
            Self::ReceiptReference => "receipt_reference",
            Self::Date => "date",
        }
    }
}

impl Policy {
    /// What a new organisation starts with: common categories without limits, expenses older than 90 days noted,
    /// and the manager's approval.
    #[must_use]
    pub fn initial() -> Self {
        let category = |(code, name): (&str, &str)| Category {
            code: code.to_owned(),
            name: name.to_owned(),
            limit: None,
            effect: Effect::Warn,
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
            receipt_required_from: None,
            maximum_age_days: Some(90),
            steps: vec![StepRule {
                name: "Manager".to_owned(),
                approvers: Approvers::Manager,
                from_total: None,
                due_in_days: 5,
            }],
        }
    }

    /// Judges expenses as of `today`. The result is in the order of the expenses, the same for the same input.
    #[must_use]
    pub fn judge(&self, expenses: &[Expense], today: Date) -> Vec<Violation> {
        expenses.iter().flat_map(|expense| self.judge_one(expense, today)).collect()
    }

    fn judge_one(&self, expense: &Expense, today: Date) -> Vec<Violation> {
        let Some(category) = self.categories.iter().find(|category| category.code == expense.facts.category) else {
            let message = format!("{} is not a category of the policy.", expense.facts.category);
            return vec![violation(expense, Rule::UnknownCategory, Severity::Block, Field::Category, message)];
        };
        let found = [over_limit(category, expense), self.receipt_missing(expense), self.too_old(expense, today)];
        found.into_iter().flatten().collect()
    }

    fn receipt_missing(&self, expense: &Expense) -> Option<Violation> {
        let from = self.receipt_required_from?;
        let actual = expense.amount_in_base();
        if expense.facts.receipt_reference.is_some() || !at_least(actual, from) {
            return None;
        }
        let message =
            format!("{} at {} has no receipt; one is required from {from}.", shown(expense), expense.facts.merchant);
        let found = violation(expense, Rule::ReceiptRequired, Severity::Warn, Field::ReceiptReference, message);
        Some(Violation { limit: Some(Measure::Money(from)), actual: Some(Measure::Money(actual)), ..found })
    }

    fn too_old(&self, expense: &Expense, today: Date) -> Option<Violation> {
        let maximum = u32::from(self.maximum_age_days?);
        let days = expense.facts.date.until(today).ok().and_then(|span| u32::try_from(span.get_days()).ok())?;
        if days <= maximum {
            return None;
        }
        let message = format!(
            "{} at {} is {days} days old; the policy allows {maximum}.",
            shown(expense),
            expense.facts.merchant
        );
        let found = violation(expense, Rule::MaximumAge, Severity::Warn, Field::Date, message);
        Some(Violation { limit: Some(Measure::Days { days: maximum }), actual: Some(Measure::Days { days }), ..found })
    }
}

fn over_limit(category: &Category, expense: &Expense) -> Option<Violation> {
    let limit = category.limit?;
    let actual = expense.amount_in_base();
    if at_least(limit, actual) {
        return None;
    }
    let over =
        format!("{} at {} is above the limit of {limit} for {}", shown(expense), expense.facts.merchant, category.name);
    let (severity, field, message) = match (category.effect, &expense.facts.justification) {
        (Effect::Block, _) => (Severity::Block, Field::Amount, format!("{over}.")),
        (Effect::Warn, None) => (Severity::Block, Field::Justification, format!("{over} and needs a justification.")),
        (Effect::Warn, Some(_)) => (Severity::Warn, Field::Amount, format!("{over}.")),
    };
    let found = violation(expense, Rule::CategoryLimit, severity, field, message);
    Some(Violation { limit: Some(Measure::Money(limit)), actual: Some(Measure::Money(actual)), ..found })
}

/// The amount as it was paid, and beside it what it is in the base currency where that differs.
fn shown(expense: &Expense) -> String {
    match &expense.base {
        Some(base) => format!("{} ({})", expense.facts.amount, base.amount),
        None => expense.facts.amount.to_string(),
    }
}

/// Whether `amount` reaches `bound`; amounts of different currencies never do.
#[must_use]
pub fn at_least(amount: Money, bound: Money) -> bool {
    amount.currency() == bound.currency() && amount.minor() >= bound.minor()
}

const fn violation(expense: &Expense, rule: Rule, severity: Severity, field: Field, message: String) -> Violation {
    Violation { rule, expense_id: expense.id, severity, message, limit: None, actual: None, field }
}

/// Why a policy cannot be put in force, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// JSON pointer into the policy document.
    pub pointer: String,
    /// A stable name of the rule.
    pub rule: &'static str,
    /// A sentence for people.
    pub detail: String,
}

impl Policy {
    /// Everything that is wrong with the document for an organisation of this base currency.
    #[must_use]
    pub fn faults(&self, base: Currency) -> Vec<PolicyFault> {
        let mut faults = Vec::new();
        let mut fault = |pointer: String, rule, detail: String| faults.push(PolicyFault { pointer, rule, detail });
        for (at, category) in self.categories.iter().enumerate() {
            if self.categories.iter().take(at).any(|earlier| earlier.code == category.code) {
                fault(format!("/categories/{at}/code"), "unique", format!("{} is listed twice.", category.code));
            }
        }
        let limits =
            self.categories.iter().enumerate().map(|(at, c)| (format!("/categories/{at}/limit/currency"), c.limit));
        let bands =
            self.steps.iter().enumerate().map(|(at, s)| (format!("/steps/{at}/from_total/currency"), s.from_total));
        let receipt = ("/receipt_required_from/currency".to_owned(), self.receipt_required_from);
        for (pointer, money) in limits.chain(bands).chain([receipt]) {
            if money.is_some_and(|money| money.currency() != base) {
                fault(pointer, "base-currency", format!("Amounts of a policy are in the base currency, {base}."));
            }
        }
        faults
    }
}
