//! A process of a function: start, end, and the event it works on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, oneshot, watch};

use super::error::FunctionError;
use super::log::FunctionLog;
use crate::aws::{self, CallingProcess};
use crate::shutdown::Shutdown;
use crate::sync::lock;
use crate::system;
use crate::template::{Function, REGION, function_arn};

type InvocationResult = Result<Bytes, FunctionError>;

/// Settings of every process.
pub(crate) struct ProcessSettings {
    pub(crate) bin_dir: PathBuf,
    /// Environment variables with the endpoints of the local services.
    pub(crate) endpoints: BTreeMap<String, String>,
    /// Folder of the log files; `None` keeps only the last lines, in memory.
    pub(crate) log_folder: Option<PathBuf>,
}

/// Returns the file name of a function's binary.
pub(super) fn file_name(function: &str) -> String {
    format!("{function}{}", std::env::consts::EXE_SUFFIX)
}

/// An event for the process.
pub(super) struct Event {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) deadline_ms: i64,
    pub(super) arn: String,
    pub(super) trace_id: String,
    answer: oneshot::Sender<InvocationResult>,
}

/// Outcome of [`Process::run`].
pub(super) enum InvocationOutcome {
    /// The process ended before it took the event.
    NotTaken,
    /// The invocation has ended.
    Ended(InvocationResult),
}

#[derive(Clone)]
enum Phase {
    Starting,
    Ready,
    InitFailed(Bytes),
    /// With the exit status as text.
    Ended(String),
}

#[derive(Default)]
struct Work {
    pending: Option<Event>,
    running: Option<(String, oneshot::Sender<InvocationResult>)>,
}

/// A running process.
pub(super) struct Process {
    id: String,
    work: Mutex<Work>,
    event_arrived: Notify,
    phase: watch::Sender<Phase>,
    kill_requested: Notify,
}

impl Process {
    /// Makes a process that is not started yet.
    pub(super) fn new() -> Self {
        Self {
            id: system::uuid(),
            work: Mutex::default(),
            event_arrived: Notify::new(),
            phase: watch::Sender::new(Phase::Starting),
            kill_requested: Notify::new(),
        }
    }

    /// Starts the binary. The returned future supervises the process; it must be polled, and completes at its end.
    pub(super) fn start(
        self: &Arc<Self>,
        function: &Function,
        settings: &ProcessSettings,
        runtime_api: &str,
        log: &Arc<FunctionLog>,
        shutdown: &Shutdown,
    ) -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
        let mut command = Command::new(settings.bin_dir.join(file_name(&function.name)));
        command
            .env_clear()
            .env("PATH", system::search_path())
            // With the scheme, unlike on Lambda: an address with a path is no URI without one.
            .env("AWS_LAMBDA_RUNTIME_API", format!("http://{runtime_api}/{}", self.id))
            .envs(lambda_environment(function))
            .env("AWS_ACCESS_KEY_ID", CallingProcess { function: &function.name, process: &self.id }.access_key())
            .envs(&settings.endpoints)
            .envs(&function.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Outside the terminal's foreground group: Ctrl-C reaches only this program, which then ends the processes.
        #[cfg(unix)]
        command.process_group(0);
        Ok(supervise(Arc::clone(self), command.spawn()?, Arc::clone(log), shutdown.clone()))
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Ended(_))
    }

    /// Kills the process and waits for its end.
    pub(super) async fn kill(&self) {
        self.kill_requested.notify_one();
        // An error means that the process is gone.
        let _ = self.phase.subscribe().wait_for(|phase| !matches!(phase, Phase::Starting | Phase::Ready)).await;
    }

    /// Waits until the process asks for its first event.
    pub(super) async fn wait_until_ready(&self, limit: Duration) -> Result<(), FunctionError> {
        let mut phase = self.phase.subscribe();
        let known = tokio::time::timeout(limit, phase.wait_for(|phase| !matches!(phase, Phase::Starting))).await;
        let phase = match known {
            Ok(Ok(phase)) => phase.clone(),
            Ok(Err(_)) => Phase::Ended("gone".to_owned()),
            Err(_) => Phase::Starting,
        };
        match phase {
            Phase::Ready => Ok(()),
            Phase::InitFailed(error) => {
                self.kill_requested.notify_one();
                Err(FunctionError::Failed(error))
            }
            Phase::Ended(how) => {
                Err(FunctionError::new("Runtime.ExitError", &format!("Runtime exited during initialization: {how}")))
            }
            Phase::Starting => {
                self.kill_requested.notify_one();
                let message = format!("initialization took longer than {} seconds", limit.as_secs());
                Err(FunctionError::new("Runtime.InitError", &message))
            }
        }
    }

    /// Hands an event to the process and waits for the result.
    pub(super) async fn run(&self, function: &Function, payload: Bytes) -> InvocationOutcome {
        let (answer, mut answered) = oneshot::channel();
        let request_id = system::uuid();
        let limit = i64::try_from(function.timeout.as_millis()).unwrap_or(i64::MAX);
        lock(&self.work).pending = Some(Event {
            request_id: request_id.clone(),
            payload,
            deadline_ms: system::now().as_millisecond().saturating_add(limit),
            arn: function_arn(&function.logical_id),
            trace_id: trace_id(),
            answer,
        });
        self.event_arrived.notify_one();
        let mut phase = self.phase.subscribe();
        let ended = phase.wait_for(|phase| matches!(phase, Phase::Ended(_)));
        tokio::select! {
            biased;
            Ok(outcome) = &mut answered => InvocationOutcome::Ended(outcome),
            end = ended => {
                let how = match end.as_deref() {
                    Ok(Phase::Ended(how)) => how.clone(),
                    _ => "gone".to_owned(),
                };
                if lock(&self.work).pending.take().is_some() {
                    return InvocationOutcome::NotTaken;
                }
                let message = format!("RequestId: {request_id} Error: Runtime exited with error: {how}");
                InvocationOutcome::Ended(Err(FunctionError::new("Runtime.ExitError", &message)))
            }
            () = tokio::time::sleep(function.timeout) => {
                self.kill_requested.notify_one();
                // The pool must not reuse it, even before the supervisor sees its end.
                self.phase.send_replace(Phase::Ended("timed out".to_owned()));
                let seconds = function.timeout.as_secs();
                let message = format!("RequestId: {request_id} Error: Task timed out after {seconds}.00 seconds");
                InvocationOutcome::Ended(Err(FunctionError::new("Sandbox.Timedout", &message)))
            }
        }
    }

    /// Waits for the next event of the process, which is idle now.
    pub(super) async fn next_event(&self) -> Event {
        self.phase.send_if_modified(|phase| {
            let starting = matches!(phase, Phase::Starting);
            if starting {
                *phase = Phase::Ready;
            }
            starting
        });
        loop {
            if let Some(event) = lock(&self.work).pending.take() {
                return event;
            }
            self.event_arrived.notified().await;
        }
    }

    /// Stores the receiver of the answer to an event that is handed over.
    fn begin(&self, request_id: String, answer: oneshot::Sender<InvocationResult>) {
        lock(&self.work).running = Some((request_id, answer));
    }

    /// Forwards the answer of the process; false if it does not work on that request.
    pub(super) fn answer(&self, request_id: &str, outcome: InvocationResult) -> bool {
        let running = lock(&self.work).running.take_if(|(id, _)| id == request_id);
        running.is_some_and(|(_, answer)| answer.send(outcome).is_ok())
    }

    pub(super) fn set_init_failed(&self, error: Bytes) {
        self.phase.send_replace(Phase::InitFailed(error));
    }
}

impl Event {
    /// Begins the event: returns its request id, payload and headers.
    pub(super) fn accept(self, process: &Process) -> (String, Bytes, [(&'static str, String); 3]) {
        let headers = [
            ("lambda-runtime-deadline-ms", self.deadline_ms.to_string()),
            ("lambda-runtime-invoked-function-arn", self.arn),
            ("lambda-runtime-trace-id", self.trace_id),
        ];
        process.begin(self.request_id.clone(), self.answer);
        (self.request_id, self.payload, headers)
    }
}

async fn supervise(process: Arc<Process>, mut child: Child, log: Arc<FunctionLog>, shutdown: Shutdown) {
    let output = child.stdout.take().map(|stream| tokio::spawn(Arc::clone(&log).follow(stream)));
    let errors = child.stderr.take().map(|stream| tokio::spawn(Arc::clone(&log).follow(stream)));
    let status = tokio::select! {
        status = child.wait() => status,
        () = process.kill_requested.notified() => kill(&mut child).await,
        () = shutdown.wait() => kill(&mut child).await,
    };
    for reader in [output, errors].into_iter().flatten() {
        // A child of the process may hold the pipes open longer.
        let _ = tokio::time::timeout(Duration::from_millis(200), reader).await;
    }
    let how = match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    process.phase.send_if_modified(|phase| {
        // The error of a failed start says more than the exit status.
        let is_other = !matches!(phase, Phase::InitFailed(_));
        if is_other {
            *phase = Phase::Ended(how);
        }
        is_other
    });
}

async fn kill(child: &mut Child) -> std::io::Result<std::process::ExitStatus> {
    child.kill().await?;
    child.wait().await
}

/// Returns the variables that Lambda sets.
fn lambda_environment(function: &Function) -> [(&'static str, String); 15] {
    [
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", aws::SECRET.to_owned()),
        ("AWS_SESSION_TOKEN", "local".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("_HANDLER", "bootstrap".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ]
}

fn trace_id() -> String {
    let random = system::uuid().replace('-', "");
    let (unique, parent) = (random.get(..24).unwrap_or_default(), random.get(16..).unwrap_or_default());
    format!("Root=1-{:08x}-{unique};Parent={parent};Sampled=0", system::now().as_second())
}
