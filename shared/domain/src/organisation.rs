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
}
