//! Typed, time-ordered identifiers: a `TypeID` (a prefix and a `UUIDv7` in base32, <https://github.com/jetify-com/typeid>).
//! This file must not make randomness; [`Seed`] brings it in.

use jiff::Timestamp;
use type_safe_id::{StaticType, TypeSafeId};

macro_rules! identifiers {
    ($($(#[$doc:meta])* $tag:ident $name:ident $prefix:literal;)*) => {$(
        /// The tag type of the identifier alias with the same prefix.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $tag;
        impl StaticType for $tag {
            const TYPE: &'static str = $prefix;
        }
        $(#[$doc])*
        pub type $name = TypeSafeId<$tag>;
    )*};
}

identifiers! {
    /// An organisation, `org_…`.
    OrgTag OrgId "org";
    /// A member of one organisation, `mem_…`.
    MemberTag MemberId "mem";
    /// An expense report, `rep_…`.
    ReportTag ReportId "rep";
    /// An expense (a line of a report), `exp_…`.
    ExpenseTag ExpenseId "exp";
    /// A receipt (a file behind an expense), `rcp_…`.
    ReceiptTag ReceiptId "rcp";
}

/// What makes identifiers: the time of the request and random bytes drawn once for it.
///
/// Every identifier takes the next 10 bytes, so the same seed gives the same identifiers in the same order.
#[derive(Clone, Debug)]
pub struct Seed {
    now: Timestamp,
    random: [u8; 10],
    drawn: u32,
}

impl Seed {
    /// A seed from the time of the request and ten random bytes.
    #[must_use]
    pub const fn new(now: Timestamp, random: [u8; 10]) -> Self {
        Self { now, random, drawn: 0 }
    }

    /// The next identifier of the wanted type.
    pub fn draw<T: StaticType>(&mut self) -> TypeSafeId<T> {
        let mut random = self.random;
        // The last four bytes count the identifiers of one request: distinct from each other and in order, so the
        // count starts in the lower half and cannot wrap.
        let base = u32::from_be_bytes([random[6] & 0x7F, random[7], random[8], random[9]]);
        random[6..].copy_from_slice(&base.wrapping_add(self.drawn).to_be_bytes());
        self.drawn = self.drawn.wrapping_add(1);
        let millis = u64::try_from(self.now.as_millisecond()).unwrap_or(0);
        TypeSafeId::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_one_seed_differ_and_carry_their_prefix() {
        let mut seed = Seed::new(Timestamp::from_second(1_763_800_000).unwrap(), [255; 10]);
        let first: ReportId = seed.draw();
        let second: ReportId = seed.draw();
        assert_ne!(first, second);
        assert!(first.to_string().starts_with("rep_01"));
        assert_eq!(first.to_string().parse::<ReportId>().unwrap(), first);
        assert!(first.to_string().parse::<OrgId>().is_err());
    }
}
