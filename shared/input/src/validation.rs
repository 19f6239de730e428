//! Errors of an input, all at once: each with a JSON pointer (RFC 6901), a rule and a sentence.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::{ValidationErrors, ValidationErrorsKind};

/// Error in the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field.
    #[schema(example = "/expenses/0/amount/amount")]
    pub pointer: String,
    /// Stable name of the rule that the field breaks.
    #[schema(example = "decimals")]
    pub rule: String,
    /// English sentence. Its wording may change.
    #[schema(example = "JPY has no decimals.")]
    pub detail: String,
}

/// Largest number of errors in one answer. A body can hold a hundred thousand.
const MAX_ERRORS: usize = 100;

/// Errors found so far, and the place in the input that is being checked.
#[derive(Debug, Default)]
pub struct FieldErrors {
    found: Vec<FieldError>,
    place: String,
}

impl FieldErrors {
    /// One error, at a field of the top object.
    #[must_use]
    pub fn one(name: &str, rule: &str, detail: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.push(name, rule, detail);
        errors
    }

    /// Adds an error at the field `name` of the current place; at the place itself when the name is empty.
    /// An error at, above or below a pointer that has one already is dropped: one cause makes one error.
    pub fn push(&mut self, name: &str, rule: &str, detail: impl Into<String>) {
        self.push_at(child(&self.place, name), rule, detail);
    }

    /// Adds an error at a pointer from the top of the input.
    pub fn push_at(&mut self, pointer: String, rule: &str, detail: impl Into<String>) {
        if self.is_full() {
            return;
        }
        if !self.found.iter().any(|known| covers(&known.pointer, &pointer) || covers(&pointer, &known.pointer)) {
            self.found.push(FieldError { pointer, rule: rule.to_owned(), detail: detail.into() });
        }
    }

    /// Runs checks with the field `name` as the current place.
    pub fn within<T>(&mut self, name: &str, checks: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::take(&mut self.place);
        self.place = child(&outer, name);
        let result = checks(self);
        self.place = outer;
        result
    }

    /// Runs a check on each element of the list `name`; `None` when one of them gives none.
    pub fn each<I, T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = I>,
        mut check: impl FnMut(I, &mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.within(name, |errors| {
            let mut checked = Some(Vec::new());
            for (index, item) in items.into_iter().enumerate() {
                if errors.is_full() {
                    return None;
                }
                let value = errors.within(&index.to_string(), |errors| check(item, errors));
                checked = checked.zip(value).map(|(mut values, value)| {
                    values.push(value);
                    values
                });
            }
            checked
        })
    }

    /// Adds the errors that `validator` found.
    pub fn extend_from(&mut self, errors: &ValidationErrors) {
        for (field, kind) in errors.errors() {
            match kind {
                ValidationErrorsKind::Field(errors) => {
                    for error in errors {
                        let detail = error.message.as_deref().map_or_else(|| sentence(error), str::to_owned);
                        // Checks of a whole struct have no field name.
                        let name = if field == "__all__" { "" } else { field };
                        self.push(name, &error.code, detail);
                    }
                }
                ValidationErrorsKind::Struct(errors) => self.within(field, |outer| outer.extend_from(errors)),
                ValidationErrorsKind::List(list) => self.within(field, |outer| {
                    for (index, errors) in list {
                        outer.within(&index.to_string(), |outer| outer.extend_from(errors));
                    }
                }),
            }
        }
    }

    /// True when no further error is kept. The rest of the input need not be checked then: it is refused.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.found.len() >= MAX_ERRORS
    }

    /// True when no error was found.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// An error when any was found.
    ///
    /// # Errors
    /// All errors that were found.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    /// Moves all errors below the field `name`.
    #[must_use]
    pub fn prefixed(mut self, name: &str) -> Self {
        for error in &mut self.found {
            error.pointer = format!("/{name}{}", error.pointer);
        }
        self
    }

    /// The errors, in the order of their pointers.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<FieldError> {
        self.found.sort_by_cached_key(|error| pointer_order(&error.pointer));
        self.found
    }
}

/// Sentence for a rule of `validator` that has none.
fn sentence(error: &validator::ValidationError) -> String {
    let bound = |name: &str| error.params.get(name).map(ToString::to_string);
    match (error.code.as_ref(), bound("min"), bound("max")) {
        ("length", Some(min), Some(max)) => format!("Must have {min} to {max} entries."),
        ("length", Some(min), None) => format!("Must have at least {min} entries."),
        ("length", None, Some(max)) => format!("Must have at most {max} entries."),
        ("range", Some(min), Some(max)) => format!("Must be from {min} to {max}."),
        _ => "Is not valid.".to_owned(),
    }
}

/// Pointer to a field of the value at `pointer`, escaped by RFC 6901.
#[must_use]
pub fn child(pointer: &str, name: &str) -> String {
    if name.is_empty() {
        pointer.to_owned()
    } else {
        format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
    }
}

/// Sort key of a pointer. Positions in a list sort as numbers.
fn pointer_order(pointer: &str) -> Vec<(usize, String)> {
    pointer.split('/').map(|part| (part.parse().unwrap_or(0), part.to_owned())).collect()
}

fn covers(upper: &str, lower: &str) -> bool {
    lower.strip_prefix(upper).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
