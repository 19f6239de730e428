//! A Lambda function's two ends: from the request to a caller and checked input, and from a result or refusal to the
//! response. Checks run in one fixed order, so every wrong request has exactly one answer: path, token, membership,
//! visibility (404), precondition present (428), JSON (400), values (422, all at once), repeated request, version (412), rules.
//! What this crate must not do: decide anything that a policy could want to change.

pub mod api;
pub mod boot;
pub mod call;
pub mod checks;
pub mod decode;
pub mod desk;
pub mod fault;
pub mod loads;
pub mod notices;
pub mod problem;
pub mod reply;
pub mod stream;

pub use call::{Call, Caller};
pub use decode::Patch;
pub use desk::{Desk, Precondition};
pub use fault::Faults;
pub use problem::{Problem, ProblemBody, ProblemType};
pub use reply::{Outcome, Reply, Stop};
