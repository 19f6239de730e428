//! A record of a table's stream.

use serde_json::Value;

/// Returns the sequence number of a record.
pub(super) fn sequence_number(record: &Value) -> &str {
    record.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).unwrap_or_default()
}
