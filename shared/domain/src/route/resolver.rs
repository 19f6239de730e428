//! Search for approvers: those the rule names, without those that separation of duties excludes, then the next managers
//! up, then the fallback. A member is an approver of at most one step of a report.

use super::context::{MAX_LEVELS, OrgContext, RouteInput, RoutingError};
use crate::ids::MemberId;
use crate::member::{Member, MemberRef, Role};
use crate::policy::{ApprovalMode, Approvers, Policy, StepRule};
use crate::step::{ApproverGroup, ExclusionReason, MAX_APPROVERS, Step, StepReason, StepStatus};
use crate::text::{CostCentreCode, ProjectCode};

/// Route under construction.
#[derive(Debug)]
pub struct ApproverResolver<'a> {
    policy: &'a Policy,
    input: RouteInput<'a>,
    people: &'a OrgContext,
    /// Members excluded by separation of duties.
    interested_parties: Vec<MemberId>,
    steps: Vec<Step>,
}

/// Approvers found so far for one step, and why a candidate was excluded.
#[derive(Default)]
struct ResolvedApprovers<'a> {
    people: Vec<&'a Member>,
    excluded: Option<ExclusionReason>,
    /// True when an interested party has suspended one of them.
    disabled: bool,
}

impl<'a> ApproverResolver<'a> {
    /// Creates a resolver without steps. `people` are as the report sees them ([`OrgContext::seen_by`]).
    #[must_use]
    pub fn new(policy: &'a Policy, input: RouteInput<'a>, people: &'a OrgContext) -> Self {
        let interested_parties = std::iter::once(&people.owner).chain(&people.interested_parties);
        let interested_parties = interested_parties.map(|member| member.id).collect();
        Self { policy, input, people, interested_parties, steps: Vec::new() }
    }

    /// Sets the steps the route has already.
    #[must_use]
    pub fn with_steps(self, steps: Vec<Step>) -> Self {
        Self { steps, ..self }
    }

    /// Returns the steps.
    #[must_use]
    pub fn into_steps(mut self) -> Vec<Step> {
        self.steps.iter_mut().for_each(|step| step.set_time_zone(self.people.members()));
        self.steps
    }

    /// Reason why a member is not eligible; none for an eligible member.
    #[must_use]
    pub fn exclusion_reason(&self, member: &Member) -> Option<ExclusionReason> {
        if !member.can_approve() {
            Some(ExclusionReason::CannotApprove)
        } else if self.interested_parties.contains(&member.id) {
            Some(ExclusionReason::SeparationOfDuties)
        } else if self.steps.iter().any(|step| step.is_approver(member.id) || step.has_decided(member.id)) {
            Some(ExclusionReason::OtherStep)
        } else if !member.can_approve_total(self.input.base_total) {
            Some(ExclusionReason::Limit)
        } else {
            None
        }
    }

    /// Adds the next step with its approvers.
    pub(super) fn add_step(&mut self, rule: &StepRule, mut reasons: Vec<StepReason>) -> Result<(), RoutingError> {
        let (found, mode, choice) = self.approvers(rule)?;
        reasons.extend(choice);
        let escalates_to = match &rule.escalate_to {
            Some(target) => {
                let is_eligible = |member: &&&Member| {
                    self.exclusion_reason(member).is_none() && !found.iter().any(|approver| approver.id == member.id)
                };
                self.candidates(target)?
                    .iter()
                    .filter(is_eligible)
                    .take(MAX_APPROVERS)
                    .map(|member| member.member_ref())
                    .collect()
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
            reasons: reasons.into(),
            due_in_days: rule.due_in_days,
            time_zone: None,
            due_on: None,
            escalates_to,
            replaced_approvers: Vec::new(),
            decisions: Vec::new(),
        });
        Ok(())
    }

    /// Finds replacements for approvers of a pending step: the eligible members of `named`; if there are none and
    /// `named_only` is false, the next manager up, the fallback, or the admins. Only the admins, when an interested
    /// party has suspended an approver who is to be replaced, one of `from`.
    ///
    /// # Errors
    /// [`RoutingError::MissingManager`] for a manager who has to be loaded first.
    pub fn replacements(
        &self,
        step: &Step,
        from: &[Member],
        named: &[Member],
        named_only: bool,
    ) -> Result<Vec<MemberRef>, RoutingError> {
        let is_eligible = |member: &Member| {
            self.exclusion_reason(member).is_none()
                && member.is_reachable()
                && !step.replaced_approvers.contains(&member.id)
        };
        let people = |members: &mut dyn Iterator<Item = &Member>| {
            let mut people: Vec<MemberRef> =
                members.filter(|member| is_eligible(member)).map(Member::member_ref).collect();
            people.sort_unstable_by_key(|person| person.id);
            people.truncate(MAX_APPROVERS);
            people
        };
        let admins = || self.people.finance_and_admins.iter().filter(|member| member.role == Role::Admin);
        if from.iter().any(|member| member.is_disabled_by(&self.interested_parties)) {
            return Ok(people(&mut admins()));
        }
        let mut found = people(&mut named.iter());
        if !found.is_empty() || named_only {
            return Ok(found);
        }
        let mut level = 1;
        while let Some(manager) = self.manager(level)? {
            if is_eligible(manager) {
                return Ok(vec![manager.member_ref()]);
            }
            level += 1;
        }
        if let Some(fallback) = &self.policy.fallback {
            found = people(&mut self.candidates(fallback)?.into_iter());
        }
        if found.is_empty() {
            found = people(&mut admins());
        }
        Ok(found)
    }

    /// Manager of a level, from 1. The chain ends where managers manage each other in a circle, and after
    /// [`MAX_LEVELS`].
    fn manager(&self, level: usize) -> Result<Option<&'a Member>, RoutingError> {
        let mut chain = vec![&self.people.owner];
        while chain.len() <= level {
            let above = chain.last().and_then(|last| last.manager_id);
            let Some(id) = above.filter(|id| chain.len() <= MAX_LEVELS && chain.iter().all(|it| it.id != *id)) else {
                return Ok(None);
            };
            match self.people.managers.iter().find(|manager| manager.id == id) {
                Some(manager) => chain.push(manager),
                None if self.people.manager_chain_complete => return Ok(None),
                None => return Err(RoutingError::MissingManager(id)),
            }
        }
        Ok(chain.pop())
    }

    /// Members that `approvers` describes, eligible or not.
    fn candidates(&self, approvers: &Approvers) -> Result<Vec<&'a Member>, RoutingError> {
        let named = |wanted: &dyn Fn(MemberId) -> bool| {
            self.people.named_members.iter().filter(|member| wanted(member.id)).collect::<Vec<_>>()
        };
        // A refund brings in no approver.
        let lines = || self.input.lines.iter().filter(|line| line.facts.amount.minor() > 0);
        let mut found = match approvers {
            Approvers::Manager { level } => self.manager(usize::from(*level))?.into_iter().collect(),
            Approvers::CostCentreOwner => named(&|id| {
                let owned = |code: &CostCentreCode| {
                    self.policy.cost_centres.iter().any(|o| o.code == *code && o.owner_id == Some(id))
                };
                lines().any(|line| self.input.cost_centre_of(line).is_some_and(owned))
            }),
            Approvers::ProjectOwner => named(&|id| {
                let owned =
                    |code: &ProjectCode| self.policy.projects.iter().any(|o| o.code == *code && o.owner_id == Some(id));
                lines().any(|line| line.facts.project.as_ref().is_some_and(owned))
            }),
            Approvers::Role { role } => {
                let parties = &self.interested_parties;
                let had_role =
                    |member: &Member| member.is_disabled_by(parties) && member.would_approve_as(*role, parties);
                let counts = |member: &&Member| member.role == *role || had_role(member);
                self.people.finance_and_admins.iter().filter(counts).collect()
            }
            Approvers::Members { members } => named(&|id| members.contains(&id)),
        };
        found.sort_unstable_by_key(|member| member.id);
        found.dedup_by_key(|member| member.id);
        Ok(found)
    }

    /// Finds the approvers of a rule, how many of them have to agree, and the reasons for this choice.
    fn approvers(&mut self, rule: &StepRule) -> Result<(Vec<MemberRef>, ApprovalMode, Vec<StepReason>), RoutingError> {
        let candidates = self.candidates(&rule.approvers)?;
        let required = match rule.mode {
            ApprovalMode::Any => 1,
            // Each excluded approver is replaced.
            ApprovalMode::All => candidates.len().max(1),
            ApprovalMode::Quorum { of } => usize::from(of),
        };
        if rule.mode == ApprovalMode::All && required > MAX_APPROVERS {
            let step = format!("{} ({required} would have to agree, at most {MAX_APPROVERS} can be asked)", rule.name);
            return Err(RoutingError::NoApprover { step });
        }
        let no_candidates = candidates.is_empty();
        let mut found = ResolvedApprovers::default();
        for member in candidates {
            match self.exclusion_reason(member) {
                None => found.people.push(member),
                Some(why) => {
                    found.excluded = Some(why);
                    found.disabled |= member.is_disabled_by(&self.interested_parties);
                }
            }
        }
        let approvers = ApproverGroup::from(&rule.approvers);
        let mut reasons = vec![if found.people.is_empty() {
            StepReason::AssignedTo { approvers }
        } else {
            StepReason::DecidedBy { approvers, mode: rule.mode }
        }];
        // One replacement is enough where the rule finds no approvers.
        let mode = if no_candidates && rule.mode == ApprovalMode::All { ApprovalMode::Any } else { rule.mode };
        if found.people.len() < required && found.disabled {
            // An interested party cannot send the report to the next approver by suspending one.
            let admins = self.people.finance_and_admins.iter().filter(|member| member.role == Role::Admin);
            admins.for_each(|admin| self.add_if_eligible(admin, &mut found));
            reasons.push(StepReason::OtherAdmins {});
        } else if found.people.len() < required
            && let Some(excluded) = found.excluded
        {
            let count_before = found.people.len();
            self.next_managers(&rule.approvers, required, &mut found)?;
            if found.people.len() > count_before {
                reasons.push(StepReason::NextManager { excluded });
            }
        }
        if found.people.len() < required && !found.disabled {
            self.apply_fallback(required, rule.mode == ApprovalMode::All && !no_candidates, &mut found)?;
            reasons.push(StepReason::Fallback {});
        }
        if found.people.len() < required {
            return Err(RoutingError::NoApprover { step: rule.name.to_string() });
        }
        found.people.truncate(MAX_APPROVERS);
        let mut people: Vec<MemberRef> = found.people.iter().map(|member| member.member_ref()).collect();
        people.sort_unstable_by_key(|person| person.id);
        Ok((people, mode, reasons))
    }

    /// Adds an eligible member, once.
    fn add_if_eligible(&self, member: &'a Member, found: &mut ResolvedApprovers<'a>) {
        if self.exclusion_reason(member).is_none() && !found.people.iter().any(|approver| approver.id == member.id) {
            found.people.push(member);
        }
    }

    /// Adds managers from the next one up until there are enough.
    fn next_managers(
        &self,
        instead_of: &Approvers,
        required: usize,
        found: &mut ResolvedApprovers<'a>,
    ) -> Result<(), RoutingError> {
        let mut level = match instead_of {
            Approvers::Manager { level } => usize::from(*level) + 1,
            _ => 1,
        };
        while found.people.len() < required {
            let Some(manager) = self.manager(level)? else { return Ok(()) };
            self.add_if_eligible(manager, found);
            level += 1;
        }
        Ok(())
    }

    /// Adds fallback approvers: all eligible ones (with `exact_count`, as many as are needed), or one that an earlier
    /// step can release.
    fn apply_fallback(
        &mut self,
        required: usize,
        exact_count: bool,
        found: &mut ResolvedApprovers<'a>,
    ) -> Result<(), RoutingError> {
        let Some(fallback) = &self.policy.fallback else { return Ok(()) };
        let candidates = self.candidates(fallback)?;
        for member in &candidates {
            if exact_count && found.people.len() >= required {
                break;
            }
            self.add_if_eligible(member, found);
        }
        for member in candidates {
            if found.people.len() < required
                && self.exclusion_reason(member) == Some(ExclusionReason::OtherStep)
                && self.release(member)
            {
                found.people.push(member);
            }
        }
        Ok(())
    }

    /// Removes a member from an earlier step that has enough other approvers.
    fn release(&mut self, member: &Member) -> bool {
        if !member.can_approve_total(self.input.base_total) {
            return false;
        }
        let step = self.steps.iter_mut().find(|step| step.is_approver(member.id) && !step.requires(member.id));
        step.is_some_and(|step| {
            step.approvers.retain(|person| person.id != member.id);
            true
        })
    }
}
