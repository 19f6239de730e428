//! The rules of the domain as its users see them: policy, routing, permissions and the life of a report.
#![cfg(test)]

mod life;
mod permissions;
mod policy;
mod routing;
mod support;
