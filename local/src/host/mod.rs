//! Hosts the function binaries as Lambda does: one process per concurrent execution, started on demand and kept warm,
//! ended at its timeout, replaced after a crash. Knows functions and payloads, nothing of what they mean.

mod log;
mod process;
pub(crate) mod record;
mod runtime_api;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use serde_json::json;
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::Error;
use crate::stop::Stop;
use crate::template;
use log::Log;
use process::{Process, Ran};
use record::Record;

/// How many processes one function may have; further calls wait.
const CONCURRENCY: usize = 50;
/// How long a process may take until it asks for its first event, as on Lambda.
const INITIALISATION: Duration = Duration::from_secs(10);

/// Why an invocation gave no result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FunctionError {
    /// There is no such function.
    Unknown,
    /// The function failed; the payload is the error as Lambda words it (`errorType`, `errorMessage`).
    Failed(Bytes),
}

impl FunctionError {
    fn new(kind: &str, message: &str) -> Self {
        Self::Failed(json!({ "errorType": kind, "errorMessage": message }).to_string().into())
    }
}

/// What the processes are started with.
pub(crate) struct Launch {
    pub(crate) bin_dir: PathBuf,
    /// Variables beside the template's: where the local services are.
    pub(crate) endpoints: BTreeMap<String, String>,
    /// Where the functions' output goes; without it only the last lines are kept.
    pub(crate) log_folder: Option<PathBuf>,
    /// Keeps everything that the functions write, if it is wanted.
    pub(crate) record: Option<Arc<Record>>,
}

/// The functions and their processes. Cloning gives another handle.
#[derive(Clone)]
pub(crate) struct Host(Arc<Shared>);

struct Shared {
    functions: BTreeMap<String, Hosted>,
    processes: Mutex<HashMap<String, Arc<Process>>>,
    launch: Launch,
    /// Address of the Runtime API.
    address: String,
    /// Told after each invocation: it may have written something.
    finished: Notify,
    stop: Stop,
}

struct Hosted {
    function: template::Function,
    idle: Mutex<Vec<Arc<Process>>>,
    permits: Semaphore,
    log: Arc<Log>,
}

/// The name of a function's file in the folder of the binaries.
fn file_name(function: &str) -> String {
    format!("{function}{}", std::env::consts::EXE_SUFFIX)
}

/// Which of the functions have no binary in the folder.
pub(crate) fn missing(functions: &[template::Function], bin_dir: &Path) -> Vec<String> {
    let lacks = |function: &&template::Function| !bin_dir.join(file_name(&function.name)).is_file();
    functions.iter().filter(lacks).map(|function| function.name.clone()).collect()
}

impl Host {
    /// Opens the Runtime API; processes come with the first invocations.
    pub(crate) async fn start(
        functions: &[template::Function],
        launch: Launch,
        stop: &Stop,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, Error> {
        let failed = |reason| Error::Listen { port: 0, reason };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?.to_string();
        let mut hosted = BTreeMap::new();
        for function in functions {
            let entry = Hosted {
                idle: Mutex::default(),
                permits: Semaphore::new(CONCURRENCY),
                log: Arc::new(Log::open(launch.log_folder.as_deref(), &function.name, launch.record.as_ref())?),
                function: function.clone(),
            };
            hosted.insert(function.name.clone(), entry);
        }
        let host = Self(Arc::new(Shared {
            functions: hosted,
            processes: Mutex::default(),
            launch,
            address,
            finished: Notify::new(),
            stop: stop.clone(),
        }));
        let (served, stopped) = (host.clone(), stop.clone());
        tasks.spawn(async move { runtime_api::serve(listener, served, stopped).await });
        Ok(host)
    }

    /// The name of the function that has this name or this logical id.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let mut all = self.0.functions.values().map(|hosted| &hosted.function);
        all.find(|it| it.name == name || it.logical_id == name).map(|it| it.name.as_str())
    }

    /// Calls a function. The call runs to its end even if nobody waits for it any more.
    pub(crate) async fn invoke(&self, function: &str, payload: Bytes) -> Result<Bytes, FunctionError> {
        let (host, function) = (self.clone(), function.to_owned());
        let call = tokio::spawn(async move {
            let result = host.run(&function, payload).await;
            host.0.finished.notify_waiters();
            result
        });
        call.await.unwrap_or_else(|_| Err(FunctionError::new("Runtime.Stopped", "the local stack is stopping")))
    }

    /// Completes after the next end of an invocation, counted from this call.
    pub(crate) fn next_end(&self) -> Notified<'_> {
        self.0.finished.notified()
    }

    /// Waits until every process has ended; the stop signal must have been given.
    pub(crate) async fn ended(&self) {
        while !lock(&self.0.processes).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends a process as a crash of its machine would; returns once it is gone.
    pub(crate) async fn kill(&self, token: &str) {
        if let Some(process) = self.process(token) {
            process.end().await;
        }
    }

    async fn run(&self, function: &str, payload: Bytes) -> Result<Bytes, FunctionError> {
        let hosted = self.0.functions.get(function).ok_or(FunctionError::Unknown)?;
        let stopping = || FunctionError::new("Runtime.Stopped", "the local stack is stopping");
        let _permit = hosted.permits.acquire().await.map_err(|_| stopping())?;
        loop {
            let idle = lock(&hosted.idle).pop();
            let is_new = idle.is_none();
            let process = match idle {
                Some(process) => process,
                None => self.launch(hosted).await?,
            };
            match process.run(&hosted.function, payload.clone()).await {
                Ran::Unseen if is_new => {
                    return Err(FunctionError::new("Runtime.ExitError", "Runtime exited without taking an event"));
                }
                // The process had ended while it was idle, so the event was never seen: try the next one.
                Ran::Unseen => {}
                Ran::Seen(result) => {
                    if !process.has_ended() {
                        lock(&hosted.idle).push(process);
                    }
                    if let Err(FunctionError::Failed(error)) = &result {
                        hosted.log.line(&String::from_utf8_lossy(error));
                    }
                    return result;
                }
            }
        }
    }

    /// Starts a process and waits until it asks for work.
    async fn launch(&self, hosted: &Hosted) -> Result<Arc<Process>, FunctionError> {
        let shared = &self.0;
        let process = Arc::new(Process::new());
        let token = process.token().to_owned();
        // Known before it runs, for it asks for work at once.
        lock(&shared.processes).insert(token.clone(), Arc::clone(&process));
        let started = process.start(&hosted.function, &shared.launch, &shared.address, &hosted.log, &shared.stop);
        let supervisor = started.map_err(|error| {
            lock(&shared.processes).remove(&token);
            let message = format!("{} cannot be started: {error}", hosted.function.name);
            FunctionError::new("Runtime.InvalidEntrypoint", &message)
        })?;
        let host = self.clone();
        tokio::spawn(async move {
            supervisor.await;
            lock(&host.0.processes).remove(&token);
        });
        let ready = process.ready(INITIALISATION).await;
        if ready.is_err() {
            eprintln!("{} did not start; its last lines:\n{}", hosted.function.name, hosted.log.tail());
        }
        ready.map(|()| process)
    }

    fn process(&self, token: &str) -> Option<Arc<Process>> {
        lock(&self.0.processes).get(token).cloned()
    }
}

/// Locks; what a panicking holder left behind is still a whole value in every use here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
