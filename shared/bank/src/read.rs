//! Reading of a bank's answer, whichever of the three messages it is.

use crate::answer::{AnswerKind, BankAnswer};
use crate::camt::CamtReader;
use crate::error::BankAnswerError;
use crate::pain002::StatusReportReader;
use crate::xml::{MAX_BYTES, read_elements, read_root};

/// Versions of pain.002 that are read. The structure of 001.03 to 001.14 is one; later ones have to be looked at.
const STATUS_REPORT_VERSIONS: std::ops::RangeInclusive<u32> = 3..=14;
/// Versions of camt.053 and camt.054 that are read.
const CAMT_VERSIONS: std::ops::RangeInclusive<u32> = 2..=14;

/// Reads a pain.002 (versions 03 to 14), camt.053 or camt.054 (versions 02 to 14) in UTF-8.
///
/// The file comes from outside: size, depth, length of texts, number of references and number of entries are limited,
/// and a document type is refused. Variants of a country, such as `pain.002.003.03`, are read like the version of their
/// last two digits.
///
/// # Errors
/// [`BankAnswerError`]
pub fn read_answer(bytes: &[u8]) -> Result<BankAnswer, BankAnswerError> {
    if bytes.len() > MAX_BYTES {
        return Err(BankAnswerError::TooLarge { limit: MAX_BYTES });
    }
    let xml = std::str::from_utf8(bytes).map_err(|_| BankAnswerError::Encoding)?;
    let xml = xml.strip_prefix('\u{FEFF}').unwrap_or(xml);
    let root = read_root(xml)?;
    let (kind, message, versions) = match root.message.as_str() {
        "CstmrPmtStsRpt" => (AnswerKind::StatusReport, "pain.002.", STATUS_REPORT_VERSIONS),
        "BkToCstmrStmt" => (AnswerKind::Statement, "camt.053.", CAMT_VERSIONS),
        "BkToCstmrDbtCdtNtfctn" => (AnswerKind::Notification, "camt.054.", CAMT_VERSIONS),
        _ => return Err(BankAnswerError::UnknownMessage),
    };
    let (_, version) = root.namespace.split_once(message).ok_or(BankAnswerError::UnknownMessage)?;
    let version = version.get(4..6).filter(|_| version.len() == 6).and_then(|version| version.parse().ok());
    if !version.is_some_and(|version| versions.contains(&version)) {
        return Err(BankAnswerError::Version);
    }
    if kind == AnswerKind::StatusReport {
        let mut reader = StatusReportReader::default();
        read_elements(xml, &mut reader)?;
        reader.finish()
    } else {
        let mut reader = CamtReader::new(kind);
        read_elements(xml, &mut reader)?;
        reader.finish()
    }
}
