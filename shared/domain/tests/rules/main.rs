//! Rules of the domain through its public interface: policy, routing, permissions and the lifecycle of a report.
#![cfg(test)]

mod background_jobs;
mod bank_files;
mod batch_duties;
mod batch_model;
mod batch_permissions;
mod batch_sums;
mod batches;
mod currency;
mod evaluation;
mod history;
mod ledger;
mod ledger_settings;
mod ledger_sums;
mod lifecycle;
mod members;
mod model;
mod payout;
mod peer_cases;
mod permissions;
mod policy;
mod privacy;
mod rate_limit;
mod receipts;
mod refusals;
mod routing;
mod separation_of_duties;
mod sequences;
mod services;
mod statements;
mod support;
mod treasury;
mod world;
