//! Scheduled, every 5 minutes: escalates pending steps that are overdue, or whose approvers cannot be reached by mail,
//! to other approvers. Does not decide. A repeated run changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_config::SdkConfig;
use jiff::Timestamp;
use lambda_runtime::Error;
use outlay_aws::env::{ConfigError, required};
use outlay_domain::change::{Change, due_escalation, escalate, today};
use outlay_domain::ids::{MemberId, OrgId, ReportId};
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
        let due = find_due(&store, org, job.now, &mut failures).await;
        let Some((reports, unreachable)) = failures.record(org, due) else { continue };
        for report in reports {
            job.ensure_time_left()?;
            failures.record(report, escalate_report(&store, org, report, &unreachable, job.now).await);
        }
    }
    failures.into_result()
}

/// Finds reports whose pending step is to be escalated, and approvers whose mail bounces.
async fn find_due(
    store: &Store,
    org: OrgId,
    now: Timestamp,
    failures: &mut PartialFailures,
) -> Result<(Vec<ReportId>, BTreeSet<MemberId>), Error> {
    let reports = failures.record_all(org, store.submitted_reports(org).await?);
    let pending = reports.iter().filter_map(Report::pending_step).flat_map(Step::pending_approvers);
    let pending: Vec<MemberId> = pending.map(|person| person.id).collect();
    let approvers = store.members_by_id(org, &pending).await?;
    let unreachable = approvers.iter().filter(|member| !member.is_reachable()).map(|member| member.id).collect();
    let due = reports.iter().filter(|report| due_escalation(report, &unreachable, now).is_some());
    Ok((due.map(|report| report.id).collect(), unreachable))
}

/// Escalates a report if its current version still requires it: the index that lists reports can be stale.
async fn escalate_report(
    store: &Store,
    org: OrgId,
    id: ReportId,
    unreachable: &BTreeSet<MemberId>,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(report) = store.report(org, id).await? else { return Ok(()) };
    let (Some((reason, replaced)), Some(step)) = (due_escalation(&report, unreachable, now), report.pending_step())
    else {
        return Ok(());
    };
    let targets: Vec<MemberId> = step.escalates_to.iter().map(|person| person.id).collect();
    let failed = |error: outlay_http::ApiError| format!("not escalated: {error}");
    let policy = queries::policy(store, org).await.map_err(failed)?;
    let targets = store.members_by_id(org, &targets).await?;
    let context =
        EscalationContext::load(store, &policy, &report, reason, &targets, today(now)).await.map_err(failed)?;
    let escalated = escalate(&report, (reason, &replaced), &targets, &policy, &context.people, now);
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
