//! Exchange rates over the API.

use outlay_domain::conversion::RateEntry;
use serde::Serialize;
use utoipa::ToSchema;

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
