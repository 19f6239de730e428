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
use outlay_domain::change::{self, Absence, Approval, ReportChange};
use outlay_domain::ids::MemberId;
use outlay_domain::member::{Member, Role};
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

const ACTS: [Act; 7] = [Act::Submit, Act::Recall, Act::Edit(0), Act::Edit(1), Act::Approve, Act::Return, Act::Reject];

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
    /// Who can be away.
    away: Vec<MemberId>,
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
    fn new(away: &[&Member]) -> Self {
        // Finance is the last resort, too: with nobody above the owner's manager there is nobody else.
        let fallback = Some(Approvers::Role { role: Role::Finance });
        let policy = Policy { fallback, duplicates: None, ..workflow() };
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
            Act::Approve => {
                change::approve(permit_for::<Decide>(by, report)?, &self.policy, Approval::default(), now())
            }
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
        for away in members.iter().filter(|member| self.away.contains(&member.id)) {
            let current = away.delegation.as_ref().map(|delegation| delegation.with.id);
            let current = members.iter().find(|member| Some(member.id) == current);
            let off = current.map(|_| None);
            for to in members.iter().filter(|to| to.id != away.id).map(Some).chain(off) {
                let until = today().checked_add(7.days()).unwrap();
                let to = to.map(|to| Absence { to, from: today(), until, ceiling: None });
                let mut after = members.clone();
                for changed in change::delegate(away, away, to, current, now()).unwrap() {
                    let at = after.iter().position(|member| member.id == changed.after.id).unwrap();
                    after[at] = changed.after;
                }
                become_.push(after);
            }
        }
        let become_: Vec<usize> = become_.into_iter().map(|people| self.add_people(people)).collect();
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
        assert!(
            !pays || (report.owner != member.id && report.status == Status::Approved),
            "{} pays: {report:?}",
            member.name
        );
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
    let by = change.events[0].actor.unwrap();
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

/// How large a search was: states, transitions, and states in which a report waits and nobody may decide.
type Size = (usize, usize, usize);

/// Goes through all that can become of one report of each of the `owners`, while those who can be `away` let anybody decide.
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
            for after in model.report_becomes(*report, people) {
                let mut reports = reports.clone();
                reports[at] = after;
                next.push((reports, people));
            }
        }
        next.extend(model.people_become(people).into_iter().map(|people| (reports.clone(), people)));
        waiting += usize::from(reports.iter().any(|report| model.waiting.contains(&(*report, people))));
        transitions += next.len();
        open.extend(next.into_iter().filter(|next| seen.insert(next.clone())));
    }
    let (of_report, of_people) = (model.reports.values.len(), model.people.values.len());
    eprintln!(
        "{} states and {transitions} transitions, of {of_report} states of a report and {of_people} of the people; in {waiting} a \
         report waits and nobody may decide",
        seen.len()
    );
    (seen.len(), transitions, waiting)
}

#[test]
fn the_duties_hold_in_every_state_of_three_people_and_two_reports() {
    let finance = member(3, Role::Finance, None);
    let manager = member(2, Role::Employee, Some(&finance));
    let employee = member(1, Role::Employee, Some(&manager));
    let everybody = [&employee, &manager, &finance];
    let people = everybody.map(Member::clone).to_vec();
    assert_eq!(search(people, &[&employee, &manager], &everybody), (21_060, 265_710, 1002));
}

/// A fourth who has no part in the report can decide for those who are asked: what three cannot show. Who is asked can be away.
#[test]
fn the_duties_hold_in_every_state_of_four_people_and_one_report() {
    let finance = member(3, Role::Finance, None);
    let manager = member(2, Role::Employee, Some(&finance));
    let employee = member(1, Role::Employee, Some(&manager));
    let colleague = member(4, Role::Employee, None);
    let people = [&employee, &manager, &finance, &colleague].map(Member::clone).to_vec();
    assert_eq!(search(people, &[&employee], &[&manager, &finance]), (864, 8961, 0));
}
