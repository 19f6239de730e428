//! A function that serves HTTP: clients are opened once per process, then requests are answered one at a time.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use lambda_http::request::{LambdaRequest, RequestContext as GatewayContext};
use lambda_http::{Body, LambdaEvent, Request, RequestExt, Response, Service};
use outlay_auth::TokenVerifier;
use outlay_aws::{RunResult, clock};
use outlay_store::CommitError;

use crate::config::{HttpConfig, Resource};
use crate::deadline::Deadline;
use crate::endpoint::{Body as _, Endpoint, Idempotency, Precondition};
use crate::error::ApiError;
use crate::guard::Guard;
use crate::handler::{Handler, SignedInHandler};
use crate::limits::{Limiter, RateLimitStatus};
use crate::pipeline;
use crate::precondition::{TagList, joined};
use crate::problem::Problem;
use crate::request::{RequestContext, Services};
use crate::response::{HandlerResult, Reply};
use crate::target::{SignedIn, Target};

/// Length limit of a path, in bytes; API Gateway accepts 10,240 for the request line and all headers.
const MAX_PATH: usize = 10_240;

/// Serves an endpoint. `E` declares it, `handler` answers its requests.
///
/// # Errors
/// Fails when a variable is missing or the Runtime API cannot be reached.
pub async fn serve<E, Signature>(handler: impl for<'a> Handler<'a, E, Signature>) -> RunResult
where
    E: Endpoint,
{
    const {
        assert!(
            E::Target::HAS_VERSION || matches!(E::PRECONDITION, Precondition::Unused),
            "a target without a version cannot have a precondition"
        );
    }
    let config = HttpConfig::from_env()?;
    let resource = E::Resource::from_env(&config.sdk)?;
    let guard = open_guard::<E>(&config).await;
    let (guard, resource, handler) = (&guard, &resource, &handler);
    run(|request| async move {
        answer(guard, request, |request| async move { pipeline::handle(&request, resource, handler).await }).await
    })
    .await
}

/// Serves an endpoint for signed-in persons who need no membership.
///
/// # Errors
/// As for [`serve`].
pub async fn serve_signed_in<E>(handler: impl for<'a> SignedInHandler<'a, E>) -> RunResult
where
    E: Endpoint<Target = SignedIn>,
{
    let guard = open_guard::<E>(&HttpConfig::from_env()?).await;
    let (guard, handler) = (&guard, &handler);
    run(|request| async move {
        answer(guard, request, |request| async move { pipeline::handle_signed_in(&request, handler).await }).await
    })
    .await
}

/// Serves an endpoint whose answer is always the same and needs no sign-in.
///
/// # Errors
/// Fails when the Runtime API cannot be reached.
pub async fn serve_static(reply: impl Fn() -> Result<Reply, Problem>) -> RunResult {
    let reply = reply().map_err(|problem| format!("{problem:?}"))?;
    run(|_| {
        let reply = reply.clone();
        async move { reply.into_response() }
    })
    .await
}

/// Serves the requests that no endpoint takes. `answer` gets method, path and headers.
///
/// # Errors
/// Fails when the Runtime API cannot be reached.
pub async fn serve_unrouted(
    answer: impl Fn(&Method, &str, &HeaderMap) -> Result<Response<Body>, Problem>,
) -> RunResult {
    run(|request| {
        let id = request_id(&request);
        let answer = answer(request.method(), request.raw_http_path(), request.headers());
        let response = with_request_id(answer.unwrap_or_else(|problem| problem.into_response(&id)), &id);
        async move { response }
    })
    .await
}

async fn open_guard<E: Endpoint>(config: &HttpConfig) -> Guard {
    let store = config.store();
    let verifier = TokenVerifier::new(store.clone(), config.token.clone());
    // Before the first request: Lambda gives a function the most processor time while it starts.
    verifier.preload_keys(clock::now()).await;
    let limiter = Arc::new(Limiter::new(store.clone()));
    Guard {
        services: Services { store, limiter, signed_in: Arc::default() },
        verifier: Arc::new(verifier),
        class: E::COST,
        takes_key: E::IDEMPOTENCY != Idempotency::Unused,
        body: E::Body::FORMAT,
    }
}

async fn run<F: Future<Output = Response<Body>> + Send>(handler: impl Fn(Request) -> F) -> RunResult {
    let service = lambda_http::service_fn(|request| {
        let response = handler(request);
        async move { Ok::<_, lambda_http::Error>(response.await) }
    });
    let mut adapter = lambda_http::Adapter::from(service);
    lambda_runtime::run(lambda_runtime::service_fn(|event| adapter.call(sanitize_event(event)))).await
}

/// Replaces values that would end the process: a body with invalid base64 becomes one that is not JSON, and an invalid
/// query becomes an unknown parameter. Host and scheme are not used and become constants.
fn sanitize_event(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
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

async fn answer<F>(guard: &Guard, request: Request, respond: impl FnOnce(RequestContext) -> F) -> Response<Body>
where
    F: Future<Output = HandlerResult>,
{
    let id = request_id(&request);
    let if_none_match = joined(request.headers(), &header::IF_NONE_MATCH).filter(|_| request.method() == Method::GET);
    let deadline = Deadline::of(request.lambda_context_ref());
    let handled = async {
        match guard.authenticate(request, &id).await {
            Ok(request) => (respond(request.clone()).await, request.limit()),
            Err(problem) => (Err(ApiError::Problem(problem)), None),
        }
    };
    let (result, limit) = deadline.limit(handled).await.unwrap_or_else(|| (Err(Problem::out_of_time().into()), None));
    let mut response = match result {
        Ok(reply) => reply.into_response(),
        Err(ApiError::Replay(answer)) => Reply::replay(*answer).into_response(),
        Err(ApiError::Problem(problem)) => problem.into_response(&id),
        Err(ApiError::Conflict(partition)) => Problem::from(CommitError::Conflict(partition)).into_response(&id),
    };
    if if_none_match.is_some_and(|tags| has_entity_tag(&tags, &response)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::Empty;
    }
    for (name, value) in limit.iter().flat_map(RateLimitStatus::headers) {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    with_request_id(response, &id)
}

/// True when `If-None-Match` has the `ETag` of the response. A value that cannot be read has none.
fn has_entity_tag(if_none_match: &str, response: &Response<Body>) -> bool {
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    tag.is_some_and(|tag| TagList::parse(if_none_match).is_ok_and(|tags| tags.has(tag)))
}

fn with_request_id(mut response: Response<Body>, id: &str) -> Response<Body> {
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

fn request_id(request: &Request) -> String {
    let gateway = match request.request_context_ref() {
        Some(GatewayContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    gateway.or_else(|| request.lambda_context_ref().map(|context| context.request_id.clone())).unwrap_or_default()
}
