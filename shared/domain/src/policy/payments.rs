//! Rules for payments: four eyes, and holds after changes of an account.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// Days for which a changed account holds a payment, where the policy names none.
const DEFAULT_HOLD_DAYS: u16 = 7;

/// Largest number of days for which a changed account holds a payment.
pub const MAX_HOLD_DAYS: u16 = 365;

/// Rules for payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRules {
    /// Sum of a batch in the base currency from which its creator cannot release it; every batch when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub four_eyes_from: Option<Money>,
    /// Days for which a changed account holds payments, at most [`MAX_HOLD_DAYS`]. With 0, only a change after the
    /// approval of a report holds its payment.
    #[serde(default = "default_hold_days")]
    pub hold_account_changes_days: u16,
}

const fn default_hold_days() -> u16 {
    DEFAULT_HOLD_DAYS
}

impl Default for PaymentRules {
    fn default() -> Self {
        Self { four_eyes_from: None, hold_account_changes_days: DEFAULT_HOLD_DAYS }
    }
}

impl PaymentRules {
    /// True when the policy states no rule of its own.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
