//! AWS and process basics that every function shares: environment, SDK configuration, error classification, back-off,
//! clock, randomness, documents of other hosts and logs. The only crate that reads the environment, the clock and the random source; it must not
//! know expense reports.

pub mod backoff;
pub mod clock;
pub mod config;
pub mod document;
pub mod env;
pub mod error;
pub mod log;

/// Result of a function's `main`.
pub type RunResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;
