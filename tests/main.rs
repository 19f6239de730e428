//! Black-box tests: over HTTP, through the local gateway, against the real function binaries and the embedded DynamoDB.
//! Each test founds an organisation of its own, so all run at once. Nothing here reaches into the product's code.
#![cfg(test)]

mod support;

mod approval;
mod at_once;
mod check;
mod decisions;
mod delegation;
mod duties;
mod expenses;
mod history;
mod idempotency;
mod input;
mod large;
mod life;
mod limits;
mod lists;
mod mail;
mod members;
mod peer_cases;
mod policy;
mod rates;
mod restart;
mod rules;
mod service;
mod submit;
mod visibility;
