//! Statements of roles about tables, and whether they apply to an access. Pure.

use super::denial::matches_pattern;

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statement {
    /// True for `Deny`.
    pub(crate) denies: bool,
    /// Patterns such as `dynamodb:Put*`.
    pub(crate) actions: Vec<String>,
    /// ARN patterns.
    pub(crate) resources: Vec<String>,
    /// Conditions on the leading keys, which must all hold.
    pub(crate) conditions: Vec<KeyCondition>,
}

/// A condition on `dynamodb:LeadingKeys`: the partition keys of an access.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum KeyCondition {
    /// `ForAllValues`: each key matches a pattern. Also holds without a key.
    All(Vec<String>),
    /// `ForAnyValue`: one key matches a pattern.
    Any(Vec<String>),
    /// `Null`: true if there is no key.
    Absent(bool),
}

impl KeyCondition {
    fn holds(&self, keys: &[&str]) -> bool {
        let matches = |patterns: &[String], key: &str| patterns.iter().any(|pattern| matches_pattern(pattern, key));
        match self {
            Self::All(patterns) => keys.iter().all(|key| matches(patterns, key)),
            Self::Any(patterns) => keys.iter().any(|key| matches(patterns, key)),
            Self::Absent(absent) => keys.is_empty() == *absent,
        }
    }
}

impl Statement {
    /// True when it applies to the action on the resource with these leading keys.
    pub(crate) fn applies(&self, action: &str, resource: &str, keys: &[&str]) -> bool {
        self.actions.iter().any(|it| matches_pattern(it, action))
            && self.resources.iter().any(|it| matches_pattern(it, resource))
            && self.conditions.iter().all(|it| it.holds(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_condition_holds_for_all_any_or_no_keys() {
        let patterns = || vec!["ORG#?#LIMIT#*".to_owned(), "ORGS".to_owned()];
        let (all, any) = (KeyCondition::All(patterns()), KeyCondition::Any(patterns()));
        for (keys, for_all, for_any) in [
            (&["ORG#1#LIMIT#ann", "ORGS"][..], true, true),
            (&["ORG#1#LIMIT#ann", "ORG#1"], false, true),
            (&["ORG#12#LIMIT#ann", "ORG#1"], false, false),
            (&[], true, false),
        ] {
            assert_eq!((all.holds(keys), any.holds(keys)), (for_all, for_any), "{keys:?}");
            assert_eq!(KeyCondition::Absent(false).holds(keys), !keys.is_empty(), "{keys:?}");
        }
    }
}
