//! Findings in the reader's language. Each message takes its variables from the parameters of the
//! rule, under the same names.

use fluent_bundle::FluentValue;
use jiff::civil::Date;
use outlay_domain::expense::PaymentMethod;
use outlay_domain::money::Money;
use outlay_domain::policy::{
    Consequence, DayOff, Finding, LimitExcess, LimitTerms, NamedExpense, NamedReceipt, RequiredField, SplitBill,
};
use outlay_domain::statement::Statement;

use crate::error::PdfError;
use crate::localizer::Localizer;
use crate::text::{sanitize_line, truncate};

type Result<T = String> = std::result::Result<T, PdfError>;

/// Longest name in a sentence, in characters.
const NAME_CHARS: usize = 60;
/// Largest number of categories that a sentence lists.
const MAX_CATEGORIES: usize = 3;

/// Identifier of a message, and its variables.
type Message = (&'static str, Vec<(&'static str, FluentValue<'static>)>);

impl Localizer {
    /// Sentence of a finding. One stored without parameters stays in English.
    pub(crate) fn finding(&self, finding: &Statement<Finding>) -> Result {
        match finding {
            Statement::Data(finding) => {
                let (id, arguments) = self.finding_message(finding)?;
                let sentence = self.format(id, &arguments)?;
                match consequence(finding) {
                    Some(consequence) => Ok(format!("{sentence} {}", self.text(consequence)?)),
                    None => Ok(sentence),
                }
            }
            Statement::Sentence(sentence) => Ok(sanitize_line(sentence)),
        }
    }

    fn finding_message(&self, finding: &Finding) -> Result<Message> {
        let money = |money: &Money| FluentValue::from(self.money(*money));
        Ok(match finding {
            Finding::UnknownCategory { category } => {
                ("finding-unknown-category", vec![("category", user_text(category))])
            }
            Finding::InactiveCategory { category_name, date } => {
                let date = self.date(*date)?;
                ("finding-inactive-category", vec![("category_name", user_text(category_name)), ("date", date.into())])
            }
            Finding::UnknownCostCentre { cost_centre } => {
                ("finding-unknown-cost-centre", vec![("cost_centre", user_text(cost_centre))])
            }
            Finding::UnknownProject { project } => ("finding-unknown-project", vec![("project", user_text(project))]),
            Finding::RequiredField { expense, category_name, field } => {
                self.required_field(expense, category_name, *field)?
            }
            Finding::ExpenseLimit(excess) => ("finding-expense-limit", self.limit_excess(excess, None)?),
            Finding::DayLimit { excess, date } => {
                ("finding-day-limit", self.limit_excess(excess, Some(("date", self.date(*date)?)))?)
            }
            Finding::MonthLimit { excess, month } => {
                ("finding-month-limit", self.limit_excess(excess, Some(("month", self.month(month)?)))?)
            }
            Finding::ReportLimit(excess) => ("finding-report-limit", self.limit_excess(excess, None)?),
            Finding::TripLimit { excess, trip } => (
                "finding-trip-limit",
                self.limit_excess(excess, Some(("trip", sanitize_line(&truncate(trip, NAME_CHARS)))))?,
            ),
            Finding::Splitting(bill) => self.split_bill(bill)?,
            Finding::ReceiptRequired { expense, receipt_required_from, consequence: _ } => {
                let expense = self.named_expense(expense)?;
                let from = money(receipt_required_from);
                ("finding-receipt-required", vec![("expense", expense.into()), ("receipt_required_from", from)])
            }
            Finding::MaximumAge { expense, days, maximum_days, consequence: _ } => {
                let expense = self.named_expense(expense)?;
                (
                    "finding-maximum-age",
                    vec![
                        ("expense", expense.into()),
                        ("days", (*days).into()),
                        ("maximum_days", (*maximum_days).into()),
                    ],
                )
            }
            Finding::NonWorkingDay { expense, date, day, consequence: _ } => {
                self.non_working_day(expense, *date, *day)?
            }
            Finding::Duplicate { expense, date, count, claimed_in, consequence: _ } => {
                let (expense, date) = (self.named_expense(expense)?, self.date(*date)?);
                let mut arguments = vec![("expense", expense.into()), ("date", date.into())];
                if let Some(report) = claimed_in {
                    arguments.push(("claimed_in", user_text(report)));
                    ("finding-duplicate-elsewhere", arguments)
                } else {
                    arguments.push(("count", (*count).into()));
                    ("finding-duplicate", arguments)
                }
            }
            Finding::ReceiptPending(receipt) => ("finding-receipt-pending", self.named_receipt(receipt)?),
            Finding::ReceiptRejected { receipt, reason } => {
                let mut arguments = self.named_receipt(receipt)?;
                arguments.push(("reason", reason.name().into()));
                ("finding-receipt-refused", arguments)
            }
            Finding::DuplicateReceipt { receipt, in_this_report, consequence: _ } => {
                let id = if *in_this_report { "finding-duplicate-receipt-here" } else { "finding-duplicate-receipt" };
                (id, self.named_receipt(receipt)?)
            }
            Finding::Refund { expense, refundable } => {
                let expense = self.named_expense(expense)?;
                ("finding-refund", vec![("expense", expense.into()), ("refundable", money(refundable))])
            }
            Finding::RateAge { expense, rate_date, days, maximum_days, consequence: _ } => {
                let (expense, rate_date) = (self.named_expense(expense)?, self.date(*rate_date)?);
                (
                    "finding-rate-age",
                    vec![
                        ("expense", expense.into()),
                        ("rate_date", rate_date.into()),
                        ("days", (*days).into()),
                        ("maximum_days", (*maximum_days).into()),
                    ],
                )
            }
        })
    }

    fn required_field(&self, expense: &NamedExpense, category_name: &str, field: RequiredField) -> Result<Message> {
        let expense = self.named_expense(expense)?;
        let field = match field {
            RequiredField::Attendees => "attendees",
            RequiredField::Project => "project",
            RequiredField::CostCentre => "cost_centre",
            RequiredField::Justification => "justification",
            RequiredField::Trip => "trip",
        };
        let category_name = user_text(category_name);
        let arguments = vec![("expense", expense.into()), ("category_name", category_name), ("field", field.into())];
        Ok(("finding-required-field", arguments))
    }

    fn non_working_day(&self, expense: &NamedExpense, date: Date, day: DayOff) -> Result<Message> {
        let (expense, date) = (self.named_expense(expense)?, self.date(date)?);
        let day = match day {
            DayOff::Weekend => "weekend",
            DayOff::Holiday => "holiday",
        };
        let arguments = vec![("expense", expense.into()), ("date", date.into()), ("day", day.into())];
        Ok(("finding-non-working-day", arguments))
    }

    fn named_expense(&self, expense: &NamedExpense) -> Result {
        let mut arguments =
            vec![("amount", self.money(expense.amount).into()), ("merchant", user_text(&expense.merchant))];
        let id = match expense.base_amount {
            Some(base_amount) => {
                arguments.push(("base_amount", self.money(base_amount).into()));
                "named-expense-converted"
            }
            None => "named-expense",
        };
        self.format(id, &arguments)
    }

    fn named_receipt(&self, receipt: &NamedReceipt) -> Result<Vec<(&'static str, FluentValue<'static>)>> {
        Ok(vec![
            ("expense", self.named_expense(&receipt.expense)?.into()),
            ("receipt", user_text(&receipt.receipt)),
            ("more", receipt.more.into()),
        ])
    }

    fn limit_excess(
        &self,
        excess: &LimitExcess,
        when: Option<(&'static str, String)>,
    ) -> Result<Vec<(&'static str, FluentValue<'static>)>> {
        let actual = self.money(excess.actual);
        let expenses = match (&excess.claimed_elsewhere, &excess.expense) {
            (Some(elsewhere), _) => self.format(
                "excess-elsewhere",
                &[("actual", actual.into()), ("claimed_elsewhere", self.money(*elsewhere).into())],
            )?,
            (None, Some(expense)) => self.named_expense(expense)?,
            (None, None) => {
                self.format("excess-together", &[("count", excess.count.into()), ("actual", actual.into())])?
            }
        };
        let mut arguments = vec![("expenses", expenses.into())];
        arguments.extend(self.limit_terms(&excess.terms)?);
        arguments.extend(when.map(|(name, value)| (name, value.into())));
        Ok(arguments)
    }

    /// The limit, and its restrictions in brackets.
    fn limit_terms(&self, terms: &LimitTerms) -> Result<[(&'static str, FluentValue<'static>); 2]> {
        let mut restrictions = Vec::new();
        let mut names: Vec<String> =
            terms.category_names.iter().take(MAX_CATEGORIES).map(|name| truncate(name, NAME_CHARS)).collect();
        if terms.category_names.len() > MAX_CATEGORIES {
            names.push("…".to_owned());
        }
        let (categories, count) = self.name_list(&names);
        if count > 0 {
            restrictions.push(categories);
        }
        if let Some(method) = terms.payment_method {
            restrictions.push(self.text(match method {
                PaymentMethod::Personal => "limit-paid-personally",
                PaymentMethod::CompanyCard => "limit-paid-by-company-card",
            })?);
        }
        if let Some(grade) = &terms.grade {
            restrictions.push(self.format("limit-grade", &[("grade", user_text(grade))])?);
        }
        let scope = if restrictions.is_empty() { String::new() } else { format!(" ({})", restrictions.join(", ")) };
        Ok([("limit", self.money(terms.limit).into()), ("scope", scope.into())])
    }

    fn split_bill(&self, bill: &SplitBill) -> Result<Message> {
        let (SplitBill::OverLimit { merchant, date, count, actual, .. }
        | SplitBill::WithoutReceipt { merchant, date, count, actual, .. }
        | SplitBill::OverReports { merchant, date, count, actual, .. }) = bill;
        let mut arguments = vec![
            ("merchant", user_text(merchant)),
            ("date", self.date(*date)?.into()),
            ("count", (*count).into()),
            ("actual", self.money(*actual).into()),
        ];
        Ok(match bill {
            SplitBill::OverLimit { terms, .. } => {
                arguments.extend(self.limit_terms(terms)?);
                ("finding-splitting", arguments)
            }
            SplitBill::WithoutReceipt { receipt_required_from, .. } => {
                arguments.push(("receipt_required_from", self.money(*receipt_required_from).into()));
                ("finding-splitting-without-receipt", arguments)
            }
            SplitBill::OverReports { total_with_parts, claimed_in, .. } => {
                arguments.push(("total_with_parts", self.money(*total_with_parts).into()));
                arguments.push(("claimed_in", user_text(&claimed_in.join(", "))));
                ("finding-splitting-over-reports", arguments)
            }
        })
    }
}

/// Text that people wrote, for the middle of a sentence.
fn user_text(text: &str) -> FluentValue<'static> {
    sanitize_line(&truncate(text, NAME_CHARS)).into()
}

/// Message of what the finding means for the report.
const fn consequence(finding: &Finding) -> Option<&'static str> {
    match finding.consequence() {
        Some(Consequence::JustificationNeeded) => Some("consequence-justification-needed"),
        Some(Consequence::ExcessNotReimbursed) => Some("consequence-excess-not-reimbursed"),
        None => None,
    }
}
