//! A sample of every finding and every step reason, with and without each optional part.

use std::str::FromStr;

use jiff::civil::Date;
use outlay_domain::expense::PaymentMethod;
use outlay_domain::member::Role;
use outlay_domain::money::Money;
use outlay_domain::policy::{
    ApprovalMode, Consequence, DayOff, Finding, LimitExcess, LimitTerms, NamedExpense, NamedReceipt, RequiredField,
    SplitBill,
};
use outlay_domain::receipt::RejectionReason;
use outlay_domain::step::{ApproverGroup, ExclusionReason, StepReason};

/// Amount from a text like `148.00 EUR`.
pub fn money(written: &str) -> Money {
    let (amount, currency) = written.split_once(' ').unwrap();
    Money::parse(amount, currency.parse().unwrap()).unwrap()
}

/// Date from a text like `2025-06-30`.
pub fn day(written: &str) -> Date {
    written.parse().unwrap()
}

/// Text of whatever type a parameter has.
fn text<T: FromStr>(text: &str) -> T {
    text.parse().ok().unwrap()
}

/// Expense that was paid in the base currency.
pub fn expense(amount: &str, merchant: &str) -> NamedExpense {
    NamedExpense { amount: money(amount), base_amount: None, merchant: text(merchant) }
}

/// Limit for these categories.
pub fn terms(limit: &str, categories: &[&str]) -> LimitTerms {
    LimitTerms {
        limit: money(limit),
        category_names: categories.iter().map(|name| text(name)).collect(),
        payment_method: None,
        grade: None,
    }
}

/// Several expenses above a limit.
pub fn excess(count: usize, actual: &str, terms: LimitTerms) -> LimitExcess {
    LimitExcess { expense: None, count, actual: money(actual), claimed_elsewhere: None, terms, consequence: None }
}

/// Fails to compile for a new finding until it has a number here and a sample below.
const fn number_of_finding(finding: &Finding) -> usize {
    match finding {
        Finding::UnknownCategory { .. } => 0,
        Finding::InactiveCategory { .. } => 1,
        Finding::UnknownCostCentre { .. } => 2,
        Finding::UnknownProject { .. } => 3,
        Finding::RequiredField { .. } => 4,
        Finding::ExpenseLimit(_) => 5,
        Finding::DayLimit { .. } => 6,
        Finding::MonthLimit { .. } => 7,
        Finding::ReportLimit(_) => 8,
        Finding::TripLimit { .. } => 9,
        Finding::Splitting(SplitBill::OverLimit { .. }) => 10,
        Finding::Splitting(SplitBill::WithoutReceipt { .. }) => 11,
        Finding::ReceiptRequired { .. } => 12,
        Finding::MaximumAge { .. } => 13,
        Finding::NonWorkingDay { .. } => 14,
        Finding::Duplicate { .. } => 15,
        Finding::ReceiptPending(_) => 16,
        Finding::ReceiptRejected { .. } => 17,
        Finding::DuplicateReceipt { .. } => 18,
        Finding::Refund { .. } => 19,
        Finding::RateAge { .. } => 20,
        Finding::Splitting(SplitBill::OverReports { .. }) => 21,
    }
}

/// Fails to compile for a new reason until it has a number here and a sample below.
const fn number_of_reason(reason: &StepReason) -> usize {
    match reason {
        StepReason::TotalReaches { .. } => 0,
        StepReason::TotalBelow { .. } => 1,
        StepReason::Category { .. } => 2,
        StepReason::CostCentre { .. } => 3,
        StepReason::Project { .. } => 4,
        StepReason::Grade { .. } => 5,
        StepReason::Currency { .. } => 6,
        StepReason::ViolationsFound {} => 7,
        StepReason::NoViolations {} => 8,
        StepReason::EveryReport {} => 9,
        StepReason::NoStepApplies {} => 10,
        StepReason::DecidedBy { .. } => 11,
        StepReason::AssignedTo { .. } => 12,
        StepReason::NextManager { .. } => 13,
        StepReason::Fallback {} => 14,
        StepReason::Reassigned {} => 15,
        StepReason::EscalatedOverdue {} => 16,
        StepReason::EscalatedUnreachable {} => 17,
        StepReason::OtherAdmins {} => 18,
        StepReason::EscalatedUnable {} => 19,
    }
}

/// Asserts that the numbers are those from 0 on without a gap.
fn assert_complete(mut numbers: Vec<usize>, last: usize) {
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (0..=last).collect::<Vec<_>>());
}

/// Every finding.
pub fn findings() -> Vec<Finding> {
    let mut all = limits();
    all.extend(receipts());
    all.extend(single_expenses());
    assert_complete(all.iter().map(number_of_finding).collect(), 21);
    all
}

fn limits() -> Vec<Finding> {
    let converted = NamedExpense { base_amount: Some(money("85.13 EUR")), ..expense("74.60 GBP", "Georges") };
    let own = LimitExcess { expense: Some(converted), ..excess(1, "85.13 EUR", terms("60.00 EUR", &["Bistro"])) };
    let restricted = LimitTerms {
        payment_method: Some(PaymentMethod::Personal),
        grade: Some(text("G7")),
        ..terms("60.00 EUR", &["Bistro", "Taxi"])
    };
    let card = LimitTerms { payment_method: Some(PaymentMethod::CompanyCard), ..terms("60.00 EUR", &[]) };
    let needed = Some(Consequence::JustificationNeeded);
    let capped = LimitExcess { consequence: Some(Consequence::ExcessNotReimbursed), ..own.clone() };
    let elsewhere = LimitExcess {
        claimed_elsewhere: Some(money("9.99 EUR")),
        consequence: needed,
        ..excess(1, "134.99 EUR", restricted.clone())
    };
    let date = day("2025-07-02");
    let over_limit = SplitBill::OverLimit {
        merchant: text("Georges"),
        date,
        count: 2,
        actual: money("65.00 EUR"),
        terms: card.clone(),
        consequence: needed,
    };
    vec![
        Finding::ExpenseLimit(own),
        Finding::ExpenseLimit(capped),
        Finding::DayLimit { excess: excess(1, "134.60 EUR", restricted), date },
        Finding::MonthLimit { excess: elsewhere, month: "2025-07".to_owned() },
        Finding::ReportLimit(excess(3, "134.60 EUR", card)),
        Finding::TripLimit { excess: excess(3, "134.60 EUR", terms("60.00 EUR", &["Taxi"])), trip: text("Lyon") },
        Finding::Splitting(over_limit),
    ]
}

fn receipts() -> Vec<Finding> {
    let named = |more| NamedReceipt { expense: expense("96.00 EUR", "Georges"), receipt: text("IMG_1.jpg"), more };
    let without_receipt = SplitBill::WithoutReceipt {
        merchant: text("Georges"),
        date: day("2025-07-02"),
        count: 2,
        actual: money("65.00 EUR"),
        receipt_required_from: money("25.00 EUR"),
        consequence: None,
    };
    let over_reports = SplitBill::OverReports {
        merchant: text("Georges"),
        date: day("2025-07-02"),
        count: 2,
        actual: money("959.99 EUR"),
        total_with_parts: money("1100.00 EUR"),
        claimed_in: vec!["EXP-2033".to_owned(), "EXP-2034".to_owned()],
    };
    let mut all = vec![
        Finding::Splitting(without_receipt),
        Finding::Splitting(over_reports),
        Finding::ReceiptRequired {
            expense: expense("96.00 EUR", "Georges"),
            receipt_required_from: money("25.00 EUR"),
            consequence: Some(Consequence::JustificationNeeded),
        },
    ];
    for more in [0, 2] {
        all.push(Finding::ReceiptPending(named(more)));
        for in_this_report in [false, true] {
            all.push(Finding::DuplicateReceipt { receipt: named(more), in_this_report, consequence: None });
        }
        let rejected = |reason| Finding::ReceiptRejected { receipt: named(more), reason };
        all.extend(RejectionReason::ALL.iter().copied().map(rejected));
    }
    all
}

fn single_expenses() -> Vec<Finding> {
    let expense = expense("96.00 EUR", "Georges");
    let date = day("2025-07-02");
    let required = |field| Finding::RequiredField { expense: expense.clone(), category_name: text("Bistro"), field };
    let age =
        |days, maximum_days| Finding::MaximumAge { expense: expense.clone(), days, maximum_days, consequence: None };
    let needed = Some(Consequence::JustificationNeeded);
    let duplicate = |count, claimed_in: Option<&str>, consequence| Finding::Duplicate {
        expense: expense.clone(),
        date,
        count,
        claimed_in: claimed_in.map(str::to_owned),
        consequence,
    };
    let rate_age = |days, consequence| Finding::RateAge {
        expense: expense.clone(),
        rate_date: date,
        days,
        maximum_days: 7,
        consequence,
    };
    let mut all = vec![
        Finding::UnknownCategory { category: text("bistro") },
        Finding::InactiveCategory { category_name: text("Bistro"), date },
        Finding::UnknownCostCentre { cost_centre: text("CC-1") },
        Finding::UnknownProject { project: text("P-1") },
        age(91, 90),
        age(1, 0),
        Finding::NonWorkingDay { expense: expense.clone(), date, day: DayOff::Weekend, consequence: None },
        Finding::NonWorkingDay { expense: expense.clone(), date, day: DayOff::Holiday, consequence: needed },
        duplicate(2, None, needed),
        duplicate(1, Some("EXP-2033"), None),
        Finding::Refund { expense: expense.clone(), refundable: money("40.00 EUR") },
        rate_age(30, None),
        rate_age(1, needed),
    ];
    all.extend(
        [
            RequiredField::Attendees,
            RequiredField::Project,
            RequiredField::CostCentre,
            RequiredField::Justification,
            RequiredField::Trip,
        ]
        .map(required),
    );
    all
}

/// Every step reason.
pub fn reasons() -> Vec<StepReason> {
    let total = money("1204.60 EUR");
    let mut all = vec![
        StepReason::TotalReaches { total, from_total: money("500.00 EUR") },
        StepReason::TotalBelow { total, below_total: money("5000.00 EUR") },
        StepReason::Category { category: text("bistro"), category_name: text("Bistro") },
        StepReason::CostCentre { cost_centre: text("CC-1") },
        StepReason::Project { project: text("P-1") },
        StepReason::Grade { grade: text("G7") },
        StepReason::Currency { currency: total.currency() },
        StepReason::ViolationsFound {},
        StepReason::NoViolations {},
        StepReason::EveryReport {},
        StepReason::NoStepApplies {},
        StepReason::Fallback {},
        StepReason::Reassigned {},
        StepReason::EscalatedOverdue {},
        StepReason::EscalatedUnreachable {},
        StepReason::OtherAdmins {},
        StepReason::EscalatedUnable {},
    ];
    let groups = [
        ApproverGroup::Manager { level: 1 },
        ApproverGroup::Manager { level: 2 },
        ApproverGroup::CostCentreOwner,
        ApproverGroup::ProjectOwner,
        ApproverGroup::Role { role: Role::Finance },
        ApproverGroup::Role { role: Role::Admin },
        ApproverGroup::Members,
    ];
    for approvers in groups {
        all.push(StepReason::AssignedTo { approvers });
        let modes = [ApprovalMode::Any, ApprovalMode::All, ApprovalMode::Quorum { of: 2 }];
        all.extend(modes.map(|mode| StepReason::DecidedBy { approvers, mode }));
    }
    all.extend(
        [
            ExclusionReason::CannotApprove,
            ExclusionReason::SeparationOfDuties,
            ExclusionReason::OtherStep,
            ExclusionReason::Limit,
        ]
        .map(|excluded| StepReason::NextManager { excluded }),
    );
    assert_complete(all.iter().map(number_of_reason).collect(), 19);
    all
}
