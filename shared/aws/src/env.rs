//! Environment variables. Each kind of function reads its own once, at start, in its `from_env`;
//! `docs/CONFIGURATION.md` lists all.

/// Configuration that a function cannot start with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A required variable is absent or not Unicode.
    #[error("environment variable {0} is not set")]
    MissingVariable(String),
    /// The TLS client cannot be built.
    #[error("TLS configuration: {0}")]
    Tls(String),
}

/// Reads a variable.
///
/// # Errors
/// [`ConfigError::MissingVariable`] when it is absent or not Unicode.
#[expect(clippy::disallowed_methods, reason = "the one place that owns the environment")]
pub fn required(name: &str) -> Result<String, ConfigError> {
    std::env::var(name).map_err(|_| ConfigError::MissingVariable(name.to_owned()))
}

/// Reads a variable that may be absent.
#[must_use]
pub fn optional(name: &str) -> Option<String> {
    required(name).ok()
}
