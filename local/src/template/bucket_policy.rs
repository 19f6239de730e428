//! Reads bucket policies: statements with the effect `Deny` for the principal `*`, with conditions on the request.
//! Statements about roles and networks are ignored, because the local stack has none.

use serde_json::{Map, Value};

use super::denial::{Condition, Denial, Test, number};
use super::intrinsics::Resolver;
use super::values::texts;

/// Reads the denying statements of a bucket policy.
pub(super) fn denials(resolver: &Resolver<'_>, properties: &Value) -> Result<Vec<Denial>, String> {
    let mut denials = Vec::new();
    for statement in properties.pointer("/PolicyDocument/Statement").and_then(Value::as_array).into_iter().flatten() {
        let is_for_all = matches!(statement.get("Principal"), Some(Value::String(all)) if all == "*")
            || statement.pointer("/Principal/AWS").and_then(Value::as_str) == Some("*");
        if !is_for_all || statement.get("Effect").and_then(Value::as_str) != Some("Deny") {
            continue;
        }
        let Some(conditions) = conditions(resolver, statement.get("Condition"))? else {
            continue;
        };
        let list = |name: &str| -> Result<Vec<String>, String> {
            let value = statement.get(name).map(|it| resolver.resolve(it)).transpose()?;
            texts(value.as_ref()).map_err(|error| format!("{name}: {error}"))
        };
        denials.push(Denial { actions: list("Action")?, resources: list("Resource")?, conditions });
    }
    Ok(denials)
}

/// Reads the conditions; `None` if one of them has no local meaning.
fn conditions(resolver: &Resolver<'_>, block: Option<&Value>) -> Result<Option<Vec<Condition>>, String> {
    let mut conditions = Vec::new();
    let empty = Map::new();
    for (operator, keys) in block.and_then(Value::as_object).unwrap_or(&empty) {
        for (key, wanted) in keys.as_object().unwrap_or(&empty) {
            let key = key.to_ascii_lowercase();
            if !key.starts_with("s3:") && key != "aws:securetransport" {
                return Ok(None);
            }
            let wanted = texts(Some(&resolver.resolve(wanted)?))?;
            let first = wanted.first().map(String::as_str).unwrap_or_default();
            let test = match operator.trim_end_matches("IfExists") {
                "Null" => Test::Null(first == "true"),
                "StringEquals" | "Bool" => Test::Equals(wanted),
                "StringNotEquals" => Test::NotEquals(wanted),
                "NumericLessThan" | "NumericGreaterThan" => {
                    let limit = number(Some(first)).ok_or_else(|| format!("{key}: {first} is not a number"))?;
                    if operator.contains("Less") { Test::LessThan(limit) } else { Test::GreaterThan(limit) }
                }
                other => {
                    return Err(format!(
                        "the condition {other} of a bucket policy is not supported by the local stack"
                    ));
                }
            };
            conditions.push(Condition { key, test });
        }
    }
    Ok(Some(conditions))
}
