//! Renders a notice (plain facts about a report or an invitation) as one e-mail with an HTML and a text part in the
//! recipient's language, and sends it through SES as raw MIME. This crate has no store, no clock, no randomness and no
//! environment. It must not choose recipients or facts.

mod compose;
mod error;
mod localizer;
mod message;
mod notice;
mod render;
mod sanitize;
mod ses;
mod subject;
mod view;

pub use error::RenderError;
pub use message::{MailError, RenderedMail};
pub use notice::{AuthorityFacts, CommentFacts, DecidedBy, LineFacts, Notice, Recipient, ReportFacts, TaskFacts};
pub use ses::{Mailer, SendError, Tag};
