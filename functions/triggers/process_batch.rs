//! Background work of batches: takes reports, releases payments, writes the file for the bank, and lets reports follow
//! the outcome of their payments, in steps of one transaction each. Started by the note that an act of a member needs
//! work, and every 5 minutes for what was left undone. Does not decide. Can be repeated, stopped at any point, and run
//! twice at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_lambda_events::dynamodb::EventRecord;
use lambda_runtime::Error;
use outlay_api::payout;
use outlay_aws::backoff::backoff_with_jitter;
use outlay_aws::clock::{self, RequestClock};
use outlay_aws::env::{ConfigError, required};
use outlay_aws::log::{Level, log};
use outlay_domain::batch::{
    AccountFacts, Batch, BatchEntry, BatchSelection, BatchStatus, MAX_BATCH_STEP, Payment, PaymentKey, PaymentStatus,
};
use outlay_domain::change::{
    BatchChange, Change, Payee, TakeStep, apply_outcome, finish_stage, release_payments, take_reports,
};
use outlay_domain::error::DomainError;
use outlay_domain::ids::{BatchId, IdGenerator, MemberId, OrgId, ReportId};
use outlay_domain::policy::PaymentRules;
use outlay_domain::report::{Report, ReportStatus};
use outlay_http::{ApiError, ProblemType, queries};
use outlay_payments::{BankFileBucket, BankFileWriter};
use outlay_store::batches::{BatchWork, INVOLVED_PER_COMMIT, INVOLVED_PER_STEP, NAMED_PER_ITEM};
use outlay_store::{CommitError, PageRequest, ReportFilter, Store, StoreError};
use outlay_vault::Vault;
use outlay_worker::{JobContext, PartialFailures, RunResult, stream};

/// Reports of a first attempt: a step of so many, each with a new payment, fits into a transaction.
const REPORTS_PER_STEP: usize = 15;

/// Attempts of a step that meets concurrent changes.
const MAX_ATTEMPTS: u32 = 10;

/// Cursor of a pass that has looked at every report.
const END_OF_LIST: &str = "end";

/// Table, key of payout accounts, and bucket of payment files.
struct State {
    store: Store,
    vault: Vault,
    bank_files: BankFileBucket,
}

impl State {
    fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        let store = Store::connect(sdk, &required("TABLE_NAME")?);
        Ok(Self { store, vault: Vault::from_env(sdk)?, bank_files: BankFileBucket::from_env(sdk)? })
    }
}

/// Parses the note of a record; `None` for a record of another item.
fn parse(record: EventRecord) -> Result<Option<BatchWork>, String> {
    let image = record.change.new_image;
    let is_note =
        matches!(image.get("entity"), Some(serde_dynamo::AttributeValue::S(entity)) if entity == "batch_work");
    if !is_note {
        return Ok(None);
    }
    serde_dynamo::from_item(image).map(Some).map_err(|_| "unreadable note of a batch".to_owned())
}

async fn handler(state: Arc<State>, work: BatchWork, job: JobContext) -> Result<(), Error> {
    process(&state, work.org, work.batch_id, &job).await
}

/// Continues the batches of each organisation that have work left.
async fn scheduled(state: Arc<State>, job: JobContext) -> Result<(), Error> {
    let orgs = state.store.organisation_ids().await?;
    job.for_each_tenant(orgs, |org| continue_batches(&state, org, &job)).await.into_result()
}

async fn continue_batches(state: &State, org: OrgId, job: &JobContext) -> PartialFailures {
    let mut failures = PartialFailures::default();
    let work = failures.record(org, state.store.batches_with_work(org).await).unwrap_or_default();
    for BatchWork { batch_id, .. } in job.rotated(work) {
        failures.record(batch_id, process(state, org, batch_id, job).await);
    }
    failures
}

/// Works on a batch until nothing is left to do. An act during that leaves a note of its own.
async fn process(state: &State, org: OrgId, id: BatchId, job: &JobContext) -> Result<(), Error> {
    let Some(work) = state.store.batch_work(org, id).await? else { return Ok(()) };
    let run = Run { state, org, id, job };
    if run.batch().await?.status == BatchStatus::Building {
        run.build().await?;
    }
    let mut written = Ok(());
    if run.batch().await?.status == BatchStatus::Released {
        run.release().await?;
        // Without a file, payments that were left out still free their reports.
        written = run.write_file().await;
    }
    if !matches!(run.batch().await?.status, BatchStatus::Building | BatchStatus::Open) {
        run.apply_outcomes().await?;
    }
    written?;
    Ok(state.store.finish_batch_work(&work).await?)
}

/// Work on one batch.
struct Run<'a> {
    state: &'a State,
    org: OrgId,
    id: BatchId,
    job: &'a JobContext,
}

/// Result of one attempt of a step.
enum Attempt<T> {
    Done(T),
    /// A concurrent change came first.
    Again,
}

/// Error for a step that the domain refuses.
fn refused(error: DomainError) -> Error {
    ApiError::from(error).to_string().into()
}

/// Reports of a step, and the position after them.
struct ReportsToTake {
    reports: Vec<Report>,
    cursor: String,
}

impl Run<'_> {
    const fn store(&self) -> &Store {
        &self.state.store
    }

    async fn batch(&self) -> Result<Batch, Error> {
        self.job.ensure_time_left()?;
        Ok(self.store().batch(self.org, self.id).await?.ok_or("a batch is missing")?)
    }

    async fn rules(&self) -> Result<PaymentRules, Error> {
        let policy = queries::policy(self.store(), self.org).await.map_err(|error| error.to_string())?;
        Ok(policy.payments)
    }

    /// Stores a change; [`Attempt::Again`] when a concurrent one came first.
    async fn commit(&self, change: BatchChange) -> Result<Attempt<()>, CommitError> {
        match self.store().commit(&[Change::Batch(Box::new(change))], None).await {
            Ok(()) => Ok(Attempt::Done(())),
            Err(CommitError::Conflict(_)) => Ok(Attempt::Again),
            Err(error) => Err(error),
        }
    }

    /// Repeats a step until it is done.
    async fn retry<T, F>(&self, step: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<Attempt<T>, Error>> + Send,
    {
        for attempt in 0..MAX_ATTEMPTS {
            self.job.ensure_time_left()?;
            if let Attempt::Done(done) = step().await? {
                return Ok(done);
            }
            tokio::time::sleep(backoff_with_jitter(attempt)).await;
        }
        Err("other changes of the batch keep coming first".into())
    }

    /// Takes reports in both passes, until the batch is open or an act has ended the building.
    async fn build(&self) -> Result<(), Error> {
        let mut limit = REPORTS_PER_STEP;
        while self.batch().await?.status == BatchStatus::Building {
            let step = self.retry(|| self.build_step(limit)).await;
            limit = match step {
                Ok(()) => limit,
                Err(error) => match error.downcast_ref::<CommitError>() {
                    // The step has more items than a transaction. One of a single report always fits.
                    Some(CommitError::TooLarge(_)) if limit > 1 => limit.div_ceil(2),
                    _ => return Err(error),
                },
            };
        }
        Ok(())
    }

    /// Takes the next reports, or ends the pass.
    async fn build_step(&self, limit: usize) -> Result<Attempt<()>, Error> {
        let batch = self.batch().await?;
        if batch.status != BatchStatus::Building {
            return Ok(Attempt::Done(()));
        }
        let (rules, now) = (self.rules().await?, clock::now());
        let Some(ReportsToTake { reports, cursor }) = self.next_reports(&batch, limit).await? else {
            return Ok(self.commit(finish_stage(&batch, &rules, now).map_err(refused)?).await?);
        };
        let creator = self.store().member(self.org, batch.created_by.id).await?.ok_or("a batch has no creator")?;
        let payees = self.payees(&reports).await?;
        let keys = reports.iter().map(|report| PaymentKey { payee: report.payee_id(), currency: report.currency });
        let payments = self.store().payments_by_key(self.org, self.id, &keys.collect()).await?;
        let payments = payments.into_iter().map(|payment| (payment.key(), payment)).collect();
        let step = TakeStep {
            batch: &batch,
            creator: &creator,
            reports: &reports,
            payees: &payees,
            payments: &payments,
            rules: &rules,
            cursor: Some(&cursor),
        };
        let change =
            take_reports(step, &mut IdGenerator::new(now, RequestClock::read().random), now).map_err(refused)?;
        self.commit_taken(change).await
    }

    /// Stores a step, after the parts of members that have no room in its transaction.
    async fn commit_taken(&self, change: BatchChange) -> Result<Attempt<()>, Error> {
        let members = change.involved.keys().copied().collect();
        let known = self.store().involvements(self.org, self.id, &members).await?;
        let (before, step) = change.split_involvements(&known, INVOLVED_PER_STEP, INVOLVED_PER_COMMIT);
        for part in before {
            if let Attempt::Again = self.commit(part).await? {
                return Ok(Attempt::Again);
            }
        }
        Ok(self.commit(step).await?)
    }

    /// The next reports of a pass; `None` at its end.
    async fn next_reports(&self, batch: &Batch, limit: usize) -> Result<Option<ReportsToTake>, Error> {
        if batch.cursor.as_deref() == Some(END_OF_LIST) {
            return Ok(None);
        }
        match batch.selection {
            BatchSelection::Reports { .. } => self.next_named(batch, limit).await,
            BatchSelection::Filter(_) => self.next_approved(batch, limit).await,
        }
    }

    /// The next named reports. The cursor counts those before.
    async fn next_named(&self, batch: &Batch, limit: usize) -> Result<Option<ReportsToTake>, Error> {
        let mut position: usize = batch.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        loop {
            self.job.ensure_time_left()?;
            let (chunk, within) = (position / NAMED_PER_ITEM, position % NAMED_PER_ITEM);
            let named = self.store().named_reports(self.org, self.id, chunk).await?;
            let named: Vec<ReportId> = named.into_iter().skip(within).take(limit).collect();
            if named.is_empty() {
                return Ok(None);
            }
            position = position.saturating_add(named.len());
            let reports = self.load_reports(&named).await?;
            let reports: Vec<Report> = reports.into_iter().filter(|report| batch.stage.includes(report)).collect();
            if !reports.is_empty() {
                return Ok(Some(ReportsToTake { reports, cursor: position.to_string() }));
            }
        }
    }

    /// The next reports of the list of approved ones. The list can lag behind, so each is read again.
    async fn next_approved(&self, batch: &Batch, limit: usize) -> Result<Option<ReportsToTake>, Error> {
        let filter = ReportFilter { status: Some(ReportStatus::Approved), ..ReportFilter::default() };
        let mut cursor = batch.cursor.clone();
        loop {
            self.job.ensure_time_left()?;
            let page = PageRequest { cursor, ..PageRequest::internal(i32::try_from(limit).unwrap_or(1)) };
            let found = self.store().list_reports(self.org, &filter, &page).await?;
            let wanted = found.items.iter().filter(|report| batch.stage.includes(report));
            let wanted: Vec<ReportId> = wanted.map(|report| report.id).collect();
            let reports = self.load_reports(&wanted).await?;
            if !reports.is_empty() {
                return Ok(Some(ReportsToTake {
                    reports,
                    cursor: found.next.unwrap_or_else(|| END_OF_LIST.to_owned()),
                }));
            }
            cursor = found.next;
            if cursor.is_none() {
                return Ok(None);
            }
        }
    }

    /// Reads reports with their decisions. One that cannot be understood is left out, so that it delays no other.
    async fn load_reports(&self, ids: &[ReportId]) -> Result<Vec<Report>, Error> {
        let mut reports = Vec::with_capacity(ids.len());
        for id in ids {
            match self.store().report(self.org, *id).await {
                Ok(report) => reports.extend(report),
                Err(corrupt @ StoreError::Corrupt { .. }) => log(Level::Error, &corrupt.to_string(), &[("report", id)]),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(reports)
    }

    /// Reads the payees of reports with their accounts.
    async fn payees(&self, reports: &[Report]) -> Result<BTreeMap<MemberId, Payee>, Error> {
        let ids: BTreeSet<MemberId> = reports.iter().map(Report::payee_id).collect();
        let mut payees = BTreeMap::new();
        for id in ids {
            payees.extend(self.payee(id).await?.map(|payee| (id, payee)));
        }
        Ok(payees)
    }

    /// Reads a member with their account, without its number. An account that does not decrypt counts as none.
    async fn payee(&self, id: MemberId) -> Result<Option<Payee>, Error> {
        let Some((member, sealed)) = self.store().payout_account(self.org, id).await? else { return Ok(None) };
        let member = member.member_ref();
        let Some(sealed) = sealed else { return Ok(Some(Payee { member, account: None })) };
        let account = match payout::open(&self.state.vault, self.org, id, &sealed).await {
            Ok(shown) => {
                Some(AccountFacts { version: sealed.version, masked: shown.masked, changed_at: sealed.changed_at })
            }
            Err(ApiError::Problem(problem)) if problem.kind() == ProblemType::Integrity => {
                log(Level::Error, &problem.to_string(), &[("member", &id)]);
                None
            }
            Err(error) => return Err(error.to_string().into()),
        };
        Ok(Some(Payee { member, account }))
    }

    /// Releases the payments of a released batch, or leaves them out.
    async fn release(&self) -> Result<(), Error> {
        let is_waiting = |payment: &Payment| matches!(payment.status, PaymentStatus::Open | PaymentStatus::Held);
        let mut page = PageRequest::internal(100);
        loop {
            self.job.ensure_time_left()?;
            let found = self.store().list_payments(self.org, self.id, &page).await?;
            let waiting: Vec<PaymentKey> = found.items.iter().filter(|one| is_waiting(one)).map(Payment::key).collect();
            for keys in waiting.chunks(MAX_BATCH_STEP) {
                self.retry(|| self.release_step(keys)).await?;
            }
            page.cursor = found.next;
            if page.cursor.is_none() {
                return Ok(());
            }
        }
    }

    async fn release_step(&self, keys: &[PaymentKey]) -> Result<Attempt<()>, Error> {
        let batch = self.batch().await?;
        let keys = keys.iter().copied().collect();
        let payments = self.store().payments_by_key(self.org, self.id, &keys).await?;
        let mut accounts = BTreeMap::new();
        for payment in payments.iter().filter(|payment| payment.amount.minor() > 0) {
            let payee = self.payee(payment.payee.id).await?;
            accounts.extend(payee.and_then(|payee| payee.account).map(|account| (payment.payee.id, account)));
        }
        match release_payments(&batch, &payments, &accounts, clock::now()).map_err(refused)? {
            Some(change) => Ok(self.commit(change).await?),
            None => Ok(Attempt::Done(())),
        }
    }

    /// Writes the file for the bank, once every payment is released or left out.
    async fn write_file(&self) -> Result<(), Error> {
        while self.retry(|| self.file_step()).await? {}
        Ok(())
    }

    /// The next step to the file; false when nothing is left to do.
    async fn file_step(&self) -> Result<Attempt<bool>, Error> {
        let State { store, vault, bank_files } = self.state;
        let writer = BankFileWriter { store, vault, bucket: bank_files };
        let changes = writer.next_changes(&self.batch().await?, clock::now()).await?;
        let has_changes = !changes.is_empty();
        for change in changes {
            if let Attempt::Again = self.commit(change).await? {
                return Ok(Attempt::Again);
            }
        }
        Ok(Attempt::Done(has_changes))
    }

    /// Lets the reports of each payment follow its outcome. A failure with one payment does not stop the others.
    async fn apply_outcomes(&self) -> Result<(), Error> {
        let is_cancelled = self.batch().await?.status == BatchStatus::Cancelled;
        let is_pending = |payment: &Payment| {
            payment.has_pending_reports()
                || (is_cancelled && matches!(payment.status, PaymentStatus::Open | PaymentStatus::Held))
        };
        let (mut failures, mut page) = (PartialFailures::default(), PageRequest::internal(100));
        loop {
            self.job.ensure_time_left()?;
            let found = self.store().list_payments(self.org, self.id, &page).await?;
            for payment in found.items.iter().filter(|payment| is_pending(payment)) {
                failures.record(payment.id, self.apply_outcome(payment).await);
            }
            page.cursor = found.next;
            if page.cursor.is_none() {
                return failures.into_result();
            }
        }
    }

    /// Lets the reports of a payment follow its outcome.
    async fn apply_outcome(&self, payment: &Payment) -> Result<(), Error> {
        let mut page = PageRequest::internal(i32::try_from(MAX_BATCH_STEP).unwrap_or(1));
        loop {
            let found = self.store().list_entries(self.org, self.id, payment.id, &page).await?;
            self.retry(|| self.apply_step(payment.key(), &found.items)).await?;
            page.cursor = found.next;
            if page.cursor.is_none() {
                return Ok(());
            }
        }
    }

    async fn apply_step(&self, key: PaymentKey, entries: &[BatchEntry]) -> Result<Attempt<()>, Error> {
        let batch = self.batch().await?;
        let payment = self.store().payment(self.org, self.id, key).await?.ok_or("a payment is missing")?;
        let mut reports = Vec::with_capacity(entries.len());
        for entry in entries {
            let report =
                self.store().report(self.org, entry.report).await?.ok_or("a report of a payment is missing")?;
            reports.push((entry.clone(), report));
        }
        match apply_outcome(&batch, &payment, &reports, clock::now()).map_err(refused)? {
            Some(change) => Ok(self.commit(change).await?),
            None => Ok(Attempt::Done(())),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    stream::serve_with_schedule(State::from_env, parse, handler, scheduled).await
}
