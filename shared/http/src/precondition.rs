//! `If-Match` and `If-None-Match` (RFC 9110, section 13.1). An entity tag of this API begins with the version of the
//! record: `"7"`, or `"7-0f3a…"` where more than the version is shown. `If-Match` is about the version alone.

use lambda_http::http::header::{HeaderMap, HeaderName};

use crate::error::ApiError;
use crate::problem::{Problem, ProblemType};

/// Separates the version in an entity tag from the digest of what is shown.
pub(crate) const DIGEST_SEPARATOR: char = '-';

/// Characters between the entity tags of a list.
const BETWEEN_TAGS: [char; 3] = [' ', '\t', ','];

/// Versions that a request names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TagList {
    /// `*`: any version.
    Any,
    /// Entity tags; at least one.
    Tags(Vec<EntityTag>),
}

/// Entity tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag {
    is_weak: bool,
    /// Text between the quotes.
    opaque: String,
}

impl EntityTag {
    /// Version that the tag names; `None` when it is no tag of this API.
    fn version(&self) -> Option<u64> {
        let version = self.opaque.split(DIGEST_SEPARATOR).next().unwrap_or_default();
        version.parse().ok().filter(|number: &u64| number.to_string() == version)
    }
}

/// A header that is no list of entity tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MalformedTags;

/// Value of a header that may be repeated; `None` when it is absent.
pub(crate) fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    // A value that is no text becomes one that is no list of entity tags.
    let values: Vec<&str> = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?")).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

impl TagList {
    /// Parses the value of a header.
    pub(crate) fn parse(value: &str) -> Result<Self, MalformedTags> {
        if value.trim() == "*" {
            return Ok(Self::Any);
        }
        let mut tags = Vec::new();
        // Empty elements of a list are skipped (section 5.6.1.2).
        let mut rest = value.trim_start_matches(BETWEEN_TAGS);
        while !rest.is_empty() {
            let (is_weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |quoted| (true, quoted));
            let (opaque, after) =
                quoted.strip_prefix('"').and_then(|open| open.split_once('"')).ok_or(MalformedTags)?;
            let after = after.trim_start();
            let ends = after.is_empty() || after.starts_with(',');
            if !ends || opaque.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err(MalformedTags);
            }
            tags.push(EntityTag { is_weak, opaque: opaque.to_owned() });
            rest = after.trim_start_matches(BETWEEN_TAGS);
        }
        if tags.is_empty() { Err(MalformedTags) } else { Ok(Self::Tags(tags)) }
    }

    /// True for exactly one entity tag. `*` and longer lists would let a decision pass on a version that was not seen.
    pub(crate) fn names_one_version(&self) -> bool {
        matches!(self, Self::Tags(tags) if tags.len() == 1)
    }

    /// True when the list has the entity tag of a response, given with its quotes. Weakness does not matter: both
    /// stand for the same content (section 8.8.3.2).
    pub(crate) fn has(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|listed| tag.trim_matches('"') == listed.opaque),
        }
    }
}

/// Parses an `If-Match` header.
///
/// # Errors
/// 400 when it is no list of entity tags.
pub(crate) fn parse_if_match(value: Option<&str>) -> Result<Option<TagList>, ApiError> {
    let detail = "If-Match takes an ETag as it was answered, quotes included, such as \"7\". Separate several by commas. \
                  * stands for any version.";
    let malformed = |_| Problem::new(ProblemType::InvalidHeader, detail).into();
    value.map(TagList::parse).transpose().map_err(malformed)
}

/// Compares the versions that the caller names with the current one of the `target`. A weak tag never matches (section
/// 13.1.1).
///
/// # Errors
/// 412 when none of them is the current one.
pub(crate) fn check_version(named: Option<&TagList>, current: u64, target: &str) -> Result<(), ApiError> {
    let Some(TagList::Tags(tags)) = named else { return Ok(()) };
    let is_current = |tag: &EntityTag| tag.version() == Some(current);
    if tags.iter().any(|tag| is_current(tag) && !tag.is_weak) {
        return Ok(());
    }
    let detail = if tags.iter().any(is_current) {
        format!("A weak ETag never matches. Send the ETag without W/: \"{current}\".")
    } else if tags.iter().filter_map(EntityTag::version).any(|version| version < current) {
        format!("The {target} has changed. Its current ETag is \"{current}\", quotes included. Read it again.")
    } else {
        format!("The {target} has had no such version. Its current ETag is \"{current}\", quotes included.")
    };
    Err(Problem::new(ProblemType::StaleVersion, detail).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(value: &str) -> Option<Vec<(bool, String)>> {
        match TagList::parse(value).ok()? {
            TagList::Any => Some(Vec::new()),
            TagList::Tags(tags) => Some(tags.into_iter().map(|tag| (tag.is_weak, tag.opaque)).collect()),
        }
    }

    #[test]
    fn entity_tags_are_parsed_as_rfc_9110_says() {
        let strong = |text: &str| (false, text.to_owned());
        for (value, expected) in [
            ("*", vec![]),
            ("\"7\"", vec![strong("7")]),
            (" \"7\" ", vec![strong("7")]),
            (",\"7\",", vec![strong("7")]),
            ("\"7-0f\",\"8\"", vec![strong("7-0f"), strong("8")]),
            ("\"a,b\" , W/\"\"", vec![strong("a,b"), (true, String::new())]),
        ] {
            assert_eq!(tags(value), Some(expected), "{value}");
        }
        for value in ["", "7", "\"7", "7\"", "\"7\" \"8\"", ",", "w/\"7\"", "\"7\", 8", "\"7 8\"", "*, \"7\""] {
            assert_eq!(tags(value), None, "{value}");
        }
    }

    #[test]
    fn if_match_compares_versions() {
        let check = |value: &str| {
            let named = TagList::parse(value).unwrap();
            match check_version(Some(&named), 7, "report") {
                Ok(()) => "match".to_owned(),
                Err(error) => error.to_string().split(": ").nth(1).unwrap_or_default().to_owned(),
            }
        };
        for value in ["*", "\"7\"", "\"7-0f3a\"", "\"6\", \"7\""] {
            assert_eq!(check(value), "match", "{value}");
        }
        for (value, reason) in [
            ("W/\"7\"", "A weak ETag never matches."),
            ("\"6\"", "The report has changed."),
            ("\"6-0f\", \"x\"", "The report has changed."),
            ("\"8\"", "The report has had no such version."),
            ("\"07\"", "The report has had no such version."),
            ("\"seven\"", "The report has had no such version."),
        ] {
            assert!(check(value).starts_with(reason), "{value}: {}", check(value));
        }
        assert!(check_version(None, 7, "report").is_ok());
    }
}
