//! Errors of a stack's start. Each message is one sentence that names what to do.

use std::path::PathBuf;

/// Error of [`crate::Stack::start`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StackError {
    /// The template file cannot be read.
    #[error("cannot read the template {}: {reason}", path.display())]
    TemplateUnreadable {
        /// Path of the template.
        path: PathBuf,
        /// Error of the operating system.
        reason: std::io::Error,
    },
    /// The template has content that the stack does not support.
    #[error("the template cannot be used: {0}")]
    Template(String),
    /// Function binaries are missing.
    #[error(
        "{} lacks the function binaries {}; build them with `cargo build --workspace --bins`",
        folder.display(), names.join(", ")
    )]
    BinariesMissing {
        /// Folder that was searched.
        folder: PathBuf,
        /// Names of the missing binaries.
        names: Vec<String>,
    },
    /// Another program listens on the port.
    #[error("port {0} is in use; stop the program that uses it or choose another with `--port`")]
    PortInUse(u16),
    /// A socket cannot be opened.
    #[error("cannot listen on port {port}: {reason}")]
    Listen {
        /// Requested port; 0 for any.
        port: u16,
        /// Error of the operating system.
        reason: std::io::Error,
    },
    /// Another stack holds the data folder.
    #[error("another local stack uses {}; stop it, or run this one with `--in-memory --port 3001`", .0.display())]
    FolderInUse(PathBuf),
    /// The data folder cannot be read or written.
    #[error("cannot use the data folder {}: {reason}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Error of the operating system.
        reason: std::io::Error,
    },
    /// The embedded database does not start.
    #[error("the embedded DynamoDB does not start: {0}")]
    Database(String),
    /// A table in the data folder has other keys or indexes than the template.
    #[error(
        "the table {0} in the data folder has other keys or indexes than the template; delete the folder to start with \
         an empty one"
    )]
    TableChanged(String),
    /// A signing key of the identity provider cannot be made or read.
    #[error("the local identity provider has no usable key: {0}")]
    Key(String),
}
