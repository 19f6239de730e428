//! Reference rates of a central bank: one item a day, shared by all organisations. Only the function that loads them
//! writes them.

use std::collections::BTreeSet;

use jiff::civil::Date;
use outlay_domain::conversion::{ReferenceDay, ReferenceSource};

use crate::client::Store;
use crate::error::StoreError;
use crate::integrity::Stored;
use crate::items::{from_item, to_item};
use crate::keys::{self, MIN_SORT_KEY};

impl Stored for ReferenceDay {}

impl Store {
    /// Reads for each day the reference rates of that day or of the last earlier one, newest first, each once.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn reference_days(
        &self,
        source: ReferenceSource,
        days: &BTreeSet<Date>,
    ) -> Result<Vec<ReferenceDay>, StoreError> {
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
        // As many tables as there are days reach back to the last one before the first day.
        let span = first.duration_until(*last).as_hours() / 24 + 1;
        let stored = self.newest_reference_days(source, *last, usize::try_from(span).unwrap_or(1)).await?;
        let mut latest: Vec<usize> =
            days.iter().map(|day| stored.partition_point(|table| table.date > *day)).rev().collect();
        latest.dedup();
        Ok(latest.into_iter().filter_map(|at| stored.get(at).cloned()).collect())
    }

    /// Reads the newest reference rates up to a day, newest first; at most `count` days.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn newest_reference_days(
        &self,
        source: ReferenceSource,
        until: Date,
        count: usize,
    ) -> Result<Vec<ReferenceDay>, StoreError> {
        let partition = keys::reference_rates_partition(source);
        let (mut found, mut start) = (Vec::new(), None);
        while found.len() < count {
            let limit = i32::try_from(count.saturating_sub(found.len())).unwrap_or(i32::MAX);
            let request = self.query_range(&partition, MIN_SORT_KEY, &until.to_string()).limit(limit);
            let output = request.scan_index_forward(false).set_exclusive_start_key(start).send().await?;
            for item in output.items.unwrap_or_default() {
                found.push(from_item::<ReferenceDay>(item)?);
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// Stores the reference rates of a day in place of earlier ones.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a copy of published rates is no decision of the domain")]
    pub async fn put_reference_day(&self, source: ReferenceSource, day: &ReferenceDay) -> Result<(), StoreError> {
        let item = to_item(&keys::reference_rates(source, day.date), "reference_rates", day)?;
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_day_round_trips_as_item() {
        let rates = [("JPY", "163.20"), ("USD", "1.1012")];
        let rates = rates.map(|(code, rate)| (code.parse().unwrap(), rate.parse().unwrap())).into();
        let day = ReferenceDay { date: "2026-11-20".parse().unwrap(), rates };
        let key = keys::reference_rates(ReferenceSource::Ecb, day.date);
        assert_eq!((key.pk.as_str(), key.sk.as_str()), ("REFERENCE_RATES#ECB", "2026-11-20"));
        let mut item = to_item(&key, "reference_rates", &day).unwrap();
        assert_eq!(from_item::<ReferenceDay>(item.clone()).unwrap(), day);
        item.insert("date".to_owned(), crate::attributes::text("2026-11-19"));
        assert!(matches!(from_item::<ReferenceDay>(item), Err(StoreError::Corrupt { .. })), "an edited table");
    }
}
