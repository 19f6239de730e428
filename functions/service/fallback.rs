//! Answers requests that match no other route: 405 when the path has other methods, 404 otherwise. Without this
//! function, API Gateway would answer them without `application/problem+json`.

use std::collections::BTreeMap;

use lambda_http::http::Method;
use outlay_aws::RunResult;
use outlay_http::Problem;
use outlay_http::runtime::serve_unrouted;
use serde_json::Value;

/// Loads the paths of the API with their methods from `openapi.json`.
fn load_routes() -> BTreeMap<String, Vec<String>> {
    let api: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap_or_default();
    let paths = api.get("paths").and_then(Value::as_object).into_iter().flatten();
    let methods = |operations: &Value| {
        operations.as_object().into_iter().flatten().map(|(name, _)| name.to_uppercase()).collect()
    };
    paths.map(|(path, operations)| (path.clone(), methods(operations))).collect()
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

/// Chooses between 404 and 405.
fn choose_problem(routes: &BTreeMap<String, Vec<String>>, method: &Method, path: &str) -> Problem {
    let mut allowed: Vec<&str> = routes
        .iter()
        .filter(|(template, _)| matches_template(template, path))
        .flat_map(|(_, methods)| methods)
        .map(String::as_str)
        .collect();
    allowed.sort_unstable();
    allowed.dedup();
    if allowed.is_empty() || allowed.contains(&method.as_str()) {
        return Problem::not_found();
    }
    Problem::method_not_allowed(&allowed.join(", "))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    let routes = load_routes();
    serve_unrouted(|method, path| choose_problem(&routes, method, path)).await
}
