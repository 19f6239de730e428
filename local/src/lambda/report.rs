//! The response of a function with `ReportBatchItemFailures`, the same for streams and queues.

use serde_json::Value;

/// Reads the identifiers that a response reports as failed, an empty text for each one that is missing; `None` if the
/// response is malformed.
pub(crate) fn reported_failures(response: &[u8]) -> Option<Vec<String>> {
    if response.is_empty() {
        return Some(Vec::new());
    }
    let failures = match serde_json::from_slice(response).ok()? {
        Value::Null => return Some(Vec::new()),
        Value::Object(members) => match members.get("batchItemFailures") {
            None | Some(Value::Null) => return Some(Vec::new()),
            Some(Value::Array(failures)) => failures.clone(),
            Some(_) => return None,
        },
        _ => return None,
    };
    let identifier = |it: &Value| it.get("itemIdentifier").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(failures.iter().map(identifier).collect())
}
