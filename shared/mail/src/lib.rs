//! Turns a notice (plain facts about a report or an invitation) into one e-mail with an HTML and a text part, and sends it
//! through SES as raw MIME. Facts arrive as strings that are already formatted; this crate has no store, no clock, no
//! randomness and no environment, and must not decide who gets a message or what the facts are.

mod message;
mod notice;
mod ses;
mod view;

pub use message::{MailError, Message};
pub use notice::{LineFacts, Notice, Recipient, RenderError, ReportFacts};
pub use ses::{Mailer, SendError};
