//! The page of the stack: links, functions and routes. `/_local` shows it, as JSON unless a browser asks. To a browser
//! `/` shows it too; other clients get there what the HTTP API answers.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use serde_json::{Value, json};

use crate::html::{self, escape};
use crate::template::{Access, Template};

const STYLE: &str = ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th{text-align:left}td,th{padding:.25rem .75rem .25rem 0;border-top:1px solid #8884}code{font-size:.9rem}";

/// Content of the page.
pub(crate) struct IndexPage {
    pub(crate) url: String,
    pub(crate) dynamodb_url: String,
    pub(crate) template: Template,
}

/// Adds the page to a router.
pub(crate) fn add_to(router: Router, page: IndexPage) -> Router {
    let page = Arc::new(page);
    let own = Router::new().route("/_local", get(show)).with_state(Arc::clone(&page));
    router.merge(own).layer(middleware::from_fn_with_state(page, show_to_browsers))
}

/// Answers `GET /` of a browser.
async fn show_to_browsers(State(page): State<Arc<IndexPage>>, request: Request, next: Next) -> Response {
    let is_home = request.method() == Method::GET && request.uri().path() == "/";
    if is_home && html::is_accepted(request.headers()) {
        return Html(page.render()).into_response();
    }
    next.run(request).await
}

/// `GET /_local`
async fn show(State(page): State<Arc<IndexPage>>, headers: HeaderMap) -> Response {
    if html::is_accepted(&headers) { Html(page.render()).into_response() } else { Json(page.to_json()).into_response() }
}

impl IndexPage {
    fn render(&self) -> String {
        let mut links = String::new();
        for (name, path) in self.links() {
            // Writing to a String cannot fail.
            let _ = write!(links, "<li><a href=\"{path}\">{name}</a> <code>{path}</code></li>", path = escape(path));
        }
        let mut rows = String::new();
        for route in &self.template.routes {
            let access = if route.access == Access::Open { "open" } else { "token" };
            let _ = write!(
                rows,
                "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td><td>{access}</td></tr>",
                escape(&route.method),
                escape(&route.path),
                escape(&route.function),
            );
        }
        format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Local stack</title>\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{STYLE}</style></head><body>\
             <h1>Local stack</h1><ul>{links}</ul><p>Get a token: <code>curl -d '{{\"sub\":\"ann\",\"email\":\"ann@example.com\",\
             \"name\":\"Ann\"}}' {url}/_local/token</code></p><table><tr><th>Method</th><th>Path</th><th>Function</th>\
             <th>Access</th></tr>{rows}</table></body></html>",
            url = escape(&self.url),
        )
    }

    fn to_json(&self) -> Value {
        let links: serde_json::Map<String, Value> =
            self.links().map(|(name, path)| (name.to_owned(), format!("{}{path}", self.url).into())).collect();
        let route =
            |it: &crate::template::Route| json!({ "method": it.method, "path": it.path, "function": it.function });
        let routes: Vec<Value> = self.template.routes.iter().map(route).collect();
        let functions: Vec<&str> = self.template.functions.iter().map(|it| it.name.as_str()).collect();
        json!({
            "links": links,
            "token": format!("{}/_local/token", self.url),
            "dynamodb": self.dynamodb_url,
            "functions": functions,
            "routes": routes,
            "ignored_event_sources": self.template.ignored_event_sources,
        })
    }

    /// Links to pages of the stack, and to routes of the product that need no token.
    fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        let own = [
            ("mailbox", "/_local/mail"),
            ("failures", "/_local/failures"),
            ("issuer", "/_local/oidc/.well-known/openid-configuration"),
            ("reference-rates", "/_local/reference-rates/eurofxref-daily.xml"),
        ];
        let open = self.template.routes.iter().filter(|it| it.method == "GET" && it.access == Access::Open);
        own.into_iter().chain(open.map(|it| (it.function.as_str(), it.path.as_str())))
    }
}
