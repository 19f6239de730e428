//! Codes by which limits and steps of a policy refer to its categories, cost centres and projects.

use std::str::FromStr;

use outlay_domain::text::TextError;
use outlay_input::FieldErrors;

/// Parses a list of codes. A text that cannot be a code is refused as any code that the policy does not define.
pub(super) fn parse_codes<Code: FromStr<Err = TextError>>(
    name: &str,
    what: &str,
    codes: Option<Vec<String>>,
    errors: &mut FieldErrors,
) -> Option<Vec<Code>> {
    errors.each(name, codes.unwrap_or_default(), |code, errors| {
        errors.require("", code.parse().ok(), "unknown", &format!("{code} is not a {what} of this policy."))
    })
}
