//! camt.053, statement of an account, and camt.054, notification of debits and credits.

use jiff::civil::Date;
use outlay_domain::money::Money;

use crate::answer::{AnswerKind, BankAnswer, BankEntry, BankOutcome};
use crate::error::BankAnswerError;
use crate::value::{Reason, amount, date, end_to_end_id, push_entry, set_first};
use crate::xml::{Element, ElementHandler};

/// Subfamily of bank transaction codes (ISO 20022): return or reimbursement of a payment.
const RETURN: &str = "RRTN";

/// Collects statements or notifications.
#[derive(Debug)]
pub(crate) struct CamtReader {
    kind: AnswerKind,
    message: &'static str,
    entry_path: &'static str,
    message_id: Option<String>,
    booking: Booking,
    details: Details,
    entries: Vec<BankEntry>,
    skipped: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Credit,
    Debit,
}

/// Entry of an account (`Ntry`).
#[derive(Debug, Default)]
struct Booking {
    amount: Option<Money>,
    direction: Option<Direction>,
    status: Option<String>,
    is_reversal: bool,
    is_return: bool,
    booked_on: Option<Date>,
    value_date: Option<Date>,
    reference: Option<String>,
    batch_id: Option<String>,
    text: Reason,
    details: Vec<Details>,
}

/// Transaction of an entry (`TxDtls`).
#[derive(Debug, Default)]
struct Details {
    end_to_end_id: Option<String>,
    batch_id: Option<String>,
    reference: Option<String>,
    booked: Option<Money>,
    transaction: Option<Money>,
    instructed: Option<Money>,
    direction: Option<Direction>,
    is_return: bool,
    reason: Reason,
    text: Reason,
}

impl Booking {
    fn is_booked(&self) -> bool {
        self.status.as_deref() == Some("BOOK")
    }

    /// Outcome of a transaction of this entry. A debit is a payment. A credit is the return of a payment if it is a
    /// reversal or states a return; any other credit is none of ours. `None` for what is neither.
    fn outcome(&self, details: &mut Details) -> Option<BankOutcome> {
        let is_return = self.is_return || details.is_return;
        match details.direction.or(self.direction)? {
            Direction::Debit if !self.is_reversal && !is_return => Some(BankOutcome::Settled),
            Direction::Credit if self.is_reversal || is_return => {
                let Reason { code, text } = std::mem::take(&mut details.reason);
                let text = text.or_else(|| details.text.text.take()).or_else(|| self.text.text.clone());
                Some(BankOutcome::Returned { code, text })
            }
            _ => None,
        }
    }
}

impl CamtReader {
    /// Reader of one of the two messages.
    pub(crate) fn new(kind: AnswerKind) -> Self {
        let (message, entry_path) = if kind == AnswerKind::Statement {
            ("/Document/BkToCstmrStmt/GrpHdr/MsgId", "/Document/BkToCstmrStmt/Stmt/Ntry")
        } else {
            ("/Document/BkToCstmrDbtCdtNtfctn/GrpHdr/MsgId", "/Document/BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry")
        };
        Self {
            kind,
            message,
            entry_path,
            message_id: None,
            booking: Booking::default(),
            details: Details::default(),
            entries: Vec::new(),
            skipped: 0,
        }
    }

    /// The whole answer.
    ///
    /// # Errors
    /// [`BankAnswerError::Element`] without an identifier.
    pub(crate) fn finish(self) -> Result<BankAnswer, BankAnswerError> {
        Ok(BankAnswer {
            message_id: self.message_id.ok_or(BankAnswerError::Element("GrpHdr/MsgId"))?,
            kind: self.kind,
            original_message_id: None,
            group_outcome: None,
            batches: Vec::new(),
            entries: self.entries,
            skipped: self.skipped,
        })
    }

    /// Adds the payments of an entry: one per transaction, or the entry itself when the bank does not itemise it.
    fn end_booking(&mut self) -> Result<(), BankAnswerError> {
        let mut booking = std::mem::take(&mut self.booking);
        let mut details = std::mem::take(&mut booking.details);
        if details.is_empty() {
            details.push(Details { batch_id: booking.batch_id.take(), ..Details::default() });
        }
        if !booking.is_booked() {
            self.skipped = self.skipped.saturating_add(details.len());
            return Ok(());
        }
        if booking.direction.is_none() {
            return Err(BankAnswerError::Element("CdtDbtInd"));
        }
        // The amount of the entry is that of its only transaction; of several it is the sum.
        let whole = booking.amount.filter(|_| details.len() == 1);
        for mut item in details {
            let Some(outcome) = booking.outcome(&mut item) else {
                self.skipped = self.skipped.saturating_add(1);
                continue;
            };
            let entry = BankEntry {
                batch_id: item.batch_id,
                end_to_end_id: end_to_end_id(item.end_to_end_id),
                amount: item.booked.or(item.transaction).or(whole).or(item.instructed),
                date: booking.booked_on.or(booking.value_date),
                reference: item.reference.or_else(|| booking.reference.clone()),
                outcome,
            };
            push_entry(&mut self.entries, entry)?;
        }
        Ok(())
    }

    fn take_booking(&mut self, path: &str, element: &Element) -> Result<(), BankAnswerError> {
        let booking = &mut self.booking;
        match path {
            "" => return self.end_booking(),
            "/Amt" => booking.amount = amount(element)?,
            "/CdtDbtInd" => booking.direction = Some(direction(element)?),
            "/RvslInd" => booking.is_reversal = is_true(element),
            // A code in the element itself up to version 07, one level deeper from 08 on.
            "/Sts" | "/Sts/Cd" => set_first(&mut booking.status, element),
            "/BookgDt/Dt" | "/BookgDt/DtTm" => booking.booked_on = Some(date(element, "BookgDt")?),
            "/ValDt/Dt" | "/ValDt/DtTm" => booking.value_date = Some(date(element, "ValDt")?),
            "/AcctSvcrRef" => set_first(&mut booking.reference, element),
            "/BkTxCd/Domn/Fmly/SubFmlyCd" => booking.is_return |= element.text == RETURN,
            "/NtryDtls/Btch/PmtInfId" => set_first(&mut booking.batch_id, element),
            "/AddtlNtryInf" => booking.text.add_text(element),
            "/NtryDtls/TxDtls" => {
                let mut details = std::mem::take(&mut self.details);
                details.batch_id = details.batch_id.or_else(|| booking.batch_id.clone());
                push_entry(&mut booking.details, details)?;
            }
            // Each batch of an entry names its own group.
            "/NtryDtls" if !booking.details.is_empty() => booking.batch_id = None,
            _ => {
                if let Some(path) = path.strip_prefix("/NtryDtls/TxDtls") {
                    self.take_details(path, element)?;
                }
            }
        }
        Ok(())
    }

    fn take_details(&mut self, path: &str, element: &Element) -> Result<(), BankAnswerError> {
        let details = &mut self.details;
        match path {
            "/Refs/EndToEndId" => set_first(&mut details.end_to_end_id, element),
            "/Refs/PmtInfId" => set_first(&mut details.batch_id, element),
            "/Refs/AcctSvcrRef" => set_first(&mut details.reference, element),
            // Since version 03.
            "/Amt" => details.booked = amount(element)?,
            "/AmtDtls/TxAmt/Amt" => details.transaction = amount(element)?,
            "/AmtDtls/InstdAmt/Amt" => details.instructed = amount(element)?,
            "/CdtDbtInd" => details.direction = Some(direction(element)?),
            "/BkTxCd/Domn/Fmly/SubFmlyCd" => details.is_return |= element.text == RETURN,
            "/RtrInf" => details.is_return = true,
            "/RtrInf/Rsn/Cd" | "/RtrInf/Rsn/Prtry" => details.reason.set_code(element),
            "/RtrInf/AddtlInf" => details.reason.add_text(element),
            "/AddtlTxInf" => details.text.add_text(element),
            _ => {}
        }
        Ok(())
    }
}

fn direction(element: &Element) -> Result<Direction, BankAnswerError> {
    match element.text.as_str() {
        "CRDT" => Ok(Direction::Credit),
        "DBIT" => Ok(Direction::Debit),
        _ => Err(BankAnswerError::Element("CdtDbtInd")),
    }
}

/// Boolean of XML Schema.
fn is_true(element: &Element) -> bool {
    matches!(element.text.as_str(), "true" | "1")
}

impl ElementHandler for CamtReader {
    fn end(&mut self, path: &str, element: &Element) -> Result<(), BankAnswerError> {
        if path == self.message {
            set_first(&mut self.message_id, element);
        } else if let Some(path) = path.strip_prefix(self.entry_path) {
            return self.take_booking(path, element);
        }
        Ok(())
    }
}
