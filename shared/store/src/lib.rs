//! The DynamoDB table: keys, items, reads, and one write path. This crate must not decide anything; the domain does.
//!
//! - [`keys`] builds every key, and nothing else does. `docs/DATA.md` lists items, keys, access patterns and costs.
//! - [`Store::commit`] writes what the domain decided, in one transaction. Single writes keep track of work:
//!   deliveries, outbox, file tasks, limits, turns, keys of the token issuer, reference rates.
//! - Reads for decisions are consistent. Lists that use a secondary index are not. Nothing scans.

mod attributes;
pub mod batches;
mod client;
mod commit;
pub mod deliveries;
pub mod due_work;
pub mod error;
pub mod files;
mod idempotency;
mod integrity;
pub mod issuer;
pub mod items;
pub mod journal;
pub mod keys;
pub mod limits;
mod lists;
mod mail_limits;
pub mod outbox;
pub mod page;
mod reads;
mod reference_rates;
mod ses_events;
mod spending;
#[cfg(test)]
mod testing;
pub mod turns;

pub use client::Store;
pub use commit::CommitError;
pub use error::StoreError;
pub use idempotency::{IdempotencyRecord, NewIdempotencyRecord, StoredResponse};
pub use lists::ReportFilter;
pub use page::{CursorError, ListError, Page, PageRequest};
pub use reads::{CallerIdentity, Membership};
