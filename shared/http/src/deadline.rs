//! Time for a request. Lambda kills a function at its timeout, and the client gets a 500 that says nothing. So every
//! request ends before that: with its answer, or with 503.

use std::time::Duration;

use lambda_http::Context;
use outlay_aws::clock;
use tokio::time::{Instant, timeout_at};

/// Time kept for the answer, in milliseconds.
const ANSWER_MILLIS: u64 = 1000;
/// Time for a request outside Lambda.
const DEFAULT: Duration = Duration::from_secs(10);

/// End of the time for the work on a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// Deadline of an invocation.
    pub(crate) fn of(invocation: Option<&Context>) -> Self {
        let left = invocation.map_or(DEFAULT, |context| {
            let now = u64::try_from(clock::now().as_millisecond()).unwrap_or(0);
            Duration::from_millis(context.deadline.saturating_sub(now.saturating_add(ANSWER_MILLIS)))
        });
        Self(Instant::now() + left)
    }

    /// Time that is left.
    pub(crate) fn time_left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Carries work out; `None` when the time ends first.
    pub(crate) async fn limit<T>(self, work: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.0, work).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    fn ends_in(millis: i64) -> Deadline {
        let mut context = Context::default();
        context.deadline = u64::try_from(clock::now().as_millisecond() + millis).unwrap();
        Deadline::of(Some(&context))
    }

    #[tokio::test]
    async fn work_ends_one_second_before_the_function() {
        assert_eq!(ends_in(900).limit(pending::<()>()).await, None);
        assert_eq!(ends_in(-5000).time_left(), Duration::ZERO);
        let left = ends_in(10_000).time_left();
        assert!(left > Duration::from_secs(8) && left <= Duration::from_secs(9), "{left:?}");
        assert_eq!(ends_in(10_000).limit(ready(7)).await, Some(7));
    }
}
