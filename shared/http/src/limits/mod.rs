//! Limits on requests: rates by the minute ([`rate`], GCRA), and daily quotas of storage and mail ([`daily`]). The
//! counters are in the table, so that all processes share them. One limiter and one error serve both. This module must
//! not know memberships.

mod daily;
mod limiter;
mod rate;

pub use daily::DailyQuota;
pub use limiter::{LimitError, Limiter};
pub use rate::{Admission, LimitScope, RateLimitStatus};
