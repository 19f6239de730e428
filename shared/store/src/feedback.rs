//! What SES told of mail that is not known here: kept for a week for whoever looks into it. Nothing is done with it.

use jiff::Timestamp;
use outlay_domain::ids::OrgId;
use serde::Serialize;

use crate::items::to_item;
use crate::keys;
use crate::{Store, StoreError};

/// What SES told of a mail that is not known here.
#[derive(Serialize)]
struct UnknownFeedback<'a> {
    body: &'a str,
    expires_at: i64,
}

/// How long it is kept, in seconds.
const KEPT: i64 = 7 * 24 * 3600;

impl Store {
    /// Keeps what SES told of a mail that is not known here for a week.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "no decision of the rules")]
    pub async fn keep_feedback(
        &self,
        org: Option<OrgId>,
        message_id: &str,
        kind: &str,
        body: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let unplaced = UnknownFeedback { body, expires_at: now.as_second().saturating_add(KEPT) };
        let item = to_item(&keys::feedback(org, message_id, kind), "feedback", &unplaced)?;
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
        Ok(())
    }
}
