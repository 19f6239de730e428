//! Permissions: one table for actions on reports, on the organisation and on members. The transitions in
//! [`crate::change`] require the permits made here, so a forgotten check does not compile. No role bypasses separation
//! of duties.

mod batch;
mod member;
mod organisation;
mod report;

pub use batch::*;
pub use member::*;
pub use organisation::*;
pub use report::*;
