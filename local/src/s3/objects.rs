//! Object operations over the files of `s3s-fs`. Adds what that lacks: a body is verified before it is written, writers
//! of one key are serialized, and notifications are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::dto::{
    Checksum, CopyObjectInput, CopyObjectOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, PutObjectInput, PutObjectOutput,
    StreamingBlob,
};
use s3s::{S3, S3Request, S3Response, S3Result, TrailingHeaders, s3_error};
use s3s_fs::FileSystem;
use tokio::sync::Mutex;

use super::notification::CreatedObject;
use crate::sqs::Queues;
use crate::system;
use crate::template::Bucket;

/// The objects of all buckets.
pub(super) struct Objects {
    files: FileSystem,
    buckets: Vec<Bucket>,
    queues: Arc<Queues>,
    /// Held during a write.
    write_lock: Mutex<()>,
    sequencer: AtomicU64,
}

impl Objects {
    pub(super) fn new(files: FileSystem, buckets: Vec<Bucket>, queues: Arc<Queues>) -> Self {
        let start = u64::try_from(system::now().as_microsecond()).unwrap_or_default();
        Self { files, buckets, queues, write_lock: Mutex::default(), sequencer: AtomicU64::new(start) }
    }

    async fn notify(&self, (bucket, key): (&str, &str), size: u64, etag: Option<&ETag>, method: &str) {
        let created = CreatedObject {
            bucket,
            key,
            size,
            etag: etag.map(ETag::value).unwrap_or_default(),
            method,
            sequencer: self.sequencer.fetch_add(1, Ordering::Relaxed),
        };
        for queue in created.queues(&self.buckets) {
            let notification = created.notification(&format!("{:.3}", system::now()), &system::uuid());
            if self.queues.send(queue, notification.to_string()).await.is_none() {
                eprintln!("the template has no queue {queue} for the notification of {key}");
            }
        }
    }

    /// Returns the size of an object; `None` if there is none.
    async fn size(&self, bucket: &str, key: &str) -> Option<u64> {
        let input = HeadObjectInput { bucket: bucket.to_owned(), key: key.to_owned(), ..HeadObjectInput::default() };
        let found = self.files.head_object(request(input)).await.ok()?;
        Some(found.output.content_length.and_then(|it| u64::try_from(it).ok()).unwrap_or_default())
    }
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn put_object(&self, mut req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let body = req.input.body.take().ok_or_else(|| s3_error!(IncompleteBody))?;
        let body = body.try_fold(BytesMut::new(), async |mut all, next| {
            all.extend_from_slice(&next);
            Ok(all)
        });
        let body = body.await.map_err(|error| s3_error!(InvalidRequest, "the body cannot be read: {error}"))?.freeze();
        apply_trailers(&mut req.input, req.trailing_headers.take());
        verify(&req.input, &body)?;
        let size = u64::try_from(body.len()).unwrap_or_default();
        req.input.body = Some(StreamingBlob::from(s3s::Body::from(body)));
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let encryption = (req.input.server_side_encryption.clone(), req.input.ssekms_key_id.clone());
        let _guard = self.write_lock.lock().await;
        let mut response = self.files.put_object(req).await?;
        (response.output.server_side_encryption, response.output.ssekms_key_id) = encryption;
        self.notify((&bucket, &key), size, response.output.e_tag.as_ref(), "Put").await;
        Ok(response)
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let (bucket, key) = (req.input.bucket.clone(), req.input.key.clone());
        let encryption = (req.input.server_side_encryption.clone(), req.input.ssekms_key_id.clone());
        let _guard = self.write_lock.lock().await;
        let only_new = req.headers.get("if-none-match").is_some_and(|it| it == "*");
        if only_new && self.size(&bucket, &key).await.is_some() {
            return Err(s3_error!(PreconditionFailed, "Object already exists"));
        }
        let mut response = self.files.copy_object(req).await?;
        (response.output.server_side_encryption, response.output.ssekms_key_id) = encryption;
        let size = self.size(&bucket, &key).await.unwrap_or_default();
        let etag = response.output.copy_object_result.as_ref().and_then(|it| it.e_tag.as_ref());
        self.notify((&bucket, &key), size, etag, "Copy").await;
        Ok(response)
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = &req.input;
        if self.size(&input.bucket, &input.key).await.is_none() {
            return Err(s3_error!(NoSuchKey));
        }
        let (disposition, kind) = (input.response_content_disposition.clone(), input.response_content_type.clone());
        let if_match = input.if_match.clone();
        let mut response = self.files.get_object(req).await?;
        if let (Some(ETagCondition::ETag(wanted)), Some(found)) = (if_match, &response.output.e_tag)
            && !found.strong_cmp(&wanted)
        {
            return Err(s3_error!(PreconditionFailed));
        }
        let output = &mut response.output;
        output.content_disposition = disposition.or(output.content_disposition.take());
        output.content_type = kind.or(output.content_type.take());
        Ok(response)
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.files.head_object(req).await
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let _guard = self.write_lock.lock().await;
        self.files.delete_object(req).await
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let _guard = self.write_lock.lock().await;
        self.files.delete_objects(req).await
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.files.list_objects_v2(req).await
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.files.head_bucket(req).await
    }
}

/// Makes a request of the stack itself.
fn request<T>(input: T) -> S3Request<T> {
    S3Request {
        input,
        method: axum::http::Method::HEAD,
        uri: axum::http::Uri::default(),
        headers: axum::http::HeaderMap::default(),
        extensions: axum::http::Extensions::default(),
        credentials: None,
        region: None,
        service: None,
        trailing_headers: None,
    }
}

/// Moves checksums from the trailers to the input.
fn apply_trailers(input: &mut PutObjectInput, trailers: Option<TrailingHeaders>) {
    let Some(trailers) = trailers.and_then(|it| it.take()) else { return };
    let value = |name: &str| trailers.get(name).and_then(|it| it.to_str().ok()).map(str::to_owned);
    for (name, checksum) in [
        ("x-amz-checksum-crc32", &mut input.checksum_crc32),
        ("x-amz-checksum-crc32c", &mut input.checksum_crc32c),
        ("x-amz-checksum-crc64nvme", &mut input.checksum_crc64nvme),
        ("x-amz-checksum-sha1", &mut input.checksum_sha1),
        ("x-amz-checksum-sha256", &mut input.checksum_sha256),
    ] {
        *checksum = value(name).or(checksum.take());
    }
}

/// Compares the body with its declared length and checksums.
fn verify(input: &PutObjectInput, body: &Bytes) -> S3Result<()> {
    let length = input.content_length.and_then(|it| usize::try_from(it).ok());
    if length.is_some_and(|it| it != body.len()) {
        return Err(s3_error!(IncompleteBody));
    }
    let mut hasher = ChecksumHasher {
        crc32: input.checksum_crc32.as_ref().map(|_| Crc32::new()),
        crc32c: input.checksum_crc32c.as_ref().map(|_| Crc32c::new()),
        sha1: input.checksum_sha1.as_ref().map(|_| Sha1::new()),
        sha256: input.checksum_sha256.as_ref().map(|_| Sha256::new()),
        crc64nvme: input.checksum_crc64nvme.as_ref().map(|_| Crc64Nvme::new()),
    };
    hasher.update(body);
    let declared = Checksum {
        checksum_crc32: input.checksum_crc32.clone(),
        checksum_crc32c: input.checksum_crc32c.clone(),
        checksum_sha1: input.checksum_sha1.clone(),
        checksum_sha256: input.checksum_sha256.clone(),
        checksum_crc64nvme: input.checksum_crc64nvme.clone(),
        ..Checksum::default()
    };
    if hasher.finalize() == declared {
        Ok(())
    } else {
        Err(s3_error!(BadDigest, "The checksum you specified did not match what we received."))
    }
}
