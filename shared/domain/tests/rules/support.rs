//! Members, reports and dates for the tests of the rules.

use std::fmt::Debug;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::automatic::AutoApprovals;
use outlay_domain::change::{self, NewReport, ReportChange, ReportEdit, SubmissionRules};
use outlay_domain::conversion::RateBook;
use outlay_domain::error::DomainError;
use outlay_domain::expense::{Expense, ExpenseFacts, PaymentMethod};
use outlay_domain::ids::{IdGenerator, MemberId, OrgId};
use outlay_domain::member::{Delegation, Member, MemberKind, MemberStatus, Role};
use outlay_domain::money::{Currency, Money};
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::{
    Delegate, EndDelegation, MemberPermit, Submit, UpdateMember, permit, permit_member, permit_org,
};
use outlay_domain::policy::{
    ApprovalMode, Approvers, CostObject, LimitEffect, LimitPeriod, Policy, SpendingLimit, StepCondition, StepRule,
};
use outlay_domain::report::Report;
use outlay_domain::route::OrgContext;
use outlay_domain::spending::{Spending, SpendingChange};
use outlay_domain::today::Today;

/// Friday, 20 November 2026.
pub fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub fn today() -> Today {
    change::today(now())
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Parses a text or code.
pub fn text<T: FromStr<Err: Debug>>(raw: &str) -> T {
    raw.parse().unwrap()
}

/// Parses a text or code; empty for none.
pub fn optional_text<T: FromStr<Err: Debug>>(raw: &str) -> Option<T> {
    Some(raw).filter(|raw| !raw.is_empty()).map(text)
}

/// Cost centre or project of this code.
pub fn cost_object<Code: FromStr<Err: Debug>>(code: &str, owner_id: Option<MemberId>) -> CostObject<Code> {
    CostObject { code: text(code), name: text(code), owner_id }
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

pub fn seed(number: u8) -> IdGenerator {
    IdGenerator::new(now(), [0, number, 0, 0, 0, number, 0, 0, 0, 0])
}

pub fn member(number: u8, role: Role, manager: Option<&Member>) -> Member {
    Member {
        id: seed(number).next_id(),
        org: OrgId::from_uuid(uuid::Uuid::from_u128(7)),
        name: text(&format!("Member {number}")),
        kind: MemberKind::Person,
        email: Some(text(&format!("m{number}@example.com"))),
        address_fault: None,
        address_fault_cleared_at: None,
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
        invited_by: None,
        authority_changes: Vec::new(),
        subject: None,
        issuer: None,
        payout_version: None,
        version: 1,
        last_hash: String::new(),
        created_at: now(),
    }
}

/// Sets a delegation from today on without writing history.
pub fn let_decide(away: &mut Member, delegate: &mut Member, ceiling: Option<Money>) {
    let (by, limit, until) = (away.id, away.approval_limit, day("2026-12-31"));
    let delegation = |with: &Member| Delegation {
        counterpart: with.member_ref(),
        from: today().utc(),
        until,
        time_zone: away.time_zone.clone(),
        max_amount: ceiling,
        limit,
        set_by: by,
    };
    away.delegation = Some(delegation(delegate));
    delegate.acts_for.push(delegation(away));
}

/// Ana, the manager Marco, Fiona with the finance role, and the admin Ada.
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

    /// Organisation data for routing a report of `owner`.
    pub fn directory(&self, owner: &Member) -> OrgContext {
        let manager = owner.manager_id.filter(|id| *id == self.marco.id).map(|_| self.marco.clone());
        OrgContext {
            owner: owner.clone(),
            interested_parties: Vec::new(),
            managers: manager.into_iter().collect(),
            manager_chain_complete: true,
            finance_and_admins: vec![self.fiona.clone(), self.ada.clone()],
            named_members: Vec::new(),
        }
    }
}

/// Permit to end the delegation of a member.
pub fn may_end_delegation<'a>(
    actor: &'a Member,
    away: &'a Member,
) -> Result<MemberPermit<'a, EndDelegation>, DomainError> {
    permit_member(actor, Some(away))
}

/// Members that the route of `report` may need, selected from all.
pub fn directory(report: &Report, all: &[Member], policy: &Policy) -> OrgContext {
    let find = |id: MemberId| all.iter().find(|member| member.id == id);
    let owner = find(report.owner).unwrap();
    let others = report.interested_parties().filter(|id| *id != report.owner);
    OrgContext {
        owner: owner.clone(),
        interested_parties: others.filter_map(find).cloned().collect(),
        managers: all.to_vec(),
        manager_chain_complete: true,
        finance_and_admins: all
            .iter()
            .filter(|member| member.role.has_authority() || !member.authority_changes.is_empty())
            .cloned()
            .collect(),
        named_members: policy.named_members().into_iter().filter_map(find).cloned().collect(),
    }
}

/// Owned inputs of evaluation and routing.
pub struct Given {
    pub policy: Policy,
    pub people: OrgContext,
    pub spending: Spending,
    pub rates: RateBook,
}

impl Given {
    pub fn new(policy: Policy, people: OrgContext) -> Self {
        Self { policy, people, spending: Spending::default(), rates: no_rates() }
    }

    pub fn rules(&self) -> SubmissionRules<'_> {
        SubmissionRules { policy: &self.policy, people: &self.people, spending: &self.spending, rates: &self.rates }
    }

    /// Submits a report of the owner in `people`.
    pub fn submit(&self, report: &Report) -> Result<ReportChange, DomainError> {
        change::submit(permit_for::<Submit>(&self.people.owner, report)?, self.rules(), now())
    }
}

/// Permit with today's date.
pub fn permit_for<'a, A: outlay_domain::permission::ReportAction>(
    actor: &'a Member,
    report: &'a Report,
) -> Result<outlay_domain::permission::Permit<'a, A>, DomainError> {
    permit(actor, report, today())
}

/// Change that an edit leads to. An edit that needs a resubmission is submitted under `rules`.
pub fn finish(
    edit: Result<ReportEdit, DomainError>,
    rules: Option<SubmissionRules<'_>>,
    now: Timestamp,
) -> Result<ReportChange, DomainError> {
    match edit? {
        ReportEdit::Complete(change) => Ok(*change),
        ReportEdit::NeedsResubmission(resubmission) => resubmission.submit(rules.unwrap(), now),
    }
}

/// Permit of an admin to change a member.
pub fn may_update<'a>(admin: &'a Member, member: &'a Member) -> MemberPermit<'a, UpdateMember> {
    permit_member(admin, Some(member)).unwrap()
}

/// Permit to delegate the decisions of a member.
pub fn may_delegate<'a>(actor: &'a Member, away: &'a Member) -> Result<MemberPermit<'a, Delegate>, DomainError> {
    permit_member(actor, Some(away))
}

/// Applies the claim changes of a report, as the store does, each on its previous version.
pub fn store_claims(spending: &mut Spending, report: &Report, change: &SpendingChange) {
    let Spending { buckets: kept, automatic } = spending;
    if let Some(stored) = &change.automatic {
        assert_eq!(stored.version, automatic.version + 1, "the record is written on the version that was read");
        *automatic = stored.clone();
    }
    if let Some(day) = change.refused_on {
        *automatic = AutoApprovals { version: automatic.version + 1, refused_on: Some(day), ..automatic.clone() };
    }
    for (key, bucket) in &change.stored {
        let version = kept.get(key).map_or(0, |bucket| bucket.version);
        assert_eq!(bucket.version, version + 1, "a bucket is written on the version that was read");
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
        name: text(name),
        when: StepCondition::default(),
        approvers,
        mode: ApprovalMode::Any,
        due_in_days: 5,
        escalate_to: None,
    }
}

/// Manager step, then finance from 500.00 EUR.
pub fn workflow() -> Policy {
    let finance = step("Finance", Approvers::Role { role: Role::Finance });
    let when = StepCondition { from_total: Some(money("500.00")), ..StepCondition::default() };
    let steps = vec![step("Manager", Approvers::Manager { level: 1 }), StepRule { when, ..finance }];
    Policy { steps, ..Policy::initial() }
}

/// Limit without restrictions.
pub fn limit(amount: &str, period: LimitPeriod, effect: LimitEffect) -> SpendingLimit {
    let amount = money(amount);
    SpendingLimit { categories: Vec::new(), grades: Vec::new(), payment_methods: Vec::new(), period, amount, effect }
}

pub fn facts(amount: Money) -> ExpenseFacts {
    ExpenseFacts {
        date: day("2026-11-12"),
        category: text("travel"),
        merchant: text("SNCF"),
        amount,
        tax: Money::zero(amount.currency()),
        tax_source: outlay_domain::tax::TaxSource::Stated,
        taxes: Vec::new(),
        country: None,
        refund_of: None,
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
    NewReport {
        title: text("Lyon"),
        currency: eur(),
        payee: None,
        cost_centre: None,
        expenses,
        submit: false,
        cloned_from: None,
    }
}

/// Creation of a report of `owner` with these lines.
pub fn created_with(owner: &Member, expenses: Vec<ExpenseFacts>) -> ReportChange {
    change::create_report(permit_org(owner).unwrap(), None, titled(expenses), &no_rates(), &mut seed(9), now()).unwrap()
}

pub fn created(owner: &Member, amounts: &[Money]) -> ReportChange {
    created_with(owner, amounts.iter().copied().map(facts).collect())
}

pub fn draft(owner: &Member, amounts: &[Money]) -> Report {
    created(owner, amounts).after
}

/// Expenses with these facts.
pub fn lines(expenses: Vec<ExpenseFacts>) -> Vec<Expense> {
    created_with(&People::new().ana, expenses).after.expenses
}

/// An open organisation in EUR.
pub fn organisation(id: OrgId) -> Organisation {
    Organisation {
        id,
        name: text("Acme"),
        base_currency: eur(),
        mail_domains: Vec::new(),
        rate_source: None,
        payments: None,
        version: 1,
        last_hash: String::new(),
        created_at: now(),
        closed_at: None,
    }
}

/// Text of a cell of `docs/PERMISSIONS.md`.
pub fn word(ruling: Result<(), DomainError>) -> &'static str {
    match ruling {
        Ok(()) => "**yes**",
        Err(DomainError::NotFound) => "hidden",
        Err(DomainError::Forbidden(_)) => "forbidden",
        Err(DomainError::SeparationOfDuties(_)) => "duties",
        Err(DomainError::InvalidState { .. } | DomainError::InvalidBatchState { .. }) => "wrong state",
        Err(DomainError::AlreadyDecided) => "decided",
        Err(other) => panic!("the page has no word for this error: {other:?}"),
    }
}
