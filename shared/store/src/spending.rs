//! Storage form of spending buckets. A claimed expense is stored as a list, without field names: one change may store
//! twelve buckets of a thousand claims, and a transaction holds 4 MB.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use jiff::civil::Date;
use outlay_domain::automatic::AutoApprovals;
use outlay_domain::expense::PaymentMethod;
use outlay_domain::ids::{ExpenseId, MemberId, OrgId, ReportId};
use outlay_domain::money::{Currency, Money};
use outlay_domain::spending::{ClaimedExpense, ReportClaims, Spending, SpendingBucket, SpendingBucketKey};
use outlay_domain::text::CategoryCode;
use serde::{Deserialize, Serialize};

use crate::client::Store;
use crate::error::StoreError;
use crate::integrity::Stored;
use crate::keys;

#[derive(Serialize, Deserialize)]
pub(crate) struct StoredBucket {
    version: u64,
    claims: BTreeMap<ReportId, StoredClaims>,
}

#[derive(Serialize, Deserialize)]
struct StoredClaims {
    number: String,
    lines: Vec<ClaimRow>,
}

/// Expense, date, category, merchant, payment method; currency, amount and granted amount in minor units; base currency
/// and granted amount in minor units of it; of a refund, the expense that it names.
#[derive(Serialize, Deserialize)]
struct ClaimRow(
    ExpenseId,
    Date,
    CategoryCode,
    String,
    PaymentMethod,
    Currency,
    i64,
    i64,
    Currency,
    i64,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<ExpenseId>,
);

impl Stored for StoredBucket {
    // A withdrawn report is removed from it by an update in place.
    const HAS_DIGEST: bool = false;
}

impl Stored for AutoApprovals {
    // A refusal is added to it by an update in place.
    const HAS_DIGEST: bool = false;
}

impl From<&ClaimedExpense> for ClaimRow {
    fn from(claim: &ClaimedExpense) -> Self {
        let ClaimedExpense {
            expense_id,
            date,
            category,
            merchant,
            payment_method,
            amount,
            granted,
            granted_in_base,
            refund_of,
        } = claim;
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
            *refund_of,
        )
    }
}

impl From<ClaimRow> for ClaimedExpense {
    fn from(row: ClaimRow) -> Self {
        let ClaimRow(
            expense_id,
            date,
            category,
            merchant,
            payment_method,
            currency,
            amount,
            granted,
            base,
            in_base,
            refund_of,
        ) = row;
        Self {
            expense_id,
            date,
            category,
            merchant,
            payment_method,
            amount: Money::from_minor(amount, currency),
            granted: Money::from_minor(granted, currency),
            granted_in_base: Money::from_minor(in_base, base),
            refund_of,
        }
    }
}

impl From<&SpendingBucket> for StoredBucket {
    fn from(bucket: &SpendingBucket) -> Self {
        let stored = |claims: &ReportClaims| StoredClaims {
            number: claims.number.clone(),
            lines: claims.lines.iter().map(ClaimRow::from).collect(),
        };
        let claims = bucket.claims.iter().map(|(report, claims)| (*report, stored(claims))).collect();
        Self { version: bucket.version, claims }
    }
}

impl From<StoredBucket> for SpendingBucket {
    fn from(bucket: StoredBucket) -> Self {
        let read = |claims: StoredClaims| ReportClaims {
            number: claims.number,
            lines: claims.lines.into_iter().map(ClaimedExpense::from).collect(),
        };
        let claims = bucket.claims.into_iter().map(|(report, claims)| (report, read(claims))).collect();
        Self { version: bucket.version, claims }
    }
}

impl Store {
    /// Reads the claims of a member in these months and on these trips, concurrently. Absent buckets are skipped.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn spending(
        &self,
        org: OrgId,
        owner: MemberId,
        keys: &BTreeSet<SpendingBucketKey>,
    ) -> Result<Spending, StoreError> {
        let read = |bucket: SpendingBucketKey| async move {
            let key = keys::spending(org, owner, &bucket);
            let stored: Option<StoredBucket> = self.get(&key).await?;
            Ok::<_, StoreError>(stored.map(|stored| (bucket, stored.into())))
        };
        let found = try_join_all(keys.iter().cloned().map(read)).await?;
        Ok(Spending { buckets: found.into_iter().flatten().collect(), automatic: AutoApprovals::default() })
    }

    /// Reads what automatic approval remembers about a member.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn auto_approvals(&self, org: OrgId, owner: MemberId) -> Result<AutoApprovals, StoreError> {
        Ok(self.get(&keys::auto_approvals(org, owner)).await?.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use outlay_domain::ids::IdGenerator;

    use super::*;
    use crate::items::{from_item, to_item};

    #[test]
    fn bucket_survives_conversion_to_item() {
        let mut seed = IdGenerator::new("2026-11-22T10:00:00Z".parse().unwrap(), [7; 10]);
        let money = |minor, code: &str| Money::from_minor(minor, code.parse().unwrap());
        let line = ClaimedExpense {
            expense_id: seed.next_id(),
            date: "2026-11-12".parse().unwrap(),
            category: "meals".parse().unwrap(),
            merchant: "brasseriegeorges".to_owned(),
            payment_method: PaymentMethod::CompanyCard,
            amount: money(5_000, "JPY"),
            granted: money(4_000, "JPY"),
            granted_in_base: money(24_50, "EUR"),
            refund_of: None,
        };
        let claims = ReportClaims { number: "R-2026-AAAA-BBBB".to_owned(), lines: vec![line] };
        let empty = ReportClaims { number: "R-2026-CCCC-DDDD".to_owned(), lines: Vec::new() };
        let bucket =
            SpendingBucket { version: 3, claims: BTreeMap::from([(seed.next_id(), claims), (seed.next_id(), empty)]) };
        let key = keys::spending(seed.next_id(), seed.next_id(), &SpendingBucketKey::Trip("Lyon".to_owned()));
        let item = to_item(&key, "spending", &StoredBucket::from(&bucket)).unwrap();
        // The next change has a condition on `version`; the withdrawal of a report updates `claims`.
        assert!(item.get("version").is_some_and(|version| version.as_n().is_ok_and(|text| text == "3")));
        let reports = item.get("claims").and_then(|claims| claims.as_m().ok()).unwrap();
        assert!(bucket.claims.keys().all(|report| reports.contains_key(&report.to_string())));
        assert_eq!(SpendingBucket::from(from_item::<StoredBucket>(item).unwrap()), bucket);
    }
}
