//! Organisations over the API: output, and mail domains as input.

use outlay_domain::conversion::ReferenceSource;
use outlay_domain::organisation::{MAX_MAIL_DOMAINS, Organisation};
use outlay_domain::text::MailDomain;
use outlay_input::FieldErrors;
use serde::Serialize;
use utoipa::ToSchema;

use super::common::time;

/// Organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Organisation)]
pub struct OrganisationOut {
    /// Identifier, `org_…`.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Base currency, ISO 4217 code.
    #[schema(example = "EUR")]
    pub base_currency: String,
    /// Domains of the addresses that can become those of members, in ASCII; every domain when empty.
    #[schema(example = json!(["example.com"]))]
    pub mail_domains: Vec<String>,
    /// Reference rates that are used where finance has entered no rate; none when null.
    pub rate_source: Option<ReferenceSource>,
    /// Version; grows by one with each change. The `ETag` without its quotes.
    pub version: u64,
    /// Time of creation, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl From<&Organisation> for OrganisationOut {
    fn from(organisation: &Organisation) -> Self {
        Self {
            id: organisation.id.to_string(),
            name: organisation.name.to_string(),
            base_currency: organisation.base_currency.to_string(),
            mail_domains: organisation.mail_domains.iter().map(ToString::to_string).collect(),
            rate_source: organisation.rate_source,
            version: organisation.version,
            created_at: time(organisation.created_at),
        }
    }
}

/// Parses mail domains: sorted, each once.
pub fn parse_mail_domains(raw: Vec<String>, errors: &mut FieldErrors) -> Option<Vec<MailDomain>> {
    if raw.len() > MAX_MAIL_DOMAINS {
        errors.push("mail_domains", "length", format!("Must have at most {MAX_MAIL_DOMAINS} entries."));
        return None;
    }
    let mut domains = errors.each("mail_domains", raw, |raw, errors| errors.parse::<MailDomain>("", raw))?;
    domains.sort_unstable();
    domains.dedup();
    Some(domains)
}
