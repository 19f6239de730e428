//! Fetching the issuer's keys, from where its own configuration says (OpenID Connect Discovery 1.0). The issuer is the one of the
//! function's environment: no address from a token is ever followed, and no redirect.

use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;
use serde::Deserialize;

/// The largest document that is read, in bytes.
const MAX_DOCUMENT: usize = 256 * 1024;
/// How long each of the two documents may take.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

/// The key set of an issuer, as it sends it.
///
/// # Errors
/// What went wrong, for the log.
pub(super) async fn key_set(issuer: &str) -> Result<String, String> {
    // An issuer's certificate may be of any public authority, not only of Amazon's.
    let tls = TlsContext::builder().with_trust_store(TrustStore::empty().with_native_roots(true)).build();
    let settings = HttpConnectorSettings::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE).build();
    let connector = Connector::builder()
        .sleep_impl(TokioSleep::new())
        .connector_settings(settings)
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(tls.map_err(|error| error.to_string())?)
        .build();
    // An issuer may end with a slash, its configuration is found without (OpenID Connect Discovery 1.0, section 4.1).
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let configuration = get(&connector, &address).await?;
    let configuration: Configuration =
        serde_json::from_str(&configuration).map_err(|_| "the issuer's configuration cannot be read")?;
    if configuration.issuer != issuer {
        return Err("the issuer's configuration is that of another".to_owned());
    }
    get(&connector, &configuration.jwks_uri).await
}

async fn get(connector: &Connector, url: &str) -> Result<String, String> {
    // Without TLS only on this machine, where the local stack plays the issuer.
    if !url.starts_with("https://") && !url.starts_with("http://127.0.0.1:") {
        return Err("the issuer's address is not https".to_owned());
    }
    let request = HttpRequest::get(url).map_err(|_| "the issuer's address is none")?;
    let response = connector.call(request).await.map_err(|_| "the issuer does not answer")?;
    if response.status().as_u16() != 200 {
        return Err(format!("the issuer answers with the status {}", response.status().as_u16()));
    }
    let length = response.headers().get("content-length").and_then(|length| length.parse().ok());
    if length.is_some_and(|length: usize| length > MAX_DOCUMENT) {
        return Err("the issuer's answer is too long".to_owned());
    }
    let body = tokio::time::timeout(PATIENCE, ByteStream::new(response.into_body()).collect());
    let body = body.await.map_err(|_| "the issuer is too slow")?.map_err(|_| "the issuer's answer breaks off")?;
    let body = body.into_bytes();
    if body.len() > MAX_DOCUMENT {
        return Err("the issuer's answer is too long".to_owned());
    }
    String::from_utf8(body.to_vec()).map_err(|_| "the issuer's answer is no text".to_owned())
}
