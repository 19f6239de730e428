//! Errors of rendering.

/// A message could not be rendered. No input is known to cause it.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template could not be rendered.
    #[error("a template could not be rendered")]
    Template(#[from] askama::Error),
    /// The messages or the locale data of a language cannot be loaded.
    #[error("a language cannot be loaded")]
    Language,
    /// A language lacks a message, or the message uses a variable that is not given.
    #[error("the message {0} cannot be formatted")]
    Message(&'static str),
    /// A date is outside the range of the calendar.
    #[error("a date cannot be formatted")]
    Date,
}
