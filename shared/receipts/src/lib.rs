//! The files behind the lines: where they lie in S3, the links that let them in and out, and the inspection that a file passes before
//! it is kept. What this crate must not do: read or write the table, or decide who may see a file.

mod bucket;
mod digest;
mod disposition;
mod error;
mod inspect;
mod keys;

pub use bucket::{Bucket, Link};
pub use error::BucketError;
pub use inspect::{Cleaned, inspect};
pub use keys::Slot;
