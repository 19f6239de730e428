//! Loading: fetches the file of the day, and the file of 90 days where days are missing, and stores what is new. A run
//! that fails stores nothing or the older days first, so the next run finds the rest missing.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_config::SdkConfig;
use jiff::civil::{Date, Weekday};
use outlay_aws::config::public_https_connector;
use outlay_aws::document::{DocumentError, DocumentLimits, fetch_document};
use outlay_aws::env::{ConfigError, optional, required};
use outlay_domain::conversion::{ReferenceDay, ReferenceSource};
use outlay_store::{Store, StoreError};

use crate::eurofxref::{RatesFileError, parse_rates_file};

/// Timeout of connecting, of each read, and of each file.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Size limit of a file, in bytes. The file of 90 days has about 100 kB.
const MAX_FILE_BYTES: usize = 1_000_000;
/// Name of the file of one day.
const DAILY_FILE: &str = "eurofxref-daily.xml";
/// Name of the file of 90 days, in the same folder.
const HISTORY_FILE: &str = "eurofxref-hist-90d.xml";

/// Reason why reference rates were not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadRatesError {
    /// The TLS client cannot be built.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file was not fetched.
    #[error("reference rates: {0}")]
    Document(#[from] DocumentError),
    /// A file is refused.
    #[error(transparent)]
    File(#[from] RatesFileError),
    /// A file has rates of a day to come.
    #[error("the rates file has a day in the future: {0}")]
    FutureDay(Date),
    /// The table cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps the stored reference rates current.
#[derive(Debug)]
pub struct RatesLoader {
    store: Store,
    /// Address of the file of the day; none when loading is off.
    url: Option<String>,
}

impl RatesLoader {
    /// Loader of the table and the address in the environment. An empty address turns loading off.
    ///
    /// # Errors
    /// [`ConfigError`] when the variable of the table is missing.
    pub fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        let url = optional("REFERENCE_RATES_URL").filter(|url| !url.is_empty());
        Ok(Self { store: Store::connect(sdk, &required("TABLE_NAME")?), url })
    }

    /// True when there is an address to load from.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.url.is_some()
    }

    /// Fetches and stores what is new or has been corrected. Returns the number of stored days. `today` is the day in
    /// UTC.
    ///
    /// # Errors
    /// [`LoadRatesError`]. Stored rates stay as they are when a file cannot be fetched or is refused.
    pub async fn load(&self, today: Date) -> Result<usize, LoadRatesError> {
        let Some(url) = &self.url else { return Ok(0) };
        let mut days = fetch(url, today).await?;
        let newest = self.newest_day().await?;
        if let Some(history) = history_url(url).filter(|_| has_gap(newest, &days)) {
            days = merge(fetch(&history, today).await?, days);
        }
        let dates: BTreeSet<Date> = days.iter().map(|day| day.date).collect();
        let stored = self.store.reference_days(ReferenceSource::Ecb, &dates).await?;
        let changed: Vec<&ReferenceDay> = days.iter().filter(|day| !stored.contains(day)).collect();
        for day in &changed {
            self.store.put_reference_day(ReferenceSource::Ecb, day).await?;
        }
        Ok(changed.len())
    }

    /// Age of the newest stored rates in days; `None` when none are stored.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn age_days(&self, today: Date) -> Result<Option<i64>, StoreError> {
        Ok(self.newest_day().await?.map(|newest| newest.duration_until(today).as_hours() / 24))
    }

    async fn newest_day(&self) -> Result<Option<Date>, StoreError> {
        let newest = self.store.newest_reference_days(ReferenceSource::Ecb, Date::MAX, 1).await?;
        Ok(newest.first().map(|day| day.date))
    }
}

async fn fetch(url: &str, today: Date) -> Result<Vec<ReferenceDay>, LoadRatesError> {
    let connector = public_https_connector(TIMEOUT)?;
    let limits = DocumentLimits { max_bytes: MAX_FILE_BYTES, timeout: TIMEOUT };
    let days = parse_rates_file(&fetch_document(&connector, url, limits).await?)?;
    // A day to come would hide the days until then from the search for missing ones.
    match days.last() {
        Some(day) if day.date > today => Err(LoadRatesError::FutureDay(day.date)),
        _ => Ok(days),
    }
}

/// Address of the file of 90 days. `None` when the address is not that of the file of one day.
fn history_url(url: &str) -> Option<String> {
    url.strip_suffix(DAILY_FILE).map(|folder| format!("{folder}{HISTORY_FILE}"))
}

/// True when a day from Monday to Friday lies between the newest stored day and the fetched ones, or nothing is stored.
/// On a holiday of the bank, this fetches the file of 90 days once more than necessary.
fn has_gap(newest: Option<Date>, fetched: &[ReferenceDay]) -> bool {
    let (Some(newest), Some(first)) = (newest, fetched.first()) else { return true };
    let is_weekday = |day: Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let between = newest.series(jiff::ToSpan::days(1)).skip(1).take_while(|day| *day < first.date);
    between.into_iter().any(is_weekday)
}

/// Days of both files, the oldest first; of a day in both, the rates of `daily`.
fn merge(history: Vec<ReferenceDay>, daily: Vec<ReferenceDay>) -> Vec<ReferenceDay> {
    let is_older = |day: &ReferenceDay| daily.iter().all(|other| other.date != day.date);
    let mut days: Vec<ReferenceDay> = history.into_iter().filter(is_older).collect();
    days.extend(daily);
    days.sort_by_key(|day| day.date);
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn table(day: i8, rate: &str) -> ReferenceDay {
        let rates = [("USD".parse().unwrap(), rate.parse().unwrap())].into();
        ReferenceDay { date: date(2026, 11, day), rates }
    }

    #[test]
    fn history_is_fetched_when_weekday_is_missing() {
        // 2026-11-20 is a Friday.
        for (newest, fetched, expected) in [
            (None, 20, true),
            (Some(20), 20, false),
            (Some(19), 20, false),
            (Some(20), 23, false),
            (Some(20), 24, true),
            (Some(18), 20, true),
            (Some(23), 20, false),
        ] {
            let newest = newest.map(|day| date(2026, 11, day));
            assert_eq!(has_gap(newest, &[table(fetched, "1.1")]), expected, "{newest:?} {fetched}");
        }
    }

    #[test]
    fn history_file_is_beside_daily_file() {
        let url = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml";
        let history = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist-90d.xml";
        assert_eq!(history_url(url).as_deref(), Some(history));
        assert_eq!(history_url("https://example.com/rates.xml"), None);
    }

    #[test]
    fn merged_days_are_in_order_and_prefer_daily_file() {
        let merged = merge(vec![table(18, "1.1"), table(20, "1.2")], vec![table(20, "1.3")]);
        assert_eq!(merged, [table(18, "1.1"), table(20, "1.3")]);
    }
}
