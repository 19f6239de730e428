//! Attributes of DynamoDB items: construction, access and size. Knows nothing of what the items hold.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::keys::{PrimaryKey, names};

/// Attributes of one item, by name.
pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// The two attributes of a primary key.
pub(crate) fn key_attributes(key: &PrimaryKey) -> Item {
    HashMap::from([(names::PK.to_owned(), text(&key.pk)), (names::SK.to_owned(), text(&key.sk))])
}

/// Text of an attribute; `None` when the attribute is absent or of another type.
pub(crate) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// Size of an item in bytes as DynamoDB counts it, or slightly more.
pub(crate) fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::L(items) => 3 + items.iter().map(|item| 1 + value_size(item)).sum::<usize>(),
        AttributeValue::M(members) => 3 + item_size(members) + members.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        // No item stores sets.
        _ => 1,
    }
}
