//! The route of a report: which steps it takes, who decides on each, by when, and why. Routing always ends with at least one
//! step or a refusal, is the same for the same input, and never names somebody the duties exclude. Reasons name no people: they
//! go into the history.

mod search;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::expense::Expense;
use crate::ids::MemberId;
use crate::member::{Member, Person};
use crate::money::Money;
use crate::policy::{Approvers, Condition, Mode, Policy, StepRule, at_least};
use crate::report::Report;

pub use search::{Excluded, Search};

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// An earlier step is still open.
    Waiting,
    /// Its approvers are asked now.
    Pending,
    /// Approved.
    Approved,
    /// The report went back to its owner from here.
    Returned,
    /// The report was rejected here.
    Rejected,
}

/// Who decided on a step, when, and what he said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who decided.
    pub by: Person,
    /// The approver he decided for, when he did so by delegation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<Person>,
    /// When.
    pub at: Timestamp,
    /// A comment, or the reason of a return or rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Decision {
    /// Whether the member made it, or it was made for him.
    #[must_use]
    pub fn involves(&self, member: MemberId) -> bool {
        self.by.id == member || self.on_behalf_of.as_ref().is_some_and(|person| person.id == member)
    }
}

/// One stage of the approval chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Position in the chain, from 1.
    pub number: u32,
    /// The name of the workflow's step.
    pub name: String,
    /// Where it stands.
    pub status: StepStatus,
    /// How many of the approvers have to agree.
    pub mode: Mode,
    /// Who is asked.
    pub approvers: Vec<Person>,
    /// Why the step is there and why these people.
    pub reason: String,
    /// Working days the approvers have once it is their turn.
    pub due_in_days: u8,
    /// The day the decision is due, once the step is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_on: Option<Date>,
    /// Who is asked when it is overdue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalates_to: Vec<Person>,
    /// Who was asked here and is no longer waited for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<MemberId>,
    /// What was decided, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
}

impl Step {
    /// Whether the member is one of the step's approvers.
    #[must_use]
    pub fn asks(&self, member: MemberId) -> bool {
        self.approvers.iter().any(|person| person.id == member)
    }

    /// Whether the step cannot be approved without the member.
    #[must_use]
    pub fn needs(&self, member: MemberId) -> bool {
        let enough_others = match self.mode {
            Mode::Any => self.approvers.len() > 1,
            Mode::All => false,
            Mode::Quorum { of } => self.approvers.len() > usize::from(of),
        };
        self.asks(member) && !enough_others
    }

    /// Whether the member has decided here, or somebody for him.
    #[must_use]
    pub fn heard(&self, member: MemberId) -> bool {
        self.decisions.iter().any(|decision| decision.involves(member))
    }

    /// The approvers who have not decided yet.
    pub fn outstanding(&self) -> impl Iterator<Item = &Person> {
        self.approvers.iter().filter(|person| !self.heard(person.id))
    }

    /// How many more of them have to agree.
    #[must_use]
    pub fn remaining(&self) -> usize {
        let needed = match self.mode {
            Mode::Any => 1,
            Mode::All => self.approvers.len(),
            Mode::Quorum { of } => usize::from(of),
        };
        needed.saturating_sub(self.decisions.len())
    }

    /// The step, now pending: its due date counts from `today`, by the working days of the policy.
    #[must_use]
    pub fn opened(self, policy: &Policy, today: Date) -> Self {
        Self { status: StepStatus::Pending, due_on: Some(policy.working_days_after(today, self.due_in_days)), ..self }
    }
}

/// The most members asked at one step; of more the first ones by identifier. Each is a task in the one transaction.
pub const MAX_APPROVERS: usize = 20;
/// How far up the managers are followed.
pub const MAX_LEVELS: usize = 20;

/// The people a route may need.
#[derive(Clone, Debug)]
pub struct Directory {
    /// The owner.
    pub owner: Member,
    /// Who entered the report for him and who is paid, where these are others.
    pub concerned: Vec<Member>,
    /// The owner's manager, that one's manager and so on, as far as they are known.
    pub managers: Vec<Member>,
    /// Whether there is nobody above the last of them.
    pub top: bool,
    /// The organisation's members with the roles finance and admin.
    pub officers: Vec<Member>,
    /// The members the policy names.
    pub named: Vec<Member>,
}

impl Directory {
    /// Somebody with a part in the report who is not here: without him the duties cannot be judged.
    #[must_use]
    pub fn lacks(&self, report: &Report) -> Option<MemberId> {
        let known = |id: &MemberId| self.owner.id == *id || self.concerned.iter().any(|member| member.id == *id);
        report.concerned().find(|id| !known(id))
    }
}

/// Why there is no route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// Nobody can approve the named step: not its approvers, no manager further up, not the fallback.
    NoApprover {
        /// The step's name.
        step: String,
    },
    /// The route depends on this manager, who is not in the directory: ask again with him ([`Directory::managers`]), or with
    /// [`Directory::top`] set if he does not exist.
    Unknown(MemberId),
}

/// What a route is made for.
#[derive(Clone, Copy, Debug)]
pub struct Claimed<'a> {
    /// The lines.
    pub lines: &'a [Expense],
    /// Their sum in the base currency.
    pub base_total: Money,
    /// The cost centre of lines that name none.
    pub cost_centre: Option<&'a str>,
    /// Whether the policy found anything.
    pub has_violations: bool,
}

impl<'a> Claimed<'a> {
    /// A report's.
    #[must_use]
    pub fn of(report: &'a Report, has_violations: bool) -> Self {
        let Report { expenses, base_total, cost_centre, .. } = report;
        Self { lines: expenses, base_total: *base_total, cost_centre: cost_centre.as_deref(), has_violations }
    }

    /// The cost centre a line is on.
    fn cost_centre_of<'b>(&'b self, line: &'b Expense) -> Option<&'b str> {
        line.facts.cost_centre.as_deref().or(self.cost_centre)
    }
}

/// The steps for a report. The first step is pending, the others wait.
///
/// # Errors
/// [`NoRoute`]
pub fn route(policy: &Policy, claimed: Claimed<'_>, people: &Directory, today: Date) -> Result<Vec<Step>, NoRoute> {
    let whatever = StepRule {
        name: "Approval".to_owned(),
        when: Condition::default(),
        approvers: policy.fallback.clone().unwrap_or(Approvers::Members { members: Vec::new() }),
        mode: Mode::Any,
        due_in_days: 5,
        escalate_to: None,
    };
    let mut rules: Vec<(&StepRule, String)> = Vec::new();
    for rule in &policy.steps {
        rules.extend(why(&rule.when, claimed, people).map(|why| (rule, why)));
    }
    if rules.is_empty() {
        // No rule applies: a person decides all the same, never silence.
        rules.push((&whatever, "No step of the workflow applies to this report.".to_owned()));
    }
    let mut search = Search::new(policy, claimed, people, today);
    for (rule, why) in rules {
        search.step(rule, &why)?;
    }
    let mut steps = search.finish();
    if let Some(first) = steps.first_mut() {
        *first = first.clone().opened(policy, today);
    }
    Ok(steps)
}

/// Why a step applies, or `None` when it does not.
fn why(when: &Condition, claimed: Claimed<'_>, people: &Directory) -> Option<String> {
    let mut reasons = Vec::new();
    let total = claimed.base_total;
    if let Some(from) = when.from_total {
        at_least(total, from).then(|| reasons.push(format!("The total of {total} reaches {from}.")))?;
    }
    if let Some(below) = when.below_total {
        (!at_least(total, below)).then(|| reasons.push(format!("The total of {total} is below {below}.")))?;
    }
    let mut listed = |list: &[String], found: Vec<Option<&str>>, what: &str| {
        if list.is_empty() {
            return Some(());
        }
        let hit = list.iter().find(|wanted| found.contains(&Some(wanted.as_str())))?;
        reasons.push(format!("{what} {hit}."));
        Some(())
    };
    let each = |of: fn(&Expense) -> Option<&str>| claimed.lines.iter().map(of).collect::<Vec<_>>();
    listed(&when.categories, each(|line| Some(&line.facts.category)), "A line is in the category")?;
    listed(
        &when.cost_centres,
        claimed.lines.iter().map(|line| claimed.cost_centre_of(line)).collect(),
        "A line is on the cost centre",
    )?;
    listed(&when.projects, each(|line| line.facts.project.as_deref()), "A line is on the project")?;
    listed(&when.grades, vec![people.owner.grade.as_deref()], "The owner is of the grade")?;
    let currencies: Vec<String> = when.currencies.iter().map(|currency| currency.code().to_owned()).collect();
    listed(&currencies, each(|line| Some(line.facts.amount.currency().code())), "A line was paid in")?;
    if let Some(wanted) = when.has_violations {
        let found = if wanted { "The policy found something." } else { "The policy found nothing." };
        (wanted == claimed.has_violations).then(|| reasons.push(found.to_owned()))?;
    }
    Some(if reasons.is_empty() { "This step applies to every report.".to_owned() } else { reasons.join(" ") })
}
