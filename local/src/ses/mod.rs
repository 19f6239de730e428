//! Simulates SES: takes messages, keeps them in a mailbox, and publishes the events of configuration sets.

mod events;
mod mailbox;
mod mailbox_page;
mod mailbox_routes;
mod send;

pub(crate) use events::EventPublisher;
pub(crate) use mailbox::Mailbox;
pub(crate) use mailbox_routes::routes as mailbox_routes;
pub(crate) use send::routes;
