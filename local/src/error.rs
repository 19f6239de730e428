//! Why the stack could not start: each message is one sentence that says what to do.

use std::path::PathBuf;

/// The reasons for which [`crate::Stack::start`] refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The template file cannot be read.
    #[error("cannot read the template {}: {reason}", path.display())]
    TemplateUnreadable {
        /// The file that was asked for.
        path: PathBuf,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// The template is not what the stack understands.
    #[error("the template cannot be used: {0}")]
    Template(String),
    /// The folder with the function binaries lacks some.
    #[error("{} lacks the function binaries {}; build them with `cargo build --workspace --bins`", folder.display(), names.join(", "))]
    BinariesMissing {
        /// Where they should be.
        folder: PathBuf,
        /// Which ones.
        names: Vec<String>,
    },
    /// Something else listens on the wanted port.
    #[error("port {0} is in use; stop the program that uses it or choose another with `--port`")]
    PortInUse(u16),
    /// A socket cannot be opened.
    #[error("cannot listen on port {port}: {reason}")]
    Listen {
        /// The wanted port.
        port: u16,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// Another run holds the data folder.
    #[error("another local stack uses {}; stop it, or run this one with `--in-memory --port 3001`", .0.display())]
    FolderInUse(PathBuf),
    /// The data folder cannot be read or written.
    #[error("cannot use the data folder {}: {reason}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// The embedded database refuses.
    #[error("the embedded DynamoDB does not start: {0}")]
    Database(String),
    /// The table in the data folder was made from another table definition.
    #[error(
        "the table {0} in the data folder has other keys or indexes than the template; delete the folder to start afresh"
    )]
    TableChanged(String),
    /// The signing key cannot be made or read.
    #[error("the local identity issuer has no usable key: {0}")]
    Key(String),
}
