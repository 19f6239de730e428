//! What `/` shows: where everything is.

use std::fmt::Write as _;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::local::Local;
use crate::mailbox::{escape, wants_page};
use crate::template::Access;

const STYLE: &str = ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}td{padding:.25rem .75rem .25rem 0;border-top:1px solid #8884}code{font-size:.9rem}";

/// `GET /`
pub(crate) async fn page(State(local): State<Local>, headers: HeaderMap) -> Response {
    if !wants_page(&headers) {
        return Json(overview(&local)).into_response();
    }
    let mut links = String::new();
    for (name, path) in links_of(&local) {
        // Writing to a String cannot fail.
        let _ = write!(links, "<li><a href=\"{path}\">{name}</a> <code>{path}</code></li>", path = escape(path));
    }
    let mut rows = String::new();
    for route in &local.template.routes {
        let access = if route.access == Access::Open { "open" } else { "token" };
        let _ = write!(
            rows,
            "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td><td>{access}</td></tr>",
            escape(&route.method),
            escape(&route.path),
            escape(&route.function),
        );
    }
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Local stack</title>\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style></head><body>\
         <h1>Local stack</h1><ul>{links}</ul><p>A token: <code>curl -d '{{\"sub\":\"ann\",\"email\":\"ann@example.com\",\
         \"name\":\"Ann\"}}' {url}/_local/token</code></p><table>{rows}</table></body></html>",
        url = escape(&local.url),
    ))
    .into_response()
}

fn overview(local: &Local) -> Value {
    let links: serde_json::Map<String, Value> =
        links_of(local).map(|(name, path)| (name.to_owned(), format!("{}{path}", local.url).into())).collect();
    let routes: Vec<Value> = local
        .template
        .routes
        .iter()
        .map(|route| json!({ "method": route.method, "path": route.path, "function": route.function }))
        .collect();
    let functions: Vec<&str> = local.template.functions.iter().map(|it| it.name.as_str()).collect();
    json!({
        "links": links,
        "token": format!("{}/_local/token", local.url),
        "dynamodb": local.dynamodb_url,
        "functions": functions,
        "routes": routes,
        "ignored_event_sources": local.template.ignored,
    })
}

/// The stack's own pages, and the routes of the product that a browser can open as they are.
fn links_of(local: &Local) -> impl Iterator<Item = (&str, &str)> {
    let own = [
        ("mailbox", "/_local/mail"),
        ("failures", "/_local/failures"),
        ("issuer", "/_local/oidc/.well-known/openid-configuration"),
    ];
    let open = local.template.routes.iter().filter(|it| it.method == "GET" && it.access == Access::Open);
    own.into_iter().chain(open.map(|it| (it.function.as_str(), it.path.as_str())))
}
