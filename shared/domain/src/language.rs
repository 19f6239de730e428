//! Languages of outgoing mail. Texts in these languages do not belong here.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;

/// Language of outgoing mail.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    VariantArray,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
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
    /// All languages, in the order of the documentation.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Language tag (BCP 47); also the name in the API.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.into()
    }

    /// True for the default language.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
