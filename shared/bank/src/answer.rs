//! What a bank says about payments: accepted, paid, rejected or returned.

use jiff::civil::Date;
use outlay_domain::money::Money;

/// Kind of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// pain.002, report on the status of payments.
    StatusReport,
    /// camt.053, statement of an account.
    Statement,
    /// camt.054, notification of debits and credits.
    Notification,
}

/// Answer of a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankAnswer {
    /// Identifier that the bank gave the answer; the same file has the same.
    pub message_id: String,
    /// Kind.
    pub kind: AnswerKind,
    /// Identifier of the file that a status report answers.
    pub original_message_id: Option<String>,
    /// Outcome of all payments of the file. `None` in camt, and when the payments differ.
    pub group_outcome: Option<BankOutcome>,
    /// Outcomes of whole groups of payments of the file (pain.002, `OrgnlPmtInfAndSts`).
    pub batches: Vec<BatchAnswer>,
    /// Single payments, in the order of the answer.
    pub entries: Vec<BankEntry>,
    /// Number of bookings in camt that are neither a payment nor its return: credits, fees that were given back,
    /// entries that are not booked yet.
    pub skipped: usize,
}

/// Outcome of a group of payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchAnswer {
    /// Identifier of the group: [`crate::payment_information_id`].
    pub batch_id: String,
    /// Outcome. `None` when the payments differ.
    pub outcome: Option<BankOutcome>,
}

/// Payment in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankEntry {
    /// Identifier of its group, if the bank repeats it.
    pub batch_id: Option<String>,
    /// End-to-end identifier. `None` when the bank does not name one; it is never guessed from the text or the amount.
    pub end_to_end_id: Option<String>,
    /// Amount that was booked; of a status report, that was ordered. A booking can be in the currency of the account
    /// instead of that of the payment. `None` when the bank states none for this payment alone.
    pub amount: Option<Money>,
    /// Day of the booking; of a status report, of the acceptance.
    pub date: Option<Date>,
    /// Reference that the bank gave the booking.
    pub reference: Option<String>,
    /// Outcome.
    pub outcome: BankOutcome,
}

/// Outcome of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BankOutcome {
    /// Bank has not decided.
    Pending,
    /// Bank has accepted the order. No money has arrived by that.
    Accepted,
    /// Bank has debited the account and settled the payment.
    Settled,
    /// Bank has not carried out the order.
    Rejected {
        /// Code of the reason: see [`crate::reason_text`].
        code: Option<String>,
        /// Text of the bank.
        text: Option<String>,
    },
    /// Money has come back after the payment.
    Returned {
        /// Code of the reason: see [`crate::reason_text`].
        code: Option<String>,
        /// Text of the bank.
        text: Option<String>,
    },
}

impl BankAnswer {
    /// Outcome of a payment by a status report. A rejection of the file or of its group comes first: it is that of
    /// every payment. Otherwise the most specific statement counts. `None` when the answer says nothing about the
    /// payment. Takes time in proportion to the entries.
    #[must_use]
    pub fn outcome_of(&self, batch_id: &str, end_to_end_id: &str) -> Option<&BankOutcome> {
        let batch = self.batches.iter().find(|batch| batch.batch_id == batch_id);
        let batch = batch.and_then(|batch| batch.outcome.as_ref());
        let group = self.group_outcome.as_ref();
        let is_rejected = |outcome: &&BankOutcome| matches!(outcome, BankOutcome::Rejected { .. });
        let entry = self.entries.iter().find(|entry| entry.end_to_end_id.as_deref() == Some(end_to_end_id));
        let entry = entry.map(|entry| &entry.outcome);
        // The reason that the bank states for the payment itself, if it is rejected either way.
        entry
            .filter(is_rejected)
            .or_else(|| group.filter(is_rejected))
            .or_else(|| batch.filter(is_rejected))
            .or(entry)
            .or(batch)
            .or(group)
    }
}
