//! What a mail is counted by before it is sent: daily quotas of the organisation and of the mailbox, monthly invitations
//! of the mailbox, and whether the invited member has signed in. Mailboxes are counted over all organisations.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use outlay_domain::change::today;
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::rate_limit::{MailQuotas, RateLimitPlan};

use crate::attributes::{key_attributes, text, text_of};
use crate::client::Store;
use crate::error::StoreError;
use crate::items::from_item;
use crate::keys::{self, PrimaryKey, names};

const DAY_SECS: i64 = 24 * 3600;

impl Store {
    /// Notes that an invited member has made a request with their own token.
    ///
    /// # Errors
    /// [`StoreError`]
    #[expect(clippy::disallowed_methods, reason = "a note of a sign-in is no decision of the domain")]
    pub async fn note_sign_in(&self, org: OrgId, member: MemberId, now: Timestamp) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_attributes(&keys::sign_in(org, member))))
            .update_expression("SET entity = :entity, #at = if_not_exists(#at, :at)")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":entity", text("sign_in"))
            .expression_attribute_values(":at", AttributeValue::S(now.to_string()))
            .send()
            .await?;
        Ok(())
    }

    /// Reads the mail quotas of an organisation, and whether an invited member has signed in.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn mail_limits(&self, org: OrgId, to: MemberId) -> Result<(MailQuotas, bool), StoreError> {
        let wanted = [keys::plan(org), keys::sign_in(org, to)];
        let found = self.batch_get(wanted.iter().map(key_attributes).collect()).await?;
        let (mut quotas, mut has_signed_in) = (MailQuotas::STANDARD, false);
        for item in found {
            if text_of(&item, names::PK) == Some(wanted[0].pk.as_str()) {
                quotas = from_item::<RateLimitPlan>(item)?.mail;
            } else {
                has_signed_in = true;
            }
        }
        Ok((quotas, has_signed_in))
    }

    /// Counts a mail to an address. Returns `false`, and counts nothing, when a quota is used up.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count_mail(
        &self,
        org: OrgId,
        address: &str,
        is_invitation: bool,
        quotas: MailQuotas,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let day = today(now).utc();
        let invitation = is_invitation
            .then(|| (keys::invitations_of_mailbox(address, day), quotas.invitations_per_month, 32 * DAY_SECS));
        let counters = [
            invitation,
            Some((keys::mail_of_mailbox(address, day), quotas.person_per_day, 2 * DAY_SECS)),
            Some((keys::mail_of_organisation(org, day), quotas.organisation_per_day, 2 * DAY_SECS)),
        ];
        let mut counted: Vec<PrimaryKey> = Vec::new();
        for (key, most, lifetime) in counters.into_iter().flatten() {
            if !self.reserve(&key, 1, most.into(), now.as_second().saturating_add(lifetime)).await? {
                for key in counted {
                    self.release_daily_quota(&key, 1).await?;
                }
                return Ok(false);
            }
            counted.push(key);
        }
        Ok(true)
    }
}
