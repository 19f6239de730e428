//! Receipt files: keys and storage in S3, presigned URLs to upload and download them, inspection of uploads, and the
//! processing that ties these together. Must not decide who may see a file.

mod bucket;
mod content_disposition;
mod digest;
mod error;
mod inspect;
mod keys;
pub mod processing;

pub use bucket::{PresignedUrl, ReceiptBucket, presign_get};
pub use error::BucketError;
pub use inspect::{SanitizedFile, inspect};
pub use keys::ReceiptKey;
