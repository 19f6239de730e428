//! `cargo run -- demo`: one report from submission to the last approval, told as it happens on a stack in memory. Each step is
//! compared with `events/demo/expected.json`, and the first difference ends the story.

pub(crate) mod acme;
pub(crate) mod client;
mod expect;
pub(crate) mod page;
mod show;
mod story;

use std::path::Path;
use std::time::Instant;

use outlay_local::Stack;
use serde_json::Value;

use acme::{Acme, Sample};
use client::{Client, text};
use story::Story;

/// Tells the story on a stack whose start began at `began`.
///
/// # Errors
/// What was expected and what was got instead.
pub(crate) async fn tell(stack: &Stack, workspace: &Path, began: Instant) -> Result<(), String> {
    page::step(&format!("The stack runs in memory at {}", stack.url()), began.elapsed());
    let report = steps(stack, workspace).await.map_err(|difference| format!("the story went wrong: {difference}"))?;
    page::line("");
    page::line(&format!(
        "{} {} is approved: 14 expenses, {}, of which Ana gets {} back.",
        page::bold("Done."),
        text(&report, "/number"),
        show::money(&report, "/totals/total"),
        show::money(&report, "/totals/reimbursable"),
    ));
    page::line(&format!(
        "It took {}, and every number is the one in events/demo/expected.json.",
        page::milliseconds(began.elapsed())
    ));
    page::line("Next: `cargo run` starts a stack that stays, with curl lines to paste; docs/DEPLOY.md leads to AWS.");
    Ok(())
}

async fn steps(stack: &Stack, workspace: &Path) -> Result<Value, String> {
    let client = Client::new(stack.url())?;
    let sample = Sample::read(workspace, client.today().await?)?;
    let acme = Acme::sign_in(&client, &sample).await?;
    let mut story = Story { client, sample, acme };
    story.set_up().await?;
    page::line("");
    let report = story.submit().await?;
    story.repeat(&report).await?;
    story.refuse(&report).await?;
    page::line("");
    story.ask_manager(&report).await?;
    story.approve_as_manager(&report).await?;
    let approved = story.approve_as_finance(&report).await?;
    page::line("");
    story.look_back(&report).await?;
    story.look_into_table(stack.dynamodb_url(), stack.table_name()).await?;
    Ok(approved)
}
