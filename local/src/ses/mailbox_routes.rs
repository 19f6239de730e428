//! The mailbox over HTTP: JSON for tests and tools, a page for browsers.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use super::mailbox::Mailbox;
use super::mailbox_page;
use crate::html;

/// Makes the routes of the mailbox.
pub(crate) fn routes(mailbox: Arc<Mailbox>) -> Router {
    Router::new()
        .route("/_local/mail", get(list_messages))
        .route("/_local/mail/{name}", get(get_message))
        .with_state(mailbox)
}

/// Query: `to` is a recipient; `wait` is the number of messages to wait for.
#[derive(Deserialize)]
struct MailboxQuery {
    to: Option<String>,
    wait: Option<usize>,
}

/// `GET /_local/mail`: all messages, or those to one recipient. With `wait`, answers once there are that many, or after
/// 20 s.
async fn list_messages(
    State(mailbox): State<Arc<Mailbox>>,
    Query(query): Query<MailboxQuery>,
    headers: HeaderMap,
) -> Response {
    let messages = mailbox.wait_for(query.to.as_deref(), query.wait.unwrap_or(0)).await;
    if html::is_accepted(&headers) {
        Html(mailbox_page::render(&messages, messages.last(), query.to.as_deref())).into_response()
    } else {
        Json(json!({ "items": messages })).into_response()
    }
}

/// `GET /_local/mail/{id}` and `GET /_local/mail/{id}.eml`: one message, parsed or as sent.
async fn get_message(
    State(mailbox): State<Arc<Mailbox>>,
    Path(name): Path<String>,
    Query(query): Query<MailboxQuery>,
    headers: HeaderMap,
) -> Response {
    let not_found = || (StatusCode::NOT_FOUND, Json(json!({ "message": "there is no such message" }))).into_response();
    if let Some(id) = name.strip_suffix(".eml") {
        return match mailbox.raw(id) {
            Some(raw) => ([(header::CONTENT_TYPE, "message/rfc822")], raw).into_response(),
            None => not_found(),
        };
    }
    let Some(message) = mailbox.get(&name) else {
        return not_found();
    };
    if html::is_accepted(&headers) {
        let messages = mailbox.list(query.to.as_deref());
        Html(mailbox_page::render(&messages, Some(&message), query.to.as_deref())).into_response()
    } else {
        Json(message).into_response()
    }
}
