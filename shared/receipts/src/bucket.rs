//! The bucket: links that let one file in or out for five minutes, and what the functions themselves do with the files. The client
//! never chooses a key, a type or a size: S3 holds it to what was declared. This file must not look into a file or decide who may.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use outlay_domain::receipt::{MAX_BYTES, MediaType, Receipt, UPLOAD_SECONDS};

use crate::digest::digest;
use crate::disposition::attachment;
use crate::error::BucketError;
use crate::inspect::Cleaned;
use crate::keys::Slot;

/// How long a link is good.
const LIFE: Duration = Duration::from_secs(UPLOAD_SECONDS.unsigned_abs());

/// What a browser and what lies between may do with a file: show it to whoever asked, and forget it.
const CACHE_CONTROL: &str = "private, no-store";

/// The bucket, the key that encrypts in it, and the client that reaches S3.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    name: String,
    key: String,
}

/// A request that its bearer may make, once or again, until it expires. It is a secret: whoever has it needs nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// The method.
    pub method: &'static str,
    /// The URL, signed.
    pub url: String,
    /// The headers to send with it, all of them and as they are: they are signed too.
    pub headers: Vec<(String, String)>,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("method", &self.method)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Bucket {
    /// A bucket of this name, whose objects this KMS key (an ARN) encrypts. Region, endpoint and style of addresses are the client's.
    #[must_use]
    pub const fn new(client: Client, name: String, key: String) -> Self {
        Self { client, name, key }
    }

    /// A link to upload the declared file, and no other, to a slot where nothing is yet.
    ///
    /// # Errors
    /// [`BucketError::Refused`] when the declaration has no SHA-256 or there are no credentials; [`BucketError`]
    pub async fn upload_link(&self, slot: &Slot, receipt: &Receipt, now: Timestamp) -> Result<Link, BucketError> {
        let refused = || BucketError::Refused("Declaration".to_owned());
        let length = i64::try_from(receipt.size).map_err(|_| refused())?;
        let checksum = STANDARD.encode(digest(&receipt.sha256).ok_or_else(refused)?);
        let request = self.client.put_object().bucket(&self.name).key(slot.quarantine());
        let request = request.content_type(receipt.media_type.name()).content_length(length).checksum_sha256(checksum);
        let request = request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(&self.key);
        link("PUT", &request.if_none_match("*").presigned(config(now)?).await?, now)
    }

    /// A link to download the file that is kept, under its name.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn download_link(&self, slot: &Slot, receipt: &Receipt, now: Timestamp) -> Result<Link, BucketError> {
        self.get_link(slot.clean(), receipt.media_type, &receipt.name, now).await
    }

    /// A link to the picture of the file that is kept. There is one only when the receipt says so.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn preview_link(&self, slot: &Slot, receipt: &Receipt, now: Timestamp) -> Result<Link, BucketError> {
        self.get_link(slot.preview(), MediaType::Jpeg, &format!("{}.preview.jpg", receipt.name), now).await
    }

    async fn get_link(&self, key: String, kind: MediaType, name: &str, now: Timestamp) -> Result<Link, BucketError> {
        let request = self.client.get_object().bucket(&self.name).key(key).response_content_type(kind.name());
        let request =
            request.response_content_disposition(attachment(name, kind)).response_cache_control(CACHE_CONTROL);
        link("GET", &request.presigned(config(now)?).await?, now)
    }

    /// What was uploaded to the slot; `None` when nothing is there. No more is read than a receipt may have.
    ///
    /// # Errors
    /// [`BucketError::OtherSize`] when it is larger than a receipt may be; [`BucketError`]
    pub async fn uploaded(&self, slot: &Slot) -> Result<Option<Vec<u8>>, BucketError> {
        let answer = match self.client.get_object().bucket(&self.name).key(slot.quarantine()).send().await {
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            answer => answer?,
        };
        let limit = usize::try_from(MAX_BYTES).unwrap_or(usize::MAX);
        let announced = usize::try_from(answer.content_length.unwrap_or(0)).unwrap_or(0);
        if announced > limit {
            return Err(BucketError::OtherSize);
        }
        let mut bytes = Vec::with_capacity(announced);
        let mut body = answer.body;
        // The announced length is only a claim; the pieces are counted.
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|_| BucketError::Unavailable("Body".to_owned()))?;
            if bytes.len().saturating_add(piece.len()) > limit {
                return Err(BucketError::OtherSize);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Some(bytes))
    }

    /// Keeps an inspected file and its picture. Done again, it puts the same in the same place.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn keep(&self, slot: &Slot, cleaned: &Cleaned) -> Result<(), BucketError> {
        // The picture first: whoever finds the file finds its picture.
        if let Some(preview) = &cleaned.preview {
            self.put(slot.preview(), MediaType::Jpeg, preview).await?;
        }
        self.put(slot.clean(), cleaned.media_type, &cleaned.bytes).await
    }

    async fn put(&self, key: String, kind: MediaType, bytes: &[u8]) -> Result<(), BucketError> {
        let request = self.client.put_object().bucket(&self.name).key(key).content_type(kind.name());
        let request = request.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(&self.key);
        request.body(ByteStream::from(bytes.to_vec())).send().await?;
        Ok(())
    }

    /// Removes what was uploaded to the slot; nothing there is fine.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn clear_quarantine(&self, slot: &Slot) -> Result<(), BucketError> {
        self.delete(slot.quarantine()).await
    }

    /// Removes all that the slot has; nothing there is fine.
    ///
    /// # Errors
    /// [`BucketError`]
    pub async fn remove(&self, slot: &Slot) -> Result<(), BucketError> {
        for key in [slot.quarantine(), slot.clean(), slot.preview()] {
            self.delete(key).await?;
        }
        Ok(())
    }

    async fn delete(&self, key: String) -> Result<(), BucketError> {
        match self.client.delete_object().bucket(&self.name).key(key).send().await {
            // S3 says 204 for what is not there; some that speak like it say this.
            Err(error) if error.code() == Some("NoSuchKey") => Ok(()),
            answer => answer.map(drop).map_err(BucketError::from),
        }
    }
}

fn config(now: Timestamp) -> Result<PresigningConfig, BucketError> {
    let config = PresigningConfig::builder().start_time(SystemTime::from(now)).expires_in(LIFE).build();
    config.map_err(|_| BucketError::Refused("Presigning".to_owned()))
}

fn link(method: &'static str, request: &PresignedRequest, now: Timestamp) -> Result<Link, BucketError> {
    let expires_at = now.checked_add(SignedDuration::from_secs(UPLOAD_SECONDS));
    Ok(Link {
        method,
        url: request.uri().to_owned(),
        headers: request.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        expires_at: expires_at.map_err(|_| BucketError::Refused("Presigning".to_owned()))?,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
    use outlay_domain::ids::Seed;
    use outlay_domain::receipt::ReceiptStatus;

    use super::*;
    use crate::keys::tests::slot;

    const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234";

    fn now() -> Timestamp {
        Timestamp::from_second(1_763_800_000).unwrap()
    }

    fn bucket() -> Bucket {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", Some("session".to_owned()), None, "test"));
        Bucket::new(Client::from_conf(config.build()), "receipts".to_owned(), KEY.to_owned())
    }

    fn receipt(name: &str) -> Receipt {
        Receipt {
            id: slot().receipt,
            name: name.to_owned(),
            media_type: MediaType::Pdf,
            size: 1234,
            sha256: "ab".repeat(32),
            by: Seed::new(now(), [1; 10]).draw(),
            upload_until: now(),
            status: ReceiptStatus::Pending,
            also_on: Vec::new(),
        }
    }

    /// A parameter of the query, decoded.
    fn parameter(link: &Link, name: &str) -> Option<String> {
        let (_, query) = link.url.split_once('?')?;
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        Some(percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned())
    }

    #[tokio::test]
    async fn an_upload_is_held_to_what_was_declared() {
        let link = bucket().upload_link(&slot(), &receipt("a.pdf"), now()).await.unwrap();
        assert_eq!(link.method, "PUT");
        assert!(link.url.starts_with("https://receipts.s3.eu-central-1.amazonaws.com/quarantine/org_"), "{}", link.url);
        assert_eq!(link.expires_at.as_second(), now().as_second() + 300);
        assert_eq!(parameter(&link, "X-Amz-Expires").as_deref(), Some("300"));
        assert_eq!(parameter(&link, "X-Amz-Date").as_deref(), Some("20251122T082640Z"));
        let mut headers = link.headers.clone();
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
        // Each of them is signed, so that leaving one out or changing it ends in 403.
        let signed = parameter(&link, "X-Amz-SignedHeaders").unwrap();
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let mut signed: Vec<_> = signed.split(';').filter(|name| *name != "host").collect();
        signed.sort_unstable();
        assert_eq!(signed, names);
    }

    #[tokio::test]
    async fn a_declaration_without_a_digest_gets_no_link() {
        let receipt = Receipt { sha256: "ab".to_owned(), ..receipt("a.pdf") };
        let refused = bucket().upload_link(&slot(), &receipt, now()).await;
        assert_eq!(refused, Err(BucketError::Refused("Declaration".to_owned())));
    }

    #[tokio::test]
    async fn a_download_has_its_name_and_is_not_kept_on_the_way() {
        let link = bucket().download_link(&slot(), &receipt("Café.pdf"), now()).await.unwrap();
        assert_eq!((link.method, link.headers.as_slice()), ("GET", [].as_slice()));
        assert!(link.url.contains(&format!("/{}?", slot().clean())), "{}", link.url);
        assert_eq!(link.expires_at.as_second(), now().as_second() + 300);
        assert_eq!(parameter(&link, "X-Amz-Expires").as_deref(), Some("300"));
        assert_eq!(parameter(&link, "X-Amz-SignedHeaders").as_deref(), Some("host"));
        assert_eq!(parameter(&link, "response-content-type").as_deref(), Some("application/pdf"));
        assert_eq!(parameter(&link, "response-cache-control").as_deref(), Some("private, no-store"));
        let disposition = "attachment; filename=\"Caf_.pdf\"; filename*=UTF-8''Caf%C3%A9.pdf";
        assert_eq!(parameter(&link, "response-content-disposition").as_deref(), Some(disposition));
    }

    #[tokio::test]
    async fn a_preview_is_a_jpeg_whatever_the_file_is() {
        let link = bucket().preview_link(&slot(), &receipt("a.pdf"), now()).await.unwrap();
        assert!(link.url.contains(&format!("/{}?", slot().preview())), "{}", link.url);
        assert_eq!(parameter(&link, "response-content-type").as_deref(), Some("image/jpeg"));
        let disposition = parameter(&link, "response-content-disposition").unwrap();
        assert!(disposition.starts_with("attachment; filename=\"a.pdf.preview.jpg\""), "{disposition}");
    }

    #[tokio::test]
    async fn a_link_does_not_show_itself() {
        let link = bucket().download_link(&slot(), &receipt("a.pdf"), now()).await.unwrap();
        assert!(link.url.contains("X-Amz-Signature="));
        assert!(!format!("{link:?}").contains("Signature"));
    }
}
