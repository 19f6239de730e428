//! Rules that ask something of expenses, each with its effect and the categories it is for: receipts, age, duplicates.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::money::Money;
use crate::text::CategoryCode;

/// Effect of a rule on a report that it finds something in.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RuleEffect {
    /// Approvers see it.
    #[default]
    Note,
    /// A justification is required. Approvers see it.
    Warn,
    /// The report cannot be submitted.
    Block,
}

impl RuleEffect {
    /// Every effect, from the mildest.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What a rule asks: its effect, and whether a justification is a way out of `block`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Effect.
    #[serde(default)]
    pub effect: RuleEffect,
    /// With `block`: the report can be submitted when one of the expenses has a justification.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unless_justified: bool,
}

impl From<RuleEffect> for Reaction {
    fn from(effect: RuleEffect) -> Self {
        Self { effect, unless_justified: false }
    }
}

impl Reaction {
    /// True when a justification lets the report through.
    #[must_use]
    pub fn accepts_justification(self) -> bool {
        self.effect == RuleEffect::Warn || (self.effect == RuleEffect::Block && self.unless_justified)
    }
}

/// Rule of one kind for some categories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryRule<T> {
    /// Categories that it is for; all when empty.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<CategoryCode>,
    /// Bound: an amount or a number of days; nothing for duplicates.
    pub bound: T,
    /// Reaction.
    #[serde(flatten)]
    pub reaction: Reaction,
}

/// Rules of one kind. For an expense, a rule that names its category counts before one for all; of several, the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(
    serialize = "T: Bound + Serialize + Clone, T::Bare: Serialize",
    deserialize = "T: Bound + Deserialize<'de>, T::Bare: Deserialize<'de>"
))]
#[serde(from = "StoredRules<T>", into = "StoredRules<T>")]
pub struct CategoryRules<T: Bound + Clone>(Vec<CategoryRule<T>>);

/// Stored form: the bare value of policies from before rules had effects and categories, or a list.
#[derive(Serialize, Deserialize)]
#[serde(bound(
    serialize = "T: Serialize, T::Bare: Serialize",
    deserialize = "T: Deserialize<'de>, T::Bare: Deserialize<'de>"
))]
#[serde(untagged)]
enum StoredRules<T: Bound> {
    Bare(T::Bare),
    List(Vec<CategoryRule<T>>),
}

/// Bound of a rule, and the bare value that a policy may state in place of rules.
pub trait Bound: Copy {
    /// Bare value.
    type Bare;

    /// Rule of a bare value.
    fn rule(bare: Self::Bare) -> CategoryRule<Self>;

    /// Bare value of a rule that is for all categories and has the usual effect.
    fn bare(rule: &CategoryRule<Self>) -> Option<Self::Bare>;
}

fn is_bare<T>(rule: &CategoryRule<T>) -> bool {
    rule.categories.is_empty() && rule.reaction == Reaction::default()
}

impl Bound for Money {
    type Bare = Self;

    fn rule(bound: Self) -> CategoryRule<Self> {
        CategoryRule { categories: Vec::new(), bound, reaction: Reaction::default() }
    }

    fn bare(rule: &CategoryRule<Self>) -> Option<Self> {
        is_bare(rule).then_some(rule.bound)
    }
}

impl Bound for u16 {
    type Bare = Self;

    fn rule(bound: Self) -> CategoryRule<Self> {
        CategoryRule { categories: Vec::new(), bound, reaction: Reaction::default() }
    }

    fn bare(rule: &CategoryRule<Self>) -> Option<Self> {
        is_bare(rule).then_some(rule.bound)
    }
}

impl Bound for () {
    type Bare = RuleEffect;

    fn rule(effect: RuleEffect) -> CategoryRule<Self> {
        CategoryRule { categories: Vec::new(), bound: (), reaction: effect.into() }
    }

    fn bare(rule: &CategoryRule<Self>) -> Option<RuleEffect> {
        (rule.categories.is_empty() && !rule.reaction.unless_justified).then_some(rule.reaction.effect)
    }
}

impl<T: Bound> Default for CategoryRules<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Bound> From<StoredRules<T>> for CategoryRules<T> {
    fn from(stored: StoredRules<T>) -> Self {
        match stored {
            StoredRules::Bare(bare) => Self::bare(bare),
            StoredRules::List(rules) => Self(rules),
        }
    }
}

impl<T: Bound> From<CategoryRules<T>> for StoredRules<T> {
    fn from(rules: CategoryRules<T>) -> Self {
        match rules.as_bare() {
            Some(bare) => Self::Bare(bare),
            None => Self::List(rules.0),
        }
    }
}

impl<T: Bound> From<Vec<CategoryRule<T>>> for CategoryRules<T> {
    fn from(rules: Vec<CategoryRule<T>>) -> Self {
        Self(rules)
    }
}

impl<T: Bound> CategoryRules<T> {
    /// One rule for all categories, with the usual effect of a bare value.
    pub fn bare(value: T::Bare) -> Self {
        Self(vec![T::rule(value)])
    }

    /// The bare value, when there is one rule and it can be stated so.
    #[must_use]
    pub fn as_bare(&self) -> Option<T::Bare> {
        match self.0.as_slice() {
            [rule] => T::bare(rule),
            _ => None,
        }
    }

    /// The rules, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[CategoryRule<T>] {
        &self.0
    }

    /// True when there is no rule.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Position and rule that count for an expense of this category.
    #[must_use]
    pub fn find(&self, category: &CategoryCode) -> Option<(usize, &CategoryRule<T>)> {
        let rules = || self.0.iter().enumerate();
        let named = rules().find(|(_, rule)| rule.categories.contains(category));
        named.or_else(|| rules().find(|(_, rule)| rule.categories.is_empty()))
    }
}
