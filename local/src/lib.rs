//! The local stack: the whole backend on one machine, from `template.yaml` and the function binaries alone. It plays
//! API Gateway, Lambda, DynamoDB with its streams, S3, SQS, SNS, SES, KMS, the scheduler and an identity provider, on loopback
//! only. It depends on no crate of the product: it knows it as AWS does, by the template and over HTTP.

mod authorizer;
mod aws;
mod dynamodb;
mod error;
mod faults;
mod files;
mod gateway;
mod host;
mod identity;
mod invocations;
mod kms;
mod local;
mod mailbox;
mod queue;
mod s3;
mod schedule;
mod stop;
mod store;
mod stream;
pub mod system;
mod template;
#[cfg(test)]
mod tests;
mod topic;
mod welcome;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use dynamodb::DynamoDb;
pub use error::Error;
use faults::Faults;
use gateway::throttle::Throttle;
use host::record::Record;
use host::{Host, Launch};
use identity::Identity;
use kms::Kms;
use local::Parts;
use mailbox::Mailbox;
use mailbox::feedback::Feedback;
use queue::Queues;
use s3::S3;
use stop::{Stop, Stopper};
use store::Store;
use stream::Means;
use template::{Parameters, Template};
use topic::Topics;

/// How long an orderly stop may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The AWS SAM template.
    pub template: PathBuf,
    /// The folder with one binary per function.
    pub bin_dir: PathBuf,
    /// Where data goes.
    pub data: Data,
    /// The port of the HTTP API on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Whether routes refuse what goes beyond the template's limits.
    pub throttling: bool,
    /// Whether the gateway checks tokens. Without, it is as one that was set up wrongly: everything reaches the functions.
    pub authorizer: bool,
    /// Whether this is a stack for tests: services can be made to fail, functions to crash, streams to be late or to repeat
    /// themselves, and all that the functions log can be read.
    pub probes: bool,
}

/// Where a stack keeps its data: items, stream positions, mail, its keys.
#[derive(Debug, Clone)]
pub enum Data {
    /// Nowhere; it is gone with the stack.
    InMemory,
    /// In a folder, which is made if need be. One stack at a time may use it.
    Folder(PathBuf),
}

/// The names of the template's functions, which are the names of their binaries.
///
/// # Errors
/// [`Error`] if the template cannot be read or used.
pub fn function_names(template: &Path) -> Result<Vec<String>, Error> {
    let template = Template::load(template, &parameters("http://127.0.0.1"))?;
    Ok(template.functions.into_iter().map(|function| function.name).collect())
}

/// What the template's parameters are on a stack at that address.
fn parameters(url: &str) -> Parameters {
    let given = [("JwtIssuer", identity::issuer(url)), ("JwtAudience", identity::AUDIENCE.to_owned())];
    given.map(|(name, value)| (name.to_owned(), value)).into()
}

/// A running stack. Dropping it ends it, as [`Stack::stop`] does in an orderly way.
pub struct Stack {
    url: String,
    dynamodb_url: String,
    s3: S3,
    table_name: String,
    ignored: Vec<String>,
    host: Host,
    stopper: Stopper,
    tasks: JoinSet<()>,
    /// Holds the data folder as long as the stack runs.
    _lock: Option<File>,
}

impl Stack {
    /// Starts everything; the stack is ready for requests when this returns.
    ///
    /// # Errors
    /// [`Error`] says what to do about it: the port in use, a binary missing, the template unreadable.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let (listener, url) = listen(options.port).await?;
        let template = Template::load(&options.template, &parameters(&url))?;
        let missing = host::missing(&template.functions, &options.bin_dir);
        if !missing.is_empty() {
            return Err(Error::BinariesMissing { folder: options.bin_dir, names: missing });
        }
        let folder = match &options.data {
            Data::InMemory => None,
            Data::Folder(folder) => Some(folder.as_path()),
        };
        let lock = folder.map(take).transpose()?;
        let (stopper, stop) = stop::channel();
        let mut tasks = JoinSet::new();
        let dynamodb = DynamoDb::start(folder, &template.tables, &stop, &mut tasks).await?;
        let faults = options.probes.then(|| Arc::new(Faults::new(&stop)));
        let record = options.probes.then(|| Arc::new(Record::default()));
        let seen_by_functions = match &faults {
            None => dynamodb.url().to_owned(),
            Some(faults) => faults::proxy::start(dynamodb.url(), faults, &stop, &mut tasks).await?,
        };
        let queues = Arc::new(Queues::of(folder, &template)?);
        let s3 = S3::start(folder, &template, &queues, faults.as_ref(), (&stop, &mut tasks)).await?;
        let launch = Launch {
            bin_dir: options.bin_dir,
            endpoints: endpoints(&url, seen_by_functions, s3.url.clone()),
            log_folder: folder.map(|folder| folder.join("log")),
            record: record.clone(),
        };
        let host = Host::start(&template.functions, launch, &stop, &mut tasks).await?;
        if let Some(faults) = &faults {
            faults.know(&host);
        }
        let identity = Identity::start(folder, &url).await?;
        let failures = Arc::new(Store::open(folder, "failures")?);
        let checkpoints = Arc::new(Store::open(folder, "checkpoints")?);
        let probes = options.probes.then(|| Arc::new(stream::probe::probes(&template, &dynamodb)));
        let parts = Parts {
            url: url.clone(),
            dynamodb_url: dynamodb.url().to_owned(),
            authorizer: options.authorizer.then(|| identity.authorizer()),
            throttle: options.throttling.then(Throttle::default),
            mailbox: Mailbox::open(folder)?,
            feedback: Arc::new(feedback(&template, &queues)),
            queues,
            kms: Kms::open(folder, &template.keys).await?,
            failures: Arc::clone(&failures),
            host: host.clone(),
            template,
            identity,
            probes: probes.clone(),
            faults,
            record,
        };
        let means = Means { dynamodb, host: host.clone(), checkpoints, failures, probes };
        let table_name = parts.template.tables.first().map(|table| table.name.clone()).unwrap_or_default();
        let ignored = parts.template.ignored.clone();
        let dynamodb_url = parts.dynamodb_url.clone();
        let stack = Self { url, dynamodb_url, s3, table_name, ignored, host, stopper, tasks, _lock: lock };
        Ok(stack.serve(listener, parts, &means, &stop))
    }

    /// Answers, and sets what calls functions by itself going.
    fn serve(mut self, listener: TcpListener, parts: Parts, means: &Means, stop: &Stop) -> Self {
        stream::start(&parts.template.streams, means, stop, &mut self.tasks);
        queue::source::start(&parts.template.queue_sources, &parts.queues, &means.host, stop, &mut self.tasks);
        schedule::start(&parts.template.schedules, &means.host, stop, &mut self.tasks);
        let stop = stop.clone();
        let service = local::router(parts).into_make_service_with_connect_info::<SocketAddr>();
        self.tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(stop.wait()).await {
                eprintln!("the gateway ended: {error}");
            }
        });
        self
    }

    /// Where the HTTP API answers, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the embedded DynamoDB answers.
    #[must_use]
    pub fn dynamodb_url(&self) -> &str {
        &self.dynamodb_url
    }

    /// Where S3 answers, with the buckets in the path.
    #[must_use]
    pub fn s3_url(&self) -> &str {
        &self.s3.url
    }

    /// The name of the template's first table.
    #[must_use]
    pub fn table_name(&self) -> &str {
        &self.table_name
    }

    /// Event sources of the template that the stack does not play, as "function (type)".
    #[must_use]
    pub fn ignored_event_sources(&self) -> &[String] {
        &self.ignored
    }

    /// Ends every function process and everything else, and lets go of the data folder.
    pub async fn stop(mut self) {
        self.stopper.stop();
        let ended = async {
            self.host.ended().await;
            while self.tasks.join_next().await.is_some() {}
        };
        // What is still running after that is ended by the drop.
        let _ = tokio::time::timeout(PATIENCE, ended).await;
    }
}

/// The variables that tell a function's SDK where the services are.
fn endpoints(url: &str, dynamodb: String, s3: String) -> BTreeMap<String, String> {
    let endpoints = [
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_ENDPOINT_URL_S3", s3),
        ("AWS_ENDPOINT_URL_KMS", format!("{url}/_local/kms")),
        ("AWS_ENDPOINT_URL_SES", format!("{url}/_local/ses")),
    ];
    endpoints.map(|(name, value)| (name.to_owned(), value)).into()
}

/// What SES tells of mails, and to whom.
fn feedback(template: &Template, queues: &Arc<Queues>) -> Feedback {
    Feedback {
        configuration_sets: template.configuration_sets.clone(),
        destinations: template.event_destinations.clone(),
        topics: Topics { subscriptions: template.subscriptions.clone(), queues: Arc::clone(queues) },
    }
}

async fn listen(port: u16) -> Result<(TcpListener, String), Error> {
    let failed = |reason: std::io::Error| match reason.kind() {
        std::io::ErrorKind::AddrInUse => Error::PortInUse(port),
        _ => Error::Listen { port, reason },
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, format!("http://{address}")))
}

/// Makes the data folder and takes its lock, which the operating system gives back whatever happens to this process.
fn take(folder: &Path) -> Result<File, Error> {
    let failed = |reason| Error::Folder { folder: folder.to_owned(), reason };
    std::fs::create_dir_all(folder.join("log")).map_err(failed)?;
    let lock = File::options().create(true).append(true).open(folder.join("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::FolderInUse(folder.to_owned())),
        Err(TryLockError::Error(reason)) => Err(failed(reason)),
    }
}
