//! Dry runs of the policy over the API: of one report, or of the real reports of the last ninety days. Nothing here writes.

use futures_util::future::try_join_all;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use outlay_domain::change::{Assessment, Outcome, assess, create, today};
use outlay_domain::ids::ReportId;
use outlay_domain::money::Currency;
use outlay_domain::permission::{CreateReport, Read, TryPolicy, permit};
use outlay_domain::policy::Policy;
use outlay_domain::report::{Report, totals};
use outlay_store::{Page, PageRequest, ReportFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::MoneyIo;
use super::expense::ExpenseOut;
use super::policy::PolicyIn;
use super::report::{ReportIn, ReportSummaryOut, ReportToCreate, StepOut, TotalsOut, ViolationOut};
use crate::call::{Call, Caller, Input};
use crate::fault::Faults;
use crate::loads::{self, About, Grounds, Named};
use crate::problem::Problem;
use crate::reply::Stop;

/// Real reports a policy is tried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Those submitted in the last ninety days.
    Last90Days,
}

/// The most past reports of one answer: each costs a handful of reads.
const MOST_PAST: i32 = 20;

/// What to check.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckIn {
    /// A report as it would be created.
    #[validate(nested)]
    pub report: Option<ReportIn>,
    /// A report that is there, `rep_…`.
    pub report_id: Option<String>,
    /// A policy to try; the one in force when absent.
    #[validate(nested)]
    pub policy: Option<PolicyIn>,
}

/// A checked [`CheckIn`].
#[derive(Debug)]
pub struct Check {
    report: Option<ReportToCreate>,
    report_id: Option<ReportId>,
    /// The policy to try.
    pub policy: Option<Policy>,
}

impl Input for CheckIn {
    type Checked = Check;

    fn check(self, now: Timestamp, faults: &mut Faults) -> Option<Check> {
        let report = self.report.map(|report| faults.at("report", |faults| report.check(now, faults)));
        let policy = self.policy.map(|policy| faults.at("policy", |faults| policy.check(now, faults)));
        let report_id = self.report_id.map(|id| {
            let id = id.parse().ok();
            if id.is_none() {
                faults.note("report_id", "unknown-report", "Must be the identifier of a report.");
            }
            id
        });
        let unwrap = |report: Option<Option<_>>| report.map_or(Some(None), |report| report.map(Some));
        let policy = policy.map_or(Some(None), |policy| policy.map(Some))?;
        Some(Check { report: unwrap(report)?, report_id: report_id.map_or(Some(None), |id| id.map(Some))?, policy })
    }
}

impl Check {
    /// The check, if it makes sense and the caller may ask for it.
    ///
    /// # Errors
    /// 403 for a policy that is not in force, or past reports, without the right; 422 when it is not exactly one thing.
    pub fn by(self, caller: &Caller, against: Option<Against>) -> Result<Self, Stop> {
        if against.is_some() || self.policy.is_some() {
            caller.permit::<TryPolicy>()?;
        }
        let subjects = [self.report.is_some(), self.report_id.is_some(), against.is_some()];
        if subjects.iter().filter(|there| **there).count() != 1 {
            let mut faults = Faults::default();
            faults.note("", "subject", "Give a report, or a report_id, or against=last_90_days in the query.");
            return Err(Problem::invalid(faults).into());
        }
        Ok(self)
    }
}

/// What would become of a report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub struct CheckOut {
    /// `submitted` with steps, `approved` at once, `blocked` by a violation, or `no-approver`.
    #[schema(example = "submitted")]
    pub outcome: &'static str,
    /// With `no-approver`: the name of the step nobody can approve. With `approved`: the amount the total is below.
    pub because: Option<String>,
    /// What it would add up to, caps included.
    pub totals: TotalsOut,
    /// The total in the base currency, by which steps apply.
    pub base_total: MoneyIo,
    /// The lines, with what would be granted of each.
    pub expenses: Vec<ExpenseOut>,
    /// What the policy finds.
    pub violations: Vec<ViolationOut>,
    /// The approval steps, each with its reason.
    pub steps: Vec<StepOut>,
}

fn shown(report: &Report, assessment: &Assessment) -> Result<CheckOut, Stop> {
    let (outcome, because, steps) = match &assessment.outcome {
        Outcome::Steps(steps) => ("submitted", None, steps.as_slice()),
        Outcome::Approved { below } => ("approved", Some(below.to_string()), &[][..]),
        Outcome::Blocked => ("blocked", None, &[][..]),
        Outcome::NoApprover { step } => ("no-approver", Some(step.clone()), &[][..]),
    };
    let totals = totals(report.currency, &assessment.lines).map_err(Problem::internal)?;
    Ok(CheckOut {
        outcome,
        because,
        totals: totals.into(),
        base_total: report.base_total.into(),
        expenses: assessment.lines.iter().map(Into::into).collect(),
        violations: assessment.violations.iter().map(Into::into).collect(),
        steps: steps.iter().map(Into::into).collect(),
    })
}

/// A dry run of one report.
///
/// # Errors
/// 404 when there is no such report for the caller; what creating it would be refused for.
pub async fn assess_report(
    call: &Call,
    caller: &Caller,
    wanted: Check,
    policy: Policy,
    base: Currency,
) -> Result<CheckOut, Stop> {
    let (store, org) = (call.store(), caller.member.org);
    let report = match (wanted.report, wanted.report_id) {
        (Some(report), _) => {
            as_created(call, caller, report, &policy, base).await.map_err(|stop| stop.beneath("report"))?
        }
        (None, Some(id)) => {
            let report = store.report(org, id).await?.ok_or_else(Problem::not_found)?;
            permit::<Read>(&caller.member, &report, call.today())?;
            report
        }
        (None, None) => return Err(Problem::internal("a check without a subject").into()),
    };
    let about = About::report(&report, &[], &caller.member, call.today());
    let mut grounds = Grounds::load(store, policy, about).await?;
    if report.status.is_claimed() {
        grounds.spending = grounds.spending.before(report.id);
    }
    let assessment = loads::decide(store, grounds, |rules| assess(&report, rules, call.today())).await?;
    shown(&report, &assessment)
}

/// A report as it would be created.
async fn as_created(
    call: &Call,
    caller: &Caller,
    report: ReportToCreate,
    policy: &Policy,
    base: Currency,
) -> Result<Report, Stop> {
    let named = Named::read(call, caller, &report).await?;
    let new = report.new_report(base, policy, named.payee());
    let rates = loads::rates(call.store(), caller.member.org, base, new.currency, &new.expenses).await?;
    let permit = caller.permit::<CreateReport>()?;
    Ok(create(permit, named.for_other(caller)?, new, &rates, &mut call.seed(), call.now())?.after)
}

/// What a policy would have meant for a past report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PastCheck)]
pub struct PastOut {
    /// The report as it is.
    pub report: ReportSummaryOut,
    /// The policy version it was judged by.
    pub policy_version: Option<u64>,
    /// How many findings there were.
    pub violations_before: usize,
    /// The names of its steps.
    pub steps_before: Vec<String>,
    /// What the policy would have said on the day it was submitted, after the reports created before it, with the people of today.
    pub check: CheckOut,
    /// Whether findings or steps would have differed.
    pub differs: bool,
}

/// A dry run of a page of the reports that were submitted in the last ninety days.
///
/// # Errors
/// Problems of the table.
pub async fn assess_past(
    call: &Call,
    caller: &Caller,
    policy: &Policy,
    base: Currency,
    page: &PageRequest,
) -> Result<Page<PastOut>, Stop> {
    let (store, org) = (call.store(), caller.member.org);
    let since = call.now() - SignedDuration::from_hours(90 * 24);
    // From midnight on, so that the next page, which is asked for later, is one of the same list.
    let since = today(since).to_zoned(TimeZone::UTC).map_or(since, |midnight| midnight.timestamp());
    let filter = ReportFilter { updated_since: Some(since), ..ReportFilter::default() };
    let page = PageRequest { limit: page.limit.min(MOST_PAST), ..page.clone() };
    let heads = store.list_reports(org, &filter, &page).await?;
    let submitted = heads.items.iter().filter(|head| head.submitted_at.is_some_and(|at| at >= since));
    let one = |head: &Report| {
        let (id, at) = (head.id, head.submitted_at.unwrap_or(head.created_at));
        async move {
            let Some(report) = store.report(org, id).await? else { return Ok::<_, Stop>(None) };
            let day = today(at);
            let buckets = outlay_domain::spending::Spending::keys(&report.expenses);
            let concerned = report.concerned().collect();
            let about = About { org, base, concerned, caller: &caller.member, buckets, today: day };
            let mut grounds = Grounds::load(store, policy.clone(), about).await?;
            grounds.spending = grounds.spending.before(id);
            let assessment = loads::decide(store, grounds, |rules| assess(&report, rules, day)).await?;
            past(&report, &assessment).map(Some)
        }
    };
    let items = try_join_all(submitted.map(one)).await?;
    Ok(Page { items: items.into_iter().flatten().collect(), next: heads.next })
}

fn past(report: &Report, assessment: &Assessment) -> Result<PastOut, Stop> {
    let check = shown(report, assessment)?;
    let steps_before: Vec<String> = report.steps.iter().map(|step| step.name.clone()).collect();
    let found = |violations: &[outlay_domain::policy::Violation]| {
        violations.iter().map(|found| (found.rule, found.expense_ids.clone())).collect::<Vec<_>>()
    };
    let same_steps = steps_before.iter().eq(check.steps.iter().map(|step| &step.name));
    Ok(PastOut {
        report: ReportSummaryOut::of(report),
        policy_version: report.policy_version,
        violations_before: report.violations.len(),
        differs: !same_steps || found(&report.violations) != found(&assessment.violations),
        steps_before,
        check,
    })
}
