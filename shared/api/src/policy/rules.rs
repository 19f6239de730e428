//! Rules of a policy for categories: a bare value, one rule, or a list of rules. A document that was read can be sent
//! back; rules that a bare value can say are answered as one.

use std::fmt;
use std::marker::PhantomData;

use outlay_domain::money::Money;
use outlay_domain::policy::{Bound, CategoryRule, CategoryRules, Reaction, RuleEffect};
use outlay_domain::text::CategoryCode;
use outlay_input::FieldErrors;
use outlay_input::decode::EITHER;
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

use super::codes::parse_codes;
use crate::common::MoneyDto;

/// Largest number of rules of one kind.
const MAX_RULES: usize = 50;
/// Largest number of categories of a rule.
const MAX_CATEGORIES: usize = 200;

/// Amount from which expenses need a receipt.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = ReceiptRule)]
#[serde(deny_unknown_fields)]
pub struct ReceiptRuleDto {
    /// Amount in the base currency, as a decimal string.
    #[schema(example = "25.00")]
    pub amount: String,
    /// The base currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// Codes of the categories that the rule is for, at most 200; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// Effect; `note` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<RuleEffect>,
    /// With `block`: a justification on one of the expenses lets the report through; false when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless_justified: Option<bool>,
}

/// Age above which expenses are a violation at submission.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = AgeRule)]
#[serde(deny_unknown_fields)]
pub struct AgeRuleDto {
    /// Days.
    #[schema(example = 60)]
    pub days: u16,
    /// Codes of the categories that the rule is for, at most 200; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// Effect; `note` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<RuleEffect>,
    /// With `block`: a justification lets the report through; false when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless_justified: Option<bool>,
}

/// Effect of duplicates.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = DuplicateRule)]
#[serde(deny_unknown_fields)]
pub struct DuplicateRuleDto {
    /// Effect.
    pub effect: RuleEffect,
    /// Codes of the categories that the rule is for, at most 200; all when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// With `block`: a justification on one of the expenses lets the report through; false when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless_justified: Option<bool>,
}

/// Rules for receipts. For an expense, a rule that names its category counts before one for all; of several, the first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReceiptRules)]
#[serde(untagged)]
pub enum ReceiptRulesDto {
    /// One rule; an amount alone is a rule with the effect `note`.
    One(ReceiptRuleDto),
    /// At most 50 rules.
    List(Vec<ReceiptRuleDto>),
}

/// Rules for the age of expenses. For an expense, a rule that names its category counts before one for all; of several,
/// the first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AgeRules)]
#[serde(untagged)]
pub enum AgeRulesDto {
    /// Days, with the effect `note`.
    Days(u16),
    /// One rule.
    One(AgeRuleDto),
    /// At most 50 rules.
    List(Vec<AgeRuleDto>),
}

/// Rules for duplicates. For an expense, a rule that names its category counts before one for all; of several, the
/// first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DuplicateRules)]
#[serde(untagged)]
pub enum DuplicateRulesDto {
    /// Effect for all categories.
    Effect(RuleEffect),
    /// One rule.
    One(DuplicateRuleDto),
    /// At most 50 rules.
    List(Vec<DuplicateRuleDto>),
}

/// Rule as it is sent: an object, or a bare value.
pub trait RuleInput: Sized + for<'de> Deserialize<'de> {
    /// Bound in the domain.
    type Bound: Bound;
    /// What may stand in place of the rules.
    const EXPECTED: &'static str;

    /// Rule of a bare number.
    #[must_use]
    fn of_number(_: u64) -> Option<Self> {
        None
    }

    /// Rule of a bare text.
    #[must_use]
    fn of_text(_: &str) -> Option<Self> {
        None
    }

    /// The rule, checked.
    fn parse(self, errors: &mut FieldErrors) -> Option<CategoryRule<Self::Bound>>;
}

/// Rules of one kind as they are sent.
#[derive(Clone, Debug)]
pub enum RulesIn<R> {
    /// One rule.
    One(R),
    /// Several.
    List(Vec<R>),
    /// Neither.
    Invalid,
}

impl<R: RuleInput> RulesIn<R> {
    pub(super) fn parse(self, name: &str, errors: &mut FieldErrors) -> Option<CategoryRules<R::Bound>> {
        match self {
            Self::One(rule) => {
                let rule = errors.within(name, |errors| rule.parse(errors));
                rule.map(|rule| vec![rule].into())
            }
            Self::List(rules) if rules.len() > MAX_RULES => {
                errors.push(name, "length", format!("Must have at most {MAX_RULES} entries."));
                None
            }
            Self::List(rules) => errors.each(name, rules, RuleInput::parse).map(Into::into),
            Self::Invalid => {
                errors.push(name, "type", format!("Must be {}.", R::EXPECTED));
                None
            }
        }
    }
}

impl<'de, R: RuleInput> Deserialize<'de> for RulesIn<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(EITHER, RulesVisitor(PhantomData))
    }
}

struct RulesVisitor<R>(PhantomData<R>);

impl<'de, R: RuleInput> de::Visitor<'de> for RulesVisitor<R> {
    type Value = RulesIn<R>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(R::EXPECTED)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, object: D) -> Result<Self::Value, D::Error> {
        R::deserialize(object).map(RulesIn::One)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut rules = Vec::new();
        while let Some(rule) = list.next_element()? {
            rules.push(rule);
        }
        Ok(RulesIn::List(rules))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(R::of_number(number).map_or(RulesIn::Invalid, RulesIn::One))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(R::of_text(text).map_or(RulesIn::Invalid, RulesIn::One))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(RulesIn::Invalid)
    }
}

/// Categories and reaction of a rule.
fn parse_terms(
    categories: Option<Vec<String>>,
    effect: RuleEffect,
    unless_justified: Option<bool>,
    errors: &mut FieldErrors,
) -> Option<(Vec<CategoryCode>, Reaction)> {
    if categories.as_ref().is_some_and(|categories| categories.len() > MAX_CATEGORIES) {
        errors.push("categories", "length", format!("Must have at most {MAX_CATEGORIES} entries."));
        return None;
    }
    let categories = parse_codes("categories", "category", categories, errors)?;
    Some((categories, Reaction { effect, unless_justified: unless_justified.unwrap_or(false) }))
}

impl RuleInput for ReceiptRuleDto {
    type Bound = Money;
    const EXPECTED: &'static str = "an amount, a rule, or a list of rules";

    fn parse(self, errors: &mut FieldErrors) -> Option<CategoryRule<Money>> {
        let bound = MoneyDto { amount: self.amount, currency: self.currency }.parse("", errors);
        let terms = parse_terms(self.categories, self.effect.unwrap_or_default(), self.unless_justified, errors);
        let ((categories, reaction), bound) = (terms?, bound?);
        Some(CategoryRule { categories, bound, reaction })
    }
}

impl RuleInput for AgeRuleDto {
    type Bound = u16;
    const EXPECTED: &'static str = "a whole number from 0 to 65535, a rule, or a list of rules";

    fn of_number(number: u64) -> Option<Self> {
        let days = u16::try_from(number).ok()?;
        Some(Self { days, categories: None, effect: None, unless_justified: None })
    }

    fn parse(self, errors: &mut FieldErrors) -> Option<CategoryRule<u16>> {
        let terms = parse_terms(self.categories, self.effect.unwrap_or_default(), self.unless_justified, errors);
        let (categories, reaction) = terms?;
        Some(CategoryRule { categories, bound: self.days, reaction })
    }
}

impl RuleInput for DuplicateRuleDto {
    type Bound = ();
    const EXPECTED: &'static str = "one of note, warn, block, or a rule, or a list of rules";

    fn of_text(text: &str) -> Option<Self> {
        Some(Self { effect: text.parse().ok()?, categories: None, unless_justified: None })
    }

    fn parse(self, errors: &mut FieldErrors) -> Option<CategoryRule<()>> {
        let (categories, reaction) = parse_terms(self.categories, self.effect, self.unless_justified, errors)?;
        Some(CategoryRule { categories, bound: (), reaction })
    }
}

/// Categories and `unless_justified` of a rule as they are answered: left out where they say nothing.
fn shown_terms<T>(rule: &CategoryRule<T>) -> (Option<Vec<String>>, Option<bool>) {
    let categories: Vec<String> = rule.categories.iter().map(ToString::to_string).collect();
    (Some(categories).filter(|list| !list.is_empty()), rule.reaction.unless_justified.then_some(true))
}

impl From<&CategoryRule<Money>> for ReceiptRuleDto {
    fn from(rule: &CategoryRule<Money>) -> Self {
        let MoneyDto { amount, currency } = rule.bound.into();
        let (categories, unless_justified) = shown_terms(rule);
        let effect = Money::bare(rule).is_none().then_some(rule.reaction.effect);
        Self { amount, currency, categories, effect, unless_justified }
    }
}

impl From<&CategoryRule<u16>> for AgeRuleDto {
    fn from(rule: &CategoryRule<u16>) -> Self {
        let (categories, unless_justified) = shown_terms(rule);
        Self { days: rule.bound, categories, effect: Some(rule.reaction.effect), unless_justified }
    }
}

impl From<&CategoryRule<()>> for DuplicateRuleDto {
    fn from(rule: &CategoryRule<()>) -> Self {
        let (categories, unless_justified) = shown_terms(rule);
        Self { effect: rule.reaction.effect, categories, unless_justified }
    }
}

impl ReceiptRulesDto {
    pub(super) fn of(rules: &CategoryRules<Money>) -> Option<Self> {
        match rules.as_slice() {
            [] => None,
            [rule] => Some(Self::One(rule.into())),
            rules => Some(Self::List(rules.iter().map(Into::into).collect())),
        }
    }
}

impl AgeRulesDto {
    pub(super) fn of(rules: &CategoryRules<u16>) -> Option<Self> {
        match (rules.as_slice(), rules.as_bare()) {
            ([], _) => None,
            (_, Some(days)) => Some(Self::Days(days)),
            ([rule], _) => Some(Self::One(rule.into())),
            (rules, _) => Some(Self::List(rules.iter().map(Into::into).collect())),
        }
    }
}

impl DuplicateRulesDto {
    pub(super) fn of(rules: &CategoryRules<()>) -> Option<Self> {
        match (rules.as_slice(), rules.as_bare()) {
            ([], _) => None,
            (_, Some(effect)) => Some(Self::Effect(effect)),
            ([rule], _) => Some(Self::One(rule.into())),
            (rules, _) => Some(Self::List(rules.iter().map(Into::into).collect())),
        }
    }
}
