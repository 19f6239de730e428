//! Answers requests that match no other route: CORS preflights, and 405 when the path has other methods, 404 otherwise.
//! Without this function, API Gateway would answer in a format of its own. With it, the gateway answers no preflight:
//! its route `$default` takes `OPTIONS` as well.

use std::collections::BTreeMap;

use lambda_http::Body;
use lambda_http::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
};
use lambda_http::http::{Method, Response, StatusCode};
use outlay_aws::{RunResult, env};
use outlay_http::runtime::serve_unrouted;
use outlay_http::{Problem, ProblemType};
use serde_json::Value;

/// Headers of a preflight's answer. The same values are in the template's `CorsConfiguration`; a test compares them.
const PREFLIGHT: [(HeaderName, &str); 3] = [
    (ACCESS_CONTROL_ALLOW_METHODS, "GET,POST,PUT,PATCH,DELETE"),
    (ACCESS_CONTROL_ALLOW_HEADERS, "authorization,content-type,idempotency-key,if-match,if-none-match,traceparent"),
    (ACCESS_CONTROL_MAX_AGE, "600"),
];

/// What the function knows of the API.
struct Api {
    /// Methods of each path template, from `openapi.json`.
    routes: BTreeMap<String, Vec<String>>,
    /// Origin of the browser application.
    allowed_origin: String,
}

impl Api {
    fn load() -> Result<Self, env::ConfigError> {
        let api: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap_or_default();
        let paths = api.get("paths").and_then(Value::as_object).into_iter().flatten();
        let methods = |operations: &Value| {
            operations.as_object().into_iter().flatten().map(|(name, _)| name.to_uppercase()).collect()
        };
        let routes = paths.map(|(path, operations)| (path.clone(), methods(operations))).collect();
        Ok(Self { routes, allowed_origin: env::required("ALLOWED_ORIGIN")? })
    }

    /// Methods of a path; none if the path does not exist.
    fn methods(&self, path: &str) -> Vec<&str> {
        let matching = self.routes.iter().filter(|(template, _)| matches_template(template, path));
        let mut methods: Vec<&str> = matching.flat_map(|(_, methods)| methods).map(String::as_str).collect();
        methods.sort_unstable();
        methods.dedup();
        methods
    }

    fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<Response<Body>, Problem> {
        let methods = self.methods(path);
        if method == Method::OPTIONS && (!methods.is_empty() || is_preflight(headers)) {
            return Ok(self.options(&methods, headers));
        }
        if methods.is_empty() || methods.contains(&method.as_str()) {
            let detail = "The API has no such path. GET /v1/openapi.json lists all paths; none ends with a slash.";
            return Err(Problem::new(ProblemType::NotFound, detail));
        }
        Err(Problem::method_not_allowed(&methods.join(", ")))
    }

    /// 204, with the CORS headers for the allowed origin. The preflight of a path that does not exist succeeds too:
    /// only then may the application see the 404 of the request that follows.
    fn options(&self, methods: &[&str], headers: &HeaderMap) -> Response<Body> {
        let mut response = Response::new(Body::Empty);
        *response.status_mut() = StatusCode::NO_CONTENT;
        let answer = response.headers_mut();
        answer.insert(VARY, HeaderValue::from_name(ORIGIN));
        if let (false, Ok(methods)) = (methods.is_empty(), HeaderValue::try_from(methods.join(", "))) {
            answer.insert(ALLOW, methods);
        }
        let origin = headers.get(ORIGIN);
        if let Some(origin) =
            origin.filter(|origin| origin.as_bytes().eq_ignore_ascii_case(self.allowed_origin.as_bytes()))
        {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            if is_preflight(headers) {
                answer.extend(PREFLIGHT.map(|(name, value)| (name, HeaderValue::from_static(value))));
            }
        }
        response
    }
}

/// True for the headers of a CORS preflight.
fn is_preflight(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// True when a path matches a path template. A `{parameter}` matches exactly one segment that is not empty.
fn matches_template(template: &str, path: &str) -> bool {
    let segments = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (template, path) = (segments(template), segments(path));
    let fits = |(template, segment): (&String, &String)| {
        if template.starts_with('{') { !segment.is_empty() } else { template == segment }
    };
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    let api = Api::load()?;
    serve_unrouted(|method, path, headers| api.answer(method, path, headers)).await
}
