//! Tests of the files for and from banks.
#![cfg(test)]

mod golden;
mod nacha;
mod pain001;
mod samples;
