//! Storage of receipt files in S3: presigned URLs, valid for five minutes, and reads and writes by the functions. Key,
//! media type, size and digest of an upload are signed, so S3 accepts the declared file only. Must not inspect files or
//! decide who may see them.

use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use outlay_aws::config::for_service;
use outlay_aws::env::{ConfigError, required};
use outlay_domain::ids::OrgId;
use outlay_domain::receipt::{MAX_FILE_BYTES, MediaType, Receipt, UPLOAD_TTL_SECONDS};
use outlay_domain::report::Report;
use outlay_domain::text::Sha256Hex;
use percent_encoding::percent_decode_str;

use crate::content_disposition::attachment;
use crate::digest::decode_sha256;
use crate::error::BucketError;
use crate::inspect::SanitizedFile;
use crate::keys::{ReceiptKey, document_key, export_key};

/// Lifetime of a presigned URL.
const URL_LIFETIME: Duration = Duration::from_secs(UPLOAD_TTL_SECONDS.unsigned_abs());

/// Keeps downloads out of browser and proxy caches.
const CACHE_CONTROL: &str = "private, no-store";
/// Media type of lists.
const CSV: &str = "text/csv; charset=utf-8";

/// Bucket of receipt files.
#[derive(Clone, Debug)]
pub struct ReceiptBucket {
    client: Client,
    name: String,
    /// ARN of the KMS key that encrypts the objects.
    kms_key: String,
}

/// Presigned request. A bearer secret: it needs no further authentication until it expires. The CORS rule of the bucket
/// lists its headers, so that browsers may send them.
#[derive(Clone, PartialEq, Eq)]
pub struct PresignedUrl {
    /// HTTP method.
    pub method: &'static str,
    /// Signed URL.
    pub url: String,
    /// Headers to send unchanged; they are part of the signature.
    pub headers: Vec<(String, String)>,
    /// Expiry.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for PresignedUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PresignedUrl")
            .field("method", &self.method)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl ReceiptBucket {
    /// Bucket with this name, encrypted with this KMS key (an ARN).
    #[must_use]
    pub const fn new(client: Client, name: String, kms_key: String) -> Self {
        Self { client, name, kms_key }
    }

    /// Reads `RECEIPTS_BUCKET` and `RECEIPTS_KEY`. `AWS_ENDPOINT_URL_S3` overrides the endpoint.
    ///
    /// # Errors
    /// [`ConfigError::MissingVariable`]
    pub fn from_env(sdk: &SdkConfig) -> Result<Self, ConfigError> {
        let s3 = for_service(sdk, "S3");
        // With an endpoint of its own, such as the local stack's, a bucket has no host name.
        let config = aws_sdk_s3::config::Builder::from(&s3).force_path_style(s3.endpoint_url().is_some());
        Ok(Self::new(Client::from_conf(config.build()), required("RECEIPTS_BUCKET")?, required("RECEIPTS_KEY")?))
    }

    /// Name of the bucket.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Presigns the upload of a declared file. S3 refuses it while an upload exists. A repeated upload has the same
    /// bytes and is removed.
    ///
    /// # Errors
    /// [`BucketError`]; [`BucketError::Refused`] when the declared digest is malformed or credentials are missing.
    pub async fn presign_upload(
        &self,
        receipt_key: &ReceiptKey,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<PresignedUrl, BucketError> {
        let refused = || BucketError::Refused("Declaration".to_owned());
        let length = i64::try_from(receipt.size).map_err(|_| refused())?;
        let checksum = STANDARD.encode(decode_sha256(&receipt.sha256).ok_or_else(refused)?);
        let request = self.client.put_object().bucket(&self.name).key(receipt_key.quarantine_key());
        let request = request.content_type(receipt.media_type.name()).content_length(length).checksum_sha256(checksum);
        let request = request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(&self.kms_key);
        presigned_url("PUT", &request.if_none_match("*").presigned(presigning_config(now)?).await?, now)
    }

    /// Presigns the download of a kept file under its name.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn presign_download(
        &self,
        receipt_key: &ReceiptKey,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<PresignedUrl, BucketError> {
        self.presign_get(receipt_key.clean_key(), receipt.media_type, &receipt.name, now).await
    }

    /// Presigns the download of a preview. The preview exists when the status of the receipt is clean with a preview.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn presign_preview(
        &self,
        receipt_key: &ReceiptKey,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<PresignedUrl, BucketError> {
        self.presign_get(receipt_key.preview_key(), MediaType::Jpeg, &format!("{}.preview.jpg", receipt.name), now)
            .await
    }

    async fn presign_get(
        &self,
        key: String,
        media_type: MediaType,
        name: &str,
        now: Timestamp,
    ) -> Result<PresignedUrl, BucketError> {
        let request = self.client.get_object().bucket(&self.name).key(key).response_content_type(media_type.name());
        presign_get(request.response_content_disposition(attachment(name, media_type)), now).await
    }

    /// Reads an upload, up to the size limit of a receipt; `None` when there is none.
    ///
    /// # Errors
    /// [`BucketError`]; [`BucketError::TooLarge`] when it exceeds the size limit.
    pub async fn read_upload(&self, receipt_key: &ReceiptKey) -> Result<Option<Vec<u8>>, BucketError> {
        self.read(receipt_key.quarantine_key()).await
    }

    /// Reads a kept file, up to the size limit of a receipt; `None` when there is none.
    ///
    /// # Errors
    /// [`BucketError`]; [`BucketError::TooLarge`] when it exceeds the size limit.
    pub async fn read_clean(&self, receipt_key: &ReceiptKey) -> Result<Option<Vec<u8>>, BucketError> {
        self.read(receipt_key.clean_key()).await
    }

    async fn read(&self, key: String) -> Result<Option<Vec<u8>>, BucketError> {
        let response = match self.client.get_object().bucket(&self.name).key(key).send().await {
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            response => response?,
        };
        let limit = usize::try_from(MAX_FILE_BYTES).unwrap_or(usize::MAX);
        let announced = usize::try_from(response.content_length.unwrap_or(0)).unwrap_or(0);
        if announced > limit {
            return Err(BucketError::TooLarge);
        }
        let mut bytes = Vec::with_capacity(announced);
        let mut body = response.body;
        // The announced length is not trusted; chunks are counted.
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| BucketError::Unavailable("Body".to_owned()))?;
            if bytes.len().saturating_add(chunk.len()) > limit {
                return Err(BucketError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Some(bytes))
    }

    /// Stores an inspected file and its preview. Idempotent.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn store_sanitized(&self, receipt_key: &ReceiptKey, file: &SanitizedFile) -> Result<(), BucketError> {
        // Preview first, so that a file never exists without its preview.
        if let Some(preview) = &file.preview {
            self.put(receipt_key.preview_key(), MediaType::Jpeg, preview).await?;
        }
        self.put(receipt_key.clean_key(), file.media_type, &file.bytes).await
    }

    /// Stores the PDF of a report, which has this digest.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn store_document(&self, report: &Report, sha256: &Sha256Hex, bytes: &[u8]) -> Result<(), BucketError> {
        self.put(document_key(report, sha256), MediaType::Pdf, bytes).await
    }

    /// Presigns the download of a stored PDF of a report with this digest, under the number of the report.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn presign_document(
        &self,
        report: &Report,
        sha256: &Sha256Hex,
        now: Timestamp,
    ) -> Result<PresignedUrl, BucketError> {
        let name = if report.number.is_empty() { report.id.to_string() } else { report.number.clone() };
        self.presign_get(document_key(report, sha256), MediaType::Pdf, &name, now).await
    }

    /// Stores an exported list from a file on disk.
    ///
    /// # Errors
    /// [`BucketError`]; [`BucketError::Refused`] when the file cannot be read.
    pub async fn store_export(&self, org: OrgId, sha256: &Sha256Hex, path: &Path) -> Result<(), BucketError> {
        let body = ByteStream::from_path(path).await.map_err(|_| BucketError::Refused("File".to_owned()))?;
        let request = self.client.put_object().bucket(&self.name).key(export_key(org, sha256)).content_type(CSV);
        let request = request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(&self.kms_key);
        request.body(body).send().await?;
        Ok(())
    }

    /// Presigns the download of a stored list with this digest, as `{name}.csv`.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn presign_export(
        &self,
        org: OrgId,
        sha256: &Sha256Hex,
        name: &str,
        now: Timestamp,
    ) -> Result<PresignedUrl, BucketError> {
        let request = self.client.get_object().bucket(&self.name).key(export_key(org, sha256));
        let request = request.response_content_type(CSV);
        // The name is one of this service.
        presign_get(request.response_content_disposition(format!("attachment; filename=\"{name}.csv\"")), now).await
    }

    async fn put(&self, key: String, media_type: MediaType, bytes: &[u8]) -> Result<(), BucketError> {
        let request = self.client.put_object().bucket(&self.name).key(key).content_type(media_type.name());
        let request = request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(&self.kms_key);
        request.body(ByteStream::from(bytes.to_vec())).send().await?;
        Ok(())
    }

    /// Removes the upload, if it exists.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn clear_quarantine(&self, receipt_key: &ReceiptKey) -> Result<(), BucketError> {
        self.delete(receipt_key.quarantine_key()).await
    }

    /// Removes all files of a receipt, if they exist.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn remove(&self, receipt_key: &ReceiptKey) -> Result<(), BucketError> {
        for key in [receipt_key.quarantine_key(), receipt_key.clean_key(), receipt_key.preview_key()] {
            self.delete(key).await?;
        }
        Ok(())
    }

    async fn delete(&self, key: String) -> Result<(), BucketError> {
        match self.client.delete_object().bucket(&self.name).key(key).send().await {
            // S3 responds with 204 for an absent object; compatible stores may not.
            Err(error) if error.code() == Some("NoSuchKey") => Ok(()),
            response => response.map(drop).map_err(BucketError::from),
        }
    }
}

/// Presigns a download from any bucket, for five minutes. Browsers and proxies do not keep it.
///
/// # Errors
/// [`BucketError`]
pub async fn presign_get(request: GetObjectFluentBuilder, now: Timestamp) -> Result<PresignedUrl, BucketError> {
    let request = request.response_cache_control(CACHE_CONTROL);
    presigned_url("GET", &request.presigned(presigning_config(now)?).await?, now)
}

fn presigning_config(now: Timestamp) -> Result<PresigningConfig, BucketError> {
    let config = PresigningConfig::builder().start_time(SystemTime::from(now)).expires_in(URL_LIFETIME).build();
    config.map_err(|_| BucketError::Refused("Presigning".to_owned()))
}

fn presigned_url(
    method: &'static str,
    request: &PresignedRequest,
    now: Timestamp,
) -> Result<PresignedUrl, BucketError> {
    let expires_at = now.checked_add(SignedDuration::from_secs(UPLOAD_TTL_SECONDS));
    let signed = signed_headers(request.uri());
    // The SDK also lists headers that it does not sign: in Lambda, the trace identifier. S3 ignores them, and browsers
    // may not send them.
    let headers = request.headers().filter(|(name, _)| signed.iter().any(|signed| signed.eq_ignore_ascii_case(name)));
    Ok(PresignedUrl {
        method,
        url: request.uri().to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        expires_at: expires_at.map_err(|_| BucketError::Refused("Presigning".to_owned()))?,
    })
}

/// Names of the signed headers of a presigned URL.
fn signed_headers(url: &str) -> Vec<String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let names = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-SignedHeaders=")).unwrap_or_default();
    let names = percent_decode_str(names).decode_utf8_lossy();
    names.split(';').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    use outlay_domain::ids::IdGenerator;
    use outlay_domain::receipt::ReceiptStatus;

    use super::*;
    use crate::keys::tests::receipt_key;

    const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234";

    fn now() -> Timestamp {
        Timestamp::from_second(1_763_800_000).unwrap()
    }

    fn bucket() -> ReceiptBucket {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", Some("session".to_owned()), None, "test"));
        ReceiptBucket::new(Client::from_conf(config.build()), "receipts".to_owned(), KEY.to_owned())
    }

    fn receipt(name: &str) -> Receipt {
        Receipt {
            id: receipt_key().receipt,
            name: name.parse().unwrap(),
            media_type: MediaType::Pdf,
            size: 1234,
            sha256: "ab".repeat(32).parse().unwrap(),
            by: IdGenerator::new(now(), [1; 10]).next_id(),
            upload_until: now(),
            status: ReceiptStatus::Pending,
            duplicate_of: Vec::new(),
        }
    }

    /// Decoded query parameter.
    fn parameter(presigned: &PresignedUrl, name: &str) -> Option<String> {
        let (_, query) = presigned.url.split_once('?')?;
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        Some(percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned())
    }

    #[tokio::test]
    async fn upload_url_signs_declared_properties() {
        let presigned = bucket().presign_upload(&receipt_key(), &receipt("a.pdf"), now()).await.unwrap();
        assert_eq!(presigned.method, "PUT");
        assert!(
            presigned.url.starts_with("https://receipts.s3.eu-central-1.amazonaws.com/quarantine/org_"),
            "{}",
            presigned.url
        );
        assert_eq!(presigned.expires_at.as_second(), now().as_second() + 300);
        assert_eq!(parameter(&presigned, "X-Amz-Expires").as_deref(), Some("300"));
        assert_eq!(parameter(&presigned, "X-Amz-Date").as_deref(), Some("20251122T082640Z"));
        let mut headers = presigned.headers.clone();
        headers.sort();
        let expected = [
            ("content-length", "1234"),
            ("content-type", "application/pdf"),
            ("if-none-match", "*"),
            ("x-amz-checksum-sha256", "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="),
            ("x-amz-server-side-encryption", "aws:kms"),
            ("x-amz-server-side-encryption-aws-kms-key-id", KEY),
        ];
        assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        // Each header is signed, so omitting or changing one results in 403.
        let signed = parameter(&presigned, "X-Amz-SignedHeaders").unwrap();
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let mut signed: Vec<_> = signed.split(';').filter(|name| *name != "host").collect();
        signed.sort_unstable();
        assert_eq!(signed, names);
    }

    #[tokio::test]
    async fn malformed_digest_gets_no_upload_url() {
        let receipt = Receipt { sha256: serde_json::from_str("\"ab\"").unwrap(), ..receipt("a.pdf") };
        let result = bucket().presign_upload(&receipt_key(), &receipt, now()).await;
        assert_eq!(result, Err(BucketError::Refused("Declaration".to_owned())));
    }

    #[tokio::test]
    async fn download_url_sets_name_and_forbids_caching() {
        let presigned = bucket().presign_download(&receipt_key(), &receipt("Café.pdf"), now()).await.unwrap();
        assert_eq!((presigned.method, presigned.headers.as_slice()), ("GET", [].as_slice()));
        assert!(presigned.url.contains(&format!("/{}?", receipt_key().clean_key())), "{}", presigned.url);
        assert_eq!(presigned.expires_at.as_second(), now().as_second() + 300);
        assert_eq!(parameter(&presigned, "X-Amz-Expires").as_deref(), Some("300"));
        assert_eq!(parameter(&presigned, "X-Amz-SignedHeaders").as_deref(), Some("host"));
        assert_eq!(parameter(&presigned, "response-content-type").as_deref(), Some("application/pdf"));
        assert_eq!(parameter(&presigned, "response-cache-control").as_deref(), Some("private, no-store"));
        let disposition = "attachment; filename=\"Caf_.pdf\"; filename*=UTF-8''Caf%C3%A9.pdf";
        assert_eq!(parameter(&presigned, "response-content-disposition").as_deref(), Some(disposition));
    }

    #[tokio::test]
    async fn preview_url_is_for_a_jpeg() {
        let presigned = bucket().presign_preview(&receipt_key(), &receipt("a.pdf"), now()).await.unwrap();
        assert!(presigned.url.contains(&format!("/{}?", receipt_key().preview_key())), "{}", presigned.url);
        assert_eq!(parameter(&presigned, "response-content-type").as_deref(), Some("image/jpeg"));
        let disposition = parameter(&presigned, "response-content-disposition").unwrap();
        assert!(disposition.starts_with("attachment; filename=\"a.pdf.preview.jpg\""), "{disposition}");
    }

    #[tokio::test]
    async fn debug_output_hides_the_signature() {
        let presigned = bucket().presign_download(&receipt_key(), &receipt("a.pdf"), now()).await.unwrap();
        assert!(presigned.url.contains("X-Amz-Signature="));
        assert!(!format!("{presigned:?}").contains("Signature"));
    }
}
