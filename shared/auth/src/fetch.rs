//! Fetching the issuer's key set by OpenID Connect Discovery 1.0. Contacts the issuer of the function's environment
//! only: follows no URL from a token and no redirect.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector;
use outlay_aws::config::public_https_connector;
use outlay_aws::document::{DocumentLimits, fetch_document};
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
    let limits = DocumentLimits { max_bytes: MAX_DOCUMENT, timeout: TIMEOUT };
    fetch_document(connector, url, limits).await.map_err(|error| format!("issuer: {error}"))
}
