//! The interface between a stack and a test kit: the places where a kit observes or changes what happens. A stack
//! without a kit behaves as AWS does. Must not know what a kit does with it.

use async_trait::async_trait;
use axum::Router;
use axum::response::Response;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::aws::CallingProcess;

/// A service whose calls a test kit can intercept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// DynamoDB; its calls go through the kit's own endpoint.
    DynamoDb,
    /// KMS.
    Kms,
    /// S3.
    S3,
    /// SES.
    Ses,
}

/// A call to a service.
pub struct ServiceCall<'a> {
    /// Called service.
    pub service: Service,
    /// Operation, such as `PutObject`.
    pub operation: &'a str,
    /// Function process that signed the call; `None` for tests and tools.
    pub caller: Option<CallingProcess<'a>>,
    /// Makes the searchable text: the request body as sent; for S3 after a line with the path and the query.
    pub text: &'a (dyn Fn() -> Vec<u8> + Sync),
}

/// A failure that a test kit asks for. Each service answers it with its own error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceFailure {
    /// The caller sends too much.
    Throttled,
    /// The caller lacks a permission, or the service rejects the request.
    Denied,
    /// The service has an internal error.
    Unavailable,
}

impl ServiceFailure {
    /// Message of every failure that a kit asks for.
    pub const MESSAGE: &'static str = "made to fail by the test kit";
}

/// A step of a stream's reader.
#[derive(Debug, Clone, Copy)]
pub enum StreamProgress<'a> {
    /// Sequence number of the last record that was delivered, dropped or skipped; `None` at the start of the stream.
    Position(Option<&'a str>),
    /// End of an invocation of the function.
    Invocation {
        /// True when it ended with an error or its process was killed.
        has_failed: bool,
    },
    /// Number of records that the function has processed, or that were given up.
    Delivered(usize),
}

/// A test kit that takes part in a running stack.
#[async_trait]
pub trait TestKit: Send + Sync {
    /// DynamoDB endpoint for the functions.
    fn dynamodb_url(&self) -> &str;

    /// HTTP routes of the kit, served beside those of the stack.
    fn routes(&self) -> Router;

    /// Carries out a call to a service, or returns the failure that replaces its answer.
    async fn intercept(
        &self,
        call: ServiceCall<'_>,
        carry_out: BoxFuture<'_, Response>,
    ) -> Result<Response, ServiceFailure>;

    /// Receives a line that a function has logged.
    fn record_log_line(&self, line: &str);

    /// Returns the records to deliver in place of the given ones; `None` to deliver them unchanged.
    fn reshape_records(&self, function: &str, records: &[Value]) -> Option<Vec<Value>>;

    /// Receives the progress of the stream that calls a function.
    fn record_progress(&self, function: &str, progress: StreamProgress<'_>);
}

/// Carries out a call, through the test kit if there is one.
pub(crate) async fn intercept(
    kit: Option<&dyn TestKit>,
    call: ServiceCall<'_>,
    carry_out: impl Future<Output = Response> + Send,
) -> Result<Response, ServiceFailure> {
    match kit {
        None => Ok(carry_out.await),
        Some(kit) => kit.intercept(call, Box::pin(carry_out)).await,
    }
}
