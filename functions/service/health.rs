//! `GET /v1/health`: answers with the deployed version. It needs no access token and reads nothing.

use outlay_aws::RunResult;
use outlay_http::runtime::serve_static;
use outlay_http::{Problem, Reply};
use serde::Serialize;
use utoipa::ToSchema;

/// State of the service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
struct HealthOut {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// Deployed version.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Check that the API is available.
///
/// No access token needed.
#[utoipa::path(
    get,
    path = "/v1/health",
    operation_id = "serviceHealth",
    tag = "service",
    security(()),
    responses((status = 200, description = "Available.", body = HealthOut))
)]
fn handler() -> Result<Reply, Problem> {
    Reply::ok(&HealthOut { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve_static(handler).await
}
