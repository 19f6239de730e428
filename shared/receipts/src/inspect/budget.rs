//! Work budget of one inspection. Work is counted in units of about a nanosecond, at the rates that
//! `benches/inspect.rs` confirms for the worst files. The count depends on the bytes alone, so a file always gets the
//! same result. The deadline is for a machine that is far slower than usual: without it, the function would be ended
//! in the middle of a file, five times.

use std::time::{Duration, Instant};

use outlay_domain::receipt::RejectionReason;

/// Units for one file: about three seconds.
pub(super) const MAX_UNITS: u64 = 3_000_000_000;
/// Longest time for one file; half of the function's timeout.
const MAX_TIME: Duration = Duration::from_secs(30);
/// Units between two looks at the clock.
const CLOCK_UNITS: u64 = 10_000_000;

/// Remaining budget.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
    /// Value of `left` at which the clock is read next.
    next_look: u64,
    deadline: Option<Instant>,
}

impl Budget {
    /// Budget of one file.
    pub(super) fn new() -> Self {
        Self { deadline: Instant::now().checked_add(MAX_TIME), ..Self::of(MAX_UNITS) }
    }

    /// Budget of this size, without a deadline.
    pub(super) const fn of(units: u64) -> Self {
        Self { left: units, next_look: units.saturating_sub(CLOCK_UNITS), deadline: None }
    }

    /// Units that are left.
    #[cfg(test)]
    pub(super) const fn left(&self) -> u64 {
        self.left
    }

    /// Spends units; fails when they or the time are used up.
    pub(super) fn spend(&mut self, units: u64) -> Result<(), RejectionReason> {
        self.left = self.left.checked_sub(units).ok_or(RejectionReason::TooLarge)?;
        if self.left >= self.next_look {
            return Ok(());
        }
        self.next_look = self.left.saturating_sub(CLOCK_UNITS);
        if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
            return Err(RejectionReason::TooLarge);
        }
        Ok(())
    }

    /// Spends units for each of a number of bytes or elements.
    pub(super) fn spend_each(&mut self, count: usize, units: u64) -> Result<(), RejectionReason> {
        self.spend(u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_ends_with_units_or_time() {
        let mut budget = Budget::of(100);
        assert_eq!(budget.spend_each(3, 30), Ok(()));
        assert_eq!(budget.left(), 10);
        assert_eq!(budget.spend(11), Err(RejectionReason::TooLarge));
        assert_eq!(budget.spend_each(usize::MAX, u64::MAX), Err(RejectionReason::TooLarge));
        let mut late = Budget { deadline: Some(Instant::now()), ..Budget::of(MAX_UNITS) };
        assert_eq!(late.spend(CLOCK_UNITS), Ok(()));
        assert_eq!(late.spend(1), Err(RejectionReason::TooLarge));
    }
}
