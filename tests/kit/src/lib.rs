//! Test kit of the local stack. It makes services fail, hang or lose answers, kills function processes, reshapes
//! streams and records the log of the functions, all by HTTP routes under `/_local/`. Tests pass [`start`] as the
//! `test_kit` option of a stack; no other program uses it.

mod chance;
mod dynamodb_proxy;
mod fault_routes;
mod faults;
mod log_record;
mod streams;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::response::Response;
use futures_util::future::BoxFuture;
use outlay_local::{ServiceCall, ServiceFailure, StackError, StackHandles, StreamProgress, TestKit};
use serde_json::Value;

use faults::Faults;
use log_record::LogRecord;
use streams::Streams;

/// Starts a test kit within a stack.
#[must_use]
pub fn start(handles: StackHandles) -> BoxFuture<'static, Result<Arc<dyn TestKit>, StackError>> {
    Box::pin(async move {
        let faults = Arc::new(Faults::new(handles.processes, handles.shutdown.clone()));
        let rights = Arc::new(handles.table_rights);
        let dynamodb_url = dynamodb_proxy::start(&handles.dynamodb_url, &rights, &faults, handles.shutdown).await?;
        let streams = Arc::new(Streams::new(handles.streams));
        let kit: Arc<dyn TestKit> = Arc::new(Kit { dynamodb_url, faults, streams, log: Arc::default() });
        Ok(kit)
    })
}

/// The running kit.
struct Kit {
    dynamodb_url: String,
    faults: Arc<Faults>,
    streams: Arc<Streams>,
    log: Arc<LogRecord>,
}

#[async_trait]
impl TestKit for Kit {
    fn dynamodb_url(&self) -> &str {
        &self.dynamodb_url
    }

    fn routes(&self) -> Router {
        fault_routes::routes(Arc::clone(&self.faults))
            .merge(streams::routes(Arc::clone(&self.streams)))
            .merge(log_record::routes(Arc::clone(&self.log)))
    }

    async fn intercept(
        &self,
        call: ServiceCall<'_>,
        carry_out: BoxFuture<'_, Response>,
    ) -> Result<Response, ServiceFailure> {
        self.faults.intercept(&call, carry_out).await
    }

    fn record_log_line(&self, line: &str) {
        self.log.append(line);
    }

    fn reshape_records(&self, function: &str, records: &[Value]) -> Option<Vec<Value>> {
        self.streams.get(function)?.reshape(records)
    }

    fn record_progress(&self, function: &str, progress: StreamProgress<'_>) {
        if let Some(stream) = self.streams.get(function) {
            stream.record(progress);
        }
    }
}
