//! Reasons why a payment file cannot be written, and why an answer cannot be read.

use std::io;

use crate::reference::OrderReference;

/// Payment file could not be written. Checks precede the first byte, so only [`PaymentFileError::Io`] leaves a part.
#[derive(Debug, thiserror::Error)]
pub enum PaymentFileError {
    /// Output failed.
    #[error("the payment file could not be written")]
    Io(#[from] io::Error),
    /// Order without payments.
    #[error("the order has no payments")]
    Empty,
    /// Two payments with one end-to-end identifier.
    #[error("two payments have the end-to-end identifier {0}")]
    DuplicateId(OrderReference),
    /// Amount of zero or less.
    #[error("the amount of {0} is not above zero")]
    NotPositive(OrderReference),
    /// Amount above the maximum of the format: 999,999,999.99 EUR in SEPA, 99,999,999.99 USD in NACHA files.
    #[error("the amount of {0} is above the maximum of the format")]
    AmountTooLarge(OrderReference),
    /// Sum with more digits than the format has.
    #[error("the sum of the payments is above the maximum of the format")]
    SumTooLarge,
    /// More payments than the format can count.
    #[error("the order has more payments than the format allows")]
    TooManyPayments,
    /// Currency that the format does not have. NACHA files are in USD.
    #[error("the currency of {0} is not USD")]
    Currency(OrderReference),
    /// Account of the creditor that the format cannot name. NACHA files take US accounts.
    #[error("the account of {0} is not a US account")]
    CreditorAccount(OrderReference),
    /// Account of the debtor that the format cannot name, or no agreement on ACH files.
    #[error("a NACHA file needs a US account and the company ID that the bank assigned")]
    DebtorAccount,
    /// Name of the creditor without a character that can be written.
    #[error("the name of the creditor of {0} has no character that can be written")]
    CreditorName(OrderReference),
    /// Town of the creditor without a character that can be written.
    #[error("the town of the creditor of {0} has no character that can be written")]
    Town(OrderReference),
    /// Name of the debtor without a character that can be written.
    #[error("the name of the debtor has no character that can be written")]
    DebtorName,
    /// Modifier of a NACHA file that is not `A`-`Z` or `0`-`9`.
    #[error("the file ID modifier must be A-Z or 0-9")]
    FileModifier,
    /// Date that the format cannot write: years 2000 to 2099 in NACHA files, 1 to 9999 otherwise.
    #[error("a date is outside the range of the format")]
    Date,
}

/// Bank's answer could not be read. Nothing of it counts then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BankAnswerError {
    /// More bytes than the limit.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// Not UTF-8, or another encoding is declared.
    #[error("the file is not encoded in UTF-8")]
    Encoding,
    /// Not well-formed XML, or cut off.
    #[error("the file is not well-formed XML")]
    NotXml,
    /// Document type or an entity of its own. Files of banks have none.
    #[error("the file has a document type declaration or an unknown entity")]
    DocumentType,
    /// Nested elements, a text, a name, references or entries above a limit.
    #[error("the file exceeds the limit of {0}")]
    LimitExceeded(&'static str),
    /// None of pain.002, camt.053 and camt.054.
    #[error("the file is no pain.002, camt.053 or camt.054")]
    UnknownMessage,
    /// Version outside the range that is known.
    #[error("this version of the message is not supported")]
    Version,
    /// Element that is missing or has a value of another form.
    #[error("the element {0} is missing or malformed")]
    Element(&'static str),
}
