//! The route of a report: which steps it takes, who decides on each, by when, and why. Routing always ends with at least one
//! step or a refusal, and never names the owner.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::ids::MemberId;
use crate::member::{Member, Person, Role};
use crate::money::Money;
use crate::policy::{Approvers, Policy, StepRule, at_least};

/// How many of a step's approvers have to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One is enough.
    Any,
}

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
    /// The approver.
    pub by: Person,
    /// When.
    pub at: Timestamp,
    /// A comment, or the reason of a return or rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
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
    /// The decision, once made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

impl Step {
    /// Whether the member is one of the step's approvers.
    #[must_use]
    pub fn asks(&self, member: MemberId) -> bool {
        self.approvers.iter().any(|person| person.id == member)
    }

    /// The step, now pending: its due date counts from `today`.
    #[must_use]
    pub fn opened(self, today: Date) -> Self {
        Self { status: StepStatus::Pending, due_on: Some(working_days_after(today, self.due_in_days)), ..self }
    }
}

/// The most members asked at one step; of a larger role the first ones by identifier. Each is a task in the one transaction.
pub const MAX_APPROVERS: usize = 20;

/// The people a route may need.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// The owner's manager, when he has one.
    pub manager: Option<Member>,
    /// The organisation's members with the roles finance and admin.
    pub officers: Vec<Member>,
}

/// Nobody can approve: not the step's approvers, not the fallback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoApprover {
    /// The name of the step.
    pub step: String,
}

/// The steps for a report of this owner and total. The first step is pending, the others wait.
///
/// # Errors
/// [`NoApprover`] when a step that applies finds no approver and no admin can stand in.
pub fn route(
    policy: &Policy,
    owner: MemberId,
    base_total: Money,
    people: &Directory,
    today: Date,
) -> Result<Vec<Step>, NoApprover> {
    let applies = |rule: &&StepRule| rule.from_total.is_none_or(|from| at_least(base_total, from));
    let fallback = StepRule {
        name: "Approval".to_owned(),
        approvers: Approvers::Role { role: Role::Admin },
        from_total: None,
        due_in_days: 5,
    };
    let mut rules: Vec<&StepRule> = policy.steps.iter().filter(applies).collect();
    if rules.is_empty() {
        // No rule applies: a person decides all the same, never silence.
        rules.push(&fallback);
    }
    let mut excluded = vec![owner];
    let mut steps: Vec<Step> = Vec::new();
    for (number, rule) in (1..).zip(rules) {
        let (approvers, who) = approvers(rule, &excluded, people, &mut steps)?;
        // One person decides at one level only.
        excluded.extend(approvers.iter().map(|person| person.id));
        let why = match rule.from_total {
            Some(from) => format!("The total of {base_total} reaches {from}."),
            None => "This step applies to every report.".to_owned(),
        };
        let step = Step {
            number,
            name: rule.name.clone(),
            status: StepStatus::Waiting,
            mode: Mode::Any,
            approvers,
            reason: format!("{why} {who}"),
            due_in_days: rule.due_in_days,
            due_on: None,
            decision: None,
        };
        steps.push(if number == 1 { step.opened(today) } else { step });
    }
    Ok(steps)
}

fn approvers(
    rule: &StepRule,
    excluded: &[MemberId],
    people: &Directory,
    earlier: &mut [Step],
) -> Result<(Vec<Person>, String), NoApprover> {
    let eligible = |member: &&Member| member.can_approve() && !excluded.contains(&member.id);
    let with_role = |role: Role| -> Vec<Person> {
        let mut found: Vec<Person> =
            people.officers.iter().filter(|member| member.role == role).filter(eligible).map(Member::person).collect();
        found.sort_unstable_by_key(|person| person.id);
        found.dedup_by_key(|person| person.id);
        found.truncate(MAX_APPROVERS);
        found
    };
    let (found, who, missing) = match rule.approvers {
        Approvers::Manager => (
            people.manager.iter().filter(eligible).map(Member::person).collect(),
            "It is decided by the owner's manager.".to_owned(),
            "The owner has no manager who may decide",
        ),
        Approvers::Role { role } => (
            with_role(role),
            format!("It is decided by any one member with the role {}.", role.name()),
            "No member with the step's role may decide",
        ),
    };
    if !found.is_empty() {
        return Ok((found, who));
    }
    let mut admins = with_role(Role::Admin);
    if admins.is_empty() {
        admins.extend(spare_admin(people, earlier));
    }
    if admins.is_empty() {
        return Err(NoApprover { step: rule.name.clone() });
    }
    Ok((admins, format!("{missing}, so an admin decides.")))
}

/// An admin who shares an earlier step with others, taken from there.
fn spare_admin(people: &Directory, earlier: &mut [Step]) -> Option<Person> {
    let is_admin =
        |person: &Person| people.officers.iter().any(|member| member.id == person.id && member.role == Role::Admin);
    earlier.iter_mut().filter(|step| step.approvers.len() > 1).find_map(|step| {
        let at = step.approvers.iter().rposition(is_admin)?;
        Some(step.approvers.remove(at))
    })
}

/// The day that lies `days` working days (Monday to Friday) after `from`.
#[must_use]
pub fn working_days_after(from: Date, days: u8) -> Date {
    let mut day = from;
    let mut left = days;
    while left > 0 {
        // The calendar ends in the year 9999; a due date there stays where it is.
        let Ok(next) = day.tomorrow() else { return day };
        day = next;
        if !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    day
}
