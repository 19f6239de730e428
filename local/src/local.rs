//! What the HTTP handlers of the stack share, and the table of its own addresses.

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};

use crate::authorizer::Authorizer;
use crate::faults::{self, Faults};
use crate::gateway::throttle::Throttle;
use crate::host::Host;
use crate::host::record::{self, Record};
use crate::identity::{self, Identity};
use crate::kms::{self, Kms};
use crate::mailbox::feedback::Feedback;
use crate::mailbox::{self, Mailbox};
use crate::queue::{self, Queues};
use crate::store::Store;
use crate::stream::probe::{self, Probes};
use crate::template::Template;
use crate::{gateway, invocations, stream, welcome};

/// The largest body for the stack's own addresses: a message of SES's size, encoded.
const LARGEST: usize = 16 * 1024 * 1024;

/// Handle to the parts.
#[derive(Clone)]
pub(crate) struct Local(Arc<Parts>);

/// The parts of a running stack.
pub(crate) struct Parts {
    pub(crate) url: String,
    pub(crate) dynamodb_url: String,
    pub(crate) template: Template,
    pub(crate) host: Host,
    pub(crate) identity: Identity,
    /// Absent in a gateway that was set up without one.
    pub(crate) authorizer: Option<Authorizer>,
    /// Absent if routes take as much as comes.
    pub(crate) throttle: Option<Throttle>,
    pub(crate) mailbox: Mailbox,
    pub(crate) feedback: Arc<Feedback>,
    pub(crate) queues: Arc<Queues>,
    pub(crate) failures: Arc<Store>,
    pub(crate) kms: Kms,
    /// This and the next two in a stack for tests only.
    pub(crate) probes: Option<Arc<Probes>>,
    pub(crate) faults: Option<Arc<Faults>>,
    pub(crate) record: Option<Arc<Record>>,
}

impl Deref for Local {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// Everything that the stack answers; what is not its own goes to the gateway.
pub(crate) fn router(parts: Parts) -> Router {
    let mut router = Router::new();
    if parts.faults.is_some() {
        router = router
            .route("/_local/faults", post(faults::add))
            .route("/_local/faults/{id}", get(faults::hits).delete(faults::remove));
    }
    if parts.probes.is_some() {
        router = router.route("/_local/streams/{function}", get(probe::status).post(probe::set));
    }
    if parts.record.is_some() {
        router = router.route("/_local/log", get(record::show));
    }
    router
        .route("/", get(welcome::page))
        .route("/_local/token", post(identity::token))
        .route("/_local/oidc/.well-known/openid-configuration", get(identity::configuration))
        .route("/_local/oidc/jwks.json", get(identity::keys))
        .route("/_local/oidc/rotate", post(identity::rotate))
        .route("/_local/oidc/availability", put(identity::availability))
        .route("/_local/oidc/requests", get(identity::requests))
        .route("/_local/kms", post(kms::call))
        .route("/_local/kms/", post(kms::call))
        .route("/_local/mail", get(mailbox::index))
        .route("/_local/mail/{name}", get(mailbox::message))
        .route("/_local/failures", get(stream::failures::list))
        .route("/_local/failures/redrive", post(stream::failures::redrive))
        .route("/_local/queues/{queue}", get(queue::http::list).post(queue::http::put))
        .route("/_local/queues/{queue}/redrive", post(queue::http::redrive))
        .route("/_local/ses", post(mailbox::ses::call))
        .route("/_local/ses/", post(mailbox::ses::call))
        .route("/2015-03-31/functions/{function}/invocations", post(invocations::invoke))
        .fallback(gateway::handle)
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(Local(Arc::new(parts)))
}
