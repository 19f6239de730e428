//! Fetching the issuer's key set by OpenID Connect Discovery 1.0. Contacts the issuer of the function's environment
//! only: follows no URL from a token and no redirect.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;
use outlay_aws::config::public_https_connector;
use serde::Deserialize;

/// Size limit of a document, in bytes.
const MAX_DOCUMENT: usize = 256 * 1024;
/// Timeout of connecting, of each read, and of each document.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Metadata of the issuer; other members are ignored.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Fetches the key set of an issuer, as JSON.
///
/// # Errors
/// The reason, for the log.
pub(crate) async fn fetch_key_set(issuer: &str) -> Result<String, String> {
    let connector = public_https_connector(TIMEOUT).map_err(|error| error.to_string())?;
    // The path is appended after removing a trailing slash (OpenID Connect Discovery 1.0, section 4.1).
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let metadata = get(&connector, &url).await?;
    let metadata: Metadata = serde_json::from_str(&metadata).map_err(|_| "unreadable issuer metadata")?;
    if metadata.issuer != issuer {
        return Err("the metadata names another issuer".to_owned());
    }
    get(&connector, &metadata.jwks_uri).await
}

async fn get(connector: &impl HttpConnector, url: &str) -> Result<String, String> {
    // The local stack is its own issuer, over plain HTTP on the loopback interface.
    if !url.starts_with("https://") && !url.starts_with("http://127.0.0.1:") {
        return Err("the issuer URL is not https".to_owned());
    }
    let request = HttpRequest::get(url).map_err(|_| "invalid issuer URL")?;
    let response = connector.call(request).await.map_err(|_| "the issuer does not respond")?;
    if response.status().as_u16() != 200 {
        return Err(format!("the issuer responds with status {}", response.status().as_u16()));
    }
    let length = response.headers().get("content-length").and_then(|length| length.parse().ok());
    if length.is_some_and(|length: usize| length > MAX_DOCUMENT) {
        return Err("the issuer's response is too long".to_owned());
    }
    let body = tokio::time::timeout(TIMEOUT, ByteStream::new(response.into_body()).collect());
    let body = body.await.map_err(|_| "the issuer's response timed out")?;
    let body = body.map_err(|_| "the issuer's response was cut off")?.into_bytes();
    if body.len() > MAX_DOCUMENT {
        return Err("the issuer's response is too long".to_owned());
    }
    String::from_utf8(body.to_vec()).map_err(|_| "the issuer's response is not UTF-8".to_owned())
}
