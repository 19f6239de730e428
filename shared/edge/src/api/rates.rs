//! Exchange rates over the API.

use outlay_domain::conversion::RateEntry;
use serde::Serialize;
use utoipa::ToSchema;

/// The exchange rate of a currency on a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Rate)]
pub struct RateOut {
    /// The day.
    #[schema(format = Date)]
    pub date: String,
    /// The currency that is priced.
    #[schema(example = "GBP")]
    pub currency: String,
    /// Units of the base currency for one unit of it.
    #[schema(example = "1.1623")]
    pub rate: String,
    /// Where the rate comes from.
    #[schema(example = "ECB")]
    pub source: String,
}

impl From<&RateEntry> for RateOut {
    fn from(entry: &RateEntry) -> Self {
        Self {
            date: entry.date.to_string(),
            currency: entry.currency.code().to_owned(),
            rate: entry.rate.to_string(),
            source: entry.source.clone(),
        }
    }
}
