//! Exhaustive breadth-first search over the states of three people and two reports.
//!
//! A state holds what the rules read: status, amounts, payee, routes and decisions of the reports, the delegations, and
//! roles, managers and approval limits of the members. Versions, times, hashes and event numbers are left out, so that
//! the number of states is finite.
//!
//! The reports do not influence each other here, because the policy has no limits and no duplicate check. Transitions
//! of a report are therefore computed once per pair of report state and organisation state and reused. All properties
//! are asserted for every such pair. A general model checker would search the same graph; this code avoids the
//! dependency.

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::ToSpan;
use outlay_domain::change::{self, Approval, MemberChange, MemberPatch, NewDelegation, ReportChange, ReportPatch};
use outlay_domain::error::DomainError;
use outlay_domain::ids::MemberId;
use outlay_domain::member::{Member, Role};
use outlay_domain::patch::Patch;
use outlay_domain::permission::{Decide, Edit, Recall, Reimburse, Return};
use outlay_domain::policy::{Approvers, CategoryRules, Policy};
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::step::{Step, StepStatus};

use crate::support::{
    Given, directory, draft, facts, finish, may_delegate, may_end_delegation, may_update, member, money, no_rates, now,
    permit_for, text, today, workflow,
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
    /// The owner names the member with this index as payee, or nobody.
    Pay(Option<usize>),
    /// The clock replaces approvers who can no longer decide.
    Escalate,
}

const ACTS: [Act; 10] = [
    Act::Submit,
    Act::Recall,
    Act::Edit(0),
    Act::Edit(1),
    Act::Approve,
    Act::Return,
    Act::Reject,
    Act::Pay(None),
    Act::Pay(Some(PAYEE)),
    Act::Escalate,
];

/// Index of the member who can be named as payee.
const PAYEE: usize = 2;

/// State of a report as the rules see it.
type ReportKey = (
    (MemberId, Option<MemberId>),
    ReportStatus,
    i64,
    Vec<(String, Vec<MemberId>, Vec<MemberId>, Vec<(MemberId, Option<MemberId>)>)>,
);

fn key(report: &Report) -> ReportKey {
    let step = |step: &Step| {
        let decided = |decision: &outlay_domain::step::Decision| {
            (decision.by.id, decision.on_behalf_of.as_ref().map(|person| person.id))
        };
        let asked = step.approvers.iter().map(|person| person.id).collect();
        let replaced = step.replaced_approvers.clone();
        (format!("{:?}", step.status), asked, replaced, step.decisions.iter().map(decided).collect())
    };
    let parties = (report.owner, report.payee.as_ref().map(|payee| payee.id));
    (parties, report.status, report.totals.total.minor(), report.steps.iter().map(step).collect())
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

/// Delegators of each member, in the order of delegation, which determines who is away as well; and the values that
/// determine who approves, with their changes.
type PeopleKey = Vec<(Vec<MemberId>, String)>;

/// Change of a member by an admin who is an interested party: admin, member, and what is set.
type Appointment = (usize, usize, MemberPatch);

struct Model {
    policy: Policy,
    /// Members who can be away.
    away: Vec<MemberId>,
    /// Changes of members by admins who are interested parties.
    appointments: Vec<Appointment>,
    /// First route of a report by owner and total. No action of a party changes it.
    routes: HashMap<(MemberId, i64), Vec<Vec<MemberId>>>,
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
    fn new(away: &[&Member], appointments: Vec<Appointment>) -> Self {
        // Finance is the fallback as well: without a manager above the owner's manager there is no other approver.
        let fallback = Some(Approvers::Role { role: Role::Finance });
        let policy = Policy { fallback, duplicates: CategoryRules::default(), ..workflow() };
        let (reports, people) = (Numbered::new(), Numbered::new());
        let away = away.iter().map(|member| member.id).collect();
        Self {
            policy,
            away,
            appointments,
            routes: HashMap::new(),
            reports,
            people,
            of_report: HashMap::new(),
            of_people: HashMap::new(),
            waiting: HashSet::new(),
        }
    }

    fn add_people(&mut self, people: Vec<Member>) -> usize {
        let key = |member: &Member| {
            let Member { role, status, manager_id, approval_limit, authority_changes, .. } = member;
            let delegators = member.acts_for.iter().map(|delegation| delegation.counterpart.id).collect();
            // Changes of different fields do not depend on each other's order.
            let mut changes: Vec<String> = authority_changes.iter().map(|change| format!("{change:?}")).collect();
            changes.sort_unstable();
            (delegators, format!("{:?}", (role, status, manager_id, approval_limit, changes)))
        };
        self.people.number(people.iter().map(key).collect(), people)
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
            Act::Pay(payee) => {
                let payee = payee.map_or(Patch::Null, |at| Patch::Value(people[at].clone()));
                let patch = ReportPatch { payee, ..ReportPatch::default() };
                let permit = permit_for::<Edit>(by, report)?;
                let edit = change::update_report(permit, patch, now())?;
                let given = Given::new(self.policy.clone(), directory(edit.report(), people, &self.policy));
                finish(Ok(edit), Some(given.rules()), now())
            }
            Act::Escalate => {
                let none = DomainError::EmptyReport;
                let (reason, from) = change::due_escalation(report, people, now()).ok_or_else(|| none.clone())?;
                let org = directory(report, people, &self.policy);
                change::escalate(report, (reason, &from), people, &[], &self.policy, &org, now())?.ok_or(none)
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
                    self.assert_route_is_unchanged(&change.after, &members);
                    successors.push(self.reports.number(key(&change.after), change.after));
                }
            }
        }
        self.of_report.insert((report, people), successors.clone());
        successors
    }

    /// Asserts that every route of an owner and a total is the first one: neither payees nor delegations nor changes of
    /// members by a party make a difference. An approver whom a party has suspended is replaced by an admin without a
    /// part in the report.
    fn assert_route_is_unchanged(&mut self, report: &Report, people: &[Member]) {
        let ids = |step: &Step| step.approvers.iter().map(|person| person.id).collect::<Vec<_>>();
        let steps: Vec<Vec<MemberId>> = report.steps.iter().map(ids).collect();
        if !matches!(report.status, ReportStatus::Submitted | ReportStatus::Approved) {
            return;
        }
        let first = self.routes.entry((report.owner, report.totals.total.minor())).or_insert_with(|| steps.clone());
        assert_eq!(first.len(), steps.len(), "{report:?}");
        let is_other_admin = |id: MemberId| {
            let admin = people.iter().find(|member| member.id == id);
            admin.is_some_and(|admin| admin.role == Role::Admin && admin.authority_changes.is_empty())
                && !report.interested_parties().any(|party| party == id)
        };
        for (first, step) in first.iter().zip(&steps) {
            let is_replaced = step.iter().all(|id| first.contains(id) || is_other_admin(*id));
            assert!(step == first || is_replaced && !self.appointments.is_empty(), "{first:?} is now {step:?}");
        }
    }

    /// Next people states when one member sets or ends a delegation, or a party changes a member.
    fn people_successors(&mut self, people: usize) -> Vec<usize> {
        if let Some(known) = self.of_people.get(&people) {
            return known.clone();
        }
        let members = self.people.values[people].clone();
        let mut successors = Vec::new();
        for away in members.iter().filter(|member| self.away.contains(&member.id)) {
            let current = away.delegation.as_ref().map(|delegation| delegation.counterpart.id);
            let current = members.iter().find(|member| Some(member.id) == current);
            let until = today().utc().checked_add(7.days()).unwrap();
            let mut changes = Vec::new();
            for to in members.iter().filter(|to| to.id != away.id) {
                let to = NewDelegation { to, from: today().utc(), until, max_amount: None };
                let permit = may_delegate(away, away).unwrap();
                // A suspended member or an auditor neither delegates nor decides for others.
                changes.extend(change::set_delegation(permit, to, current, None, now()));
            }
            if current.is_some() {
                changes.push(change::end_delegation(may_end_delegation(away, away).unwrap(), current, now()));
            }
            successors.extend(changes.into_iter().map(|changes| applied(&members, changes)));
        }
        for (admin, member, patch) in self.appointments.clone() {
            let partners: Vec<Member> = members.clone();
            let permit = may_update(&members[admin], &members[member]);
            let changes = change::update_member(permit, patch, &partners, now()).unwrap();
            successors.push(applied(&members, changes));
        }
        let successors: Vec<usize> = successors.into_iter().map(|people| self.add_people(people)).collect();
        self.of_people.insert(people, successors.clone());
        successors
    }
}

/// Members after changes.
fn applied(members: &[Member], changes: Vec<MemberChange>) -> Vec<Member> {
    let mut after = members.to_vec();
    for changed in changes {
        let at = after.iter().position(|member| member.id == changed.after.id).unwrap();
        after[at] = changed.after;
    }
    after
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
    if act == Act::Escalate {
        assert_eq!(change.events[0].actor, None);
        return;
    }
    let by = change.events[0].actor.unwrap();
    if !matches!(act, Act::Approve | Act::Return | Act::Reject) {
        assert_eq!(by, before.owner, "only the owner edits: {after:?}");
        return;
    }
    let owner = people.iter().find(|member| member.id == before.owner).unwrap();
    assert!(by != owner.id && change.events[0].on_behalf_of != Some(owner.id), "the owner has decided: {after:?}");
    // Finance returns an approved report, which is not a decision.
    if before.status == ReportStatus::Submitted {
        assert!(!before.interested_parties().any(|party| party == by), "a party has decided: {after:?}");
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

/// Explores all states of one report per owner, while the members in `away` set and end delegations and parties change
/// members.
fn search(people: Vec<Member>, owners: &[&Member], away: &[&Member], appointments: Vec<Appointment>) -> Size {
    let mut model = Model::new(away, appointments);
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
    assert_eq!(search(people, &[&employee, &manager], &members, Vec::new()), (40_500, 668_820, 0));
}

/// Adds an uninvolved member who can be a delegate, which three people cannot show. Only the approvers can be away.
#[test]
fn duties_hold_in_all_states_of_four_people_one_report() {
    let finance = member(3, Role::Finance, None);
    let manager = member(2, Role::Employee, Some(&finance));
    let employee = member(1, Role::Employee, Some(&manager));
    let colleague = member(4, Role::Employee, None);
    let people = [&employee, &manager, &finance, &colleague].map(Member::clone).to_vec();
    assert_eq!(search(people, &[&employee], &[&manager, &finance], Vec::new()), (1494, 17_732, 0));
}

/// An admin owns the report and changes everybody who could decide on it: the limit, the manager and the status of their
/// manager, the role of a colleague and of finance. Another admin takes no part.
#[test]
fn admin_cannot_arrange_own_approver_in_any_state() {
    let boss = member(5, Role::Employee, None);
    let manager = member(2, Role::Employee, Some(&boss));
    let owner = member(1, Role::Admin, Some(&manager));
    let finance = member(3, Role::Finance, None);
    let eve = member(4, Role::Employee, None);
    let other_admin = member(6, Role::Admin, None);
    let people = [&owner, &manager, &finance, &eve, &boss, &other_admin].map(Member::clone).to_vec();
    let patch = MemberPatch::default;
    let appointments = vec![
        (0, 1, MemberPatch { approval_limit: Patch::Value(money("1.00")), ..patch() }),
        (0, 1, MemberPatch { manager_id: Patch::Value(eve.id), ..patch() }),
        (0, 1, MemberPatch { suspended: Some(true), ..patch() }),
        (0, 1, MemberPatch { suspended: Some(false), ..patch() }),
        (0, 2, MemberPatch { role: Some(Role::Employee), ..patch() }),
        (0, 3, MemberPatch { role: Some(Role::Finance), ..patch() }),
        (0, 3, MemberPatch { role: Some(Role::Admin), ..patch() }),
    ];
    assert_eq!(search(people, &[&owner], &[], appointments), (5_496, 63_456, 0));
}
