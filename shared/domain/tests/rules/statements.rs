//! Findings and step reasons as data: names of parameters, English sentences, and items stored before there were
//! parameters.

use std::collections::BTreeSet;

use outlay_domain::event::{OpenedStep, ReportSnapshot};
use outlay_domain::policy::{Finding, Violation};
use outlay_domain::report::Report;
use outlay_domain::step::{Step, StepReason};
use serde_json::{Value, json};

use crate::support::{People, created_with, facts, money};

#[expect(clippy::too_many_lines, reason = "one case per rule")]
fn findings() -> Vec<(Value, &'static str)> {
    let eur = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    let gbp = json!({"amount": "74.60", "currency": "GBP"});
    let lamb = json!({"amount": eur("96.00"), "merchant": "The Lamb"});
    let abroad = json!({"amount": gbp, "base_amount": eur("85.13"), "merchant": "The Lamb"});
    let finding = |rule: &str, parameters: Value| json!({"rule": rule, "parameters": parameters});
    let receipt = |more: usize| json!({"expense": lamb, "receipt": "bill.pdf", "more": more});
    let rejected = json!({"expense": lamb, "receipt": "bill.pdf", "more": 0, "reason": "active"});
    vec![
        (finding("unknown-category", json!({"category": "yachts"})), "yachts is not a category of the policy."),
        (
            finding("inactive-category", json!({"category_name": "Meals", "date": "2026-11-19"})),
            "The category Meals is not in use on 2026-11-19.",
        ),
        (finding("unknown-cost-centre", json!({"cost_centre": "HR"})), "HR is not a cost centre of the policy."),
        (finding("unknown-project", json!({"project": "P9"})), "P9 is not a project of the policy."),
        (
            finding("required-field", json!({"expense": lamb, "category_name": "Meals", "field": "attendees"})),
            "96.00 EUR at The Lamb: an expense of the category Meals must state the attendees.",
        ),
        (
            finding(
                "expense-limit",
                json!({"expense": abroad, "count": 1, "actual": eur("85.13"), "limit": eur("60.00"),
                       "category_names": ["Meals"], "consequence": "excess_not_reimbursed"}),
            ),
            "74.60 GBP (85.13 EUR) at The Lamb is above the limit of 60.00 EUR per expense for Meals; \
             the excess is not reimbursed.",
        ),
        (
            finding(
                "day-limit",
                json!({"count": 2, "actual": eur("99.00"), "limit": eur("60.00"), "payment_method": "personal",
                       "grade": "senior", "date": "2026-11-19", "consequence": "justification_needed"}),
            ),
            "2 expenses, together 99.00 EUR, are above the limit of 60.00 EUR per day, paid personally, grade senior, \
             on 2026-11-19; a justification is needed.",
        ),
        (
            finding(
                "month-limit",
                json!({"count": 1, "actual": eur("34.99"), "claimed_elsewhere": eur("9.99"), "limit": eur("30.00"),
                       "month": "2026-11"}),
            ),
            "34.99 EUR, of which 9.99 EUR count from other reports, is above the limit of 30.00 EUR per month, \
             in 2026-11.",
        ),
        (
            finding("report-limit", json!({"count": 3, "actual": eur("60.00"), "limit": eur("50.00")})),
            "3 expenses, together 60.00 EUR, are above the limit of 50.00 EUR per report.",
        ),
        (
            finding(
                "trip-limit",
                json!({"count": 3, "actual": eur("60.00"), "limit": eur("50.00"), "trip": "Lyon",
                       "payment_method": "company_card"}),
            ),
            "3 expenses, together 60.00 EUR, are above the limit of 50.00 EUR per trip, paid by company card, \
             on the trip Lyon.",
        ),
        (
            finding(
                "splitting",
                json!({"merchant": "The Lamb", "date": "2026-11-19", "count": 2, "actual": eur("65.00"),
                       "limit": eur("60.00")}),
            ),
            "2 expenses at The Lamb on 2026-11-19 are 65.00 EUR together, above the limit of 60.00 EUR per expense.",
        ),
        (
            finding(
                "splitting",
                json!({"merchant": "The Lamb", "date": "2026-11-19", "count": 2, "actual": eur("65.00"),
                       "receipt_required_from": eur("25.00")}),
            ),
            "2 expenses at The Lamb on 2026-11-19 are 65.00 EUR together, without a receipt; \
             one is required from 25.00 EUR.",
        ),
        (
            finding("receipt-required", json!({"expense": lamb, "receipt_required_from": eur("25.00")})),
            "96.00 EUR at The Lamb has no receipt; one is required from 25.00 EUR.",
        ),
        (
            finding("maximum-age", json!({"expense": lamb, "days": 91, "maximum_days": 90})),
            "96.00 EUR at The Lamb is 91 days old; the policy allows 90.",
        ),
        (
            finding("non-working-day", json!({"expense": lamb, "date": "2026-11-21", "day": "weekend"})),
            "96.00 EUR at The Lamb on 2026-11-21 is on a weekend.",
        ),
        (
            finding("duplicate", json!({"expense": lamb, "date": "2026-11-19", "count": 2})),
            "96.00 EUR at The Lamb on 2026-11-19 is claimed 2 times.",
        ),
        (
            finding("duplicate", json!({"expense": lamb, "date": "2026-11-19", "count": 1, "claimed_in": "R-1"})),
            "96.00 EUR at The Lamb on 2026-11-19 is claimed in R-1 already.",
        ),
        (
            finding("receipt-pending", receipt(2)),
            "96.00 EUR at The Lamb: the receipt bill.pdf (and 2 more) has not been uploaded or checked yet. \
             Upload it, wait a moment, or remove it.",
        ),
        (
            finding("receipt-refused", rejected),
            "96.00 EUR at The Lamb: the receipt bill.pdf was rejected. The file contains a script, a program or another \
             file. Print it to a new PDF. Remove it.",
        ),
        (
            finding("duplicate-receipt", receipt(0)),
            "96.00 EUR at The Lamb: the receipt bill.pdf is also on another report.",
        ),
    ]
}

fn reasons() -> Vec<(Value, &'static str)> {
    let eur = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    let reason = |rule: &str, parameters: Value| json!({"rule": rule, "parameters": parameters});
    let decided = |approvers: Value, mode: Value| reason("decided-by", json!({"approvers": approvers, "mode": mode}));
    let any = json!({"kind": "any"});
    vec![
        (
            reason("total-reaches", json!({"total": eur("40.00"), "from_total": eur("10.00")})),
            "The total of 40.00 EUR reaches 10.00 EUR.",
        ),
        (
            reason("total-below", json!({"total": eur("40.00"), "below_total": eur("50.00")})),
            "The total of 40.00 EUR is below 50.00 EUR.",
        ),
        (
            reason("category", json!({"category": "meals", "category_name": "Meals"})),
            "An expense is in the category Meals.",
        ),
        (reason("cost-centre", json!({"cost_centre": "SALES"})), "An expense is on the cost centre SALES."),
        (reason("project", json!({"project": "P1"})), "An expense is on the project P1."),
        (reason("grade", json!({"grade": "senior"})), "The owner has the grade senior."),
        (reason("currency", json!({"currency": "GBP"})), "An expense was paid in GBP."),
        (reason("violations-found", json!({})), "The policy found violations."),
        (reason("no-violations", json!({})), "The policy found no violations."),
        (reason("every-report", json!({})), "This step applies to every report."),
        (reason("no-step-applies", json!({})), "No step of the workflow applies to this report."),
        (decided(json!({"kind": "manager", "level": 2}), any), "It is decided by the owner's manager of level 2."),
        (
            decided(json!({"kind": "cost_centre_owner"}), json!({"kind": "all"})),
            "It is decided by the owners of its cost centres; each of them has to agree.",
        ),
        (
            decided(json!({"kind": "role", "role": "finance"}), json!({"kind": "quorum", "of": 2})),
            "It is decided by members with the role finance; 2 of them have to agree.",
        ),
        (reason("assigned-to", json!({"approvers": {"kind": "members"}})), "It is for a member the workflow names."),
        (
            reason("next-manager", json!({"excluded": "separation_of_duties"})),
            "An approver may not decide on this report (separation of duties), so the next manager up decides.",
        ),
        (reason("fallback", json!({})), "No other approver is eligible, so the fallback approvers decide."),
        (reason("reassigned", json!({})), "An admin has reassigned it."),
        (reason("escalated-overdue", json!({})), "It was overdue, so other approvers decide."),
        (reason("escalated-unreachable", json!({})), "Mail to an approver bounced, so other approvers decide."),
    ]
}

#[test]
fn finding_has_stable_parameters_and_sentence() {
    let mut rules = BTreeSet::new();
    for (stored, sentence) in findings() {
        let finding: Finding = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(finding.to_string(), sentence);
        assert_eq!(serde_json::to_value(&finding).unwrap(), stored, "nothing is lost or added");
        assert_eq!(
            (json!(finding.rule()), finding.parameters()),
            (stored["rule"].clone(), stored["parameters"].clone())
        );
        rules.insert(finding.rule());
    }
    assert_eq!(rules.len(), 18, "every rule has a case above");
}

#[test]
fn step_reason_has_stable_parameters_and_sentence() {
    let mut rules = BTreeSet::new();
    for (stored, sentence) in reasons() {
        let reason: StepReason = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(reason.to_string(), sentence);
        assert_eq!(serde_json::to_value(&reason).unwrap(), stored, "nothing is lost or added");
        let (rule, parameters) = reason.rule_and_parameters();
        assert_eq!((json!(rule), &parameters), (stored["rule"].clone(), &stored["parameters"]));
        rules.insert(rule);
    }
    assert_eq!(rules.len(), 18, "every rule has a case above");
}

/// Stores a value and reads it back.
fn stored_again<T: serde::de::DeserializeOwned + serde::Serialize>(stored: &Value) -> (T, Value) {
    let value: T = serde_json::from_value(stored.clone()).unwrap();
    let again = serde_json::to_value(&value).unwrap();
    (value, again)
}

#[test]
fn violation_stored_without_parameters_is_readable() {
    let id = created_with(&People::new().ana, vec![facts(money("1.00"))]).after.expenses[0].id;
    let limit = json!({"amount": "60.00", "currency": "EUR"});
    let actual = json!({"amount": "85.00", "currency": "EUR"});
    for (rule, limits) in [
        ("expense-limit", json!({"limit": limit, "actual": actual})),
        ("maximum-age", json!({"limit": {"days": 90}, "actual": {"days": 91}})),
        ("receipt-refused", json!({})),
    ] {
        let mut stored =
            json!({"rule": rule, "expense_ids": [id], "severity": "warn", "message": "Old words.", "field": "amount"});
        stored.as_object_mut().unwrap().extend(limits.as_object().unwrap().clone());
        let (violation, again) = stored_again::<Violation>(&stored);
        assert_eq!((violation.rule().name(), violation.message().as_ref()), (rule, "Old words."));
        assert_eq!(
            (json!(violation.limit()), json!(violation.actual())),
            (stored["limit"].clone(), stored["actual"].clone())
        );
        assert_eq!((violation.parameters(), violation.statement().to_string().as_str()), (None, "Old words."));
        assert_eq!(again, stored, "the hash of the report stays as it was");
    }
}

#[test]
fn step_stored_without_reasons_keeps_its_text() {
    let stored = json!({
        "number": 1, "name": "Manager", "status": "pending", "mode": {"kind": "any"}, "approvers": [],
        "reason": "It is decided by the owner's manager.", "due_in_days": 5
    });
    let (mut step, again) = stored_again::<Step>(&stored);
    assert_eq!(again, stored);
    step.reasons.list.push(StepReason::Reassigned {});
    assert_eq!(step.reasons.message(), "It is decided by the owner's manager. An admin has reassigned it.");
    let (read, _) = stored_again::<Step>(&serde_json::to_value(&step).unwrap());
    assert_eq!(read, step);
}

#[test]
fn event_stored_without_parameters_keeps_its_hash() {
    let report = created_with(&People::new().ana, vec![facts(money("1.00"))]).after;
    let mut snapshot = serde_json::to_value(ReportSnapshot::of(&report)).unwrap();
    snapshot["violations"] = json!(["Old words."]);
    let opened = json!({"number": 1, "name": "Manager", "approvers": [], "reason": "Old words.", "due_on": null});
    let (read, again) = stored_again::<ReportSnapshot>(&snapshot);
    assert_eq!((again, read.violations[0].to_string().as_str()), (snapshot, "Old words."));
    let (read, again) = stored_again::<OpenedStep>(&opened);
    assert_eq!((again, read.reasons.message().as_str()), (opened, "Old words."));
}

#[test]
fn report_size_counts_sentences_of_the_answer() {
    let report = created_with(&People::new().ana, vec![facts(money("1.00"))]).after;
    let id = report.expenses[0].id;
    let violation = |(finding, _): (Value, &str)| -> Violation {
        let mut stored = json!({"expense_ids": [id], "severity": "warn", "field": "amount"});
        stored.as_object_mut().unwrap().extend(finding.as_object().unwrap().clone());
        serde_json::from_value(stored).unwrap()
    };
    let violations: Vec<Violation> = findings().into_iter().map(violation).collect();
    let answered: usize = violations
        .iter()
        .map(|found| {
            let answer = json!({
                "rule": found.rule(), "expense_ids": found.expense_ids, "severity": found.severity,
                "message": found.message(), "parameters": found.parameters(), "limit": found.limit(), "actual": found.actual(),
            });
            answer.to_string().len()
        })
        .sum();
    let before = report.json_bytes();
    let after = Report { violations, ..report }.json_bytes();
    assert!(after >= before + answered, "{after} < {before} + {answered}");
}
