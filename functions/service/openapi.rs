//! `GET /v1/openapi.json`: the description of this API. The file is generated from the handlers; `tests/contract.rs` keeps it so.

use outlay_edge::{Problem, Reply};

/// Read the description of this API (OpenAPI 3.1).
#[utoipa::path(get, path = "/v1/openapi.json", operation_id = "serviceOpenapi", tag = "service", security(()),
    responses((status = 200, description = "This document.", body = serde_json::Value)))]
fn handler() -> Result<Reply, Problem> {
    let document: serde_json::Value =
        serde_json::from_str(include_str!("../../openapi.json")).map_err(Problem::internal)?;
    Reply::ok(&document)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_constant(handler).await
}
