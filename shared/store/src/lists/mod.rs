//! Lists for users, one page at a time. Lists by a secondary index may lag behind the last change. [`filter`] chooses
//! the index of a report list, [`query`] reads the pages.

mod batches;
mod filter;
mod query;

use std::collections::HashMap;

use outlay_domain::conversion::RateEntry;
use outlay_domain::event::{Event, EventSubject};
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::member::Member;
use outlay_domain::money::Currency;
use outlay_domain::policy::{Policy, Violation};
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::step::Step;

use self::query::{ListItem, ListQuery};
use crate::attributes::{Item, key_attributes, text_of};
use crate::client::Store;
use crate::error::StoreError;
use crate::items::{ReportReview, Task, from_item};
use crate::keys::{self, names};
use crate::page::{ListError, Page, PageRequest};

pub use filter::ReportFilter;

impl Store {
    /// Lists members by identifier.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_members(&self, org: OrgId, page: &PageRequest) -> Result<Page<Member>, ListError> {
        self.list(&ListQuery::by_prefix(org, keys::org_partition(org), keys::MEMBER_PREFIX), page).await
    }

    /// Lists the tasks of several approvers by due date, each with its approver. A task of more than one of them is
    /// listed once, for the first.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_tasks(
        &self,
        org: OrgId,
        approvers: &[MemberId],
        page: &PageRequest,
    ) -> Result<Page<(MemberId, Task)>, ListError> {
        let partitions = approvers.iter().map(|approver| keys::task_partition(org, *approver)).collect();
        let query = ListQuery { partitions, ..ListQuery::by_prefix(org, String::new(), keys::TASK_PREFIX) };
        let found = self.list_items(&query, page).await?;
        let task = |found: ListItem| {
            let approver = approvers.get(found.source).copied();
            approver.map(|approver| Ok((approver, from_item(found.item)?)))
        };
        let items = found.items.into_iter().filter_map(task).collect::<Result<_, StoreError>>()?;
        Ok(Page { items, next: found.next, passed_over: found.passed_over })
    }

    /// Lists the events of a subject, oldest first.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_events(
        &self,
        org: OrgId,
        subject: EventSubject,
        page: &PageRequest,
    ) -> Result<Page<Event>, ListError> {
        let partition = keys::subject_partition(org, subject);
        self.list(&ListQuery::by_prefix(org, partition, keys::EVENT_PREFIX), page).await
    }

    /// Lists exchange rates by currency and date, optionally of one currency.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_rates(
        &self,
        org: OrgId,
        currency: Option<Currency>,
        page: &PageRequest,
    ) -> Result<Page<RateEntry>, ListError> {
        let prefix = currency.map_or_else(String::new, |currency| format!("{currency}#"));
        self.list(&ListQuery::by_prefix(org, keys::rates_partition(org), &prefix), page).await
    }

    /// Lists the versions of the policy, newest first.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_policy_versions(&self, org: OrgId, page: &PageRequest) -> Result<Page<Policy>, ListError> {
        let query = ListQuery {
            newest_first: true,
            ..ListQuery::by_prefix(org, keys::org_partition(org), keys::POLICY_VERSION_PREFIX)
        };
        self.list(&query, page).await
    }

    /// Lists the reports that match a filter, without their expenses. The order is that of the index: oldest change
    /// first with `updated_since`, smallest total first with a bound on the total, newest report first otherwise.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_reports(
        &self,
        org: OrgId,
        filter: &ReportFilter,
        page: &PageRequest,
    ) -> Result<Page<Report>, ListError> {
        self.list(&filter.to_query(org), page).await
    }

    /// Reads a page of the submitted reports with their steps, without their expenses, from `ReportsByStatus`; `cursor` is
    /// `next` of the page before. A page has at most 100 reports.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn submitted_reports(&self, org: OrgId, cursor: Option<String>) -> Result<Page<Report>, ListError> {
        let query = ReportFilter { status: Some(ReportStatus::Submitted), ..ReportFilter::default() }.to_query(org);
        let page = PageRequest { cursor, ..PageRequest::internal(100) };
        let found = self.list_items(&query, &page).await?;
        let mut reports: Vec<Report> =
            found.items.into_iter().map(|found| from_item(found.item)).collect::<Result<_, StoreError>>()?;
        let keys = reports.iter().map(|report| key_attributes(&keys::report_review(org, report.id))).collect();
        let mut reviews: HashMap<String, Item> = HashMap::new();
        for review in self.batch_get(keys).await? {
            reviews.extend(text_of(&review, names::PK).map(str::to_owned).map(|partition| (partition, review)));
        }
        for report in &mut reports {
            if let Some(review) = reviews.remove(&keys::report_partition(org, report.id)) {
                let review: ReportReview<Vec<Violation>, Vec<Step>> = from_item(review)?;
                (report.violations, report.steps) = (review.violations, review.steps);
            }
        }
        Ok(Page { items: reports, next: found.next, passed_over: found.passed_over })
    }
}

#[cfg(test)]
mod tests;
