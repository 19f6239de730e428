//! `POST /v1/orgs`: a signed-in person founds an organisation and becomes its first member, an admin.

use outlay_domain::change::{Change, Founder, found};
use outlay_domain::language::Language;
use outlay_domain::money::Currency;
use outlay_edge::api::common::{IdempotencyKeyRequired, Problems, time};
use outlay_edge::api::member::{LanguageIo, MemberOut};
use outlay_edge::call::Input;
use outlay_edge::daily::{Daily, allow};
use outlay_edge::{Call, Faults, Outcome, Problem, ProblemType, Reply, checks};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// An organisation to found.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrganisationIn {
    /// The name people know it by; 1 to 200 characters, and no address of a page.
    #[validate(custom(function = "checks::name"))]
    #[schema(example = "Acme")]
    name: String,
    /// The currency of its books; approval bands are in it.
    #[schema(example = "EUR")]
    base_currency: String,
    /// The language its founder is written to in; English when absent.
    language: Option<LanguageIo>,
    /// The IANA name of the founder's time zone; UTC when absent.
    #[validate(custom(function = "checks::time_zone"))]
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
}

impl Input for OrganisationIn {
    type Checked = (String, Currency, Language, Option<String>);

    fn check(self, _: jiff::Timestamp, faults: &mut Faults) -> Option<Self::Checked> {
        let base_currency = checks::currency(&self.base_currency, "base_currency", faults)?;
        let language = self.language.map(Into::into).unwrap_or_default();
        Some((checks::cleaned(&self.name), base_currency, language, self.time_zone))
    }
}

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organisation)]
struct OrganisationOut {
    /// Identifier, `org_…`.
    id: String,
    /// The name people know it by.
    name: String,
    /// The currency of its books.
    base_currency: String,
    /// When it was founded, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// The founder, who is its first admin.
    member: MemberOut,
}

/// Found an organisation.
///
/// Whoever is signed in with a verified e-mail address may. He becomes its first admin.
#[utoipa::path(post, path = "/v1/orgs", operation_id = "organisationsCreate", tag = "organisation",
    params(IdempotencyKeyRequired), request_body = OrganisationIn,
    responses((status = 201, description = "Founded.", body = OrganisationOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (name, base_currency, language, time_zone) = call.founder_input::<OrganisationIn>().await?;
    let identity = call.identity();
    let no_address = || Problem::new(ProblemType::Forbidden, "Your token carries no verified e-mail address.");
    let email = identity.email.clone().ok_or_else(no_address)?;
    let founder = Founder {
        subject: identity.subject.clone(),
        name: identity.name.clone().filter(|name| checks::name(name).is_ok()).unwrap_or_else(|| email.clone()),
        email,
        language,
        time_zone,
    };
    let change = found(name, base_currency, founder, &mut call.seed(), call.now());
    let organisation = &change.organisation;
    let body = OrganisationOut {
        id: organisation.id.to_string(),
        name: organisation.name.clone(),
        base_currency: organisation.base_currency.to_string(),
        created_at: time(organisation.created_at),
        member: (&change.founder).into(),
    };
    let reply = Reply::created(&body, format!("/v1/orgs/{}", organisation.id))?;
    allow(&call, Daily::Organisation).await?;
    call.commit_as_founder(Change::Founded(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_costly(handler).await
}
