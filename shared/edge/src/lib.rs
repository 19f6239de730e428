//! A Lambda function's two ends: from the request to a caller and checked input, and from a result or refusal to the
//! response. Checks run in one fixed order, so every wrong request has exactly one answer: frame (413, 414, 415, 406, 400), token (401),
//! limit (429), membership and visibility (404), right (403), required headers (400, 428), JSON (400), values (422, all at once),
//! repeated request, version (412), rules (409, 403).
//! What this crate must not do: decide anything that a policy could want to change.

pub mod api;
pub mod arrival;
mod aside;
pub mod boot;
pub mod call;
pub mod checks;
pub mod daily;
pub mod decode;
pub mod desk;
pub mod fault;
pub mod feedback;
pub mod gate;
pub mod limit;
pub mod loads;
pub mod log;
pub mod notices;
pub mod post;
pub mod problem;
pub mod query;
pub mod queue;
pub mod reply;
pub mod run;
pub mod schedule;
pub mod stream;
pub mod token;

pub use call::{Call, Caller};
pub use decode::Patch;
pub use desk::{Desk, Precondition};
pub use fault::Faults;
pub use problem::{Problem, ProblemBody, ProblemType};
pub use reply::{Outcome, Reply, Stop};
