//! Start of a function: clients once per cold start, then one request at a time. The only place that reads the environment,
//! the clock and the source of randomness.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use lambda_http::http::{Method, StatusCode, Uri, header};
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, LambdaEvent, Request, RequestExt, Response, Service};
use outlay_receipts::Bucket;
use outlay_store::{CommitError, Store, pause};
use outlay_vault::Vault;

use crate::call::Call;
use crate::gate::Gate;
use crate::limit::{Limiter, Report};
use crate::problem::Problem;
use crate::reply::{Outcome, Reply, Stop};
use crate::token::{Expected, Issuer};

/// The five roots that Amazon Trust Services asks custom trust stores to hold. Parsing them takes a tenth of the time that
/// the system's roots take at each cold start.
pub(crate) const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// The longest path, in bytes; API Gateway takes 10,240 for the request line and all headers.
const MAX_PATH: usize = 10_240;

/// What a function's `main` gives.
pub type BootResult = Result<(), lambda_http::Error>;

/// The time of a request and the random bytes its identifiers are made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Timestamp,
    pub(crate) random: [u8; 10],
}

#[expect(clippy::disallowed_methods, reason = "the one place that owns clock and randomness")]
pub(crate) fn moment() -> Moment {
    let mut random = [0; 10];
    // A system without randomness cannot do TLS either; identifiers then still differ by time.
    let _ = getrandom::fill(&mut random);
    let now = Timestamp::now();
    // To the millisecond, as everything shows it.
    Moment { now: Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now), random }
}

#[expect(clippy::disallowed_methods, reason = "the one place that owns the environment")]
pub(crate) fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("the environment variable {name} is missing"))
}

/// Serves an HTTP endpoint that needs the table.
///
/// # Errors
/// When the environment is incomplete or the Runtime API cannot be reached.
pub async fn serve<F: Future<Output = Outcome> + Send>(handler: fn(Call) -> F) -> BootResult {
    let gate = gate(&config()?, false).await?;
    run(|request| answer(gate.clone(), request, handler)).await
}

/// The same for requests that count as costly.
///
/// # Errors
/// As for [`serve`].
pub async fn serve_costly<F: Future<Output = Outcome> + Send>(handler: fn(Call) -> F) -> BootResult {
    let gate = gate(&config()?, true).await?;
    run(|request| answer(gate.clone(), request, handler)).await
}

/// The same for an endpoint that seals or opens what is stored encrypted; that counts as costly.
///
/// # Errors
/// As for [`serve`].
pub async fn serve_with_vault<F: Future<Output = Outcome> + Send>(handler: fn(Call, Arc<Vault>) -> F) -> BootResult {
    let config = config()?;
    let mut builder = aws_sdk_kms::config::Builder::from(&config);
    if let Ok(endpoint) = variable("AWS_ENDPOINT_URL_KMS") {
        builder = builder.endpoint_url(endpoint);
    }
    let vault = Arc::new(Vault::new(aws_sdk_kms::Client::from_conf(builder.build()), variable("PAYOUT_KEY")?));
    let gate = gate(&config, true).await?;
    run(|request| answer(gate.clone(), request, |call| handler(call, Arc::clone(&vault)))).await
}

/// The same for an endpoint that lets files in or out, or takes them away.
///
/// # Errors
/// As for [`serve`].
pub async fn serve_with_bucket<F: Future<Output = Outcome> + Send>(handler: fn(Call, Arc<Bucket>) -> F) -> BootResult {
    let config = config()?;
    let bucket = Arc::new(bucket(&config)?);
    let gate = gate(&config, false).await?;
    run(|request| answer(gate.clone(), request, |call| handler(call, Arc::clone(&bucket)))).await
}

/// Serves an HTTP endpoint whose answer is always the same and needs nothing.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve_constant(reply: impl Fn() -> Result<Reply, Problem>) -> BootResult {
    let reply = reply().map_err(|problem| format!("{problem:?}"))?;
    run(|_| {
        let reply = reply.clone();
        async move { reply.into_response() }
    })
    .await
}

/// Serves the requests that no endpoint takes.
///
/// # Errors
/// When the Runtime API cannot be reached.
pub async fn serve_unrouted(refuse: impl Fn(&Method, &str) -> Problem) -> BootResult {
    run(|request| {
        let id = request_id(&request);
        let response = identified(refuse(request.method(), request.raw_http_path()).into_response(&id), &id);
        async move { response }
    })
    .await
}

/// Renews the keys of the token issuer in the table, each time the function is invoked, whatever by.
///
/// # Errors
/// When the environment is incomplete or the Runtime API cannot be reached.
pub async fn serve_key_refresh() -> BootResult {
    let issuer = issuer(&store(&config()?)?)?;
    lambda_runtime::run(lambda_runtime::service_fn(|_: LambdaEvent<serde_json::Value>| async {
        issuer.refresh(moment().now).await.map_err(lambda_http::Error::from)
    }))
    .await
}

async fn run<F: Future<Output = Response<Body>> + Send>(handler: impl Fn(Request) -> F) -> BootResult {
    let service = lambda_http::service_fn(|request| {
        let response = handler(request);
        async move { Ok::<_, lambda_http::Error>(response.await) }
    });
    let mut adapter = lambda_http::Adapter::from(service);
    lambda_runtime::run(lambda_runtime::service_fn(|event| adapter.call(readable(event)))).await
}

/// An event whose body is not the base64 that it says it is would end the process, and so would one that no URL can be made of: in the
/// place of such a body something is handed on that is no JSON, in that of such a query something that is no parameter. The host and the
/// scheme, which nothing here goes by, are always the same.
fn readable(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        request.headers.remove(header::HOST);
        request.headers.remove("x-forwarded-proto");
        request.request_context.domain_name = Some("api.internal".to_owned());
        let path = request.raw_path.as_deref().unwrap_or_default();
        if !path.starts_with('/') || path.len() > MAX_PATH {
            request.raw_path = Some("/".to_owned());
        }
        let query = request.raw_query_string.as_deref().unwrap_or_default();
        if Uri::try_from(format!("/?{query}")).is_err() {
            request.raw_query_string = Some("unreadable".to_owned());
        }
        let body = request.body.as_deref().unwrap_or_default();
        if request.is_base64_encoded && STANDARD.decode(body).is_err() {
            request.is_base64_encoded = false;
            request.body = Some("not base64".to_owned());
        }
    }
    event
}

async fn gate(config: &SdkConfig, costly: bool) -> Result<Gate, String> {
    let store = store(config)?;
    let issuer = issuer(&store)?;
    // Before the first request: Lambda gives a function the most processor time while it starts.
    issuer.warm(moment().now).await;
    Ok(Gate { limiter: Arc::new(Limiter::new(store.clone())), issuer: Arc::new(issuer), store, costly })
}

fn issuer(store: &Store) -> Result<Issuer, String> {
    let audiences = variable("JWT_AUDIENCES")?.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect();
    Ok(Issuer::new(store.clone(), Expected { issuer: variable("JWT_ISSUER")?, audiences }))
}

/// The store on the table that the environment names.
///
/// # Errors
/// When the environment is incomplete.
pub fn store(config: &SdkConfig) -> Result<Store, String> {
    let mut builder = aws_sdk_dynamodb::config::Builder::from(config);
    if let Ok(endpoint) = variable("AWS_ENDPOINT_URL_DYNAMODB") {
        builder = builder.endpoint_url(endpoint);
    }
    Ok(Store::new(aws_sdk_dynamodb::Client::from_conf(builder.build()), variable("TABLE_NAME")?))
}

/// The client of S3.
pub(crate) fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    let mut builder = aws_sdk_s3::config::Builder::from(config);
    if let Ok(endpoint) = variable("AWS_ENDPOINT_URL_S3") {
        // Elsewhere than on AWS a bucket has no host name of its own.
        builder = builder.endpoint_url(endpoint).force_path_style(true);
    }
    aws_sdk_s3::Client::from_conf(builder.build())
}

/// The bucket of receipts.
pub(crate) fn bucket(config: &SdkConfig) -> Result<Bucket, String> {
    Ok(Bucket::new(s3(config), variable("RECEIPTS_BUCKET")?, variable("RECEIPTS_KEY")?))
}

async fn answer<F: Future<Output = Outcome> + Send>(
    gate: Gate,
    request: Request,
    handler: impl Fn(Call) -> F + Send + Sync,
) -> Response<Body> {
    let id = request_id(&request);
    let known = request.headers().get(header::IF_NONE_MATCH).filter(|_| request.method() == Method::GET).cloned();
    let (outcome, limit) = match gate.open(request, &id).await {
        Ok(call) => (persist(call.clone(), handler).await, call.limit()),
        Err(problem) => (Err(Stop::Problem(problem)), None),
    };
    let mut response = match outcome {
        Ok(reply) => reply.into_response(),
        Err(Stop::Replay(answer)) => Reply::replay(*answer).into_response(),
        Err(Stop::Problem(problem)) => problem.into_response(&id),
        Err(Stop::Again) => Problem::from(CommitError::Busy).into_response(&id),
    };
    let current = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let listed = |tags: &str| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == current);
    if !current.is_empty() && known.is_some_and(|tags| tags.to_str().is_ok_and(listed)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::Empty;
    }
    for (name, value) in limit.iter().flat_map(Report::headers) {
        if let Ok(value) = header::HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    identified(response, &id)
}

fn identified(mut response: Response<Body>, id: &str) -> Response<Body> {
    if let Ok(id) = header::HeaderValue::try_from(id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// How often a request is carried out anew when what its decision rests on has changed meanwhile.
const ATTEMPTS: u32 = 12;

async fn persist<F: Future<Output = Outcome> + Send>(call: Call, handler: impl Fn(Call) -> F) -> Outcome {
    let mut outcome = Err(Stop::Again);
    for attempt in 0..ATTEMPTS {
        outcome = carry_out(call.clone(), &handler).await;
        if !matches!(outcome, Err(Stop::Again)) {
            break;
        }
        // Many requests of one owner would run into each other again.
        tokio::time::sleep(pause(attempt)).await;
    }
    outcome
}

async fn carry_out<F: Future<Output = Outcome> + Send>(call: Call, handler: impl Fn(Call) -> F) -> Outcome {
    let probe = call.probe();
    let outcome = handler(call).await;
    // A request whose twin was carried out between its reads runs into the twin's effect; it is answered as the twin was.
    if let (Err(Stop::Problem(problem)), Some(probe)) = (&outcome, probe)
        && matches!(problem.kind().status(), 409 | 412)
        && let Some(answer) = probe.twin().await
    {
        return Err(Stop::Replay(Box::new(answer)));
    }
    outcome
}

fn request_id(request: &Request) -> String {
    use lambda_http::request::RequestContext;
    let gateway = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    gateway.or_else(|| request.lambda_context_ref().map(|context| context.request_id.clone())).unwrap_or_default()
}

/// The SDK's configuration from what Lambda sets, by hand: loading it costs half a million instructions more.
pub(crate) fn config() -> Result<SdkConfig, String> {
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID")?,
        variable("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN").ok(),
        None,
        "Lambda's environment",
    );
    // The SDK has no operation timeout of its own; without one a silent peer holds the request until Lambda kills it.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(1500))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(7))
        .build();
    let roots = match variable("TRUST_STORE").as_deref() {
        Ok("system") => TrustStore::empty().with_native_roots(true),
        _ => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
    };
    let tls = TlsContext::builder().with_trust_store(roots).build().map_err(|error| error.to_string())?;
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(tls).build_https();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(variable("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts)
        .sleep_impl(TokioSleep::new())
        .time_source(aws_smithy_async::time::SystemTimeSource::new())
        .http_client(http);
    if let Ok(endpoint) = variable("AWS_ENDPOINT_URL") {
        config = config.endpoint_url(endpoint);
    }
    Ok(config.build())
}

#[cfg(test)]
mod tests {
    #[test]
    fn all_five_amazon_roots_are_there() {
        assert_eq!(super::AMAZON_ROOTS.matches("BEGIN CERTIFICATE").count(), 5);
    }
}
