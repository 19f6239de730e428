//! Claimed expenses of a member: the lines of submitted and approved reports, in buckets by month and by trip. Limits
//! and the search for duplicates read them. The version of a bucket is a condition of the commit, so two reports
//! submitted at once cannot both use the rest of a limit.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::expense::{Expense, ExpenseFacts, PaymentMethod};
use crate::ids::{ExpenseId, MemberId, ReportId};
use crate::money::Money;
use crate::report::Report;
use crate::text::CategoryCode;

/// Maximum number of buckets of a report: each is an item of the transaction.
pub const MAX_SPENDING_BUCKETS: usize = 12;
/// Maximum number of claimed expenses in a bucket: it is one item of at most 400 KiB.
pub const MAX_CLAIMS_PER_BUCKET: usize = 1000;

/// Key of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpendingBucketKey {
    /// Calendar month, `yyyy-mm`.
    Month(String),
    /// Trip, by its normalized name ([`trip_key`]).
    Trip(String),
}

impl SpendingBucketKey {
    /// Bucket of the month of a day.
    #[must_use]
    pub fn month(day: Date) -> Self {
        Self::Month(month_of(day))
    }

    /// Bucket of a trip, by any spelling of its name.
    #[must_use]
    pub fn trip(name: &str) -> Self {
        Self::Trip(trip_key(name))
    }

    /// Buckets that a line belongs to.
    ///
    /// A refund of an expense that it names is with that expense.
    pub fn of(line: &ExpenseFacts) -> impl Iterator<Item = Self> + use<> {
        let day = line.refund_of.map_or(line.date, |of| of.date);
        [Some(Self::month(day)), line.trip.as_deref().map(Self::trip)].into_iter().flatten()
    }
}

/// Claimed expense: one line of a submitted or approved report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedExpense {
    /// Identifier of the line.
    pub expense_id: ExpenseId,
    /// Day of the spending.
    pub date: Date,
    /// Code of the category.
    pub category: CategoryCode,
    /// Normalized merchant ([`merchant_key`]).
    pub merchant: String,
    /// Payment method.
    pub payment_method: PaymentMethod,
    /// Amount, in the currency it was paid in.
    pub amount: Money,
    /// Granted amount, in the same currency.
    pub granted: Money,
    /// Granted amount in the base currency.
    pub granted_in_base: Money,
    /// Expense that a refund names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_of: Option<ExpenseId>,
}

impl ClaimedExpense {
    /// True for a refund, which counts towards no limit.
    #[must_use]
    pub const fn is_refund(&self) -> bool {
        self.amount.minor() < 0
    }

    /// Claimed expense of a line.
    #[must_use]
    pub fn of(line: &Expense) -> Self {
        Self {
            expense_id: line.id,
            date: line.facts.date,
            category: line.facts.category.clone(),
            merchant: merchant_key(&line.facts.merchant),
            payment_method: line.facts.payment_method,
            amount: line.facts.amount,
            granted: line.granted(),
            granted_in_base: line.granted_of(line.amount_in_base()),
            refund_of: line.facts.refund_of.map(|of| of.expense_id),
        }
    }
}

/// Claimed expenses of one report in a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportClaims {
    /// Report number.
    pub number: String,
    /// Claimed expenses.
    pub lines: Vec<ClaimedExpense>,
}

/// Claimed expenses of a member in one month or trip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendingBucket {
    /// Version; 0 for a bucket that is not stored yet.
    pub version: u64,
    /// Claimed expenses by report.
    pub claims: BTreeMap<ReportId, ReportClaims>,
}

/// Claimed expenses of a member in the months and trips of a report.
#[derive(Clone, Debug, Default)]
pub struct Spending {
    /// Buckets by month and trip.
    pub buckets: BTreeMap<SpendingBucketKey, SpendingBucket>,
}

/// Change of the owner's claimed expenses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpendingChange {
    /// Owner; `None` when nothing changes.
    pub owner: Option<MemberId>,
    /// Buckets to store, each with the next version.
    pub stored: Vec<(SpendingBucketKey, SpendingBucket)>,
    /// Buckets to remove the report from.
    pub withdrawn: BTreeSet<SpendingBucketKey>,
}

impl Spending {
    /// Buckets that lines belong to.
    #[must_use]
    pub fn bucket_keys<'a>(lines: impl IntoIterator<Item = &'a Expense>) -> BTreeSet<SpendingBucketKey> {
        lines.into_iter().flat_map(|line| SpendingBucketKey::of(&line.facts)).collect()
    }

    /// Claimed expenses of other reports in a bucket, with the report number.
    pub fn claims_of_other_reports<'a>(
        &'a self,
        key: &SpendingBucketKey,
        report: ReportId,
    ) -> impl Iterator<Item = (&'a str, &'a ClaimedExpense)> + use<'a> {
        let claims = self.buckets.get(key).map(|bucket| &bucket.claims).into_iter().flatten();
        let others = claims.filter(move |(id, _)| **id != report);
        others.flat_map(|(_, claims)| claims.lines.iter().map(|line| (claims.number.as_str(), line)))
    }

    /// Keeps the claims of reports created before this one.
    #[must_use]
    pub fn claimed_before(mut self, report: ReportId) -> Self {
        for bucket in self.buckets.values_mut() {
            bucket.claims.retain(|id, _| *id < report);
        }
        self
    }

    /// Replaces the claims of a report, which were in the buckets `before`. `None` when a bucket would overflow.
    #[must_use]
    pub fn record_claims(&self, report: &Report, before: &BTreeSet<SpendingBucketKey>) -> Option<SpendingChange> {
        let mut claimed: BTreeMap<SpendingBucketKey, Vec<ClaimedExpense>> = BTreeMap::new();
        for line in &report.expenses {
            for key in SpendingBucketKey::of(&line.facts) {
                claimed.entry(key).or_default().push(ClaimedExpense::of(line));
            }
        }
        let withdrawn = before.iter().filter(|key| !claimed.contains_key(key)).cloned().collect();
        let bucket = |(key, lines): (SpendingBucketKey, Vec<ClaimedExpense>)| {
            let mut bucket =
                self.buckets.get(&key).cloned().unwrap_or(SpendingBucket { version: 0, claims: BTreeMap::new() });
            bucket.version += 1;
            bucket.claims.insert(report.id, ReportClaims { number: report.number.clone(), lines });
            let count: usize = bucket.claims.values().map(|claims| claims.lines.len()).sum();
            (count <= MAX_CLAIMS_PER_BUCKET).then_some((key, bucket))
        };
        let stored = claimed.into_iter().map(bucket).collect::<Option<_>>()?;
        Some(SpendingChange { owner: Some(report.owner), stored, withdrawn })
    }

    /// Removes the claims of a report.
    #[must_use]
    pub fn withdraw_claims(report: &Report) -> SpendingChange {
        let withdrawn = Self::bucket_keys(&report.expenses);
        SpendingChange { owner: Some(report.owner), stored: Vec::new(), withdrawn }
    }
}

/// Calendar month of a day, `yyyy-mm`.
#[must_use]
pub fn month_of(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// Name of a trip without case, blanks and punctuation. A name without letters and digits is unchanged.
#[must_use]
pub fn trip_key(name: &str) -> String {
    Some(merchant_key(name)).filter(|key| !key.is_empty()).unwrap_or_else(|| name.to_owned())
}

/// First letters and digits of a merchant's name in lower case, at most 40 characters and 60 bytes. Spellings of one
/// merchant get the same key, and a bucket fits into its item.
#[must_use]
pub fn merchant_key(name: &str) -> String {
    if name.is_ascii() {
        // Fast path without Unicode tables: the function runs several times per line.
        return name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(40).collect();
    }
    let mut bytes = 0;
    let letters = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(40);
    letters
        .take_while(|letter| {
            bytes += letter.len_utf8();
            bytes <= 60
        })
        .collect()
}
