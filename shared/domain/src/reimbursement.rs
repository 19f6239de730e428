//! Payment of a report, as the report keeps it: where it is being paid, what is settled, and why a payment failed.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{BatchId, PaymentId};
use crate::money::Money;
use crate::text::{BankReasonCode, Note};

/// Payment of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reimbursement {
    /// Payment that the report is part of, while it is reimbursing or reimbursed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<PaymentRef>,
    /// Amounts that payments have settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<SettledAmounts>,
    /// Day of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_on: Option<Date>,
    /// Reason why the last payment failed or came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<PaymentFailure>,
}

/// Payment and its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRef {
    /// Batch.
    pub batch: BatchId,
    /// Payment.
    pub payment: PaymentId,
}

/// Amounts of a report that payments have settled, in the currency of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledAmounts {
    /// Part of the reimbursable amount that was paid or set off.
    pub claim: Money,
    /// Part of the repayable amount that was set off.
    pub debt: Money,
}

/// Reason why a payment failed or came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFailure {
    /// Code of the bank: ISO 20022 external status or return reason, such as `AC04`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<BankReasonCode>,
    /// Reason in words.
    pub reason: Note,
}

impl PaymentFailure {
    /// Failure as a bank reports it: its code, the meaning of the code in a sentence, and the bank's own text.
    #[must_use]
    pub fn reported(code: Option<&str>, meaning: Option<&str>, text: Option<&str>, came_back: bool) -> Self {
        let general =
            if came_back { "The payment has come back." } else { "The bank has not carried out the payment." };
        let text = text.and_then(|text| text.parse::<Note>().ok());
        let reason = match (meaning, text) {
            (Some(meaning), Some(text)) => format!("{meaning} {text}"),
            (Some(meaning), None) => meaning.to_owned(),
            (None, Some(text)) => format!("{general} {text}"),
            (None, None) => general.to_owned(),
        };
        let reason = reason.parse().unwrap_or_else(|_| Note::literal(general));
        Self { code: code.and_then(|code| code.parse().ok()), reason }
    }
}
