//! `GET /v1/openapi.json`: returns the description of this API. The file is generated from the handlers;
//! `tests/contract.rs` keeps it current.

use outlay_aws::RunResult;
use outlay_http::runtime::serve_static;
use outlay_http::{Problem, Reply};

/// Get the OpenAPI 3.1 description of this API.
///
/// No access token needed.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    operation_id = "serviceOpenapi",
    tag = "service",
    security(()),
    responses((status = 200, description = "This document.", body = serde_json::Value))
)]
fn handler() -> Result<Reply, Problem> {
    let document: serde_json::Value =
        serde_json::from_str(include_str!("../../openapi.json")).map_err(Problem::internal)?;
    Reply::ok(&document)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve_static(handler).await
}
