//! `GET /`: answers with the name, the version and the public paths of the API. It needs no access token and reads
//! nothing.

use outlay_aws::RunResult;
use outlay_http::runtime::serve_static;
use outlay_http::{Problem, Reply};
use serde::Serialize;
use utoipa::ToSchema;

/// Entry of the API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Root)]
struct RootOut {
    /// Name of the service.
    #[schema(example = "Outlay")]
    name: &'static str,
    /// Deployed version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Path of the OpenAPI description, which lists all other paths.
    #[schema(example = "/v1/openapi.json")]
    openapi: &'static str,
    /// Path that answers while the API is available.
    #[schema(example = "/v1/health")]
    health: &'static str,
}

/// Get the entry of the API.
///
/// No access token needed.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "serviceRoot",
    tag = "service",
    security(()),
    responses((status = 200, description = "Name, version and public paths.", body = RootOut))
)]
fn handler() -> Result<Reply, Problem> {
    Reply::ok(&RootOut {
        name: "Outlay",
        version: env!("CARGO_PKG_VERSION"),
        openapi: "/v1/openapi.json",
        health: "/v1/health",
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve_static(handler).await
}
