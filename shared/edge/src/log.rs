//! What a function tells those who operate it: lines of JSON on standard error, and figures of which CloudWatch makes metrics. Nothing that
//! a person wrote is said here, and no address.

use std::fmt::Display;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// How much a line matters.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// To be known later.
    Info,
    /// Something is not as it should be, and was dealt with.
    Warn,
    /// Something was not done.
    Error,
}

/// Writes one line: how much it matters, why, and what it is about.
pub fn log(level: Level, cause: &str, about: &[(&str, &dyn Display)]) {
    let mut line = Map::from_iter([("level".to_owned(), json!(level)), ("cause".to_owned(), json!(cause))]);
    line.extend(about.iter().map(|(name, value)| ((*name).to_owned(), value.to_string().into())));
    eprintln!("{}", Value::Object(line));
}

/// Writes figures where CloudWatch makes metrics of them (embedded metric format), in the namespace `Outlay`, without dimensions.
pub fn measure(now: Timestamp, figures: &[(&str, &str, i64)]) {
    let metrics: Vec<_> = figures.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let about = json!({
        "Timestamp": now.as_millisecond(),
        "CloudWatchMetrics": [{"Namespace": "Outlay", "Dimensions": [[]], "Metrics": metrics}],
    });
    let mut line = Map::from_iter([("_aws".to_owned(), about)]);
    line.extend(figures.iter().map(|(name, _, value)| ((*name).to_owned(), (*value).into())));
    println!("{}", Value::Object(line));
}
