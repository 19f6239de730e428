//! Automatic approval: which reports are approved at submission without a person, and what is remembered about a member
//! for it. A machine approves nothing that a person refused: returned, rejected, or granted in part.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::ReportId;
use crate::member::{Member, Role};
use crate::money::Money;
use crate::policy::Policy;
use crate::report::{Report, ReportStatus};
use crate::step::StepStatus;
use crate::today::month_of;

/// Days after a refusal in which a person decides on every report of the owner.
pub const REFUSAL_PAUSE_DAYS: i32 = 90;
/// Maximum number of reports of a member that are approved automatically in a month: they are in one item.
pub const MAX_AUTO_APPROVALS: usize = 1000;
/// Monthly sum where the policy states none, as a multiple of the amount for one report.
const DEFAULT_MONTHLY_FACTOR: i64 = 10;

/// What automatic approval remembers about a member. The version is a condition of the commit, as for spending buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoApprovals {
    /// Version; 0 when nothing is stored yet.
    pub version: u64,
    /// Calendar month of the approved reports, `yyyy-mm`.
    #[serde(default)]
    pub month: String,
    /// Totals that were approved automatically in that month, in minor units of the base currency. An entry stays when
    /// the report is edited or returned.
    #[serde(default)]
    pub approved: BTreeMap<ReportId, i64>,
    /// Day on which a person last refused an expense of the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_on: Option<Date>,
}

impl AutoApprovals {
    /// Sum of the other reports that were approved automatically in the month of `today`.
    fn sum_of_other_reports(&self, report: ReportId, today: Date) -> i64 {
        let others = self.approved.iter().filter(|(id, _)| **id != report && self.month == month_of(today));
        others.fold(0, |sum, (_, total)| sum.saturating_add(*total))
    }

    /// Records an automatic approval of today. `None` when the month is full.
    #[must_use]
    pub fn with_approval(&self, report: &Report, today: Date) -> Option<Self> {
        let month = month_of(today);
        let mut approved = if self.month == month { self.approved.clone() } else { BTreeMap::new() };
        let total = approved.get(&report.id).copied().unwrap_or(0).max(report.base_total.minor());
        approved.insert(report.id, total);
        let is_full = approved.len() > MAX_AUTO_APPROVALS;
        (!is_full).then_some(Self { version: self.version + 1, month, approved, refused_on: self.refused_on })
    }

    /// True when a person has to decide because of an earlier refusal: it is recent, or an expense is not dated after
    /// it. What was refused was spent by then, whatever else an owner enters about it.
    fn requires_person(&self, report: &Report, today: Date) -> bool {
        let Some(refused_on) = self.refused_on else { return false };
        // An expense may be dated by the day in UTC+14.
        let last = refused_on.saturating_add(1.day());
        let pause_ends = refused_on.saturating_add(REFUSAL_PAUSE_DAYS.days());
        (refused_on..=pause_ends).contains(&today) || report.expenses.iter().any(|line| line.facts.date <= last)
    }
}

/// Total in the base currency below which the policy approves a report of `owner` automatically, if this report is
/// eligible: no findings, no other parties, no refusal, and room in the monthly sum. `together` is its total with the
/// parts of its bills in other reports.
#[must_use]
pub fn auto_approval(
    report: &Report,
    policy: &Policy,
    owner: &Member,
    known: &AutoApprovals,
    together: Money,
    today: Date,
) -> Option<Money> {
    let below = policy.auto_approve_below?;
    let monthly = monthly_sum(policy, below);
    let approved = known.sum_of_other_reports(report.id, today).saturating_add(report.base_total.minor());
    // Members who can change policy or rates, preparers and other payees are decided on by a person.
    let has_other_parties = report.preparer.is_some() || report.payee.is_some();
    let is_eligible = !has_other_parties && !matches!(owner.role, Role::Finance | Role::Admin);
    let may_approve = is_eligible && !was_refused(report) && !known.requires_person(report, today);
    let is_small = together.minor() < below.minor() && approved <= monthly.minor();
    let has_room = known.with_approval(report, today).is_some();
    (may_approve && is_small && has_room).then_some(below)
}

/// Highest sum of a member that is approved automatically in a month.
#[must_use]
pub fn monthly_sum(policy: &Policy, below: Money) -> Money {
    let default = Money::from_minor(below.minor().saturating_mul(DEFAULT_MONTHLY_FACTOR), below.currency());
    policy.auto_approve_monthly.unwrap_or(default)
}

/// True when a person has refused something of the report, or of one it was cloned from.
#[must_use]
pub fn was_refused(report: &Report) -> bool {
    // The rest is for reports that were refused before the mark was stored.
    report.refused
        || matches!(report.status, ReportStatus::Returned | ReportStatus::Rejected)
        || report.steps.iter().any(|step| matches!(step.status, StepStatus::Returned | StepStatus::Rejected))
        || report.expenses.iter().any(|line| line.approved.is_some())
}
