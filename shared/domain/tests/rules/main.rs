//! The rules of the domain as its users see them: policy, routing, permissions and the life of a report.
#![cfg(test)]

mod by_itself;
mod duties;
mod history;
mod judgement;
mod life;
mod model;
mod payout;
mod peer_cases;
mod permissions;
mod policy;
mod privacy;
mod rate_limit;
mod receipts;
mod routing;
mod sequences;
mod services;
mod support;
mod world;
