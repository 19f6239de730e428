//! Journal entries over the API.

use outlay_domain::ledger::{EntryHead, EntrySource, JournalLine};
use outlay_store::journal::StoredEntry;
use serde::Serialize;
use utoipa::ToSchema;

use super::common::{MoneyDto, time};

/// Journal entry. Debits and credits are equal in the base currency and in each original currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = JournalEntry)]
pub struct JournalEntryOut {
    /// Identifier, `jou_…`.
    pub id: String,
    /// Number in the fiscal year, from 1 without gaps. It is final once its period and those before are closed.
    pub number: u64,
    /// Booking date, `YYYY-MM-DD`. Its month is the period.
    #[schema(format = Date)]
    pub date: String,
    /// Day of the approval or of what voided it, UTC, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub document_date: String,
    /// Time of the booking, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub booked_at: String,
    /// Origin: `report_approved`, `report_reversed`, `payment_settled` or `payment_returned`.
    #[schema(example = "report_approved")]
    pub source: String,
    /// Report, `rep_…`.
    pub report_id: Option<String>,
    /// Payment, `pay_…`.
    pub payment_id: Option<String>,
    /// Entry that this one reverses, `jou_…`.
    pub reverses: Option<String>,
    /// Reference for people, such as the number of the report.
    #[schema(example = "R-2026-7K3F-9QZX")]
    pub reference: String,
    /// Text.
    pub text: String,
    /// Lines, at least two.
    pub lines: Vec<JournalLineOut>,
}

/// Line of a journal entry.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = JournalLine)]
pub struct JournalLineOut {
    /// Account.
    #[schema(example = "6650")]
    pub account: String,
    /// Side: `debit` or `credit`.
    #[schema(example = "debit")]
    pub side: String,
    /// Amount in the base currency, above zero.
    pub amount: MoneyDto,
    /// Amount in the original currency, when that is another one.
    pub original: Option<MoneyDto>,
    /// Units of the base currency for one unit of the original currency; null for amounts at several rates.
    pub rate: Option<String>,
    /// Role: `expense`, `input_tax`, `payable`, `card_clearing`, `receivable`, `bank` or `exchange_difference`.
    #[schema(example = "expense")]
    pub role: String,
    /// Cost centre.
    pub cost_centre: Option<String>,
    /// Project.
    pub project: Option<String>,
    /// Tax code.
    pub tax_code: Option<String>,
    /// Granted net amount that an input tax is on.
    pub tax_base: Option<MoneyDto>,
    /// Member whose account it is, `mem_…`.
    pub member_id: Option<String>,
    /// Expense, `exp_…`.
    pub expense_id: Option<String>,
    /// Text.
    pub text: String,
}

impl From<&StoredEntry> for JournalEntryOut {
    fn from(stored: &StoredEntry) -> Self {
        let EntryHead { id, date, document_date, source, reference, text, .. } = stored.entry.head();
        let (report_id, payment_id, reverses) = match source {
            EntrySource::ReportApproved { report } => (Some(report.to_string()), None, None),
            EntrySource::ReportReversed { report, reverses } => (Some(report.to_string()), None, Some(reverses)),
            EntrySource::PaymentSettled { payment } => (None, Some(payment.to_string()), None),
            EntrySource::PaymentReturned { payment, reverses } => (None, Some(payment.to_string()), Some(reverses)),
        };
        Self {
            id: id.to_string(),
            number: stored.number,
            date: date.to_string(),
            document_date: document_date.to_string(),
            booked_at: time(stored.booked_at),
            source: source.name().to_owned(),
            report_id,
            payment_id,
            reverses: reverses.map(ToString::to_string),
            reference: reference.clone(),
            text: text.clone(),
            lines: stored.entry.lines().iter().map(Into::into).collect(),
        }
    }
}

impl From<&JournalLine> for JournalLineOut {
    fn from(line: &JournalLine) -> Self {
        let original = line.original.as_ref();
        Self {
            account: line.account.to_string(),
            side: line.side.name().to_owned(),
            amount: line.amount.into(),
            original: original.map(|original| original.amount.into()),
            rate: original.and_then(|original| original.rate).map(|rate| rate.to_string()),
            role: line.role.name().to_owned(),
            cost_centre: line.cost_centre.as_ref().map(ToString::to_string),
            project: line.project.as_ref().map(ToString::to_string),
            tax_code: line.tax_code.as_ref().map(ToString::to_string),
            tax_base: line.tax_base.map(Into::into),
            member_id: line.member.map(|member| member.to_string()),
            expense_id: line.expense.map(|expense| expense.to_string()),
            text: line.text.clone(),
        }
    }
}
