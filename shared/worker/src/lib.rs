//! Lambda event sources other than HTTP: DynamoDB streams, SQS queues and schedules; deadlines, partial failures and
//! dead letters. Must not know what the work is.

mod dead_letter;
pub mod job;
pub mod queue;
pub mod schedule;
pub mod stream;

pub use job::{JobContext, PartialFailures};
pub use outlay_aws::RunResult;
