//! The mailbox: keeps every message that the functions send. A message is stored durably before the sender gets an
//! answer; none leaves this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use axum::body::Bytes;
use mail_parser::{MessageParser, MessagePart, PartType};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::StackError;
use crate::document_store::DocumentStore;
use crate::files::{self, FileAccess};
use crate::sync::lock;
use crate::system;

/// A stored message.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredMessage {
    pub(super) id: String,
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) subject: String,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) sent_at: String,
    /// Message tags of the sender, for SES events.
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

/// A message to store.
pub(super) struct IncomingMessage {
    pub(super) raw: Vec<u8>,
    /// Empty to use the headers of the message, like `recipients`.
    pub(super) sender: String,
    pub(super) recipients: Vec<String>,
    pub(super) tags: Vec<(String, String)>,
}

/// All messages, the newest last.
pub(crate) struct Mailbox {
    messages: DocumentStore,
    folder: Option<PathBuf>,
    /// Messages as sent, if there is no data folder.
    raw: Mutex<BTreeMap<String, Bytes>>,
    arrived: Notify,
}

/// Longest wait for messages.
const MAX_WAIT: Duration = Duration::from_secs(20);

impl Mailbox {
    pub(crate) fn open(data: Option<&Path>) -> Result<Self, StackError> {
        let folder = data.map(|data| data.join("mail"));
        Ok(Self { messages: DocumentStore::open(data, "mail")?, folder, raw: Mutex::default(), arrived: Notify::new() })
    }

    /// Stores a message.
    pub(super) async fn store(&self, incoming: IncomingMessage) -> Result<StoredMessage, StoreError> {
        let IncomingMessage { raw, sender, recipients, tags } = incoming;
        let parsed = MessageParser::default().parse(&raw).ok_or(StoreError::Invalid("the message cannot be parsed"))?;
        let from = if sender.is_empty() { addresses(parsed.from()).pop().unwrap_or_default() } else { sender };
        if from.is_empty() {
            return Err(StoreError::Invalid("Missing required header 'From'."));
        }
        let from_headers = || [parsed.to(), parsed.cc(), parsed.bcc()].into_iter().flat_map(addresses).collect();
        let to: Vec<String> = if recipients.is_empty() { from_headers() } else { recipients };
        if to.is_empty() {
            return Err(StoreError::Invalid("Missing required header 'To'."));
        }
        let now = system::now();
        let id = format!("0107{:012x}-{}-000000", now.as_millisecond(), system::uuid());
        let message = StoredMessage {
            id: id.clone(),
            from,
            to,
            subject: parsed.subject().unwrap_or_default().to_owned(),
            text: parsed.text_part(0).and_then(text),
            html: parsed.html_part(0).and_then(html),
            sent_at: format!("{now:.3}"),
            tags: tags.into_iter().collect(),
        };
        let document = serde_json::to_value(&message).map_err(|error| StoreError::Failed(error.to_string()))?;
        let failed = |error: std::io::Error| StoreError::Failed(error.to_string());
        match &self.folder {
            Some(folder) => {
                files::write(folder.join(format!("{id}.eml")), raw, FileAccess::Default).await.map_err(failed)?;
            }
            None => {
                lock(&self.raw).insert(id.clone(), raw.into());
            }
        }
        // Last, because this document makes the message visible.
        self.messages.put(&id, document).await.map_err(failed)?;
        self.arrived.notify_waiters();
        Ok(message)
    }

    /// Lists the messages to a recipient, or all, the newest last.
    pub(super) fn list(&self, recipient: Option<&str>) -> Vec<StoredMessage> {
        let messages =
            self.messages.all().into_iter().filter_map(|it| serde_json::from_value::<StoredMessage>(it).ok());
        messages.filter(|it| recipient.is_none_or(|wanted| it.is_to(wanted))).collect()
    }

    /// Lists the messages once there are `wanted`, or after [`MAX_WAIT`].
    pub(super) async fn wait_for(&self, recipient: Option<&str>, wanted: usize) -> Vec<StoredMessage> {
        let enough = async {
            loop {
                let arrived = self.arrived.notified();
                let messages = self.list(recipient);
                if messages.len() >= wanted {
                    return messages;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(MAX_WAIT, enough).await.unwrap_or_else(|_| self.list(recipient))
    }

    pub(super) fn get(&self, id: &str) -> Option<StoredMessage> {
        serde_json::from_value(self.messages.get(id)?).ok()
    }

    /// Returns a message as sent.
    pub(super) fn raw(&self, id: &str) -> Option<Bytes> {
        // Only ids of stored messages become file names.
        self.messages.get(id)?;
        match &self.folder {
            Some(folder) => std::fs::read(folder.join(format!("{id}.eml"))).ok().map(Bytes::from),
            None => lock(&self.raw).get(id).cloned(),
        }
    }
}

impl StoredMessage {
    fn is_to(&self, recipient: &str) -> bool {
        self.to.iter().any(|it| it.to_lowercase() == recipient.to_lowercase())
    }
}

/// Error of [`Mailbox::store`].
pub(super) enum StoreError {
    /// The message is invalid.
    Invalid(&'static str),
    /// The message cannot be written.
    Failed(String),
}

/// Returns the text of a text part. The parser would convert an HTML part.
fn text(part: &MessagePart<'_>) -> Option<String> {
    if let PartType::Text(text) = &part.body { Some(text.to_string()) } else { None }
}

/// Returns the HTML of an HTML part. The parser would convert a text part.
fn html(part: &MessagePart<'_>) -> Option<String> {
    if let PartType::Html(html) = &part.body { Some(html.to_string()) } else { None }
}

fn addresses(header: Option<&mail_parser::Address<'_>>) -> Vec<String> {
    let each = header.into_iter().flat_map(mail_parser::Address::iter);
    each.filter_map(|it| it.address()).map(str::to_owned).collect()
}
