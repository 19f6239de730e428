//! Decoding of request bodies into input types. Stricter than serde: the top is an object, duplicate and unknown fields
//! are refused, depth is bounded. Decoding goes on after an error with a placeholder, so that all errors of a body are
//! found at once. A body with an error is always refused, so no placeholder is ever used.

use std::cell::RefCell;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};
use serde::{Deserialize, Deserializer};
use unicode_normalization::UnicodeNormalization;

use crate::validation::{FieldErrors, child};

/// Name of a newtype that an input type asks for when an object, a list or a single value may stand in one place. Its
/// visitor gets an object as a newtype, and each other value as what it is.
pub const EITHER: &str = "outlay::Either";

/// Deepest nesting of a body.
const MAX_DEPTH: usize = 16;

/// Longest part of a name in a message, in characters.
const MAX_SHOWN_NAME: usize = 40;

/// Error for bytes that are not strict JSON. The sentence names cause and place, such as "expected value (line 1, position
/// 9)"; of the bytes it repeats at most the name of a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MalformedJson(String);

impl MalformedJson {
    fn new(cause: impl Into<String>) -> Self {
        Self(cause.into())
    }

    /// The error of the parser for these bytes.
    fn of(body: &[u8], error: &serde_json::Error) -> Self {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Self::new("it is empty");
        }
        if let Err(invalid) = std::str::from_utf8(body) {
            return Self::new(format!("it is not UTF-8 from byte {} on", invalid.valid_up_to()));
        }
        let text = error.to_string();
        let (line, column) = (error.line(), error.column());
        let cause = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        Self::new(format!("{cause} (line {line}, position {column})"))
    }
}

/// The name of a field, for a message.
fn shown(name: &str) -> String {
    let cut: String = name.chars().take(MAX_SHOWN_NAME).collect();
    let ellipsis = if cut.len() < name.len() { "…" } else { "" };
    format!("\"{}{ellipsis}\"", cut.escape_debug())
}

/// Decodes a body. Adds structural errors to `errors`; the value has placeholders in those places.
///
/// # Errors
/// [`MalformedJson`] when the bytes are not one JSON object in UTF-8 with unique field names, at most 16 levels deep.
pub fn decode<T: DeserializeOwned>(body: &[u8], errors: &mut FieldErrors) -> Result<T, MalformedJson> {
    let node: Node = serde_json::from_slice(body).map_err(|error| MalformedJson::of(body, &error))?;
    if !matches!(node, Node::Object(_)) {
        return Err(MalformedJson::new(format!("it is {}, not an object", node.kind())));
    }
    if let Some(place) = node.deeper_than(MAX_DEPTH, "") {
        return Err(MalformedJson::new(format!("it has more than {MAX_DEPTH} levels at {place}")));
    }
    let shared = RefCell::new(errors);
    T::deserialize(Reader { source: Source::Value(&node), pointer: String::new(), errors: &shared })
        .map_err(|error| MalformedJson::new(error.to_string()))
}

/// Parses one JSON object with any fields, as strictly as a body. For input that is not a request body, such as token
/// claims.
///
/// # Errors
/// As for [`decode`].
pub fn parse_object(text: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, MalformedJson> {
    let node: Node = serde_json::from_slice(text).map_err(|error| MalformedJson::of(text, &error))?;
    if node.deeper_than(MAX_DEPTH, "").is_some() {
        return Err(MalformedJson::new("it has too many levels"));
    }
    serde_json::from_slice(text).map_err(|error| MalformedJson::of(text, &error))
}

/// Canonical form of a body: fields sorted, no white space, texts in NFC, as they are stored. Repeated requests are
/// compared by it.
#[must_use]
pub fn canonical_json(body: &[u8]) -> Vec<u8> {
    // `Value` keeps fields sorted by name.
    serde_json::from_slice::<serde_json::Value>(body)
        .ok()
        .and_then(|value| serde_json::to_string(&value).ok())
        .map(|text| text.nfc().collect::<String>().into_bytes())
        .unwrap_or_default()
}

/// JSON value with ordered, unique fields.
enum Node {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Pointer to the first value with more than `levels` lists and objects around and below it.
    fn deeper_than(&self, levels: usize, pointer: &str) -> Option<String> {
        let members: Vec<(String, &Self)> = match self {
            Self::Array(nodes) => nodes.iter().enumerate().map(|(at, node)| (at.to_string(), node)).collect(),
            Self::Object(members) => members.iter().map(|(name, node)| (name.clone(), node)).collect(),
            _ => return None,
        };
        let Some(left) = levels.checked_sub(1) else { return Some(pointer.to_owned()) };
        members.into_iter().find_map(|(name, node)| node.deeper_than(left, &child(pointer, &name)))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NodeVisitor;
        impl<'de> Visitor<'de> for NodeVisitor {
            type Value = Node;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Bool(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(Node::Number(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(Node::Number(value.into()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
                serde_json::Number::from_f64(value).map(Node::Number).ok_or_else(|| E::custom("number"))
            }

            fn visit_str<E>(self, value: &str) -> Result<Node, E> {
                Ok(Node::Text(value.to_owned()))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
                let mut nodes = Vec::new();
                while let Some(node) = access.next_element()? {
                    nodes.push(node);
                }
                Ok(Node::Array(nodes))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
                let mut members: Vec<(String, Node)> = Vec::new();
                let mut names = std::collections::HashSet::new();
                while let Some((name, node)) = access.next_entry::<String, Node>()? {
                    if !names.insert(name.clone()) {
                        return Err(de::Error::custom(format!("the name {} is repeated", shown(&name))));
                    }
                    members.push((name, node));
                }
                Ok(Node::Object(members))
            }
        }
        deserializer.deserialize_any(NodeVisitor)
    }
}

#[derive(Clone, Copy)]
enum Source<'a> {
    Value(&'a Node),
    /// The field is not in the object: an error unless it is optional.
    Absent,
    /// Below an error: placeholders without further errors.
    Muted,
}

struct Reader<'a> {
    source: Source<'a>,
    pointer: String,
    errors: &'a RefCell<&'a mut FieldErrors>,
}

impl<'a> Reader<'a> {
    /// Adds an error for a value of another type than `expected`.
    fn push_type_error(&self, expected: &str) {
        let (rule, detail) = match self.source {
            Source::Muted => return,
            Source::Absent => ("required", "Is required.".to_owned()),
            Source::Value(Node::Null) => ("required", "Must not be null.".to_owned()),
            Source::Value(_) => ("type", format!("Must be {expected}.")),
        };
        self.errors.borrow_mut().push_at(self.pointer.clone(), rule, detail);
    }

    fn at(&self, name: &str, source: Source<'a>) -> Self {
        Self { source, pointer: child(&self.pointer, name), errors: self.errors }
    }

    fn unsigned(&self, max: u64) -> u64 {
        match self.source {
            Source::Value(Node::Number(number)) if number.as_u64().is_some_and(|value| value <= max) => {
                number.as_u64().unwrap_or_default()
            }
            _ => {
                self.push_type_error(&format!("a whole number from 0 to {max}"));
                0
            }
        }
    }
}

/// Input type that this decoder does not support. Placeholders make every other visit succeed.
#[derive(Debug)]
struct Unsupported;

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("input types are structs, maps, lists, texts, whole numbers, booleans and plain enums")
    }
}

impl std::error::Error for Unsupported {}

impl de::Error for Unsupported {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

macro_rules! unsigned {
    ($($method:ident $visit:ident $type:ty)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
            let value = self.unsigned(<$type>::MAX.into());
            visitor.$visit(<$type>::try_from(value).unwrap_or_default())
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Unsupported;

    unsigned! { deserialize_u8 visit_u8 u8 deserialize_u16 visit_u16 u16 deserialize_u32 visit_u32 u32 }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unsupported> {
        Err(Unsupported)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        if let Source::Value(Node::Bool(value)) = self.source {
            return visitor.visit_bool(*value);
        }
        self.push_type_error("true or false");
        visitor.visit_bool(false)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        if let Source::Value(Node::Text(text)) = self.source {
            return visitor.visit_str(text);
        }
        self.push_type_error("a string");
        visitor.visit_str("")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        match self.source {
            Source::Absent | Source::Muted => visitor.visit_none(),
            Source::Value(Node::Null) => visitor.visit_unit(),
            Source::Value(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unsupported> {
        match self.source {
            Source::Value(node) if name == EITHER => match node {
                Node::Object(_) => visitor.visit_newtype_struct(self),
                Node::Array(_) => self.deserialize_seq(visitor),
                Node::Text(text) => visitor.visit_str(text),
                Node::Number(number) if number.is_u64() => visitor.visit_u64(number.as_u64().unwrap_or_default()),
                Node::Null | Node::Bool(_) | Node::Number(_) => visitor.visit_unit(),
            },
            _ if name == EITHER => {
                self.push_type_error("an object, a list or a single value");
                visitor.visit_unit()
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        let nodes = if let Source::Value(Node::Array(nodes)) = self.source {
            nodes.as_slice()
        } else {
            self.push_type_error("a list");
            &[]
        };
        visitor.visit_seq(Elements { reader: &self, nodes: nodes.iter().enumerate() })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        let members = if let Source::Value(Node::Object(members)) = self.source {
            members.iter().map(|(name, node)| (name.as_str(), Source::Value(node))).collect()
        } else {
            self.push_type_error("an object");
            Vec::new()
        };
        visitor.visit_map(Fields { reader: &self, rest: members.into_iter(), next: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unsupported> {
        let members: Vec<(&str, Source<'_>)> = if let Source::Value(Node::Object(given)) = self.source {
            for (name, _) in given.iter().filter(|(name, _)| !fields.contains(&name.as_str())) {
                let pointer = child(&self.pointer, name);
                let known = if fields.is_empty() { "it has none".to_owned() } else { fields.join(", ") };
                let detail = format!("Is not a field of this object: {known}.");
                self.errors.borrow_mut().push_at(pointer, "unknown-field", detail);
            }
            let find = |field: &str| given.iter().find(|(name, _)| name == field);
            fields
                .iter()
                .map(|field| (*field, find(field).map_or(Source::Absent, |(_, node)| Source::Value(node))))
                .collect()
        } else {
            self.push_type_error("an object");
            fields.iter().map(|field| (*field, Source::Muted)).collect()
        };
        visitor.visit_map(Fields { reader: &self, rest: members.into_iter(), next: None })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unsupported> {
        let known = match self.source {
            Source::Value(Node::Text(text)) => variants.iter().find(|variant| *variant == text),
            _ => None,
        };
        let chosen = known.or_else(|| {
            self.push_type_error(&format!("one of {}", variants.join(", ")));
            variants.first()
        });
        let variant: StrDeserializer<'_, Unsupported> = chosen.ok_or(Unsupported)?.into_deserializer();
        visitor.visit_enum(variant)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
        ignored_any
    }
}

struct Elements<'r, 'a> {
    reader: &'r Reader<'a>,
    nodes: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
}

impl<'de> de::SeqAccess<'de> for Elements<'_, '_> {
    type Error = Unsupported;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unsupported> {
        let next = self.nodes.next();
        next.map(|(index, node)| seed.deserialize(self.reader.at(&index.to_string(), Source::Value(node)))).transpose()
    }
}

struct Fields<'r, 'a, 'n> {
    reader: &'r Reader<'a>,
    rest: std::vec::IntoIter<(&'n str, Source<'a>)>,
    next: Option<(&'n str, Source<'a>)>,
}

impl<'de> de::MapAccess<'de> for Fields<'_, '_, '_> {
    type Error = Unsupported;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unsupported> {
        self.next = self.rest.next();
        self.next.map(|(name, _)| seed.deserialize(StrDeserializer::<Unsupported>::new(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unsupported> {
        let (name, source) = self.next.take().ok_or(Unsupported)?;
        seed.deserialize(self.reader.at(name, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use outlay_domain::patch::Patch;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        Red,
        Green,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        size: u16,
        colour: Colour,
    }

    #[derive(Debug, Deserialize)]
    struct Outer {
        title: String,
        note: Option<String>,
        inner: Vec<Inner>,
        nested: Inner,
        rates: BTreeMap<String, String>,
        submit: bool,
    }

    #[derive(Debug, Deserialize)]
    struct Change {
        note: Patch<String>,
    }

    fn errors(body: &str) -> Vec<(String, String)> {
        let mut errors = FieldErrors::default();
        decode::<Outer>(body.as_bytes(), &mut errors).unwrap();
        errors.into_sorted().into_iter().map(|error| (error.pointer, error.rule)).collect()
    }

    #[test]
    fn all_errors_are_found_in_one_pass() {
        let found = errors(
            r#"{"title":1,"note":null,"inner":[{"size":-1,"colour":"blue","x/y":0},7,{"size":3,"colour":"green"}],"rates":{"GBP":2},"submit":"yes","a~b":1}"#,
        );
        let expected = [
            ("/a~0b", "unknown-field"),
            ("/inner/0/colour", "type"),
            ("/inner/0/size", "type"),
            ("/inner/0/x~1y", "unknown-field"),
            ("/inner/1", "type"),
            ("/nested", "required"),
            ("/rates/GBP", "type"),
            ("/submit", "type"),
            ("/title", "type"),
        ];
        assert_eq!(found, expected.map(|(pointer, rule)| (pointer.to_owned(), rule.to_owned())));
    }

    #[test]
    fn valid_body_is_decoded() {
        let body = br#"{"title":"t","inner":[{"size":65535,"colour":"red"}],"nested":{"size":1,"colour":"green"},"rates":{"GBP":"2"},"submit":true}"#;
        let mut errors = FieldErrors::default();
        let outer: Outer = decode(body, &mut errors).unwrap();
        assert!(errors.is_empty());
        assert_eq!((outer.title.as_str(), outer.note, outer.submit), ("t", None, true));
        assert!(matches!(outer.inner.as_slice(), [Inner { size: 65535, colour: Colour::Red }]));
        assert!(matches!(outer.nested, Inner { size: 1, colour: Colour::Green }));
        assert_eq!(outer.rates["GBP"], "2");
    }

    #[test]
    fn patch_distinguishes_absent_and_null() {
        let read = |body: &str| decode::<Change>(body.as_bytes(), &mut FieldErrors::default()).unwrap().note;
        assert_eq!(read("{}"), Patch::Absent);
        assert_eq!(read(r#"{"note":null}"#), Patch::Null);
        assert_eq!(read(r#"{"note":"x"}"#), Patch::Value("x".to_owned()));
    }

    #[test]
    fn invalid_or_ambiguous_json_is_malformed() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(17), "}".repeat(17));
        for body in [
            "",
            "[]",
            "[1]",
            "1",
            "null",
            "{",
            r#"{"a":1,"a":2}"#,
            r#"{"m":{"a":1,"a":2}}"#,
            "{} x",
            r#"{"a":1,}"#,
            "{\"a\":\"\u{1}\"}",
            r#"{"a":NaN}"#,
            &deep,
        ] {
            assert!(decode::<Change>(body.as_bytes(), &mut FieldErrors::default()).is_err(), "{body}");
        }
    }

    #[test]
    fn malformed_json_names_cause_and_place() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(17), "}".repeat(17));
        let deepest = format!(r#"{{"a/b":{}1{}}}"#, "[".repeat(16), "]".repeat(16));
        let long = format!(r#"{{"{0}":1,"{0}":2}}"#, "n".repeat(50));
        for (body, cause) in [
            (&b" \n"[..], "it is empty"),
            (b"[1]", "it is a list, not an object"),
            (b"null", "it is null, not an object"),
            (b"{\"title\": Lyon}", "expected value (line 1, position 11)"),
            (b"{\n  \"title\": \"Lyon\",\n}", "trailing comma (line 3, position 1)"),
            (b"{\"a\":1", "EOF while parsing an object (line 1, position 6)"),
            (b"{\"a\":1} x", "trailing characters (line 1, position 9)"),
            (br#"{"a":1,"a":2}"#, "the name \"a\" is repeated (line 1, position 13)"),
            (b"{\"a\":\"\xFF\"}", "it is not UTF-8 from byte 6 on"),
            (deep.as_bytes(), "it has more than 16 levels at /a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a"),
            (deepest.as_bytes(), "it has more than 16 levels at /a~1b/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0"),
            (long.as_bytes(), &format!("the name \"{}…\" is repeated (line 1, position 111)", "n".repeat(40))),
        ] {
            let error = decode::<Change>(body, &mut FieldErrors::default()).unwrap_err();
            assert_eq!(error.to_string(), cause, "{}", String::from_utf8_lossy(body));
        }
    }
}
