//! Every state that three people and two reports can get into, by breadth-first search over the rules themselves.
//!
//! A state is what the rules look at: where the reports stand, with their amounts, routes and decisions, and who decides for whom.
//! What only counts or proves (versions, times, hashes, numbers of events) is left out of it, so that there are finitely many. No
//! rule lets one report depend on the other here (the policy has no limits and does not look for duplicates), so what can be done
//! with a report is computed once for each of its states and each state of the organisation, and looked up in all others. What is
//! asserted is asserted of each of these pairs, which are all that any state is made of. A general model checker would search
//! the same graph; these few lines spare its dependencies.

use std::collections::{HashMap, HashSet, VecDeque};

use jiff::ToSpan;
use outlay_domain::change::{self, Approval, ReportChange};
use outlay_domain::ids::MemberId;
use outlay_domain::member::{Delegation, Member, Role};
use outlay_domain::permission::{Decide, Edit, Recall, Reimburse, Return};
use outlay_domain::policy::{Approvers, Policy};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::{Report, Status};
use outlay_domain::route::{Step, StepStatus};

use crate::support::{Given, directory, draft, facts, member, money, no_rates, now, permit_for, today, workflow};

/// Below and above what finance is asked about.
const AMOUNTS: [&str; 2] = ["100.00", "600.00"];

/// What can be done with a report.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Submit,
    Recall,
    Edit(usize),
    Approve,
    Return,
    Reject,
}

const ACTS: [Act; 7] =
    [Act::Submit, Act::Recall, Act::Edit(0), Act::Edit(1), Act::Approve, Act::Return, Act::Reject];

/// What the rules see of a report.
type ReportKey = (MemberId, Status, i64, Vec<(String, Vec<MemberId>, Vec<(MemberId, Option<MemberId>)>)>);

fn key(report: &Report) -> ReportKey {
    let step = |step: &Step| {
        let decided = |decision: &outlay_domain::route::Decision| {
            (decision.by.id, decision.on_behalf_of.as_ref().map(|person| person.id))
        };
        let asked = step.approvers.iter().map(|person| person.id).collect();
        (format!("{:?}", step.status), asked, step.decisions.iter().map(decided).collect())
    };
    (report.owner, report.status, report.totals.total.minor(), report.steps.iter().map(step).collect())
}

/// Values by their key, each with a number.
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

/// Whom each member decides for, in the order in which that was said; this says who is away as well.
type PeopleKey = Vec<Vec<MemberId>>;

struct Model {
    policy: Policy,
    reports: Numbered<ReportKey, Report>,
    people: Numbered<PeopleKey, Vec<Member>>,
    /// What a report becomes, by its number and that of the people.
    of_report: HashMap<(usize, usize), Vec<usize>>,
    /// What the people become.
    of_people: HashMap<usize, Vec<usize>>,
    /// Pairs in which a report waits for a decision and nobody may make one.
    waiting: HashSet<(usize, usize)>,
}

impl Model {
    fn new() -> Self {
        // Finance is the last resort, too: with nobody above the owner's manager there is nobody else.
        let fallback = Some(Approvers::Role { role: Role::Finance });
        let policy = Policy { fallback, duplicates: None, ..workflow() };
        let (reports, people) = (Numbered::new(), Numbered::new());
        Self { policy, reports, people, of_report: HashMap::new(), of_people: HashMap::new(), waiting: HashSet::new() }
    }

    fn add_people(&mut self, people: Vec<Member>) -> usize {
        let acts_for = |member: &Member| member.acts_for.iter().map(|delegation| delegation.with.id).collect();
        self.people.number(people.iter().map(acts_for).collect(), people)
    }

    fn attempt(&self, report: &Report, people: &[Member], by: &Member, act: Act) -> Result<ReportChange, Refusal> {
        let given = Given::new(self.policy.clone(), directory(report, people, &self.policy));
        let why = || "Because.".to_owned();
        match act {
            Act::Submit => change::submit(permit_for(by, report)?, given.rules(), now()),
            Act::Recall => change::recall(permit_for::<Recall>(by, report)?, now()),
            Act::Edit(amount) => {
                let (permit, id, to) = (permit_for::<Edit>(by, report)?, report.expenses[0].id, money(AMOUNTS[amount]));
                change::change_expense(permit, id, facts(to), &no_rates(), Some(given.rules()), now())
            }
            Act::Approve => change::approve(permit_for::<Decide>(by, report)?, &self.policy, Approval::default(), now()),
            Act::Return => Ok(change::return_to_owner(permit_for::<Return>(by, report)?, why(), now())),
            Act::Reject => Ok(change::reject(permit_for::<Decide>(by, report)?, why(), now())),
        }
    }

    /// What becomes of a report by anything that anybody may do with it.
    fn report_becomes(&mut self, report: usize, people: usize) -> Vec<usize> {
        if let Some(known) = self.of_report.get(&(report, people)) {
            return known.clone();
        }
        let (before, members) = (self.reports.values[report].clone(), self.people.values[people].clone());
        fair(&before, &members);
        let pending = before.status == Status::Submitted;
        if pending && !members.iter().any(|member| permit_for::<Decide>(member, &before).is_ok()) {
            self.waiting.insert((report, people));
        }
        let mut becomes = Vec::new();
        for by in &members {
            for act in ACTS {
                if let Ok(change) = self.attempt(&before, &members, by, act) {
                    decided_fairly(&change, &members, act);
                    becomes.push(self.reports.number(key(&change.after), change.after));
                }
            }
        }
        self.of_report.insert((report, people), becomes.clone());
        becomes
    }

    /// What becomes of the people when one of them says who decides for him, or nobody.
    fn people_become(&mut self, people: usize) -> Vec<usize> {
        if let Some(known) = self.of_people.get(&people) {
            return known.clone();
        }
        let members = self.people.values[people].clone();
        let mut become_ = Vec::new();
        for away in &members {
            let current = away.delegation.as_ref().map(|delegation| delegation.with.id);
            let current = members.iter().find(|member| Some(member.id) == current);
            let off = current.map(|_| None);
            for to in members.iter().filter(|to| to.id != away.id).map(Some).chain(off) {
                let until = today().checked_add(7.days()).unwrap();
                let delegation = |to: &Member| Delegation { with: to.person(), from: today(), until, ceiling: None };
                let to = to.map(|to| (to, delegation(to)));
                let mut after = members.clone();
                for changed in change::delegate(away, away, to, current, now()).unwrap() {
                    let at = after.iter().position(|member| member.id == changed.after.id).unwrap();
                    after[at] = changed.after;
                }
                become_.push(self.add_people(after));
            }
        }
        self.of_people.insert(people, become_.clone());
        become_
    }
}

/// What holds of a report in every state.
fn fair(report: &Report, people: &[Member]) {
    let heard = |id: MemberId| report.steps.iter().filter(|step| step.heard(id)).count();
    for member in people {
        assert!(heard(member.id) <= 1, "{} has decided at two levels: {report:?}", member.name);
        let pays = permit_for::<Reimburse>(member, report).is_ok();
        assert!(!pays || heard(member.id) == 0, "{} has decided and pays: {report:?}", member.name);
        assert!(!pays || (report.owner != member.id && report.status == Status::Approved), "{} pays: {report:?}", member.name);
    }
    assert_eq!(heard(report.owner), 0, "the owner has decided: {report:?}");
    let pending = report.steps.iter().filter(|step| step.status == StepStatus::Pending).count();
    assert_eq!(pending, usize::from(report.status == Status::Submitted), "{report:?}");
    if report.status == Status::Approved {
        assert!(!report.steps.is_empty(), "approved by nobody: {report:?}");
        let done = |step: &Step| step.status == StepStatus::Approved && step.decisions.len() == 1;
        assert!(report.steps.iter().all(done), "approved with an open step: {report:?}");
        let large = report.base_total.minor() >= money("500.00").minor();
        assert_eq!(report.steps.len(), if large { 2 } else { 1 }, "{report:?}");
    }
    // Whoever is not there to decide, the owner can take his report back.
    let owner = people.iter().find(|member| member.id == report.owner).unwrap();
    assert!(report.status != Status::Submitted || permit_for::<Recall>(owner, report).is_ok());
}

/// What holds of whoever has just decided, with the delegations of the moment.
fn decided_fairly(change: &ReportChange, people: &[Member], act: Act) {
    let (before, after) = (change.before.as_ref().unwrap(), &change.after);
    assert!(before.status != Status::Rejected, "rejected is final: {after:?}");
    let by = change.events[0].actor;
    if !matches!(act, Act::Approve | Act::Return | Act::Reject) {
        assert_eq!(by, before.owner, "only the owner writes: {after:?}");
        return;
    }
    let owner = people.iter().find(|member| member.id == before.owner).unwrap();
    assert!(by != owner.id && change.events[0].on_behalf_of != Some(owner.id), "the owner decides: {after:?}");
    // Finance sends back what is approved, which decides nothing.
    if before.status == Status::Submitted {
        assert_ne!(owner.delegate(today()), Some(by), "who decides for the owner decides on his report: {after:?}");
        let pending = before.pending_step().unwrap();
        let principal = change.events[0].on_behalf_of;
        assert!(pending.asks(principal.unwrap_or(by)), "nobody has asked him: {after:?}");
        let away = people.iter().find(|member| Some(member.id) == principal);
        assert!(away.is_none_or(|away| away.delegate(today()) == Some(by)), "he is nobody's delegate: {after:?}");
    }
}

#[test]
fn the_duties_hold_in_every_state_there_is() {
    let mut model = Model::new();
    let finance = member(3, Role::Finance, None);
    let manager = member(2, Role::Employee, Some(&finance));
    let employee = member(1, Role::Employee, Some(&manager));
    let mut start = |owner: &Member| {
        let report = draft(owner, &[money(AMOUNTS[0])]);
        model.reports.number(key(&report), report)
    };
    let [of_employee, of_manager] = [start(&employee), start(&manager)];
    let people = model.add_people(vec![employee, manager, finance]);

    let start = (of_employee, of_manager, people);
    let mut seen = HashSet::from([start]);
    let mut open = VecDeque::from([start]);
    let (mut transitions, mut waiting) = (0_usize, 0_usize);
    while let Some((one, other, people)) = open.pop_front() {
        let first = model.report_becomes(one, people).into_iter().map(|one| (one, other, people));
        let second = model.report_becomes(other, people).into_iter().map(|other| (one, other, people));
        let third = model.people_become(people).into_iter().map(|people| (one, other, people));
        for next in first.chain(second).chain(third) {
            transitions += 1;
            if seen.insert(next) {
                open.push_back(next);
            }
        }
        waiting += usize::from(model.waiting.contains(&(one, people)) || model.waiting.contains(&(other, people)));
    }
    let (reports, organisations) = (model.reports.values.len(), model.people.values.len());
    eprintln!(
        "{} states and {transitions} transitions, of {reports} states of a report and {organisations} of the people; in {waiting} a \
         report waits and nobody may decide",
        seen.len()
    );
    assert_eq!((seen.len(), transitions, waiting), (23_220, 292_985, 1512));
}
