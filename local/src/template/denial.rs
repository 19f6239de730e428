//! Denying statements of bucket policies, and whether they apply to a request. Pure.

/// A denying statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Denial {
    /// Patterns such as `s3:Put*`.
    pub(crate) actions: Vec<String>,
    /// ARN patterns.
    pub(crate) resources: Vec<String>,
    /// Conditions that must all hold.
    pub(crate) conditions: Vec<Condition>,
}

/// A condition of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    /// Condition key in lower case: `s3:signatureage`.
    pub(crate) key: String,
    pub(crate) test: Test,
}

/// Test of the value of a condition key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// True: the value is absent. False: it is present.
    Null(bool),
    Equals(Vec<String>),
    /// Also holds for an absent value.
    NotEquals(Vec<String>),
    LessThan(f64),
    GreaterThan(f64),
}

impl Test {
    /// True when the value passes.
    pub(crate) fn passes(&self, value: Option<&str>) -> bool {
        match self {
            Self::Null(absent) => value.is_none() == *absent,
            Self::Equals(wanted) => value.is_some_and(|it| wanted.iter().any(|one| one == it)),
            Self::NotEquals(unwanted) => value.is_none_or(|it| unwanted.iter().all(|one| one != it)),
            Self::LessThan(limit) => number(value).is_some_and(|it| it < *limit),
            Self::GreaterThan(limit) => number(value).is_some_and(|it| it > *limit),
        }
    }
}

pub(super) fn number(value: Option<&str>) -> Option<f64> {
    value?.parse().ok()
}

impl Denial {
    /// True when it denies the action on the resource. `value` returns the value of a condition key.
    pub(crate) fn denies(&self, action: &str, resource: &str, value: impl Fn(&str) -> Option<String>) -> bool {
        self.actions.iter().any(|it| matches_pattern(it, action))
            && self.resources.iter().any(|it| matches_pattern(it, resource))
            && self.conditions.iter().all(|it| it.test.passes(value(&it.key).as_deref()))
    }
}

/// True when the text matches the pattern, in which `*` matches any text and `?` any character.
pub(super) fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut rest = text.chars();
    let mut pattern = pattern.chars();
    loop {
        match pattern.next() {
            None => return rest.next().is_none(),
            Some('*') => {
                let (pattern, rest) = (pattern.as_str(), rest.as_str());
                let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
                return starts.filter_map(|at| rest.get(at..)).any(|it| matches_pattern(pattern, it));
            }
            Some('?') => {
                if rest.next().is_none() {
                    return false;
                }
            }
            Some(wanted) => {
                if rest.next() != Some(wanted) {
                    return false;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pattern_matches_text_with_wildcards() {
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
            ("ORG#???#LIMIT#*", "ORG#a1ä#LIMIT#", true),
            ("ORG#???#LIMIT#*", "ORG#a1#LIMIT#x", false),
            ("a?", "a", false),
            ("a?", "abc", false),
        ] {
            assert_eq!(matches_pattern(pattern, text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn absent_value_passes_only_null_and_not_equals() {
        let texts = vec!["aws:kms".to_owned()];
        for (test, absent, kms, other) in [
            (Test::Null(true), true, false, false),
            (Test::Null(false), false, true, true),
            (Test::Equals(texts.clone()), false, true, false),
            (Test::NotEquals(texts), true, false, true),
            (Test::GreaterThan(300.0), false, false, false),
            (Test::LessThan(1.2), false, false, false),
        ] {
            let found = [test.passes(None), test.passes(Some("aws:kms")), test.passes(Some("AES256"))];
            assert_eq!(found, [absent, kms, other], "{test:?}");
        }
        assert_eq!(
            [299, 300, 301].map(|it| Test::GreaterThan(300.0).passes(Some(&it.to_string()))),
            [false, false, true]
        );
        assert_eq!(["1.1", "1.2", "1.3"].map(|it| Test::LessThan(1.2).passes(Some(it))), [true, false, false]);
    }
}
