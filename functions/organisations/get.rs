//! `GET /v1/orgs/{org}`: returns the organisation.

use outlay_api::common::OrgPath;
use outlay_api::organisation::OrganisationOut;
use outlay_domain::permission::ReadOrganisation;
use outlay_http::prelude::*;

#[derive(Debug)]
struct GetOrganisation;

impl Endpoint for GetOrganisation {
    type Target = OnOrganisationRecord<ReadOrganisation>;
    type Preload = ();
    type Query = NoQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Get an organisation.
///
/// Allowed for all its members.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}",
    operation_id = "organisationsGet",
    tag = "organisation",
    params(OrgPath, Declared<GetOrganisation>),
    responses((status = 200, description = "The organisation.", body = OrganisationOut), Declared<GetOrganisation>)
)]
async fn handler(context: Context<'_, GetOrganisation>) -> HandlerResult {
    let organisation = context.organisation();
    Ok(Reply::ok(&OrganisationOut::from(organisation))?.version(organisation.version))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
