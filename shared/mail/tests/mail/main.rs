//! Black-box tests of the mail crate, one binary so that they share their samples.

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod languages;
#[cfg(test)]
mod mime;
#[cfg(test)]
mod render;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod send;
#[cfg(test)]
mod statements;
