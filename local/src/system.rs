//! The only place that reads the clock, makes random numbers or looks at the environment.
//! Everything else gets these as values, so that it can be tested without them.

use std::ffi::OsString;
use std::fmt::Write as _;

use jiff::Timestamp;

/// The current time.
#[expect(clippy::disallowed_methods, reason = "this module owns the clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Random bytes that nobody can guess.
#[expect(clippy::disallowed_methods, reason = "this module owns randomness")]
pub(crate) fn secret<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0_u8; LENGTH];
    // An operating system that cannot give a few random bytes cannot run anything here.
    if getrandom::fill(&mut bytes).is_err() {
        std::process::abort();
    }
    bytes
}

/// A random identifier in the form of a version 4 UUID.
pub(crate) fn uuid() -> String {
    let mut bytes = secret::<16>();
    if let Some(version) = bytes.get_mut(6) {
        *version = (*version & 0x0f) | 0x40;
    }
    if let Some(variant) = bytes.get_mut(8) {
        *variant = (*variant & 0x3f) | 0x80;
    }
    let mut text = String::with_capacity(36);
    for (position, byte) in bytes.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The search path that a started function inherits; the rest of its environment is made from the template.
#[expect(clippy::disallowed_methods, reason = "this module owns the environment")]
pub(crate) fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// The cargo that started this program, or the one on the search path.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this module owns the environment")]
pub fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
