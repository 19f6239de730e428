//! The SES endpoint (API version 1, query protocol): `SendRawEmail` with tags and a configuration set, and an error as SES words it
//! for anything else.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::feedback::Mail;
use super::{Arriving, Rejection};
use crate::faults::{self, Call, Service};
use crate::local::Local;
use crate::system;

const INVALID: &str = "InvalidParameterValue";
const INTERNAL: &str = "InternalFailure";
const NAMESPACE: &str = "http://ses.amazonaws.com/doc/2010-12-01/";

/// `POST /_local/ses`
pub(crate) async fn call(State(local): State<Local>, headers: HeaderMap, body: Bytes) -> Response {
    let Ok(fields) = serde_urlencoded::from_bytes::<Fields>(&body) else {
        return error(StatusCode::BAD_REQUEST, "MalformedInput", "a form is expected");
    };
    let operation = field(&fields, "Action").to_owned();
    let text = || body.to_vec();
    let call = Call { service: Service::Ses, operation: &operation, headers: &headers, text: &text };
    faults::between(local.faults.as_deref(), call, answer(&local, &fields)).await
}

type Fields = Vec<(String, String)>;

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
}

async fn answer(local: &Local, fields: &Fields) -> Response {
    match field(fields, "Action") {
        "SendRawEmail" => {}
        "" => return error(StatusCode::BAD_REQUEST, "MissingAction", "the request names no action"),
        other => {
            let message = format!("the local mailbox knows SendRawEmail, not {other}");
            return error(StatusCode::BAD_REQUEST, "InvalidAction", &message);
        }
    }
    match send(local, fields).await {
        Ok(id) => xml(
            StatusCode::OK,
            &format!(
                "<SendRawEmailResponse xmlns=\"{NAMESPACE}\"><SendRawEmailResult><MessageId>{id}</MessageId>\
                 </SendRawEmailResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>\
                 </SendRawEmailResponse>",
                system::uuid()
            ),
        ),
        Err((code, why)) if code == INTERNAL => error(StatusCode::INTERNAL_SERVER_ERROR, code, &why),
        Err((code, why)) => error(StatusCode::BAD_REQUEST, code, &why),
    }
}

/// Keeps the message and has its events told; an error is a code and more about it.
async fn send(local: &Local, fields: &Fields) -> Result<String, (&'static str, String)> {
    let configuration_set = field(fields, "ConfigurationSetName").to_owned();
    if !configuration_set.is_empty() && !local.feedback.has(&configuration_set) {
        let why = format!("Configuration set <{configuration_set}> does not exist.");
        return Err(("ConfigurationSetDoesNotExist", why));
    }
    let tags = tags(fields).map_err(|why| (INVALID, why))?;
    let raw = STANDARD.decode(field(fields, "RawMessage.Data"));
    let raw = raw.map_err(|_| (INVALID, "RawMessage.Data is not base64".to_owned()))?;
    let recipients = fields.iter().filter(|(key, _)| key.starts_with("Destinations.member."));
    let recipients: Vec<String> = recipients.map(|(_, value)| address(value)).collect();
    let sender = address(field(fields, "Source"));
    let arriving = Arriving { raw, sender, recipients, tags: tags.clone() };
    let letter = local.mailbox.receive(arriving).await.map_err(|rejection| match rejection {
        Rejection::Refused(why) => (INVALID, why.to_owned()),
        Rejection::Failed(why) => (INTERNAL, why),
    })?;
    let (id, feedback) = (letter.id.clone(), Arc::clone(&local.feedback));
    let mail = Mail { id: letter.id, source: letter.from, destination: letter.to, tags, configuration_set };
    // By itself, as in the cloud: the sender does not wait for it.
    tokio::spawn(async move { feedback.tell(&mail).await });
    Ok(id)
}

/// `Tags.member.1.Name` and `Tags.member.1.Value`, and so on.
fn tags(fields: &Fields) -> Result<Vec<(String, String)>, String> {
    let plain = |text: &str| {
        let allowed = |it: char| it.is_ascii_alphanumeric() || "_-.@".contains(it);
        !text.is_empty() && text.len() <= 256 && text.chars().all(allowed)
    };
    let mut tags = Vec::new();
    for (key, name) in fields.iter().filter(|(key, _)| key.starts_with("Tags.member.")) {
        let Some(start) = key.strip_suffix(".Name") else { continue };
        let value = field(fields, &format!("{start}.Value"));
        for (what, text) in [("name", name.as_str()), ("value", value)] {
            if !plain(text) {
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

/// The bare address of `Name <address>`.
fn address(text: &str) -> String {
    let bare = text.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(text);
    bare.trim().to_owned()
}

/// An error as SES words it.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let kind = if status.is_server_error() { "Receiver" } else { "Sender" };
    let message = super::page::escape(message);
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
