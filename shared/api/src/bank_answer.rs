//! Answers of banks over the API: each entry is recorded in a transaction of its own, and the answer lists what became
//! of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures_util::future::try_join_all;
use outlay_bank::{AnswerKind, BankAnswer, BankEntry, BankOutcome};
use outlay_domain::batch::{Batch, Payment, PaymentStatus, payment_with_end_to_end_id};
use outlay_domain::change::{Change, PaymentOutcome, settle_payment};
use outlay_domain::error::DomainError;
use outlay_domain::ids::{BatchId, PaymentId};
use outlay_domain::permission::permit_payment;
use outlay_http::{ApiError, Context, Endpoint, Problem};
use outlay_payments::{Unmatched, batch_with_message_id, outcome_of_entry, rejected_groups, rejection_of_file};
use outlay_store::PageRequest;
use serde::Serialize;
use utoipa::ToSchema;

use super::common::MoneyDto;

/// Time that must be left to begin with an entry.
const MIN_TIME_LEFT: Duration = Duration::from_secs(3);
/// Entries whose payments are read at the same time.
const READ_AHEAD: usize = 20;
/// Attempts to record an entry while others change its batch.
const MAX_ATTEMPTS: usize = 5;
/// Payments of a page of the list.
const PAGE: i32 = 100;

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BankEntryResult {
    /// The payment is paid.
    Settled,
    /// The payment has failed or come back. Its reports become approved again.
    Failed,
    /// The payment has this outcome already.
    AlreadyRecorded,
    /// The bank has not decided, or has only accepted the order. Nothing has changed.
    Pending,
    /// Nothing has changed, for the reason in `detail`.
    Unmatched,
    /// There was no time left. Send the file again.
    NotProcessed,
}

/// Entry of a bank's answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BankEntry)]
pub struct BankEntryOut {
    /// End-to-end identifier, as the bank states it; null when it states none.
    pub end_to_end_id: Option<String>,
    /// Amount, as the bank states it.
    pub amount: Option<MoneyDto>,
    /// What became of it.
    pub result: BankEntryResult,
    /// Reason as an English sentence; null unless nothing has changed.
    pub detail: Option<String>,
    /// Batch, `bat_…`; null for an unknown payment.
    pub batch_id: Option<String>,
    /// Payment, `pay_…`; null for an unknown one.
    pub payment_id: Option<String>,
}

/// Record of a bank's answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BankAnswer)]
pub struct BankAnswerOut {
    /// Identifier that the bank gave the answer.
    pub message_id: String,
    /// Kind of the message.
    #[schema(example = "pain.002")]
    pub kind: &'static str,
    /// Entries about payments, in the order of the answer. Those of a rejected file are its payments.
    pub entries: Vec<BankEntryOut>,
    /// Bookings that are no payments: credits, fees, and entries that are not booked yet.
    pub skipped: usize,
}

/// Statement about one payment, from an entry of the answer or from the rejection of the whole file.
enum Statement<'a> {
    Entry(&'a BankEntry),
    Rejected(PaymentId, PaymentOutcome),
    RejectedGroup(&'a str),
}

/// Result of one statement, with the reason when nothing has changed.
type Recorded = (BankEntryResult, Option<String>);

/// Records an answer, entry by entry, until the time is nearly over.
///
/// # Errors
/// Problems of the table. What was recorded until then stays recorded.
pub async fn record_answer<E: Endpoint>(
    context: &Context<'_, E>,
    answer: &BankAnswer,
) -> Result<BankAnswerOut, ApiError> {
    let mut statements: VecDeque<Statement<'_>> = answer.entries.iter().map(Statement::Entry).collect();
    statements.extend(rejected_groups(answer).map(Statement::RejectedGroup));
    statements.extend(rejected_payments(context, answer).await?);
    let mut recorder = Recorder { context, batches: BTreeMap::new(), has_committed: false };
    let mut entries = Vec::with_capacity(statements.len());
    while !statements.is_empty() {
        let next: Vec<Statement<'_>> = statements.drain(..READ_AHEAD.min(statements.len())).collect();
        let has_time = context.time_left() > MIN_TIME_LEFT;
        let payments = if has_time { recorder.payments(&next).await? } else { Vec::new() };
        let payments = payments.into_iter().chain(std::iter::repeat(None));
        for (statement, payment) in next.iter().zip(payments) {
            let result = if has_time && context.time_left() > MIN_TIME_LEFT {
                recorder.record(statement, payment.clone()).await?
            } else {
                (BankEntryResult::NotProcessed, Some(NO_TIME.to_owned()))
            };
            entries.push(shown(statement, payment.as_ref(), result));
        }
    }
    let (message_id, skipped) = (answer.message_id.clone(), answer.skipped);
    Ok(BankAnswerOut { message_id, kind: kind(answer.kind), entries, skipped })
}

const NO_TIME: &str = "There was no time left. Send the file again: what is recorded already is not recorded twice.";

const fn kind(kind: AnswerKind) -> &'static str {
    match kind {
        AnswerKind::StatusReport => "pain.002",
        AnswerKind::Statement => "camt.053",
        AnswerKind::Notification => "camt.054",
    }
}

/// Payments of a file that the bank has rejected as a whole, without those that the answer lists itself as rejected.
async fn rejected_payments<'a, E: Endpoint>(
    context: &Context<'_, E>,
    answer: &BankAnswer,
) -> Result<Vec<Statement<'a>>, ApiError> {
    let batch = answer.original_message_id.as_deref().and_then(batch_with_message_id);
    let Some((rejection, batch)) = rejection_of_file(answer).zip(batch) else { return Ok(Vec::new()) };
    let is_rejected = |entry: &&BankEntry| matches!(entry.outcome, BankOutcome::Rejected { .. });
    let listed: Vec<PaymentId> = answer.entries.iter().filter(is_rejected).filter_map(payment_of).collect();
    let is_in_file = |payment: &Payment| {
        matches!(payment.status, PaymentStatus::Released | PaymentStatus::Paid | PaymentStatus::Failed)
            && payment.amount.minor() > 0
            && !listed.contains(&payment.id)
    };
    let (mut found, mut page) = (Vec::new(), PageRequest::internal(PAGE));
    loop {
        let payments = context.store().list_payments(context.org(), batch, &page).await?;
        let of_file = payments.items.iter().filter(|payment| is_in_file(payment));
        found.extend(of_file.map(|payment| Statement::Rejected(payment.id, rejection.clone())));
        page.cursor = payments.next;
        if page.cursor.is_none() {
            return Ok(found);
        }
    }
}

fn payment_of(entry: &BankEntry) -> Option<PaymentId> {
    entry.end_to_end_id.as_deref().and_then(payment_with_end_to_end_id)
}

impl Statement<'_> {
    /// Payment that the statement names.
    fn payment(&self) -> Option<PaymentId> {
        match self {
            Self::Entry(entry) => payment_of(entry),
            Self::Rejected(payment, _) => Some(*payment),
            Self::RejectedGroup(_) => None,
        }
    }

    /// Outcome for its payment; `None` while the bank has not decided.
    fn outcome(&self, payment: Option<&Payment>) -> Result<Option<PaymentOutcome>, Unmatched> {
        match (self, payment) {
            (Self::RejectedGroup(_), _) => Err(Unmatched::RejectedGroup),
            (Self::Entry(BankEntry { end_to_end_id: None, .. }), _) => Err(Unmatched::NoIdentifier),
            (_, None) => Err(Unmatched::UnknownPayment),
            (Self::Entry(entry), Some(payment)) => outcome_of_entry(entry, payment),
            (Self::Rejected(_, outcome), Some(_)) => Ok(Some(outcome.clone())),
        }
    }
}

/// Records statements one after another. Batches are kept, so that each is read once.
struct Recorder<'a, 'c, E: Endpoint> {
    context: &'a Context<'c, E>,
    batches: BTreeMap<BatchId, Batch>,
    has_committed: bool,
}

impl<E: Endpoint> Recorder<'_, '_, E> {
    /// Reads the payments that statements name.
    async fn payments(&self, statements: &[Statement<'_>]) -> Result<Vec<Option<Payment>>, ApiError> {
        let read = |statement: &Statement<'_>| {
            let payment = statement.payment();
            async move {
                match payment {
                    Some(payment) => self.context.store().payment_by_id(self.context.org(), payment).await,
                    None => Ok(None),
                }
            }
        };
        Ok(try_join_all(statements.iter().map(read)).await?)
    }

    async fn batch(&mut self, id: BatchId) -> Result<Batch, ApiError> {
        if let Some(batch) = self.batches.get(&id) {
            return Ok(batch.clone());
        }
        let batch = self.context.store().batch(self.context.org(), id).await?;
        let batch = batch.ok_or_else(|| Problem::internal("the batch of a payment is missing"))?;
        self.batches.insert(id, batch.clone());
        Ok(batch)
    }

    /// Records a statement, again after each conflict with a concurrent change.
    async fn record(&mut self, statement: &Statement<'_>, mut payment: Option<Payment>) -> Result<Recorded, ApiError> {
        for _ in 0..MAX_ATTEMPTS {
            let outcome = match statement.outcome(payment.as_ref()) {
                Ok(Some(outcome)) => outcome,
                Ok(None) => return Ok((BankEntryResult::Pending, None)),
                Err(unmatched) => return Ok((BankEntryResult::Unmatched, Some(unmatched.to_string()))),
            };
            let Some(current) = payment.as_ref() else { break };
            match self.settle(current, outcome).await {
                Err(ApiError::Conflict(_)) => {
                    self.batches.remove(&current.batch);
                    payment = self.context.store().payment_by_id(self.context.org(), current.id).await?;
                }
                recorded => return recorded,
            }
        }
        Ok((BankEntryResult::NotProcessed, Some(NO_TIME.to_owned())))
    }

    async fn settle(&mut self, payment: &Payment, outcome: PaymentOutcome) -> Result<Recorded, ApiError> {
        let batch = self.batch(payment.batch).await?;
        let done = match outcome {
            PaymentOutcome::Paid { .. } => BankEntryResult::Settled,
            PaymentOutcome::Failed(_) => BankEntryResult::Failed,
        };
        let permit = permit_payment(&self.context.caller.member, &batch, payment);
        let change = match permit.and_then(|permit| settle_payment(permit, outcome, self.context.now())) {
            Ok(Some(change)) => change,
            Ok(None) => return Ok((BankEntryResult::AlreadyRecorded, None)),
            Err(refusal) => return refused(refusal),
        };
        let after = change.after.clone();
        self.context.commit_part(Change::Batch(Box::new(change)), !self.has_committed).await?;
        self.has_committed = true;
        self.batches.insert(after.id, after);
        Ok((done, None))
    }
}

/// Refusal of the domain: the entry changes nothing, and the others are recorded.
fn refused(refusal: DomainError) -> Result<Recorded, ApiError> {
    match ApiError::from(refusal) {
        ApiError::Problem(problem) => Ok((BankEntryResult::Unmatched, Some(problem.detail().to_owned()))),
        other => Err(other),
    }
}

fn shown(statement: &Statement<'_>, payment: Option<&Payment>, (result, detail): Recorded) -> BankEntryOut {
    let (end_to_end_id, amount) = match statement {
        Statement::Entry(entry) => (entry.end_to_end_id.clone(), entry.amount.map(Into::into)),
        Statement::Rejected(..) => (payment.map(|payment| payment.end_to_end_id.clone()), None),
        Statement::RejectedGroup(group) => {
            let detail = detail.map(|detail| format!("{detail} Group: {group}."));
            return BankEntryOut {
                end_to_end_id: None,
                amount: None,
                result,
                detail,
                batch_id: None,
                payment_id: None,
            };
        }
    };
    BankEntryOut {
        end_to_end_id,
        amount,
        result,
        detail,
        batch_id: payment.map(|payment| payment.batch.to_string()),
        payment_id: payment.map(|payment| payment.id.to_string()),
    }
}
