//! The content of the template that the stack simulates, with every reference resolved.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::denial::Denial;
use super::statement::Statement;

/// Values for parameters of the template in place of their defaults, by name.
pub(crate) type Parameters = BTreeMap<String, String>;

/// The template as the stack sees it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template {
    pub(crate) functions: Vec<Function>,
    pub(crate) routes: Vec<Route>,
    pub(crate) cors: Option<Cors>,
    pub(crate) tables: Vec<Table>,
    pub(crate) streams: Vec<StreamSource>,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) keys: Vec<Key>,
    pub(crate) buckets: Vec<Bucket>,
    /// Denying statements of the bucket policies.
    pub(crate) denials: Vec<Denial>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) queue_sources: Vec<QueueSource>,
    pub(crate) subscriptions: Vec<Subscription>,
    /// Names of the SES configuration sets.
    pub(crate) configuration_sets: Vec<String>,
    pub(crate) event_destinations: Vec<EventDestination>,
    /// Event sources that the stack does not support, as "function (type)".
    pub(crate) ignored_event_sources: Vec<String>,
}

/// A function: a binary and its settings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Function {
    pub(crate) logical_id: String,
    /// Name of the binary: the last element of `CodeUri`.
    pub(crate) name: String,
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u64,
    pub(crate) environment: BTreeMap<String, String>,
    /// Statements of its role about tables.
    pub(crate) table_statements: Vec<Statement>,
}

/// A route of the HTTP API.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Route {
    /// Upper case; `ANY` for every method.
    pub(crate) method: String,
    /// Path with `{name}` and `{name+}`, or [`DEFAULT_ROUTE`].
    pub(crate) path: String,
    /// Name of the function.
    pub(crate) function: String,
    pub(crate) access: Access,
    pub(crate) limit: Limit,
}

/// Path and key of the route for requests that no other route takes.
pub(crate) const DEFAULT_ROUTE: &str = "$default";

impl Route {
    /// Returns the route key of API Gateway: `GET /v1/things`.
    pub(crate) fn key(&self) -> String {
        if self.path == DEFAULT_ROUTE { self.path.clone() } else { format!("{} {}", self.method, self.path) }
    }
}

/// Throttling limit of a route.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limit {
    /// Requests per 1000 seconds: a rate may be a fraction.
    pub(crate) per_thousand_seconds: u64,
    /// Requests at once.
    pub(crate) burst: u64,
}

/// Access rule of a route.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Access {
    /// No token needed.
    Open,
    /// A valid token with one of the scopes; any valid token if the list is empty.
    Token { scopes: Vec<String> },
}

/// CORS configuration of the API or of a bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cors {
    pub(crate) origins: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) headers: Vec<String>,
    pub(crate) exposed: Vec<String>,
    pub(crate) max_age: Option<u64>,
    pub(crate) credentials: bool,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// Body of the `CreateTable` call.
    pub(crate) create: Value,
    pub(crate) ttl_attribute: Option<String>,
}

impl Table {
    /// Returns the name of the partition key.
    pub(crate) fn partition_key(&self) -> Option<&str> {
        hash_key(&self.create)
    }

    /// Returns the name of the partition key of an index.
    pub(crate) fn index_partition_key(&self, index: &str) -> Option<&str> {
        let indexes = self.create.get("GlobalSecondaryIndexes")?.as_array()?;
        hash_key(indexes.iter().find(|it| it.get("IndexName").and_then(Value::as_str) == Some(index))?)
    }
}

fn hash_key(schema: &Value) -> Option<&str> {
    let keys = schema.get("KeySchema")?.as_array()?;
    let key = keys.iter().find(|it| it.get("KeyType").and_then(Value::as_str) == Some("HASH"))?;
    key.get("AttributeName")?.as_str()
}

/// A table's stream that calls a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamSource {
    /// Name of the function.
    pub(crate) function: String,
    /// Name of the table.
    pub(crate) table: String,
    pub(crate) batch_size: usize,
    pub(crate) window: Duration,
    /// Event patterns; a record passes if one of them matches, or if there are none.
    pub(crate) filters: Vec<Value>,
    pub(crate) reports_failures: bool,
    pub(crate) bisect: bool,
    /// `None` for no limit.
    pub(crate) max_retries: Option<u32>,
}

/// A function that is called at a fixed interval.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Schedule {
    /// Name of the function.
    pub(crate) function: String,
    pub(crate) arn: String,
    pub(crate) every: Duration,
    /// Payload of the call; `None` for the scheduler's default.
    pub(crate) input: Option<String>,
}

/// A KMS key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) arn: String,
    /// Such as `alias/payouts`.
    pub(crate) aliases: Vec<String>,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) notifications: Vec<Notification>,
    /// Rules of its CORS configuration.
    pub(crate) cors: Vec<Cors>,
}

/// A queue that receives events of new objects.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notification {
    /// Such as `ObjectCreated:*`.
    pub(crate) event: String,
    pub(crate) prefix: String,
    pub(crate) suffix: String,
    /// ARN of the queue.
    pub(crate) queue: String,
}

/// A queue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Queue {
    pub(crate) logical_id: String,
    pub(crate) arn: String,
    /// `None` to retry messages without limit.
    pub(crate) redrive: Option<Redrive>,
}

/// Redrive policy of a queue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Redrive {
    /// ARN of the dead-letter queue.
    pub(crate) to: String,
    pub(crate) max_receives: u32,
}

/// A queue that calls a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QueueSource {
    /// Name of the function.
    pub(crate) function: String,
    /// ARN of the queue.
    pub(crate) queue: String,
    pub(crate) batch_size: usize,
    pub(crate) window: Duration,
    pub(crate) reports_failures: bool,
    /// Number of batches in work at once.
    pub(crate) concurrency: usize,
}

/// Subscription of a queue to a topic.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subscription {
    pub(crate) topic: String,
    pub(crate) queue: String,
    /// True when the queue receives the message without the SNS envelope.
    pub(crate) raw: bool,
}

/// Topic that receives the events of a configuration set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EventDestination {
    pub(crate) configuration_set: String,
    /// Event types in lower case: `send`, `bounce`.
    pub(crate) event_types: Vec<String>,
    pub(crate) topic: String,
}
