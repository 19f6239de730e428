//! Claimed expenses of a member: the lines of submitted and approved reports, in buckets by month and by trip. Limits
//! and the search for duplicates read them. The version of a bucket is a condition of the commit, so two reports
//! submitted at once cannot both use the rest of a limit.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::automatic::AutoApprovals;
use crate::equality::{ClaimKeys, DIGEST_MARK, equality_digest, former_key};
use crate::expense::{Expense, ExpenseFacts, PaymentMethod};
use crate::ids::{ExpenseId, MemberId, ReportId};
use crate::money::Money;
use crate::report::Report;
use crate::text::CategoryCode;
use crate::today::month_of;

/// Maximum number of buckets of a report: each is an item of the transaction.
pub const MAX_SPENDING_BUCKETS: usize = 12;
/// Maximum number of claimed expenses in a bucket: it is one item of at most 400 KiB.
pub const MAX_CLAIMS_PER_BUCKET: usize = 1000;

/// Key of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpendingBucketKey {
    /// Calendar month, `yyyy-mm`.
    Month(String),
    /// Trip, by the digest of its name ([`equality_digest`]); in older reports by [`former_key`].
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
        Self::Trip(equality_digest(name))
    }

    /// Bucket that reports stored with [`ClaimKeys::Former`] have for a trip.
    #[must_use]
    pub fn former_trip(name: &str) -> Self {
        Self::Trip(Some(former_key(name)).filter(|key| !key.is_empty()).unwrap_or_else(|| name.to_owned()))
    }

    /// Buckets that a line belongs to.
    ///
    /// A refund of an expense that it names is with that expense.
    pub fn of(line: &ExpenseFacts) -> impl Iterator<Item = Self> + use<> {
        Self::by(ClaimKeys::Digest, line)
    }

    fn by(keys: ClaimKeys, line: &ExpenseFacts) -> impl Iterator<Item = Self> + use<> {
        let trip = line.trip.as_deref().map(|trip| match keys {
            ClaimKeys::Digest => Self::trip(trip),
            ClaimKeys::Former => Self::former_trip(trip),
        });
        let day = line.refund_of.map_or(line.date, |of| of.date);
        [Some(Self::month(day)), trip].into_iter().flatten()
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
    /// Digest of the merchant ([`equality_digest`]); in older claims its [`former_key`].
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
            merchant: equality_digest(&line.facts.merchant),
            payment_method: line.facts.payment_method,
            amount: line.facts.amount,
            granted: line.granted(),
            granted_in_base: line.granted_of(line.amount_in_base()),
            refund_of: line.facts.refund_of.map(|of| of.expense_id),
        }
    }

    /// True when the claim was stored with the [`former_key`] of its merchant.
    #[must_use]
    pub fn has_former_key(&self) -> bool {
        !self.merchant.starts_with(DIGEST_MARK)
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// Buckets by month and trip.
    pub buckets: BTreeMap<SpendingBucketKey, SpendingBucket>,
    /// What automatic approval remembers about the member.
    pub automatic: AutoApprovals,
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
    /// What automatic approval remembers, to store with the next version.
    pub automatic: Option<AutoApprovals>,
    /// Day on which a person refuses something, to store at any version.
    pub refused_on: Option<Date>,
}

impl SpendingChange {
    /// Adds the refusal of an expense of the owner.
    #[must_use]
    pub fn with_refusal(self, owner: MemberId, day: Date) -> Self {
        Self { owner: Some(owner), refused_on: Some(day), ..self }
    }
}

impl Spending {
    /// Buckets that lines belong to.
    #[must_use]
    pub fn bucket_keys<'a>(lines: impl IntoIterator<Item = &'a Expense>) -> BTreeSet<SpendingBucketKey> {
        lines.into_iter().flat_map(|line| SpendingBucketKey::of(&line.facts)).collect()
    }

    /// Buckets in which older reports have claims on the trips of these lines.
    #[must_use]
    pub fn former_bucket_keys<'a>(lines: impl IntoIterator<Item = &'a Expense>) -> BTreeSet<SpendingBucketKey> {
        let trips = lines.into_iter().filter_map(|line| line.facts.trip.as_deref());
        trips.map(SpendingBucketKey::former_trip).collect()
    }

    /// Buckets that hold the claims of a submitted or approved report.
    #[must_use]
    pub fn claimed_bucket_keys(report: &Report) -> BTreeSet<SpendingBucketKey> {
        report.expenses.iter().flat_map(|line| SpendingBucketKey::by(report.claim_keys, &line.facts)).collect()
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

    /// The claims after a change.
    #[must_use]
    pub fn after(mut self, change: &SpendingChange) -> Self {
        self.buckets.extend(change.stored.iter().cloned());
        self
    }

    /// Keeps the claims of reports created before this one.
    #[must_use]
    pub fn claimed_before(mut self, report: ReportId) -> Self {
        for bucket in self.buckets.values_mut() {
            bucket.claims.retain(|id, _| *id < report);
        }
        self.automatic.approved.retain(|id, _| *id < report);
        self
    }

    /// Replaces the claims of a report, which were in the buckets `before`. `None` when a bucket would overflow.
    #[must_use]
    pub fn record_claims(&self, report: &Report, before: &BTreeSet<SpendingBucketKey>) -> Option<SpendingChange> {
        let mut claimed: BTreeMap<SpendingBucketKey, Vec<ClaimedExpense>> = BTreeMap::new();
        for line in &report.expenses {
            for key in SpendingBucketKey::by(report.claim_keys, &line.facts) {
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
        Some(SpendingChange { owner: Some(report.owner), stored, withdrawn, ..SpendingChange::default() })
    }

    /// Removes the claims of a report.
    #[must_use]
    pub fn withdraw_claims(report: &Report) -> SpendingChange {
        let withdrawn = Self::claimed_bucket_keys(report);
        SpendingChange { owner: Some(report.owner), withdrawn, ..SpendingChange::default() }
    }
}
