//! Filter of report lists: chooses the index, and turns the remaining conditions into filters on attributes.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::report::ReportStatus;
use outlay_domain::text::CostCentreCode;

use super::query::{AttributeFilter, Index, ListQuery};
use crate::items::COST_CENTRES;
use crate::keys::{self, MAX_SORT_KEY};

/// Conditions of a report list. An absent condition matches every report.
#[derive(Clone, Debug, Default)]
pub struct ReportFilter {
    /// Owner.
    pub owner: Option<MemberId>,
    /// Status.
    pub status: Option<ReportStatus>,
    /// Cost centre of at least one expense.
    pub cost_centre: Option<CostCentreCode>,
    /// Member who prepared the claim, is paid by it, or has decided on it. Names reports that may no longer be claimed.
    pub listed_participant: Option<MemberId>,
    /// First date of creation, UTC.
    pub created_from: Option<Date>,
    /// Last date of creation, UTC.
    pub created_to: Option<Date>,
    /// Smallest total, in minor units of the base currency.
    pub min_total: Option<i64>,
    /// Largest total, in minor units of the base currency.
    pub max_total: Option<i64>,
    /// Earliest time of the last change, with a precision of 1 ms.
    pub updated_since: Option<Timestamp>,
}

impl ReportFilter {
    /// Builds the list, on the first index in order of preference that one of the conditions can use.
    pub(super) fn to_query(&self, org: OrgId) -> ListQuery {
        let (index, partitions) = self.index_and_partitions(org);
        let by_report =
            || self.id_range().unwrap_or_else(|| (keys::REPORT_ID_PREFIX.to_owned(), MAX_SORT_KEY.to_owned()));
        let (from, to) = match index {
            Index::Update => {
                (self.updated_since.map_or_else(String::new, keys::sortable_timestamp), MAX_SORT_KEY.to_owned())
            }
            Index::Total => self.total_range(),
            _ => by_report(),
        };
        let newest_first = !matches!(index, Index::Update | Index::Total);
        ListQuery { org, index, partitions, from, to, newest_first, filters: self.filters(index) }
    }

    fn index_and_partitions(&self, org: OrgId) -> (Index, Vec<String>) {
        if let Some(member) = self.listed_participant {
            return (Index::ListEntries, vec![keys::participant_partition(org, member)]);
        }
        // The owner comes first: another index would put positions of other owners' reports into the cursor.
        if let Some(owner) = self.owner {
            return (Index::Owner, vec![keys::reports_by_owner_partition(org, owner)]);
        }
        if self.updated_since.is_some() {
            return (Index::Update, vec![keys::reports_by_update_partition(org)]);
        }
        if self.min_total.is_some() || self.max_total.is_some() {
            return (Index::Total, vec![keys::reports_by_total_partition(org)]);
        }
        if let Some(code) = &self.cost_centre {
            return (Index::ListEntries, vec![keys::cost_centre_partition(org, code)]);
        }
        match self.status {
            Some(status) => (Index::Status, vec![keys::reports_by_status_partition(org, status)]),
            None => (Index::ListEntries, vec![keys::reports_partition(org)]),
        }
    }

    /// Builds filters for the conditions that the key range of the index does not express.
    fn filters(&self, index: Index) -> Vec<AttributeFilter> {
        let by_time = matches!(index, Index::Update | Index::Total);
        let owner = self.owner.filter(|_| index != Index::Owner);
        let status = self.status.filter(|_| index != Index::Status);
        let cost_centre = self.cost_centre.clone().filter(|_| index != Index::ListEntries);
        let created = self.id_range().filter(|_| by_time);
        let updated = self.updated_since.filter(|_| index != Index::Update);
        let bounded = self.min_total.is_some() || self.max_total.is_some();
        let total = bounded.then(|| self.total_range()).filter(|_| index != Index::Total);
        let filters = [
            owner.map(|owner| AttributeFilter::Equals("owner", owner.to_string())),
            status.map(|status| AttributeFilter::Equals("status", status.name().to_owned())),
            cost_centre.map(|code| AttributeFilter::Contains(COST_CENTRES, code.into())),
            // The head has the sort keys of all indexes as attributes, as text that sorts correctly.
            created.map(|(from, to)| AttributeFilter::Between(keys::REPORTS_BY_OWNER.sk, from, to)),
            total.map(|(from, to)| AttributeFilter::Between(keys::REPORTS_BY_TOTAL.sk, from, to)),
            updated.map(|since| {
                AttributeFilter::Between(
                    keys::REPORTS_BY_UPDATE.sk,
                    keys::sortable_timestamp(since),
                    MAX_SORT_KEY.to_owned(),
                )
            }),
        ];
        filters.into_iter().flatten().collect()
    }

    /// Range of identifiers of the reports created between the two dates.
    fn id_range(&self) -> Option<(String, String)> {
        let (from, to) = (self.created_from, self.created_to);
        (from.is_some() || to.is_some()).then(|| {
            let start = from.map(|day| keys::id_prefix_at(to_timestamp(day.to_datetime(Time::midnight()))));
            let end = to.map(|day| keys::id_prefix_at(to_timestamp(day.to_datetime(Time::MAX))));
            (start.unwrap_or_else(|| keys::REPORT_ID_PREFIX.to_owned()), end.unwrap_or_default() + MAX_SORT_KEY)
        })
    }

    /// Range of sort keys in `ReportsByTotal` for the bounds on the total.
    fn total_range(&self) -> (String, String) {
        let end = match self.max_total {
            None => MAX_SORT_KEY.to_owned(),
            // No total is negative, and no sort key precedes the empty text.
            Some(..0) => String::new(),
            Some(most) => format!("{}#{MAX_SORT_KEY}", keys::sortable_total(most)),
        };
        (keys::sortable_total(self.min_total.unwrap_or(0)), end)
    }
}

/// Converts a UTC time to a timestamp. A time out of range becomes the largest timestamp.
fn to_timestamp(time: DateTime) -> Timestamp {
    time.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}
