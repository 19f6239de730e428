//! Bucket of payment files in S3. A file is written once and never replaced or removed. Its key has a part of its
//! digest, so two files never share one.

use std::fmt;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use outlay_aws::config::for_service;
use outlay_aws::env::{ConfigError, required};
use outlay_domain::batch::{BankFileFormat, Batch, BatchFile};
use outlay_domain::ids::{BatchId, OrgId};
use outlay_domain::text::{FileName, Sha256Hex};
use outlay_receipts::{BucketError, PresignedUrl, presign_get};
use sha2::{Digest as _, Sha256};

use crate::error::BankFileError;
use crate::order::file_type;

/// Digits of the digest in a file name.
const DIGEST_DIGITS: usize = 16;

/// Key of a file: `{org}/{batch}/{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankFileKey {
    /// Organisation.
    pub org: OrgId,
    /// Batch.
    pub batch: BatchId,
    /// File name.
    pub name: FileName,
}

impl fmt::Display for BankFileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.org, self.batch, self.name)
    }
}

/// Bucket of payment files.
#[derive(Clone, Debug)]
pub struct BankFileBucket {
    client: Client,
    name: String,
    /// ARN of the KMS key that encrypts the objects.
    kms_key: String,
}

impl BankFileBucket {
    /// Bucket with this name, encrypted with this KMS key (an ARN).
    #[must_use]
    pub const fn new(client: Client, name: String, kms_key: String) -> Self {
        Self { client, name, kms_key }
    }

    /// Reads `BANK_FILES_BUCKET` and `BANK_FILES_KEY`. `AWS_ENDPOINT_URL_S3` overrides the endpoint.
    ///
    /// # Errors
    /// [`ConfigError::MissingVariable`]
    pub fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        let s3 = for_service(sdk, "S3");
        // With an endpoint of its own, such as the local stack's, a bucket has no host name.
        let config = aws_sdk_s3::config::Builder::from(&s3).force_path_style(s3.endpoint_url().is_some());
        Ok(Self::new(Client::from_conf(config.build()), required("BANK_FILES_BUCKET")?, required("BANK_FILES_KEY")?))
    }

    /// Stores the file of a batch, unless it is stored already.
    ///
    /// # Errors
    /// [`BankFileError::OtherContent`] when another file has its key; [`BankFileError::Bucket`].
    pub async fn store(&self, batch: &Batch, bytes: Vec<u8>) -> Result<BatchFile, BankFileError> {
        let sha256 = Sha256Hex::of(&bytes);
        let name = file_name(batch.id, &sha256, batch.format)?;
        let key = BankFileKey { org: batch.org, batch: batch.id, name: name.clone() }.to_string();
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let checksum = STANDARD.encode(Sha256::digest(&bytes));
        let request = self.client.put_object().bucket(&self.name).key(&key).if_none_match("*");
        let request = request.content_type(file_type(batch.format).1).checksum_sha256(checksum);
        let request = request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(&self.kms_key);
        let object_version = match request.body(ByteStream::from(bytes)).send().await {
            Ok(stored) => stored.version_id,
            Err(error) if error.code() == Some("PreconditionFailed") => self.version_of(&key, &sha256).await?,
            Err(error) => return Err(BucketError::from(error).into()),
        };
        Ok(BatchFile { name, bytes: size, sha256, object_version })
    }

    /// Version of a stored file with this digest.
    async fn version_of(&self, key: &str, sha256: &Sha256Hex) -> Result<Option<String>, BankFileError> {
        let response = self.client.get_object().bucket(&self.name).key(key).send().await.map_err(BucketError::from)?;
        let body = response.body.collect().await.map_err(|_| BucketError::Unavailable("Body".to_owned()))?;
        if Sha256Hex::of(&body.into_bytes()) == *sha256 {
            Ok(response.version_id)
        } else {
            Err(BankFileError::OtherContent)
        }
    }

    /// Presigns the download of the file of a batch, in exactly the recorded version.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn presign_download(
        &self,
        batch: &Batch,
        file: &BatchFile,
        now: Timestamp,
    ) -> Result<PresignedUrl, BucketError> {
        let key = BankFileKey { org: batch.org, batch: batch.id, name: file.name.clone() };
        let request = self.client.get_object().bucket(&self.name).key(key.to_string());
        let request = request.set_version_id(file.object_version.clone());
        let request = request.response_content_type(file_type(batch.format).1);
        // The name is one of this service: identifiers and an extension.
        let disposition = format!("attachment; filename=\"{}\"", file.name);
        presign_get(request.response_content_disposition(disposition), now).await
    }
}

/// Name of a file: identifier of the batch, part of its digest, extension of the format.
fn file_name(batch: BatchId, sha256: &Sha256Hex, format: BankFileFormat) -> Result<FileName, BankFileError> {
    let digest = sha256.get(..DIGEST_DIGITS).unwrap_or(sha256);
    let name = format!("{batch}-{digest}.{}", file_type(format).0).parse();
    name.map_err(|_| BankFileError::Record("a batch has no file name"))
}
