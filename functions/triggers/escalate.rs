//! Scheduled, every 5 minutes: escalates pending steps that are overdue, or whose approvers cannot be reached by mail or
//! can no longer decide, to other approvers. Does not decide. A repeated run changes nothing.

use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::Error;
use outlay_aws::env::{ConfigError, required};
use outlay_domain::change::{Change, due_escalation, escalate};
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use outlay_domain::member::Member;
use outlay_domain::report::Report;
use outlay_domain::step::Step;
use outlay_http::queries::{self, EscalationContext};
use outlay_store::{CommitError, Store};
use outlay_worker::schedule::serve;
use outlay_worker::{JobContext, PartialFailures, RunResult};

async fn handler(store: Arc<Store>, job: JobContext) -> Result<(), Error> {
    // A failure in one organisation or of one report does not stop the others. The next run retries.
    let mut failures = PartialFailures::default();
    for org in job.rotated(store.organisation_ids().await?) {
        job.ensure_time_left()?;
        let done = escalate_organisation(&store, org, &job, &mut failures).await;
        failures.record(org, done);
    }
    failures.into_result()
}

/// Escalates the reports of an organisation that need it, page by page: memory does not grow with their number.
async fn escalate_organisation(
    store: &Store,
    org: OrgId,
    job: &JobContext,
    failures: &mut PartialFailures,
) -> Result<(), Error> {
    let mut cursor = None;
    loop {
        let page = store.submitted_reports(org, cursor).await?;
        let reports = failures.record_all(org, page.items);
        let approvers = load_approvers(store, org, &reports).await?;
        for report in reports.iter().filter(|report| due_escalation(report, &approvers, job.now).is_some()) {
            job.ensure_time_left()?;
            failures.record(report.id, escalate_report(store, org, report.id, job.now).await);
        }
        if page.next.is_none() {
            return Ok(());
        }
        cursor = page.next;
    }
}

/// Loads the pending approvers of reports.
async fn load_approvers(store: &Store, org: OrgId, reports: &[Report]) -> Result<Vec<Member>, Error> {
    let pending = reports.iter().filter_map(Report::pending_step).flat_map(Step::pending_approvers);
    let pending: Vec<MemberId> = pending.map(|person| person.id).collect();
    Ok(store.members_by_id(org, &pending).await?)
}

/// Escalates a report if its current version still requires it: the index that lists reports can be stale.
async fn escalate_report(store: &Store, org: OrgId, id: ReportId, now: Timestamp) -> Result<(), Error> {
    let Some(report) = store.report(org, id).await? else { return Ok(()) };
    let approvers = load_approvers(store, org, std::slice::from_ref(&report)).await?;
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
