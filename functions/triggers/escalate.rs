//! Scheduled, every 5 minutes: escalates pending steps that are overdue, or whose approvers cannot be reached by mail or
//! can no longer decide, to other approvers. Does not decide. A repeated run changes nothing.

use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::Error;
use outlay_aws::env::{ConfigError, required};
use outlay_domain::change::{Change, can_be_asked, due_escalation, escalate};
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use outlay_domain::member::Member;
use outlay_domain::permission::PendingStep;
use outlay_domain::report::Report;
use outlay_domain::step::Step;
use outlay_http::queries::{self, EscalationContext};
use outlay_store::due_work::ApproverCheck;
use outlay_store::items::Task;
use outlay_store::{CommitError, PageRequest, Store};
use outlay_worker::schedule::serve;
use outlay_worker::{JobContext, PartialFailures, RunResult};

/// Escalations of an organisation in one run, and reports checked for one that is due. The next run, five minutes later,
/// takes more.
const MAX_PER_TURN: usize = 50;

async fn handler(store: Arc<Store>, job: JobContext) -> Result<(), Error> {
    // A failure in one organisation or of one report does not stop the others. The next run retries.
    let orgs = store.organisation_ids().await?;
    job.for_each_tenant(orgs, |org| escalate_organisation(&store, org, &job)).await.into_result()
}

/// Escalates reports of an organisation: those that are overdue, and those of approvers who can no longer decide.
async fn escalate_organisation(store: &Store, org: OrgId, job: &JobContext) -> PartialFailures {
    let mut failures = PartialFailures::default();
    let overdue = failures.record(org, store.reports_to_escalate(org, job.now).await).unwrap_or_default();
    escalate_reports(store, org, overdue, job, &mut failures).await;
    let checks = failures.record(org, store.approver_checks(org).await).unwrap_or_default();
    for check in job.rotated(checks).into_iter().take(MAX_PER_TURN) {
        let checked = check_approver(store, org, &check, job, &mut failures).await;
        failures.record(check.member_id, checked);
    }
    failures
}

/// Escalates reports, of many those that come first in this run. Returns `true` when all were looked at and none failed.
async fn escalate_reports(
    store: &Store,
    org: OrgId,
    reports: Vec<ReportId>,
    job: &JobContext,
    failures: &mut PartialFailures,
) -> bool {
    let mut is_complete = reports.len() <= MAX_PER_TURN;
    for id in job.rotated(reports).into_iter().take(MAX_PER_TURN) {
        let escalated = async {
            job.ensure_time_left()?;
            escalate_report(store, org, id, job.now).await
        };
        is_complete &= failures.record(id, escalated.await).is_some();
    }
    is_complete
}

/// Escalates the reports that wait for a member who cannot decide on them or cannot be mailed. The check is finished when
/// all of them were looked at and none failed.
async fn check_approver(
    store: &Store,
    org: OrgId,
    check: &ApproverCheck,
    job: &JobContext,
    failures: &mut PartialFailures,
) -> Result<(), Error> {
    let member = store.member(org, check.member_id).await?;
    let is_able = |task: &Task| {
        let PendingStep { interested_parties, base_total, .. } = task.pending_step();
        member.as_ref().is_some_and(|member| can_be_asked(member, interested_parties, base_total))
    };
    let (mut affected, mut page) = (Vec::new(), PageRequest::internal(100));
    loop {
        job.ensure_time_left()?;
        let tasks = store.list_tasks(org, &[check.member_id], &page).await?;
        affected.extend(tasks.items.iter().filter(|(_, task)| !is_able(task)).map(|(_, task)| task.report_id));
        page.cursor = tasks.next;
        if page.cursor.is_none() || affected.len() > MAX_PER_TURN {
            break;
        }
    }
    if escalate_reports(store, org, affected, job, failures).await {
        store.finish_approver_check(org, check).await?;
    }
    Ok(())
}

/// Loads the pending approvers of a report.
async fn load_approvers(store: &Store, report: &Report) -> Result<Vec<Member>, Error> {
    let pending = report.pending_step().into_iter().flat_map(Step::pending_approvers);
    let pending: Vec<MemberId> = pending.map(|person| person.id).collect();
    Ok(store.members_by_id(report.org, &pending).await?)
}

/// Escalates a report if its current version requires it: the lists of due work can be stale.
async fn escalate_report(store: &Store, org: OrgId, id: ReportId, now: Timestamp) -> Result<(), Error> {
    let Some(report) = store.report(org, id).await? else { return Ok(()) };
    let approvers = load_approvers(store, &report).await?;
    let (Some((reason, replaced)), Some(step)) = (due_escalation(&report, &approvers, now), report.pending_step())
    else {
        return Ok(());
    };
    let replaced_members: Vec<Member> =
        approvers.iter().filter(|member| replaced.contains(&member.id)).cloned().collect();
    let targets: Vec<MemberId> = step.escalates_to.iter().map(|person| person.id).collect();
    let failed = |error: outlay_http::ApiError| format!("not escalated: {error}");
    let policy = queries::policy(store, org).await.map_err(failed)?;
    let targets = store.members_by_id(org, &targets).await?;
    let context = EscalationContext::load(store, &policy, &report, (reason, &replaced_members), &targets)
        .await
        .map_err(failed)?;
    let from = (reason, replaced.as_slice());
    let escalated = escalate(&report, from, &replaced_members, &targets, &policy, &context.people, now);
    let Some(change) = escalated.map_err(|error| failed(error.into()))? else { return Ok(()) };
    match store.commit(&[Change::Report(Box::new(change))], None).await {
        // A concurrent request, such as a decision, changed the report first. The next run checks the report again.
        Ok(()) | Err(CommitError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn open_store(sdk: &SdkConfig) -> Result<Store, ConfigError> {
    Ok(Store::connect(sdk, &required("TABLE_NAME")?))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(open_store, handler).await
}
