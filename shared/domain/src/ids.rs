//! Typed, time-ordered identifiers: a `TypeID` (a prefix and a `UUIDv7` in base32,
//! <https://github.com/jetify-com/typeid>). Nothing here draws random numbers: [`IdGenerator`] receives them.

use jiff::Timestamp;
use type_safe_id::{StaticType, TypeSafeId};

macro_rules! identifiers {
    ($($(#[$doc:meta])* $tag:ident $name:ident $prefix:literal;)*) => {$(
        /// Tag type of the identifier with the same prefix.
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
    /// Identifier of an organisation, `org_…`.
    OrgTag OrgId "org";
    /// Identifier of a member of one organisation, `mem_…`.
    MemberTag MemberId "mem";
    /// Identifier of an expense report, `rep_…`.
    ReportTag ReportId "rep";
    /// Identifier of an expense (a line of a report), `exp_…`.
    ExpenseTag ExpenseId "exp";
    /// Identifier of a receipt (the file of an expense), `rcp_…`.
    ReceiptTag ReceiptId "rcp";
    /// Identifier of a journal entry, `jou_…`.
    JournalEntryTag JournalEntryId "jou";
    /// Identifier of a batch (approved reports that are paid together), `bat_…`.
    BatchTag BatchId "bat";
    /// Identifier of a payment (one payee's part of a batch), `pay_…`.
    PaymentTag PaymentId "pay";
}

/// Generator of identifiers from the time of the request and ten random bytes drawn once for it.
///
/// The same input gives the same identifiers in the same order.
#[derive(Clone, Debug)]
pub struct IdGenerator {
    now: Timestamp,
    random: [u8; 10],
    count: u32,
}

impl IdGenerator {
    /// Creates a generator from the time of the request and ten random bytes.
    #[must_use]
    pub const fn new(now: Timestamp, random: [u8; 10]) -> Self {
        Self { now, random, count: 0 }
    }

    /// Returns the next identifier.
    pub fn next_id<T: StaticType>(&mut self) -> TypeSafeId<T> {
        let mut random = self.random;
        // The last four bytes count the identifiers of one request, so they are distinct and in order. The count starts
        // in the lower half and cannot wrap.
        let base = u32::from_be_bytes([random[6] & 0x7F, random[7], random[8], random[9]]);
        random[6..].copy_from_slice(&base.wrapping_add(self.count).to_be_bytes());
        self.count = self.count.wrapping_add(1);
        let millis = u64::try_from(self.now.as_millisecond()).unwrap_or(0);
        TypeSafeId::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_one_seed_differ_and_carry_their_prefix() {
        let mut ids = IdGenerator::new(Timestamp::from_second(1_763_800_000).unwrap(), [255; 10]);
        let first: ReportId = ids.next_id();
        let second: ReportId = ids.next_id();
        assert_ne!(first, second);
        assert!(first.to_string().starts_with("rep_01"));
        assert_eq!(first.to_string().parse::<ReportId>().unwrap(), first);
        assert!(first.to_string().parse::<OrgId>().is_err());
    }
}
