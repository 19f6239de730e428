//! `cargo run`: builds the functions and runs the local stack from `template.yaml` until Ctrl-C or SIGTERM.
//! `cargo run -- demo`: runs a scripted example once, on a stack in memory.

mod demo;
mod seed;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use clap::{Parser, Subcommand};
use outlay_local::{Data, Options, Stack, system};

/// Runs the Outlay backend on this machine: HTTP API, database, mailbox and test tokens, on the loopback interface
/// only.
#[derive(Parser)]
#[command(name = "outlay", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
    /// Port of the HTTP API; 0 for any free port.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Keep all data in memory instead of the folder .outlay/.
    #[arg(long)]
    in_memory: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Run an example on a stack in memory: submit a report, approve it, read its history. Exits with 1 if an answer is
    /// wrong.
    Demo,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the async runtime does not start: {error}")),
    };
    match runtime.block_on(run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("outlay: {message}");
    ExitCode::FAILURE
}

async fn run(arguments: &Arguments) -> Result<(), String> {
    let workspace = workspace();
    let template = workspace.join("template.yaml");
    let program = std::env::current_exe().map_err(|error| format!("the folder of this program is unknown: {error}"))?;
    let bin_dir = program.parent().map(Path::to_path_buf).unwrap_or_default();
    eprintln!("Building the functions. The first build takes some minutes.");
    build(&workspace, &template, &bin_dir)?;
    let is_demo = matches!(arguments.task, Some(Task::Demo));
    let folder = (!arguments.in_memory && !is_demo).then(|| workspace.join(".outlay"));
    let started = Instant::now();
    let stack = Stack::start(Options {
        template,
        bin_dir,
        data: folder.clone().map_or(Data::InMemory, Data::Folder),
        port: if is_demo { 0 } else { arguments.port },
        throttling: !is_demo,
        authorizer: true,
        test_kit: None,
    })
    .await
    .map_err(|error| error.to_string())?;
    for source in stack.ignored_event_sources() {
        println!("Not supported by the local stack: event source of {source}");
    }
    let work = async {
        if is_demo {
            demo::run(&stack, &workspace, started).await
        } else {
            serve(&stack, &workspace, folder.as_deref()).await
        }
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        outcome = wait_for_signal() => {
            outcome.and(if is_demo { Err("the demo was interrupted".to_owned()) } else { Ok(()) })
        }
    };
    if !is_demo {
        eprintln!("Stopping the stack.");
    }
    stack.stop().await;
    outcome
}

async fn serve(stack: &Stack, workspace: &Path, data: Option<&Path>) -> Result<(), String> {
    seed::prepare(stack, workspace, data).await?;
    std::future::pending().await
}

fn workspace() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Builds the function binaries into the folder of this program.
///
/// Selects the whole workspace and names the functions: cargo then builds only them, with the same features of their
/// dependencies as `cargo test --workspace`, so that both share one build.
fn build(workspace: &Path, template: &Path, bin_dir: &Path) -> Result<(), String> {
    let mut cargo = Command::new(system::cargo());
    cargo.current_dir(workspace).args(["build", "--workspace"]);
    for function in outlay_local::function_names(template).map_err(|error| error.to_string())? {
        cargo.args(["--bin", &function]);
    }
    if let Some(target) = bin_dir.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("the functions do not build; see the messages of cargo above".to_owned()),
        Err(error) => Err(format!("cargo cannot be started to build the functions: {error}")),
    }
}

/// Waits for Ctrl-C, on Unix also for SIGTERM.
async fn wait_for_signal() -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot wait for signals: {error}");
    #[cfg(unix)]
    {
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(failed)?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.map_err(failed),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(failed)
}
