//! pain.002, customer payment status report.

use jiff::civil::Date;
use outlay_domain::money::Money;

use crate::answer::{AnswerKind, BankAnswer, BankEntry, BankOutcome, BatchAnswer};
use crate::error::BankAnswerError;
use crate::value::{Reason, amount, date, end_to_end_id, push_entry, set_first};
use crate::xml::{Element, ElementHandler};

/// Path of the report.
const REPORT: &str = "/Document/CstmrPmtStsRpt";

/// Collects a status report.
#[derive(Debug, Default)]
pub(crate) struct StatusReportReader {
    message_id: Option<String>,
    original_message_id: Option<String>,
    group: Status,
    batch_id: Option<String>,
    batch: Status,
    transaction: Transaction,
    batches: Vec<BatchAnswer>,
    entries: Vec<BankEntry>,
}

/// Status code with its reason.
#[derive(Debug, Default)]
struct Status {
    code: Option<String>,
    reason: Reason,
}

#[derive(Debug, Default)]
struct Transaction {
    status: Status,
    end_to_end_id: Option<String>,
    amount: Option<Money>,
    date: Option<Date>,
    reference: Option<String>,
}

/// What a code says of a payment. `None` for `PART`: the payments of the group differ.
///
/// External code sets of ISO 20022, `ExternalPaymentTransactionStatus1Code`: only `ACSC` (settlement on the debtor's
/// account has been completed) and `ACCC` (settlement on the creditor's account has been completed) say that money has
/// moved. Accepted codes precede the settlement. Codes that are not known here decide nothing.
fn outcome(status: &Status) -> Option<BankOutcome> {
    let reason = &status.reason;
    match status.code.as_deref()? {
        "ACSC" | "ACCC" => Some(BankOutcome::Settled),
        "ACTC" | "ACCP" | "ACFC" | "ACSP" | "ACWC" | "ACWP" | "ACPD" => Some(BankOutcome::Accepted),
        // CANC: the order was cancelled at the request of the debtor.
        "RJCT" | "CANC" => Some(BankOutcome::Rejected { code: reason.code.clone(), text: reason.text.clone() }),
        "PART" => None,
        // PDNG, RCVD, PATC (partially authorised), BLCK and those that are not known.
        _ => Some(BankOutcome::Pending),
    }
}

const fn is_rejected(outcome: &BankOutcome) -> bool {
    matches!(outcome, BankOutcome::Rejected { .. })
}

impl Status {
    /// Takes an element of a status, by its path below the status. True when the path is one of a reason.
    fn take_reason(&mut self, path: &str, element: &Element) -> bool {
        match path {
            "/StsRsnInf/Rsn/Cd" | "/StsRsnInf/Rsn/Prtry" => self.reason.set_code(element),
            "/StsRsnInf/AddtlInf" => self.reason.add_text(element),
            _ => return false,
        }
        true
    }
}

impl StatusReportReader {
    /// The whole report.
    ///
    /// # Errors
    /// [`BankAnswerError::Element`] without an identifier.
    pub(crate) fn finish(self) -> Result<BankAnswer, BankAnswerError> {
        Ok(BankAnswer {
            message_id: self.message_id.ok_or(BankAnswerError::Element("GrpHdr/MsgId"))?,
            kind: AnswerKind::StatusReport,
            original_message_id: self.original_message_id,
            group_outcome: outcome(&self.group),
            batches: self.batches,
            entries: self.entries,
            skipped: 0,
        })
    }

    /// Outcome of a payment. A rejection of the file or the group is that of every payment in it, with the reason of
    /// the payment if the bank states one. A payment without a status has that of its group or file.
    fn transaction_outcome(&self, status: Status) -> BankOutcome {
        let inherited = [outcome(&self.group), outcome(&self.batch)];
        let own = outcome(&status);
        if own.as_ref().is_some_and(is_rejected) {
            return own.unwrap_or(BankOutcome::Pending);
        }
        if let Some(BankOutcome::Rejected { code, text }) = inherited.iter().flatten().find(|it| is_rejected(it)) {
            let Reason { code: own_code, text: own_text } = status.reason;
            return match own_code {
                Some(code) => BankOutcome::Rejected { code: Some(code), text: own_text },
                None => BankOutcome::Rejected { code: code.clone(), text: own_text.or_else(|| text.clone()) },
            };
        }
        let [group, batch] = inherited;
        if status.code.is_some() { own } else { batch.or(group) }.unwrap_or(BankOutcome::Pending)
    }

    fn end_transaction(&mut self) -> Result<(), BankAnswerError> {
        let transaction = std::mem::take(&mut self.transaction);
        let outcome = self.transaction_outcome(transaction.status);
        let entry = BankEntry {
            batch_id: self.batch_id.clone(),
            end_to_end_id: end_to_end_id(transaction.end_to_end_id),
            amount: transaction.amount,
            date: transaction.date,
            reference: transaction.reference,
            outcome,
        };
        push_entry(&mut self.entries, entry)
    }

    fn end_batch(&mut self) -> Result<(), BankAnswerError> {
        let status = std::mem::take(&mut self.batch);
        match self.batch_id.take() {
            Some(batch_id) => push_entry(&mut self.batches, BatchAnswer { batch_id, outcome: outcome(&status) }),
            None => Ok(()),
        }
    }

    fn take_group(&mut self, path: &str, element: &Element) {
        match path {
            "/OrgnlMsgId" => set_first(&mut self.original_message_id, element),
            "/GrpSts" => set_first(&mut self.group.code, element),
            _ => _ = self.group.take_reason(path, element),
        }
    }

    fn take_batch(&mut self, path: &str, element: &Element) -> Result<(), BankAnswerError> {
        match path {
            "" => return self.end_batch(),
            "/OrgnlPmtInfId" => set_first(&mut self.batch_id, element),
            "/PmtInfSts" => set_first(&mut self.batch.code, element),
            "/TxInfAndSts" => return self.end_transaction(),
            _ => {
                if let Some(path) = path.strip_prefix("/TxInfAndSts") {
                    return self.take_transaction(path, element);
                }
                self.batch.take_reason(path, element);
            }
        }
        Ok(())
    }

    fn take_transaction(&mut self, path: &str, element: &Element) -> Result<(), BankAnswerError> {
        let transaction = &mut self.transaction;
        match path {
            "/OrgnlEndToEndId" => set_first(&mut transaction.end_to_end_id, element),
            "/TxSts" => set_first(&mut transaction.status.code, element),
            "/AcctSvcrRef" => set_first(&mut transaction.reference, element),
            "/AccptncDtTm" => transaction.date = Some(date(element, "AccptncDtTm")?),
            "/OrgnlTxRef/Amt/InstdAmt" => transaction.amount = amount(element)?,
            _ => _ = transaction.status.take_reason(path, element),
        }
        Ok(())
    }
}

impl ElementHandler for StatusReportReader {
    fn end(&mut self, path: &str, element: &Element) -> Result<(), BankAnswerError> {
        let Some(path) = path.strip_prefix(REPORT) else { return Ok(()) };
        if path == "/GrpHdr/MsgId" {
            set_first(&mut self.message_id, element);
        } else if let Some(path) = path.strip_prefix("/OrgnlGrpInfAndSts") {
            self.take_group(path, element);
        } else if let Some(path) = path.strip_prefix("/OrgnlPmtInfAndSts") {
            return self.take_batch(path, element);
        }
        Ok(())
    }
}
