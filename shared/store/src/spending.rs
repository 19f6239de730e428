//! Spending buckets as they are stored. A claim is a row, not a map: the names of its fields would take more room than what they
//! hold, and a change may store twelve buckets of a thousand claims in one transaction of 4 MB.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use jiff::civil::Date;
use outlay_domain::expense::PaymentMethod;
use outlay_domain::ids::{ExpenseId, MemberId, OrgId, ReportId};
use outlay_domain::money::{Currency, Money};
use outlay_domain::spending::{Bucket, BucketKey, Claim, ReportClaims, Spending};
use serde::{Deserialize, Serialize};

use crate::digest::Stored;
use crate::{Store, StoreError, keys};

#[derive(Serialize, Deserialize)]
pub(crate) struct StoredBucket {
    version: u64,
    claims: BTreeMap<ReportId, StoredClaims>,
}

#[derive(Serialize, Deserialize)]
struct StoredClaims {
    number: String,
    lines: Vec<Row>,
}

/// Line, day, category, merchant, who paid; currency and minor units of what was paid and of what is granted; the base currency
/// and minor units of what is granted in it.
#[derive(Serialize, Deserialize)]
struct Row(ExpenseId, Date, String, String, PaymentMethod, Currency, i64, i64, Currency, i64);

impl Stored for StoredBucket {
    // A report's claims are taken out of it in place.
    const HAS_DIGEST: bool = false;
}

impl From<&Claim> for Row {
    fn from(claim: &Claim) -> Self {
        let Claim { expense_id, date, category, merchant, payment_method, amount, granted, granted_in_base } = claim;
        Self(
            *expense_id,
            *date,
            category.clone(),
            merchant.clone(),
            *payment_method,
            amount.currency(),
            amount.minor(),
            granted.minor(),
            granted_in_base.currency(),
            granted_in_base.minor(),
        )
    }
}

impl From<Row> for Claim {
    fn from(row: Row) -> Self {
        let Row(expense_id, date, category, merchant, payment_method, currency, amount, granted, base, in_base) = row;
        Self {
            expense_id,
            date,
            category,
            merchant,
            payment_method,
            amount: Money::from_minor(amount, currency),
            granted: Money::from_minor(granted, currency),
            granted_in_base: Money::from_minor(in_base, base),
        }
    }
}

impl From<&Bucket> for StoredBucket {
    fn from(bucket: &Bucket) -> Self {
        let stored = |claims: &ReportClaims| StoredClaims {
            number: claims.number.clone(),
            lines: claims.lines.iter().map(Row::from).collect(),
        };
        let claims = bucket.claims.iter().map(|(report, claims)| (*report, stored(claims))).collect();
        Self { version: bucket.version, claims }
    }
}

impl From<StoredBucket> for Bucket {
    fn from(bucket: StoredBucket) -> Self {
        let read = |claims: StoredClaims| ReportClaims {
            number: claims.number,
            lines: claims.lines.into_iter().map(Claim::from).collect(),
        };
        let claims = bucket.claims.into_iter().map(|(report, claims)| (report, read(claims))).collect();
        Self { version: bucket.version, claims }
    }
}

impl Store {
    /// What a member has claimed in the given months and on the given trips, side by side; buckets that are not there yet are left
    /// out.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn spending(
        &self,
        org: OrgId,
        owner: MemberId,
        keys: &BTreeSet<BucketKey>,
    ) -> Result<Spending, StoreError> {
        let read = |bucket: BucketKey| async move {
            let key = keys::spending(org, owner, &bucket);
            let stored: Option<StoredBucket> = self.get(&key).await?;
            Ok::<_, StoreError>(stored.map(|stored| (bucket, stored.into())))
        };
        let found = try_join_all(keys.iter().cloned().map(read)).await?;
        Ok(Spending { buckets: found.into_iter().flatten().collect() })
    }
}

#[cfg(test)]
mod tests {
    use outlay_domain::ids::Seed;

    use super::*;
    use crate::items::{from_item, to_item};

    #[test]
    fn a_bucket_is_read_as_it_was_stored() {
        let mut seed = Seed::new("2026-11-22T10:00:00Z".parse().unwrap(), [7; 10]);
        let money = |minor, code: &str| Money::from_minor(minor, code.parse().unwrap());
        let line = Claim {
            expense_id: seed.draw(),
            date: "2026-11-12".parse().unwrap(),
            category: "meals".to_owned(),
            merchant: "brasseriegeorges".to_owned(),
            payment_method: PaymentMethod::CompanyCard,
            amount: money(5_000, "JPY"),
            granted: money(4_000, "JPY"),
            granted_in_base: money(24_50, "EUR"),
        };
        let claims = ReportClaims { number: "R-2026-AAAA-BBBB".to_owned(), lines: vec![line] };
        let empty = ReportClaims { number: "R-2026-CCCC-DDDD".to_owned(), lines: Vec::new() };
        let bucket = Bucket { version: 3, claims: BTreeMap::from([(seed.draw(), claims), (seed.draw(), empty)]) };
        let key = keys::spending(seed.draw(), seed.draw(), &BucketKey::Trip("Lyon".to_owned()));
        let item = to_item(&key, "spending", &StoredBucket::from(&bucket)).unwrap();
        // The condition of the next change and the removal of a report name these.
        assert!(item.get("version").is_some_and(|version| version.as_n().is_ok_and(|text| text == "3")));
        let reports = item.get("claims").and_then(|claims| claims.as_m().ok()).unwrap();
        assert!(bucket.claims.keys().all(|report| reports.contains_key(&report.to_string())));
        assert_eq!(Bucket::from(from_item::<StoredBucket>(item).unwrap()), bucket);
    }
}
