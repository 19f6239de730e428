//! People, reports and days to test the rules with.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::change::{self, NewReport, ReportChange, Rules};
use outlay_domain::conversion::RateBook;
use outlay_domain::expense::{Expense, ExpenseFacts, PaymentMethod};
use outlay_domain::ids::{MemberId, OrgId, Seed};
use outlay_domain::member::{Delegation, Member, MemberKind, MemberStatus, Role};
use outlay_domain::money::{Currency, Money};
use outlay_domain::permission::{Submit, permit, permit_org};
use outlay_domain::policy::{Approvers, Condition, Effect, Limit, Mode, Period, Policy, StepRule};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::Report;
use outlay_domain::route::Directory;
use outlay_domain::spending::{Bucket, Spending, SpendingChange};

/// A Friday.
pub fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub fn today() -> Date {
    change::today(now())
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn eur() -> Currency {
    "EUR".parse().unwrap()
}

pub fn cents(minor: i64) -> Money {
    Money::from_minor(minor, eur())
}

pub fn money(amount: &str) -> Money {
    Money::parse(amount, eur()).unwrap()
}

pub fn seed(number: u8) -> Seed {
    Seed::new(now(), [0, number, 0, 0, 0, number, 0, 0, 0, 0])
}

pub fn member(number: u8, role: Role, manager: Option<&Member>) -> Member {
    Member {
        id: seed(number).draw(),
        org: OrgId::from_uuid(uuid::Uuid::from_u128(7)),
        name: format!("Member {number}"),
        kind: MemberKind::Person,
        email: Some(format!("m{number}@example.com")),
        address_fault: None,
        address_mended_at: None,
        language: outlay_domain::language::Language::En,
        time_zone: None,
        role,
        status: MemberStatus::Active,
        manager_id: manager.map(|manager| manager.id),
        grade: None,
        cost_centre: None,
        approval_limit: None,
        delegation: None,
        acts_for: Vec::new(),
        subject: None,
        payout_version: None,
        version: 1,
        last_hash: String::new(),
        created_at: now(),
    }
}

/// Lets `delegate` decide for `away` from now on, without the history that a real change would write.
pub fn let_decide(away: &mut Member, delegate: &mut Member, ceiling: Option<Money>) {
    let (by, limit, until) = (away.id, away.approval_limit, day("2026-12-31"));
    let delegation = |with: &Member| Delegation { with: with.person(), from: today(), until, ceiling, limit, by };
    away.delegation = Some(delegation(delegate));
    delegate.acts_for.push(delegation(away));
}

/// Ana, her manager Marco, Fiona from finance and Ada the admin.
pub struct People {
    pub ana: Member,
    pub marco: Member,
    pub fiona: Member,
    pub ada: Member,
}

impl People {
    pub fn new() -> Self {
        let marco = member(2, Role::Employee, None);
        Self {
            ana: member(1, Role::Employee, Some(&marco)),
            marco,
            fiona: member(3, Role::Finance, None),
            ada: member(4, Role::Admin, None),
        }
    }

    /// Whom a report of `owner` may be routed to.
    pub fn directory(&self, owner: &Member) -> Directory {
        let manager = owner.manager_id.filter(|id| *id == self.marco.id).map(|_| self.marco.clone());
        Directory {
            owner: owner.clone(),
            concerned: Vec::new(),
            managers: manager.into_iter().collect(),
            top: true,
            officers: vec![self.fiona.clone(), self.ada.clone()],
            named: Vec::new(),
        }
    }
}

/// The members a route of `report` may need, out of all there are; the managers as far up as they go.
pub fn directory(report: &Report, all: &[Member], policy: &Policy) -> Directory {
    let find = |id: MemberId| all.iter().find(|member| member.id == id);
    let owner = find(report.owner).unwrap();
    let mut managers: Vec<Member> = Vec::new();
    while let Some(above) = managers.last().unwrap_or(owner).manager_id.and_then(find) {
        if above.id == owner.id || managers.iter().any(|known| known.id == above.id) {
            break;
        }
        managers.push(above.clone());
    }
    let others = report.concerned().filter(|id| *id != report.owner);
    Directory {
        owner: owner.clone(),
        concerned: others.filter_map(find).cloned().collect(),
        managers,
        top: true,
        officers: all.iter().filter(|member| matches!(member.role, Role::Finance | Role::Admin)).cloned().collect(),
        named: policy.named_members().into_iter().filter_map(find).cloned().collect(),
    }
}

/// All that a submission is judged and routed by, owned.
pub struct Given {
    pub policy: Policy,
    pub people: Directory,
    pub spending: Spending,
    pub rates: RateBook,
}

impl Given {
    pub fn new(policy: Policy, people: Directory) -> Self {
        Self { policy, people, spending: Spending::default(), rates: no_rates() }
    }

    pub fn rules(&self) -> Rules<'_> {
        Rules { policy: &self.policy, people: &self.people, spending: &self.spending, rates: &self.rates }
    }

    /// Submits a report of the directory's owner.
    pub fn submit(&self, report: &Report) -> Result<ReportChange, Refusal> {
        change::submit(permit_for::<Submit>(&self.people.owner, report)?, self.rules(), now())
    }
}

/// A permit of today.
pub fn permit_for<'a, A: outlay_domain::permission::ReportAction>(
    actor: &'a Member,
    report: &'a Report,
) -> Result<outlay_domain::permission::Permit<'a, A>, Refusal> {
    permit(actor, report, today())
}

/// Puts what a change does to claims where it is kept, as the store does: each bucket on the version before its own.
pub fn store_claims(
    kept: &mut BTreeMap<outlay_domain::spending::BucketKey, Bucket>,
    report: &Report,
    change: &SpendingChange,
) {
    for (key, bucket) in &change.stored {
        let version = kept.get(key).map_or(0, |bucket| bucket.version);
        assert_eq!(bucket.version, version + 1, "a bucket is stored on the version that was read");
        kept.insert(key.clone(), bucket.clone());
    }
    for key in &change.withdrawn {
        if let Some(bucket) = kept.get_mut(key) {
            bucket.version += 1;
            bucket.claims.remove(&report.id);
        }
    }
}

pub fn step(name: &str, approvers: Approvers) -> StepRule {
    StepRule {
        name: name.to_owned(),
        when: Condition::default(),
        approvers,
        mode: Mode::Any,
        due_in_days: 5,
        escalate_to: None,
    }
}

/// The manager, and finance from 500.00 EUR.
pub fn workflow() -> Policy {
    let finance = step("Finance", Approvers::Role { role: Role::Finance });
    let when = Condition { from_total: Some(money("500.00")), ..Condition::default() };
    let steps = vec![step("Manager", Approvers::Manager { level: 1 }), StepRule { when, ..finance }];
    Policy { steps, ..Policy::initial() }
}

/// A limit for everything.
pub fn limit(amount: &str, period: Period, effect: Effect) -> Limit {
    let amount = money(amount);
    Limit { categories: Vec::new(), grades: Vec::new(), payment_methods: Vec::new(), period, amount, effect }
}

pub fn facts(amount: Money) -> ExpenseFacts {
    ExpenseFacts {
        date: day("2026-11-12"),
        category: "travel".to_owned(),
        merchant: "SNCF".to_owned(),
        amount,
        tax: Money::zero(amount.currency()),
        payment_method: PaymentMethod::Personal,
        note: None,
        justification: None,
        receipt_reference: None,
        attendees: Vec::new(),
        project: None,
        cost_centre: None,
        trip: None,
    }
}

pub fn no_rates() -> RateBook {
    RateBook::new(eur(), [])
}

pub fn titled(expenses: Vec<ExpenseFacts>) -> NewReport {
    NewReport { title: "Lyon".to_owned(), currency: eur(), payee: None, cost_centre: None, expenses }
}

/// The report of `owner` with these lines, as created.
pub fn created_with(owner: &Member, expenses: Vec<ExpenseFacts>) -> ReportChange {
    change::create(permit_org(owner).unwrap(), None, titled(expenses), &no_rates(), &mut seed(9), now()).unwrap()
}

pub fn created(owner: &Member, amounts: &[Money]) -> ReportChange {
    created_with(owner, amounts.iter().copied().map(facts).collect())
}

pub fn draft(owner: &Member, amounts: &[Money]) -> Report {
    created(owner, amounts).after
}

/// Lines with these facts, of some report.
pub fn lines(expenses: Vec<ExpenseFacts>) -> Vec<Expense> {
    created_with(&People::new().ana, expenses).after.expenses
}
