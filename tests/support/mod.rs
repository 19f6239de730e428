//! Support of the black-box tests: one stack for the whole test run, organisations with members, requests with
//! assertions, and control of the stack by its test kit.

mod client;
mod declared;
mod dynamodb;
mod faults;
pub mod files;
mod stack;
pub mod table;
mod triggers;
mod values;
mod waiting;
mod world;

pub use self::client::{Answer, Person, fresh_key, send};
pub use self::faults::{add_fault, fault_hits, remove_fault};
pub use self::stack::{options, url};
pub use self::triggers::{
    dead_letter_files, enqueue, invoke, invoke_with_messages, log, morning, own_stack, own_stack_with_data,
    queued_messages, run_schedule,
};
pub use self::values::{approver_names, day, eur, expense, last_month, now, today, version, violations, with};
pub use self::waiting::{mail, wait_until};
pub use self::world::World;
