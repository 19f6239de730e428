//! Logs and metrics: JSON lines on standard error, and metrics in CloudWatch's embedded metric format on standard
//! output. Log lines must not contain mail addresses or text that a person wrote.

use std::fmt::Display;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Severity of a log line.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For the record.
    Info,
    /// Unexpected, and handled.
    Warn,
    /// Work that was not done.
    Error,
}

/// Writes one log line: severity, cause, and named fields.
pub fn log(level: Level, cause: &str, fields: &[(&str, &dyn Display)]) {
    let mut line = Map::from_iter([("level".to_owned(), json!(level)), ("cause".to_owned(), json!(cause))]);
    line.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.to_string().into())));
    eprintln!("{}", Value::Object(line));
}

/// Publishes metrics, each with its unit and value, in the namespace `Outlay` without dimensions.
pub fn publish_metrics(now: Timestamp, metrics: &[(&str, &str, i64)]) {
    let definitions: Vec<_> = metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let metadata = json!({
        "Timestamp": now.as_millisecond(),
        "CloudWatchMetrics": [{"Namespace": "Outlay", "Dimensions": [[]], "Metrics": definitions}],
    });
    let mut line = Map::from_iter([("_aws".to_owned(), metadata)]);
    line.extend(metrics.iter().map(|(name, _, value)| ((*name).to_owned(), (*value).into())));
    println!("{}", Value::Object(line));
}
