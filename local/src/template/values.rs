//! Scalars and lists of the template, which YAML may write in several ways.

use serde_json::Value;

/// Returns a scalar as text, as CloudFormation does.
pub(super) fn text_of(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => Err(format!("{other} is not a text")),
    }
}

/// Returns a list of texts: a single text is a list of one, an absent value an empty list.
pub(super) fn texts(value: Option<&Value>) -> Result<Vec<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(text_of).collect(),
        Some(other) => Ok(vec![text_of(other)?]),
    }
}

/// Returns a whole number; `None` for an absent value.
pub(super) fn whole_number<T: std::str::FromStr>(value: Option<&Value>, name: &str) -> Result<Option<T>, String> {
    let parse = |it: &Value| text_of(it)?.parse().map_err(|_| format!("{name} is not a whole number"));
    value.map(parse).transpose()
}

/// True for `true`, as a boolean or as a text.
pub(super) fn is_true(value: &Value) -> bool {
    text_of(value).is_ok_and(|text| text == "true")
}
