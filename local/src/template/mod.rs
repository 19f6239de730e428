//! Reads `template.yaml`: which functions there are, what routes and streams call them, what their environment and
//! tables are. There is no second list of any of this; what is not in the template does not exist locally. It is read as if
//! it were deployed with given parameters, and must not know what they stand for.

mod intrinsics;
mod messaging;
mod policy;
mod read;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::Error;
pub(crate) use intrinsics::{function_arn, table_arn};
pub(crate) use messaging::{Bucket, EventDestination, Notification, Queue, QueueSource, Redrive, Subscription};
pub(crate) use policy::Denial;

/// What parameters of the template are given in place of their defaults, by name.
pub(crate) type Parameters = BTreeMap<String, String>;

/// The region that everything local claims to be in.
pub(crate) const REGION: &str = "eu-central-1";
/// The account that everything local claims to belong to.
pub(crate) const ACCOUNT: &str = "000000000000";
/// The name of the stack, from which the names of its tables are made.
pub(crate) const STACK: &str = "outlay-local";

/// What the local stack needs to know of the template.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) functions: Vec<Function>,
    pub(crate) routes: Vec<Route>,
    pub(crate) cors: Option<Cors>,
    pub(crate) tables: Vec<Table>,
    pub(crate) streams: Vec<StreamSource>,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) keys: Vec<Key>,
    pub(crate) buckets: Vec<Bucket>,
    /// What the buckets' policies forbid.
    pub(crate) denials: Vec<Denial>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) queue_sources: Vec<QueueSource>,
    pub(crate) subscriptions: Vec<Subscription>,
    /// The names of the configuration sets of SES.
    pub(crate) configuration_sets: Vec<String>,
    pub(crate) event_destinations: Vec<EventDestination>,
    /// Event sources that the stack does not play, as "function (type)".
    pub(crate) ignored: Vec<String>,
}

/// One function: a binary and its settings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Function {
    pub(crate) logical_id: String,
    /// The binary's name: the last element of `CodeUri`.
    pub(crate) name: String,
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u64,
    pub(crate) environment: BTreeMap<String, String>,
}

/// One route of the HTTP API.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Route {
    /// In capitals; `ANY` stands for every method.
    pub(crate) method: String,
    /// With `{name}` and `{name+}`, as in the template; [`DEFAULT_ROUTE`] for what no other route takes.
    pub(crate) path: String,
    /// The function's name.
    pub(crate) function: String,
    pub(crate) access: Access,
    pub(crate) limit: Limit,
}

/// The path of the route that takes every request no other route takes; also its key.
pub(crate) const DEFAULT_ROUTE: &str = "$default";

impl Route {
    /// The route's name on API Gateway: `GET /v1/things`.
    pub(crate) fn key(&self) -> String {
        if self.path == DEFAULT_ROUTE { self.path.clone() } else { format!("{} {}", self.method, self.path) }
    }
}

/// How many requests a route takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limit {
    /// Requests in a thousand seconds, for a rate may be a fraction.
    pub(crate) per_thousand_seconds: u64,
    /// How many at once.
    pub(crate) burst: u64,
}

/// Who may call a route.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Holders of a valid token that, unless the list is empty, has one of these scopes.
    Token { scopes: Vec<String> },
}

/// What the API answers to browsers of other origins.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cors {
    pub(crate) origins: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) headers: Vec<String>,
    pub(crate) exposed: Vec<String>,
    pub(crate) max_age: Option<u64>,
    pub(crate) credentials: bool,
}

/// One table, as the body of a `CreateTable` call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) create: Value,
    pub(crate) ttl_attribute: Option<String>,
}

/// A table's stream that calls a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamSource {
    /// The function's name.
    pub(crate) function: String,
    /// The table's name.
    pub(crate) table: String,
    pub(crate) batch_size: usize,
    pub(crate) window: Duration,
    /// Event patterns; a record counts if one of them matches, or if there are none.
    pub(crate) filters: Vec<Value>,
    pub(crate) reports_failures: bool,
    pub(crate) bisect: bool,
    /// `None` is for ever.
    pub(crate) max_retries: Option<u32>,
}

/// A function that is called at fixed intervals.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Schedule {
    /// The function's name.
    pub(crate) function: String,
    pub(crate) arn: String,
    pub(crate) every: Duration,
    /// What the function is called with, if the template says it.
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

impl Template {
    /// Reads the template file as if it were deployed with these parameters. Those that it does not have are ignored.
    pub(crate) fn load(path: &Path, parameters: &Parameters) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|reason| Error::TemplateUnreadable { path: path.to_owned(), reason })?;
        read::template(&text, parameters).map_err(Error::Template)
    }
}
