//! The queues of the template: what is in them, who takes it and when it comes again. A message that failed comes back after a
//! short pause instead of the visibility timeout, and goes whole to the dead-letter queue after as many times as the template
//! says. Everything is kept in the data folder until it is done.

mod batch;
pub(crate) mod http;
pub(crate) mod source;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::store::Store;
use crate::template::{self, Redrive, Template};
use crate::{Error, system};

/// After a first failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A message.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    /// The ARN of the queue that it is in.
    queue: String,
    pub(crate) body: String,
    /// In milliseconds, as the next one.
    pub(crate) sent_at: i64,
    pub(crate) first_received_at: Option<i64>,
    /// How often it has been taken.
    pub(crate) receives: u32,
    /// The ARN of the queue that gave it up.
    pub(crate) source: Option<String>,
    /// Keeps the order of those that were sent in the same millisecond.
    order: u64,
}

impl Message {
    /// Its document in the store.
    fn name(&self) -> String {
        format!("{:013}-{:06}-{}", self.sent_at, self.order, self.id)
    }
}

/// A message in a queue.
struct Held {
    message: Message,
    in_flight: bool,
    not_before: Instant,
}

struct Queue {
    template: template::Queue,
    held: Mutex<Vec<Held>>,
    /// How many messages have come in since the start.
    arrived: AtomicU64,
    /// Told of everything that changes.
    changed: Notify,
}

impl Queue {
    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All queues, by their ARNs.
pub(crate) struct Queues {
    by_arn: BTreeMap<String, Queue>,
    store: Store,
    sent: AtomicU64,
}

impl Queues {
    /// The template's queues, with what they held when the stack ended. Whoever uses a queue must name one that is there.
    pub(crate) fn of(data: Option<&Path>, template: &Template) -> Result<Self, Error> {
        let queues = Self::open(data, &template.queues)?;
        let told = template.buckets.iter().flat_map(|it| &it.notifications).map(|it| &it.queue);
        let sources = template.queue_sources.iter().map(|it| &it.queue);
        let subscribed = template.subscriptions.iter().map(|it| &it.queue);
        match told.chain(sources).chain(subscribed).find(|arn| !queues.by_arn.contains_key(*arn)) {
            Some(missing) => Err(Error::Template(format!("there is no queue {missing}"))),
            None => Ok(queues),
        }
    }

    pub(crate) fn open(data: Option<&Path>, queues: &[template::Queue]) -> Result<Self, Error> {
        let store = Store::open(data, "queues")?;
        let open = |template: &template::Queue| {
            let queue = Queue {
                template: template.clone(),
                held: Mutex::default(),
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
                return Err(Error::Template(format!(
                    "{}: there is no queue {}",
                    queue.template.logical_id, redrive.to
                )));
            }
        }
        for kept in store.all() {
            if let Ok(message) = serde_json::from_value::<Message>(kept)
                && let Some(queue) = queues.get(&message.queue)
            {
                queue.held().push(Held { message, in_flight: false, not_before: Instant::now() });
            }
        }
        Ok(Self { by_arn: queues, store, sent: AtomicU64::new(0) })
    }

    /// The ARN of the queue with this logical id.
    fn arn(&self, logical_id: &str) -> Option<&str> {
        self.by_arn.values().find(|it| it.template.logical_id == logical_id).map(|it| it.template.arn.as_str())
    }

    /// Puts a message into a queue; returns its id, or `None` if there is no such queue.
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
        self.keep(queue, message).await;
        Some(id)
    }

    /// Stored before it can be taken.
    async fn keep(&self, queue: &Queue, message: Message) {
        self.write(&message).await;
        queue.held().push(Held { message, in_flight: false, not_before: Instant::now() });
        queue.arrived.fetch_add(1, Ordering::Relaxed);
        queue.changed.notify_waiters();
    }

    async fn write(&self, message: &Message) {
        let document = serde_json::to_value(message).unwrap_or_default();
        if let Err(error) = self.store.put(&message.name(), document).await {
            eprintln!("a message of {} is in memory alone: {error}", message.queue);
        }
    }

    async fn forget(&self, message: &Message) {
        if let Err(error) = self.store.remove(&message.name()).await {
            eprintln!("a message of {} will come again after a restart: {error}", message.queue);
        }
    }

    /// Takes up to so many messages as soon as there are any. They have to be settled.
    async fn receive(&self, arn: &str, most: usize, window: Duration) -> Vec<Message> {
        let Some(queue) = self.by_arn.get(arn) else {
            return std::future::pending().await;
        };
        loop {
            let changed = queue.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed, before the look at what is there.
            changed.as_mut().enable();
            let (ready, next) = ready(&queue.held());
            if ready > 0 {
                if ready < most && !window.is_zero() {
                    tokio::time::sleep(window).await;
                }
                let taken = take(&mut queue.held(), most);
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

    /// Ends what was begun with these messages: those that failed come again or are given up, the others are done.
    async fn settle(&self, arn: &str, messages: &[Message], failed: impl Fn(&Message) -> bool) {
        let Some(queue) = self.by_arn.get(arn) else { return };
        for message in messages {
            let given_up = queue.template.redrive.as_ref().filter(|it| message.receives >= it.max_receives);
            match given_up {
                _ if !failed(message) => self.finish(queue, message).await,
                Some(redrive) => self.give_up(queue, message, redrive).await,
                None => {
                    self.write(message).await;
                    if let Some(held) = queue.held().iter_mut().find(|it| it.message.id == message.id) {
                        held.in_flight = false;
                        held.not_before = Instant::now() + pause(message.receives);
                    }
                }
            }
        }
        queue.changed.notify_waiters();
    }

    async fn finish(&self, queue: &Queue, message: &Message) {
        self.forget(message).await;
        queue.held().retain(|it| it.message.id != message.id);
    }

    async fn give_up(&self, queue: &Queue, message: &Message, redrive: &Redrive) {
        let Some(dead_letters) = self.by_arn.get(&redrive.to) else { return };
        eprintln!(
            "{} gave up on the message {}; see /_local/queues/{}",
            queue.template.logical_id, message.id, dead_letters.template.logical_id
        );
        let dead = Message {
            queue: redrive.to.clone(),
            source: Some(queue.template.arn.clone()),
            receives: 0,
            first_received_at: None,
            ..message.clone()
        };
        // Under the same name in the store: it is in the one queue or in the other.
        self.keep(dead_letters, dead).await;
        queue.held().retain(|it| it.message.id != message.id);
    }

    /// Sends dead letters back where they came from, as new messages; returns how many.
    async fn redrive(&self, arn: &str) -> usize {
        let Some(queue) = self.by_arn.get(arn) else { return 0 };
        let (back, stay): (Vec<Held>, Vec<Held>) =
            queue.held().drain(..).partition(|it| !it.in_flight && it.message.source.is_some());
        queue.held().extend(stay);
        for held in &back {
            if let Some(source) = &held.message.source {
                self.send(source, held.message.body.clone()).await;
            }
            self.forget(&held.message).await;
        }
        queue.changed.notify_waiters();
        back.len()
    }
}

#[cfg(test)]
impl Queues {
    /// What is in a queue.
    pub(crate) fn bodies(&self, arn: &str) -> Vec<String> {
        self.by_arn[arn].held().iter().map(|it| it.message.body.clone()).collect()
    }
}

/// How many messages can be taken now, and when the next can if there are none.
fn ready(held: &[Held]) -> (usize, Option<Instant>) {
    let now = Instant::now();
    let waiting = || held.iter().filter(|it| !it.in_flight);
    (waiting().filter(|it| it.not_before <= now).count(), waiting().map(|it| it.not_before).min())
}

fn take(held: &mut [Held], most: usize) -> Vec<Message> {
    let (now, stamp) = (Instant::now(), system::now().as_millisecond());
    let mut taken = Vec::new();
    for held in held.iter_mut().filter(|it| !it.in_flight && it.not_before <= now).take(most) {
        held.in_flight = true;
        held.message.receives = held.message.receives.saturating_add(1);
        held.message.first_received_at.get_or_insert(stamp);
        taken.push(held.message.clone());
    }
    taken
}

/// Twice as long after each failure, up to a limit.
fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests;
