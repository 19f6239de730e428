//! Reads buckets, queues, topics and SES event destinations with the ARNs that connect them. Settings that only AWS can
//! carry out (encryption, life cycles, alarms) are ignored.

use std::time::Duration;

use serde_json::Value;

use super::bucket_policy;
use super::intrinsics::Resolver;
use super::model::{
    Bucket, Cors, EventDestination, Function, Notification, Queue, QueueSource, Redrive, Subscription, Template,
};
use super::names::queue_arn;
use super::values::{is_true, text_of, texts, whole_number};

/// Adds a resource to the template if it is of a type of this module.
pub(super) fn read_resource(
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
        "AWS::S3::BucketPolicy" => template.denials.extend(bucket_policy::denials(resolver, properties)?),
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

/// Resolves a property; null if it is absent.
fn property(resolver: &Resolver<'_>, properties: &Value, name: &str) -> Result<Value, String> {
    let found = properties.get(name).map(|it| resolver.resolve(it)).transpose();
    found.map(Option::unwrap_or_default).map_err(|error| format!("{name}: {error}"))
}

fn text(resolver: &Resolver<'_>, properties: &Value, name: &str) -> Result<String, String> {
    text_of(&property(resolver, properties, name)?).map_err(|error| format!("{name}: {error}"))
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
    let rules = rules.get("CorsRules").and_then(Value::as_array).into_iter().flatten();
    let cors = rules.map(cors).collect::<Result<_, _>>()?;
    Ok(Bucket { name: resolver.bucket_name(id)?, notifications, cors })
}

fn cors(rule: &Value) -> Result<Cors, String> {
    Ok(Cors {
        origins: texts(rule.get("AllowedOrigins"))?,
        methods: texts(rule.get("AllowedMethods"))?,
        headers: texts(rule.get("AllowedHeaders"))?,
        exposed: texts(rule.get("ExposedHeaders"))?,
        max_age: whole_number(rule.get("MaxAge"), "MaxAge")?,
        credentials: false,
    })
}

fn queue(resolver: &Resolver<'_>, id: &str, properties: &Value) -> Result<Queue, String> {
    let policy = property(resolver, properties, "RedrivePolicy")?;
    let redrive = match policy.get("deadLetterTargetArn").and_then(Value::as_str) {
        None => None,
        Some(to) => {
            let max: u32 =
                whole_number(policy.get("maxReceiveCount"), "maxReceiveCount")?.ok_or("no maxReceiveCount")?;
            Some(Redrive { to: to.to_owned(), max_receives: max.max(1) })
        }
    };
    Ok(Queue { logical_id: id.to_owned(), arn: queue_arn(&resolver.name(id, "QueueName")?), redrive })
}

/// Reads an `SQS` event of a function; `None` if it is disabled.
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
        return Err("the FilterCriteria of an SQS event are not supported by the local stack".to_owned());
    }
    let queue = properties.get("Queue").and_then(Value::as_str).ok_or("an SQS event needs a Queue")?;
    let responses = texts(properties.get("FunctionResponseTypes"))?;
    let window: Option<u64> =
        whole_number(properties.get("MaximumBatchingWindowInSeconds"), "MaximumBatchingWindowInSeconds")?;
    let concurrency: Option<usize> =
        whole_number(properties.pointer("/ScalingConfig/MaximumConcurrency"), "MaximumConcurrency")?;
    Ok(Some(QueueSource {
        function: function.name.clone(),
        queue: queue.to_owned(),
        batch_size: whole_number(properties.get("BatchSize"), "BatchSize")?.unwrap_or(10).max(1),
        window: Duration::from_secs(window.unwrap_or(0)),
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
        raw: is_true(&property(resolver, properties, "RawMessageDelivery")?),
    }))
}

fn event_destination(resolver: &Resolver<'_>, properties: &Value) -> Result<Option<EventDestination>, String> {
    let destination = property(resolver, properties, "EventDestination")?;
    let topic = destination.pointer("/SnsDestination/TopicARN").and_then(Value::as_str);
    let Some(topic) = topic.filter(|_| destination.get("Enabled") != Some(&Value::Bool(false))) else {
        return Ok(None);
    };
    let event_types = texts(destination.get("MatchingEventTypes"))?;
    Ok(Some(EventDestination {
        configuration_set: text(resolver, properties, "ConfigurationSetName")?,
        event_types: event_types.iter().map(|it| it.to_ascii_lowercase()).collect(),
        topic: topic.to_owned(),
    }))
}
