//! What must be, against what is.

use serde_json::Value;

use super::client::differs;

/// Compares an answer with what it must contain: of an object the members that are named, of a list every item.
///
/// # Errors
/// The first difference: where, expected, got.
pub(crate) fn same(what: &str, expected: &Value, got: &Value) -> Result<(), String> {
    match (expected, got) {
        (Value::Object(members), Value::Object(_)) => members.iter().try_for_each(|(name, value)| {
            let found = got.get(name).unwrap_or(&Value::Null);
            same(&format!("{what}, {name}"), value, found)
        }),
        (Value::Array(values), Value::Array(found)) if values.len() == found.len() => (1..)
            .zip(values.iter().zip(found))
            .try_for_each(|(number, (value, found))| same(&format!("{what} {number}"), value, found)),
        _ if expected == got => Ok(()),
        (Value::Array(values), Value::Array(found)) => {
            let count = |list: &[Value]| format!("{} items", list.len());
            Err(differs(what, &count(values), &count(found)))
        }
        _ => Err(differs(what, &expected.to_string(), &got.to_string())),
    }
}
