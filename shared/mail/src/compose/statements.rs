//! Findings and step reasons in the reader's language. Each message takes its variables from the parameters of the
//! rule, under the same names.

use fluent_bundle::FluentValue;
use jiff::civil::Date;
use outlay_domain::expense::PaymentMethod;
use outlay_domain::member::Role;
use outlay_domain::money::Money;
use outlay_domain::policy::{
    ApprovalMode, Consequence, DayOff, Finding, LimitExcess, LimitTerms, NamedExpense, NamedReceipt, RequiredField,
    SplitBill,
};
use outlay_domain::statement::Statement;
use outlay_domain::step::{ApproverGroup, ExclusionReason, StepReason};

use super::{Composer, Result};
use crate::sanitize::{sanitize_inline, sanitize_line, truncate};

/// Longest name in a sentence, in characters.
const NAME_CHARS: usize = 60;
/// Largest number of categories that a sentence lists.
const MAX_CATEGORIES: usize = 3;

/// Identifier of a message, and its variables.
type Message = (&'static str, Vec<(&'static str, FluentValue<'static>)>);

impl Composer<'_> {
    /// Sentence of a finding. One stored without parameters stays in English.
    pub(super) fn finding(&self, finding: &Statement<Finding>) -> Result {
        match finding {
            Statement::Data(finding) => {
                let (id, arguments) = self.finding_message(finding)?;
                let sentence = self.localizer.format(id, &arguments)?;
                match consequence(finding) {
                    Some(consequence) => Ok(format!("{sentence} {}", self.localizer.text(consequence)?)),
                    None => Ok(sentence),
                }
            }
            Statement::Sentence(sentence) => Ok(sanitize_line(sentence)),
        }
    }

    /// Sentences of the reasons of a step, in one line. Reasons stored without parameters stay in English.
    pub(super) fn step_reasons(&self, reasons: &[Statement<StepReason>]) -> Result {
        let sentence = |reason: &Statement<StepReason>| match reason {
            Statement::Data(reason) => {
                let (id, arguments) = self.reason_message(reason)?;
                self.localizer.format(id, &arguments)
            }
            Statement::Sentence(sentence) => Ok(sanitize_line(sentence)),
        };
        Ok(reasons.iter().map(sentence).collect::<Result<Vec<_>>>()?.join(" "))
    }

    fn finding_message(&self, finding: &Finding) -> Result<Message> {
        let money = |money: &Money| FluentValue::from(self.localizer.money(*money));
        Ok(match finding {
            Finding::UnknownCategory { category } => {
                ("finding-unknown-category", vec![("category", user_text(category))])
            }
            Finding::InactiveCategory { category_name, date } => {
                let date = self.localizer.date(*date)?;
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
                ("finding-day-limit", self.limit_excess(excess, Some(("date", self.localizer.date(*date)?)))?)
            }
            Finding::MonthLimit { excess, month } => {
                ("finding-month-limit", self.limit_excess(excess, Some(("month", self.localizer.month(month)?)))?)
            }
            Finding::ReportLimit(excess) => ("finding-report-limit", self.limit_excess(excess, None)?),
            Finding::TripLimit { excess, trip } => (
                "finding-trip-limit",
                self.limit_excess(excess, Some(("trip", sanitize_inline(&truncate(trip, NAME_CHARS)))))?,
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
                let (expense, date) = (self.named_expense(expense)?, self.localizer.date(*date)?);
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
                let (expense, rate_date) = (self.named_expense(expense)?, self.localizer.date(*rate_date)?);
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
        let (expense, date) = (self.named_expense(expense)?, self.localizer.date(date)?);
        let day = match day {
            DayOff::Weekend => "weekend",
            DayOff::Holiday => "holiday",
        };
        let arguments = vec![("expense", expense.into()), ("date", date.into()), ("day", day.into())];
        Ok(("finding-non-working-day", arguments))
    }

    fn named_expense(&self, expense: &NamedExpense) -> Result {
        let mut arguments =
            vec![("amount", self.localizer.money(expense.amount).into()), ("merchant", user_text(&expense.merchant))];
        let id = match expense.base_amount {
            Some(base_amount) => {
                arguments.push(("base_amount", self.localizer.money(base_amount).into()));
                "named-expense-converted"
            }
            None => "named-expense",
        };
        self.localizer.format(id, &arguments)
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
        let actual = self.localizer.money(excess.actual);
        let expenses = match (&excess.claimed_elsewhere, &excess.expense) {
            (Some(elsewhere), _) => self.localizer.format(
                "excess-elsewhere",
                &[("actual", actual.into()), ("claimed_elsewhere", self.localizer.money(*elsewhere).into())],
            )?,
            (None, Some(expense)) => self.named_expense(expense)?,
            (None, None) => self
                .localizer
                .format("excess-together", &[("count", excess.count.into()), ("actual", actual.into())])?,
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
        let (categories, count) = self.localizer.name_list(&names);
        if count > 0 {
            restrictions.push(categories);
        }
        if let Some(method) = terms.payment_method {
            restrictions.push(self.localizer.text(match method {
                PaymentMethod::Personal => "limit-paid-personally",
                PaymentMethod::CompanyCard => "limit-paid-by-company-card",
            })?);
        }
        if let Some(grade) = &terms.grade {
            restrictions.push(self.localizer.format("limit-grade", &[("grade", user_text(grade))])?);
        }
        let scope = if restrictions.is_empty() { String::new() } else { format!(" ({})", restrictions.join(", ")) };
        Ok([("limit", self.localizer.money(terms.limit).into()), ("scope", scope.into())])
    }

    fn split_bill(&self, bill: &SplitBill) -> Result<Message> {
        let (SplitBill::OverLimit { merchant, date, count, actual, .. }
        | SplitBill::WithoutReceipt { merchant, date, count, actual, .. }
        | SplitBill::OverReports { merchant, date, count, actual, .. }) = bill;
        let mut arguments = vec![
            ("merchant", user_text(merchant)),
            ("date", self.localizer.date(*date)?.into()),
            ("count", (*count).into()),
            ("actual", self.localizer.money(*actual).into()),
        ];
        Ok(match bill {
            SplitBill::OverLimit { terms, .. } => {
                arguments.extend(self.limit_terms(terms)?);
                ("finding-splitting", arguments)
            }
            SplitBill::WithoutReceipt { receipt_required_from, .. } => {
                arguments.push(("receipt_required_from", self.localizer.money(*receipt_required_from).into()));
                ("finding-splitting-without-receipt", arguments)
            }
            SplitBill::OverReports { total_with_parts, claimed_in, .. } => {
                arguments.push(("total_with_parts", self.localizer.money(*total_with_parts).into()));
                arguments.push(("claimed_in", user_text(&claimed_in.join(", "))));
                ("finding-splitting-over-reports", arguments)
            }
        })
    }

    fn reason_message(&self, reason: &StepReason) -> Result<Message> {
        let money = |money: &Money| FluentValue::from(self.localizer.money(*money));
        Ok(match reason {
            StepReason::TotalReaches { total, from_total } => {
                ("reason-total-reaches", vec![("total", money(total)), ("from_total", money(from_total))])
            }
            StepReason::TotalBelow { total, below_total } => {
                ("reason-total-below", vec![("total", money(total)), ("below_total", money(below_total))])
            }
            StepReason::Category { category: _, category_name } => {
                ("reason-category", vec![("category_name", user_text(category_name))])
            }
            StepReason::CostCentre { cost_centre } => {
                ("reason-cost-centre", vec![("cost_centre", user_text(cost_centre))])
            }
            StepReason::Project { project } => ("reason-project", vec![("project", user_text(project))]),
            StepReason::Grade { grade } => ("reason-grade", vec![("grade", user_text(grade))]),
            StepReason::Currency { currency } => ("reason-currency", vec![("currency", currency.to_string().into())]),
            StepReason::ViolationsFound {} => ("reason-violations-found", Vec::new()),
            StepReason::NoViolations {} => ("reason-no-violations", Vec::new()),
            StepReason::EveryReport {} => ("reason-every-report", Vec::new()),
            StepReason::NoStepApplies {} => ("reason-no-step-applies", Vec::new()),
            StepReason::DecidedBy { approvers, mode } => match mode {
                ApprovalMode::Any => {
                    ("reason-decided-by", vec![("approvers", self.approver_group("approvers-one", *approvers)?)])
                }
                ApprovalMode::All => {
                    ("reason-decided-by-all", vec![("approvers", self.approver_group("approvers-many", *approvers)?)])
                }
                ApprovalMode::Quorum { of } => {
                    let approvers = self.approver_group("approvers-many", *approvers)?;
                    ("reason-decided-by-quorum", vec![("approvers", approvers), ("of", (*of).into())])
                }
            },
            StepReason::AssignedTo { approvers } => {
                ("reason-assigned-to", vec![("approvers", self.approver_group("approvers-one", *approvers)?)])
            }
            StepReason::NextManager { excluded } => {
                let excluded = match excluded {
                    ExclusionReason::CannotApprove => "cannot_approve",
                    ExclusionReason::SeparationOfDuties => "separation_of_duties",
                    ExclusionReason::OtherStep => "other_step",
                    ExclusionReason::Limit => "limit",
                };
                ("reason-next-manager", vec![("excluded", excluded.into())])
            }
            StepReason::Fallback {} => ("reason-fallback", Vec::new()),
            StepReason::OtherAdmins {} => ("reason-other-admins", Vec::new()),
            StepReason::EscalatedUnable {} => ("reason-escalated-unable", Vec::new()),
            StepReason::Reassigned {} => ("reason-reassigned", Vec::new()),
            StepReason::EscalatedOverdue {} => ("reason-escalated-overdue", Vec::new()),
            StepReason::EscalatedUnreachable {} => ("reason-escalated-unreachable", Vec::new()),
        })
    }

    /// The approvers of a workflow's step, as a part of a sentence.
    fn approver_group(&self, id: &'static str, approvers: ApproverGroup) -> Result<FluentValue<'static>> {
        let (approvers, level) = match approvers {
            ApproverGroup::Manager { level: level @ (0 | 1) } => ("manager", level),
            ApproverGroup::Manager { level } => ("manager_of_level", level),
            ApproverGroup::CostCentreOwner => ("cost_centre_owner", 0),
            ApproverGroup::ProjectOwner => ("project_owner", 0),
            ApproverGroup::Role { role: Role::Admin } => ("admin", 0),
            ApproverGroup::Role { .. } => ("finance", 0),
            ApproverGroup::Members => ("members", 0),
        };
        Ok(self.localizer.format(id, &[("approvers", approvers.into()), ("level", level.into())])?.into())
    }
}

/// Text that people wrote, for the middle of a sentence.
fn user_text(text: &str) -> FluentValue<'static> {
    sanitize_inline(&truncate(text, NAME_CHARS)).into()
}

/// Message of what the finding means for the report.
const fn consequence(finding: &Finding) -> Option<&'static str> {
    match finding.consequence() {
        Some(Consequence::JustificationNeeded) => Some("consequence-justification-needed"),
        Some(Consequence::ExcessNotReimbursed) => Some("consequence-excess-not-reimbursed"),
        None => None,
    }
}
