//! Rights of the functions on the tables: judges calls to DynamoDB by the policies of the calling function's role, as
//! IAM does. Pure. A test kit enforces them.
//!
//! AWS does not document whether `dynamodb:LeadingKeys` of an item in a transaction has the key of that item or the
//! keys of all items. A transaction must be allowed by both readings.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::template::{Statement, Table, Template, table_arn};

/// Statements by function, and the tables that they are about.
#[derive(Debug, Clone, Default)]
pub struct TableRights {
    statements: BTreeMap<String, Vec<Statement>>,
    tables: Vec<Table>,
}

/// An action on one resource, with its leading keys.
#[derive(Debug, PartialEq)]
struct Access<'a> {
    action: &'a str,
    resource: String,
    keys: Vec<&'a str>,
}

impl TableRights {
    pub(crate) fn from_template(template: &Template) -> Self {
        let functions = template.functions.iter();
        let statements = functions.map(|function| (function.name.clone(), function.table_statements.clone())).collect();
        Self { statements, tables: template.tables.clone() }
    }

    /// Judges a call of a function.
    ///
    /// # Errors
    /// The message of IAM, when a policy denies the call or none allows it.
    pub fn check(&self, function: &str, operation: &str, request: &Value) -> Result<(), String> {
        let statements = self.statements.get(function).map(Vec::as_slice).unwrap_or_default();
        for access in self.accesses(operation, request) {
            let action = format!("dynamodb:{}", access.action);
            let applying = |denies: bool| {
                statements.iter().any(|it| it.denies == denies && it.applies(&action, &access.resource, &access.keys))
            };
            let reason = match (applying(true), applying(false)) {
                (true, _) => "with an explicit deny",
                (false, false) => "because no policy allows it",
                (false, true) => continue,
            };
            let Access { resource, keys, .. } = access;
            return Err(format!("{function} is not authorized to perform {action} on {resource} {keys:?} {reason}"));
        }
        Ok(())
    }

    fn accesses<'a>(&self, operation: &'a str, request: &'a Value) -> Vec<Access<'a>> {
        match operation {
            "TransactWriteItems" | "TransactGetItems" => self.transaction(request),
            "BatchGetItem" | "BatchWriteItem" => {
                let tables = request.get("RequestItems").and_then(Value::as_object).into_iter().flatten();
                let access = |(table, wanted): (&'a String, &'a Value)| {
                    let gets = wanted.get("Keys").and_then(Value::as_array).into_iter().flatten();
                    let writes = wanted.as_array().into_iter().flatten();
                    let writes =
                        writes.filter_map(|it| it.pointer("/PutRequest/Item").or(it.pointer("/DeleteRequest/Key")));
                    let keys = gets.chain(writes).filter_map(|item| self.leading_key(table, item)).collect();
                    Access { action: operation, resource: table_arn(table), keys }
                };
                tables.map(access).collect()
            }
            _ => {
                let table = text(request, "TableName");
                let item = request.get("Key").or_else(|| request.get("Item"));
                let key = item.and_then(|it| self.leading_key(table, it)).or_else(|| self.queried_key(request));
                let index = request.get("IndexName").and_then(Value::as_str);
                let resource = index.map_or_else(|| table_arn(table), |it| format!("{}/index/{it}", table_arn(table)));
                vec![Access { action: operation, resource, keys: key.into_iter().collect() }]
            }
        }
    }

    /// Each item of a transaction twice: with its own leading key, and with those of all items.
    fn transaction<'a>(&self, request: &'a Value) -> Vec<Access<'a>> {
        let items = request.get("TransactItems").and_then(Value::as_array).into_iter().flatten();
        let members = items.filter_map(Value::as_object).flat_map(Map::iter);
        let items: Vec<(&str, &str, Option<&str>)> = members
            .map(|(kind, item)| {
                let action = match kind.as_str() {
                    "Put" => "PutItem",
                    "Update" => "UpdateItem",
                    "Delete" => "DeleteItem",
                    "Get" => "GetItem",
                    _ => "ConditionCheckItem",
                };
                let table = text(item, "TableName");
                let key = item.get("Key").or_else(|| item.get("Item"));
                (action, table, key.and_then(|it| self.leading_key(table, it)))
            })
            .collect();
        let all: Vec<&str> = items.iter().filter_map(|(_, _, key)| *key).collect();
        let accesses = items.into_iter().flat_map(|(action, table, key)| {
            let keys = [key.into_iter().collect(), all.clone()];
            keys.map(|keys| Access { action, resource: table_arn(table), keys })
        });
        accesses.collect()
    }

    /// Returns the partition key of an item or a key.
    fn leading_key<'a>(&self, table: &str, item: &'a Value) -> Option<&'a str> {
        let name = self.tables.iter().find(|it| it.name == table)?.partition_key()?;
        item.get(name)?.get("S")?.as_str()
    }

    /// Returns the partition key of a query: the value that its key condition compares with the key's name.
    fn queried_key<'a>(&self, request: &'a Value) -> Option<&'a str> {
        let table = self.tables.iter().find(|it| it.name == text(request, "TableName"))?;
        let name = match request.get("IndexName").and_then(Value::as_str) {
            None => table.partition_key()?,
            Some(index) => table.index_partition_key(index)?,
        };
        let given = |place: &str, placeholder: &str| request.get(place).and_then(|it| it.get(placeholder));
        let words: Vec<&str> = text(request, "KeyConditionExpression").split_whitespace().collect();
        let placeholder = words.windows(3).find_map(|words| match words {
            [left, "=", right] => {
                let left = given("ExpressionAttributeNames", left).and_then(Value::as_str).unwrap_or(left);
                (left == name).then_some(*right)
            }
            _ => None,
        })?;
        given("ExpressionAttributeValues", placeholder)?.get("S")?.as_str()
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::template::{KeyCondition, Statement};

    const TABLE: &str = "things";

    fn statement(denies: bool, actions: &[&str], conditions: Vec<KeyCondition>) -> Statement {
        let actions = actions.iter().map(|it| format!("dynamodb:{it}")).collect();
        Statement { denies, actions, resources: vec![table_arn(TABLE)], conditions }
    }

    fn rights(statements: Vec<Statement>) -> TableRights {
        let schema = |pk: &str| json!([{"AttributeName": pk, "KeyType": "HASH"}]);
        let index = json!([{"IndexName": "ByOwner", "KeySchema": schema("Owner")}]);
        let create = json!({"KeySchema": schema("PK"), "GlobalSecondaryIndexes": index});
        let table = Table { name: TABLE.to_owned(), create, ttl_attribute: None };
        TableRights { statements: BTreeMap::from([("one".to_owned(), statements)]), tables: vec![table] }
    }

    fn any(patterns: &[&str]) -> Vec<KeyCondition> {
        vec![KeyCondition::Any(patterns.iter().map(|&it| it.to_owned()).collect())]
    }

    fn put(key: &str) -> Value {
        json!({"Put": {"TableName": TABLE, "Item": {"PK": {"S": key}}}})
    }

    fn update(key: &str) -> Value {
        json!({"Update": {"TableName": TABLE, "Key": {"PK": {"S": key}}}})
    }

    #[test]
    fn call_needs_a_statement_that_allows_and_none_that_denies() {
        let statements = vec![
            statement(false, &["PutItem", "GetItem"], Vec::new()),
            statement(true, &["PutItem"], any(&["secret#*"])),
        ];
        let rights = rights(statements);
        let item = |key: &str| json!({"TableName": TABLE, "Item": {"PK": {"S": key}}});
        assert_eq!(rights.check("one", "PutItem", &item("a")), Ok(()));
        for (function, operation, request) in [
            ("one", "PutItem", item("secret#a")),
            ("one", "DeleteItem", json!({"TableName": TABLE, "Key": {"PK": {"S": "a"}}})),
            ("one", "PutItem", json!({"TableName": "other", "Item": {"PK": {"S": "a"}}})),
            ("one", "TransactWriteItems", json!({"TransactItems": [put("a"), put("secret#a")]})),
            ("two", "PutItem", item("a")),
        ] {
            assert!(rights.check(function, operation, &request).is_err(), "{function} {operation} {request}");
        }
    }

    #[test]
    fn transaction_is_judged_by_own_and_by_all_keys() {
        let transaction = json!({"TransactItems": [put("a"), update("counter#1")]});
        for (condition, passes) in [
            (KeyCondition::Any(vec!["counter#*".to_owned()]), true),
            // Holds for the item alone, and not for the keys of the whole transaction.
            (KeyCondition::All(vec!["counter#*".to_owned()]), false),
            // The reverse.
            (KeyCondition::Any(vec!["a".to_owned()]), false),
        ] {
            let statements = vec![
                statement(false, &["PutItem"], Vec::new()),
                statement(false, &["UpdateItem"], vec![condition.clone()]),
            ];
            let result = rights(statements).check("one", "TransactWriteItems", &transaction);
            assert_eq!(result.is_ok(), passes, "{condition:?}: {result:?}");
        }
    }

    #[test]
    fn query_has_the_key_of_its_condition() {
        let query = |index: Option<&str>, name: &str| {
            let names = json!({"#pk": name});
            let values = json!({":pk": {"S": "a"}, ":from": {"S": "b"}});
            let condition = "#sk BETWEEN :from AND :from AND #pk = :pk";
            json!({"TableName": TABLE, "IndexName": index, "KeyConditionExpression": condition,
                   "ExpressionAttributeNames": names, "ExpressionAttributeValues": values})
        };
        let rights = rights(vec![statement(false, &["Query"], any(&["a"]))]);
        assert_eq!(rights.check("one", "Query", &query(None, "PK")), Ok(()));
        assert!(rights.check("one", "Query", &query(None, "Other")).is_err());
        assert!(
            rights.check("one", "Query", &query(Some("ByOwner"), "Owner")).is_err(),
            "the index is no granted resource"
        );
        let request = query(Some("ByOwner"), "Owner");
        assert_eq!(rights.queried_key(&request), Some("a"));
    }

    #[test]
    fn batch_has_the_keys_of_its_items() {
        let rights = rights(vec![statement(false, &["BatchGetItem"], vec![KeyCondition::All(vec!["a".to_owned()])])]);
        let batch = |keys: &[&str]| {
            let keys: Vec<Value> = keys.iter().map(|key| json!({"PK": {"S": key}})).collect();
            json!({"RequestItems": {TABLE: {"Keys": keys}}})
        };
        assert_eq!(rights.check("one", "BatchGetItem", &batch(&["a", "a"])), Ok(()));
        assert!(rights.check("one", "BatchGetItem", &batch(&["a", "b"])).is_err());
    }
}
