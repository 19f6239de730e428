//! What the template says of buckets, queues, topics and the events of mail, and how they are tied together: by ARN, as in the
//! cloud. Reads their wiring alone; what only AWS can do (encryption, life cycles, alarms) has no meaning here.

use std::time::Duration;

use serde_json::Value;

use super::intrinsics::{Resolver, queue_arn, text_of};
use super::read::{texts, truthy};
use super::{Cors, Function, Template, policy};

/// A bucket, and who is told of its new objects.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) notifications: Vec<Notification>,
    /// What it answers to browsers of other origins: the first of its rules.
    pub(crate) cors: Option<Cors>,
}

/// A queue that is told of new objects.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notification {
    /// Such as `ObjectCreated:*`.
    pub(crate) event: String,
    pub(crate) prefix: String,
    pub(crate) suffix: String,
    /// The queue's ARN.
    pub(crate) queue: String,
}

/// A queue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Queue {
    pub(crate) logical_id: String,
    pub(crate) arn: String,
    /// Absent if its messages are tried for ever.
    pub(crate) redrive: Option<Redrive>,
}

/// Where a queue's messages go that fail again and again.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Redrive {
    /// The dead-letter queue's ARN.
    pub(crate) to: String,
    pub(crate) max_receives: u32,
}

/// A queue that calls a function.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QueueSource {
    /// The function's name.
    pub(crate) function: String,
    /// The queue's ARN.
    pub(crate) queue: String,
    pub(crate) batch_size: usize,
    pub(crate) window: Duration,
    pub(crate) reports_failures: bool,
    /// How many batches are worked on at once.
    pub(crate) concurrency: usize,
}

/// A topic's way to a queue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subscription {
    pub(crate) topic: String,
    pub(crate) queue: String,
    /// Whether the queue gets the message as it is, without the envelope.
    pub(crate) raw: bool,
}

/// The topic that is told what becomes of a configuration set's mails.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EventDestination {
    pub(crate) configuration_set: String,
    /// In small letters: `send`, `bounce`.
    pub(crate) kinds: Vec<String>,
    pub(crate) topic: String,
}

/// Takes a resource of these kinds into the template; others are left alone.
pub(super) fn resource(
    resolver: &Resolver<'_>,
    id: &str,
    kind: &str,
    resource: &Value,
    template: &mut Template,
) -> Result<(), String> {
    let empty = Value::Null;
    let properties = resource.get("Properties").unwrap_or(&empty);
    match kind {
        "AWS::S3::Bucket" => template.buckets.push(bucket(resolver, id, properties)?),
        "AWS::S3::BucketPolicy" => template.denials.extend(policy::denials(resolver, properties)?),
        "AWS::SQS::Queue" => template.queues.push(queue(resolver, id, properties)?),
        "AWS::SNS::Subscription" => template.subscriptions.extend(subscription(resolver, properties)?),
        "AWS::SES::ConfigurationSet" => template.configuration_sets.push(resolver.name(id, "Name")?),
        "AWS::SES::ConfigurationSetEventDestination" => {
            template.event_destinations.extend(event_destination(resolver, properties)?);
        }
        _ => {}
    }
    Ok(())
}

/// A resolved property; null if there is none.
fn property(resolver: &Resolver<'_>, properties: &Value, name: &str) -> Result<Value, String> {
    let found = properties.get(name).map(|it| resolver.resolve(it)).transpose();
    found.map(Option::unwrap_or_default).map_err(|error| format!("{name}: {error}"))
}

fn text(resolver: &Resolver<'_>, properties: &Value, name: &str) -> Result<String, String> {
    text_of(&property(resolver, properties, name)?).map_err(|error| format!("{name}: {error}"))
}

fn whole(value: Option<&Value>, name: &str) -> Result<Option<usize>, String> {
    let parse = |it: &Value| text_of(it)?.parse().map_err(|_| format!("{name} is not a whole number"));
    value.map(parse).transpose()
}

fn bucket(resolver: &Resolver<'_>, id: &str, properties: &Value) -> Result<Bucket, String> {
    let configured = property(resolver, properties, "NotificationConfiguration")?;
    let mut notifications = Vec::new();
    for queue in configured.get("QueueConfigurations").and_then(Value::as_array).into_iter().flatten() {
        let rules = queue.pointer("/Filter/S3Key/Rules").and_then(Value::as_array);
        let rule = |wanted: &str| {
            let named = |it: &&Value| {
                it.get("Name").and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case(wanted))
            };
            let found = rules.and_then(|rules| rules.iter().find(named)?.get("Value")?.as_str());
            found.unwrap_or_default().to_owned()
        };
        let text = |name: &str| queue.get(name).and_then(Value::as_str).ok_or_else(|| format!("no {name}"));
        notifications.push(Notification {
            event: text("Event")?.trim_start_matches("s3:").to_owned(),
            prefix: rule("prefix"),
            suffix: rule("suffix"),
            queue: text("Queue")?.to_owned(),
        });
    }
    let rules = property(resolver, properties, "CorsConfiguration")?;
    let cors = rules.pointer("/CorsRules/0").map(cors).transpose()?;
    Ok(Bucket { name: resolver.bucket_name(id)?, notifications, cors })
}

fn cors(rule: &Value) -> Result<Cors, String> {
    Ok(Cors {
        origins: texts(rule.get("AllowedOrigins"))?,
        methods: texts(rule.get("AllowedMethods"))?,
        headers: texts(rule.get("AllowedHeaders"))?,
        exposed: texts(rule.get("ExposedHeaders"))?,
        max_age: whole(rule.get("MaxAge"), "MaxAge")?.and_then(|it| u64::try_from(it).ok()),
        credentials: false,
    })
}

fn queue(resolver: &Resolver<'_>, id: &str, properties: &Value) -> Result<Queue, String> {
    let policy = property(resolver, properties, "RedrivePolicy")?;
    let redrive = match policy.get("deadLetterTargetArn").and_then(Value::as_str) {
        None => None,
        Some(to) => {
            let most = whole(policy.get("maxReceiveCount"), "maxReceiveCount")?.ok_or("no maxReceiveCount")?;
            Some(Redrive { to: to.to_owned(), max_receives: u32::try_from(most).unwrap_or(u32::MAX).max(1) })
        }
    };
    Ok(Queue { logical_id: id.to_owned(), arn: queue_arn(&resolver.name(id, "QueueName")?), redrive })
}

/// An `SQS` event of a function; `None` if it is turned off.
pub(super) fn queue_source(
    resolver: &Resolver<'_>,
    properties: &Value,
    function: &Function,
) -> Result<Option<QueueSource>, String> {
    let properties = resolver.resolve(properties)?;
    if properties.get("Enabled") == Some(&Value::Bool(false)) {
        return Ok(None);
    }
    if properties.get("FilterCriteria").is_some() {
        return Err("the FilterCriteria of an SQS event are not played here".to_owned());
    }
    let queue = properties.get("Queue").and_then(Value::as_str).ok_or("an SQS event needs a Queue")?;
    let responses = texts(properties.get("FunctionResponseTypes"))?;
    let window = whole(properties.get("MaximumBatchingWindowInSeconds"), "MaximumBatchingWindowInSeconds")?;
    let concurrency = whole(properties.pointer("/ScalingConfig/MaximumConcurrency"), "MaximumConcurrency")?;
    Ok(Some(QueueSource {
        function: function.name.clone(),
        queue: queue.to_owned(),
        batch_size: whole(properties.get("BatchSize"), "BatchSize")?.unwrap_or(10).max(1),
        window: Duration::from_secs(u64::try_from(window.unwrap_or(0)).unwrap_or(u64::MAX)),
        reports_failures: responses.iter().any(|it| it == "ReportBatchItemFailures"),
        concurrency: concurrency.unwrap_or(5).max(1),
    }))
}

fn subscription(resolver: &Resolver<'_>, properties: &Value) -> Result<Option<Subscription>, String> {
    if text(resolver, properties, "Protocol")? != "sqs" {
        return Ok(None);
    }
    Ok(Some(Subscription {
        topic: text(resolver, properties, "TopicArn")?,
        queue: text(resolver, properties, "Endpoint")?,
        raw: truthy(&property(resolver, properties, "RawMessageDelivery")?),
    }))
}

fn event_destination(resolver: &Resolver<'_>, properties: &Value) -> Result<Option<EventDestination>, String> {
    let destination = property(resolver, properties, "EventDestination")?;
    let topic = destination.pointer("/SnsDestination/TopicARN").and_then(Value::as_str);
    let Some(topic) = topic.filter(|_| destination.get("Enabled") != Some(&Value::Bool(false))) else {
        return Ok(None);
    };
    let kinds = texts(destination.get("MatchingEventTypes"))?;
    Ok(Some(EventDestination {
        configuration_set: text(resolver, properties, "ConfigurationSetName")?,
        kinds: kinds.iter().map(|it| it.to_ascii_lowercase()).collect(),
        topic: topic.to_owned(),
    }))
}
