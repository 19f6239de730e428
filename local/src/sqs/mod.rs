//! Simulates SQS: the queues of the template with receives, retries and dead letters. A failed message becomes visible
//! after a short delay, not after the visibility timeout, and moves to the dead-letter queue after `maxReceiveCount`
//! receives. The data folder keeps every message until it is processed.

mod batch;
mod poller;
mod routes;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::backoff::backoff;
use crate::document_store::DocumentStore;
use crate::sync::lock;
use crate::template::{self, Redrive, Template};
use crate::{StackError, system};
pub(crate) use poller::start;
pub(crate) use routes::routes;

/// A message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    /// ARN of its queue.
    queue: String,
    pub(crate) body: String,
    /// Time of sending, ms since the epoch.
    pub(crate) sent_at: i64,
    /// Time of the first receive, ms since the epoch.
    pub(crate) first_received_at: Option<i64>,
    /// Number of receives.
    pub(crate) receives: u32,
    /// ARN of the queue that the dead letter comes from.
    pub(crate) source: Option<String>,
    /// Orders messages of the same millisecond.
    order: u64,
}

impl Message {
    /// Returns the name of its document.
    fn document_name(&self) -> String {
        format!("{:013}-{:06}-{}", self.sent_at, self.order, self.id)
    }
}

/// A message in a queue.
struct QueuedMessage {
    message: Message,
    in_flight: bool,
    visible_at: Instant,
}

struct Queue {
    template: template::Queue,
    messages: Mutex<Vec<QueuedMessage>>,
    /// Number of messages received since the start.
    arrived: AtomicU64,
    /// Notified of every change.
    changed: Notify,
}

impl Queue {
    fn messages(&self) -> MutexGuard<'_, Vec<QueuedMessage>> {
        lock(&self.messages)
    }
}

/// All queues, by ARN.
pub(crate) struct Queues {
    by_arn: BTreeMap<String, Queue>,
    store: DocumentStore,
    sent: AtomicU64,
}

impl Queues {
    /// Opens the queues of the template. Fails if a subscription, a notification or an event source names a queue that
    /// is missing.
    pub(crate) fn from_template(data: Option<&Path>, template: &Template) -> Result<Self, StackError> {
        let queues = Self::open(data, &template.queues)?;
        let notified = template.buckets.iter().flat_map(|it| &it.notifications).map(|it| &it.queue);
        let sources = template.queue_sources.iter().map(|it| &it.queue);
        let subscribed = template.subscriptions.iter().map(|it| &it.queue);
        match notified.chain(sources).chain(subscribed).find(|arn| !queues.by_arn.contains_key(*arn)) {
            Some(missing) => Err(StackError::Template(format!("there is no queue {missing}"))),
            None => Ok(queues),
        }
    }

    /// Opens queues with the messages that the data folder holds.
    pub(crate) fn open(data: Option<&Path>, queues: &[template::Queue]) -> Result<Self, StackError> {
        let store = DocumentStore::open(data, "queues")?;
        let open = |template: &template::Queue| {
            let queue = Queue {
                template: template.clone(),
                messages: Mutex::default(),
                arrived: AtomicU64::new(0),
                changed: Notify::new(),
            };
            (template.arn.clone(), queue)
        };
        let queues: BTreeMap<String, Queue> = queues.iter().map(open).collect();
        for queue in queues.values() {
            if let Some(redrive) = &queue.template.redrive
                && !queues.contains_key(&redrive.to)
            {
                return Err(StackError::Template(format!(
                    "{}: there is no queue {}",
                    queue.template.logical_id, redrive.to
                )));
            }
        }
        for document in store.all() {
            if let Ok(message) = serde_json::from_value::<Message>(document)
                && let Some(queue) = queues.get(&message.queue)
            {
                queue.messages().push(QueuedMessage { message, in_flight: false, visible_at: Instant::now() });
            }
        }
        Ok(Self { by_arn: queues, store, sent: AtomicU64::new(0) })
    }

    /// Finds the ARN of the queue with this logical id.
    fn arn(&self, logical_id: &str) -> Option<&str> {
        self.by_arn.values().find(|it| it.template.logical_id == logical_id).map(|it| it.template.arn.as_str())
    }

    /// Sends a message; returns its id, or `None` if there is no such queue.
    pub(crate) async fn send(&self, arn: &str, body: String) -> Option<String> {
        let queue = self.by_arn.get(arn)?;
        let message = Message {
            id: system::uuid(),
            queue: arn.to_owned(),
            body,
            sent_at: system::now().as_millisecond(),
            first_received_at: None,
            receives: 0,
            source: None,
            order: self.sent.fetch_add(1, Ordering::Relaxed),
        };
        let id = message.id.clone();
        self.add(queue, message).await;
        Some(id)
    }

    /// Adds a message; it is stored before it becomes visible.
    async fn add(&self, queue: &Queue, message: Message) {
        self.write(&message).await;
        queue.messages().push(QueuedMessage { message, in_flight: false, visible_at: Instant::now() });
        queue.arrived.fetch_add(1, Ordering::Relaxed);
        queue.changed.notify_waiters();
    }

    async fn write(&self, message: &Message) {
        let document = serde_json::to_value(message).unwrap_or_default();
        if let Err(error) = self.store.put(&message.document_name(), document).await {
            eprintln!("a message of {} is only in memory: {error}", message.queue);
        }
    }

    async fn delete(&self, message: &Message) {
        if let Err(error) = self.store.remove(&message.document_name()).await {
            eprintln!("a message of {} will be delivered again after a restart: {error}", message.queue);
        }
    }

    /// Receives up to `max` messages, once there are any. The caller must settle them.
    async fn receive(&self, arn: &str, max: usize, window: Duration) -> Vec<Message> {
        let Some(queue) = self.by_arn.get(arn) else {
            return std::future::pending().await;
        };
        loop {
            let changed = queue.changed.notified();
            tokio::pin!(changed);
            // Enabled before the check, so that no change is missed.
            changed.as_mut().enable();
            let (ready, next) = ready(&queue.messages());
            if ready > 0 {
                if ready < max && !window.is_zero() {
                    tokio::time::sleep(window).await;
                }
                let taken = take(&mut queue.messages(), max);
                if !taken.is_empty() {
                    return taken;
                }
                continue;
            }
            match next {
                None => changed.await,
                Some(next) => {
                    let _ = tokio::time::timeout_at(next, changed).await;
                }
            }
        }
    }

    /// Completes received messages: failed ones are retried or become dead letters, the others are deleted.
    async fn settle(&self, arn: &str, messages: &[Message], failed: impl Fn(&Message) -> bool) {
        let Some(queue) = self.by_arn.get(arn) else { return };
        for message in messages {
            let exhausted = queue.template.redrive.as_ref().filter(|it| message.receives >= it.max_receives);
            match exhausted {
                _ if !failed(message) => self.complete(queue, message).await,
                Some(redrive) => self.move_to_dead_letters(queue, message, redrive).await,
                None => {
                    self.write(message).await;
                    if let Some(held) = queue.messages().iter_mut().find(|it| it.message.id == message.id) {
                        held.in_flight = false;
                        held.visible_at = Instant::now() + backoff(message.receives);
                    }
                }
            }
        }
        queue.changed.notify_waiters();
    }

    async fn complete(&self, queue: &Queue, message: &Message) {
        self.delete(message).await;
        queue.messages().retain(|it| it.message.id != message.id);
    }

    async fn move_to_dead_letters(&self, queue: &Queue, message: &Message, redrive: &Redrive) {
        let Some(dead_letters) = self.by_arn.get(&redrive.to) else { return };
        eprintln!(
            "{}: message {} failed too often; see /_local/queues/{}",
            queue.template.logical_id, message.id, dead_letters.template.logical_id
        );
        let dead = Message {
            queue: redrive.to.clone(),
            source: Some(queue.template.arn.clone()),
            receives: 0,
            first_received_at: None,
            ..message.clone()
        };
        // The document keeps its name, so that the message is always in exactly one queue.
        self.add(dead_letters, dead).await;
        queue.messages().retain(|it| it.message.id != message.id);
    }

    /// Sends dead letters to their source queues, as new messages; returns their number.
    async fn redrive(&self, arn: &str) -> usize {
        let Some(queue) = self.by_arn.get(arn) else { return 0 };
        let (back, stay): (Vec<QueuedMessage>, Vec<QueuedMessage>) =
            queue.messages().drain(..).partition(|it| !it.in_flight && it.message.source.is_some());
        queue.messages().extend(stay);
        for held in &back {
            if let Some(source) = &held.message.source {
                self.send(source, held.message.body.clone()).await;
            }
            self.delete(&held.message).await;
        }
        queue.changed.notify_waiters();
        back.len()
    }
}

#[cfg(test)]
impl Queues {
    /// Returns the bodies in a queue.
    pub(crate) fn bodies(&self, arn: &str) -> Vec<String> {
        self.by_arn[arn].messages().iter().map(|it| it.message.body.clone()).collect()
    }
}

/// Counts visible messages, and returns the time when the next becomes visible.
fn ready(held: &[QueuedMessage]) -> (usize, Option<Instant>) {
    let now = Instant::now();
    let waiting = || held.iter().filter(|it| !it.in_flight);
    (waiting().filter(|it| it.visible_at <= now).count(), waiting().map(|it| it.visible_at).min())
}

fn take(held: &mut [QueuedMessage], max: usize) -> Vec<Message> {
    let (now, stamp) = (Instant::now(), system::now().as_millisecond());
    let mut taken = Vec::new();
    for held in held.iter_mut().filter(|it| !it.in_flight && it.visible_at <= now).take(max) {
        held.in_flight = true;
        held.message.receives = held.message.receives.saturating_add(1);
        held.message.first_received_at.get_or_insert(stamp);
        taken.push(held.message.clone());
    }
    taken
}
