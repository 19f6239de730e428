//! CPU time of the largest everyday submission: `cargo bench -p outlay-domain`. It measures the rules, events and
//! hashes. It must not measure the creation of the report or any storage.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should say so and stop")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan};
use outlay_domain::change::{self, NewReport, ReportChange, SubmissionRules};
use outlay_domain::conversion::{RateBook, RateEntry};
use outlay_domain::expense::{ExpenseFacts, PaymentMethod};
use outlay_domain::ids::{IdGenerator, OrgId};
use outlay_domain::member::{Member, MemberKind, MemberStatus, Role};
use outlay_domain::money::{Currency, Money};
use outlay_domain::permission::{permit, permit_org};
use outlay_domain::policy::{
    ApprovalMode, Approvers, CategoryRules, CostObject, LimitEffect, LimitPeriod, NonWorkingDays, Policy, RuleEffect,
    SpendingLimit, StepRule,
};
use outlay_domain::report::Report;
use outlay_domain::route::OrgContext;
use outlay_domain::spending::{Spending, SpendingBucket, SpendingBucketKey};

/// Number of lines of the report, and of expenses that the owner has claimed elsewhere.
const LINES: usize = 200;

const CATEGORIES: [&str; 5] = ["travel", "lodging", "meals", "transport", "supplies"];

fn main() {
    for of in [Lines::Usual, Lines::Bad] {
        let case = Case::new(of);
        let ReportChange { after, spending, .. } = case.submit();
        println!(
            "{of:?}: {} lines, {} limits, {} findings, {} steps, {} buckets, {} bytes",
            after.expense_count,
            case.policy.limits.len(),
            after.violations.len(),
            after.steps.len(),
            spending.stored.len(),
            after.json_bytes(),
        );
    }
    divan::main();
}

/// Kind of the lines.
#[derive(Clone, Copy, Debug)]
enum Lines {
    /// The policy finds something about every fourth line.
    Usual,
    /// It finds something about every line.
    Bad,
}

#[divan::bench(args = [Lines::Usual, Lines::Bad])]
fn submit_200_lines(bencher: divan::Bencher<'_, '_>, of: Lines) {
    let case = Case::new(of);
    bencher.bench(|| case.submit());
}

/// Parts of a submission, measured one by one.
mod parts {
    use super::{Case, Lines, change, now};

    #[divan::bench]
    fn judge_and_route(bencher: divan::Bencher<'_, '_>) {
        let case = Case::new(Lines::Usual);
        bencher.bench(|| change::assess(&case.report, case.rules(), change::today(now())));
    }

    #[divan::bench]
    fn hash_of_lines(bencher: divan::Bencher<'_, '_>) {
        let after = Case::new(Lines::Usual).submit().after;
        bencher.bench(|| outlay_domain::report::content_hash(&after.expenses));
    }

    #[divan::bench]
    fn hash_of_head(bencher: divan::Bencher<'_, '_>) {
        let after = Case::new(Lines::Usual).submit().after;
        bencher.bench(|| after.compute_state_hash());
    }

    #[divan::bench]
    fn hash_of_event(bencher: divan::Bencher<'_, '_>) {
        let event = Case::new(Lines::Usual).submit().events.remove(0);
        bencher.with_inputs(|| event.clone()).bench_values(|event| event.with_hash_after("").hash);
    }

    #[divan::bench]
    fn size(bencher: divan::Bencher<'_, '_>) {
        let after = Case::new(Lines::Usual).submit().after;
        bencher.bench(|| after.json_bytes());
    }

    #[divan::bench]
    fn claims(bencher: divan::Bencher<'_, '_>) {
        let case = Case::new(Lines::Usual);
        bencher.bench(|| case.spending.record_claims(&case.report, &std::collections::BTreeSet::new()));
    }

    #[divan::bench]
    fn copy_of_report(bencher: divan::Bencher<'_, '_>) {
        let after = Case::new(Lines::Usual).submit().after;
        bencher.bench(|| after.clone());
    }
}

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// Parses a text or code.
fn text<T: FromStr<Err: Debug>>(raw: &str) -> T {
    raw.parse().unwrap()
}

fn eur() -> Currency {
    "EUR".parse().unwrap()
}

fn member(number: u8, role: Role, manager: Option<&Member>) -> Member {
    Member {
        id: IdGenerator::new(now(), [0, number, 0, 0, 0, 0, 0, 0, 0, 0]).next_id(),
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
        grade: Some(text("senior")),
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

/// Lines of some weeks in two months, of two trips, one in five in another currency.
fn lines(from: usize, of: Lines) -> Vec<ExpenseFacts> {
    let usual = matches!(of, Lines::Usual);
    let line = |at: usize| {
        let currency = if at.is_multiple_of(5) { "USD".parse().unwrap() } else { eur() };
        let minor = 500 + i64::try_from(at % 90 * 137).unwrap();
        let month = if at.is_multiple_of(4) { 10 } else { 11 };
        let date: Date = format!("2026-{month}-{:02}", 1 + at % 18).parse().unwrap();
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let moved = if weekend && usual && !at.is_multiple_of(20) { date.checked_sub(2.days()).unwrap() } else { date };
        ExpenseFacts {
            date: moved,
            category: text(CATEGORIES.iter().cycle().nth(at).unwrap()),
            merchant: text(&format!("Merchant {}", at % 41)),
            amount: Money::from_minor(minor, currency),
            tax: Money::from_minor(minor / 6, currency),
            tax_source: outlay_domain::tax::TaxSource::Stated,
            taxes: Vec::new(),
            country: None,
            refund_of: None,
            payment_method: if at.is_multiple_of(7) { PaymentMethod::CompanyCard } else { PaymentMethod::Personal },
            note: Some(text(&format!("Visit of the customer, number {at}, as agreed with the department"))),
            justification: Some(text("The fair was on and nothing cheaper was left.")),
            receipt_reference: (!at.is_multiple_of(if usual { 20 } else { 3 })).then(|| text(&format!("{at}.pdf"))),
            attendees: Vec::new(),
            project: None,
            cost_centre: Some(text(["c1", "c2", "c3"].iter().cycle().nth(at).unwrap())),
            trip: at.is_multiple_of(2).then(|| text(if at.is_multiple_of(4) { "lyon" } else { "nice" })),
        }
    };
    (from..from + LINES).map(line).collect()
}

/// Four limits for each of the five periods: for everything, by category, by payment method, and by all of them and
/// grade.
fn limits(of: Lines) -> Vec<SpendingLimit> {
    let times = if matches!(of, Lines::Usual) { 10 } else { 1 };
    let limit = |period, minor| SpendingLimit {
        categories: Vec::new(),
        grades: Vec::new(),
        payment_methods: Vec::new(),
        period,
        amount: Money::from_minor(minor, eur()),
        effect: LimitEffect::Warn,
    };
    let of_period = |period| {
        let meals = vec![text("meals")];
        let most = if period == LimitPeriod::Expense { 6000 + 500 * (times - 1) } else { 30_000 * times };
        [
            limit(period, most),
            SpendingLimit { categories: meals.clone(), effect: LimitEffect::Cap, ..limit(period, most / 2) },
            SpendingLimit { payment_methods: vec![PaymentMethod::CompanyCard], ..limit(period, most) },
            SpendingLimit {
                categories: meals,
                grades: vec![text("senior")],
                effect: LimitEffect::Cap,
                ..limit(period, most * 2)
            },
        ]
    };
    LimitPeriod::ALL.iter().copied().flat_map(of_period).collect()
}

fn policy(owner_of_cost_centre: &Member, of: Lines) -> Policy {
    let step = |name: &str, approvers, mode| StepRule {
        name: text(name),
        when: outlay_domain::policy::StepCondition::default(),
        approvers,
        mode,
        due_in_days: 5,
        escalate_to: None,
    };
    let cost_centre =
        |code: &str| CostObject { code: text(code), name: text(code), owner_id: Some(owner_of_cost_centre.id) };
    Policy {
        limits: limits(of),
        receipt_required_from: CategoryRules::bare(Money::from_minor(2500, eur())),
        non_working_days: Some(NonWorkingDays {
            effect: RuleEffect::Warn,
            unless_justified: false,
            weekend: None,
            holidays: Vec::new(),
        }),
        duplicates: CategoryRules::bare(RuleEffect::Warn),
        splitting: true,
        cost_centres: ["c1", "c2", "c3"].map(cost_centre).to_vec(),
        steps: vec![
            step("Manager", Approvers::Manager { level: 1 }, ApprovalMode::Any),
            step("Cost centre", Approvers::CostCentreOwner, ApprovalMode::All),
            step("Finance", Approvers::Role { role: Role::Finance }, ApprovalMode::Any),
        ],
        ..Policy::initial()
    }
}

/// A report and everything it is judged by.
struct Case {
    policy: Policy,
    people: OrgContext,
    spending: Spending,
    rates: RateBook,
    report: Report,
}

impl Case {
    fn new(of: Lines) -> Self {
        let manager = member(2, Role::Employee, None);
        let owner = member(1, Role::Employee, Some(&manager));
        let named = member(3, Role::Employee, None);
        let rate = RateEntry {
            currency: "USD".parse().unwrap(),
            date: "2026-09-01".parse().unwrap(),
            rate: "0.9137".parse().unwrap(),
            source: text("ECB"),
        };
        let rates = RateBook::new(eur(), [rate]);
        let written = |number, expenses| {
            let new = NewReport {
                title: text("November"),
                currency: eur(),
                payee: None,
                cost_centre: None,
                expenses,
                submit: false,
                cloned_from: None,
            };
            let mut seed = IdGenerator::new(now(), [1, number, 0, 0, 0, 0, 0, 0, 0, 0]);
            change::create_report(permit_org(&owner).unwrap(), None, new, &rates, &mut seed, now()).unwrap().after
        };
        let (report, other) = (written(1, lines(0, of)), written(2, lines(LINES, of)));
        let mut spending = Spending::default();
        let claims = spending.record_claims(&other, &std::collections::BTreeSet::new()).unwrap();
        spending.buckets = claims.stored.into_iter().collect::<BTreeMap<SpendingBucketKey, SpendingBucket>>();
        let policy = policy(&named, of);
        let finance_and_admins = (4..14).map(|number| member(number, Role::Finance, None)).collect();
        let people = OrgContext {
            owner,
            interested_parties: Vec::new(),
            managers: vec![manager],
            manager_chain_complete: true,
            finance_and_admins,
            named_members: vec![named],
        };
        Self { policy, people, spending, rates, report }
    }

    fn rules(&self) -> SubmissionRules<'_> {
        SubmissionRules { policy: &self.policy, people: &self.people, spending: &self.spending, rates: &self.rates }
    }

    fn submit(&self) -> ReportChange {
        let permit = permit(&self.people.owner, &self.report, change::today(now())).unwrap();
        change::submit(permit, self.rules(), now()).unwrap()
    }
}
