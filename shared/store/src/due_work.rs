//! Work that is due: reports to escalate, approvers with due tasks, and members whose tasks must be checked. Each is
//! found by its own sparse list, so a run costs what is due and not what is there. This file does not decide what is due.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use serde::{Deserialize, Serialize};

use crate::attributes::{Item, text, text_of};
use crate::client::Store;
use crate::error::StoreError;
use crate::integrity::Stored;
use crate::items::{Task, from_item, to_item};
use crate::keys::{self, MAX_SORT_KEY, MIN_SORT_KEY};
use crate::page::{ListError, Page, PageRequest};

/// Most entries of a list of due work that one run reads of an organisation.
const MAX_DUE: i32 = 1000;

/// Request to check whether a member can still decide on the reports that wait for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApproverCheck {
    /// The member.
    pub member_id: MemberId,
    /// Time of the request. Distinguishes it from a later one.
    pub requested_at: Timestamp,
}

impl Stored for ApproverCheck {
    // It only points to the member.
    const HAS_DIGEST: bool = false;
}

impl Store {
    /// Lists the reports whose pending step is overdue and has somebody to escalate to, longest overdue first; at most
    /// 1,000. The list may lag behind the last change.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn reports_to_escalate(&self, org: OrgId, now: Timestamp) -> Result<Vec<ReportId>, StoreError> {
        let until = format!("{}{MAX_SORT_KEY}", keys::sortable_timestamp(now));
        let request = self.query_due(&keys::escalations_partition(org), MIN_SORT_KEY, &until);
        let items = request.limit(MAX_DUE).send().await?.items.unwrap_or_default();
        let report = |item: &Item| text_of(item, keys::WORK_DUE.sk)?.rsplit('#').next()?.parse().ok();
        Ok(items.iter().filter_map(report).collect())
    }

    /// Lists the approvers with a task that is due on a day or before. Reads one entry for each approver with dated
    /// tasks. The list may lag behind the last change.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn approvers_with_due_tasks(&self, org: OrgId, latest: Date) -> Result<Vec<MemberId>, StoreError> {
        let partition = keys::due_tasks_partition(org);
        let (mut approvers, mut from) = (Vec::new(), MIN_SORT_KEY.to_owned());
        loop {
            let output = self.query_due(&partition, &from, MAX_SORT_KEY).limit(1).send().await?;
            let first = output.items.unwrap_or_default().into_iter().next();
            let Some((approver, due_on)) = first.as_ref().and_then(approver_and_due_day) else { return Ok(approvers) };
            if due_on <= latest {
                approvers.push(approver);
            }
            // The next approver: behind all tasks of this one.
            from = format!("{approver}#{MAX_SORT_KEY}");
        }
    }

    /// Lists the tasks of a member that are due on a day or before, earliest first, one page at a time.
    ///
    /// # Errors
    /// [`ListError`]
    pub async fn due_tasks(
        &self,
        org: OrgId,
        approvers: &[MemberId],
        latest: Date,
        page: &PageRequest,
    ) -> Result<Page<Task>, ListError> {
        let mut found = self.list_tasks(org, approvers, page).await?;
        let listed = found.items.len();
        found.items.retain(|(_, task)| task.due_on.is_some_and(|due_on| due_on <= latest));
        // Tasks are sorted by due date: behind one that is not due yet, none is.
        let next = found.next.filter(|_| found.items.len() == listed);
        let items: Vec<Task> = found.items.into_iter().map(|(_, task)| task).collect();
        Ok(Page { items, next, passed_over: found.passed_over })
    }

    /// Lists the checks of members that were requested and not finished; at most 1,000.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn approver_checks(&self, org: OrgId) -> Result<Vec<ApproverCheck>, StoreError> {
        let request = self.query_range(&keys::approver_checks_partition(org), MIN_SORT_KEY, MAX_SORT_KEY);
        let items = request.limit(MAX_DUE).send().await?.items.unwrap_or_default();
        items.into_iter().map(from_item).collect()
    }

    /// Requests the check of a member's tasks.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a requested check tracks work, it is no decision of the domain")]
    pub async fn request_approver_check(&self, org: OrgId, check: &ApproverCheck) -> Result<(), StoreError> {
        let item = to_item(&keys::approver_check(org, check.member_id), "approver_check", check)?;
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// Deletes a finished check, unless it was requested again.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn finish_approver_check(&self, org: OrgId, check: &ApproverCheck) -> Result<(), StoreError> {
        let key = keys::approver_check(org, check.member_id);
        self.delete_work_item(&key, ("requested_at = :value", text(check.requested_at.to_string()))).await
    }

    /// Creates a query of `WorkDue` between two sort keys (inclusive).
    fn query_due(&self, partition: &str, from: &str, to: &str) -> QueryFluentBuilder {
        let request = self.client.query().table_name(&self.table).index_name(keys::WORK_DUE.name);
        request
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .expression_attribute_names("#pk", keys::WORK_DUE.pk)
            .expression_attribute_names("#sk", keys::WORK_DUE.sk)
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
    }
}

/// Approver and due day of an entry of `WorkDue`.
fn approver_and_due_day(item: &Item) -> Option<(MemberId, Date)> {
    let mut parts = text_of(item, keys::WORK_DUE.sk)?.split('#');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
