//! S3 on a folder, on a port of its own: the buckets of the template and no others, signatures checked, what their policies forbid
//! refused, and who wants to know told of new objects. Encryption is only spoken of: the files lie there as they came.

mod event;
mod objects;
mod rules;
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

use crate::faults::{self, Call, Faults, Service};
use crate::gateway::cors;
use crate::mailbox::escape;
use crate::queue::Queues;
use crate::stop::Stop;
use crate::template::{Bucket, Cors, Template};
use crate::{Error, system};
use objects::Objects;
use rules::{Credentials, Rules};

/// The largest object that is taken in one request.
const LARGEST: usize = 64 * 1024 * 1024;

/// Where S3 answers, and the folder that goes with it if the stack keeps nothing.
pub(crate) struct S3 {
    pub(crate) url: String,
    _folder: Option<TempDir>,
}

#[derive(Clone)]
struct Front {
    service: S3Service,
    buckets: Arc<[Bucket]>,
    faults: Option<Arc<Faults>>,
}

impl Front {
    /// What the bucket of a path answers to browsers of other origins.
    fn cors(&self, path: &str) -> Option<&Cors> {
        let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        self.buckets.iter().find(|it| it.name == name)?.cors.as_ref()
    }
}

impl S3 {
    /// Makes the buckets and starts to answer.
    pub(crate) async fn start(
        data: Option<&Path>,
        template: &Template,
        queues: &Arc<Queues>,
        faults: Option<&Arc<Faults>>,
        (stop, tasks): (&Stop, &mut JoinSet<()>),
    ) -> Result<Self, Error> {
        let (folder, temporary) = folder(data)?;
        let service = service(&folder, template, queues)?;
        let buckets = template.buckets.clone().into();
        let failed = |reason| Error::Listen { port: 0, reason };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let router = Router::new().fallback(call).with_state(Front { service, buckets, faults: faults.cloned() });
        let stopped = stop.clone();
        tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped.wait()).await {
                eprintln!("S3 ended: {error}");
            }
        });
        Ok(Self { url: format!("http://{address}"), _folder: temporary })
    }
}

/// The folder of the buckets; without a data folder one that is deleted in the end.
fn folder(data: Option<&Path>) -> Result<(PathBuf, Option<TempDir>), Error> {
    let failed = |reason| Error::Folder { folder: data.map(Path::to_owned).unwrap_or_default(), reason };
    if let Some(data) = data {
        return Ok((data.join("s3"), None));
    }
    let temporary = tempfile::tempdir().map_err(failed)?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

fn service(folder: &Path, template: &Template, queues: &Arc<Queues>) -> Result<S3Service, Error> {
    let failed = |reason| Error::Folder { folder: folder.to_owned(), reason };
    std::fs::create_dir_all(folder).map_err(failed)?;
    for bucket in &template.buckets {
        std::fs::create_dir_all(folder.join(&bucket.name)).map_err(failed)?;
    }
    let files = FileSystem::new(folder).map_err(|error| failed(std::io::Error::other(format!("{error:?}"))))?;
    let mut builder = S3ServiceBuilder::new(Objects::new(files, template.buckets.clone(), Arc::clone(queues)));
    builder.set_auth(Credentials);
    builder.set_access(Rules { buckets: template.buckets.clone(), denials: template.denials.clone() });
    Ok(builder.build())
}

async fn call(State(front): State<Front>, request: Request) -> Response {
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let cors = front.cors(request.uri().path()).cloned();
    if let Some(preflight) = cors::preflight(cors.as_ref(), &method, &headers) {
        return preflight;
    }
    let mut response = answer(front, request).await;
    cors::apply(cors.as_ref(), &headers, response.headers_mut());
    response
}

async fn answer(front: Front, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
        return error(StatusCode::BAD_REQUEST, "EntityTooLarge", "the local S3 takes less in one request");
    };
    let target = parts.uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
    let operation = operation(&parts.method, parts.uri.path(), &target, &parts.headers);
    let headers = parts.headers.clone();
    let handed_on = s3s::HttpRequest::from_parts(parts, s3s::Body::from(body.clone()));
    let carried_out = async {
        match front.service.call(handed_on).await {
            Ok(answer) => answer.map(Body::new).into_response(),
            Err(failure) => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &format!("{failure:?}")),
        }
    };
    // The address is part of what a rule looks at: many calls have no body.
    let text = || [target.as_bytes(), b"\n", &body].concat();
    let call = Call { service: Service::S3, operation, headers: &headers, text: &text };
    faults::between(front.faults.as_deref(), call, carried_out).await
}

/// The operation that a request is, as far as the objects go.
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

/// An error as S3 words it.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{}</Message>\
         <RequestId>{}</RequestId></Error>",
        escape(message),
        system::uuid()
    );
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}
