//! On a schedule: steps that nobody decides in time, or whose approver mail does not reach, ask others. It decides nothing in anybody's
//! place, and run again it finds nothing left to do.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use lambda_runtime::Error;
use outlay_domain::change::{Change, escalate, to_escalate, today};
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use outlay_domain::report::Report;
use outlay_domain::route::Step;
use outlay_edge::boot;
use outlay_edge::loads::{self, About, Grounds};
use outlay_edge::notices::{distinct, submitted};
use outlay_edge::reply::Stop;
use outlay_edge::run::{Run, Tally};
use outlay_edge::schedule::serve;
use outlay_store::{CommitError, Store};

async fn handler(store: Arc<Store>, run: Run) -> Result<(), Error> {
    // What cannot be done for one organisation, or one report, must not keep it from the others; the next turn looks again.
    let mut tally = Tally::default();
    for org in run.in_turn(store.organisations().await?) {
        let due = due(&store, org, run.now, &mut tally).await;
        let Some((due, lost)) = tally.note(org, due) else { continue };
        for report in due {
            run.in_time()?;
            tally.note(report, one(&store, org, report, &lost, run.now).await);
        }
    }
    tally.outcome()
}

/// The reports whose step is to ask others, and those asked whom mail does not reach.
async fn due(
    store: &Store,
    org: OrgId,
    now: Timestamp,
    tally: &mut Tally,
) -> Result<(Vec<ReportId>, BTreeSet<MemberId>), Error> {
    let reports = submitted(store, org, tally).await?;
    let asked = reports.iter().filter_map(Report::pending_step).flat_map(Step::outstanding);
    let asked = store.members_by_id(org, &distinct(asked.map(|person| person.id))).await?;
    let lost = asked.iter().filter(|member| !member.is_reachable()).map(|member| member.id).collect();
    let due = reports.iter().filter(|report| to_escalate(report, &lost, now).is_some());
    Ok((due.map(|report| report.id).collect(), lost))
}

/// Has a report ask others, if it still has to: the list it was found by may be behind.
async fn one(store: &Store, org: OrgId, id: ReportId, lost: &BTreeSet<MemberId>, now: Timestamp) -> Result<(), Error> {
    let Some(report) = store.report(org, id).await? else { return Ok(()) };
    let (Some(why), Some(step)) = (to_escalate(&report, lost, now), report.pending_step()) else { return Ok(()) };
    let named: Vec<MemberId> = step.escalates_to.iter().map(|person| person.id).collect();
    let named = store.members_by_id(org, &named).await?;
    let owner = store.member(org, report.owner).await?.ok_or("its owner is missing")?;
    let refused = |stop: Stop| format!("it cannot ask others: {stop}");
    let policy = loads::policy(store, org).await.map_err(refused)?;
    let about = About::report(&report, &[], &owner, today(now));
    let grounds = Grounds::load(store, policy, about).await.map_err(refused)?;
    let ask = |rules: outlay_domain::change::Rules<'_>| {
        escalate(&report, (why.0, &why.1), &named, rules.policy, rules.people, now)
    };
    let Some(change) = loads::decide(store, grounds, ask).await.map_err(refused)? else { return Ok(()) };
    match store.commit(&[Change::Report(Box::new(change))], None).await {
        // Somebody has decided meanwhile.
        Ok(()) | Err(CommitError::Stale) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    serve(boot::store, handler).await
}
