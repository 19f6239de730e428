//! Exhaustive breadth-first searches over the states of batches, with three people who may pay: one batch of two reports
//! while the account of a payee changes, and two batches that compete for one report.
//!
//! Every action is tried by each of Fiona, Finn and Ada in every state: create, release, cancel, clear a hold, settle.
//! Background work runs one report or payment at a time, so it is cut off after every step.

use std::collections::{HashSet, VecDeque};

use jiff::ToSpan;
use outlay_domain::batch::{AccountFacts, BatchStatus, BuildStage, PaymentStatus};
use outlay_domain::change::{NamedSelection, PaymentOutcome};
use outlay_domain::ids::{BatchId, MemberId, PaymentId, ReportId};
use outlay_domain::member::{Member, Role};
use outlay_domain::permission::{Edit, Recall, Return};
use outlay_domain::policy::PaymentRules;
use outlay_domain::report::{Report, ReportStatus};

use crate::support::{cents, member, money, permit_for, seed};
use crate::treasury::{Treasury, approved, approved_template, failure, paid, rules};

/// Action of a person, a step of background work, or a change of Ana's account.
#[derive(Clone, Copy, Debug)]
enum Act {
    Create(MemberId),
    Take(BatchId, ReportId),
    FinishStage(BatchId),
    Cancel(BatchId, MemberId),
    Release(BatchId, MemberId),
    ReleasePayments(BatchId),
    Clear(PaymentId, MemberId),
    SettlePaid(PaymentId, MemberId),
    SettleFailed(PaymentId, MemberId),
    Apply(PaymentId, ReportId),
    ChangeAccount,
}

/// State of a batch as the rules see it: creator, status, pass, and its payments.
type BatchKey = (MemberId, BatchStatus, bool, Vec<(MemberId, PaymentStatus, u64, bool, i64, bool)>);

/// State of everything. Versions, hashes and identifiers of events are left out.
type Key = (Vec<BatchKey>, Vec<(ReportStatus, Option<usize>, i64, i64)>, u64);

struct Model {
    payers: [Member; 3],
    ana: Member,
    /// Largest number of batches.
    batches: usize,
    /// True when Ana changes the account once, at any moment.
    changes_account: bool,
}

impl Model {
    fn key(&self, state: &Treasury) -> Key {
        let place = |id: &BatchId| state.batches.keys().position(|batch| batch == id);
        let batches = state.batches.values().map(|batch| {
            let payments = state.payments_of(batch.id).map(|payment| {
                let version = payment.account.as_ref().map_or(0, |account| account.version);
                let cleared = payment.hold.as_ref().is_some_and(|hold| hold.cleared.is_some());
                (payment.payee.id, payment.status, version, cleared, payment.amount.minor(), payment.paid_on.is_some())
            });
            (batch.created_by.id, batch.status, batch.stage == BuildStage::Debts, payments.collect())
        });
        let reports = state.reports.values().map(|report| {
            let at = report.reimbursement.as_ref().and_then(|reimbursement| reimbursement.payment);
            let batch = at.and_then(|at| place(&at.batch));
            (report.status, batch, report.open_claim().minor(), report.open_debt().minor())
        });
        (batches.collect(), reports.collect(), state.accounts[&self.ana.id].version)
    }

    /// Every action that might be possible in a state.
    fn acts(&self, state: &Treasury) -> Vec<Act> {
        let mut acts = Vec::new();
        let payers = || self.payers.iter().map(|payer| payer.id);
        if state.batches.len() < self.batches {
            acts.extend(payers().map(Act::Create));
        }
        for batch in state.batches.keys() {
            acts.extend(state.reports.keys().map(|report| Act::Take(*batch, *report)));
            acts.extend(payers().flat_map(|by| [Act::Cancel(*batch, by), Act::Release(*batch, by)]));
            acts.extend([Act::FinishStage(*batch), Act::ReleasePayments(*batch)]);
        }
        for payment in state.payments.keys() {
            acts.extend(payers().flat_map(|by| {
                [Act::Clear(*payment, by), Act::SettlePaid(*payment, by), Act::SettleFailed(*payment, by)]
            }));
            acts.extend(state.reports.keys().map(|report| Act::Apply(*payment, *report)));
        }
        if self.changes_account && state.accounts[&self.ana.id].version == 1 {
            acts.push(Act::ChangeAccount);
        }
        acts
    }

    /// State after an action. `None` when it is refused or changes nothing.
    fn after(&self, state: &Treasury, act: Act) -> Option<Treasury> {
        let mut after = state.clone();
        let all = || NamedSelection::Reports(state.reports.keys().copied().collect());
        let changed = match act {
            Act::Create(by) => after.create(by, all()).map(drop),
            Act::Take(batch, report) => after.take(batch, &[report]),
            Act::FinishStage(batch) => after.finish_stage(batch),
            Act::Cancel(batch, by) => after.cancel(batch, by),
            Act::Release(batch, by) => after.release(batch, by),
            Act::ReleasePayments(batch) => after.release_payments(batch),
            Act::Clear(payment, by) => {
                let version = after.payments[&payment].account.as_ref().map_or(0, |account| account.version);
                after.clear(payment, by, version)
            }
            Act::SettlePaid(payment, by) => after.settle(payment, by, paid("REF-1")).map(drop),
            Act::SettleFailed(payment, by) => {
                after.settle(payment, by, PaymentOutcome::Failed(failure("AC04"))).map(drop)
            }
            Act::Apply(payment, report) => after.apply_to(payment, &[report]).map(drop),
            Act::ChangeAccount => {
                let changed_at = after.now.checked_add(1.hour()).unwrap();
                let account = AccountFacts { version: 2, masked: String::new(), changed_at };
                after.accounts.insert(self.ana.id, account);
                Ok(())
            }
        };
        if changed.is_ok() {
            assert_permitted(state, &after, act);
        }
        changed.ok().map(|()| after)
    }

    /// Asserts what holds in every state.
    fn assert_valid(&self, state: &Treasury) {
        state.assert_sums();
        for report in state.reports.values() {
            let live = |payment: &PaymentId| {
                let payment = &state.payments[payment];
                let ended = matches!(payment.status, PaymentStatus::Failed | PaymentStatus::Cancelled);
                !ended && state.batches[&payment.batch].status != BatchStatus::Cancelled
            };
            let entries = state.entries.iter().filter(|(_, entry)| entry.report == report.id);
            let live: Vec<i64> =
                entries.filter(|(_, entry)| live(&entry.payment)).map(|(_, entry)| entry.claim.minor()).collect();
            assert!(live.iter().sum::<i64>() <= report.totals.reimbursable.minor(), "paid twice: {report:?}");
            assert!(live.len() <= 1, "in two batches: {report:?}");
            // A payment is recorded before its reports follow it.
            if matches!(report.status, ReportStatus::Reimbursing | ReportStatus::Reimbursed) {
                let owner = [&self.ana].into_iter().chain(&self.payers).find(|member| member.id == report.owner);
                assert!(permit_for::<Edit>(owner.unwrap(), report).is_err());
                assert!(permit_for::<Recall>(owner.unwrap(), report).is_err());
                assert!(self.payers.iter().all(|payer| permit_for::<Return>(payer, report).is_err()));
            }
        }
        for payment in state.payments.values() {
            let released = matches!(payment.status, PaymentStatus::Released | PaymentStatus::Paid);
            // Paid only to an account that was not changed after the approval, or that a person has looked at.
            if released && payment.amount.minor() > 0 {
                let account = payment.account.as_ref().unwrap();
                let cleared = payment.hold.as_ref().and_then(|hold| hold.cleared.as_ref());
                let is_cleared = cleared.is_some_and(|cleared| cleared.account_version == account.version);
                assert!(account.version == 1 || is_cleared, "paid to an account that nobody has looked at");
            }
        }
    }

    /// Explores all states. Returns the number of states and transitions, and of states with a paid report.
    fn search(&self, reports: Vec<Report>, rules: PaymentRules) -> (usize, usize, usize) {
        let people: Vec<&Member> = self.payers.iter().chain([&self.ana]).collect();
        let start = Treasury::new(&people, reports, rules);
        let mut seen = HashSet::from([self.key(&start)]);
        let mut open = VecDeque::from([start]);
        let (mut transitions, mut with_paid) = (0, 0);
        while let Some(state) = open.pop_front() {
            self.assert_valid(&state);
            with_paid += usize::from(state.reports.values().any(|report| report.status == ReportStatus::Reimbursed));
            for act in self.acts(&state) {
                let Some(after) = self.after(&state, act) else { continue };
                transitions += 1;
                if seen.insert(self.key(&after)) {
                    open.push_back(after);
                }
            }
        }
        eprintln!("{} states and {transitions} transitions, {with_paid} with a reimbursed report", seen.len());
        (seen.len(), transitions, with_paid)
    }
}

/// Asserts the duties of the actor from the reports themselves, not from what the batch keeps about them.
fn assert_permitted(before: &Treasury, after: &Treasury, act: Act) {
    let is_involved = |by: MemberId, report: &Report| {
        report.interested_parties().any(|party| party == by) || report.steps.iter().any(|step| step.has_decided(by))
    };
    let in_batch = |batch: BatchId| {
        before.entries.iter().filter(move |(of, _)| *of == batch).map(|(_, entry)| &before.reports[&entry.report])
    };
    match act {
        Act::Take(batch, report) if after.entries.len() > before.entries.len() => {
            let creator = before.batches[&batch].created_by.id;
            assert!(!is_involved(creator, &before.reports[&report]), "the creator is involved");
        }
        Act::Release(batch, by) => {
            assert!(!in_batch(batch).any(|report| is_involved(by, report)), "released by a party or an approver");
            let (batch, creator) = (&before.batches[&batch], before.batches[&batch].created_by.id);
            assert!(by != creator || !batch.needs_four_eyes(&before.rules), "released by its creator");
        }
        Act::Clear(payment, by) | Act::SettlePaid(payment, by) | Act::SettleFailed(payment, by) => {
            assert!(before.payments[&payment].payee.id != by, "cleared or settled by the payee");
        }
        _ => {}
    }
}

fn model(batches: usize, changes_account: bool) -> Model {
    let payers = [member(3, Role::Finance, None), member(6, Role::Finance, None), member(4, Role::Admin, None)];
    Model { payers, ana: member(1, Role::Employee, None), batches, changes_account }
}

/// Ana's report was decided by Fiona, Fiona's report by Finn. Below the amount for four eyes, only Ada may pay both.
#[test]
fn payment_duties_hold_in_all_states_of_one_batch() {
    let model = model(1, true);
    let [fiona, finn, _] = &model.payers;
    let (template, mut ids) = (approved_template(), seed(40));
    let mut report = |owner, decider| approved(&template, &mut ids, owner, decider, [cents(10_000), cents(0)]);
    let reports = vec![report(&model.ana, fiona), report(fiona, finn)];
    assert_eq!(model.search(reports, rules(Some(money("1000.00")))), (790, 6985, 200));
}

/// A report with a debt, which a third member has decided on. Every batch needs four eyes.
#[test]
fn report_is_paid_once_in_all_states_of_two_batches() {
    let model = model(2, false);
    let marco = member(2, Role::Employee, None);
    let (template, mut ids) = (approved_template(), seed(40));
    let report = approved(&template, &mut ids, &model.ana, &marco, [cents(10_000), cents(400)]);
    assert_eq!(model.search(vec![report], rules(None)), (2365, 18_363, 294));
}
