//! `POST /v1/orgs/{org}/reports/{report}/expenses/{expense}/split`: the owner puts several lines in the place of one.

use outlay_domain::change::{Part, split_expense};
use outlay_domain::permission::Edit;
use outlay_edge::api::common::{ExpensePath, IdempotencyKeyRequired, IfMatch, MoneyIo, Problems};
use outlay_edge::api::expense::{positive, within};
use outlay_edge::api::report::ReportOut;
use outlay_edge::call::Input;
use outlay_edge::{Call, Desk, Faults, Outcome, Precondition, checks, loads};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// The lines in the place of one.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct SplitIn {
    /// 2 to 50 parts, whose amounts add up to the line's.
    #[validate(length(min = 2, max = 50), nested)]
    parts: Vec<PartIn>,
}

/// A part of a line.
#[derive(Debug, Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct PartIn {
    /// How much, in the currency of the line.
    amount: MoneyIo,
    /// The tax within it; when absent, its share of what the parts that say theirs leave of the line's tax.
    tax: Option<MoneyIo>,
    /// Code of a category; the line's when absent.
    #[validate(custom(function = "checks::code"))]
    category: Option<String>,
    /// What it was for; the line's note when absent.
    #[validate(custom(function = "checks::long_text"))]
    note: Option<String>,
    /// Code of the cost centre that bears it; the line's when absent.
    #[validate(custom(function = "checks::label"))]
    cost_centre: Option<String>,
    /// Code of the project it is for; the line's when absent.
    #[validate(custom(function = "checks::label"))]
    project: Option<String>,
    /// Who was there; those of the line when absent.
    #[validate(custom(function = "checks::people"))]
    attendees: Option<Vec<String>>,
}

impl Input for SplitIn {
    type Checked = Vec<Part>;

    fn check(self, _: jiff::Timestamp, faults: &mut Faults) -> Option<Vec<Part>> {
        let parts: Vec<Option<Part>> = faults.at("parts", |faults| {
            let one = |(at, part): (usize, PartIn)| faults.at(&at.to_string(), |faults| part.read(faults));
            self.parts.into_iter().enumerate().map(one).collect()
        });
        parts.into_iter().collect()
    }
}

impl PartIn {
    fn read(self, faults: &mut Faults) -> Option<Part> {
        let amount = self.amount.read("amount", faults);
        positive(amount, faults);
        let tax = self.tax.as_ref().map(|tax| tax.read("tax", faults));
        if let (Some(amount), Some(Some(tax))) = (amount, tax) {
            within(amount, tax, faults);
        }
        let note = checks::cleaned_option(self.note.as_deref());
        Some(Part {
            amount: amount?,
            tax: tax.flatten(),
            category: self.category,
            note,
            cost_centre: checks::cleaned_option(self.cost_centre.as_deref()),
            project: checks::cleaned_option(self.project.as_deref()),
            attendees: self.attendees.map(|people| checks::cleaned_list(Some(people))),
        })
    }
}

/// Split an expense.
///
/// For the owner, or who entered the report for him: one bill with lodging and breakfast becomes two lines. Whatever is rounded, the
/// parts add up to the line, in every currency. A report that is past draft goes back through approval. The answer is the report.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}/split", operation_id = "expensesSplit",
    tag = "expenses", params(ExpensePath, IdempotencyKeyRequired, IfMatch), request_body = SplitIn,
    responses((status = 200, description = "Split.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (desk, policy) = Desk::open_with_policy::<Edit>(call, Precondition::Optional).await?;
    let id = desk.call().id("expense")?;
    desk.call().demand_key()?;
    let parts = desk.input::<SplitIn>()?;
    let permit = desk.permit::<Edit>()?;
    let grounds = desk.grounds_to_edit(policy, &[]).await?;
    let call = desk.call();
    let change = loads::decide_edit(call.store(), grounds, |rules| {
        split_expense(permit, id, &parts, rules, &mut call.seed(), call.now())
    });
    desk.commit(change.await?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
