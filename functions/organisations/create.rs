//! `POST /v1/orgs`: creates an organisation, with the caller as its first admin.

use outlay_api::member::MemberOut;
use outlay_api::organisation::{OrganisationOut, parse_mail_domains};
use outlay_domain::change::{Change, FirstAdmin, NewOrganisation, create_organisation};
use outlay_domain::language::Language;
use outlay_domain::text::TimeZoneName;
use outlay_http::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Organisation to create.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct OrganisationIn {
    /// Display name; 1 to 200 characters, without a URL.
    #[schema(example = "Acme")]
    name: String,
    /// Base currency, ISO 4217 code. Approval limits and base totals are in it.
    #[schema(example = "EUR")]
    base_currency: String,
    /// Domains of the addresses that can become those of members, at most 100; every domain when absent or empty.
    /// Subdomains are domains of their own.
    #[schema(example = json!(["example.com"]))]
    mail_domains: Option<Vec<String>>,
    /// Language of e-mails to the first admin; English when absent.
    language: Option<Language>,
    /// IANA time zone of the first admin; UTC when absent.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
}

impl Input for OrganisationIn {
    type Checked = (NewOrganisation, Language, Option<TimeZoneName>);

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked> {
        let name = errors.parse("name", self.name);
        let base_currency = errors.parse("base_currency", self.base_currency);
        let mail_domains = parse_mail_domains(self.mail_domains.unwrap_or_default(), errors);
        let time_zone = errors.parse_optional("time_zone", self.time_zone);
        let new = NewOrganisation { name: name?, base_currency: base_currency?, mail_domains: mail_domains? };
        Some((new, self.language.unwrap_or_default(), time_zone?))
    }
}

/// Created organisation, with its first admin.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreatedOrganisation)]
struct CreatedOrganisationOut {
    #[serde(flatten)]
    organisation: OrganisationOut,
    /// First admin: the caller.
    member: MemberOut,
}

#[derive(Debug)]
struct CreateOrganisation;

impl Endpoint for CreateOrganisation {
    type Target = SignedIn;
    type Preload = ();
    type Query = NoQuery;
    type Body = OrganisationIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Required;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| Some(DailyQuota::Organisation);
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::Forbidden];
}

/// Create an organisation.
///
/// Allowed for every signed-in person with a verified e-mail address. The caller becomes the first admin of the
/// organisation.
#[utoipa::path(
    post,
    path = "/v1/orgs",
    operation_id = "organisationsCreate",
    tag = "organisation",
    params(Declared<CreateOrganisation>),
    request_body = OrganisationIn,
    responses((status = 201, description = "Created.", body = CreatedOrganisationOut), Declared<CreateOrganisation>)
)]
async fn handler(
    context: SignedInContext<'_>,
    (new, language, time_zone): Checked<CreateOrganisation>,
) -> HandlerResult {
    let identity = context.identity();
    let no_email = || Problem::new(ProblemType::Forbidden, "The access token has no verified e-mail address.");
    let email = identity.email.clone().ok_or_else(no_email)?;
    let first_admin = FirstAdmin {
        identity: identity.identity(),
        name: identity.name.clone().unwrap_or_else(|| (&email).into()),
        email,
        language,
        time_zone,
    };
    let change = create_organisation(new, first_admin, &mut context.ids(), context.now());
    let organisation = &change.organisation;
    let body = CreatedOrganisationOut { organisation: organisation.into(), member: (&change.first_admin).into() };
    let reply = Reply::created(&body, format!("/v1/orgs/{}", organisation.id))?.version(organisation.version);
    context.commit(Change::OrganisationCreated(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve_signed_in::<CreateOrganisation>(handler).await
}
