//! Reads the statements about DynamoDB in the policies of a function's role. Statements about other services are
//! ignored: the stack enforces rights on tables only.

use serde_json::{Map, Value};

use super::intrinsics::Resolver;
use super::statement::{KeyCondition, Statement};
use super::values::{is_true, texts};

/// Reads the statements that apply to a function: those of its role, or of the role that SAM makes of its `Policies`.
pub(super) fn statements(
    resolver: &Resolver<'_>,
    resources: &Map<String, Value>,
    function: &Value,
) -> Result<Vec<Statement>, String> {
    let properties = |id: &str| resources.get(id).and_then(|it| it.get("Properties"));
    let managed = |policy: &Value| policy.get("Ref").and_then(Value::as_str).and_then(properties);
    let mut documents = Vec::new();
    if let Some(role) = function.pointer("/Properties/Role") {
        let role = role.pointer("/Fn::GetAtt/0").and_then(Value::as_str).and_then(properties);
        let list = |name: &str| role.and_then(|it| it.get(name)).map(items).unwrap_or_default();
        documents.extend(list("ManagedPolicyArns").into_iter().filter_map(managed));
        documents.extend(list("Policies"));
    } else {
        for policy in function.pointer("/Properties/Policies").map(items).unwrap_or_default() {
            documents.push(managed(policy).unwrap_or(policy));
        }
    }
    let mut statements = Vec::new();
    for document in documents {
        let document = document.get("PolicyDocument").unwrap_or(document);
        for statement in document.get("Statement").map(items).unwrap_or_default() {
            statements.extend(read(resolver, statement)?);
        }
    }
    Ok(statements)
}

/// Reads a statement; `None` if it is not about DynamoDB.
fn read(resolver: &Resolver<'_>, statement: &Value) -> Result<Option<Statement>, String> {
    let list = |name: &str| -> Result<Vec<String>, String> {
        let value = statement.get(name).map(|it| resolver.resolve(it)).transpose()?;
        texts(value.as_ref()).map_err(|error| format!("{name}: {error}"))
    };
    let actions = list("Action")?;
    if !actions.iter().any(|it| it.starts_with("dynamodb:") || it == "*") {
        return Ok(None);
    }
    let mut conditions = Vec::new();
    for (operator, keys) in statement.get("Condition").and_then(Value::as_object).into_iter().flatten() {
        for (key, wanted) in keys.as_object().into_iter().flatten() {
            let wanted = resolver.resolve(wanted)?;
            conditions.push(match (operator.as_str(), key.as_str()) {
                ("Null", "dynamodb:LeadingKeys") => KeyCondition::Absent(is_true(&wanted)),
                ("ForAllValues:StringLike" | "ForAllValues:StringEquals", "dynamodb:LeadingKeys") => {
                    KeyCondition::All(texts(Some(&wanted))?)
                }
                ("ForAnyValue:StringLike" | "ForAnyValue:StringEquals", "dynamodb:LeadingKeys") => {
                    KeyCondition::Any(texts(Some(&wanted))?)
                }
                _ => return Err(format!("the condition {operator} on {key} is not supported by the local stack")),
            });
        }
    }
    let denies = statement.get("Effect").and_then(Value::as_str) == Some("Deny");
    Ok(Some(Statement { denies, actions, resources: list("Resource")?, conditions }))
}

/// Returns the items of a list; a single value is a list of one.
fn items(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |items| items.iter().collect())
}
