//! Simulates Lambda: runs the function binaries as processes, and calls them by the Invoke API or for event sources.

mod error;
mod function_pool;
mod invoke_api;
mod log;
mod process;
mod processes;
mod report;
mod runtime_api;

pub(crate) use error::FunctionError;
pub(crate) use function_pool::{FunctionPool, missing_binaries};
pub(crate) use invoke_api::routes;
pub(crate) use process::ProcessSettings;
pub use processes::Processes;
pub(crate) use report::reported_failures;
