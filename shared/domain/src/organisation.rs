//! Organisation: the tenant that all other records belong to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::OrgId;
use crate::money::Currency;
use crate::text::DisplayName;

/// Organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Identifier, `org_…`.
    pub id: OrgId,
    /// Display name.
    pub name: DisplayName,
    /// Base currency. Limits and amount bands of the workflow are compared in it.
    pub base_currency: Currency,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of closing. A closed organisation can be read and not changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

impl Organisation {
    /// True when the organisation is closed.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed_at.is_some()
    }
}
