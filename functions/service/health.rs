//! `GET /v1/health`: says that the API answers, and in which version. It needs no sign-in and touches nothing.

use outlay_edge::{Problem, Reply};
use serde::Serialize;
use utoipa::ToSchema;

/// The state of the service.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
struct HealthOut {
    /// Always `ok`: whoever cannot answer does not.
    #[schema(example = "ok")]
    status: &'static str,
    /// The version that is deployed.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Ask whether the API answers.
#[utoipa::path(get, path = "/v1/health", operation_id = "serviceHealth", tag = "service", security(()),
    responses((status = 200, description = "It does.", body = HealthOut)))]
fn handler() -> Result<Reply, Problem> {
    Reply::ok(&HealthOut { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_constant(handler).await
}
