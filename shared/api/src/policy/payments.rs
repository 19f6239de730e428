//! Rules for payments over the API.

use outlay_domain::policy::PaymentRules;
use outlay_input::FieldErrors;
use outlay_input::parse::optional;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::common::MoneyDto;

/// Rules for payments.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = PaymentRules)]
#[serde(deny_unknown_fields)]
pub struct PaymentRulesDto {
    /// Sum of a batch in the base currency from which its creator cannot release it; every batch when absent.
    pub four_eyes_from: Option<MoneyDto>,
    /// Days for which a changed payout account holds a payment, 0 to 365; 7 when absent. A change after the approval of
    /// a report always holds its payment.
    pub hold_account_changes_days: Option<u16>,
}

impl PaymentRulesDto {
    pub(super) fn parse(self, errors: &mut FieldErrors) -> Option<PaymentRules> {
        let four_eyes_from = optional(self.four_eyes_from, |money| money.parse("four_eyes_from", errors));
        let default = PaymentRules::default().hold_account_changes_days;
        let hold_account_changes_days = self.hold_account_changes_days.unwrap_or(default);
        Some(PaymentRules { four_eyes_from: four_eyes_from?, hold_account_changes_days })
    }
}

impl From<&PaymentRules> for PaymentRulesDto {
    fn from(rules: &PaymentRules) -> Self {
        Self {
            four_eyes_from: rules.four_eyes_from.map(Into::into),
            hold_account_changes_days: Some(rules.hold_account_changes_days),
        }
    }
}
