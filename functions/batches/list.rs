//! `GET /v1/orgs/{org}/batches`: lists batches.

use outlay_api::batch::BatchOut;
use outlay_api::common::{OrgPath, PageOut, page};
use outlay_domain::batch::BatchStatus;
use outlay_domain::permission::ListBatches as ListAction;
use outlay_http::prelude::*;
use outlay_store::PageRequest;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

/// Filter and page.
#[derive(Debug)]
struct BatchesQuery {
    page: PageRequest,
    status: Option<BatchStatus>,
}

/// Description of [`BatchesQuery`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
struct BatchesParameters {
    /// Only batches with this status: `building`, `open`, `released`, `settled` or `cancelled`.
    status: Option<String>,
}

impl QueryParameters for BatchesQuery {
    const NAMES: &'static [&'static str] = &["limit", "cursor", "status"];

    fn parse(query: &Query) -> Result<Self, ApiError> {
        let expected = "building, open, released, settled or cancelled";
        Ok(Self { page: query.page()?, status: query.get("status", expected, |text| text.parse().ok())? })
    }

    fn parameters() -> Vec<Parameter> {
        let filter = BatchesParameters::into_params(|| Some(ParameterIn::Query));
        PageQuery::parameters().into_iter().chain(filter).collect()
    }
}

#[derive(Debug)]
struct ListBatches;

impl Endpoint for ListBatches {
    type Target = OnOrganisation<ListAction>;
    type Preload = ();
    type Query = BatchesQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// List batches, newest first.
///
/// Allowed for finance, admins and auditors.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/batches",
    operation_id = "batchesList",
    tag = "batches",
    params(OrgPath, Declared<ListBatches>),
    responses((status = 200, description = "Page of batches.", body = PageOut<BatchOut>), Declared<ListBatches>)
)]
async fn handler(context: Context<'_, ListBatches>) -> HandlerResult {
    let query = &context.query;
    let batches = context.store().list_batches(context.org(), query.status, &query.page).await?;
    Ok(page(batches, BatchOut::of)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
