//! Comparison of answers with `events/demo/expected.json`.

use serde_json::Value;

use super::client::mismatch;

/// Compares an answer with the expectation: the expected members of an object, every item of a list.
///
/// # Errors
/// The first difference, with its place and both values.
pub(crate) fn expect_match(what: &str, expected: &Value, actual: &Value) -> Result<(), String> {
    match (expected, actual) {
        (Value::Object(members), Value::Object(_)) => members.iter().try_for_each(|(name, value)| {
            let found = actual.get(name).unwrap_or(&Value::Null);
            expect_match(&format!("{what}, {name}"), value, found)
        }),
        (Value::Array(values), Value::Array(found)) if values.len() == found.len() => (1..)
            .zip(values.iter().zip(found))
            .try_for_each(|(number, (value, found))| expect_match(&format!("{what} {number}"), value, found)),
        _ if expected == actual => Ok(()),
        (Value::Array(values), Value::Array(found)) => {
            let count = |list: &[Value]| format!("{} items", list.len());
            Err(mismatch(what, &count(values), &count(found)))
        }
        _ => Err(mismatch(what, &expected.to_string(), &actual.to_string())),
    }
}
