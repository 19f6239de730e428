//! Signed values in the base currency and, where it differs, the original currency. Debits are positive.

use super::entry::{EntrySide, JournalLine, LineRole, OriginalAmount};
use super::error::LedgerError;
use crate::conversion::Rate;
use crate::money::{Currency, Money, MoneyError};
use crate::text::AccountCode;

/// Amount in the original currency with the rate to the base currency.
#[derive(Clone, Copy, Debug)]
pub(super) struct Original {
    pub(super) amount: Money,
    pub(super) rate: Option<Rate>,
}

/// Signed value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub(super) base: Money,
    pub(super) original: Option<Original>,
}

impl Value {
    /// The same value with the opposite sign.
    pub(super) fn negated(self) -> Self {
        let original = self.original.map(|original| Original { amount: original.amount.negated(), ..original });
        Self { base: self.base.negated(), original }
    }

    /// Difference. Both have the same original currency.
    pub(super) fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.plus(other.negated())
    }

    /// Sum. Both have the same original currency; a rate that differs is left out.
    pub(super) fn plus(self, other: Self) -> Result<Self, MoneyError> {
        let original = match (self.original, other.original) {
            (Some(one), Some(two)) => Some(Original {
                amount: one.amount.plus(two.amount)?,
                rate: one.rate.filter(|rate| two.rate == Some(*rate)),
            }),
            (one, two) => one.or(two),
        };
        Ok(Self { base: self.base.plus(other.base)?, original })
    }

    /// True when the base amount is not zero, and the original amount, if there is one, has the same sign.
    pub(super) fn is_consistent(&self) -> bool {
        let sign = self.base.minor().signum();
        sign != 0 && self.original.is_none_or(|original| original.amount.minor().signum() == sign)
    }

    /// Currency of the original amount.
    pub(super) fn original_currency(&self) -> Option<Currency> {
        self.original.map(|original| original.amount.currency())
    }

    /// Line of an account: a debit for a positive value, a credit for a negative one; none for zero.
    pub(super) fn line(self, account: &AccountCode, role: LineRole, text: &str) -> Option<JournalLine> {
        let side = match self.base.minor().signum() {
            1 => EntrySide::Debit,
            -1 => EntrySide::Credit,
            _ => return None,
        };
        let absolute = |money: Money| if money.minor() < 0 { money.negated() } else { money };
        let original = self.original.filter(|original| original.amount.minor() != 0);
        Some(JournalLine {
            account: account.clone(),
            side,
            amount: absolute(self.base),
            original: original
                .map(|original| OriginalAmount { amount: absolute(original.amount), rate: original.rate }),
            role,
            cost_centre: None,
            project: None,
            tax_code: None,
            tax_base: None,
            member: None,
            expense: None,
            text: text.to_owned(),
        })
    }
}

/// Makes the values of one document consistent, with the same sum: an original amount without a base amount of its own
/// sign moves to the largest value. When that does not help either, no value states an original amount.
pub(super) fn consolidate(values: &mut [Value]) -> Result<(), LedgerError> {
    let Some(largest) = (0..values.len()).max_by_key(|at| {
        let minor = values.get(*at).map_or(0, |value| value.base.minor().unsigned_abs());
        (minor, std::cmp::Reverse(*at))
    }) else {
        return Ok(());
    };
    let mut moved: Option<Original> = None;
    for (at, value) in values.iter_mut().enumerate() {
        if at != largest && !value.is_consistent() {
            let Some(original) = value.original.take() else { continue };
            let sum = moved.map_or(Ok(original.amount), |moved| moved.amount.plus(original.amount))?;
            moved = Some(Original { amount: sum, rate: original.rate });
        }
    }
    if let (Some(moved), Some(value)) = (moved, values.get_mut(largest)) {
        let zero = Money::zero(value.base.currency());
        *value = value.plus(Value { base: zero, original: Some(moved) })?;
    }
    let sum = sum(values)?;
    let has_original = |value: &Value| value.original.is_some_and(|original| original.amount.minor() != 0);
    if values.iter().chain(&sum).any(|value| has_original(value) && !value.is_consistent()) {
        for value in values {
            value.original = None;
        }
    }
    Ok(())
}

/// Sum of values with one original currency; none without values.
pub(super) fn sum(values: &[Value]) -> Result<Option<Value>, MoneyError> {
    values.iter().try_fold(None, |sum: Option<Value>, value| match sum {
        Some(sum) => sum.plus(*value).map(Some),
        None => Ok(Some(*value)),
    })
}
