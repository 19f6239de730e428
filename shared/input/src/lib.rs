//! Input from outside: strict JSON, decoding that finds all errors at once, parsing of single values. No HTTP types, no
//! I/O.

pub mod decode;
pub mod parse;
pub mod validation;

pub use validation::{FieldError, FieldErrors};
