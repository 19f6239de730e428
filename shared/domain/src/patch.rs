//! Change of one field of a PATCH request: absent, null or a value.

use std::fmt;
use std::marker::PhantomData;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

/// A change to one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Left out: the field stays as it is.
    #[default]
    Absent,
    /// `null`: the field is removed.
    Null,
    /// The field is set.
    Value(T),
}

impl<T> Patch<T> {
    /// The field after the change.
    #[must_use]
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Absent => current,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// True when the field is left out.
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// True when the field is removed.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The value that is set.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Converts the value that is set; `None` when the conversion gives none.
    pub fn try_map<U>(self, convert: impl FnOnce(T) -> Option<U>) -> Option<Patch<U>> {
        Some(match self {
            Self::Absent => Patch::Absent,
            Self::Null => Patch::Null,
            Self::Value(value) => Patch::Value(convert(value)?),
        })
    }

    /// True when applying the change makes a difference.
    #[must_use]
    pub fn changes(&self, current: Option<&T>) -> bool
    where
        T: PartialEq,
    {
        match self {
            Self::Absent => false,
            Self::Null => current.is_some(),
            Self::Value(value) => current != Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PatchVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for PatchVisitor<T> {
            type Value = Patch<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or null")
            }

            fn visit_none<E>(self) -> Result<Patch<T>, E> {
                Ok(Patch::Absent)
            }

            fn visit_unit<E>(self) -> Result<Patch<T>, E> {
                Ok(Patch::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Patch<T>, D::Error> {
                T::deserialize(deserializer).map(Patch::Value)
            }
        }
        deserializer.deserialize_option(PatchVisitor(PhantomData))
    }
}
