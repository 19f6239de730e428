//! The search for approvers: whom the rule names, without those the duties exclude, then the next managers up, then the fallback.
//! Nobody is asked at two steps of one report.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Claimed, Directory, MAX_APPROVERS, MAX_LEVELS, NoRoute, Step, StepStatus};
use crate::ids::MemberId;
use crate::member::{Member, Person, Role};
use crate::policy::{Approvers, Mode, Policy, StepRule};

/// A route in the making.
#[derive(Debug)]
pub struct Search<'a> {
    policy: &'a Policy,
    claimed: Claimed<'a>,
    people: &'a Directory,
    /// Those the duties exclude: the concerned, and who decides for them today.
    barred: BTreeSet<MemberId>,
    steps: Vec<Step>,
}

/// Why a member is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excluded {
    /// Suspended, or an auditor.
    CannotApprove,
    /// Owner, enterer or payee, or who decides for one of them.
    Duties,
    /// Asked at another step.
    OtherStep,
    /// The total is above his approval limit.
    Limit,
}

impl Excluded {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::CannotApprove => "cannot approve",
            Self::Duties => "may not decide on this report (separation of duties)",
            Self::OtherStep => "decides at another step of it",
            Self::Limit => "has an approval limit below the total",
        }
    }
}

/// The people found so far for one step, and what has to be said about it.
#[derive(Default)]
struct Found<'a> {
    people: Vec<&'a Member>,
    excluded: Option<Excluded>,
}

impl<'a> Search<'a> {
    /// A search without any step.
    #[must_use]
    pub fn new(policy: &'a Policy, claimed: Claimed<'a>, people: &'a Directory, today: Date) -> Self {
        let concerned = || std::iter::once(&people.owner).chain(&people.concerned);
        let barred = concerned().map(|member| member.id).chain(concerned().filter_map(|member| member.delegate(today)));
        Self { policy, claimed, people, barred: barred.collect(), steps: Vec::new() }
    }

    /// A search beside steps that are there already.
    #[must_use]
    pub fn beside(self, steps: Vec<Step>) -> Self {
        Self { steps, ..self }
    }

    /// The steps found.
    #[must_use]
    pub fn finish(self) -> Vec<Step> {
        self.steps
    }

    /// Why a member may not be asked, if so.
    #[must_use]
    pub fn excludes(&self, member: &Member) -> Option<Excluded> {
        if !member.can_approve() {
            Some(Excluded::CannotApprove)
        } else if self.barred.contains(&member.id) {
            Some(Excluded::Duties)
        } else if self.steps.iter().any(|step| step.asks(member.id) || step.heard(member.id)) {
            Some(Excluded::OtherStep)
        } else if !member.may_approve(self.claimed.base_total) {
            Some(Excluded::Limit)
        } else {
            None
        }
    }

    /// Finds the approvers of the next step.
    pub(super) fn step(&mut self, rule: &StepRule, why: &str) -> Result<(), NoRoute> {
        let (found, mode, who) = self.approvers(rule)?;
        let escalates_to = match &rule.escalate_to {
            Some(target) => {
                let fine = |member: &&&Member| {
                    self.excludes(member).is_none() && !found.iter().any(|asked| asked.id == member.id)
                };
                self.candidates(target)?.iter().filter(fine).take(MAX_APPROVERS).map(|member| member.person()).collect()
            }
            None => Vec::new(),
        };
        let number = u32::try_from(self.steps.len() + 1).unwrap_or(u32::MAX);
        self.steps.push(Step {
            number,
            name: rule.name.clone(),
            status: StepStatus::Waiting,
            mode,
            approvers: found,
            reason: format!("{why} {who}"),
            due_in_days: rule.due_in_days,
            due_on: None,
            escalates_to,
            passed_over: Vec::new(),
            decisions: Vec::new(),
        });
        Ok(())
    }

    /// Who can be asked at a pending step of the report in place of others: of `named`, if any of them may; otherwise, unless only these
    /// will do, the next manager up, the fallback, or the admins.
    ///
    /// # Errors
    /// [`NoRoute::Unknown`] for a manager who has to be known.
    pub fn stand_ins(&self, step: &Step, named: &[Member], only: bool) -> Result<Vec<Person>, NoRoute> {
        let fits = |member: &Member| {
            self.excludes(member).is_none() && member.is_reachable() && !step.passed_over.contains(&member.id)
        };
        let people = |members: &mut dyn Iterator<Item = &Member>| {
            let mut people: Vec<Person> = members.filter(|member| fits(member)).map(Member::person).collect();
            people.sort_unstable_by_key(|person| person.id);
            people.truncate(MAX_APPROVERS);
            people
        };
        let mut found = people(&mut named.iter());
        if !found.is_empty() || only {
            return Ok(found);
        }
        let mut level = 1;
        while let Some(manager) = self.manager(level)? {
            if fits(manager) {
                return Ok(vec![manager.person()]);
            }
            level += 1;
        }
        if let Some(fallback) = &self.policy.fallback {
            found = people(&mut self.candidates(fallback)?.into_iter());
        }
        if found.is_empty() {
            found = people(&mut self.people.officers.iter().filter(|member| member.role == Role::Admin));
        }
        Ok(found)
    }

    /// The manager of a level, from 1.
    fn manager(&self, level: usize) -> Result<Option<&'a Member>, NoRoute> {
        let known = &self.people.managers;
        if let Some(found) = level.checked_sub(1).and_then(|at| known.get(at)) {
            return Ok(Some(found));
        }
        let last = known.last().unwrap_or(&self.people.owner);
        let seen = |id: &MemberId| *id == self.people.owner.id || known.iter().any(|manager| manager.id == *id);
        match last.manager_id {
            // People who manage each other in a circle, or endlessly, have nobody above them.
            Some(above) if !self.people.top && !seen(&above) && known.len() < MAX_LEVELS => {
                Err(NoRoute::Unknown(above))
            }
            _ => Ok(None),
        }
    }

    /// Whom approvers stand for, fit or not.
    fn candidates(&self, approvers: &Approvers) -> Result<Vec<&'a Member>, NoRoute> {
        let named = |wanted: &dyn Fn(MemberId) -> bool| {
            self.people.named.iter().filter(|member| wanted(member.id)).collect::<Vec<_>>()
        };
        let lines = self.claimed.lines;
        let mut found = match approvers {
            Approvers::Manager { level } => self.manager(usize::from(*level))?.into_iter().collect(),
            Approvers::CostCentreOwner => named(&|id| {
                let owned =
                    |code: &str| self.policy.cost_centres.iter().any(|o| o.code == code && o.owner_id == Some(id));
                lines.iter().any(|line| self.claimed.cost_centre_of(line).is_some_and(owned))
            }),
            Approvers::ProjectOwner => named(&|id| {
                let owned = |code: &str| self.policy.projects.iter().any(|o| o.code == code && o.owner_id == Some(id));
                lines.iter().any(|line| line.facts.project.as_deref().is_some_and(owned))
            }),
            Approvers::Role { role } => self.people.officers.iter().filter(|member| member.role == *role).collect(),
            Approvers::Members { members } => named(&|id| members.contains(&id)),
        };
        found.sort_unstable_by_key(|member| member.id);
        found.dedup_by_key(|member| member.id);
        Ok(found)
    }

    fn approvers(&mut self, rule: &StepRule) -> Result<(Vec<Person>, Mode, String), NoRoute> {
        let candidates = self.candidates(&rule.approvers)?;
        let needed = match rule.mode {
            Mode::Any => 1,
            // Somebody stands in for each who may not.
            Mode::All => candidates.len().max(1),
            Mode::Quorum { of } => usize::from(of),
        };
        if rule.mode == Mode::All && needed > MAX_APPROVERS {
            let step = format!("{} ({needed} would have to agree, at most {MAX_APPROVERS} can be asked)", rule.name);
            return Err(NoRoute::NoApprover { step });
        }
        let nobody = candidates.is_empty();
        let mut found = Found::default();
        for member in candidates {
            match self.excludes(member) {
                None => found.people.push(member),
                Some(why) => found.excluded = Some(why),
            }
        }
        let mut who = vec![decides(&rule.approvers, rule.mode, found.people.is_empty())];
        // Those who stand in were not meant to agree with each other.
        let mode = if nobody && rule.mode == Mode::All { Mode::Any } else { rule.mode };
        if found.people.len() < needed
            && let Some(why) = found.excluded
        {
            let asked = found.people.len();
            self.next_managers(&rule.approvers, needed, &mut found)?;
            if found.people.len() > asked {
                who.push(format!("An approver {}, so the next manager up decides.", why.words()));
            }
        }
        if found.people.len() < needed {
            self.fall_back(needed, rule.mode == Mode::All && !nobody, &mut found)?;
            who.push("There is nobody who may, so the fallback approvers decide.".to_owned());
        }
        if found.people.len() < needed {
            return Err(NoRoute::NoApprover { step: rule.name.clone() });
        }
        found.people.truncate(MAX_APPROVERS);
        let mut people: Vec<Person> = found.people.iter().map(|member| member.person()).collect();
        people.sort_unstable_by_key(|person| person.id);
        Ok((people, mode, who.join(" ")))
    }

    /// Adds a member who may be asked, once.
    fn consider(&self, member: &'a Member, found: &mut Found<'a>) {
        if self.excludes(member).is_none() && !found.people.iter().any(|asked| asked.id == member.id) {
            found.people.push(member);
        }
    }

    /// Adds managers from the next one up until there are enough.
    fn next_managers(&self, instead_of: &Approvers, needed: usize, found: &mut Found<'a>) -> Result<(), NoRoute> {
        let mut level = match instead_of {
            Approvers::Manager { level } => usize::from(*level) + 1,
            _ => 1,
        };
        while found.people.len() < needed {
            let Some(manager) = self.manager(level)? else { return Ok(()) };
            self.consider(manager, found);
            level += 1;
        }
        Ok(())
    }

    /// Adds fallback approvers: all that may decide (only as many as are needed, where each will have to agree), or one that an
    /// earlier step can spare.
    fn fall_back(&mut self, needed: usize, only: bool, found: &mut Found<'a>) -> Result<(), NoRoute> {
        let Some(fallback) = &self.policy.fallback else { return Ok(()) };
        let candidates = self.candidates(fallback)?;
        for member in &candidates {
            if only && found.people.len() >= needed {
                break;
            }
            self.consider(member, found);
        }
        for member in candidates {
            if found.people.len() < needed && self.excludes(member) == Some(Excluded::OtherStep) && self.spare(member) {
                found.people.push(member);
            }
        }
        Ok(())
    }

    /// Takes a member out of an earlier step that has enough others.
    fn spare(&mut self, member: &Member) -> bool {
        if !member.may_approve(self.claimed.base_total) {
            return false;
        }
        let step = self.steps.iter_mut().find(|step| step.asks(member.id) && !step.needs(member.id));
        step.is_some_and(|step| {
            step.approvers.retain(|person| person.id != member.id);
            true
        })
    }
}

/// Who decides by the rule, in words; when nobody of them can (`none`), for whom it is.
fn decides(approvers: &Approvers, mode: Mode, none: bool) -> String {
    let (one, many) = match approvers {
        Approvers::Manager { level: 1 } => ("the owner's manager".to_owned(), "the owner's manager"),
        Approvers::Manager { level } => (format!("the owner's manager of level {level}"), "the owner's manager"),
        Approvers::CostCentreOwner => ("an owner of its cost centres".to_owned(), "the owners of its cost centres"),
        Approvers::ProjectOwner => ("an owner of its projects".to_owned(), "the owners of its projects"),
        Approvers::Role { role: Role::Admin } => {
            ("a member with the role admin".to_owned(), "members with the role admin")
        }
        Approvers::Role { .. } => ("a member with the role finance".to_owned(), "members with the role finance"),
        Approvers::Members { .. } => ("a member the workflow names".to_owned(), "the members the workflow names"),
    };
    match mode {
        _ if none => format!("It is for {one}."),
        Mode::Any => format!("It is decided by {one}."),
        Mode::All => format!("It is decided by {many}, each of whom has to agree."),
        Mode::Quorum { of } => format!("It is decided by {many}, {of} of whom have to agree."),
    }
}
