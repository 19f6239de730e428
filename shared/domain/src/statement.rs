//! Statements about a report, as data or as the sentence of an item stored before they were data.

use serde::{Deserialize, Serialize};

/// Data of a sentence, or the English sentence alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Statement<T> {
    /// Rule and parameters, from which a sentence is made in each language.
    Data(T),
    /// English sentence, from an item stored without data.
    Sentence(String),
}

impl<T: std::fmt::Display> std::fmt::Display for Statement<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Data(data) => data.fmt(f),
            Self::Sentence(sentence) => f.write_str(sentence),
        }
    }
}
