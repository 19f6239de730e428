//! Dry runs of a policy over the API: on one report, or on the reports of the last 90 days. Nothing here may write.

use futures_util::future::try_join_all;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use outlay_domain::change::{Assessment, SubmissionOutcome, assess, create_report, today};
use outlay_domain::ids::ReportId;
use outlay_domain::money::Currency;
use outlay_domain::permission::{CreateReport, Read, SimulatePolicy, permit};
use outlay_domain::policy::Policy;
use outlay_domain::report::{Report, compute_base_total, compute_totals};
use outlay_http::endpoint::Input;
use outlay_http::queries::SubmissionContext;
use outlay_http::request::Caller;
use outlay_http::{ApiError, Context, Endpoint, Problem, queries};
use outlay_input::FieldErrors;
use outlay_input::parse::optional;
use outlay_store::{Page, PageRequest, ReportFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::common::MoneyDto;
use super::expense::ExpenseOut;
use super::policy::PolicyIn;
use super::report::{ReportIn, ReportParticipants, ReportSummaryOut, ReportToCreate, StepOut, TotalsOut, ViolationOut};

/// Stored reports that a policy is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Reports submitted in the last 90 days.
    Last90Days,
}

/// Largest number of past reports in one answer. Each takes several reads.
const MAX_PAST_REPORTS: i32 = 20;

/// Subject of a dry run: a report to create, a stored report, or the past reports; and the policy to try.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckIn {
    /// Report as it would be created.
    #[validate(nested)]
    pub report: Option<ReportIn>,
    /// Stored report, `rep_…`.
    pub report_id: Option<String>,
    /// Policy to try; the policy in force when absent.
    #[validate(nested)]
    pub policy: Option<PolicyIn>,
}

/// Checked [`CheckIn`].
#[derive(Debug)]
pub struct Check {
    report: Option<ReportToCreate>,
    report_id: Option<ReportId>,
    /// Policy to try.
    pub policy: Option<Policy>,
}

impl Input for CheckIn {
    type Checked = Check;

    fn check(self, now: Timestamp, errors: &mut FieldErrors) -> Option<Check> {
        let report = optional(self.report, |report| errors.within("report", |errors| report.check(now, errors)));
        let policy = optional(self.policy, |policy| errors.within("policy", |errors| policy.check(now, errors)));
        let report_id = optional(self.report_id, |id| {
            errors.require("report_id", id.parse().ok(), "unknown-report", "Must be the identifier of a report.")
        });
        Some(Check { report: report?, report_id: report_id?, policy: policy? })
    }
}

impl Check {
    /// Requires exactly one subject, and the caller's permission for it.
    ///
    /// # Errors
    /// 403 for a policy to try or past reports without the permission; 422 for no subject or several.
    pub fn permitted_for(self, caller: &Caller, against: Option<Against>) -> Result<Self, ApiError> {
        if against.is_some() || self.policy.is_some() {
            caller.permit::<SimulatePolicy>()?;
        }
        let subjects = [self.report.is_some(), self.report_id.is_some(), against.is_some()];
        if subjects.iter().filter(|given| **given).count() != 1 {
            let detail = "Give exactly one of report, report_id, and against=last_90_days in the query.";
            return Err(FieldErrors::one("", "subject", detail).into());
        }
        Ok(self)
    }
}

/// Result of a dry run on a report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub struct CheckOut {
    /// Outcome of a submission: `submitted`, `approved` (automatically), `blocked` (by a violation), `no-approver`, or
    /// `payee-is-approver` (the payee would have to approve).
    #[schema(example = "submitted")]
    pub outcome: &'static str,
    /// With `no-approver`, the name of the step without approvers; with `approved`, the amount that the total is below.
    pub because: Option<String>,
    /// Totals, with caps applied.
    pub totals: TotalsOut,
    /// Total in the base currency, which conditions of steps compare.
    pub base_total: MoneyDto,
    /// Expenses, with the amount that would be granted of each.
    pub expenses: Vec<ExpenseOut>,
    /// Violations that the policy finds.
    pub violations: Vec<ViolationOut>,
    /// Approval steps, in order.
    pub steps: Vec<StepOut>,
}

fn shown(report: &Report, assessment: &Assessment) -> Result<CheckOut, ApiError> {
    let (outcome, because, steps) = match &assessment.outcome {
        SubmissionOutcome::Steps(steps) => ("submitted", None, steps.as_slice()),
        SubmissionOutcome::Approved { below } => ("approved", Some(below.to_string()), &[][..]),
        SubmissionOutcome::Blocked => ("blocked", None, &[][..]),
        SubmissionOutcome::PayeeIsApprover => ("payee-is-approver", None, &[][..]),
        SubmissionOutcome::NoApprover { step } => ("no-approver", Some(step.clone()), &[][..]),
    };
    let totals = compute_totals(report.currency, &assessment.lines).map_err(Problem::internal)?;
    let base_total = compute_base_total(report.base_total.currency(), &assessment.lines).map_err(Problem::internal)?;
    Ok(CheckOut {
        outcome,
        because,
        totals: totals.into(),
        base_total: base_total.into(),
        expenses: assessment.lines.iter().map(Into::into).collect(),
        violations: assessment.violations.iter().map(Into::into).collect(),
        steps: steps.iter().map(Into::into).collect(),
    })
}

/// Dry-runs the policy on one report.
///
/// # Errors
/// 404 when there is no such report that the caller may read; errors of the report's creation.
pub async fn assess_report<E: Endpoint>(
    context: &Context<'_, E>,
    wanted: Check,
    policy: &Policy,
    base: Currency,
) -> Result<CheckOut, ApiError> {
    let (store, caller) = (context.store(), context.caller);
    let report = match (wanted.report, wanted.report_id) {
        (Some(report), _) => {
            as_created(context, report, policy, base).await.map_err(|error| error.prefixed("report"))?
        }
        (None, Some(id)) => {
            let report = store.report(context.org(), id).await?.ok_or_else(Problem::not_found)?;
            permit::<Read>(&caller.member, &report, context.today())?;
            report
        }
        (None, None) => return Err(Problem::internal("a check without a subject").into()),
    };
    let mut submission = SubmissionContext::load(store, policy, &report, &[&caller.member], context.today()).await?;
    if report.status.is_claimed() {
        submission.spending = submission.spending.claimed_before(report.id);
    }
    shown(&report, &assess(&report, submission.rules(), context.today())?)
}

/// Builds the report as it would be created.
async fn as_created<E: Endpoint>(
    context: &Context<'_, E>,
    report: ReportToCreate,
    policy: &Policy,
    base: Currency,
) -> Result<Report, ApiError> {
    let caller = context.caller;
    let participants = ReportParticipants::load(context, &report).await?;
    let new = report.new_report(base, policy, participants.payee());
    let rates = queries::rates(context.store(), context.org(), base, new.currency, &new.expenses).await?;
    let permit = caller.permit::<CreateReport>()?;
    Ok(create_report(permit, participants.other_owner(caller)?, new, &rates, &mut context.ids(), context.now())?.after)
}

/// Result of a dry run on a past report, compared with its submission.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PastCheck)]
pub struct PastOut {
    /// Report as it is now.
    pub report: ReportSummaryOut,
    /// Policy version of the last submission.
    pub policy_version: Option<u64>,
    /// Number of violations at the last submission.
    pub violations_before: usize,
    /// Names of the steps of the last submission.
    pub steps_before: Vec<String>,
    /// Result for the day of the submission, after the reports created before it, with the members of today.
    pub check: CheckOut,
    /// True when violations or steps differ.
    pub differs: bool,
}

/// Dry-runs the policy on a page of the reports that were submitted in the last 90 days.
///
/// # Errors
/// Problems of the store.
pub async fn assess_past<E: Endpoint>(
    context: &Context<'_, E>,
    policy: &Policy,
    page: &PageRequest,
) -> Result<Page<PastOut>, ApiError> {
    let (store, org) = (context.store(), context.org());
    let since = context.now() - SignedDuration::from_hours(90 * 24);
    // From midnight on, so that a later request for the next page reads the same list.
    let since = today(since).utc().to_zoned(TimeZone::UTC).map_or(since, |midnight| midnight.timestamp());
    let filter = ReportFilter { updated_since: Some(since), ..ReportFilter::default() };
    let page = PageRequest { limit: page.limit.min(MAX_PAST_REPORTS), ..page.clone() };
    let heads = store.list_reports(org, &filter, &page).await?;
    let submitted = heads.items.iter().filter(|head| head.submitted_at.is_some_and(|at| at >= since));
    let one = |head: &Report| {
        let (id, at) = (head.id, head.submitted_at.unwrap_or(head.created_at));
        async move {
            let Some(report) = store.report(org, id).await? else { return Ok::<_, ApiError>(None) };
            let day = today(at);
            let mut submission =
                SubmissionContext::load(store, policy, &report, &[&context.caller.member], day).await?;
            submission.spending = submission.spending.claimed_before(id);
            past(&report, &assess(&report, submission.rules(), day)?).map(Some)
        }
    };
    let items = try_join_all(submitted.map(one)).await?;
    Ok(Page { items: items.into_iter().flatten().collect(), next: heads.next, passed_over: heads.passed_over })
}

fn past(report: &Report, assessment: &Assessment) -> Result<PastOut, ApiError> {
    let check = shown(report, assessment)?;
    let steps_before: Vec<String> = report.steps.iter().map(|step| step.name.to_string()).collect();
    let found = |violations: &[outlay_domain::policy::Violation]| {
        violations.iter().map(|found| (found.rule(), found.expense_ids.clone())).collect::<Vec<_>>()
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
