//! Reference rates of the European Central Bank: reads its files and keeps the stored tables current. Must not know
//! organisations; the domain decides which rate counts.

mod eurofxref;
mod loader;

pub use eurofxref::{RatesFileError, parse_rates_file};
pub use loader::{LoadRatesError, RatesLoader};
