//! The SES endpoint (API version 1, query protocol): `SendRawEmail` with tags and a configuration set. Other actions
//! get an error of SES.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::events::{EventPublisher, SentMessage};
use super::mailbox::{IncomingMessage, Mailbox, StoreError};
use crate::aws::CallingProcess;
use crate::html;
use crate::system;
use crate::test_kit::{self, Service, ServiceCall, ServiceFailure, TestKit};

const INVALID: &str = "InvalidParameterValue";
const INTERNAL: &str = "InternalFailure";
const NAMESPACE: &str = "http://ses.amazonaws.com/doc/2010-12-01/";

#[derive(Clone)]
struct SesState {
    mailbox: Arc<Mailbox>,
    events: Arc<EventPublisher>,
    test_kit: Option<Arc<dyn TestKit>>,
}

/// Makes the routes of the endpoint.
pub(crate) fn routes(mailbox: Arc<Mailbox>, events: EventPublisher, test_kit: Option<Arc<dyn TestKit>>) -> Router {
    let state = SesState { mailbox, events: Arc::new(events), test_kit };
    Router::new().route("/_local/ses", post(handle)).route("/_local/ses/", post(handle)).with_state(state)
}

async fn handle(State(state): State<SesState>, headers: HeaderMap, body: Bytes) -> Response {
    let Ok(fields) = serde_urlencoded::from_bytes::<Fields>(&body) else {
        return error(StatusCode::BAD_REQUEST, "MalformedInput", "the body must be a form");
    };
    let operation = field(&fields, "Action").to_owned();
    let text = || body.to_vec();
    let caller = CallingProcess::from_headers(&headers);
    let call = ServiceCall { service: Service::Ses, operation: &operation, caller, text: &text };
    let result = test_kit::intercept(state.test_kit.as_deref(), call, carry_out(&state, &fields)).await;
    result.unwrap_or_else(|failure| {
        let (status, code) = match failure {
            ServiceFailure::Throttled => (StatusCode::BAD_REQUEST, "Throttling"),
            ServiceFailure::Denied => (StatusCode::BAD_REQUEST, "MessageRejected"),
            ServiceFailure::Unavailable => (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL),
        };
        error(status, code, ServiceFailure::MESSAGE)
    })
}

type Fields = Vec<(String, String)>;

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
}

async fn carry_out(state: &SesState, fields: &Fields) -> Response {
    match field(fields, "Action") {
        "SendRawEmail" => {}
        "" => return error(StatusCode::BAD_REQUEST, "MissingAction", "the request names no action"),
        other => {
            let message = format!("the local stack supports SendRawEmail, not {other}");
            return error(StatusCode::BAD_REQUEST, "InvalidAction", &message);
        }
    }
    match send(state, fields).await {
        Ok(id) => xml(
            StatusCode::OK,
            &format!(
                "<SendRawEmailResponse xmlns=\"{NAMESPACE}\"><SendRawEmailResult><MessageId>{id}</MessageId>\
                 </SendRawEmailResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>\
                 </SendRawEmailResponse>",
                system::uuid()
            ),
        ),
        Err((code, message)) if code == INTERNAL => error(StatusCode::INTERNAL_SERVER_ERROR, code, &message),
        Err((code, message)) => error(StatusCode::BAD_REQUEST, code, &message),
    }
}

/// Stores the message and publishes its events; returns its id, or the code and message of an error.
async fn send(state: &SesState, fields: &Fields) -> Result<String, (&'static str, String)> {
    let configuration_set = field(fields, "ConfigurationSetName").to_owned();
    if !configuration_set.is_empty() && !state.events.has_configuration_set(&configuration_set) {
        let message = format!("Configuration set <{configuration_set}> does not exist.");
        return Err(("ConfigurationSetDoesNotExist", message));
    }
    let tags = tags(fields).map_err(|message| (INVALID, message))?;
    let raw = STANDARD.decode(field(fields, "RawMessage.Data"));
    let raw = raw.map_err(|_| (INVALID, "RawMessage.Data is not base64".to_owned()))?;
    let recipients = fields.iter().filter(|(key, _)| key.starts_with("Destinations.member."));
    let recipients: Vec<String> = recipients.map(|(_, value)| address(value)).collect();
    let sender = address(field(fields, "Source"));
    let incoming = IncomingMessage { raw, sender, recipients, tags: tags.clone() };
    let message = state.mailbox.store(incoming).await.map_err(|error| match error {
        StoreError::Invalid(message) => (INVALID, message.to_owned()),
        StoreError::Failed(message) => (INTERNAL, message),
    })?;
    let (id, events) = (message.id.clone(), Arc::clone(&state.events));
    let sent = SentMessage { id: message.id, source: message.from, destination: message.to, tags, configuration_set };
    // Asynchronous, as on AWS: the sender does not wait for the events.
    tokio::spawn(async move { events.publish(&sent).await });
    Ok(id)
}

/// Reads the tags: `Tags.member.1.Name`, `Tags.member.1.Value`, and so on.
fn tags(fields: &Fields) -> Result<Vec<(String, String)>, String> {
    let is_valid = |text: &str| {
        let allowed = |it: char| it.is_ascii_alphanumeric() || "_-.@".contains(it);
        !text.is_empty() && text.len() <= 256 && text.chars().all(allowed)
    };
    let mut tags = Vec::new();
    for (key, name) in fields.iter().filter(|(key, _)| key.starts_with("Tags.member.")) {
        let Some(start) = key.strip_suffix(".Name") else { continue };
        let value = field(fields, &format!("{start}.Value"));
        for (what, text) in [("name", name.as_str()), ("value", value)] {
            if !is_valid(text) {
                return Err(format!(
                    "Invalid tag {what} <{text}>, only alphanumeric ASCII characters, '_', '-', '.', and '@' are allowed."
                ));
            }
        }
        if tags.iter().any(|(known, _)| known == name) {
            return Err(format!("Duplicate tag name <{name}>."));
        }
        tags.push((name.clone(), value.to_owned()));
    }
    Ok(tags)
}

/// Returns the address of `Name <address>`.
fn address(text: &str) -> String {
    let bare = text.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(text);
    bare.trim().to_owned()
}

/// Makes an error of SES.
fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let kind = if status.is_server_error() { "Receiver" } else { "Sender" };
    let message = html::escape(message);
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{kind}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
        system::uuid()
    );
    xml(status, &body)
}

fn xml(status: StatusCode, body: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], body.to_owned()).into_response()
}
