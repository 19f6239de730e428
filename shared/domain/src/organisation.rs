//! An organisation: the tenant that everything else belongs to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::OrgId;
use crate::money::Currency;

/// An organisation that runs its expenses with Outlay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Identifier, `org_…`.
    pub id: OrgId,
    /// The name people know it by.
    pub name: String,
    /// The currency of its books; limits and approval bands are judged in it.
    pub base_currency: Currency,
    /// When it was created.
    pub created_at: Timestamp,
}
