//! SES events about unknown mail, kept for a week for the operator. The program does not read them.

use jiff::Timestamp;
use outlay_domain::ids::OrgId;
use serde::Serialize;

use crate::client::Store;
use crate::error::StoreError;
use crate::integrity::Stored;
use crate::items::to_item;
use crate::keys;

/// Event of SES about a mail without a delivery item.
#[derive(Serialize)]
struct UnknownSesEvent<'a> {
    body: &'a str,
    expires_at: i64,
}

impl Stored for UnknownSesEvent<'_> {
    // The program does not read it.
    const HAS_DIGEST: bool = false;
}

/// Time until the TTL, in seconds.
const RETENTION_SECS: i64 = 7 * 24 * 3600;

impl Store {
    /// Stores an SES event about unknown mail for a week. The same message and kind overwrite it.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "kept for the operator, no decision of the domain")]
    pub async fn put_unknown_ses_event(
        &self,
        org: Option<OrgId>,
        message_id: &str,
        kind: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let event = UnknownSesEvent { body, expires_at: now.as_second().saturating_add(RETENTION_SECS) };
        let item = to_item(&keys::unknown_ses_event(org, message_id, kind), "feedback", &event)?;
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
        Ok(())
    }
}
