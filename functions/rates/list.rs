//! `GET /v1/orgs/{org}/rates`: lists exchange rates.

use outlay_api::common::{OrgPath, PageOut, page};
use outlay_api::rates::RateOut;
use outlay_domain::money::Currency;
use outlay_domain::permission::ReadRates;
use outlay_http::prelude::*;
use outlay_store::PageRequest;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

/// Filter and page.
#[derive(Debug)]
struct RatesQuery {
    page: PageRequest,
    currency: Option<Currency>,
}

/// Description of [`RatesQuery`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
struct RatesParameters {
    /// Only rates of this currency, ISO 4217 code.
    currency: Option<String>,
}

impl QueryParameters for RatesQuery {
    const NAMES: &'static [&'static str] = &["limit", "cursor", "currency"];

    fn parse(query: &Query) -> Result<Self, ApiError> {
        // Also of currencies that are no longer in use: their rates stay.
        let currency = query.get("currency", "the ISO 4217 code of a currency", |text| Currency::stored(text).ok())?;
        Ok(Self { page: query.page()?, currency })
    }

    fn parameters() -> Vec<Parameter> {
        let filter = RatesParameters::into_params(|| Some(ParameterIn::Query));
        PageQuery::parameters().into_iter().chain(filter).collect()
    }
}

#[derive(Debug)]
struct ListRates;

impl Endpoint for ListRates {
    type Target = OnOrganisation<ReadRates>;
    type Preload = ();
    type Query = RatesQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// List exchange rates by currency and day.
///
/// Allowed for every member.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/rates",
    operation_id = "ratesList",
    tag = "rates",
    params(OrgPath, Declared<ListRates>),
    responses((status = 200, description = "Page of rates.", body = PageOut<RateOut>), Declared<ListRates>)
)]
async fn handler(context: Context<'_, ListRates>) -> HandlerResult {
    let query = &context.query;
    let rates = context.store().list_rates(context.org(), query.currency, &query.page).await?;
    Ok(page(rates, |entry| RateOut::from(entry))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
