//! Parsing of stream records: a new item of an event becomes an [`Event`].

use aws_lambda_events::dynamodb::EventRecord;
use outlay_domain::event::Event;
use outlay_store::items::SCHEMA;

/// Parses the event of a record; `None` for a record of another item, which the filter of the event source should have
/// dropped. An item without `schema` has the current one.
///
/// # Errors
/// The reason why it cannot be parsed, for the log. It quotes an unknown schema, and no other part of the record.
pub fn parse_event(record: EventRecord) -> Result<Option<Event>, String> {
    let image = record.change.new_image;
    let text = |name: &str| match image.get(name) {
        Some(serde_dynamo::AttributeValue::S(value) | serde_dynamo::AttributeValue::N(value)) => value.clone(),
        _ => String::new(),
    };
    if record.event_name != "INSERT" || text("entity") != "event" {
        return Ok(None);
    }
    let schema = text("schema");
    if !schema.is_empty() && schema != SCHEMA.to_string() {
        return Err(format!("unknown_schema: {schema}"));
    }
    serde_dynamo::from_item(image).map(Some).map_err(|_| "unreadable event".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Record of the sample event with this schema; without one for null.
    fn record_with_schema(schema: &Value) -> EventRecord {
        let mut batch: Value = serde_json::from_str(include_str!("../../../events/triggers-notify.json")).unwrap();
        let record = &mut batch["Records"][0];
        let image = record["dynamodb"]["NewImage"].as_object_mut().unwrap();
        image.insert("schema".to_owned(), schema.clone());
        image.retain(|_, value| !value.is_null());
        serde_json::from_value(record.take()).unwrap()
    }

    #[test]
    fn absent_schema_counts_as_current_one() {
        for schema in [Value::Null, json!({"N": SCHEMA.to_string()})] {
            assert!(parse_event(record_with_schema(&schema)).unwrap().is_some(), "{schema}");
        }
        let unknown = parse_event(record_with_schema(&json!({"N": "99"})));
        assert_eq!(unknown, Err("unknown_schema: 99".to_owned()));
    }
}
