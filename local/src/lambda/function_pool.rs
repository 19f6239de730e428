//! Hosts the function binaries as Lambda does: one process per concurrent execution, started on demand, kept warm,
//! killed at its timeout, replaced after a crash. Knows functions and payloads, not their meaning.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::error::FunctionError;
use super::log::FunctionLog;
use super::process::{InvocationOutcome, Process, ProcessSettings, file_name};
use super::processes::Processes;
use super::runtime_api;
use crate::StackError;
use crate::shutdown::Shutdown;
use crate::sync::lock;
use crate::template::Function;
use crate::test_kit::TestKit;

/// Maximum number of processes of one function; further calls wait.
const MAX_CONCURRENCY: usize = 50;
/// Time for a process to ask for its first event, as on Lambda.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// The functions and their processes. Cloning gives another handle.
#[derive(Clone)]
pub(crate) struct FunctionPool(Arc<Shared>);

struct Shared {
    functions: BTreeMap<String, Hosted>,
    processes: Processes,
    settings: ProcessSettings,
    /// Address of the Runtime API.
    runtime_api: String,
    /// Notified after each invocation.
    invocation_ended: Notify,
    shutdown: Shutdown,
}

struct Hosted {
    function: Function,
    idle: Mutex<Vec<Arc<Process>>>,
    permits: Semaphore,
    log: Arc<FunctionLog>,
}

/// Returns the names of functions without a binary in the folder.
pub(crate) fn missing_binaries(functions: &[Function], bin_dir: &Path) -> Vec<String> {
    let is_missing = |function: &&Function| !bin_dir.join(file_name(&function.name)).is_file();
    functions.iter().filter(is_missing).map(|function| function.name.clone()).collect()
}

impl FunctionPool {
    /// Starts the Runtime API. Processes are started by the first invocations.
    pub(crate) async fn start(
        functions: &[Function],
        settings: ProcessSettings,
        processes: Processes,
        test_kit: Option<&Arc<dyn TestKit>>,
        (shutdown, tasks): (&Shutdown, &mut JoinSet<()>),
    ) -> Result<Self, StackError> {
        let failed = |reason| StackError::Listen { port: 0, reason };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let runtime_api = listener.local_addr().map_err(failed)?.to_string();
        let mut hosted = BTreeMap::new();
        for function in functions {
            let entry = Hosted {
                idle: Mutex::default(),
                permits: Semaphore::new(MAX_CONCURRENCY),
                log: Arc::new(FunctionLog::open(settings.log_folder.as_deref(), &function.name, test_kit)?),
                function: function.clone(),
            };
            hosted.insert(function.name.clone(), entry);
        }
        tasks.spawn(runtime_api::serve(listener, processes.clone(), shutdown.clone()));
        Ok(Self(Arc::new(Shared {
            functions: hosted,
            processes,
            settings,
            runtime_api,
            invocation_ended: Notify::new(),
            shutdown: shutdown.clone(),
        })))
    }

    /// Returns the name of the function with this name or logical id.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let mut all = self.0.functions.values().map(|hosted| &hosted.function);
        all.find(|it| it.name == name || it.logical_id == name).map(|it| it.name.as_str())
    }

    /// Calls a function. The invocation runs to its end even if the returned future is dropped.
    pub(crate) async fn invoke(&self, function: &str, payload: Bytes) -> Result<Bytes, FunctionError> {
        let (pool, function) = (self.clone(), function.to_owned());
        let call = tokio::spawn(async move {
            let result = pool.run(&function, payload).await;
            pool.0.invocation_ended.notify_waiters();
            result
        });
        call.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// Completes at the next end of an invocation after this call.
    pub(crate) fn next_end(&self) -> Notified<'_> {
        self.0.invocation_ended.notified()
    }

    /// Waits until every process has ended; the shutdown signal must have been sent.
    pub(crate) async fn wait_for_end(&self) {
        self.0.processes.wait_for_end().await;
    }

    async fn run(&self, function: &str, payload: Bytes) -> Result<Bytes, FunctionError> {
        let hosted = self.0.functions.get(function).ok_or(FunctionError::Unknown)?;
        let _permit = hosted.permits.acquire().await.map_err(|_| stopping())?;
        loop {
            let idle = lock(&hosted.idle).pop();
            let is_new = idle.is_none();
            let process = match idle {
                Some(process) => process,
                None => self.start_process(hosted).await?,
            };
            match process.run(&hosted.function, payload.clone()).await {
                InvocationOutcome::NotTaken if is_new => {
                    return Err(FunctionError::new("Runtime.ExitError", "Runtime exited without taking an event"));
                }
                // The process had ended while it was idle: try the next one.
                InvocationOutcome::NotTaken => {}
                InvocationOutcome::Ended(result) => {
                    if !process.has_ended() {
                        lock(&hosted.idle).push(process);
                    }
                    if let Err(FunctionError::Failed(error)) = &result {
                        hosted.log.append(&String::from_utf8_lossy(error));
                    }
                    return result;
                }
            }
        }
    }

    /// Starts a process and waits until it asks for an event.
    async fn start_process(&self, hosted: &Hosted) -> Result<Arc<Process>, FunctionError> {
        let shared = &self.0;
        let process = Arc::new(Process::new());
        let id = process.id().to_owned();
        // Before the start, because the process asks for an event at once.
        shared.processes.insert(&process);
        let log = &hosted.log;
        let started = process.start(&hosted.function, &shared.settings, &shared.runtime_api, log, &shared.shutdown);
        let supervisor = started.map_err(|error| {
            shared.processes.remove(&id);
            let message = format!("{} cannot be started: {error}", hosted.function.name);
            FunctionError::new("Runtime.InvalidEntrypoint", &message)
        })?;
        let processes = shared.processes.clone();
        tokio::spawn(async move {
            supervisor.await;
            processes.remove(&id);
        });
        let ready = process.wait_until_ready(INIT_TIMEOUT).await;
        if ready.is_err() {
            eprintln!("{} did not start; last lines of its log:\n{}", hosted.function.name, hosted.log.tail());
        }
        ready.map(|()| process)
    }
}

fn stopping() -> FunctionError {
    FunctionError::new("Runtime.Stopped", "the local stack is stopping")
}
