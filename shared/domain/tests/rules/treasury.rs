//! Reports, batches and payments as the store keeps them, for the tests of batches: a change is applied only to the
//! state that it was computed on.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outlay_domain::batch::{
    AccountFacts, BankFileFormat, Batch, BatchEntry, BatchFile, BatchFilter, BatchSelection, BatchStatus, HoldReason,
    Involvements, MAX_BATCH_STEP, Payment, PaymentKey, PaymentStatus, SkipReason,
};
use outlay_domain::change::{
    self, BatchChange, NamedSelection, NewBatch, Payee, PaymentOutcome, ReportChange, TakeStep,
};
use outlay_domain::error::DomainError;
use outlay_domain::event::EventKind;
use outlay_domain::history::first_broken_link;
use outlay_domain::ids::{BatchId, IdGenerator, MemberId, PaymentId, ReportId};
use outlay_domain::member::{Member, Role};
use outlay_domain::money::{Currency, Money};
use outlay_domain::permission::{
    BatchActionType, BatchPermit, PaymentPermit, involvement_keys, permit_batch, permit_org, permit_payment,
};
use outlay_domain::policy::PaymentRules;
use outlay_domain::reimbursement::PaymentFailure;
use outlay_domain::report::{Report, ReportStatus, Totals};
use outlay_domain::text::Sha256Hex;

use crate::support::{Given, People, cents, day, draft, eur, member, money, now, permit_for, seed, text, workflow};

/// Reason of a test to refuse: the stored state is another one than the change was computed on.
pub const STALE: DomainError = DomainError::InvalidPaymentState("stale");

/// A report of Ana's over 600.00 EUR, approved by Marco and Fiona on 20 November 2026.
pub fn approved_template() -> Report {
    let people = People::new();
    let given = Given::new(workflow(), people.directory(&people.ana));
    let mut report = given.submit(&draft(&people.ana, &[money("600.00")])).unwrap().after;
    for by in [&people.marco, &people.fiona] {
        let approval = change::Approval::default();
        report = change::approve(permit_for(by, &report).unwrap(), &given.policy, approval, now()).unwrap().after;
    }
    assert_eq!(report.status, ReportStatus::Approved);
    report
}

/// Approved report of an owner with these open amounts, decided by `decider` alone.
pub fn approved(
    template: &Report,
    ids: &mut IdGenerator,
    owner: &Member,
    decider: &Member,
    sums: [Money; 2],
) -> Report {
    let [claim, debt] = sums;
    let currency = claim.currency();
    let repayable = Some(debt).filter(|debt| debt.minor() > 0);
    let total = claim.plus(debt).unwrap();
    let totals = Totals { total, net: total, reimbursable: claim, repayable, ..Totals::zero(currency) };
    let mut steps = template.steps.clone();
    steps.truncate(1);
    for decision in steps.iter_mut().flat_map(|step| &mut step.decisions) {
        decision.by = decider.member_ref();
    }
    let (id, owner_name) = (ids.next_id(), owner.name.clone());
    Report { id, owner: owner.id, owner_name, currency, totals, steps, ..template.clone() }
}

/// Rules without a hold for recent changes.
pub fn rules(four_eyes_from: Option<Money>) -> PaymentRules {
    PaymentRules { four_eyes_from, hold_account_changes_days: 0 }
}

/// Account that was set long ago.
pub fn old_account() -> AccountFacts {
    AccountFacts {
        version: 1,
        masked: "DE•• •••• 3000".to_owned(),
        changed_at: "2025-01-01T00:00:00Z".parse().unwrap(),
    }
}

pub fn failure(code: &str) -> PaymentFailure {
    PaymentFailure { code: Some(text(code)), reason: text("The account is closed.") }
}

pub fn paid(reference: &str) -> PaymentOutcome {
    PaymentOutcome::Paid { on: day("2026-11-24"), reference: Some(text(reference)) }
}

#[derive(Clone)]
pub struct Treasury {
    pub people: Vec<Member>,
    pub accounts: BTreeMap<MemberId, AccountFacts>,
    pub rules: PaymentRules,
    pub now: Timestamp,
    pub ids: IdGenerator,
    pub reports: BTreeMap<ReportId, Report>,
    pub batches: BTreeMap<BatchId, Batch>,
    pub payments: BTreeMap<PaymentId, Payment>,
    pub entries: Vec<(BatchId, BatchEntry)>,
    pub named: BTreeMap<BatchId, Vec<ReportId>>,
    pub involved: BTreeMap<BatchId, Involvements>,
}

impl Treasury {
    pub fn new(people: &[&Member], reports: Vec<Report>, rules: PaymentRules) -> Self {
        Self {
            people: people.iter().map(|member| (*member).clone()).collect(),
            accounts: people.iter().map(|member| (member.id, old_account())).collect(),
            rules,
            now: now(),
            ids: seed(77),
            reports: reports.into_iter().map(|report| (report.id, report)).collect(),
            batches: BTreeMap::new(),
            payments: BTreeMap::new(),
            entries: Vec::new(),
            named: BTreeMap::new(),
            involved: BTreeMap::new(),
        }
    }

    pub fn member(&self, id: MemberId) -> &Member {
        self.people.iter().find(|member| member.id == id).unwrap()
    }

    /// Stores a change, or refuses one that was computed on another state.
    pub fn store(&mut self, change: BatchChange) -> Result<(), DomainError> {
        let batch = change.after.id;
        let is_current = |change: &ReportChange| {
            let before = change.before.as_ref().unwrap();
            self.reports.get(&before.id).unwrap().last_event == before.last_event
        };
        let lock = |batch: &Batch| batch.last_event;
        let head_is_current = self.batches.get(&batch).map(lock) == change.before.as_ref().map(lock);
        let payments_are_current = change
            .payments
            .iter()
            .all(|changed| self.payments.get(&changed.after.id).map(|stored| stored.version) == changed.before);
        let writes_head = !change.events.is_empty();
        if (writes_head && !head_is_current) || !payments_are_current || !change.reports.iter().all(is_current) {
            return Err(STALE);
        }
        if let Some(before) = change.before.as_ref().filter(|_| writes_head) {
            assert_eq!(first_broken_link((before.last_event, &before.last_hash), &change.events), None);
        }
        if writes_head {
            assert_eq!(change.after.last_event, change.events.last().unwrap().seq);
            self.batches.insert(batch, change.after);
        } else {
            assert_eq!(change.before.as_ref(), Some(&change.after), "a batch without events is unchanged");
        }
        for report in change.reports {
            let before = report.before.as_ref().unwrap();
            assert_eq!(first_broken_link((before.last_event, &before.last_hash), &report.events), None);
            assert_eq!(report.after.version, before.version + 1);
            assert_eq!(report.events.last().unwrap().state_hash, Some(report.after.compute_state_hash()));
            self.reports.insert(report.after.id, report.after);
        }
        for payment in change.payments {
            self.payments.insert(payment.after.id, payment.after);
        }
        self.entries.extend(change.entries.into_iter().map(|entry| (batch, entry)));
        if !change.named.is_empty() {
            self.named.insert(batch, change.named);
        }
        let involved = self.involved.entry(batch).or_default();
        for (id, part) in change.involved {
            let known = involved.entry(id).or_default();
            *known = known.with(part);
        }
        Ok(())
    }

    pub fn create(&mut self, by: MemberId, selection: NamedSelection) -> Result<BatchId, DomainError> {
        let new = NewBatch { selection, execution_date: day("2026-11-23"), format: BankFileFormat::Pain001 };
        let creator = self.member(by).clone();
        let change = change::create_batch(permit_org(&creator)?, new, eur(), &mut self.ids, self.now)?;
        let id = change.after.id;
        self.store(change)?;
        Ok(id)
    }

    /// One step of taking.
    pub fn taking(&mut self, batch: BatchId, reports: &[ReportId]) -> Result<BatchChange, DomainError> {
        let batch = self.batches[&batch].clone();
        let reports: Vec<Report> = reports.iter().map(|id| self.reports[id].clone()).collect();
        let payee = |report: &Report| {
            let id = report.payee_id();
            (id, Payee { member: self.member(id).member_ref(), account: self.accounts.get(&id).cloned() })
        };
        let payees = reports.iter().map(payee).collect();
        let payments: BTreeMap<PaymentKey, Payment> =
            self.payments_of(batch.id).map(|it| (it.key(), it.clone())).collect();
        let (creator, rules, now) = (self.member(batch.created_by.id).clone(), self.rules, self.now);
        let step = TakeStep {
            batch: &batch,
            creator: &creator,
            reports: &reports,
            payees: &payees,
            payments: &payments,
            rules: &rules,
            cursor: Some("next"),
        };
        change::take_reports(step, &mut self.ids, now)
    }

    pub fn take(&mut self, batch: BatchId, reports: &[ReportId]) -> Result<(), DomainError> {
        let change = self.taking(batch, reports)?;
        self.store(change)
    }

    pub fn finish_stage(&mut self, batch: BatchId) -> Result<(), DomainError> {
        let change = change::finish_stage(&self.batches[&batch], &self.rules, self.now)?;
        self.store(change)
    }

    /// Takes all reports of the selection in both passes, and opens the batch.
    pub fn build(&mut self, batch: BatchId) {
        for _ in 0..2 {
            let ids: Vec<ReportId> = match &self.batches[&batch].selection {
                BatchSelection::Reports { .. } => self.named[&batch].clone(),
                BatchSelection::Filter(_) => {
                    let approved = self.reports.values().filter(|report| report.status == ReportStatus::Approved);
                    approved.map(|report| report.id).collect()
                }
            };
            for step in ids.chunks(MAX_BATCH_STEP) {
                self.take(batch, step).unwrap();
            }
            self.finish_stage(batch).unwrap();
        }
    }

    /// Batch of all approved reports, built.
    pub fn built(&mut self, by: MemberId) -> BatchId {
        let filter = BatchFilter { approved_until: day("2026-11-30"), currency: None, payees: Vec::new() };
        let batch = self.create(by, NamedSelection::Filter(filter)).unwrap();
        self.build(batch);
        batch
    }

    fn permit<'a, A: BatchActionType>(
        &'a self,
        by: &'a Member,
        batch: &'a Batch,
    ) -> Result<BatchPermit<'a, A>, DomainError> {
        let all = &self.involved[&batch.id];
        // What a function loads: the parts of the caller, and of who changed the caller's role.
        let keys = involvement_keys(by);
        let involved = all.iter().filter(|(id, _)| keys.contains(id)).map(|(id, part)| (*id, *part)).collect();
        permit_batch(by, batch, &involved, &self.rules)
    }

    fn payment_permit<'a, A: BatchActionType>(
        &'a self,
        by: &'a Member,
        payment: &'a Payment,
    ) -> Result<PaymentPermit<'a, A>, DomainError> {
        permit_payment(by, &self.batches[&payment.batch], payment)
    }

    pub fn cancel(&mut self, batch: BatchId, by: MemberId) -> Result<(), DomainError> {
        let change = change::cancel_batch(self.permit(self.member(by), &self.batches[&batch])?, self.now);
        self.store(change)
    }

    pub fn release(&mut self, batch: BatchId, by: MemberId) -> Result<(), DomainError> {
        let permit = self.permit(self.member(by), &self.batches[&batch])?;
        let change = change::release_batch(permit, &self.rules, self.now);
        self.store(change)
    }

    pub fn clear(&mut self, payment: PaymentId, by: MemberId, account_version: u64) -> Result<(), DomainError> {
        let permit = self.payment_permit(self.member(by), &self.payments[&payment])?;
        let change = change::clear_hold(permit, account_version, self.now)?;
        self.store(change)
    }

    /// Releases all payments of a released batch, in steps.
    pub fn release_payments(&mut self, batch: BatchId) -> Result<(), DomainError> {
        let payments: Vec<Payment> = self.payments_of(batch).cloned().collect();
        for step in payments.chunks(MAX_BATCH_STEP) {
            let change = change::release_payments(&self.batches[&batch], step, &self.accounts, self.now)?;
            change.map_or(Ok(()), |change| self.store(change))?;
        }
        Ok(())
    }

    /// Leaves a payment out before the file is written.
    pub fn leave_out(&mut self, payment: PaymentId, reason: HoldReason) -> Result<(), DomainError> {
        let payment = self.payments[&payment].clone();
        let change = change::leave_out_payments(&self.batches[&payment.batch], &[(payment.clone(), reason)], self.now)?;
        self.store(change)
    }

    /// Records a file of these bytes.
    pub fn record_file(&mut self, batch: BatchId, bytes: &[u8]) -> Result<bool, DomainError> {
        let file = BatchFile {
            name: "payments.xml".parse().unwrap(),
            bytes: u64::try_from(bytes.len()).unwrap(),
            sha256: Sha256Hex::of(bytes),
            object_version: None,
        };
        let change = change::record_file(&self.batches[&batch], file, self.now)?;
        change.map_or(Ok(false), |change| self.store(change).map(|()| true))
    }

    /// Downloads the file of a batch.
    pub fn download(&mut self, batch: BatchId, by: MemberId) -> Result<BatchFile, DomainError> {
        let permit = self.permit(self.member(by), &self.batches[&batch])?;
        let (file, change) = change::download_file(permit, self.now)?;
        self.store(change).map(|()| file)
    }

    /// Settles a payment. True when something has changed.
    pub fn settle(&mut self, payment: PaymentId, by: MemberId, outcome: PaymentOutcome) -> Result<bool, DomainError> {
        let permit = self.payment_permit(self.member(by), &self.payments[&payment])?;
        let change = change::settle_payment(permit, outcome, self.now)?;
        change.map_or(Ok(false), |change| self.store(change).map(|()| true))
    }

    /// Carries out the outcome of a payment on the given reports. True when something has changed.
    pub fn apply_to(&mut self, payment: PaymentId, reports: &[ReportId]) -> Result<bool, DomainError> {
        let payment = self.payments[&payment].clone();
        let is_listed = |entry: &&BatchEntry| entry.payment == payment.id && reports.contains(&entry.report);
        let entries = self.entries.iter().map(|(_, entry)| entry).filter(is_listed);
        let step: Vec<(BatchEntry, Report)> =
            entries.map(|entry| (entry.clone(), self.reports[&entry.report].clone())).collect();
        let change = change::apply_outcome(&self.batches[&payment.batch], &payment, &step, self.now)?;
        change.map_or(Ok(false), |change| self.store(change).map(|()| true))
    }

    /// Carries out all outcomes of a batch.
    pub fn apply_all(&mut self, batch: BatchId) {
        let is_cancelled = self.batches[&batch].status == BatchStatus::Cancelled;
        let ended = |payment: &&Payment| is_cancelled || payment.has_pending_reports();
        let payments: Vec<PaymentId> = self.payments_of(batch).filter(ended).map(|payment| payment.id).collect();
        for payment in payments {
            let of_payment = self.entries.iter().filter(|(_, entry)| entry.payment == payment);
            let reports: Vec<ReportId> = of_payment.map(|(_, entry)| entry.report).collect();
            for step in reports.chunks(MAX_BATCH_STEP) {
                self.apply_to(payment, step).unwrap();
            }
        }
    }

    pub fn payments_of(&self, batch: BatchId) -> impl Iterator<Item = &Payment> {
        self.payments.values().filter(move |payment| payment.batch == batch)
    }

    pub fn payment_to(&self, batch: BatchId, payee: &Member) -> &Payment {
        self.payments_of(batch).find(|payment| payment.payee.id == payee.id).unwrap()
    }

    pub fn status_of(&self, report: ReportId) -> ReportStatus {
        self.reports[&report].status
    }

    /// Asserts that heads, payments and entries agree, and that every granted amount is paid, set off or open.
    pub fn assert_sums(&self) {
        for payment in self.payments.values() {
            let currency = payment.currency();
            let entries: Vec<&BatchEntry> =
                self.entries.iter().map(|(_, entry)| entry).filter(|entry| entry.payment == payment.id).collect();
            let sum =
                |of: fn(&BatchEntry) -> Money| Money::sum(currency, entries.iter().map(|entry| of(entry))).unwrap();
            assert_eq!(sum(|entry| entry.claim), payment.gross);
            assert_eq!(sum(|entry| entry.set_off), payment.set_off);
            assert_eq!(payment.amount.plus(payment.set_off).unwrap(), payment.gross);
            assert!(payment.amount.minor() >= 0 && payment.set_off.minor() >= 0);
            assert_eq!(entries.len(), payment.reports);
        }
        for batch in self.batches.values() {
            let count = |status| self.payments_of(batch.id).filter(|payment| payment.status == status).count();
            if batch.status != BatchStatus::Cancelled {
                let counts = &batch.payments;
                let counted = [counts.open, counts.held, counts.released, counts.paid, counts.failed, counts.cancelled];
                assert_eq!(
                    counted,
                    [
                        PaymentStatus::Open,
                        PaymentStatus::Held,
                        PaymentStatus::Released,
                        PaymentStatus::Paid,
                        PaymentStatus::Failed,
                        PaymentStatus::Cancelled,
                    ]
                    .map(count)
                );
            }
            for (currency, totals) in &batch.totals {
                let of_currency = self.payments_of(batch.id).filter(|payment| payment.currency() == *currency);
                let amounts = of_currency.map(|payment| payment.amount);
                assert_eq!(Money::sum(*currency, amounts).unwrap(), totals.amount);
                assert_eq!(totals.amount.plus(totals.set_off).unwrap(), totals.gross);
            }
        }
        let mut currencies: Vec<Currency> = self.reports.values().map(|report| report.currency).collect();
        currencies.sort_unstable();
        currencies.dedup();
        for currency in currencies {
            self.assert_currency(currency);
        }
    }

    /// `paid + set off + open = granted`, and `set off + owed = repayable`, once all outcomes are carried out.
    fn assert_currency(&self, currency: Currency) {
        let reports = || self.reports.values().filter(|report| report.currency == currency);
        let sum = |amounts: &mut dyn Iterator<Item = Money>| Money::sum(currency, amounts).unwrap();
        let is_settled = |it: &&Payment| it.currency() == currency && it.status == PaymentStatus::Paid;
        let settled = || self.payments.values().filter(is_settled);
        if self.payments.values().any(Payment::has_pending_reports) {
            return;
        }
        let paid = sum(&mut settled().map(|payment| payment.amount));
        let set_off = sum(&mut settled().map(|payment| payment.set_off));
        let granted = sum(&mut reports().map(|report| report.totals.reimbursable));
        let open = sum(&mut reports().map(Report::open_claim));
        assert_eq!(paid.plus(set_off).unwrap().plus(open).unwrap(), granted);
        let zero = Money::zero(currency);
        let repayable = sum(&mut reports().map(|report| report.totals.repayable.unwrap_or(zero)));
        let owed = sum(&mut reports().map(Report::open_debt));
        assert_eq!(set_off.plus(owed).unwrap(), repayable);
    }
}

/// Ana and Marco, Fiona and Ada of finance, and Finn, who is another member of finance.
pub struct Office {
    pub people: People,
    pub finn: Member,
    pub template: Report,
}

impl Office {
    pub fn new() -> Self {
        Self { people: People::new(), finn: member(6, Role::Finance, None), template: approved_template() }
    }

    /// Approved reports of Ana's, with claim and debt in cents.
    pub fn of_ana(&self, sums: &[(i64, i64)]) -> Vec<Report> {
        let mut ids = seed(40);
        let People { ana, marco, .. } = &self.people;
        let report =
            |(claim, debt): &(i64, i64)| approved(&self.template, &mut ids, ana, marco, [cents(*claim), cents(*debt)]);
        sums.iter().map(report).collect()
    }

    pub fn treasury(&self, reports: Vec<Report>) -> Treasury {
        let People { ana, marco, fiona, ada } = &self.people;
        Treasury::new(&[ana, marco, fiona, ada, &self.finn], reports, rules(None))
    }

    pub fn ana(&self) -> MemberId {
        self.people.ana.id
    }

    pub fn fiona(&self) -> MemberId {
        self.people.fiona.id
    }

    pub fn ada(&self) -> MemberId {
        self.people.ada.id
    }
}

pub fn ids(reports: &[Report]) -> Vec<ReportId> {
    reports.iter().map(|report| report.id).collect()
}

pub fn named(reports: &[Report]) -> NamedSelection {
    NamedSelection::Reports(ids(reports))
}

/// Reasons why reports were skipped, from the history of a change.
pub fn skipped(change: &BatchChange) -> Vec<SkipReason> {
    let filled = change.events.iter().filter_map(|event| match &event.kind {
        EventKind::BatchFilled { skipped, .. } => Some(skipped),
        _ => None,
    });
    filled.flatten().map(|skipped| skipped.reason).collect()
}
