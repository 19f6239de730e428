//! `POST /v1/orgs/{org}/close`: closes the organisation.

use outlay_api::common::{OrgPath, time};
use outlay_domain::batch::BatchStatus;
use outlay_domain::change::{Change, close_organisation};
use outlay_domain::event::EventSubject;
use outlay_domain::ids::OrgId;
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::CloseOrganisation as CloseAction;
use outlay_domain::report::ReportStatus;
use outlay_domain::text::DisplayName;
use outlay_http::prelude::*;
use outlay_store::{PageRequest, ReportFilter, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

/// Confirmation of the closing.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClosingIn {
    /// Name of the organisation, as a confirmation.
    #[schema(example = "Acme")]
    name: String,
}

impl Input for ClosingIn {
    type Checked = DisplayName;

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<DisplayName> {
        errors.parse("name", self.name)
    }
}

/// Closed organisation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClosedOrganisation)]
struct ClosedOrganisationOut {
    /// Identifier, `org_…`.
    id: String,
    /// Display name.
    name: String,
    /// Time of closing, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    closed_at: String,
}

#[derive(Debug)]
struct CloseOrganisation;

impl Endpoint for CloseOrganisation {
    type Target = OnOrganisation<CloseAction>;
    type Preload = Organisation;
    type Query = NoQuery;
    type Body = ClosingIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Costly;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Close the organisation.
///
/// Allowed for admins, and final. `name` must repeat the name of the organisation. No report may wait for a
/// decision, and every batch must be settled or cancelled. Afterwards everything can be read, and every change is refused with 409
/// `/problems/organisation-closed`, except the erasure of members. All admins receive an e-mail; no other mail is
/// sent any more.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/close",
    operation_id = "organisationsClose",
    tag = "organisation",
    params(OrgPath, Declared<CloseOrganisation>),
    request_body = ClosingIn,
    responses((status = 200, description = "Closed.", body = ClosedOrganisationOut), Declared<CloseOrganisation>)
)]
async fn handler(context: Context<'_, CloseOrganisation>, name: DisplayName) -> HandlerResult {
    let (store, org, organisation) = (context.store(), context.org(), &context.preloaded);
    if name != organisation.name {
        return Err(FieldErrors::one("name", "confirmation", "Must be the name of this organisation.").into());
    }
    let created = async { Ok::<_, ApiError>(store.first_event(org, EventSubject::Organisation).await?) };
    let (waiting, has_payments, created) =
        tokio::try_join!(has_reports(store, org, ReportStatus::Submitted), has_open_payments(store, org), created)?;
    let (permit, now) = (context.permit, context.now());
    let closed = close_organisation(permit, organisation, created.as_ref(), waiting, has_payments, now)?;
    let body = ClosedOrganisationOut {
        id: org.to_string(),
        name: organisation.name.to_string(),
        closed_at: time(context.now()),
    };
    context.commit(Change::OrganisationClosed(Box::new(closed)), Reply::ok(&body)?).await
}

/// True when there are reports with a status.
async fn has_reports(store: &Store, org: OrgId, status: ReportStatus) -> Result<bool, ApiError> {
    let filter = ReportFilter { status: Some(status), ..ReportFilter::default() };
    Ok(!store.list_reports(org, &filter, &PageRequest::internal(1)).await?.items.is_empty())
}

/// True when a batch is not settled or cancelled, or a report is still in one.
async fn has_open_payments(store: &Store, org: OrgId) -> Result<bool, ApiError> {
    for status in [BatchStatus::Building, BatchStatus::Open, BatchStatus::Released] {
        if !store.list_batches(org, Some(status), &PageRequest::internal(1)).await?.items.is_empty() {
            return Ok(true);
        }
    }
    has_reports(store, org, ReportStatus::Reimbursing).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
