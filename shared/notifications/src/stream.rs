//! Parsing of stream records: a new item of an event becomes an [`Event`].

use aws_lambda_events::dynamodb::EventRecord;
use outlay_domain::event::Event;

/// Parses the event of a record; `None` for a record of another item, which the filter of the event source should have
/// dropped.
///
/// # Errors
/// The reason why it cannot be parsed, without quoting the record.
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
    if schema != outlay_store::items::SCHEMA.to_string() {
        return Err(format!("unknown_schema: {schema}"));
    }
    serde_dynamo::from_item(image).map(Some).map_err(|_| "unreadable event".to_owned())
}
