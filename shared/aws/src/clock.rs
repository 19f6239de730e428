//! Time and randomness. Handlers and the domain take both as arguments.

use jiff::Timestamp;

/// Time of a request, and the random bytes of its identifiers.
#[derive(Clone, Copy, Debug)]
pub struct RequestClock {
    /// Time of the request, to the millisecond.
    pub now: Timestamp,
    /// Random part of an identifier.
    pub random: [u8; 10],
}

impl RequestClock {
    /// Reads the clock and draws random bytes.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that owns the random source")]
    pub fn read() -> Self {
        let mut random = [0; 10];
        // A system without randomness cannot do TLS either; identifiers then still differ by time.
        let _ = getrandom::fill(&mut random);
        Self { now: now(), random }
    }
}

/// Current time, to the millisecond, which is the resolution of all stored times.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that owns the clock")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
