//! The one DynamoDB table. Keys are built in [`keys`] alone; [`Store::commit`] is the only code that writes what a decision
//! of the rules changed; [`deliveries`] and [`outbox`] keep the state of outgoing mail, [`files`] that of uploads. Every list is a query, nothing scans.
//! What this crate must not do: decide anything.

pub mod commit;
pub mod deliveries;
mod digest;
pub mod error;
mod feedback;
pub mod files;
pub mod issuer;
pub mod items;
pub mod keys;
pub mod limits;
mod lists;
pub mod outbox;
pub mod page;
mod reads;
mod spending;
#[cfg(test)]
mod testing;

use aws_sdk_dynamodb::Client;

pub use commit::{Answer, CommitError, Receipt, pause};
pub use error::StoreError;
pub use lists::{ListError, ReportFilter};
pub use page::{CursorFault, Page, PageRequest};
pub use reads::{Identity, Recorded, Seat};

/// The table, and the client that reaches it.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// A store on the named table.
    #[must_use]
    pub const fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
}
