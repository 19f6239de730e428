//! The SES endpoint (API version 1, query protocol): `SendRawEmail`, and an error as SES words it for anything else.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Rejection;
use crate::local::Local;
use crate::system;

const NAMESPACE: &str = "http://ses.amazonaws.com/doc/2010-12-01/";

/// `POST /_local/ses`
pub(crate) async fn call(
    State(local): State<Local>,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let Ok(Form(fields)) = form else {
        return error(StatusCode::BAD_REQUEST, "MalformedInput", "a form is expected");
    };
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    match field("Action") {
        "SendRawEmail" => {}
        "" => return error(StatusCode::BAD_REQUEST, "MissingAction", "the request names no action"),
        other => {
            let message = format!("the local mailbox knows SendRawEmail, not {other}");
            return error(StatusCode::BAD_REQUEST, "InvalidAction", &message);
        }
    }
    let Ok(raw) = STANDARD.decode(field("RawMessage.Data")) else {
        return error(StatusCode::BAD_REQUEST, "InvalidParameterValue", "RawMessage.Data is not base64");
    };
    let recipients = fields.iter().filter(|(key, _)| key.starts_with("Destinations.member."));
    let recipients: Vec<String> = recipients.map(|(_, value)| address(value)).collect();
    match local.mailbox.receive(raw, address(field("Source")), recipients).await {
        Ok(id) => xml(
            StatusCode::OK,
            &format!(
                "<SendRawEmailResponse xmlns=\"{NAMESPACE}\"><SendRawEmailResult><MessageId>{id}</MessageId>\
                 </SendRawEmailResult><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata>\
                 </SendRawEmailResponse>",
                system::uuid()
            ),
        ),
        Err(Rejection::Refused(why)) => error(StatusCode::BAD_REQUEST, "InvalidParameterValue", why),
        Err(Rejection::Failed(why)) => error(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", &why),
    }
}

/// The bare address of `Name <address>`.
fn address(text: &str) -> String {
    let bare = text.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(text);
    bare.trim().to_owned()
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
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
