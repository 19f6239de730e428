//! `GET /v1/orgs/{org}/reports`: lists the caller's reports or, for finance, admins and auditors, the reports of
//! all members.

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_api::common::{OrgPath, PageOut, page};
use outlay_api::report::ReportSummaryOut;
use outlay_domain::ids::MemberId;
use outlay_domain::money::Currency;
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::{self, ListAllReports};
use outlay_domain::report::ReportStatus;
use outlay_domain::text::CostCentreCode;
use outlay_http::prelude::*;
use outlay_store::{PageRequest, ReportFilter};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

/// Filters and page.
#[derive(Debug)]
struct ReportsQuery {
    page: PageRequest,
    /// True for the reports of all members.
    all_members: bool,
    owner: Option<MemberId>,
    status: Option<ReportStatus>,
    cost_centre: Option<CostCentreCode>,
    from: Option<Date>,
    to: Option<Date>,
    min_total: Option<String>,
    max_total: Option<String>,
    updated_since: Option<Timestamp>,
}

/// Description of [`ReportsQuery`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
struct ReportsParameters {
    /// `mine` (default) or `all`.
    scope: Option<String>,
    /// Only reports of this member, `mem_…`.
    owner: Option<String>,
    /// Only reports with this status: `draft`, `submitted`, `approved`, `returned`, `rejected`,
    /// `reimbursing` or `reimbursed`.
    status: Option<String>,
    /// Only reports with an expense on this cost centre; at most 40 characters.
    cost_centre: Option<String>,
    /// First day of creation, in UTC, `YYYY-MM-DD`.
    from: Option<String>,
    /// Last day of creation, in UTC, `YYYY-MM-DD`.
    to: Option<String>,
    /// Smallest total in the base currency, such as `100.00`.
    min_total: Option<String>,
    /// Largest total in the base currency, such as `100.00`.
    max_total: Option<String>,
    /// Earliest time of the last change, RFC 3339.
    updated_since: Option<String>,
}

/// Statuses of reports, for the error of an unknown one.
const STATUSES: &str = "draft, submitted, approved, returned, rejected, reimbursing or reimbursed";

impl QueryParameters for ReportsQuery {
    const NAMES: &'static [&'static str] = &[
        "limit",
        "cursor",
        "scope",
        "owner",
        "status",
        "cost_centre",
        "from",
        "to",
        "min_total",
        "max_total",
        "updated_since",
    ];

    fn parse(query: &Query) -> Result<Self, ApiError> {
        let scope = |text: &str| ["mine", "all"].iter().position(|scope| *scope == text);
        let text = |text: &str| Some(text.to_owned());
        Ok(Self {
            page: query.page()?,
            all_members: query.get("scope", "mine or all", scope)? == Some(1),
            owner: query.get("owner", "the identifier of a member", |text| text.parse().ok())?,
            status: query.get("status", STATUSES, |text| text.parse().ok())?,
            cost_centre: query
                .get("cost_centre", "a cost centre of at most 40 characters", |text| text.parse().ok())?,
            from: query.get("from", "a day of the calendar as YYYY-MM-DD", parse::date)?,
            to: query.get("to", "a day of the calendar as YYYY-MM-DD", parse::date)?,
            min_total: query.get("min_total", "an amount in the base currency", text)?,
            max_total: query.get("max_total", "an amount in the base currency", text)?,
            updated_since: query.get("updated_since", "a time as RFC 3339", parse::timestamp)?,
        })
    }

    fn parameters() -> Vec<Parameter> {
        let filters = ReportsParameters::into_params(|| Some(ParameterIn::Query));
        PageQuery::parameters().into_iter().chain(filters).collect()
    }
}

impl ReportsQuery {
    /// Builds the filter: the reports of `caller`, unless the query names other reports.
    ///
    /// # Errors
    /// 400 for a total that is not an amount in the base currency.
    fn to_filter(&self, caller: MemberId, base_currency: Currency) -> Result<ReportFilter, Problem> {
        Ok(ReportFilter {
            owner: self.owner.or_else(|| (!self.all_members).then_some(caller)),
            status: self.status,
            cost_centre: self.cost_centre.clone(),
            listed_participant: None,
            created_from: self.from,
            created_to: self.to,
            min_total: parse_total("min_total", self.min_total.as_deref(), base_currency)?,
            max_total: parse_total("max_total", self.max_total.as_deref(), base_currency)?,
            updated_since: self.updated_since,
        })
    }
}

/// Parses an amount in the base currency into minor units.
fn parse_total(name: &str, amount: Option<&str>, base_currency: Currency) -> Result<Option<i64>, Problem> {
    let invalid =
        || Problem::new(ProblemType::InvalidParameter, format!("{name} must be an amount in the base currency."));
    amount.map(|amount| parse::minor_units(amount, base_currency).ok_or_else(invalid)).transpose()
}

#[derive(Debug)]
struct ListReports;

impl Endpoint for ListReports {
    type Target = OnOrganisation<permission::ListReports>;
    type Preload = Organisation;
    type Query = ReportsQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::Forbidden];
}

/// List reports without their expenses.
///
/// Allowed for every member. The default is the caller's own reports. Finance, admins and auditors can use
/// `scope=all`, or `owner` for another member. Filters can be combined.
///
/// The newest report comes first. With `scope=all` and without `owner`, there are two exceptions. `updated_since`
/// sorts by last change, oldest first: a client that continues from the last change it has seen misses none.
/// Otherwise `min_total` or `max_total` sorts by total, smallest first.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/reports",
    operation_id = "reportsList",
    tag = "reports",
    params(OrgPath, Declared<ListReports>),
    responses(
        (status = 200, description = "Page of reports.", body = PageOut<ReportSummaryOut>),
        Declared<ListReports>,
    )
)]
async fn handler(context: Context<'_, ListReports>) -> HandlerResult {
    let caller = context.caller;
    let filter = context.query.to_filter(caller.member.id, context.preloaded.base_currency)?;
    if filter.owner != Some(caller.member.id) {
        caller.permit::<ListAllReports>()?;
    }
    let reports = context.store().list_reports(context.org(), &filter, &context.query.page).await?;
    Ok(page(reports, ReportSummaryOut::of)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
