//! Access control of S3: a valid signature, a bucket of the template, every `x-amz-` header signed, and no denial by a
//! bucket policy. Every function may do everything else: roles exist only on AWS.

use axum::http::{HeaderMap, Uri};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::{S3Result, s3_error};

use crate::template::{Bucket, Denial};
use crate::{aws, system};

/// Access keys of the functions.
pub(super) struct Credentials;

#[async_trait::async_trait]
impl S3Auth for Credentials {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if aws::is_access_key(access_key) { Ok(aws::SECRET.into()) } else { Err(s3_error!(InvalidAccessKeyId)) }
    }
}

/// Access rules of signed requests.
pub(super) struct AccessRules {
    pub(super) buckets: Vec<Bucket>,
    pub(super) denials: Vec<Denial>,
}

#[async_trait::async_trait]
impl S3Access for AccessRules {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Signature is required"));
        }
        let (bucket, key) = match context.s3_path() {
            S3Path::Root => return Err(s3_error!(AccessDenied)),
            S3Path::Bucket { bucket } => (bucket, None),
            S3Path::Object { bucket, key } => (bucket, Some(key)),
        };
        if !self.buckets.iter().any(|it| it.name == **bucket) {
            return Err(s3_error!(NoSuchBucket));
        }
        // A key becomes a path of the file system.
        if key.is_some_and(|key| key.split('/').any(|part| [".", ".."].contains(&part))) {
            return Err(s3_error!(InvalidArgument, "the local stack accepts no key with a segment `.` or `..`"));
        }
        let signature = Signature::read(context.uri(), context.headers());
        if signature.has_unsigned_header(context.headers()) {
            return Err(s3_error!(AccessDenied, "There were headers present in the request which were not signed"));
        }
        let resource = match key {
            None => format!("arn:aws:s3:::{bucket}"),
            Some(key) => format!("arn:aws:s3:::{bucket}/{key}"),
        };
        let action = action(context.s3_op().name());
        let now = system::now();
        let value = |key: &str| value(key, &signature, context.headers(), now);
        if self.denials.iter().any(|it| it.denies(&action, &resource, value)) {
            return Err(s3_error!(AccessDenied, "with an explicit deny in a resource-based policy"));
        }
        Ok(())
    }
}

/// Returns the IAM action of an operation.
fn action(operation: &str) -> String {
    let action = match operation {
        "CopyObject" => "PutObject",
        "HeadObject" => "GetObject",
        "DeleteObjects" => "DeleteObject",
        "ListObjects" | "ListObjectsV2" | "HeadBucket" => "ListBucket",
        other => other,
    };
    format!("s3:{action}")
}

/// Signature of a request.
struct Signature {
    /// True for a presigned URL.
    in_query: bool,
    /// Names of the signed headers.
    headers: Vec<String>,
    /// Time of signing.
    at: Option<Timestamp>,
}

impl Signature {
    fn read(uri: &Uri, headers: &HeaderMap) -> Self {
        let query = uri.query().unwrap_or_default();
        let parameter = |name: &str| {
            let value = query.split('&').find_map(|it| it.strip_prefix(name)?.strip_prefix('='))?;
            percent_encoding::percent_decode_str(value).decode_utf8().ok().map(std::borrow::Cow::into_owned)
        };
        let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
        let in_query = parameter("X-Amz-Signature").is_some();
        let (signed, at) = if in_query {
            (parameter("X-Amz-SignedHeaders"), parameter("X-Amz-Date"))
        } else {
            let signed = header("authorization").and_then(|it| it.split_once("SignedHeaders="));
            let signed = signed.map(|(_, rest)| rest.split(',').next().unwrap_or_default().to_owned());
            (signed, header("x-amz-date").map(str::to_owned))
        };
        let at = at.and_then(|it| DateTime::strptime("%Y%m%dT%H%M%SZ", it).ok());
        Self {
            in_query,
            headers: signed.unwrap_or_default().split(';').map(str::to_owned).collect(),
            at: at.and_then(|it| it.to_zoned(TimeZone::UTC).ok()).map(|it| it.timestamp()),
        }
    }

    /// True when an `x-amz-` header is not signed.
    fn has_unsigned_header(&self, headers: &HeaderMap) -> bool {
        headers
            .keys()
            .any(|name| name.as_str().starts_with("x-amz-") && !self.headers.iter().any(|it| name.as_str() == it))
    }
}

/// Returns the value of a condition key. `key` is in lower case.
fn value(key: &str, signature: &Signature, headers: &HeaderMap, now: Timestamp) -> Option<String> {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).map(str::to_owned);
    match key {
        // Loopback counts as secure.
        "aws:securetransport" => Some("true".to_owned()),
        "s3:tlsversion" => Some("1.3".to_owned()),
        "s3:authtype" => Some(if signature.in_query { "REST-QUERY-STRING" } else { "REST-HEADER" }.to_owned()),
        "s3:signatureversion" => Some("AWS4-HMAC-SHA256".to_owned()),
        "s3:signatureage" => Some((now.as_millisecond() - signature.at?.as_millisecond()).to_string()),
        other => header(other.strip_prefix("s3:")?),
    }
}
