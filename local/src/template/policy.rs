//! What bucket policies forbid everybody: the statements of the effect `Deny` for the principal `*`, with the conditions that a
//! request alone decides. Statements about roles and networks mean nothing here, for locally there are none.

use serde_json::{Map, Value};

use super::intrinsics::Resolver;
use super::read::texts;

/// A statement that forbids.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Denial {
    /// Patterns such as `s3:Put*`.
    pub(crate) actions: Vec<String>,
    /// Patterns of ARNs.
    pub(crate) resources: Vec<String>,
    /// All of them must hold.
    pub(crate) conditions: Vec<Condition>,
}

/// One condition of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    /// In small letters: `s3:signatureage`.
    pub(crate) key: String,
    pub(crate) test: Test,
}

/// How a condition looks at the value of its key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// There is none, or there is one.
    Null(bool),
    Equals(Vec<String>),
    /// Holds for an absent value too.
    NotEquals(Vec<String>),
    LessThan(f64),
    GreaterThan(f64),
}

impl Test {
    /// Whether it holds for a value.
    pub(crate) fn holds(&self, value: Option<&str>) -> bool {
        match self {
            Self::Null(absent) => value.is_none() == *absent,
            Self::Equals(wanted) => value.is_some_and(|it| wanted.iter().any(|one| one == it)),
            Self::NotEquals(unwanted) => value.is_none_or(|it| unwanted.iter().all(|one| one != it)),
            Self::LessThan(limit) => number(value).is_some_and(|it| it < *limit),
            Self::GreaterThan(limit) => number(value).is_some_and(|it| it > *limit),
        }
    }
}

fn number(value: Option<&str>) -> Option<f64> {
    value?.parse().ok()
}

impl Denial {
    /// Whether it forbids an action on a resource, given the values of the request's keys.
    pub(crate) fn forbids(&self, action: &str, resource: &str, value: impl Fn(&str) -> Option<String>) -> bool {
        self.actions.iter().any(|it| like(it, action))
            && self.resources.iter().any(|it| like(it, resource))
            && self.conditions.iter().all(|it| it.test.holds(value(&it.key).as_deref()))
    }
}

/// Whether a text is like a pattern, in which `*` stands for any text.
fn like(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(before) else {
        return false;
    };
    text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| text.get(at..).is_some_and(|it| like(rest, it)))
}

/// The denials of a bucket policy.
pub(super) fn denials(resolver: &Resolver<'_>, properties: &Value) -> Result<Vec<Denial>, String> {
    let mut denials = Vec::new();
    for statement in properties.pointer("/PolicyDocument/Statement").and_then(Value::as_array).into_iter().flatten() {
        let everybody = matches!(statement.get("Principal"), Some(Value::String(all)) if all == "*")
            || statement.pointer("/Principal/AWS").and_then(Value::as_str) == Some("*");
        if !everybody || statement.get("Effect").and_then(Value::as_str) != Some("Deny") {
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

/// The conditions; `None` if one of them is about what does not exist here.
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
                other => return Err(format!("the condition {other} of a bucket policy is not played here")),
            };
            conditions.push(Condition { key, test });
        }
    }
    Ok(Some(conditions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_anywhere() {
        for (pattern, text, matches) in [
            ("s3:PutObject", "s3:PutObject", true),
            ("s3:Put*", "s3:PutObject", true),
            ("s3:*", "s3:PutObject", true),
            ("*", "", true),
            ("arn:aws:s3:::b/quarantine/*", "arn:aws:s3:::b/quarantine/a/b", true),
            ("arn:aws:s3:::b/*/x", "arn:aws:s3:::b/a/y/x", true),
            ("arn:aws:s3:::b/quarantine/*", "arn:aws:s3:::b/clean/a", false),
            ("s3:PutObject", "s3:PutObjectTagging", false),
            ("arn:aws:s3:::b", "arn:aws:s3:::b/a", false),
        ] {
            assert_eq!(like(pattern, text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn tests_know_what_absence_means() {
        let texts = vec!["aws:kms".to_owned()];
        for (test, absent, kms, other) in [
            (Test::Null(true), true, false, false),
            (Test::Null(false), false, true, true),
            (Test::Equals(texts.clone()), false, true, false),
            (Test::NotEquals(texts), true, false, true),
            (Test::GreaterThan(300.0), false, false, false),
            (Test::LessThan(1.2), false, false, false),
        ] {
            let found = [test.holds(None), test.holds(Some("aws:kms")), test.holds(Some("AES256"))];
            assert_eq!(found, [absent, kms, other], "{test:?}");
        }
        assert_eq!(
            [299, 300, 301].map(|it| Test::GreaterThan(300.0).holds(Some(&it.to_string()))),
            [false, false, true]
        );
        assert_eq!(["1.1", "1.2", "1.3"].map(|it| Test::LessThan(1.2).holds(Some(it))), [true, false, false]);
    }
}
