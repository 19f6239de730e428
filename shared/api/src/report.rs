//! Reports over the API.

use jiff::Timestamp;
use outlay_domain::change::{Change, MissingItem, NewReport, ReportChange, ReportEdit};
use outlay_domain::comment::Comment;
use outlay_domain::expense::{Expense, ExpenseFacts};
use outlay_domain::ids::MemberId;
use outlay_domain::member::Member;
use outlay_domain::money::{Currency, Money};
use outlay_domain::permission::{CreateForOthers, OrgPermit, ReportAction};
use outlay_domain::policy::{ExpenseField, FindingEffect, Measure, Policy, Severity, Violation};
use outlay_domain::report::{Report, ReportStatus, Totals};
use outlay_domain::step::{Decision, Step, StepReason, StepStatus};
use outlay_domain::text::{CostCentreCode, Title};
use outlay_http::endpoint::Input;
use outlay_http::queries::SubmissionContext;
use outlay_http::request::Caller;
use outlay_http::target::OnReport;
use outlay_http::{ApiError, Context, Endpoint, HandlerResult, Reply, queries};
use outlay_input::FieldErrors;
use outlay_input::parse::optional;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use validator::Validate;

use super::batch::ReimbursementOut;
use super::common::{MoneyDto, PersonOut, time};
use super::expense::{ExpenseIn, ExpenseOut};
use super::policy::ModeDto;

/// Largest number of expenses of a new report.
pub const MAX_NEW_EXPENSES: u64 = outlay_domain::report::MAX_EXPENSES as u64;

/// Report to create.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportIn {
    /// Title; 1 to 200 characters.
    #[schema(example = "Client visit Lyon")]
    pub title: String,
    /// Currency of the report, ISO 4217; the organisation's base currency when absent.
    #[schema(example = "EUR")]
    pub currency: Option<String>,
    /// Owner, `mem_…`; the caller when absent. Finance and admins may create reports for others.
    pub owner_id: Option<String>,
    /// Payee, `mem_…`; the owner when absent.
    pub payee_id: Option<String>,
    /// Code of the cost centre of expenses that name none, 1 to 40 characters; the owner's when absent.
    pub cost_centre: Option<String>,
    /// Expenses; at most 500.
    #[validate(length(max = "MAX_NEW_EXPENSES"), nested)]
    pub expenses: Option<Vec<ExpenseIn>>,
    /// True to submit the report in the same request; false when absent.
    pub submit: Option<bool>,
}

/// Checked [`ReportIn`].
#[derive(Debug)]
pub struct ReportToCreate {
    /// Title.
    pub title: Title,
    /// Currency; the base currency when absent.
    pub currency: Option<Currency>,
    /// Owner; the caller when absent.
    pub owner: Option<MemberId>,
    /// Payee; the owner when absent.
    pub payee: Option<MemberId>,
    /// Cost centre of expenses that name none.
    pub cost_centre: Option<CostCentreCode>,
    /// Expenses.
    pub entries: Vec<ExpenseFacts>,
    /// True to submit the report in the same request.
    pub submit: bool,
}

impl ReportToCreate {
    /// The report in its currency or the base currency. Taxes that were not stated are the categories' defaults.
    #[must_use]
    pub fn new_report(self, base: Currency, policy: &Policy, payee: Option<Member>) -> NewReport {
        NewReport {
            title: self.title,
            currency: self.currency.unwrap_or(base),
            payee,
            cost_centre: self.cost_centre,
            expenses: self.entries.into_iter().map(|entry| entry.with_default_taxes(policy, base)).collect(),
            cloned_from: None,
            submit: self.submit,
        }
    }
}

impl Input for ReportIn {
    type Checked = ReportToCreate;

    fn check(self, now: Timestamp, errors: &mut FieldErrors) -> Option<ReportToCreate> {
        let title = errors.parse("title", self.title);
        let currency = errors.parse_optional("currency", self.currency);
        let owner = optional(self.owner_id, |id| errors.parse_member_id("owner_id", id));
        let payee = optional(self.payee_id, |id| errors.parse_member_id("payee_id", id));
        let cost_centre = errors.parse_optional("cost_centre", self.cost_centre);
        let expenses = self.expenses.unwrap_or_default();
        let entries = errors.each("expenses", expenses, |expense, errors| expense.check(now, errors));
        Some(ReportToCreate {
            title: title?,
            currency: currency?,
            owner: owner?,
            payee: payee?,
            cost_centre: cost_centre?,
            entries: entries?,
            submit: self.submit.unwrap_or(false),
        })
    }

    fn authorize(checked: &ReportToCreate, caller: &Caller) -> Result<(), ApiError> {
        match checked.owner {
            Some(owner) if owner != caller.member.id => caller.permit::<CreateForOthers>().map(|_| ()),
            _ => Ok(()),
        }
    }
}

/// Totals of a report in its currency; `net` + `tax` = `total`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Totals)]
pub struct TotalsOut {
    /// Sum of all expenses, tax included, less refunds.
    pub total: MoneyDto,
    /// Tax within the total.
    pub tax: MoneyDto,
    /// Total without tax.
    pub net: MoneyDto,
    /// Part paid personally that is reimbursed.
    pub reimbursable: MoneyDto,
    /// Part paid personally that is not reimbursed: above a cap, or not granted by an approver. All of it in a rejected
    /// report.
    pub not_reimbursed: MoneyDto,
    /// Part paid by company card that is not granted: the owner owes it to the organisation.
    pub repayable: MoneyDto,
}

impl From<Totals> for TotalsOut {
    fn from(totals: Totals) -> Self {
        Self {
            total: totals.total.into(),
            tax: totals.tax.into(),
            net: totals.net.into(),
            reimbursable: totals.reimbursable.into(),
            not_reimbursed: totals.not_reimbursed.into(),
            repayable: totals.repayable.unwrap_or(Money::zero(totals.total.currency())).into(),
        }
    }
}

/// Limit or actual value: an amount or a number of days.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Measure)]
pub enum MeasureOut {
    /// An amount.
    Money(MoneyDto),
    /// A number of days.
    Days {
        /// The number.
        days: u32,
    },
}

impl From<Measure> for MeasureOut {
    fn from(measure: Measure) -> Self {
        match measure {
            Measure::Money(money) => Self::Money(money.into()),
            Measure::Days { days } => Self::Days { days },
        }
    }
}

/// Violation of a policy rule.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Violation)]
pub struct ViolationOut {
    /// Stable name of the rule.
    #[schema(example = "day-limit")]
    pub rule: &'static str,
    /// Expenses of this report: one, or all that count together.
    pub expense_ids: Vec<String>,
    /// Severity: whether the report could be submitted with it, as the expenses are.
    pub severity: Severity,
    /// Effect that the rule has by the policy. A justification turns neither `warn` nor `block` into another effect.
    pub effect: FindingEffect,
    /// Parameters of the message; their names depend on the rule. Null for a violation stored before there were
    /// parameters.
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<Value>,
    /// English sentence, made from rule and parameters.
    pub message: String,
    /// Highest allowed value, for the rules that have one.
    pub limit: Option<MeasureOut>,
    /// Actual value, for the rules that have a limit.
    pub actual: Option<MeasureOut>,
}

impl From<&Violation> for ViolationOut {
    fn from(violation: &Violation) -> Self {
        Self {
            rule: violation.rule().name(),
            expense_ids: violation.expense_ids.iter().map(ToString::to_string).collect(),
            severity: violation.severity,
            effect: violation.effect(),
            parameters: violation.parameters(),
            message: violation.message().into_owned(),
            limit: violation.limit().map(Into::into),
            actual: violation.actual().map(Into::into),
        }
    }
}

/// Decision on a step.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub struct DecisionOut {
    /// Member who decided.
    pub by: PersonOut,
    /// Approver on whose behalf a delegate decided; null when the approver did.
    pub on_behalf_of: Option<PersonOut>,
    /// Time of the decision, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub at: String,
    /// Comment, or the reason of a return or rejection.
    pub comment: Option<String>,
}

impl From<&Decision> for DecisionOut {
    fn from(decision: &Decision) -> Self {
        let on_behalf_of = decision.on_behalf_of.as_ref().map(Into::into);
        Self {
            by: (&decision.by).into(),
            on_behalf_of,
            at: time(decision.at),
            comment: decision.comment.clone().map(Into::into),
        }
    }
}

/// One reason of a step.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = StepReason)]
pub struct StepReasonOut {
    /// Stable name of the rule.
    #[schema(example = "total-reaches")]
    pub rule: String,
    /// Parameters of the message; their names depend on the rule.
    #[schema(value_type = Object)]
    pub parameters: Value,
    /// English sentence, made from rule and parameters.
    pub message: String,
}

impl From<&StepReason> for StepReasonOut {
    fn from(reason: &StepReason) -> Self {
        let (rule, parameters) = reason.rule_and_parameters();
        Self { rule, parameters, message: reason.to_string() }
    }
}

/// Step of the approval chain.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Step)]
pub struct StepOut {
    /// Position in the chain, from 1.
    pub number: u32,
    /// Name of the step.
    #[schema(example = "Manager")]
    pub name: String,
    /// Status.
    pub status: StepStatus,
    /// Number of approvers who have to agree.
    pub mode: ModeDto,
    /// Number of approvers who still have to agree; 0 once the step is decided.
    pub remaining: usize,
    /// Approvers.
    pub approvers: Vec<PersonOut>,
    /// Reasons why the step applies and how its approvers were found, as one English text.
    pub reason: String,
    /// The same, reason by reason. Empty for a step stored before reasons had parameters.
    pub reasons: Vec<StepReasonOut>,
    /// Due date of the decision, `YYYY-MM-DD`; null until the step is pending.
    #[schema(format = Date)]
    pub due_on: Option<String>,
    /// Approvers who replace those of the step when the decision is overdue.
    pub escalates_to: Vec<PersonOut>,
    /// Decisions, in order.
    pub decisions: Vec<DecisionOut>,
}

impl From<&Step> for StepOut {
    fn from(step: &Step) -> Self {
        Self {
            number: step.number,
            name: step.name.to_string(),
            status: step.status,
            mode: step.mode.into(),
            remaining: if matches!(step.status, StepStatus::Waiting | StepStatus::Pending) {
                step.remaining()
            } else {
                0
            },
            approvers: step.approvers.iter().map(Into::into).collect(),
            reason: step.reasons.message(),
            reasons: step.reasons.list.iter().map(Into::into).collect(),
            due_on: step.due_on.map(|due| due.to_string()),
            escalates_to: step.escalates_to.iter().map(Into::into).collect(),
            decisions: step.decisions.iter().map(Into::into).collect(),
        }
    }
}

/// Report without its expenses, as in lists.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReportSummary)]
pub struct ReportSummaryOut {
    /// Identifier, `rep_…`.
    pub id: String,
    /// Report number for people; not an identifier.
    #[schema(example = "R-2026-7K3F-9QZX")]
    pub number: String,
    /// Status.
    pub status: ReportStatus,
    /// Title.
    pub title: String,
    /// Owner.
    pub owner: PersonOut,
    /// Preparer, who created the report for its owner; null when the owner did.
    pub entered_by: Option<PersonOut>,
    /// Payee; null when it is the owner.
    pub payee: Option<PersonOut>,
    /// Code of the cost centre of expenses that name none.
    pub cost_centre: Option<String>,
    /// Currency of the report, ISO 4217.
    #[schema(example = "EUR")]
    pub currency: String,
    /// Version; grows by one when a member changes the report, and not with comments, inspected receipts and
    /// escalations. In quotes it is an `If-Match`, and the `ETag` begins with it.
    pub version: u64,
    /// Totals in the report's currency. In lists, those of a draft are without caps.
    pub totals: TotalsOut,
    /// Sum of the expenses in the organisation's base currency. Refunds are not subtracted: amount bands and approval
    /// limits compare it.
    pub base_total: MoneyDto,
    /// Number of expenses.
    pub expense_count: usize,
    /// Time of creation, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Time of the last change, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// Time of the last submission, RFC 3339 in UTC; null before the first.
    #[schema(format = DateTime)]
    pub submitted_at: Option<String>,
    /// Payment of the report; null before the first.
    pub reimbursement: Option<ReimbursementOut>,
}

impl ReportSummaryOut {
    /// Summary of a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        Self {
            id: report.id.to_string(),
            number: report.number.clone(),
            status: report.status,
            title: report.title.to_string(),
            owner: PersonOut { id: report.owner.to_string(), name: report.owner_name.to_string() },
            entered_by: report.preparer.as_ref().map(Into::into),
            payee: report.payee.as_ref().map(Into::into),
            cost_centre: report.cost_centre.clone().map(Into::into),
            currency: report.currency.code().to_owned(),
            version: report.version,
            totals: report.effective_totals().into(),
            base_total: report.base_total.into(),
            expense_count: report.expense_count,
            created_at: time(report.created_at),
            updated_at: time(report.updated_at),
            submitted_at: report.submitted_at.map(time),
            reimbursement: report.reimbursement.as_ref().map(Into::into),
        }
    }
}

/// Comment on a report.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Comment)]
pub struct CommentOut {
    /// Author.
    pub by: PersonOut,
    /// Time, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub at: String,
    /// Text.
    pub text: String,
}

impl From<&Comment> for CommentOut {
    fn from(comment: &Comment) -> Self {
        Self { by: (&comment.by).into(), at: time(comment.at), text: comment.text.to_string() }
    }
}

/// Report with its expenses, violations and approval steps.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub struct ReportOut {
    /// Summary.
    #[serde(flatten)]
    pub summary: ReportSummaryOut,
    /// Expenses.
    pub expenses: Vec<ExpenseOut>,
    /// Violations that the policy found at the last submission; in a draft or returned report those that it finds now,
    /// as many as fit into an answer.
    pub violations: Vec<ViolationOut>,
    /// What still stops the submission of a draft or returned report; empty in other states.
    pub missing_items: Vec<MissingItemOut>,
    /// Approval steps since the last submission, in order.
    pub steps: Vec<StepOut>,
    /// Policy version of the last submission.
    pub policy_version: Option<u64>,
    /// Latest comments, oldest first: at most 10, and fewer when they are long. The history has all of them.
    pub comments: Vec<CommentOut>,
}

/// Thing that is missing for the submission of a report.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MissingItem)]
pub struct MissingItemOut {
    /// Stable name: the rule of a violation, or `empty-report`, `periods`, `rate-missing`, `limit` or `maximum`.
    #[schema(example = "receipt-pending")]
    pub rule: &'static str,
    /// Expenses that lack it; none for the report as a whole.
    pub expense_ids: Vec<String>,
    /// Field of the expenses to change; null for the report as a whole.
    #[schema(example = "justification")]
    pub field: Option<&'static str>,
    /// English sentence.
    pub message: String,
}

impl From<&MissingItem> for MissingItemOut {
    fn from(item: &MissingItem) -> Self {
        Self {
            rule: item.rule,
            expense_ids: item.expense_ids.iter().map(ToString::to_string).collect(),
            field: item.field.map(ExpenseField::name),
            message: item.message.clone(),
        }
    }
}

impl ReportOut {
    /// The whole report, as it is stored.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let granted = report.status != ReportStatus::Rejected;
        let expense = |line: &Expense| if granted { line.into() } else { ExpenseOut::not_granted(line) };
        Self {
            summary: ReportSummaryOut::of(report),
            expenses: report.expenses.iter().map(expense).collect(),
            missing_items: Vec::new(),
            violations: report.violations.iter().map(Into::into).collect(),
            steps: report.steps.iter().map(Into::into).collect(),
            policy_version: report.policy_version,
            comments: report.comments.iter().map(Into::into).collect(),
        }
    }
}

/// The report as it is shown to its readers: with the current findings, while it is with its owner.
async fn shown<E: Endpoint>(
    context: &Context<'_, E>,
    report: &Report,
    policy: Option<&Policy>,
    owner: Option<&Member>,
) -> Result<ReportOut, ApiError> {
    if !report.status.is_with_owner() {
        return Ok(ReportOut::of(report));
    }
    let known: Vec<&Member> = owner.into_iter().chain([&context.caller.member]).collect();
    let found = queries::current_findings(context.store(), report, policy, &known, context.today()).await?;
    let missing_items = found.missing_items.iter().map(Into::into).collect();
    Ok(ReportOut { missing_items, ..ReportOut::of(&found.report) })
}

/// Answers to requests on a report.
pub trait ReportReplies {
    /// 200 with the report as it is.
    ///
    /// # Errors
    /// As for [`Reply::new`]; problems of the table.
    fn unchanged(&self, policy: &Policy) -> impl Future<Output = HandlerResult> + Send;

    /// Stores a change and answers with the report after it; 204 when the report is deleted.
    ///
    /// # Errors
    /// As for [`Context::commit`].
    fn commit_report(&self, change: ReportChange) -> impl Future<Output = HandlerResult> + Send;

    /// Stores a submission and answers with the report.
    ///
    /// # Errors
    /// As for [`Context::commit_submission`].
    fn commit_submitted(
        &self,
        submission: &SubmissionContext<'_>,
        change: ReportChange,
        policy: &Policy,
    ) -> impl Future<Output = HandlerResult> + Send;

    /// Stores an edit. A report past draft is evaluated and routed again first.
    ///
    /// # Errors
    /// Those of a submission, and as for [`Context::commit`].
    fn commit_edit(&self, edit: ReportEdit, policy: &Policy) -> impl Future<Output = HandlerResult> + Send;
}

impl<E, A> ReportReplies for Context<'_, E>
where
    A: ReportAction,
    E: Endpoint<Target = OnReport<A>>,
{
    async fn unchanged(&self, policy: &Policy) -> HandlerResult {
        let report = self.report();
        Ok(Reply::ok(&shown(self, report, Some(policy), None).await?)?.version(report.version))
    }

    async fn commit_report(&self, change: ReportChange) -> HandlerResult {
        let reply = reply_with(self, &change, None).await?;
        self.commit(Change::Report(Box::new(change)), reply).await
    }

    async fn commit_edit(&self, edit: ReportEdit, policy: &Policy) -> HandlerResult {
        let edited = match edit {
            ReportEdit::Complete(change) => {
                let reply = reply_with(self, &change, Some(policy)).await?;
                return self.commit(Change::Report(change), reply).await;
            }
            ReportEdit::NeedsResubmission(edited) => edited,
        };
        let submission = self.submission(edited.report(), policy).await?;
        let change = edited.submit(submission.rules(), self.now())?;
        self.commit_submitted(&submission, change, policy).await
    }

    async fn commit_submitted(
        &self,
        submission: &SubmissionContext<'_>,
        change: ReportChange,
        policy: &Policy,
    ) -> HandlerResult {
        let reply = reply_with(self, &change, Some(policy)).await?;
        self.commit_submission(submission, change, reply).await
    }
}

/// 200 with the report after a change; 204 when it is deleted.
async fn reply_with<E: Endpoint>(
    context: &Context<'_, E>,
    change: &ReportChange,
    policy: Option<&Policy>,
) -> Result<Reply, ApiError> {
    if change.deleted {
        return Ok(Reply::no_content());
    }
    let body = shown(context, &change.after, policy, None).await?;
    Ok(Reply::ok(&body)?.version(change.after.version))
}

/// Stores a new report, submitted where there is a submission, and answers 201 with it.
///
/// # Errors
/// As for [`Context::commit`].
pub async fn commit_created_report<E: Endpoint>(
    context: &Context<'_, E>,
    change: ReportChange,
    policy: &Policy,
    owner: &Member,
    submission: Option<&SubmissionContext<'_>>,
) -> HandlerResult {
    let report = &change.after;
    let location = format!("/v1/orgs/{}/reports/{}", report.org, report.id);
    let body = shown(context, report, Some(policy), Some(owner)).await?;
    let reply = Reply::created(&body, location)?.version(report.version);
    match submission {
        Some(submission) => context.commit_submission(submission, change, reply).await,
        None => context.commit(Change::Report(Box::new(change)), reply).await,
    }
}

/// Members other than the caller who take part in a new report.
#[derive(Debug, Default)]
pub struct ReportParticipants {
    /// Owner, when the caller creates the report for another member.
    owner: Option<Member>,
    /// Payee, when it is not the owner.
    payee: Option<Member>,
}

impl ReportParticipants {
    /// Loads the members that a request to create a report names.
    ///
    /// # Errors
    /// 422 for a member who does not exist.
    pub async fn load<E: Endpoint>(context: &Context<'_, E>, request: &ReportToCreate) -> Result<Self, ApiError> {
        Self::load_members(context, request.owner, request.payee).await
    }

    /// Loads owner and payee of a report that is cloned.
    ///
    /// # Errors
    /// Problems of the table.
    pub async fn load_for_clone<E: Endpoint>(context: &Context<'_, E>, report: &Report) -> Result<Self, ApiError> {
        let payee = report.payee.as_ref().map(|payee| payee.id);
        Self::load_members(context, Some(report.owner), payee).await
    }

    async fn load_members<E: Endpoint>(
        context: &Context<'_, E>,
        owner: Option<MemberId>,
        payee: Option<MemberId>,
    ) -> Result<Self, ApiError> {
        let other_owner = owner.filter(|owner| *owner != context.caller.member.id);
        let (owner, payee) = tokio::try_join!(
            context.optional_member(other_owner, "owner_id"),
            context.optional_member(payee, "payee_id")
        )?;
        Ok(Self { owner, payee })
    }

    /// Owner that the caller creates the report for, with the permit to do so; `None` when the caller is the owner.
    ///
    /// # Errors
    /// 403 when the caller must not create reports for others.
    pub fn other_owner<'a>(
        &'a self,
        caller: &'a Caller,
    ) -> Result<Option<(OrgPermit<'a, CreateForOthers>, &'a Member)>, ApiError> {
        let with_permit = |owner| Ok((caller.permit::<CreateForOthers>()?, owner));
        self.owner.as_ref().map(with_permit).transpose()
    }

    /// Owner of the new report.
    #[must_use]
    pub fn owner_or<'a>(&'a self, caller: &'a Caller) -> &'a Member {
        self.owner.as_ref().unwrap_or(&caller.member)
    }

    /// Payee, when it is not the owner.
    #[must_use]
    pub fn payee(&self) -> Option<Member> {
        self.payee.clone()
    }

    /// Loaded members and the caller.
    #[must_use]
    pub fn loaded_members<'a>(&'a self, caller: &'a Caller) -> Vec<&'a Member> {
        self.owner.iter().chain(&self.payee).chain([&caller.member]).collect()
    }
}
