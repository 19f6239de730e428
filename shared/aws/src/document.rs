//! Documents of a host outside AWS, with limits of size and time. Follows no redirect.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;

/// Limits of a document.
#[derive(Clone, Copy, Debug)]
pub struct DocumentLimits {
    /// Size limit, in bytes.
    pub max_bytes: usize,
    /// Timeout of the body, after the connector's own timeouts.
    pub timeout: Duration,
}

/// Reason why a document was not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The URL does not begin with `https://`, nor with the loopback address of the local stack.
    #[error("the URL is not https")]
    NotHttps,
    /// The URL is malformed.
    #[error("the URL is invalid")]
    InvalidUrl,
    /// No response, or none in time.
    #[error("the host does not respond")]
    NoResponse,
    /// A status other than 200.
    #[error("the host responds with status {0}")]
    Status(u16),
    /// The document is above the size limit.
    #[error("the document is too long")]
    TooLong,
    /// The document was not complete in time.
    #[error("the document timed out")]
    TimedOut,
    /// The connection ended within the document.
    #[error("the document was cut off")]
    CutOff,
    /// The document is not UTF-8.
    #[error("the document is not UTF-8")]
    NotUtf8,
}

/// Fetches a document.
///
/// # Errors
/// [`DocumentError`]
pub async fn fetch_document(
    connector: &impl HttpConnector,
    url: &str,
    limits: DocumentLimits,
) -> Result<String, DocumentError> {
    // The local stack serves its documents over plain HTTP on the loopback interface.
    if !url.starts_with("https://") && !url.starts_with("http://127.0.0.1:") {
        return Err(DocumentError::NotHttps);
    }
    let request = HttpRequest::get(url).map_err(|_| DocumentError::InvalidUrl)?;
    let response = connector.call(request).await.map_err(|_| DocumentError::NoResponse)?;
    if response.status().as_u16() != 200 {
        return Err(DocumentError::Status(response.status().as_u16()));
    }
    let length = response.headers().get("content-length").and_then(|length| length.parse().ok());
    if length.is_some_and(|length: usize| length > limits.max_bytes) {
        return Err(DocumentError::TooLong);
    }
    let body = read_body(ByteStream::new(response.into_body()), limits.max_bytes);
    let body = tokio::time::timeout(limits.timeout, body).await.map_err(|_| DocumentError::TimedOut)??;
    String::from_utf8(body).map_err(|_| DocumentError::NotUtf8)
}

/// Reads a body chunk by chunk: one without a stated length ends at the limit.
async fn read_body(mut stream: ByteStream, max_bytes: usize) -> Result<Vec<u8>, DocumentError> {
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| DocumentError::CutOff)?;
        if body.len().saturating_add(chunk.len()) > max_bytes {
            return Err(DocumentError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::http::HttpConnectorFuture;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// Host that gives one answer.
    #[derive(Debug)]
    struct Host {
        status: u16,
        length: Option<&'static str>,
        body: &'static [u8],
    }

    impl HttpConnector for Host {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let mut response = HttpResponse::new(self.status.try_into().unwrap(), SdkBody::from(self.body));
            if let Some(length) = self.length {
                response.headers_mut().insert("content-length", length);
            }
            HttpConnectorFuture::ready(Ok(response))
        }
    }

    async fn fetch(host: Host, url: &str) -> Result<String, DocumentError> {
        let limits = DocumentLimits { max_bytes: 4, timeout: Duration::from_secs(1) };
        fetch_document(&host, url, limits).await
    }

    #[tokio::test]
    async fn document_is_limited_in_size_status_and_encoding() {
        let url = "https://example.com/x.xml";
        let host = |status, length, body| Host { status, length, body };
        for (answer, expected) in [
            (host(200, None, b"abcd"), Ok("abcd".to_owned())),
            (host(200, None, b"abcde"), Err(DocumentError::TooLong)),
            (host(200, Some("5"), b""), Err(DocumentError::TooLong)),
            (host(302, None, b""), Err(DocumentError::Status(302))),
            (host(200, None, b"\xff"), Err(DocumentError::NotUtf8)),
        ] {
            let shown = format!("{answer:?}");
            assert_eq!(fetch(answer, url).await, expected, "{shown}");
        }
    }

    #[tokio::test]
    async fn document_needs_https_or_loopback_address() {
        for (url, expected) in [
            ("http://example.com/", Err(DocumentError::NotHttps)),
            ("http://127.0.0.1.example.com/", Err(DocumentError::NotHttps)),
            ("https://exa mple.com/", Err(DocumentError::InvalidUrl)),
            ("http://127.0.0.1:3000/", Ok(String::new())),
        ] {
            assert_eq!(fetch(Host { status: 200, length: None, body: b"" }, url).await, expected, "{url}");
        }
    }
}
