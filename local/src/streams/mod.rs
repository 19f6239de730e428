//! Simulates Lambda's event source mapping for DynamoDB streams.

mod batch;
mod failures;
mod handle;
mod reader;
mod record;

pub(crate) use failures::routes;
pub use handle::StreamHandle;
pub(crate) use handle::stream_handles;
pub(crate) use reader::{ReaderDeps, start};
