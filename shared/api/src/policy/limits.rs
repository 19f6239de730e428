//! Spending limits over the API.

use outlay_domain::expense::PaymentMethod;
use outlay_domain::policy::{LimitEffect, LimitPeriod, SpendingLimit};
use outlay_input::FieldErrors;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::codes::parse_codes;
use crate::common::MoneyDto;

/// Spending limit. A list that is empty or absent does not restrict it.
#[derive(Clone, Debug, Deserialize, Serialize, Validate, ToSchema)]
#[schema(as = Limit)]
#[serde(deny_unknown_fields)]
pub struct LimitDto {
    /// Codes of the categories that the limit applies to; at most 200.
    #[validate(length(max = 200))]
    pub categories: Option<Vec<String>>,
    /// Grades of owners that the limit applies to; at most 50, each of 1 to 40 characters.
    #[validate(length(max = 50))]
    pub grades: Option<Vec<String>>,
    /// Payment methods that the limit applies to; at most 2.
    #[validate(length(max = 2))]
    pub payment_methods: Option<Vec<PaymentMethod>>,
    /// Expenses that are counted together.
    pub period: LimitPeriod,
    /// Highest allowed sum, in any currency.
    pub amount: MoneyDto,
    /// Effect of exceeding the limit; `warn` when absent.
    pub effect: Option<LimitEffect>,
}

impl LimitDto {
    pub(super) fn parse(self, errors: &mut FieldErrors) -> Option<SpendingLimit> {
        let categories = parse_codes("categories", "category", self.categories, errors);
        let grades = errors.parse_list("grades", self.grades.unwrap_or_default());
        let amount = self.amount.parse("amount", errors);
        Some(SpendingLimit {
            categories: categories?,
            grades: grades?,
            payment_methods: self.payment_methods.unwrap_or_default(),
            period: self.period,
            amount: amount?,
            effect: self.effect.unwrap_or_default(),
        })
    }
}

impl From<&SpendingLimit> for LimitDto {
    fn from(limit: &SpendingLimit) -> Self {
        Self {
            categories: Some(limit.categories.iter().map(ToString::to_string).collect()),
            grades: Some(limit.grades.iter().map(ToString::to_string).collect()),
            payment_methods: Some(limit.payment_methods.clone()),
            period: limit.period,
            amount: limit.amount.into(),
            effect: Some(limit.effect),
        }
    }
}
