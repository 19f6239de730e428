//! Limits over the API.

use outlay_domain::policy::{Effect, Limit, Period, Severity};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::api::common::MoneyIo;
use crate::api::expense::PaymentMethodIo;
use crate::checks;
use crate::fault::Faults;

/// What a rule leads to that does not hold.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Severity)]
pub enum SeverityIo {
    /// Approvers see it.
    Warn,
    /// The report cannot be submitted.
    Block,
}

impl From<SeverityIo> for Severity {
    fn from(severity: SeverityIo) -> Self {
        match severity {
            SeverityIo::Warn => Self::Warn,
            SeverityIo::Block => Self::Block,
        }
    }
}

impl From<Severity> for SeverityIo {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Warn => Self::Warn,
            Severity::Block => Self::Block,
        }
    }
}

/// What happens above a limit.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Effect)]
pub enum EffectIo {
    /// A justification is needed; approvers see the violation.
    Warn,
    /// The report cannot be submitted.
    Block,
    /// The excess is not reimbursed, and stays visible as such.
    Cap,
}

/// What a limit counts together.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Period)]
pub enum PeriodIo {
    /// Each expense by itself.
    Expense,
    /// The owner's expenses of a day, in all his submitted and approved reports.
    Day,
    /// The owner's expenses of a calendar month.
    Month,
    /// The expenses of the report.
    Report,
    /// The owner's expenses that name the same trip.
    Trip,
}

/// The most that may be spent. A list that is empty or absent does not restrict it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = Limit)]
#[serde(deny_unknown_fields)]
pub struct LimitIo {
    /// Codes of the categories it is for.
    #[validate(length(max = 200))]
    pub categories: Option<Vec<String>>,
    /// The grades of owners it is for.
    #[validate(length(max = 50), custom(function = "checks::labels"))]
    pub grades: Option<Vec<String>>,
    /// The payment methods it is for.
    #[validate(length(max = 2))]
    pub payment_methods: Option<Vec<PaymentMethodIo>>,
    /// What it counts together.
    pub period: PeriodIo,
    /// The most that is fine, in any currency.
    pub amount: MoneyIo,
    /// What happens above it; `warn` when absent.
    pub effect: Option<EffectIo>,
}

impl LimitIo {
    pub(super) fn read(self, faults: &mut Faults) -> Option<Limit> {
        Some(Limit {
            categories: self.categories.unwrap_or_default(),
            grades: checks::cleaned_list(self.grades),
            payment_methods: self.payment_methods.unwrap_or_default().into_iter().map(Into::into).collect(),
            period: match self.period {
                PeriodIo::Expense => Period::Expense,
                PeriodIo::Day => Period::Day,
                PeriodIo::Month => Period::Month,
                PeriodIo::Report => Period::Report,
                PeriodIo::Trip => Period::Trip,
            },
            amount: self.amount.read("amount", faults)?,
            effect: match self.effect {
                None | Some(EffectIo::Warn) => Effect::Warn,
                Some(EffectIo::Block) => Effect::Block,
                Some(EffectIo::Cap) => Effect::Cap,
            },
        })
    }
}

impl From<&Limit> for LimitIo {
    fn from(limit: &Limit) -> Self {
        Self {
            categories: Some(limit.categories.clone()),
            grades: Some(limit.grades.clone()),
            payment_methods: Some(limit.payment_methods.iter().copied().map(Into::into).collect()),
            period: match limit.period {
                Period::Expense => PeriodIo::Expense,
                Period::Day => PeriodIo::Day,
                Period::Month => PeriodIo::Month,
                Period::Report => PeriodIo::Report,
                Period::Trip => PeriodIo::Trip,
            },
            amount: limit.amount.into(),
            effect: Some(match limit.effect {
                Effect::Warn => EffectIo::Warn,
                Effect::Block => EffectIo::Block,
                Effect::Cap => EffectIo::Cap,
            }),
        }
    }
}
