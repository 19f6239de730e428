//! Exchange rates of a request: the organisation's own, and the reference rates that it has chosen.

use std::collections::BTreeSet;

use jiff::civil::Date;
use outlay_domain::conversion::RateBook;
use outlay_domain::ids::OrgId;
use outlay_domain::money::Currency;
use outlay_store::Store;

use crate::error::ApiError;
use crate::problem::Problem;

/// Loads the rates of these currencies for these days. Reads nothing when there are none.
///
/// # Errors
/// Problems of the table.
pub(crate) async fn load_rates(
    store: &Store,
    org: OrgId,
    base: Currency,
    wanted: &BTreeSet<(Currency, Date)>,
) -> Result<RateBook, ApiError> {
    if wanted.is_empty() {
        return Ok(RateBook::new(base, []));
    }
    let (organisation, entries) = tokio::try_join!(store.organisation(org), store.rates(org, wanted))?;
    let organisation = organisation.ok_or_else(|| Problem::internal("a member's organisation is missing"))?;
    let rates = RateBook::new(base, entries);
    let Some(source) = organisation.rate_source else { return Ok(rates) };
    let days: BTreeSet<Date> = wanted.iter().map(|(_, day)| *day).collect();
    Ok(rates.with_reference_days(store.reference_days(source, &days).await?))
}
