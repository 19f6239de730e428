//! Searching for reports: which list answers a search, and what of it is left to check on each report.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::report::Status;

use super::walk::{Index, Test, Walk};
use crate::items::COST_CENTRES;
use crate::keys::{self, AFTER_ALL};

/// Which reports are wanted; all of them, where it says nothing.
#[derive(Clone, Debug, Default)]
pub struct ReportFilter {
    /// Whose they are.
    pub owner: Option<MemberId>,
    /// Where they stand.
    pub status: Option<Status>,
    /// A cost centre that one of their lines is on.
    pub cost_centre: Option<String>,
    /// The first day they were created on, in UTC.
    pub created_from: Option<Date>,
    /// The last day they were created on, in UTC.
    pub created_to: Option<Date>,
    /// The least total, in minor units of the base currency.
    pub min_total: Option<i64>,
    /// The largest total, in minor units of the base currency.
    pub max_total: Option<i64>,
    /// The moment, in milliseconds, at or after which they last changed.
    pub updated_since: Option<Timestamp>,
}

impl ReportFilter {
    /// The list that answers the search: the first of those that narrow it down.
    pub(super) fn walk(&self, org: OrgId) -> Walk {
        let (index, partitions) = self.list(org);
        let by_report = || self.created().unwrap_or_else(|| (keys::REPORT_IDS.to_owned(), AFTER_ALL.to_owned()));
        let (from, to) = match index {
            Index::Updated => (self.updated_since.map_or_else(String::new, keys::moment), AFTER_ALL.to_owned()),
            Index::Total => self.totals(),
            _ => by_report(),
        };
        let newest_first = !matches!(index, Index::Updated | Index::Total);
        Walk { org, index, partitions, from, to, newest_first, tests: self.tests(index) }
    }

    fn list(&self, org: OrgId) -> (Index, Vec<String>) {
        // First of all: an owner's list must not walk past the reports of others, whose positions its cursor would tell.
        if let Some(owner) = self.owner {
            return (Index::Owner, vec![keys::owner_index(org, owner)]);
        }
        if self.updated_since.is_some() {
            return (Index::Updated, vec![keys::updated_index(org)]);
        }
        if self.min_total.is_some() || self.max_total.is_some() {
            return (Index::Total, vec![keys::total_index(org)]);
        }
        if let Some(code) = &self.cost_centre {
            return (Index::Listing, vec![keys::cost_centre_partition(org, code)]);
        }
        match self.status {
            Some(status) => (Index::Status, vec![keys::status_index(org, status)]),
            None => (Index::Listing, vec![keys::reports_partition(org)]),
        }
    }

    /// What the key of a list leaves to check.
    fn tests(&self, index: Index) -> Vec<Test> {
        let by_time = matches!(index, Index::Updated | Index::Total);
        let owner = self.owner.filter(|_| index != Index::Owner);
        let status = self.status.filter(|_| index != Index::Status);
        let cost_centre = self.cost_centre.clone().filter(|_| index != Index::Listing);
        let created = self.created().filter(|_| by_time);
        let updated = self.updated_since.filter(|_| index != Index::Updated);
        let bounded = self.min_total.is_some() || self.max_total.is_some();
        let total = bounded.then(|| self.totals()).filter(|_| index != Index::Total);
        let tests = [
            owner.map(|owner| Test::Is("owner", owner.to_string())),
            status.map(|status| Test::Is("status", status.name().to_owned())),
            cost_centre.map(|code| Test::Holds(COST_CENTRES, code)),
            // The sort keys of the other indexes hold what is asked for as text that sorts.
            created.map(|(from, to)| Test::Within("GSI1SK", from, to)),
            total.map(|(from, to)| Test::Within("GSI4SK", from, to)),
            updated.map(|since| Test::Within("GSI3SK", keys::moment(since), AFTER_ALL.to_owned())),
        ];
        tests.into_iter().flatten().collect()
    }

    /// The identifiers of the reports that were created in the wanted days.
    fn created(&self) -> Option<(String, String)> {
        let (from, to) = (self.created_from, self.created_to);
        (from.is_some() || to.is_some()).then(|| {
            let start = from.map(|day| keys::created_at(moment(day.to_datetime(Time::midnight()))));
            let end = to.map(|day| keys::created_at(moment(day.to_datetime(Time::MAX))));
            (start.unwrap_or_else(|| keys::REPORT_IDS.to_owned()), end.unwrap_or_default() + AFTER_ALL)
        })
    }

    /// The sort keys of the wanted totals in GSI4.
    fn totals(&self) -> (String, String) {
        let end = match self.max_total {
            None => AFTER_ALL.to_owned(),
            // No total is below nothing, and no key before this one.
            Some(..0) => String::new(),
            Some(most) => format!("{}#{AFTER_ALL}", keys::total(most)),
        };
        (keys::total(self.min_total.unwrap_or(0)), end)
    }
}

/// The instant of a time in UTC; of one beyond what a timestamp can say, the last there is.
fn moment(time: DateTime) -> Timestamp {
    time.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}
