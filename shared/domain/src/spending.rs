//! What a member has claimed: the lines of his submitted and approved reports, by month and by trip. Limits of a day, a month or a
//! trip and the search for duplicates rest on it, and so does the commit: a bucket's version is a condition of the transaction,
//! so that two reports submitted at once cannot both fit under one limit.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::expense::{Expense, ExpenseFacts, PaymentMethod};
use crate::ids::{ExpenseId, MemberId, ReportId};
use crate::money::Money;
use crate::report::Report;

/// The most buckets a report may touch: each is an item of the transaction.
pub const MAX_BUCKETS: usize = 12;
/// The most lines a bucket holds; it is one item of at most 400 KiB.
pub const MAX_CLAIMS: usize = 1000;

/// What claims are gathered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BucketKey {
    /// A calendar month, `yyyy-mm`.
    Month(String),
    /// A trip, by the name its expenses use.
    Trip(String),
}

impl BucketKey {
    /// The month of a day.
    #[must_use]
    pub fn month(day: Date) -> Self {
        Self::Month(month_of(day))
    }

    /// A trip, by any spelling of its name.
    #[must_use]
    pub fn trip(name: &str) -> Self {
        Self::Trip(trip_key(name))
    }

    /// The buckets a line belongs to.
    pub fn of(line: &ExpenseFacts) -> impl Iterator<Item = Self> + use<> {
        [Some(Self::month(line.date)), line.trip.as_deref().map(Self::trip)].into_iter().flatten()
    }
}

/// One claimed line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The line.
    pub expense_id: ExpenseId,
    /// The day of the spending.
    pub date: Date,
    /// The category's code.
    pub category: String,
    /// The merchant, without what people write differently.
    pub merchant: String,
    /// Who paid.
    pub payment_method: PaymentMethod,
    /// The amount as it was paid.
    pub amount: Money,
    /// What the policy grants of it, in the same currency.
    pub granted: Money,
    /// That in the base currency.
    pub granted_in_base: Money,
}

impl Claim {
    /// The line as a claim.
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
        }
    }
}

/// The claims of one report in a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportClaims {
    /// The report's label.
    pub number: String,
    /// Its lines.
    pub lines: Vec<Claim>,
}

/// A member's claims of one month or trip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Grows with each change; 0 for a bucket that is not there yet.
    pub version: u64,
    /// By report.
    pub claims: BTreeMap<ReportId, ReportClaims>,
}

/// What a member has claimed in the months and on the trips that a report touches.
#[derive(Clone, Debug, Default)]
pub struct Spending {
    /// By month and trip.
    pub buckets: BTreeMap<BucketKey, Bucket>,
}

/// What a change of a report does to its owner's claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpendingChange {
    /// Whose claims.
    pub owner: Option<MemberId>,
    /// Buckets to store, each on the version before its own.
    pub stored: Vec<(BucketKey, Bucket)>,
    /// Buckets to take the report out of.
    pub withdrawn: BTreeSet<BucketKey>,
}

impl Spending {
    /// The buckets that lines belong to.
    #[must_use]
    pub fn keys<'a>(lines: impl IntoIterator<Item = &'a Expense>) -> BTreeSet<BucketKey> {
        lines.into_iter().flat_map(|line| BucketKey::of(&line.facts)).collect()
    }

    /// The claims of other reports in a bucket, each with the label of its report.
    pub fn others<'a>(
        &'a self,
        key: &BucketKey,
        report: ReportId,
    ) -> impl Iterator<Item = (&'a str, &'a Claim)> + use<'a> {
        let claims = self.buckets.get(key).map(|bucket| &bucket.claims).into_iter().flatten();
        let others = claims.filter(move |(id, _)| **id != report);
        others.flat_map(|(_, claims)| claims.lines.iter().map(|line| (claims.number.as_str(), line)))
    }

    /// What was claimed by reports that were created before this one.
    #[must_use]
    pub fn before(mut self, report: ReportId) -> Self {
        for bucket in self.buckets.values_mut() {
            bucket.claims.retain(|id, _| *id < report);
        }
        self
    }

    /// The report's lines as claims in place of those it had, whose buckets were `before`. `None` when a bucket would overflow.
    #[must_use]
    pub fn claiming(&self, report: &Report, before: &BTreeSet<BucketKey>) -> Option<SpendingChange> {
        let mut claimed: BTreeMap<BucketKey, Vec<Claim>> = BTreeMap::new();
        for line in &report.expenses {
            for key in BucketKey::of(&line.facts) {
                claimed.entry(key).or_default().push(Claim::of(line));
            }
        }
        let withdrawn = before.iter().filter(|key| !claimed.contains_key(key)).cloned().collect();
        let bucket = |(key, lines): (BucketKey, Vec<Claim>)| {
            let mut bucket = self.buckets.get(&key).cloned().unwrap_or(Bucket { version: 0, claims: BTreeMap::new() });
            bucket.version += 1;
            bucket.claims.insert(report.id, ReportClaims { number: report.number.clone(), lines });
            let count: usize = bucket.claims.values().map(|claims| claims.lines.len()).sum();
            (count <= MAX_CLAIMS).then_some((key, bucket))
        };
        let stored = claimed.into_iter().map(bucket).collect::<Option<_>>()?;
        Some(SpendingChange { owner: Some(report.owner), stored, withdrawn })
    }

    /// The report's claims taken back.
    #[must_use]
    pub fn withdrawing(report: &Report) -> SpendingChange {
        let withdrawn = Self::keys(&report.expenses);
        SpendingChange { owner: Some(report.owner), stored: Vec::new(), withdrawn }
    }
}

/// The calendar month of a day, `yyyy-mm`.
#[must_use]
pub fn month_of(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// The name of a trip without case, blanks and punctuation; as it is, when it has nothing else.
#[must_use]
pub fn trip_key(name: &str) -> String {
    Some(merchant_key(name)).filter(|key| !key.is_empty()).unwrap_or_else(|| name.to_owned())
}

/// The first letters and digits of a merchant's name without case, forty at most and sixty bytes: the rest people write differently, and a
/// bucket must not outgrow its item.
#[must_use]
pub fn merchant_key(name: &str) -> String {
    if name.is_ascii() {
        // Most names, without the tables of Unicode: each line comes by here several times.
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
