//! Logs and metrics: JSON lines on standard error, and metrics in CloudWatch's embedded metric format on standard
//! output. Log lines must not contain mail addresses or text that a person wrote.

use std::fmt::Display;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::env::optional;

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

/// Publishes metrics, each with its unit and value, in the namespace `Outlay`. Their dimension is the stack, so that
/// two stacks in one account and region have metrics of their own.
pub fn publish_metrics(now: Timestamp, metrics: &[(&str, &str, i64)]) {
    println!("{}", metrics_line(optional("STACK_NAME").as_deref(), now, metrics));
}

fn metrics_line(stack: Option<&str>, now: Timestamp, metrics: &[(&str, &str, i64)]) -> Value {
    let definitions: Vec<_> = metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let dimensions: Vec<_> = stack.iter().map(|_| "Stack").collect();
    let metadata = json!({
        "Timestamp": now.as_millisecond(),
        "CloudWatchMetrics": [{"Namespace": "Outlay", "Dimensions": [dimensions], "Metrics": definitions}],
    });
    let mut line = Map::from_iter([("_aws".to_owned(), metadata)]);
    line.extend(stack.map(|stack| ("Stack".to_owned(), stack.into())));
    line.extend(metrics.iter().map(|(name, _, value)| ((*name).to_owned(), (*value).into())));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_the_stack_as_dimension() {
        let metrics = |stack| metrics_line(stack, Timestamp::UNIX_EPOCH, &[("Refused", "Count", 2)]);
        let metric = json!([{"Name": "Refused", "Unit": "Count"}]);
        let metadata = |dimensions: Value| {
            let directive = json!({"Namespace": "Outlay", "Dimensions": dimensions, "Metrics": metric.clone()});
            json!({"Timestamp": 0, "CloudWatchMetrics": [directive]})
        };
        let expected = json!({"_aws": metadata(json!([["Stack"]])), "Stack": "outlay-eu", "Refused": 2});
        assert_eq!(metrics(Some("outlay-eu")), expected);
        assert_eq!(metrics(None), json!({"_aws": metadata(json!([[]])), "Refused": 2}));
    }
}
