//! Mail about events: composing ([`compose`], [`reminders`]), delivery through SES ([`sender`]: once, except in one
//! case), and the events that SES publishes about each mail ([`ses_events`]). `outlay_domain::notification` decides who
//! is notified of what.

pub mod compose;
mod pacing;
pub mod reminders;
pub mod sender;
pub mod ses_events;
pub mod stream;

pub use pacing::Timing;
pub use sender::{SendOutcome, Sender};
