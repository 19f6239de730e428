//! `POST /v1/orgs`: creates an organisation, with the caller as its first admin.

use outlay_api::common::time;
use outlay_api::member::MemberOut;
use outlay_domain::change::{Change, FirstAdmin, create_organisation};
use outlay_domain::language::Language;
use outlay_domain::money::Currency;
use outlay_domain::text::{DisplayName, TimeZoneName};
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
    /// Language of e-mails to the first admin; English when absent.
    language: Option<Language>,
    /// IANA time zone of the first admin; UTC when absent.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
}

impl Input for OrganisationIn {
    type Checked = (DisplayName, Currency, Language, Option<TimeZoneName>);

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked> {
        let name = errors.parse("name", self.name);
        let base_currency = errors.parse("base_currency", self.base_currency);
        let time_zone = errors.parse_optional("time_zone", self.time_zone);
        Some((name?, base_currency?, self.language.unwrap_or_default(), time_zone?))
    }
}

/// Organisation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organisation)]
struct OrganisationOut {
    /// Identifier, `org_…`.
    id: String,
    /// Display name.
    name: String,
    /// Base currency, ISO 4217 code.
    base_currency: String,
    /// Time of creation, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    created_at: String,
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
    responses((status = 201, description = "Created.", body = OrganisationOut), Declared<CreateOrganisation>)
)]
async fn handler(
    context: SignedInContext<'_>,
    (name, base_currency, language, time_zone): Checked<CreateOrganisation>,
) -> HandlerResult {
    let identity = context.identity();
    let no_email = || Problem::new(ProblemType::Forbidden, "The access token has no verified e-mail address.");
    let email = identity.email.clone().ok_or_else(no_email)?;
    let first_admin = FirstAdmin {
        subject: identity.subject.clone(),
        name: identity.name.clone().unwrap_or_else(|| (&email).into()),
        email,
        language,
        time_zone,
    };
    let change = create_organisation(name, base_currency, first_admin, &mut context.ids(), context.now());
    let organisation = &change.organisation;
    let body = OrganisationOut {
        id: organisation.id.to_string(),
        name: organisation.name.to_string(),
        base_currency: organisation.base_currency.to_string(),
        created_at: time(organisation.created_at),
        member: (&change.first_admin).into(),
    };
    let reply = Reply::created(&body, format!("/v1/orgs/{}", organisation.id))?;
    context.commit(Change::OrganisationCreated(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve_signed_in::<CreateOrganisation>(handler).await
}
