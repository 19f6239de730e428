//! Simulates S3 on a folder and a port of its own: the buckets of the template with signatures, bucket policies, CORS
//! and event notifications. Encryption settings are accepted and returned, but the files are not encrypted.

mod access;
mod cors;
mod notification;
mod objects;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::aws::CallingProcess;
use crate::html::escape;
use crate::own_host::own_host_only;
use crate::shutdown::Shutdown;
use crate::sqs::Queues;
use crate::template::{Bucket, Cors, Template};
use crate::test_kit::{self, Service, ServiceCall, ServiceFailure, TestKit};
use crate::{StackError, system};
use access::{AccessRules, Credentials};
use objects::Objects;

/// Size limit of an upload in one request, bytes.
const MAX_OBJECT: usize = 64 * 1024 * 1024;

/// The running server.
pub(crate) struct S3Server {
    pub(crate) url: String,
    /// Folder of the buckets if there is no data folder; deleted at the end.
    _temporary_folder: Option<TempDir>,
}

#[derive(Clone)]
struct S3State {
    service: S3Service,
    buckets: Arc<[Bucket]>,
    test_kit: Option<Arc<dyn TestKit>>,
}

impl S3State {
    /// Returns the CORS rules of the bucket in a path.
    fn cors(&self, path: &str) -> Vec<Cors> {
        let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        self.buckets.iter().find(|it| it.name == name).map(|it| it.cors.clone()).unwrap_or_default()
    }
}

impl S3Server {
    /// Creates the buckets and starts the server.
    pub(crate) async fn start(
        data: Option<&Path>,
        template: &Template,
        queues: &Arc<Queues>,
        test_kit: Option<&Arc<dyn TestKit>>,
        (shutdown, tasks): (&Shutdown, &mut JoinSet<()>),
    ) -> Result<Self, StackError> {
        let (folder, temporary) = folder(data)?;
        let service = service(&folder, template, queues)?;
        let buckets = template.buckets.clone().into();
        let failed = |reason| StackError::Listen { port: 0, reason };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let router =
            Router::new().fallback(handle).with_state(S3State { service, buckets, test_kit: test_kit.cloned() });
        let router = own_host_only(router, address);
        let shutdown = shutdown.clone();
        tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(shutdown.wait()).await {
                eprintln!("the local S3 server ended: {error}");
            }
        });
        Ok(Self { url: format!("http://{address}"), _temporary_folder: temporary })
    }
}

/// Returns the folder of the buckets; without a data folder a temporary one.
fn folder(data: Option<&Path>) -> Result<(PathBuf, Option<TempDir>), StackError> {
    let failed = |reason| StackError::Folder { folder: data.map(Path::to_owned).unwrap_or_default(), reason };
    if let Some(data) = data {
        return Ok((data.join("s3"), None));
    }
    let temporary = tempfile::tempdir().map_err(failed)?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

fn service(folder: &Path, template: &Template, queues: &Arc<Queues>) -> Result<S3Service, StackError> {
    let failed = |reason| StackError::Folder { folder: folder.to_owned(), reason };
    std::fs::create_dir_all(folder).map_err(failed)?;
    for bucket in &template.buckets {
        std::fs::create_dir_all(folder.join(&bucket.name)).map_err(failed)?;
    }
    let files = FileSystem::new(folder).map_err(|error| failed(std::io::Error::other(format!("{error:?}"))))?;
    let mut builder = S3ServiceBuilder::new(Objects::new(files, template.buckets.clone(), Arc::clone(queues)));
    builder.set_auth(Credentials);
    builder.set_access(AccessRules { buckets: template.buckets.clone(), denials: template.denials.clone() });
    Ok(builder.build())
}

async fn handle(State(state): State<S3State>, request: Request) -> Response {
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let rules = state.cors(request.uri().path());
    if let Some(preflight) = cors::preflight(&rules, &method, &headers) {
        return preflight.unwrap_or_else(|(status, code, message)| error(status, code, message));
    }
    let mut response = carry_out(state, request).await;
    cors::apply(&rules, &method, &headers, response.headers_mut());
    response
}

async fn carry_out(state: S3State, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_OBJECT).await else {
        return error(
            StatusCode::BAD_REQUEST,
            "EntityTooLarge",
            "the local stack accepts at most 64 MiB in one request",
        );
    };
    let target = parts.uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
    let operation = operation(&parts.method, parts.uri.path(), &target, &parts.headers);
    let headers = parts.headers.clone();
    let forwarded = s3s::HttpRequest::from_parts(parts, s3s::Body::from(body.clone()));
    let carry_out = async {
        match state.service.call(forwarded).await {
            Ok(answer) => answer.map(Body::new).into_response(),
            Err(failure) => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &format!("{failure:?}")),
        }
    };
    // With the URL, because many calls have no body.
    let text = || [target.as_bytes(), b"\n", &body].concat();
    let caller = CallingProcess::from_headers(&headers);
    let call = ServiceCall { service: Service::S3, operation, caller, text: &text };
    test_kit::intercept(state.test_kit.as_deref(), call, carry_out).await.unwrap_or_else(|failure| {
        let (status, code) = match failure {
            ServiceFailure::Throttled => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
            ServiceFailure::Denied => (StatusCode::FORBIDDEN, "AccessDenied"),
            ServiceFailure::Unavailable => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        };
        error(status, code, ServiceFailure::MESSAGE)
    })
}

/// Names the operation of a request; empty for unsupported ones.
fn operation(method: &Method, path: &str, target: &str, headers: &HeaderMap) -> &'static str {
    let is_object = path.trim_start_matches('/').split_once('/').is_some_and(|(_, key)| !key.is_empty());
    match (method.as_str(), is_object) {
        ("PUT", true) if headers.contains_key("x-amz-copy-source") => "CopyObject",
        ("PUT", true) => "PutObject",
        ("GET", true) => "GetObject",
        ("HEAD", true) => "HeadObject",
        ("DELETE", true) => "DeleteObject",
        ("GET", false) => "ListObjectsV2",
        ("HEAD", false) => "HeadBucket",
        ("POST", false) if target.contains("?delete") => "DeleteObjects",
        _ => "",
    }
}

/// Makes an error of S3.
fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{}</Message>\
         <RequestId>{}</RequestId></Error>",
        escape(message),
        system::uuid()
    );
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}
