//! Every request that no other endpoint takes: 405 with the methods its path has, or 404. Without this function API Gateway would answer
//! it, in a shape of its own.

use std::collections::BTreeMap;

use lambda_http::http::Method;
use outlay_edge::Problem;
use serde_json::Value;

/// The paths of the API and their methods, from its own description.
fn routes() -> BTreeMap<String, Vec<String>> {
    let api: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap_or_default();
    let paths = api.get("paths").and_then(Value::as_object).into_iter().flatten();
    let methods = |operations: &Value| {
        operations.as_object().into_iter().flatten().map(|(name, _)| name.to_uppercase()).collect()
    };
    paths.map(|(path, operations)| (path.clone(), methods(operations))).collect()
}

/// Whether a path is one of those that a template stands for: a `{parameter}` is exactly one segment, and not an empty one.
fn matches(template: &str, path: &str) -> bool {
    let segments = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (template, path) = (segments(template), segments(path));
    let fits = |(template, segment): (&String, &String)| {
        if template.starts_with('{') { !segment.is_empty() } else { template == segment }
    };
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

fn refuse(routes: &BTreeMap<String, Vec<String>>, method: &Method, path: &str) -> Problem {
    let mut allowed: Vec<&str> = routes
        .iter()
        .filter(|(template, _)| matches(template, path))
        .flat_map(|(_, it)| it)
        .map(String::as_str)
        .collect();
    allowed.sort_unstable();
    allowed.dedup();
    if allowed.is_empty() || allowed.contains(&method.as_str()) {
        return Problem::not_found();
    }
    Problem::not_with(&allowed.join(", "))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    let routes = routes();
    outlay_edge::boot::serve_unrouted(|method, path| refuse(&routes, method, path)).await
}
