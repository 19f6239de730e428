//! One process of a function: how it is started and ended, and the one event it works on at a time.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, oneshot, watch};

use super::log::Log;
use super::{FunctionError, Launch, file_name, lock};
use crate::stop::Stop;
use crate::template::{Function, REGION, function_arn};
use crate::{aws, system};

type Outcome = Result<Bytes, FunctionError>;

/// An event on its way to the process.
pub(super) struct Event {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) deadline_ms: i64,
    pub(super) arn: String,
    pub(super) trace_id: String,
    answer: oneshot::Sender<Outcome>,
}

/// How a call went.
pub(super) enum Ran {
    /// The process ended before it took the event.
    Unseen,
    Seen(Outcome),
}

#[derive(Clone)]
enum Phase {
    Starting,
    Ready,
    InitialisationFailed(Bytes),
    /// With how it ended.
    Ended(String),
}

#[derive(Default)]
struct Work {
    waiting: Option<Event>,
    running: Option<(String, oneshot::Sender<Outcome>)>,
}

/// A running process.
pub(super) struct Process {
    token: String,
    work: Mutex<Work>,
    arrived: Notify,
    phase: watch::Sender<Phase>,
    kill: Notify,
}

impl Process {
    /// A process that has not been started yet.
    pub(super) fn new() -> Self {
        Self {
            token: system::uuid(),
            work: Mutex::default(),
            arrived: Notify::new(),
            phase: watch::Sender::new(Phase::Starting),
            kill: Notify::new(),
        }
    }

    /// Starts the binary. The returned future watches over the process; it must be run, and ends with it.
    pub(super) fn start(
        self: &Arc<Self>,
        function: &Function,
        launch: &Launch,
        runtime_api: &str,
        log: &Arc<Log>,
        stop: &Stop,
    ) -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
        let mut command = Command::new(launch.bin_dir.join(file_name(&function.name)));
        command
            .env_clear()
            .env("PATH", system::search_path())
            // With the scheme, which Lambda leaves out: an address with a path is no URI without one.
            .env("AWS_LAMBDA_RUNTIME_API", format!("http://{runtime_api}/{}", self.token))
            .envs(lambda_environment(function))
            .env("AWS_ACCESS_KEY_ID", aws::access_key(&function.name, &self.token))
            .envs(&launch.endpoints)
            .envs(&function.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // Not in the terminal's foreground group: Ctrl-C reaches this program, which then ends the processes.
        #[cfg(unix)]
        command.process_group(0);
        Ok(supervise(Arc::clone(self), command.spawn()?, Arc::clone(log), stop.clone()))
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(*self.phase.borrow(), Phase::Ended(_))
    }

    /// Ends the process and waits for its end.
    pub(super) async fn end(&self) {
        self.kill.notify_one();
        // An error means that nobody can tell any more, for it is gone.
        let _ = self.phase.subscribe().wait_for(|phase| !matches!(phase, Phase::Starting | Phase::Ready)).await;
    }

    /// Waits until the process asks for its first event.
    pub(super) async fn ready(&self, limit: Duration) -> Result<(), FunctionError> {
        let mut phase = self.phase.subscribe();
        let known = tokio::time::timeout(limit, phase.wait_for(|phase| !matches!(phase, Phase::Starting))).await;
        let phase = match known {
            Ok(Ok(phase)) => phase.clone(),
            Ok(Err(_)) => Phase::Ended("gone".to_owned()),
            Err(_) => Phase::Starting,
        };
        match phase {
            Phase::Ready => Ok(()),
            Phase::InitialisationFailed(error) => {
                self.kill.notify_one();
                Err(FunctionError::Failed(error))
            }
            Phase::Ended(how) => {
                Err(FunctionError::new("Runtime.ExitError", &format!("Runtime exited during initialisation: {how}")))
            }
            Phase::Starting => {
                self.kill.notify_one();
                let message = format!("initialisation took longer than {} seconds", limit.as_secs());
                Err(FunctionError::new("Runtime.InitError", &message))
            }
        }
    }

    /// Hands an event to the process and waits for what comes of it.
    pub(super) async fn run(&self, function: &Function, payload: Bytes) -> Ran {
        let (answer, mut answered) = oneshot::channel();
        let request_id = system::uuid();
        let limit = i64::try_from(function.timeout.as_millis()).unwrap_or(i64::MAX);
        lock(&self.work).waiting = Some(Event {
            request_id: request_id.clone(),
            payload,
            deadline_ms: system::now().as_millisecond().saturating_add(limit),
            arn: function_arn(&function.logical_id),
            trace_id: trace_id(),
            answer,
        });
        self.arrived.notify_one();
        let mut phase = self.phase.subscribe();
        let ended = phase.wait_for(|phase| matches!(phase, Phase::Ended(_)));
        tokio::select! {
            biased;
            Ok(outcome) = &mut answered => Ran::Seen(outcome),
            end = ended => {
                let how = match end.as_deref() {
                    Ok(Phase::Ended(how)) => how.clone(),
                    _ => "gone".to_owned(),
                };
                if lock(&self.work).waiting.take().is_some() {
                    return Ran::Unseen;
                }
                let message = format!("RequestId: {request_id} Error: Runtime exited with error: {how}");
                Ran::Seen(Err(FunctionError::new("Runtime.ExitError", &message)))
            }
            () = tokio::time::sleep(function.timeout) => {
                self.kill.notify_one();
                // Not handed out again, whether or not the end has been noticed already.
                self.phase.send_replace(Phase::Ended("timed out".to_owned()));
                let seconds = function.timeout.as_secs();
                let message = format!("RequestId: {request_id} Error: Task timed out after {seconds}.00 seconds");
                Ran::Seen(Err(FunctionError::new("Sandbox.Timedout", &message)))
            }
        }
    }

    /// The next event for the process, which is idle now.
    pub(super) async fn next(&self) -> Event {
        self.phase.send_if_modified(|phase| {
            let starting = matches!(phase, Phase::Starting);
            if starting {
                *phase = Phase::Ready;
            }
            starting
        });
        loop {
            if let Some(event) = lock(&self.work).waiting.take() {
                return event;
            }
            self.arrived.notified().await;
        }
    }

    /// Remembers who waits for the answer to an event that is being handed over.
    pub(super) fn took(&self, request_id: String, answer: oneshot::Sender<Outcome>) {
        lock(&self.work).running = Some((request_id, answer));
    }

    /// Hands on the process's answer; false if it does not work on that request.
    pub(super) fn answer(&self, request_id: &str, outcome: Outcome) -> bool {
        let running = lock(&self.work).running.take_if(|(id, _)| id == request_id);
        running.is_some_and(|(_, answer)| answer.send(outcome).is_ok())
    }

    pub(super) fn initialisation_failed(&self, error: Bytes) {
        self.phase.send_replace(Phase::InitialisationFailed(error));
    }
}

impl Event {
    /// Splits off who waits for the answer.
    pub(super) fn accept(self, process: &Process) -> (String, Bytes, [(&'static str, String); 3]) {
        let headers = [
            ("lambda-runtime-deadline-ms", self.deadline_ms.to_string()),
            ("lambda-runtime-invoked-function-arn", self.arn),
            ("lambda-runtime-trace-id", self.trace_id),
        ];
        process.took(self.request_id.clone(), self.answer);
        (self.request_id, self.payload, headers)
    }
}

async fn supervise(process: Arc<Process>, mut child: Child, log: Arc<Log>, stop: Stop) {
    let output = child.stdout.take().map(|stream| tokio::spawn(Arc::clone(&log).follow(stream)));
    let errors = child.stderr.take().map(|stream| tokio::spawn(Arc::clone(&log).follow(stream)));
    let status = tokio::select! {
        status = child.wait() => status,
        () = process.kill.notified() => end(&mut child).await,
        () = stop.wait() => end(&mut child).await,
    };
    for reader in [output, errors].into_iter().flatten() {
        // What the process started may hold the pipes open for longer than itself.
        let _ = tokio::time::timeout(Duration::from_millis(200), reader).await;
    }
    let how = match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    process.phase.send_if_modified(|phase| {
        // What is known about a failed start says more than how the process then ended.
        let ends = !matches!(phase, Phase::InitialisationFailed(_));
        if ends {
            *phase = Phase::Ended(how);
        }
        ends
    });
}

async fn end(child: &mut Child) -> std::io::Result<std::process::ExitStatus> {
    child.kill().await?;
    child.wait().await
}

/// What Lambda itself puts into a function's environment.
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
