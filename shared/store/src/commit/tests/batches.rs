//! Writes of batch changes, item by item, and their maximum number.

use outlay_domain::batch::{
    AccountFacts, BankFileFormat, Batch, BatchEntry, BatchStatus, BuildStage, Involvement, Involvements, Payment,
};
use outlay_domain::change::{
    BatchChange, NamedSelection, NewBatch, Payee, TakeStep, apply_outcome, cancel_batch, create_batch, take_reports,
};
use outlay_domain::ids::OrgId;
use outlay_domain::permission::{permit_batch, permit_org};
use outlay_domain::policy::PaymentRules;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::batches::{INVOLVED_PER_COMMIT, INVOLVED_PER_STEP};
use crate::integrity::Stored;
use crate::items::to_item;

/// A finance member with a batch, and reports that it can take.
struct Case {
    seed: IdGenerator,
    org: OrgId,
    creator: Member,
    rules: PaymentRules,
}

impl Case {
    fn new() -> Self {
        let mut seed = seed();
        let org = seed.next_id();
        let creator = member(org, &mut seed, Role::Finance, Some("sub"));
        Self { seed, org, creator, rules: PaymentRules::default() }
    }

    fn create(&mut self, named: Vec<ReportId>) -> BatchChange {
        let new = NewBatch {
            selection: NamedSelection::Reports(named),
            execution_date: "2026-11-30".parse().unwrap(),
            format: BankFileFormat::Pain001,
        };
        let (permit, now) = (permit_org(&self.creator).unwrap(), "2026-11-24T10:00:00Z".parse().unwrap());
        create_batch(permit, new, eur(0).currency(), &mut self.seed, now).unwrap()
    }

    /// Approved report with as many steps of one decision for each of `deciders`, which a delegate made.
    fn approved(&mut self, steps: u32, deciders: usize) -> Report {
        let line = line(&mut self.seed, Some("sales"), "");
        let report = draft(&mut self.seed, vec![line]);
        let decided = |number| {
            let approvers: Vec<MemberId> = (0..deciders).map(|_| self.seed.next_id()).collect();
            let mut step = step(number, approvers);
            step.status = outlay_domain::step::StepStatus::Approved;
            step.decisions = step
                .approvers
                .iter()
                .map(|approver| Decision {
                    by: outlay_domain::member::MemberRef { id: self.seed.next_id(), name: approver.name.clone() },
                    on_behalf_of: Some(approver.clone()),
                    at: report.updated_at,
                    comment: None,
                })
                .collect();
            step
        };
        let steps = (1..=steps).map(decided).collect();
        Report { org: self.org, status: ReportStatus::Approved, submitted_at: Some(report.updated_at), steps, ..report }
    }

    fn take(&mut self, batch: &Batch, reports: &[Report]) -> BatchChange {
        let account = AccountFacts {
            version: 1,
            masked: "DE•• •••• 3000".to_owned(),
            changed_at: "2025-01-01T00:00:00Z".parse().unwrap(),
        };
        let payee = |report: &Report| Payee {
            member: outlay_domain::member::MemberRef { id: report.owner, name: report.owner_name.clone() },
            account: Some(account.clone()),
        };
        let payees = reports.iter().map(|report| (report.owner, payee(report))).collect();
        let (payments, rules) = (BTreeMap::new(), &self.rules);
        let step = TakeStep {
            batch,
            creator: &self.creator,
            reports,
            payees: &payees,
            payments: &payments,
            rules,
            cursor: None,
        };
        take_reports(step, &mut self.seed, "2026-11-24T10:00:00Z".parse().unwrap()).unwrap()
    }
}

fn batch_written(change: &BatchChange) -> Vec<String> {
    writes(&[Change::Batch(Box::new(change.clone()))]).iter().map(write_text).collect()
}

#[test]
fn new_batch_writes_named_reports_in_chunks() {
    let mut case = Case::new();
    let named: Vec<ReportId> = (0..501).map(|_| case.seed.next_id()).collect();
    let change = case.create(named);
    let listed = format!("put {}", change.after.id);
    let expected =
        ["put BATCH if new", &listed, &listed, "put NAMED#000", "put NAMED#001", "put EVENT#000000000000001 if new"];
    assert_eq!(batch_written(&change), expected);
}

#[test]
fn step_writes_reports_with_payments_and_entries() {
    let mut case = Case::new();
    let (one, two) = (case.approved(1, 1), case.approved(1, 1));
    let batch = case.create(vec![one.id, two.id]).after;
    let two = Report { owner: one.owner, ..two };
    let change = case.take(&batch, &[one.clone(), two.clone()]);
    let [payment] = change.payments.as_slice() else { panic!("{:?}", change.payments) };
    let payment = &payment.after;
    let involved = change.involved.keys().map(|member| format!("update INVOLVED#{member}"));
    let expected: Vec<String> = [
        "put BATCH if unchanged".to_owned(),
        format!("put PAYMENT#{}#EUR if new", one.owner),
        "put PAYMENT".to_owned(),
        format!("put ENTRY#{}#{}", payment.id, one.id),
        format!("put ENTRY#{}#{}", payment.id, two.id),
    ]
    .into_iter()
    .chain(involved)
    .chain(["put REPORT if unchanged", "put EVENT#000000000000001 if new"].map(str::to_owned))
    .chain(["put REPORT if unchanged", "put EVENT#000000000000001 if new"].map(str::to_owned))
    .chain(["put EVENT#000000000000002 if new".to_owned()])
    .collect();
    assert_eq!(batch_written(&change), expected);
}

#[test]
fn involvement_update_sets_only_new_parts() {
    let mut case = Case::new();
    let report = case.approved(0, 0);
    let batch = case.create(vec![report.id]).after;
    let writes = writes(&[Change::Batch(Box::new(case.take(&batch, &[report])))]);
    let update = writes.iter().find_map(|write| write.item.update()).unwrap();
    let expected = "SET is_payee = :true, is_party = :true, entity = :entity, #schema = :schema";
    assert_eq!(update.update_expression(), expected);
    assert_eq!(update.condition_expression(), None);
}

#[test]
fn outcome_writes_payment_and_reports_only() {
    let mut case = Case::new();
    let report = case.approved(1, 1);
    let batch = case.create(vec![report.id]).after;
    let taken = case.take(&batch, &[report]);
    let batch = taken.after.clone();
    let permit = permit_batch(&case.creator, &batch, &Involvements::new(), &case.rules).unwrap();
    let cancelled = cancel_batch(permit, batch.created_at);
    let listed = format!("put {}", batch.id);
    let expected = ["put BATCH if unchanged", &listed, &listed, "put EVENT#000000000000003 if new"];
    assert_eq!(batch_written(&cancelled), expected);

    let (payment, entry) = (&taken.payments[0].after, taken.entries[0].clone());
    let reports = [(entry, taken.reports[0].after.clone())];
    let change = apply_outcome(&cancelled.after, payment, &reports, batch.created_at).unwrap().unwrap();
    let expected = [
        format!("put PAYMENT#{}#EUR if unchanged", payment.payee.id),
        "put REPORT if unchanged".to_owned(),
        "put EVENT#000000000000002 if new".to_owned(),
    ];
    assert_eq!(batch_written(&change), expected);
}

#[test]
fn step_of_one_report_always_fits() {
    let mut case = Case::new();
    // Ten steps of twenty approvers each, all of whom were represented.
    let report = case.approved(10, MAX_APPROVERS);
    let report = Report { has_former_layout: true, ..report };
    let batch = case.create(vec![report.id]).after;
    let change = case.take(&batch, &[report]);
    assert_eq!(change.involved.len(), 401);
    let (before, step) = change.split_involvements(&Involvements::new(), INVOLVED_PER_STEP, INVOLVED_PER_COMMIT);
    assert_eq!(step.involved.len(), INVOLVED_PER_STEP);
    let parts: usize = before.iter().map(|part| part.involved.len()).sum();
    assert_eq!(parts, 401 - INVOLVED_PER_STEP);
    for change in before.iter().chain([&step]) {
        let count = batch_written(change).len();
        assert!(count <= MAX_ITEMS, "{count} items");
    }
    assert!(before.iter().all(|part| batch_written(part).iter().all(|write| write.starts_with("update INVOLVED#"))));
}

#[test]
fn known_parts_are_not_written_again() {
    let mut case = Case::new();
    let report = case.approved(1, 1);
    let batch = case.create(vec![report.id]).after;
    let change = case.take(&batch, std::slice::from_ref(&report));
    let mut known = change.involved.clone();
    let (before, step) = change.clone().split_involvements(&known, INVOLVED_PER_STEP, INVOLVED_PER_COMMIT);
    assert!(before.is_empty() && step.involved.is_empty());
    known.insert(report.owner, Involvement { has_decided: true, ..Involvement::default() });
    let (_, step) = change.split_involvements(&known, INVOLVED_PER_STEP, INVOLVED_PER_COMMIT);
    assert_eq!(step.involved.into_keys().collect::<Vec<_>>(), [report.owner]);
}

#[test]
fn step_of_fifteen_reports_and_payments_fits() {
    let mut case = Case::new();
    let reports: Vec<Report> = (0..15).map(|_| case.approved(1, 1)).collect();
    let batch = case.create(reports.iter().map(|report| report.id).collect()).after;
    let change = case.take(&batch, &reports);
    let (_, step) = change.split_involvements(&Involvements::new(), INVOLVED_PER_STEP, INVOLVED_PER_COMMIT);
    assert_eq!(batch_written(&step).len(), 97);
}

#[test]
fn payment_that_comes_back_adds_no_participation() {
    let mut case = Case::new();
    let report = case.approved(10, MAX_APPROVERS);
    let paid = Report { status: ReportStatus::Reimbursed, ..report.clone() };
    let count = written(change(Some(&paid), Report { status: ReportStatus::Approved, ..report })).len();
    assert!(count < 5, "{count} items");
}

/// The value, stored as an item and read again.
fn stored<T: Stored + Serialize + DeserializeOwned>(key: &PrimaryKey, value: &T) -> T {
    from_item(to_item(key, "sample", value).unwrap()).unwrap()
}

#[test]
fn batch_payment_and_entry_survive_conversion() {
    let mut case = Case::new();
    let reports = [case.approved(1, 1), Report { status: ReportStatus::Returned, ..case.approved(1, 1) }];
    let batch = case.create(reports.iter().map(|report| report.id).collect()).after;
    let change = case.take(&batch, &reports);
    let batch: Batch = stored(&keys::batch(case.org, batch.id), &change.after);
    assert_eq!(batch, change.after);
    assert_eq!((batch.status, batch.stage), (BatchStatus::Building, BuildStage::Claims));
    assert_eq!((batch.taken, batch.skipped.len(), batch.totals.len()), (1, 1, 1));
    let payment = &change.payments[0].after;
    let read: Payment = stored(&keys::payment(case.org, batch.id, payment.key()), payment);
    assert_eq!(read, *payment);
    let entry = &change.entries[0];
    let read: BatchEntry = stored(&keys::entry(case.org, batch.id, entry.payment, entry.report), entry);
    assert_eq!(read, *entry);
}
