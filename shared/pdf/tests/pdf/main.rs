//! Black-box tests of the PDF crate, one binary so that they share their samples.

#[cfg(test)]
mod embedding;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod languages;
#[cfg(test)]
mod render;
#[cfg(test)]
mod samples;
