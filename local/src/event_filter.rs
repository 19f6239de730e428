//! Filter patterns of Lambda's event source mappings. A pattern is an object whose members must all match; a leaf is a
//! list of which one entry must match.

use serde_json::{Map, Value};

/// True when one of the patterns matches the record, or there are none.
pub(crate) fn passes(patterns: &[Value], record: &Value) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, Some(record)))
}

/// Rejects a pattern with an operator that [`passes`] does not support.
pub(crate) fn check(pattern: &Value) -> Result<(), String> {
    match pattern {
        Value::Object(members) => members.values().try_for_each(check),
        Value::Array(alternatives) => alternatives.iter().try_for_each(check_alternative),
        other => Err(format!("a leaf of a filter must be a list, not {other}")),
    }
}

fn check_alternative(alternative: &Value) -> Result<(), String> {
    let Value::Object(members) = alternative else {
        return Ok(());
    };
    let is_supported = match single(members) {
        Some(("prefix" | "suffix" | "equals-ignore-case", operand)) => operand.is_string(),
        Some(("exists", operand)) => operand.is_boolean(),
        Some(("anything-but", Value::Object(inner))) => matches!(single(inner), Some(("prefix", Value::String(_)))),
        Some(("anything-but", _)) => true,
        _ => false,
    };
    if is_supported { Ok(()) } else { Err(format!("the filter {alternative} is not supported by the local stack")) }
}

fn matches(pattern: &Value, actual: Option<&Value>) -> bool {
    match pattern {
        Value::Object(members) => {
            members.iter().all(|(name, inner)| matches(inner, actual.and_then(|value| value.get(name))))
        }
        Value::Array(alternatives) => match actual {
            // A list in the record matches if one of its entries does.
            Some(Value::Array(entries)) => {
                entries.iter().any(|entry| alternatives.iter().any(|it| matches_one(it, Some(entry))))
            }
            actual => alternatives.iter().any(|it| matches_one(it, actual)),
        },
        _ => false,
    }
}

fn matches_one(alternative: &Value, actual: Option<&Value>) -> bool {
    let Value::Object(members) = alternative else {
        return actual == Some(alternative);
    };
    let text = actual.and_then(Value::as_str);
    match single(members) {
        Some(("prefix", Value::String(prefix))) => text.is_some_and(|it| it.starts_with(prefix)),
        Some(("suffix", Value::String(suffix))) => text.is_some_and(|it| it.ends_with(suffix)),
        Some(("equals-ignore-case", Value::String(wanted))) => text.is_some_and(|it| it.eq_ignore_ascii_case(wanted)),
        Some(("exists", Value::Bool(wanted))) => actual.is_some_and(|it| !it.is_object()) == *wanted,
        Some(("anything-but", Value::Object(inner))) => match single(inner) {
            Some(("prefix", Value::String(prefix))) => text.is_some_and(|it| !it.starts_with(prefix)),
            _ => false,
        },
        Some(("anything-but", Value::Array(excluded))) => actual.is_some_and(|it| !excluded.contains(it)),
        Some(("anything-but", excluded)) => actual.is_some_and(|it| it != excluded),
        _ => false,
    }
}

fn single(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut each = members.iter();
    let first = each.next().map(|(name, value)| (name.as_str(), value));
    if each.next().is_none() { first } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record() -> Value {
        json!({
            "eventName": "INSERT",
            "dynamodb": { "NewImage": { "SK": { "S": "EVENT#0001" }, "n": { "N": "5" }, "tags": { "SS": ["a", "b"] } } },
        })
    }

    #[test]
    fn pattern_needs_all_members_and_one_alternative() {
        let cases = [
            (json!({ "eventName": ["INSERT"] }), true),
            (json!({ "eventName": ["REMOVE", "INSERT"] }), true),
            (json!({ "eventName": ["REMOVE"] }), false),
            (
                json!({ "eventName": ["INSERT"], "dynamodb": { "NewImage": { "SK": { "S": [{ "prefix": "EVENT#" }] } } } }),
                true,
            ),
            (
                json!({ "eventName": ["INSERT"], "dynamodb": { "NewImage": { "SK": { "S": [{ "prefix": "TASK#" }] } } } }),
                false,
            ),
            (json!({ "dynamodb": { "NewImage": { "SK": { "S": [{ "suffix": "0001" }] } } } }), true),
            (json!({ "dynamodb": { "NewImage": { "SK": { "S": [{ "exists": true }] } } } }), true),
            (json!({ "dynamodb": { "NewImage": { "XX": { "S": [{ "exists": false }] } } } }), true),
            (json!({ "dynamodb": { "OldImage": { "SK": { "S": [{ "exists": true }] } } } }), false),
            (json!({ "eventName": [{ "anything-but": ["REMOVE", "MODIFY"] }] }), true),
            (json!({ "eventName": [{ "anything-but": "INSERT" }] }), false),
            (json!({ "eventName": [{ "anything-but": { "prefix": "INS" } }] }), false),
            (json!({ "dynamodb": { "NewImage": { "tags": { "SS": ["b"] } } } }), true),
            (json!({ "dynamodb": { "NewImage": { "tags": { "SS": ["c"] } } } }), false),
        ];
        for (pattern, expected) in cases {
            assert_eq!(check(&pattern), Ok(()), "{pattern}");
            assert_eq!(passes(std::slice::from_ref(&pattern), &record()), expected, "{pattern}");
        }
    }

    #[test]
    fn record_passes_any_pattern_or_an_empty_list() {
        assert!(passes(&[], &record()));
        assert!(passes(&[json!({ "eventName": ["REMOVE"] }), json!({ "eventName": ["INSERT"] })], &record()));
    }

    #[test]
    fn unsupported_pattern_is_rejected() {
        for pattern in
            [json!({ "a": [{ "numeric": [">", 1] }] }), json!({ "a": "b" }), json!({ "a": [{ "prefix": 1 }] })]
        {
            assert!(check(&pattern).is_err(), "{pattern}");
        }
    }
}
