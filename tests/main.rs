//! Black-box tests: over HTTP, through the local gateway, against the real function binaries and the embedded DynamoDB.
//! Each test founds an organisation of its own, so all run at once. Nothing here reaches into the product's code.
#![cfg(test)]

mod support;

mod decisions;
mod expenses;
mod idempotency;
mod input;
mod lists;
mod mail;
mod members;
mod policy;
mod rates;
mod restart;
mod service;
mod submit;
mod visibility;
