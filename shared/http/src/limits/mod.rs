//! Limits on requests: rates by the minute ([`rate`], GCRA) and daily quotas of what others bear ([`daily`]). The counters are in the table,
//! so that all processes share them. One limiter and one error serve both. What this module must not do: know who is a member.

mod daily;
mod limiter;
mod rate;

pub use daily::DailyQuota;
pub use limiter::{LimitError, Limiter};
pub use rate::{Admission, LimitScope, RateLimitStatus};
