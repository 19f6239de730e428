//! The clock, randomness and the environment. No other module reads them: the others take values, so that tests can
//! choose them.

use std::ffi::OsString;
use std::fmt::Write as _;

use jiff::Timestamp;

/// Reads the clock.
#[expect(clippy::disallowed_methods, reason = "this module owns the clock")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Makes random bytes that cannot be guessed.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this module owns randomness")]
pub fn secret<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0_u8; LENGTH];
    // An operating system that cannot give a few random bytes cannot run anything here.
    if getrandom::fill(&mut bytes).is_err() {
        std::process::abort();
    }
    bytes
}

/// Makes a random UUID, version 4.
#[must_use]
pub fn uuid() -> String {
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

/// Reads the search path, the only variable that a function inherits; the others come from the template.
#[expect(clippy::disallowed_methods, reason = "this module owns the environment")]
pub(crate) fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// Returns the cargo that started this program, or `cargo` on the search path.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this module owns the environment")]
pub fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
