//! SDK and TLS configuration of a Lambda function: credentials, timeouts, trust stores and endpoints of services.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::env::{ConfigError, optional, required};

const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(7);

/// The five root certificates that Amazon Trust Services recommends for custom trust stores. Parsing them at a cold
/// start takes a tenth of the time that the system's roots take.
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// SDK configuration from the variables that Lambda sets: region, credentials, endpoint. Built by hand, because the
/// loader of `aws_config` costs half a million more instructions at each cold start.
///
/// # Errors
/// [`ConfigError`] when a variable is missing or the trust store cannot be built.
pub fn sdk_config() -> Result<SdkConfig, ConfigError> {
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        optional("AWS_SESSION_TOKEN"),
        None,
        "Lambda's environment",
    );
    let roots = match optional("TRUST_STORE").as_deref() {
        Some("system") => TrustStore::empty().with_native_roots(true),
        _ => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
    };
    let http_client = Builder::new().tls_provider(TLS_PROVIDER).tls_context(tls_context(roots)?).build_https();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts(ATTEMPT_TIMEOUT, OPERATION_TIMEOUT))
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
        .http_client(http_client);
    if let Some(endpoint) = optional("AWS_ENDPOINT_URL") {
        config = config.endpoint_url(endpoint);
    }
    Ok(config.build())
}

/// SDK configuration of one service. `AWS_ENDPOINT_URL_{service}`, such as `AWS_ENDPOINT_URL_S3`, overrides the
/// endpoint.
#[must_use]
pub fn for_service(sdk: &SdkConfig, service: &str) -> SdkConfig {
    match optional(&format!("AWS_ENDPOINT_URL_{service}")) {
        Some(endpoint) => sdk.to_builder().endpoint_url(endpoint).build(),
        None => sdk.clone(),
    }
}

/// Timeouts of one attempt and of an operation with its retries. The SDK has no operation timeout by default: a silent
/// peer would hold an invocation until Lambda kills it.
#[must_use]
pub fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(attempt);
    timeouts.operation_timeout(operation).build()
}

/// HTTPS connector to a host outside AWS. Trusts the system's roots; `timeout` limits connecting and each read.
///
/// # Errors
/// [`ConfigError::Tls`] when the trust store cannot be built.
pub fn public_https_connector(timeout: Duration) -> Result<Connector, ConfigError> {
    let settings = HttpConnectorSettings::builder().connect_timeout(timeout).read_timeout(timeout).build();
    Ok(Connector::builder()
        .sleep_impl(TokioSleep::new())
        .connector_settings(settings)
        .tls_provider(TLS_PROVIDER)
        .tls_context(tls_context(TrustStore::empty().with_native_roots(true))?)
        .build())
}

const TLS_PROVIDER: Provider = Provider::Rustls(CryptoMode::AwsLc);

fn tls_context(roots: TrustStore) -> Result<TlsContext, ConfigError> {
    TlsContext::builder().with_trust_store(roots).build().map_err(|error| ConfigError::Tls(error.to_string()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn trust_store_holds_five_amazon_roots() {
        assert_eq!(super::AMAZON_ROOTS.matches("BEGIN CERTIFICATE").count(), 5);
    }
}
