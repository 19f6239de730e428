//! An HTTP request on its way in and out of a Lambda function. An endpoint declares what it is
//! ([`endpoint::Endpoint`]); the [`pipeline`] carries out the checks in one fixed order, so that every wrong request
//! has exactly one answer: frame (413, 414, 415, 406, 400), token (401), limit (429), membership and visibility (404),
//! permission (403), required headers (428, 400), query (400), JSON (400), values (422, all at once), repeated request,
//! version (412), state and duties (409, 403). This crate must not know the fields of a resource (`outlay-api` does) or
//! decide anything that a policy can change.

pub mod config;
pub mod context;
mod deadline;
pub mod endpoint;
pub mod error;
mod guard;
pub mod handler;
mod idempotency;
mod limits;
pub mod openapi;
mod pipeline;
mod precondition;
pub mod prelude;
pub mod problem;
pub mod queries;
pub mod query;
mod rates;
pub mod request;
pub mod response;
pub mod runtime;
pub mod target;

pub use context::Context;
pub use endpoint::{Body, Endpoint, Idempotency, NoBody, Precondition};
pub use error::ApiError;
pub use limits::DailyQuota;
pub use problem::{Problem, ProblemBody, ProblemType};
pub use query::{NoQuery, PageQuery, QueryParameters};
pub use response::{HandlerResult, Reply};
