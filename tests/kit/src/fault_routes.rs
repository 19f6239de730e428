//! The fault rules over HTTP.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::faults::{Faults, Rule};

/// Makes the routes of the rules.
pub(crate) fn routes(faults: Arc<Faults>) -> Router {
    Router::new()
        .route("/_local/faults", post(add_rule))
        .route("/_local/faults/{id}", get(get_rule).delete(delete_rule))
        .with_state(faults)
}

/// `POST /_local/faults`: adds a rule.
async fn add_rule(State(faults): State<Arc<Faults>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Rule>(&body) {
        Ok(rule) => {
            let answer = Json(json!({ "id": rule.id })).into_response();
            faults.rules().push(rule);
            answer
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "message": error.to_string() }))).into_response(),
    }
}

/// `GET /_local/faults/{id}`: number of calls that a rule has matched.
async fn get_rule(State(faults): State<Arc<Faults>>, Path(id): Path<String>) -> Response {
    let hits = faults.rules().iter().find(|rule| rule.id == id).map(|rule| rule.hits);
    hits.map_or_else(not_found, |hits| Json(json!({ "hits": hits })).into_response())
}

/// `DELETE /_local/faults/{id}`: removes a rule; returns the number of calls that it has matched.
async fn delete_rule(State(faults): State<Arc<Faults>>, Path(id): Path<String>) -> Response {
    let mut rules = faults.rules();
    let removed = rules.iter().position(|rule| rule.id == id).map(|position| rules.remove(position));
    removed.map_or_else(not_found, |rule| Json(json!({ "hits": rule.hits })).into_response())
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "message": "there is no such rule" }))).into_response()
}
