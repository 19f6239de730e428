//! The mailbox: every message that the functions send through SES ends here and nowhere else, kept durably before the
//! sender is told that it was taken.

pub(crate) mod feedback;
mod page;
pub(crate) use page::escape;
pub(crate) mod ses;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use mail_parser::{MessageParser, MessagePart, PartType};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;

use crate::Error;
use crate::files::{self, Readers};
use crate::local::Local;
use crate::store::Store;
use crate::system;

/// A message as it is shown.
#[derive(Serialize, Deserialize)]
struct Letter {
    id: String,
    from: String,
    to: Vec<String>,
    subject: String,
    text: Option<String>,
    html: Option<String>,
    sent_at: String,
    /// What the sender noted about it, for SES's events.
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// A message on its way in.
struct Arriving {
    raw: Vec<u8>,
    /// This and the next may be empty: the message's headers then say it.
    sender: String,
    recipients: Vec<String>,
    tags: Vec<(String, String)>,
}

/// All messages, the newest last.
pub(crate) struct Mailbox {
    letters: Store,
    folder: Option<PathBuf>,
    /// The messages as they were sent, if there is no folder to keep them in.
    raw: Mutex<BTreeMap<String, Bytes>>,
    arrived: Notify,
}

/// The longest that a request waits for messages to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

impl Mailbox {
    pub(crate) fn open(data: Option<&Path>) -> Result<Self, Error> {
        let folder = data.map(|data| data.join("mail"));
        Ok(Self { letters: Store::open(data, "mail")?, folder, raw: Mutex::default(), arrived: Notify::new() })
    }

    /// Keeps a message.
    async fn receive(&self, arriving: Arriving) -> Result<Letter, Rejection> {
        let Arriving { raw, sender, recipients, tags } = arriving;
        let message = MessageParser::default().parse(&raw).ok_or(Rejection::Refused("the message cannot be parsed"))?;
        let from = if sender.is_empty() { addresses(message.from()).pop().unwrap_or_default() } else { sender };
        if from.is_empty() {
            return Err(Rejection::Refused("Missing required header 'From'."));
        }
        let named = || [message.to(), message.cc(), message.bcc()].into_iter().flat_map(addresses).collect();
        let to: Vec<String> = if recipients.is_empty() { named() } else { recipients };
        if to.is_empty() {
            return Err(Rejection::Refused("Missing required header 'To'."));
        }
        let now = system::now();
        let id = format!("0107{:012x}-{}-000000", now.as_millisecond(), system::uuid());
        let letter = Letter {
            id: id.clone(),
            from,
            to,
            subject: message.subject().unwrap_or_default().to_owned(),
            text: message.text_part(0).and_then(text),
            html: message.html_part(0).and_then(html),
            sent_at: format!("{now:.3}"),
            tags: tags.into_iter().collect(),
        };
        let document = serde_json::to_value(&letter).map_err(|error| Rejection::Failed(error.to_string()))?;
        let failed = |error: std::io::Error| Rejection::Failed(error.to_string());
        match &self.folder {
            Some(folder) => {
                files::write(folder.join(format!("{id}.eml")), raw, Readers::Default).await.map_err(failed)?;
            }
            None => {
                self.raw.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), raw.into());
            }
        }
        // Last, because a message is there once this document is.
        self.letters.put(&id, document).await.map_err(failed)?;
        self.arrived.notify_waiters();
        Ok(letter)
    }

    fn list(&self, recipient: Option<&str>) -> Vec<Letter> {
        let letters = self.letters.all().into_iter().filter_map(|it| serde_json::from_value::<Letter>(it).ok());
        letters.filter(|it| recipient.is_none_or(|wanted| it.is_to(wanted))).collect()
    }

    /// The messages once there are as many as wanted, or after some time those that are there.
    async fn await_list(&self, recipient: Option<&str>, wanted: usize) -> Vec<Letter> {
        let enough = async {
            loop {
                let arrived = self.arrived.notified();
                let letters = self.list(recipient);
                if letters.len() >= wanted {
                    return letters;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(PATIENCE, enough).await.unwrap_or_else(|_| self.list(recipient))
    }

    fn get(&self, id: &str) -> Option<Letter> {
        serde_json::from_value(self.letters.get(id)?).ok()
    }

    fn raw(&self, id: &str) -> Option<Bytes> {
        // Only ids that the mailbox gave out itself become file names.
        self.letters.get(id)?;
        match &self.folder {
            Some(folder) => std::fs::read(folder.join(format!("{id}.eml"))).ok().map(Bytes::from),
            None => self.raw.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned(),
        }
    }
}

impl Letter {
    fn is_to(&self, recipient: &str) -> bool {
        self.to.iter().any(|it| it.to_lowercase() == recipient.to_lowercase())
    }
}

/// Why a message was not taken.
enum Rejection {
    /// The sender's fault.
    Refused(&'static str),
    /// The mailbox's fault.
    Failed(String),
}

/// The text of a text part; the parser would otherwise make one from HTML.
fn text(part: &MessagePart<'_>) -> Option<String> {
    if let PartType::Text(text) = &part.body { Some(text.to_string()) } else { None }
}

/// The HTML of an HTML part; the parser would otherwise make some from text.
fn html(part: &MessagePart<'_>) -> Option<String> {
    if let PartType::Html(html) = &part.body { Some(html.to_string()) } else { None }
}

fn addresses(header: Option<&mail_parser::Address<'_>>) -> Vec<String> {
    let each = header.into_iter().flat_map(mail_parser::Address::iter);
    each.filter_map(|it| it.address()).map(str::to_owned).collect()
}

/// `?to=` an address; `?wait=` for so many messages.
#[derive(Deserialize)]
pub(crate) struct Filter {
    to: Option<String>,
    wait: Option<usize>,
}

/// `GET /_local/mail`: all messages, or those to one address; a page for browsers. With `wait` the answer comes once there
/// are so many, or after twenty seconds.
pub(crate) async fn index(State(local): State<Local>, Query(filter): Query<Filter>, headers: HeaderMap) -> Response {
    let letters = local.mailbox.await_list(filter.to.as_deref(), filter.wait.unwrap_or(0)).await;
    if wants_page(&headers) {
        Html(page::mailbox(&letters, letters.last(), filter.to.as_deref())).into_response()
    } else {
        Json(json!({ "items": letters })).into_response()
    }
}

/// `GET /_local/mail/{id}` and `GET /_local/mail/{id}.eml`: one message.
pub(crate) async fn message(
    State(local): State<Local>,
    UrlPath(name): UrlPath<String>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Response {
    let missing = || (StatusCode::NOT_FOUND, Json(json!({ "message": "there is no such message" }))).into_response();
    if let Some(id) = name.strip_suffix(".eml") {
        return match local.mailbox.raw(id) {
            Some(raw) => ([(header::CONTENT_TYPE, "message/rfc822")], raw).into_response(),
            None => missing(),
        };
    }
    let Some(letter) = local.mailbox.get(&name) else {
        return missing();
    };
    if wants_page(&headers) {
        let letters = local.mailbox.list(filter.to.as_deref());
        Html(page::mailbox(&letters, Some(&letter), filter.to.as_deref())).into_response()
    } else {
        Json(letter).into_response()
    }
}

/// Whether a browser asks.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()).is_some_and(|it| it.contains("text/html"))
}
