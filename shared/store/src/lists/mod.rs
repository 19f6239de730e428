//! Lists for people, a page at a time; those that go by an index may lag behind the last change by a moment. A list is read by [`walk`], and which one
//! answers a search for reports is said in [`filter`].

mod filter;
mod walk;

use outlay_domain::conversion::RateEntry;
use outlay_domain::event::{Event, Subject};
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use outlay_domain::member::Member;
use outlay_domain::money::Currency;
use outlay_domain::policy::Policy;
use outlay_domain::report::{Report, Status};

use self::walk::Walk;
use crate::items::{Task, from_item};
use crate::page::{CursorFault, Page, PageRequest};
use crate::{Store, StoreError, keys};

pub use filter::ReportFilter;

/// A list could not be given.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The cursor is not one of this list.
    #[error(transparent)]
    Cursor(#[from] CursorFault),
    /// The table could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Members, by identifier.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_members(&self, org: OrgId, page: &PageRequest) -> Result<Page<Member>, ListError> {
        self.list(&Walk::of(org, keys::org_partition(org), keys::MEMBERS), page).await
    }

    /// The open tasks of several approvers, the one due first in front, each with the approver it is a task of. What asks more than
    /// one of them is listed once, as the task of the first.
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
        let walk = Walk { partitions, ..Walk::of(org, String::new(), keys::TASKS) };
        let found = self.walk(&walk, page).await?;
        let task = |found: walk::Found| {
            let approver = approvers.get(found.source).copied();
            approver.map(|approver| Ok((approver, from_item(found.item)?)))
        };
        let items = found.items.into_iter().filter_map(task).collect::<Result<_, StoreError>>()?;
        Ok(Page { items, next: found.next })
    }

    /// The history of a report, oldest first.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_events(
        &self,
        org: OrgId,
        report: ReportId,
        page: &PageRequest,
    ) -> Result<Page<Event>, ListError> {
        let partition = keys::subject_partition(org, Subject::Report(report));
        self.list(&Walk::of(org, partition, keys::EVENTS), page).await
    }

    /// Exchange rates by currency and day, of one currency when it is named.
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
        self.list(&Walk::of(org, keys::rates_partition(org), &prefix), page).await
    }

    /// The versions of the policy, newest first.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_policies(&self, org: OrgId, page: &PageRequest) -> Result<Page<Policy>, ListError> {
        let walk = Walk { newest_first: true, ..Walk::of(org, keys::org_partition(org), keys::POLICIES) };
        self.list(&walk, page).await
    }

    /// The reports that a filter lets pass, without their lines: by the last change where it asks for changes since a moment, by
    /// total where it bounds the total, and newest first otherwise.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn list_reports(
        &self,
        org: OrgId,
        filter: &ReportFilter,
        page: &PageRequest,
    ) -> Result<Page<Report>, ListError> {
        self.list(&filter.walk(org), page).await
    }

    /// All reports that are with their approvers, each as it could be read, without their lines. The list may lag behind by a moment.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn submitted(&self, org: OrgId) -> Result<Vec<Result<Report, StoreError>>, ListError> {
        let walk = ReportFilter { status: Some(Status::Submitted), ..ReportFilter::default() }.walk(org);
        let (mut reports, mut page) = (Vec::new(), PageRequest::unseen(100));
        loop {
            let found = self.walk(&walk, &page).await?;
            reports.extend(found.items.into_iter().map(|found| from_item(found.item)));
            match found.next {
                Some(next) => page.cursor = Some(next),
                None => return Ok(reports),
            }
        }
    }
}

#[cfg(test)]
mod tests;
