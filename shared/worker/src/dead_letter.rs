//! Dead letters: stream records that cannot be parsed, stored complete and with the reason in the failure bucket.
//! Retrying them would block the records behind them.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use outlay_aws::config::for_service;
use outlay_aws::env::{ConfigError, required};
use serde_json::Value;

/// Failure bucket.
#[derive(Clone, Debug)]
pub(crate) struct DeadLetterStore {
    client: Client,
    bucket: String,
}

impl DeadLetterStore {
    /// Opens the bucket named by `FAILURE_BUCKET`.
    pub(crate) fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        let s3 = for_service(sdk, "S3");
        // With an endpoint of its own, such as the local stack's, a bucket has no host name.
        let config = aws_sdk_s3::config::Builder::from(&s3).force_path_style(s3.endpoint_url().is_some());
        Ok(Self { client: Client::from_conf(config.build()), bucket: required("FAILURE_BUCKET")? })
    }

    /// Stores a record as `unreadable/{name}.json`. Idempotent.
    pub(crate) async fn put(&self, name: &str, reason: &str, record: &Value) -> Result<(), lambda_runtime::Error> {
        let body = serde_json::json!({"reason": reason, "record": record}).to_string().into_bytes();
        let request = self.client.put_object().bucket(&self.bucket).key(format!("unreadable/{name}.json"));
        request.content_type("application/json").body(ByteStream::from(body)).send().await?;
        Ok(())
    }
}
