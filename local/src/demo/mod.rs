//! `cargo run -- demo`: one report from submission to payment and books, on a stack in memory. Each answer is compared
//! with `events/demo/expected.json`; the first difference ends the demo with an error.

pub(crate) mod client;
mod compare;
mod payment;
mod print;
pub(crate) mod sample_org;
mod scenario;
pub(crate) mod terminal;

use std::path::Path;
use std::time::Instant;

use outlay_local::Stack;
use serde_json::Value;

use client::{Client, text};
use sample_org::{SampleData, SampleOrg};
use scenario::Scenario;

/// Runs the demo on a stack whose start began at `started`.
///
/// # Errors
/// The first difference from the expectation.
pub(crate) async fn run(stack: &Stack, workspace: &Path, started: Instant) -> Result<(), String> {
    terminal::print_step(&format!("The stack runs in memory at {}", stack.url()), started.elapsed());
    let report = run_steps(stack, workspace).await.map_err(|difference| format!("the demo failed: {difference}"))?;
    terminal::print_line("");
    terminal::print_line(&format!(
        "{} {} is paid and booked: 14 expenses, {}, of which {} was reimbursed to Ana.",
        terminal::bold("Done."),
        text(&report, "/number"),
        print::money(&report, "/totals/total"),
        print::money(&report, "/totals/reimbursable"),
    ));
    terminal::print_line(&format!(
        "The demo took {}. Every number matches events/demo/expected.json.",
        terminal::milliseconds(started.elapsed())
    ));
    terminal::print_line(
        "Next: `cargo run` starts a stack and prints curl examples; docs/DEPLOY.md describes the deployment.",
    );
    Ok(())
}

async fn run_steps(stack: &Stack, workspace: &Path) -> Result<Value, String> {
    let client = Client::new(stack.url())?;
    let sample = SampleData::read(workspace, client.today().await?)?;
    let org = SampleOrg::sign_in(&client, &sample).await?;
    let mut scenario = Scenario { client, sample, org };
    scenario.set_up().await?;
    scenario.set_up_payments().await?;
    terminal::print_line("");
    let report = scenario.submit().await?;
    scenario.repeat(&report).await?;
    scenario.approve_as_owner(&report).await?;
    terminal::print_line("");
    scenario.notify_manager(&report).await?;
    scenario.approve_as_manager(&report).await?;
    let approved = scenario.approve_as_finance(&report).await?;
    terminal::print_line("");
    let batch = scenario.create_batch(&approved).await?;
    scenario.release_as_creator(&batch).await?;
    let batch = scenario.release(&batch).await?;
    scenario.record_bank_answer(&batch, &approved).await?;
    scenario.book().await?;
    terminal::print_line("");
    scenario.read_history(&report).await?;
    scenario.count_items(stack.dynamodb_url(), stack.table_name()).await?;
    Ok(approved)
}
