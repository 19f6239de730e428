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
use outlay_edge::loads::{self, About, Grounds};
use outlay_edge::notices::{distinct, submitted};
use outlay_edge::schedule::{Turn, open_store, serve};
use outlay_store::{CommitError, Store};

async fn handler(store: Arc<Store>, turn: Turn) -> Result<(), Error> {
    let mut outcome = Ok(());
    for org in store.organisations().await? {
        let reports = submitted(&store, org).await?;
        let asked = reports.iter().filter_map(Report::pending_step).flat_map(Step::outstanding);
        let asked = store.members_by_id(org, &distinct(asked.map(|person| person.id))).await?;
        let lost: BTreeSet<MemberId> =
            asked.iter().filter(|member| !member.is_reachable()).map(|member| member.id).collect();
        for report in reports.iter().filter(|report| to_escalate(report, &lost, turn.now).is_some()) {
            // What cannot be done for one report must not keep it from the others; the next turn looks again.
            outcome = outcome.and(one(&store, org, report.id, &lost, turn.now).await);
        }
    }
    outcome
}

/// Has a report ask others, if it still has to: the list it was found by may be behind.
async fn one(store: &Store, org: OrgId, id: ReportId, lost: &BTreeSet<MemberId>, now: Timestamp) -> Result<(), Error> {
    let Some(report) = store.report(org, id).await? else { return Ok(()) };
    let (Some(why), Some(step)) = (to_escalate(&report, lost, now), report.pending_step()) else { return Ok(()) };
    let named: Vec<MemberId> = step.escalates_to.iter().map(|person| person.id).collect();
    let named = store.members_by_id(org, &named).await?;
    let owner = store.member(org, report.owner).await?.ok_or("a report's owner is missing")?;
    let refused = |stop| format!("{id} cannot be escalated: {stop:?}");
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
    serve(open_store, handler).await
}
