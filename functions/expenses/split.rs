//! `POST /v1/orgs/{org}/reports/{report}/expenses/{expense}/split`: replaces an expense with several that add up
//! to it.

use outlay_api::common::{ExpensePath, MoneyDto};
use outlay_api::expense::{MAX_ATTENDEES, require_positive, require_tax_within};
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::{SplitPart, split_expense};
use outlay_domain::permission::Edit;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Parts that replace an expense.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct SplitIn {
    /// Parts, 2 to 50. Their amounts add up to the amount of the expense.
    #[validate(length(min = 2, max = 50), nested)]
    parts: Vec<PartIn>,
}

/// Part of an expense.
#[derive(Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct PartIn {
    /// Amount, tax included, in the currency of the expense.
    amount: MoneyDto,
    /// Tax within the amount. Parts without `tax` share the remaining tax of the expense, in proportion to
    /// their amounts.
    tax: Option<MoneyDto>,
    /// Code of a category of the policy; that of the expense when absent.
    category: Option<String>,
    /// Purpose, 1 to 2000 characters; the note of the expense when absent.
    note: Option<String>,
    /// Cost centre, 1 to 40 characters; that of the expense when absent.
    cost_centre: Option<String>,
    /// Project, 1 to 40 characters; that of the expense when absent.
    project: Option<String>,
    /// Attendees, at most 50 names of at most 200 characters; those of the expense when absent.
    #[validate(length(max = "MAX_ATTENDEES"))]
    attendees: Option<Vec<String>>,
}

impl Input for SplitIn {
    type Checked = Vec<SplitPart>;

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Vec<SplitPart>> {
        errors.each("parts", self.parts, PartIn::check)
    }
}

impl PartIn {
    fn check(self, errors: &mut FieldErrors) -> Option<SplitPart> {
        let amount = self.amount.parse("amount", errors);
        require_positive(amount, errors);
        let tax = parse::optional(self.tax, |tax| tax.parse("tax", errors));
        if let (Some(amount), Some(Some(tax))) = (amount, tax) {
            require_tax_within(amount, tax, errors);
        }
        let category = errors.parse_optional("category", self.category);
        let note = errors.parse_optional("note", self.note);
        let cost_centre = errors.parse_optional("cost_centre", self.cost_centre);
        let project = errors.parse_optional("project", self.project);
        let attendees = parse::optional(self.attendees, |attendees| errors.parse_list("attendees", attendees));
        Some(SplitPart {
            amount: amount?,
            tax: tax?,
            category: category?,
            note: note?,
            cost_centre: cost_centre?,
            project: project?,
            attendees: attendees?,
        })
    }
}

#[derive(Debug)]
struct SplitExpense;

impl Endpoint for SplitExpense {
    type Target = OnReport<Edit>;
    type Preload = Policy;
    type Query = NoQuery;
    type Body = SplitIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Required;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Split an expense.
///
/// Allowed for the report's owner and preparer, unless the report is rejected. Example: one hotel bill becomes an
/// expense for lodging and one for breakfast. The parts add up to the original exactly, also in the currency of
/// the report and in the base currency. Each part keeps the receipts. On a submitted or approved report, approval
/// starts again. The answer is the report.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}/split",
    operation_id = "expensesSplit",
    tag = "expenses",
    params(ExpensePath, Declared<SplitExpense>),
    request_body = SplitIn,
    responses((status = 200, description = "Split.", body = ReportOut), Declared<SplitExpense>)
)]
async fn handler(context: Context<'_, SplitExpense>, parts: Vec<SplitPart>) -> HandlerResult {
    let expense_id = context.path_id("expense")?;
    let edit = split_expense(context.permit, expense_id, &parts, &mut context.ids(), context.now())?;
    context.commit_edit(edit, &context.preloaded).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
