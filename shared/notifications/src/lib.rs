//! From event to mail: composing ([`compose`], [`reminders`]), delivery through SES exactly once ([`sender`]), and the
//! events that SES publishes about each mail ([`ses_events`]). Who is notified of what is decided by
//! `outlay_domain::notification`, not here.

pub mod compose;
pub mod reminders;
pub mod sender;
pub mod ses_events;
pub mod stream;

pub use sender::{SendOutcome, Sender};
