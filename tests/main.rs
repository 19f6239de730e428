//! Black-box tests: over HTTP, through the local gateway, against the real function binaries and the embedded DynamoDB.
//! Each test creates its own organisation, so all tests run concurrently. Only `conformance` calls product code, to
//! verify foreign tokens.
#![cfg(test)]

mod support;

mod access_matrix;
mod approval;
mod automatic_approval;
mod bad_inputs;
mod bank_files;
mod batches;
mod concurrency;
mod conformance;
mod cors;
mod currencies;
mod decisions;
mod delegation;
mod documents;
mod end_to_end;
mod equal_bills;
mod events;
mod exchange_rates;
mod expenses;
mod findings;
mod history;
mod idempotency;
mod integrity;
mod journal;
mod large_reports;
mod lifecycle;
mod lists;
mod mail;
mod mail_domains;
mod mail_limits;
mod member_self_service;
mod members;
mod organisations;
mod outbox;
mod payout;
mod peer_cases;
mod policy;
mod policy_check;
mod policy_rules;
mod privacy;
mod public_endpoints;
mod rate_limit;
mod receipt_processing;
mod receipts;
mod reference_rates;
mod refunds;
mod restart;
mod rule_effects;
mod schedules;
mod separation_of_duties;
mod services;
mod ses_events;
mod spending_limits;
mod split_bills;
mod submit;
mod taxes;
mod template;
mod tenant_isolation;
mod time_zones;
mod tokens;
mod validation;
mod visibility;
