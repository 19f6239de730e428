//! Where records are put that cannot be read, whole and with the reason: repeating them would only hold up those behind. Nothing is
//! thrown away here, and nothing is judged.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;

use crate::boot::{s3, variable};

/// The bucket of what failed.
#[derive(Clone, Debug)]
pub(crate) struct Aside {
    client: Client,
    bucket: String,
}

impl Aside {
    /// As the environment says: `FAILURE_BUCKET`.
    pub(crate) fn open(config: &SdkConfig) -> Result<Self, String> {
        Ok(Self { client: s3(config), bucket: variable("FAILURE_BUCKET")? })
    }

    /// Keeps a record under its name; again, it is the same.
    pub(crate) async fn put(&self, name: &str, reason: &str, record: &Value) -> Result<(), lambda_runtime::Error> {
        let body = serde_json::json!({"reason": reason, "record": record}).to_string().into_bytes();
        let request = self.client.put_object().bucket(&self.bucket).key(format!("unreadable/{name}.json"));
        request.content_type("application/json").body(ByteStream::from(body)).send().await?;
        Ok(())
    }
}
