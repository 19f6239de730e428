//! Tests of the files for and from banks.
#![cfg(test)]

mod answers;
mod fuzz;
mod golden;
mod nacha;
mod pain001;
mod samples;
