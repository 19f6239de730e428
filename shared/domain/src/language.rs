//! The languages that people are written to in. What is said in them is not here.

use serde::{Deserialize, Serialize};

/// A language of outgoing mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
}

impl Language {
    /// Every language, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::En, Self::De, Self::Fr, Self::Es];

    /// The language tag (BCP 47), which is also the name on the wire.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
        }
    }

    /// Whether it is the one that nobody needs to name.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
