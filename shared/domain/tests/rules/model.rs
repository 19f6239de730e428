//! Exhaustive breadth-first search over the states of three people and two reports.
//!
//! A state holds what the rules read: status, amounts, routes and decisions of the reports, and the delegations.
//! Versions, times, hashes and event numbers are left out, so that the number of states is finite.
//!
//! The reports do not influence each other here, because the policy has no limits and no duplicate check. Transitions
//! of a report are therefore computed once per pair of report state and organisation state and reused. All properties
//! are asserted for every such pair. A general model checker would search the same graph; this code avoids the
//! dependency.

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::ToSpan;
use outlay_domain::change::{self, Approval, NewDelegation, ReportChange};
use outlay_domain::error::DomainError;
use outlay_domain::ids::MemberId;
use outlay_domain::member::{Member, Role};
use outlay_domain::permission::{Decide, Edit, Recall, Reimburse, Return};
use outlay_domain::policy::{Approvers, CategoryRules, Policy};
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::step::{Step, StepStatus};

use crate::support::{
    Given, directory, draft, facts, finish, may_delegate, member, money, no_rates, now, permit_for, text, today,
    workflow,
};

/// One amount below and one above the threshold of the finance step.
const AMOUNTS: [&str; 2] = ["100.00", "600.00"];

/// Action on a report.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Submit,
    Recall,
    Edit(usize),
    Approve,
    Return,
    Reject,
}

const ACTS: [Act; 7] = [Act::Submit, Act::Recall, Act::Edit(0), Act::Edit(1), Act::Approve, Act::Return, Act::Reject];

/// State of a report as the rules see it.
type ReportKey = (MemberId, ReportStatus, i64, Vec<(String, Vec<MemberId>, Vec<(MemberId, Option<MemberId>)>)>);

fn key(report: &Report) -> ReportKey {
    let step = |step: &Step| {
        let decided = |decision: &outlay_domain::step::Decision| {
            (decision.by.id, decision.on_behalf_of.as_ref().map(|person| person.id))
        };
        let asked = step.approvers.iter().map(|person| person.id).collect();
        (format!("{:?}", step.status), asked, step.decisions.iter().map(decided).collect())
    };
    (report.owner, report.status, report.totals.total.minor(), report.steps.iter().map(step).collect())
}

/// Distinct values by key, each with an index.
struct Numbered<K, V> {
    numbers: HashMap<K, usize>,
    values: Vec<V>,
}

impl<K: std::hash::Hash + Eq, V> Numbered<K, V> {
    fn new() -> Self {
        Self { numbers: HashMap::new(), values: Vec::new() }
    }

    fn number(&mut self, key: K, value: V) -> usize {
        *self.numbers.entry(key).or_insert_with(|| {
            self.values.push(value);
            self.values.len() - 1
        })
    }
}

/// Delegators of each member, in the order of delegation. This determines who is away as well.
type PeopleKey = Vec<Vec<MemberId>>;

struct Model {
    policy: Policy,
    /// Members who can be away.
    away: Vec<MemberId>,
    reports: Numbered<ReportKey, Report>,
    people: Numbered<PeopleKey, Vec<Member>>,
    /// Next report states by report and people index.
    of_report: HashMap<(usize, usize), Vec<usize>>,
    /// Next people states by people index.
    of_people: HashMap<usize, Vec<usize>>,
    /// Pairs of report and people index in which a report is pending and no member may decide.
    waiting: HashSet<(usize, usize)>,
}

impl Model {
    fn new(away: &[&Member]) -> Self {
        // Finance is the fallback as well: without a manager above the owner's manager there is no other approver.
        let fallback = Some(Approvers::Role { role: Role::Finance });
        let policy = Policy { fallback, duplicates: CategoryRules::default(), ..workflow() };
        let (reports, people) = (Numbered::new(), Numbered::new());
        let away = away.iter().map(|member| member.id).collect();
        Self {
            policy,
            away,
            reports,
            people,
            of_report: HashMap::new(),
            of_people: HashMap::new(),
            waiting: HashSet::new(),
        }
    }

    fn add_people(&mut self, people: Vec<Member>) -> usize {
        let acts_for = |member: &Member| member.acts_for.iter().map(|delegation| delegation.counterpart.id).collect();
        self.people.number(people.iter().map(acts_for).collect(), people)
    }

    fn attempt(&self, report: &Report, people: &[Member], by: &Member, act: Act) -> Result<ReportChange, DomainError> {
        let given = Given::new(self.policy.clone(), directory(report, people, &self.policy));
        let why = || "Because.".to_owned();
        match act {
            Act::Submit => change::submit(permit_for(by, report)?, given.rules(), now()),
            Act::Recall => change::recall(permit_for::<Recall>(by, report)?, now()),
            Act::Edit(amount) => {
                let (permit, id, to) = (permit_for::<Edit>(by, report)?, report.expenses[0].id, money(AMOUNTS[amount]));
                let edit = change::update_expense(permit, id, facts(to), &no_rates(), now());
                finish(edit, Some(given.rules()), now())
            }
            Act::Approve => {
                change::approve(permit_for::<Decide>(by, report)?, &self.policy, Approval::default(), now())
            }
            Act::Return => Ok(change::return_to_owner(permit_for::<Return>(by, report)?, text(&why()), now())),
            Act::Reject => Ok(change::reject(permit_for::<Decide>(by, report)?, text(&why()), now())),
        }
    }

    /// Next states of a report by any permitted action of any member.
    fn report_successors(&mut self, report: usize, people: usize) -> Vec<usize> {
        if let Some(known) = self.of_report.get(&(report, people)) {
            return known.clone();
        }
        let (before, members) = (self.reports.values[report].clone(), self.people.values[people].clone());
        assert_report_is_valid(&before, &members);
        let pending = before.status == ReportStatus::Submitted;
        if pending && !members.iter().any(|member| permit_for::<Decide>(member, &before).is_ok()) {
            self.waiting.insert((report, people));
        }
        let mut successors = Vec::new();
        for by in &members {
            for act in ACTS {
                if let Ok(change) = self.attempt(&before, &members, by, act) {
                    assert_actor_is_permitted(&change, &members, act);
                    successors.push(self.reports.number(key(&change.after), change.after));
                }
            }
        }
        self.of_report.insert((report, people), successors.clone());
        successors
    }

    /// Next people states when one member sets or ends a delegation.
    fn people_successors(&mut self, people: usize) -> Vec<usize> {
        if let Some(known) = self.of_people.get(&people) {
            return known.clone();
        }
        let members = self.people.values[people].clone();
        let mut successors = Vec::new();
        for away in members.iter().filter(|member| self.away.contains(&member.id)) {
            let current = away.delegation.as_ref().map(|delegation| delegation.counterpart.id);
            let current = members.iter().find(|member| Some(member.id) == current);
            let off = current.map(|_| None);
            for to in members.iter().filter(|to| to.id != away.id).map(Some).chain(off) {
                let until = today().utc().checked_add(7.days()).unwrap();
                let to = to.map(|to| NewDelegation { to, from: today().utc(), until, max_amount: None });
                let mut after = members.clone();
                let permit = may_delegate(away, away).unwrap();
                for changed in change::set_delegation(permit, to, current, now()).unwrap() {
                    let at = after.iter().position(|member| member.id == changed.after.id).unwrap();
                    after[at] = changed.after;
                }
                successors.push(after);
            }
        }
        let successors: Vec<usize> = successors.into_iter().map(|people| self.add_people(people)).collect();
        self.of_people.insert(people, successors.clone());
        successors
    }
}

/// Asserts what holds for a report in every state.
fn assert_report_is_valid(report: &Report, people: &[Member]) {
    let decided_steps = |id: MemberId| report.steps.iter().filter(|step| step.has_decided(id)).count();
    for member in people {
        assert!(decided_steps(member.id) <= 1, "{} has decided at two steps: {report:?}", member.name);
        let pays = permit_for::<Reimburse>(member, report).is_ok();
        assert!(!pays || decided_steps(member.id) == 0, "{} has decided and may reimburse: {report:?}", member.name);
        assert!(
            !pays || (report.owner != member.id && report.status == ReportStatus::Approved),
            "{} may reimburse: {report:?}",
            member.name
        );
    }
    assert_eq!(decided_steps(report.owner), 0, "the owner has decided: {report:?}");
    let pending = report.steps.iter().filter(|step| step.status == StepStatus::Pending).count();
    assert_eq!(pending, usize::from(report.status == ReportStatus::Submitted), "{report:?}");
    if report.status == ReportStatus::Approved {
        assert!(!report.steps.is_empty(), "approved without a step: {report:?}");
        let done = |step: &Step| step.status == StepStatus::Approved && step.decisions.len() == 1;
        assert!(report.steps.iter().all(done), "approved with an open step: {report:?}");
        let large = report.base_total.minor() >= money("500.00").minor();
        assert_eq!(report.steps.len(), if large { 2 } else { 1 }, "{report:?}");
    }
    // The owner can recall a submitted report even when every approver is absent.
    let owner = people.iter().find(|member| member.id == report.owner).unwrap();
    assert!(report.status != ReportStatus::Submitted || permit_for::<Recall>(owner, report).is_ok());
}

/// Asserts what holds for the actor of a change, with the delegations at that time.
fn assert_actor_is_permitted(change: &ReportChange, people: &[Member], act: Act) {
    let (before, after) = (change.before.as_ref().unwrap(), &change.after);
    assert!(before.status != ReportStatus::Rejected, "rejected is final: {after:?}");
    let by = change.events[0].actor.unwrap();
    if !matches!(act, Act::Approve | Act::Return | Act::Reject) {
        assert_eq!(by, before.owner, "only the owner edits: {after:?}");
        return;
    }
    let owner = people.iter().find(|member| member.id == before.owner).unwrap();
    assert!(by != owner.id && change.events[0].on_behalf_of != Some(owner.id), "the owner has decided: {after:?}");
    // Finance returns an approved report, which is not a decision.
    if before.status == ReportStatus::Submitted {
        assert_ne!(owner.delegate_on(today()), Some(by), "the owner's delegate has decided: {after:?}");
        let pending = before.pending_step().unwrap();
        let principal = change.events[0].on_behalf_of;
        assert!(pending.is_approver(principal.unwrap_or(by)), "the member is not an approver: {after:?}");
        let away = people.iter().find(|member| Some(member.id) == principal);
        assert!(
            away.is_none_or(|away| away.delegate_on(today()) == Some(by)),
            "the actor is not the approver's delegate: {after:?}"
        );
    }
}

/// Size of a search: states, transitions, and states with a pending report that no member may decide on.
type Size = (usize, usize, usize);

/// Explores all states of one report per owner, while the members in `away` set and end delegations.
fn search(people: Vec<Member>, owners: &[&Member], away: &[&Member]) -> Size {
    let mut model = Model::new(away);
    let mut start = |owner: &&Member| {
        let report = draft(owner, &[money(AMOUNTS[0])]);
        model.reports.number(key(&report), report)
    };
    let reports: Vec<usize> = owners.iter().map(&mut start).collect();
    let start = (reports, model.add_people(people));
    let mut seen = HashSet::from([start.clone()]);
    let mut open = VecDeque::from([start]);
    let (mut transitions, mut waiting) = (0, 0);
    while let Some((reports, people)) = open.pop_front() {
        let mut next: Vec<(Vec<usize>, usize)> = Vec::new();
        for (at, report) in reports.iter().enumerate() {
            for after in model.report_successors(*report, people) {
                let mut reports = reports.clone();
                reports[at] = after;
                next.push((reports, people));
            }
        }
        next.extend(model.people_successors(people).into_iter().map(|people| (reports.clone(), people)));
        waiting += usize::from(reports.iter().any(|report| model.waiting.contains(&(*report, people))));
        transitions += next.len();
        open.extend(next.into_iter().filter(|next| seen.insert(next.clone())));
    }
    let (of_report, of_people) = (model.reports.values.len(), model.people.values.len());
    eprintln!(
        "{} states and {transitions} transitions, of {of_report} states of a report and {of_people} of the people; in {waiting} \
         a pending report has no member who may decide",
        seen.len()
    );
    (seen.len(), transitions, waiting)
}

#[test]
fn duties_hold_in_all_states_of_three_people_two_reports() {
    let finance = member(3, Role::Finance, None);
    let manager = member(2, Role::Employee, Some(&finance));
    let employee = member(1, Role::Employee, Some(&manager));
    let members = [&employee, &manager, &finance];
    let people = members.map(Member::clone).to_vec();
    assert_eq!(search(people, &[&employee, &manager], &members), (21_060, 265_710, 1002));
}

/// Adds an uninvolved member who can be a delegate, which three people cannot show. Only the approvers can be away.
#[test]
fn duties_hold_in_all_states_of_four_people_one_report() {
    let finance = member(3, Role::Finance, None);
    let manager = member(2, Role::Employee, Some(&finance));
    let employee = member(1, Role::Employee, Some(&manager));
    let colleague = member(4, Role::Employee, None);
    let people = [&employee, &manager, &finance, &colleague].map(Member::clone).to_vec();
    assert_eq!(search(people, &[&employee], &[&manager, &finance]), (864, 8961, 0));
}
