//! The local stack: the whole backend on one machine, from `template.yaml` and the function binaries alone. It plays
//! API Gateway, Lambda, DynamoDB with its streams, SES and an identity provider, on loopback only. It depends on no
//! crate of the product: it knows it as AWS does, by the template and over HTTP.

mod authorizer;
mod dynamodb;
mod error;
mod files;
mod gateway;
mod host;
mod identity;
mod invocations;
mod local;
mod mailbox;
mod stop;
mod store;
mod stream;
pub mod system;
mod template;
mod welcome;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use error::Error;
use host::{Host, Launch};
use identity::Identity;
use local::Parts;
use mailbox::Mailbox;
use stop::{Stop, Stopper};
use store::Store;
use stream::Means;
use template::Template;

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
}

/// Where a stack keeps its data: items, stream positions, mail, its signing key.
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
    Ok(Template::load(template)?.functions.into_iter().map(|function| function.name).collect())
}

/// A running stack. Dropping it ends it, as [`Stack::stop`] does in an orderly way.
pub struct Stack {
    url: String,
    dynamodb_url: String,
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
        let template = Template::load(&options.template)?;
        let missing = host::missing(&template.functions, &options.bin_dir);
        if !missing.is_empty() {
            return Err(Error::BinariesMissing { folder: options.bin_dir, names: missing });
        }
        let (listener, url) = listen(options.port).await?;
        let folder = match &options.data {
            Data::InMemory => None,
            Data::Folder(folder) => Some(folder.as_path()),
        };
        let lock = folder.map(take).transpose()?;
        let (stopper, stop) = stop::channel();
        let mut tasks = JoinSet::new();
        let dynamodb = dynamodb::DynamoDb::start(folder, &template.tables, &stop, &mut tasks).await?;
        let endpoints = BTreeMap::from([
            ("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), dynamodb.url().to_owned()),
            ("AWS_ENDPOINT_URL_SES".to_owned(), format!("{url}/_local/ses")),
        ]);
        let log_folder = folder.map(|folder| folder.join("log"));
        let launch = Launch { bin_dir: options.bin_dir, endpoints, log_folder };
        let host = Host::start(&template.functions, launch, &stop, &mut tasks).await?;
        let identity = Identity::start(folder, &url).await?;
        let failures = Arc::new(Store::open(folder, "failures")?);
        let checkpoints = Arc::new(Store::open(folder, "checkpoints")?);
        let means =
            Means { dynamodb: dynamodb.clone(), host: host.clone(), checkpoints, failures: Arc::clone(&failures) };
        stream::start(&template.streams, &means, &stop, &mut tasks);
        let stack = Self {
            url: url.clone(),
            dynamodb_url: dynamodb.url().to_owned(),
            table_name: template.tables.first().map(|table| table.name.clone()).unwrap_or_default(),
            ignored: template.ignored.clone(),
            host: host.clone(),
            stopper,
            tasks,
            _lock: lock,
        };
        let parts = Parts {
            url,
            dynamodb_url: stack.dynamodb_url.clone(),
            authorizer: identity.authorizer()?,
            mailbox: Mailbox::open(folder)?,
            template,
            host,
            identity,
            failures,
        };
        Ok(stack.serve(listener, parts, stop))
    }

    fn serve(mut self, listener: TcpListener, parts: Parts, stop: Stop) -> Self {
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
