//! The local stack: the whole backend on one machine, from `template.yaml` and the function binaries alone. It
//! simulates API Gateway, Lambda, DynamoDB with its streams, S3, SQS, SNS, SES, KMS, the scheduler and an identity
//! provider, on loopback only. It depends on no crate of the product: it knows the product by the template and over
//! HTTP, as AWS does.

mod aws;
mod backoff;
mod cors;
mod document_store;
mod dynamodb;
mod error;
mod event_filter;
mod files;
mod gateway;
mod html;
mod identity;
mod index_page;
mod kms;
mod lambda;
mod own_host;
mod reference_rates;
mod s3;
mod scheduler;
mod ses;
mod shutdown;
mod sns;
mod sqs;
mod stack;
mod streams;
mod sync;
pub mod system;
mod table_rights;
mod template;
mod test_kit;
#[cfg(test)]
mod tests;

pub use aws::CallingProcess;
pub use error::StackError;
pub use lambda::Processes;
pub use shutdown::{Shutdown, ShutdownTrigger};
pub use stack::{Data, Options, Stack, StackHandles, StartTestKit, function_names};
pub use streams::StreamHandle;
pub use table_rights::TableRights;
pub use test_kit::{Service, ServiceCall, ServiceFailure, StreamProgress, TestKit};
