//! Black-box tests: over HTTP, through the local gateway, against the real function binaries and the embedded DynamoDB.
//! Each test founds an organisation of its own, so all run at once. Only `conformance` calls product code, to verify tokens of others.
#![cfg(test)]

mod support;

mod approval;
mod at_once;
mod bad_inputs;
mod check;
mod conformance;
mod decisions;
mod delegation;
mod duties;
mod events;
mod expenses;
mod feedback;
mod history;
mod idempotency;
mod input;
mod integrity;
mod large;
mod life;
mod limits;
mod lists;
mod mail;
mod matrix;
mod members;
mod outbox;
mod path;
mod payout;
mod peer_cases;
mod policy;
mod privacy;
mod rate;
mod rates;
mod receipts;
mod receipts_arrived;
mod restart;
mod rules;
mod schedules;
mod service;
mod services;
mod submit;
mod template;
mod tokens;
mod twins;
mod visibility;
