//! Organisation: the tenant that all other records belong to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::conversion::ReferenceSource;
use crate::error::DomainError;
use crate::ids::OrgId;
use crate::money::Currency;
use crate::payment_settings::PaymentSettings;
use crate::text::{DisplayName, EmailAddress, MailDomain};

/// Largest number of mail domains of an organisation.
pub const MAX_MAIL_DOMAINS: usize = 100;

/// Organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Identifier, `org_…`.
    pub id: OrgId,
    /// Display name.
    pub name: DisplayName,
    /// Base currency. Limits and amount bands of the workflow are compared in it.
    pub base_currency: Currency,
    /// Domains of the addresses that can become those of members; every domain when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mail_domains: Vec<MailDomain>,
    /// Reference rates that are used where the organisation has no rate of its own; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_source: Option<ReferenceSource>,
    /// Settings for payments; none until an admin has set them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payments: Option<Box<PaymentSettings>>,
    /// Version; grows by one with each change.
    #[serde(default = "first_version")]
    pub version: u64,
    /// Hash of the last event of the organisation's history; empty in records of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last_hash: String,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of closing. A closed organisation can be read and not changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

/// Settings of an organisation that its admins change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationSettings {
    /// Domains of the addresses that can become those of members; every domain when empty.
    pub mail_domains: Vec<MailDomain>,
    /// Reference rates that are used where the organisation has no rate of its own.
    pub rate_source: Option<ReferenceSource>,
}

impl Organisation {
    /// Current settings.
    #[must_use]
    pub fn settings(&self) -> OrganisationSettings {
        OrganisationSettings { mail_domains: self.mail_domains.clone(), rate_source: self.rate_source }
    }

    /// True when the organisation is closed.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed_at.is_some()
    }
}

const fn first_version() -> u64 {
    1
}

impl Organisation {
    /// Checks that an address can become that of a member: its domain is listed, or there is no list and the domain does
    /// not look like another one.
    ///
    /// # Errors
    /// [`DomainError::MailDomainNotListed`], [`DomainError::MailDomainLookalike`].
    pub fn check_address(&self, address: &EmailAddress) -> Result<(), DomainError> {
        if self.mail_domains.iter().any(|domain| *domain == address.domain()) {
            return Ok(());
        }
        if !self.mail_domains.is_empty() {
            return Err(DomainError::MailDomainNotListed { domain: address.domain().to_owned() });
        }
        if address.has_lookalike_domain() {
            return Err(DomainError::MailDomainLookalike { domain: address.domain().to_owned() });
        }
        Ok(())
    }
}
