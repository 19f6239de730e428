//! Exchange rates over the API.

use jiff::civil::Date;
use outlay_domain::conversion::RateEntry;
use outlay_http::{Context, Endpoint, Problem, ProblemType};
use outlay_input::FieldErrors;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

/// Path parameters of an exchange rate.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct RatePath {
    /// Organisation, `org_…`.
    org: String,
    /// Day of the rate, `YYYY-MM-DD`.
    date: String,
    /// Currency, ISO 4217.
    currency: String,
}

/// Parses the day in the path.
///
/// # Errors
/// 400 for a path segment that is not a day, a day in the future or one before the year 2000.
pub fn parse_rate_date<E: Endpoint>(context: &Context<'_, E>) -> Result<Date, Problem> {
    let date = context.path("date");
    let date = FieldErrors::default().parse_expense_date("date", date, context.now());
    let detail =
        "The path segment after rates must be a day of the calendar as YYYY-MM-DD, from 2000 and not in the future.";
    date.ok_or_else(|| Problem::new(ProblemType::InvalidParameter, detail))
}

/// Exchange rate of a currency on a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Rate)]
pub struct RateOut {
    /// Day of the rate, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub date: String,
    /// Currency, ISO 4217.
    #[schema(example = "GBP")]
    pub currency: String,
    /// Units of the base currency for one unit of `currency`; at most 12 significant digits.
    #[schema(example = "1.1623")]
    pub rate: String,
    /// Source of the rate; `manual` when finance named none.
    #[schema(example = "ECB")]
    pub source: String,
}

impl From<&RateEntry> for RateOut {
    fn from(entry: &RateEntry) -> Self {
        Self {
            date: entry.date.to_string(),
            currency: entry.currency.code().to_owned(),
            rate: entry.rate.to_string(),
            source: entry.source.to_string(),
        }
    }
}
