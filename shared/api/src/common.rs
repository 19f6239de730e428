//! Types that several resources share: money, members by name, pages, reasons, path parameters.

use jiff::Timestamp;
use outlay_domain::member::MemberRef;
use outlay_domain::money::Money;
use outlay_domain::text::Note;
use outlay_http::endpoint::Input;
use outlay_http::{Problem, Reply};
use outlay_input::FieldErrors;
use outlay_store::Page;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

/// Amount of money.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Money)]
#[serde(deny_unknown_fields)]
pub struct MoneyDto {
    /// Decimal number, with at most as many decimals as the currency has. Negative only for refunds.
    #[schema(example = "12.34")]
    pub amount: String,
    /// ISO 4217 code of a currency in use today.
    #[schema(example = "EUR")]
    pub currency: String,
}

impl MoneyDto {
    /// Parses an amount that can be negative; errors are below the field `name`.
    pub fn parse_signed(&self, name: &str, errors: &mut FieldErrors) -> Option<Money> {
        errors.within(name, |errors| match self.amount.strip_prefix('-') {
            Some(amount) if !amount.starts_with('-') => errors.parse_money(amount, &self.currency).map(Money::negated),
            _ => errors.parse_money(&self.amount, &self.currency),
        })
    }

    /// Parses the amount; errors are below the field `name`.
    pub fn parse(&self, name: &str, errors: &mut FieldErrors) -> Option<Money> {
        errors.within(name, |errors| errors.parse_money(&self.amount, &self.currency))
    }
}

impl From<Money> for MoneyDto {
    fn from(money: Money) -> Self {
        Self { amount: money.amount(), currency: money.currency().code().to_owned() }
    }
}

/// Member by identifier and name.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonOut {
    /// Identifier, `mem_…`.
    pub id: String,
    /// Display name.
    pub name: String,
}

impl From<&MemberRef> for PersonOut {
    fn from(person: &MemberRef) -> Self {
        Self { id: person.id.to_string(), name: person.name.to_string() }
    }
}

/// Formats a time as RFC 3339 in UTC, with milliseconds.
#[must_use]
pub fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PageOut<T: ToSchema> {
    /// Items of this page.
    pub items: Vec<T>,
    /// Value of the parameter `cursor` for the next page; null on the last page.
    pub next_cursor: Option<String>,
}

/// Answers 200 with one page of a list.
///
/// # Errors
/// As for [`Reply::new`].
pub fn page<T, U: Serialize + ToSchema>(page: Page<T>, show: impl Fn(&T) -> U) -> Result<Reply, Problem> {
    let body = PageOut { items: page.items.iter().map(show).collect(), next_cursor: page.next };
    Ok(Reply::ok(&body)?.passed_over(page.passed_over))
}

/// Reason of a return or rejection.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonIn {
    /// Reason for the owner, who receives it by e-mail; 1 to 2000 characters, line breaks allowed.
    #[schema(example = "The hotel bill of 12 November is missing.")]
    pub reason: String,
}

impl Input for ReasonIn {
    type Checked = Note;

    fn check(self, _: Timestamp, errors: &mut FieldErrors) -> Option<Note> {
        errors.parse("reason", self.reason)
    }
}

/// Path parameters of an organisation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct OrgPath {
    /// Organisation, `org_…`.
    org: String,
}

/// Path parameters of a member.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct MemberPath {
    /// Organisation, `org_…`.
    org: String,
    /// Member, `mem_…`, or `me` for the caller.
    member: String,
}

/// Path parameters of a report.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct ReportPath {
    /// Organisation, `org_…`.
    org: String,
    /// Report, `rep_…`.
    report: String,
}

/// Path parameters of an export.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct ExportPath {
    /// Organisation, `org_…`.
    org: String,
    /// `reports`, `expenses`, `members` or `payments`.
    list: String,
}

/// Path parameters of an expense.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct ExpensePath {
    /// Organisation, `org_…`.
    org: String,
    /// Report, `rep_…`.
    report: String,
    /// Expense, `exp_…`.
    expense: String,
}

/// Path parameters of a receipt.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct ReceiptPath {
    /// Organisation, `org_…`.
    org: String,
    /// Report, `rep_…`.
    report: String,
    /// Expense, `exp_…`.
    expense: String,
    /// Receipt, `rcp_…`.
    receipt: String,
}
