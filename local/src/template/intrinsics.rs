//! CloudFormation's intrinsic functions: turns YAML with short tags into JSON, and functions into their values.
//! Resolves only the values it is given: a reference without a local counterpart is an error only where it is needed.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::model::Parameters;
use super::names::{ACCOUNT, REGION, STACK, function_arn, key_arn, key_id, queue_arn, table_arn, topic_arn};
use super::values::text_of;

/// Parses the text of a template. Short tags become the long forms (`{"Ref": …}`, `{"Fn::Sub": …}`).
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let document: yaml_serde::Value = yaml_serde::from_str(text).map_err(|error| error.to_string())?;
    plain(document)
}

fn plain(value: yaml_serde::Value) -> Result<Value, String> {
    use yaml_serde::Value as Yaml;
    Ok(match value {
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(plain).collect::<Result<_, _>>()?),
        Yaml::Mapping(members) => {
            let mut object = Map::new();
            for (key, member) in members {
                let key = match key {
                    Yaml::String(text) => text,
                    Yaml::Number(number) => number.to_string(),
                    Yaml::Bool(flag) => flag.to_string(),
                    other => return Err(format!("{other:?} is not a usable key")),
                };
                object.insert(key, plain(member)?);
            }
            Value::Object(object)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let tag = tag.trim_start_matches('!');
            let argument = plain(tagged.value)?;
            match (tag, argument) {
                ("Ref" | "Condition", argument) => json!({ tag: argument }),
                ("GetAtt", Value::String(path)) => {
                    let (resource, attribute) =
                        path.split_once('.').ok_or_else(|| format!("!GetAtt {path} names no attribute"))?;
                    json!({ "Fn::GetAtt": [resource, attribute] })
                }
                (function, argument) => json!({ format!("Fn::{function}"): argument }),
            }
        }
        scalar => serde_json::to_value(scalar).map_err(|error| error.to_string())?,
    })
}

/// Replaces references by their local values: the value or default of a parameter, the local name of a resource.
pub(super) struct Resolver<'a> {
    template: &'a Value,
    parameters: &'a Parameters,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(template: &'a Value, parameters: &'a Parameters) -> Self {
        Self { template, parameters }
    }

    /// Replaces every function in `value` by its result. Members that are null (`AWS::NoValue`) are removed, as
    /// CloudFormation does.
    pub(super) fn resolve(&self, value: &Value) -> Result<Value, String> {
        self.walk(value, &mut HashSet::new())
    }

    fn walk(&self, value: &Value, conditions: &mut HashSet<String>) -> Result<Value, String> {
        match value {
            Value::Array(items) => {
                let items: Vec<Value> = items.iter().map(|it| self.walk(it, conditions)).collect::<Result<_, _>>()?;
                Ok(Value::Array(items.into_iter().filter(|it| !it.is_null()).collect()))
            }
            Value::Object(members) => {
                if let (1, Some((name, argument))) = (members.len(), members.iter().next())
                    && let Some(resolved) = self.call(name, argument, conditions)
                {
                    return resolved;
                }
                let mut object = Map::new();
                for (key, member) in members {
                    let member = self.walk(member, conditions)?;
                    if !member.is_null() {
                        object.insert(key.clone(), member);
                    }
                }
                Ok(Value::Object(object))
            }
            scalar => Ok(scalar.clone()),
        }
    }

    /// Calls a function; `None` if `name` is an ordinary member.
    fn call(&self, name: &str, argument: &Value, conditions: &mut HashSet<String>) -> Option<Result<Value, String>> {
        Some(match (name, argument) {
            ("Ref", Value::String(target)) => self.reference(target),
            ("Fn::GetAtt", argument) => self.attribute(argument),
            ("Fn::Sub", Value::String(text)) => self.substitute(text, &Map::new(), conditions),
            ("Fn::Sub", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(text), Value::Object(names)] => self.substitute(text, names, conditions),
                _ => Err("Fn::Sub takes a text, or a list of a text and a mapping".to_owned()),
            },
            ("Fn::Join", Value::Array(parts)) => self.join(parts, conditions),
            ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(condition), yes, no] => self
                    .condition(condition, conditions)
                    .and_then(|holds| self.walk(if holds { yes } else { no }, conditions)),
                _ => Err("Fn::If takes a list of a condition and two values".to_owned()),
            },
            ("Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or", argument) => {
                self.truth(name, argument, conditions).map(Value::Bool)
            }
            (function, _) if function.starts_with("Fn::") => {
                Err(format!("{function} is not supported by the local stack"))
            }
            _ => return None,
        })
    }

    fn reference(&self, target: &str) -> Result<Value, String> {
        let fixed = match target {
            "AWS::Region" => REGION,
            "AWS::AccountId" => ACCOUNT,
            "AWS::Partition" => "aws",
            "AWS::URLSuffix" => "amazonaws.com",
            "AWS::StackName" => STACK,
            "AWS::StackId" => "arn:aws:cloudformation:local:stack",
            "AWS::NoValue" => return Ok(Value::Null),
            _ => "",
        };
        if !fixed.is_empty() {
            return Ok(fixed.into());
        }
        if let Some(parameter) = self.template.pointer("/Parameters").and_then(|all| all.get(target)) {
            return parameter_value(target, parameter, self.parameters.get(target));
        }
        match self.resource_type(target)? {
            "AWS::DynamoDB::Table" => Ok(self.table_name(target)?.into()),
            "AWS::KMS::Key" => Ok(key_id(target).into()),
            "AWS::S3::Bucket" => Ok(self.bucket_name(target)?.into()),
            "AWS::SQS::Queue" => {
                let name = self.name(target, "QueueName")?;
                Ok(format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}").into())
            }
            "AWS::SNS::Topic" => Ok(topic_arn(&self.name(target, "TopicName")?).into()),
            "AWS::SES::ConfigurationSet" => Ok(self.name(target, "Name")?.into()),
            "AWS::Serverless::HttpApi" | "AWS::Serverless::Function" => Ok(target.into()),
            other => Err(format!("{target} ({other}) has no local counterpart")),
        }
    }

    fn attribute(&self, argument: &Value) -> Result<Value, String> {
        let (Some(resource), Some(attribute)) =
            (argument.get(0).and_then(Value::as_str), argument.get(1).and_then(Value::as_str))
        else {
            return Err("Fn::GetAtt takes a resource and an attribute".to_owned());
        };
        let arn = match (self.resource_type(resource)?, attribute) {
            ("AWS::DynamoDB::Table", "Arn") => table_arn(&self.table_name(resource)?),
            ("AWS::DynamoDB::Table", "StreamArn") => format!("{}/stream/local", table_arn(&self.table_name(resource)?)),
            ("AWS::Serverless::Function", "Arn") => function_arn(resource),
            ("AWS::KMS::Key", "Arn") => key_arn(&key_id(resource)),
            ("AWS::S3::Bucket", "Arn") => format!("arn:aws:s3:::{}", self.bucket_name(resource)?),
            ("AWS::SQS::Queue", "Arn") => queue_arn(&self.name(resource, "QueueName")?),
            ("AWS::SQS::Queue", "QueueName") => self.name(resource, "QueueName")?,
            ("AWS::SNS::Topic", "TopicArn") => topic_arn(&self.name(resource, "TopicName")?),
            ("AWS::SNS::Topic", "TopicName") => self.name(resource, "TopicName")?,
            (other, _) => return Err(format!("{resource}.{attribute} ({other}) has no local counterpart")),
        };
        Ok(arn.into())
    }

    /// Returns the name of a table.
    pub(super) fn table_name(&self, logical_id: &str) -> Result<String, String> {
        self.name(logical_id, "TableName")
    }

    /// Returns the name of a bucket, in lower case.
    pub(super) fn bucket_name(&self, logical_id: &str) -> Result<String, String> {
        Ok(self.name(logical_id, "BucketName")?.to_ascii_lowercase())
    }

    /// Returns the name of a resource: its property if the template has it, else one made from its logical id.
    pub(super) fn name(&self, logical_id: &str, property: &str) -> Result<String, String> {
        match self.template.pointer(&format!("/Resources/{logical_id}/Properties/{property}")) {
            None => Ok(format!("{STACK}-{logical_id}")),
            Some(name) => match self.resolve(name)? {
                Value::String(name) => Ok(name),
                _ => Err(format!("the {property} of {logical_id} is not a text")),
            },
        }
    }

    fn resource_type(&self, logical_id: &str) -> Result<&'a str, String> {
        self.template
            .pointer("/Resources")
            .and_then(|all| all.get(logical_id))
            .and_then(|resource| resource.get("Type"))
            .and_then(Value::as_str)
            .ok_or_else(|| format!("{logical_id} is neither a parameter nor a resource of the template"))
    }

    fn substitute(
        &self,
        text: &str,
        names: &Map<String, Value>,
        conditions: &mut HashSet<String>,
    ) -> Result<Value, String> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or_else(|| format!("`{text}` lacks a closing brace"))?;
            result.push_str(before);
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.extend(["${", literal, "}"]);
                continue;
            }
            let value = match (names.get(name), name.split_once('.')) {
                (Some(given), _) => self.walk(given, conditions)?,
                (None, Some((resource, attribute))) => self.attribute(&json!([resource, attribute]))?,
                (None, None) => self.reference(name)?,
            };
            result.push_str(&text_of(&value)?);
        }
        result.push_str(rest);
        Ok(result.into())
    }

    fn join(&self, parts: &[Value], conditions: &mut HashSet<String>) -> Result<Value, String> {
        let [Value::String(separator), list] = parts else {
            return Err("Fn::Join takes a separator and a list".to_owned());
        };
        let Value::Array(items) = self.walk(list, conditions)? else {
            return Err("Fn::Join takes a separator and a list".to_owned());
        };
        let items: Vec<String> = items.iter().map(text_of).collect::<Result<_, _>>()?;
        Ok(items.join(separator).into())
    }

    /// Evaluates a named condition. `open` holds the conditions under evaluation; a circular one is an error.
    pub(super) fn condition(&self, name: &str, open: &mut HashSet<String>) -> Result<bool, String> {
        if !open.insert(name.to_owned()) {
            return Err(format!("the condition {name} depends on itself"));
        }
        let definition = self
            .template
            .pointer("/Conditions")
            .and_then(|all| all.get(name))
            .ok_or_else(|| format!("the template has no condition {name}"))?;
        let holds = self.operand(definition, open);
        open.remove(name);
        holds
    }

    fn operand(&self, value: &Value, open: &mut HashSet<String>) -> Result<bool, String> {
        if let Some(Value::String(name)) = value.get("Condition") {
            return self.condition(name, open);
        }
        match value.as_object().and_then(|members| members.iter().next()) {
            Some((function, argument)) => self.truth(function, argument, open),
            None => Err(format!("{value} is not a condition")),
        }
    }

    fn truth(&self, function: &str, argument: &Value, open: &mut HashSet<String>) -> Result<bool, String> {
        let operands = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function, operands) {
            ("Fn::Equals", [left, right]) => {
                Ok(text_of(&self.walk(left, open)?)? == text_of(&self.walk(right, open)?)?)
            }
            ("Fn::Not", [operand]) => Ok(!self.operand(operand, open)?),
            ("Fn::And" | "Fn::Or", operands) if operands.len() > 1 => {
                let mut each = operands.iter().map(|it| self.operand(it, open));
                each.try_fold(function == "Fn::And", |so_far, next| {
                    Ok(if function == "Fn::And" { so_far && next? } else { so_far || next? })
                })
            }
            _ => Err(format!("{function} cannot be used as a condition here")),
        }
    }
}

fn parameter_value(name: &str, parameter: &Value, given: Option<&String>) -> Result<Value, String> {
    let text = match (given, parameter.get("Default")) {
        (Some(given), _) => given.clone(),
        (None, Some(default)) => text_of(default)?,
        (None, None) => {
            return Err(format!("the parameter {name} has no default, and the local stack gives it no value"));
        }
    };
    let list = parameter.get("Type").and_then(Value::as_str).is_some_and(|it| it.contains("List"));
    Ok(if list {
        Value::Array(text.split(',').map(str::trim).filter(|it| !it.is_empty()).map(Value::from).collect())
    } else {
        Value::String(text)
    })
}
