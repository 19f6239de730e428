//! What a fresh stack is given before anybody uses it.

use outlay_local::Stack;

/// Prepares a stack that has just started and says where it is.
///
/// # Errors
/// A sentence that says what went wrong.
#[expect(clippy::unused_async, reason = "seeding will call the stack over HTTP")]
pub(crate) async fn prepare(stack: &Stack) -> Result<(), String> {
    println!("Outlay is at {}", stack.url());
    println!("Mail:         {}/_local/mail", stack.url());
    Ok(())
}
