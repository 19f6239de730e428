//! Every key of the bucket. What was uploaded and not looked at lies under `quarantine/`, what is kept under `clean/`; the rights of the
//! functions and the life of the objects follow the prefix. A key is made of identifiers only, never of what a person wrote.

use std::fmt;

use outlay_domain::ids::{OrgId, ReceiptId, ReportId};

/// Where the files of one receipt lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The organisation.
    pub org: OrgId,
    /// The report.
    pub report: ReportId,
    /// The receipt.
    pub receipt: ReceiptId,
}

/// What the keys of its files have in common; in logs, its name.
impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.org, self.report, self.receipt)
    }
}

/// The folder of what was not looked at.
const QUARANTINE: &str = "quarantine";
/// The folder of what is kept.
const CLEAN: &str = "clean";

impl Slot {
    /// Where the file is uploaded to.
    #[must_use]
    pub fn quarantine(&self) -> String {
        self.under(QUARANTINE)
    }

    /// Where the file is kept.
    #[must_use]
    pub fn clean(&self) -> String {
        self.under(CLEAN)
    }

    /// Where the picture of the file is kept.
    #[must_use]
    pub fn preview(&self) -> String {
        format!("{}.preview", self.clean())
    }

    /// The slot that was uploaded to, from the key as an event names it; `None` when it is any other key.
    #[must_use]
    pub fn of_quarantine(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix(QUARANTINE)?.strip_prefix('/')?.splitn(3, '/');
        let slot = Self {
            org: parts.next()?.parse().ok()?,
            report: parts.next()?.parse().ok()?,
            receipt: parts.next()?.parse().ok()?,
        };
        // A second spelling of an identifier would be a second key for the same slot.
        (slot.quarantine() == key).then_some(slot)
    }

    fn under(&self, folder: &str) -> String {
        format!("{folder}/{self}")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jiff::Timestamp;
    use outlay_domain::ids::Seed;

    use super::*;

    pub(crate) fn slot() -> Slot {
        let mut seed = Seed::new(Timestamp::from_second(1_763_800_000).unwrap(), [7; 10]);
        Slot { org: seed.draw(), report: seed.draw(), receipt: seed.draw() }
    }

    #[test]
    fn a_key_names_its_slot() {
        let slot = slot();
        let Slot { org, report, receipt } = slot;
        assert_eq!(slot.quarantine(), format!("quarantine/{org}/{report}/{receipt}"));
        assert_eq!(slot.clean(), format!("clean/{org}/{report}/{receipt}"));
        assert_eq!(slot.preview(), format!("clean/{org}/{report}/{receipt}.preview"));
        assert_eq!(Slot::of_quarantine(&slot.quarantine()), Some(slot));
    }

    #[test]
    fn no_other_key_names_a_slot() {
        let slot = slot();
        let Slot { org, report, receipt } = slot;
        let good = slot.quarantine();
        for key in [
            String::new(),
            slot.clean(),
            slot.preview(),
            format!("/{good}"),
            format!("{good}/"),
            format!("{good}.preview"),
            good.to_uppercase(),
            good.replace('_', "%5F"),
            good.replace("quarantine/", "quarantine//"),
            format!("quarantine/{org}/{report}"),
            format!("quarantine/{report}/{org}/{receipt}"),
            format!("quarantine/{org}/../{receipt}"),
        ] {
            assert_eq!(Slot::of_quarantine(&key), None, "{key}");
        }
    }
}
