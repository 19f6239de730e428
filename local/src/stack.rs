//! A running stack: starts the services in the order of their dependencies, and serves their routes on one port.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::StackError;
use crate::document_store::DocumentStore;
use crate::dynamodb::DynamoDb;
use crate::gateway::{self, Authorizer, Gateway, Throttle};
use crate::identity::{self, IdentityProvider};
use crate::index_page::{self, IndexPage};
use crate::kms::{self, Kms};
use crate::lambda::{self, FunctionPool, ProcessSettings, Processes};
use crate::own_host::own_host_only;
use crate::reference_rates;
use crate::s3::S3Server;
use crate::scheduler;
use crate::ses::{self, EventPublisher, Mailbox};
use crate::shutdown::{Shutdown, ShutdownTrigger};
use crate::sns::Topics;
use crate::sqs::{self, Queues};
use crate::streams::{self, ReaderDeps, StreamHandle};
use crate::table_rights::TableRights;
use crate::template::{self, Parameters, Template};
use crate::test_kit::TestKit;

/// Time limit of an orderly stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// Size limit of a request to the stack itself, bytes: an encoded message of the largest size that SES accepts.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// Options of a stack.
#[derive(Debug, Clone)]
pub struct Options {
    /// AWS SAM template.
    pub template: PathBuf,
    /// Folder with one binary per function.
    pub bin_dir: PathBuf,
    /// Place of the data.
    pub data: Data,
    /// Port of the HTTP API on 127.0.0.1; 0 for any free one.
    pub port: u16,
    /// True to apply the template's rate limits to routes.
    pub throttling: bool,
    /// True to check tokens in the gateway. False simulates a gateway without an authorizer: every request reaches its
    /// function.
    pub authorizer: bool,
    /// Test kit to run with; `None` outside tests.
    pub test_kit: Option<StartTestKit>,
}

/// Place of a stack's data: items, stream positions, messages, objects, keys.
#[derive(Debug, Clone)]
pub enum Data {
    /// Memory; the data ends with the stack.
    InMemory,
    /// A folder, created if it does not exist. Only one stack at a time can use it.
    Folder(PathBuf),
}

/// Starts a test kit within a stack.
pub type StartTestKit = fn(StackHandles) -> BoxFuture<'static, Result<Arc<dyn TestKit>, StackError>>;

/// Parts of a stack that a test kit can use.
pub struct StackHandles {
    /// Endpoint of the embedded DynamoDB.
    pub dynamodb_url: String,
    /// Rights of the functions on tables.
    pub table_rights: TableRights,
    /// Streams that call functions.
    pub streams: Vec<StreamHandle>,
    /// Function processes.
    pub processes: Processes,
    /// Shutdown signal of the stack.
    pub shutdown: Shutdown,
}

/// Returns the names of the template's functions, which are the names of their binaries.
///
/// # Errors
/// [`StackError`] if the template cannot be read or used.
pub fn function_names(template: &Path) -> Result<Vec<String>, StackError> {
    let template = template::load(template, &template_parameters("http://127.0.0.1"))?;
    Ok(template.functions.into_iter().map(|function| function.name).collect())
}

/// Returns the template's parameters for a stack at the URL.
fn template_parameters(url: &str) -> Parameters {
    let mut parameters = identity::template_parameters(url);
    parameters.extend(reference_rates::template_parameters(url));
    parameters
}

/// A running stack. Dropping it stops it at once; [`Stack::stop`] stops it in an orderly way.
pub struct Stack {
    url: String,
    dynamodb_url: String,
    s3: S3Server,
    table_name: String,
    ignored_event_sources: Vec<String>,
    functions: FunctionPool,
    shutdown_trigger: ShutdownTrigger,
    tasks: JoinSet<()>,
    /// Lock of the data folder.
    _lock: Option<File>,
}

impl Stack {
    /// Starts a stack. It is ready for requests when this returns.
    ///
    /// # Errors
    /// [`StackError`] if the port is in use, a binary is missing, the template is unreadable and so on.
    pub async fn start(options: Options) -> Result<Self, StackError> {
        let (listener, address) = listen(options.port).await?;
        let url = format!("http://{address}");
        let template = template::load(&options.template, &template_parameters(&url))?;
        let missing = lambda::missing_binaries(&template.functions, &options.bin_dir);
        if !missing.is_empty() {
            return Err(StackError::BinariesMissing { folder: options.bin_dir, names: missing });
        }
        let folder = match &options.data {
            Data::InMemory => None,
            Data::Folder(folder) => Some(folder.as_path()),
        };
        let lock = folder.map(lock_data_folder).transpose()?;
        let (shutdown_trigger, shutdown) = Shutdown::channel();
        let mut tasks = JoinSet::new();
        let dynamodb = DynamoDb::start(folder, &template.tables, &shutdown, &mut tasks).await?;
        let processes = Processes::default();
        let handles = StackHandles {
            dynamodb_url: dynamodb.url().to_owned(),
            table_rights: TableRights::from_template(&template),
            streams: streams::stream_handles(&template, &dynamodb),
            processes: processes.clone(),
            shutdown: shutdown.clone(),
        };
        let test_kit = match options.test_kit {
            None => None,
            Some(start) => Some(start(handles).await?),
        };
        let queues = Arc::new(Queues::from_template(folder, &template)?);
        let s3 = S3Server::start(folder, &template, &queues, test_kit.as_ref(), (&shutdown, &mut tasks)).await?;
        let functions_dynamodb_url = test_kit.as_ref().map_or(dynamodb.url(), |it| it.dynamodb_url());
        let settings = ProcessSettings {
            bin_dir: options.bin_dir,
            endpoints: endpoints(&url, functions_dynamodb_url, &s3.url),
            log_folder: folder.map(|folder| folder.join("log")),
        };
        let running = (&shutdown, &mut tasks);
        let functions =
            FunctionPool::start(&template.functions, settings, processes, test_kit.as_ref(), running).await?;
        let identity = Arc::new(IdentityProvider::start(folder, &url).await?);
        let failures = Arc::new(DocumentStore::open(folder, "failures")?);
        let checkpoints = Arc::new(DocumentStore::open(folder, "checkpoints")?);
        let mailbox = Arc::new(Mailbox::open(folder)?);
        let kms = Kms::open(folder, &template.keys).await?;
        let stack = Self {
            url: url.clone(),
            dynamodb_url: dynamodb.url().to_owned(),
            s3,
            table_name: template.tables.first().map(|table| table.name.clone()).unwrap_or_default(),
            ignored_event_sources: template.ignored_event_sources.clone(),
            functions: functions.clone(),
            shutdown_trigger,
            tasks,
            _lock: lock,
        };
        let index_page = IndexPage { url, dynamodb_url: dynamodb.url().to_owned(), template: template.clone() };
        let authorizer = options.authorizer.then(|| Authorizer {
            keys: identity.keys(),
            issuer: identity.issuer().to_owned(),
            audience: identity::AUDIENCE.to_owned(),
        });
        let gateway = Gateway {
            routes: template.routes.clone(),
            cors: template.cors.clone(),
            authorizer,
            throttle: options.throttling.then(Throttle::default),
            functions: functions.clone(),
        };
        let router = gateway::router(gateway)
            .merge(identity::routes(identity))
            .merge(reference_rates::routes())
            .merge(kms::routes(kms, test_kit.clone()))
            .merge(ses::routes(Arc::clone(&mailbox), event_publisher(&template, &queues), test_kit.clone()))
            .merge(ses::mailbox_routes(mailbox))
            .merge(sqs::routes(Arc::clone(&queues)))
            .merge(streams::routes(Arc::clone(&failures), functions.clone(), &template.streams))
            .merge(lambda::routes(functions.clone()))
            .merge(test_kit.as_ref().map(|it| it.routes()).unwrap_or_default())
            .layer(DefaultBodyLimit::max(MAX_BODY));
        let router = index_page::add_to(router, index_page);
        let router = own_host_only(router, address);
        let deps = ReaderDeps { dynamodb, functions, checkpoints, failures, test_kit };
        Ok(stack.run(listener, router, &template, &queues, &deps, &shutdown))
    }

    /// Serves requests and starts the event sources.
    fn run(
        mut self,
        listener: TcpListener,
        router: Router,
        template: &Template,
        queues: &Arc<Queues>,
        deps: &ReaderDeps,
        shutdown: &Shutdown,
    ) -> Self {
        streams::start(&template.streams, deps, shutdown, &mut self.tasks);
        sqs::start(&template.queue_sources, queues, &deps.functions, shutdown, &mut self.tasks);
        scheduler::start(&template.schedules, &deps.functions, shutdown, &mut self.tasks);
        let shutdown = shutdown.clone();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        self.tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(shutdown.wait()).await {
                eprintln!("the HTTP server of the stack ended: {error}");
            }
        });
        self
    }

    /// URL of the HTTP API, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Endpoint of the embedded DynamoDB.
    #[must_use]
    pub fn dynamodb_url(&self) -> &str {
        &self.dynamodb_url
    }

    /// Endpoint of S3; the bucket is in the path.
    #[must_use]
    pub fn s3_url(&self) -> &str {
        &self.s3.url
    }

    /// Name of the template's first table.
    #[must_use]
    pub fn table_name(&self) -> &str {
        &self.table_name
    }

    /// Event sources of the template that the stack does not support, as "function (type)".
    #[must_use]
    pub fn ignored_event_sources(&self) -> &[String] {
        &self.ignored_event_sources
    }

    /// Ends every function process and every server, and releases the data folder.
    pub async fn stop(mut self) {
        self.shutdown_trigger.shut_down();
        let ended = async {
            self.functions.wait_for_end().await;
            while self.tasks.join_next().await.is_some() {}
        };
        // After the timeout, the drop ends what still runs.
        let _ = tokio::time::timeout(STOP_TIMEOUT, ended).await;
    }
}

/// Returns the variables with the endpoints of the services for the SDK in a function.
fn endpoints(url: &str, dynamodb: &str, s3: &str) -> BTreeMap<String, String> {
    let endpoints = [
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.to_owned()),
        ("AWS_ENDPOINT_URL_S3", s3.to_owned()),
        ("AWS_ENDPOINT_URL_KMS", format!("{url}/_local/kms")),
        ("AWS_ENDPOINT_URL_SES", format!("{url}/_local/ses")),
    ];
    endpoints.map(|(name, value)| (name.to_owned(), value)).into()
}

fn event_publisher(template: &Template, queues: &Arc<Queues>) -> EventPublisher {
    EventPublisher {
        configuration_sets: template.configuration_sets.clone(),
        destinations: template.event_destinations.clone(),
        topics: Topics { subscriptions: template.subscriptions.clone(), queues: Arc::clone(queues) },
    }
}

async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), StackError> {
    let failed = |reason: std::io::Error| match reason.kind() {
        std::io::ErrorKind::AddrInUse => StackError::PortInUse(port),
        _ => StackError::Listen { port, reason },
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Creates the data folder and locks it. The operating system releases the lock at the end of the process.
fn lock_data_folder(folder: &Path) -> Result<File, StackError> {
    let failed = |reason| StackError::Folder { folder: folder.to_owned(), reason };
    std::fs::create_dir_all(folder.join("log")).map_err(failed)?;
    let lock = File::options().create(true).append(true).open(folder.join("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StackError::FolderInUse(folder.to_owned())),
        Err(TryLockError::Error(reason)) => Err(failed(reason)),
    }
}
