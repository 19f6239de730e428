//! Faults of an input, collected all at once: where (a JSON pointer, RFC 6901), which rule, and a sentence for people.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{ValidationErrors, ValidationErrorsKind};

/// One fault of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// JSON pointer to the member at fault.
    #[schema(example = "/expenses/0/amount/amount")]
    pub pointer: String,
    /// Stable name of the rule.
    #[schema(example = "decimals")]
    pub rule: String,
    /// A sentence for people.
    #[schema(example = "JPY has no decimals.")]
    pub detail: String,
}

/// The most faults that are named at once; a body can hold a hundred thousand.
const MOST: usize = 100;

/// The faults found so far, and where in the input the checks are.
#[derive(Debug, Default)]
pub struct Faults {
    found: Vec<Fault>,
    at: String,
}

impl Faults {
    /// Notes a fault at the member `name` of the place the checks are at; at the place itself when the name is empty.
    /// Nothing is noted where a fault at, above or below that place is known already: one cause, one fault.
    pub fn note(&mut self, name: &str, rule: &str, detail: impl Into<String>) {
        self.note_at(child(&self.at, name), rule, detail);
    }

    /// Notes a fault at a pointer from the top of the input.
    pub fn note_at(&mut self, pointer: String, rule: &str, detail: impl Into<String>) {
        if self.found.len() >= MOST {
            return;
        }
        if !self.found.iter().any(|known| covers(&known.pointer, &pointer) || covers(&pointer, &known.pointer)) {
            self.found.push(Fault { pointer, rule: rule.to_owned(), detail: detail.into() });
        }
    }

    /// Runs checks at the member `name`.
    pub fn at<T>(&mut self, name: &str, checks: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::take(&mut self.at);
        self.at = child(&outer, name);
        let result = checks(self);
        self.at = outer;
        result
    }

    /// Takes over what `validator` found.
    pub fn take(&mut self, errors: &ValidationErrors) {
        for (field, kind) in errors.errors() {
            match kind {
                ValidationErrorsKind::Field(errors) => {
                    for error in errors {
                        let detail = error.message.as_deref().map_or_else(|| sentence(error), str::to_owned);
                        // A check of a whole struct names no field.
                        let name = if field == "__all__" { "" } else { field };
                        self.note(name, &error.code, detail);
                    }
                }
                ValidationErrorsKind::Struct(errors) => self.at(field, |faults| faults.take(errors)),
                ValidationErrorsKind::List(list) => self.at(field, |faults| {
                    for (index, errors) in list {
                        faults.at(&index.to_string(), |faults| faults.take(errors));
                    }
                }),
            }
        }
    }

    /// Whether nothing is at fault.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The faults, in the order of their pointers.
    #[must_use]
    pub fn into_list(mut self) -> Vec<Fault> {
        self.found.sort_by_cached_key(|fault| in_order(&fault.pointer));
        self.found
    }
}

fn sentence(error: &validator::ValidationError) -> String {
    let bound = |name: &str| error.params.get(name).map(ToString::to_string);
    match (error.code.as_ref(), bound("min"), bound("max")) {
        ("length", Some(min), Some(max)) => format!("Must have {min} to {max} entries."),
        ("length", Some(min), None) => format!("Must have at least {min}."),
        ("length", None, Some(max)) => format!("Must have at most {max}."),
        ("range", Some(min), Some(max)) => format!("Must be from {min} to {max}."),
        _ => "Is not valid.".to_owned(),
    }
}

/// The pointer to a member, escaped as RFC 6901 asks.
#[must_use]
pub fn child(pointer: &str, name: &str) -> String {
    if name.is_empty() {
        pointer.to_owned()
    } else {
        format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
    }
}

/// The parts of a pointer; positions in a list sort as numbers.
fn in_order(pointer: &str) -> Vec<(usize, String)> {
    pointer.split('/').map(|part| (part.parse().unwrap_or(0), part.to_owned())).collect()
}

fn covers(upper: &str, lower: &str) -> bool {
    lower.strip_prefix(upper).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
