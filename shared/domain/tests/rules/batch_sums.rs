//! Random batches with set-offs, failures and returns: every granted amount is paid, set off or open, to the minor unit.

use outlay_domain::batch::PaymentStatus;
use outlay_domain::change::PaymentOutcome;
use outlay_domain::ids::PaymentId;
use outlay_domain::member::{Member, Role};
use outlay_domain::money::{Currency, Money};
use outlay_domain::report::{Report, ReportStatus};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::support::{member, seed};
use crate::treasury::{Treasury, approved, approved_template, failure, paid, rules};

/// Number of random sequences, and of batches in each.
const SEQUENCES: u32 = 2_500;
const BATCHES: usize = 4;

/// Amounts in currencies with 0, 2, 3 and 4 decimals. No currency in use has four: stored amounts may have them.
const CURRENCIES: [(&str, &str); 4] = [("JPY", "0"), ("EUR", "0.00"), ("KWD", "0.000"), ("CLF", "0.0000")];

fn currency(at: usize) -> Currency {
    let (currency, amount) = CURRENCIES[at];
    let json = serde_json::json!({ "currency": currency, "amount": amount });
    let zero: Money = serde_json::from_value(json).unwrap();
    assert_eq!(zero.amount(), amount);
    zero.currency()
}

/// Report: owner, payee (of three people), currency, claim and debt in minor units.
type Sums = (usize, usize, usize, i64, i64);

fn any_report() -> impl Strategy<Value = Sums> {
    let amount = || prop_oneof![2 => Just(0_i64), 4 => 1_i64..500, 3 => 1_i64..100_000, 1 => 1_i64..1_000_000_000_000];
    (0..3_usize, prop_oneof![4 => Just(3_usize), 1 => 0..3_usize], 0..4_usize, amount(), amount())
}

/// What happens to a payment: paid, failed, come back, or nothing yet.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Paid,
    Failed,
    Returned,
    Waiting,
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![4 => Just(Fate::Paid), 1 => Just(Fate::Failed), 1 => Just(Fate::Returned), 1 => Just(Fate::Waiting)]
}

fn report(template: &Report, at: u8, people: &[Member], decider: &Member, sums: &Sums) -> Report {
    let (owner, payee, currency, claim, debt) = *sums;
    let currency = self::currency(currency);
    let money = |minor| Money::from_minor(minor, currency);
    let mut ids = seed(at);
    let report = approved(template, &mut ids, &people[owner], decider, [money(claim), money(debt)]);
    Report { payee: people.get(payee).filter(|_| payee != owner).map(Member::member_ref), ..report }
}

/// Carries out one batch. Cancels it instead when `cancels`.
fn run_batch(treasury: &mut Treasury, by: [&Member; 2], cancels: bool, fates: &[Fate]) {
    let batch = treasury.built(by[0].id);
    treasury.assert_sums();
    if treasury.batches[&batch].taken == 0 {
        return;
    }
    if cancels {
        treasury.cancel(batch, by[1].id).unwrap();
        treasury.apply_all(batch);
        treasury.assert_sums();
        return;
    }
    treasury.release(batch, by[1].id).unwrap();
    treasury.release_payments(batch).unwrap();
    treasury.apply_all(batch);
    let payments: Vec<PaymentId> = treasury.payments_of(batch).map(|payment| payment.id).collect();
    for (at, payment) in payments.into_iter().enumerate() {
        if treasury.payments[&payment].status != PaymentStatus::Released {
            continue;
        }
        let failed = || PaymentOutcome::Failed(failure("AC04"));
        let outcomes = match fates[at % fates.len()] {
            Fate::Paid => vec![paid("REF-1"), paid("REF-1")],
            Fate::Failed => vec![failed(), failed()],
            Fate::Returned => vec![paid("REF-1"), failed()],
            Fate::Waiting => Vec::new(),
        };
        for outcome in outcomes {
            treasury.settle(payment, by[1].id, outcome).unwrap();
            treasury.apply_all(batch);
        }
    }
    treasury.assert_sums();
}

#[test]
fn random_batches_add_up_to_granted_amounts() {
    let people: Vec<Member> = (1..=3).map(|number| member(number, Role::Employee, None)).collect();
    let (boss, fiona, ada) =
        (member(5, Role::Employee, None), member(6, Role::Finance, None), member(7, Role::Admin, None));
    let template = approved_template();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(SEQUENCES));
    let batches = prop::collection::vec((any::<u8>(), prop::collection::vec(any_fate(), 1..4)), BATCHES);
    let reports = prop::collection::vec(any_report(), 1..6);
    let run = |(reports, batches): (Vec<Sums>, Vec<(u8, Vec<Fate>)>)| {
        let stored = (10_u8..).zip(&reports).map(|(at, sums)| report(&template, at, &people, &boss, sums)).collect();
        let everyone: Vec<&Member> = people.iter().chain([&boss, &fiona, &ada]).collect();
        let mut treasury = Treasury::new(&everyone, stored, rules(None));
        for (cancels, fates) in &batches {
            run_batch(&mut treasury, [&fiona, &ada], cancels.is_multiple_of(8), fates);
        }
        // Nothing is lost: a report is reimbursed, waits for its payment, or is approved with an open amount.
        for report in treasury.reports.values().filter(|report| report.status == ReportStatus::Reimbursed) {
            prop_assert_eq!(report.open_claim().minor(), 0);
            prop_assert_eq!(report.collectable_debt().minor(), 0);
        }
        Ok(())
    };
    runner.run(&(reports, batches), run).unwrap();
}
