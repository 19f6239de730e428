//! Turns a notice (plain facts about a report or an invitation) into one e-mail with an HTML and a text part, in the reader's language,
//! and sends it through SES as raw MIME. This crate has no store, no clock, no randomness and no environment, and must not decide who
//! gets a message or what the facts are.

mod compose;
mod message;
mod notice;
mod ses;
mod subject;
mod view;
mod voice;
mod words;

pub use message::{MailError, Message};
pub use notice::{By, LineFacts, Notice, Recipient, RenderError, ReportFacts, TaskFacts};
pub use ses::{Mailer, SendError, Tag};
