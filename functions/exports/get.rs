//! `GET /v1/orgs/{org}/exports/{list}`: writes a whole list as a CSV file, and links to it.

#[path = "get/rows.rs"]
mod rows;
#[path = "get/spool.rs"]
mod spool;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_api::common::ExportPath;
use outlay_api::document::ListFileOut;
use outlay_domain::permission::{ListAllReports, ListBatches, ListMembers};
use outlay_domain::report::ReportStatus;
use outlay_http::prelude::*;
use outlay_receipts::ReceiptBucket;
use outlay_store::ReportFilter;
use rows::{List, Source};
use spool::SpoolFile;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

/// Filters of reports and expenses.
#[derive(Debug)]
struct ExportQuery {
    status: Option<ReportStatus>,
    from: Option<Date>,
    to: Option<Date>,
    updated_since: Option<Timestamp>,
}

/// Description of [`ExportQuery`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
struct ExportParameters {
    /// Only reports with this status, and their expenses.
    status: Option<String>,
    /// First day of the creation of reports, in UTC, `YYYY-MM-DD`.
    from: Option<String>,
    /// Last day of the creation of reports, in UTC, `YYYY-MM-DD`.
    to: Option<String>,
    /// Earliest time of the last change of reports, RFC 3339.
    updated_since: Option<String>,
}

impl QueryParameters for ExportQuery {
    const NAMES: &'static [&'static str] = &["status", "from", "to", "updated_since"];

    fn parse(query: &Query) -> Result<Self, ApiError> {
        Ok(Self {
            status: query.get("status", "a status of reports", |text| text.parse().ok())?,
            from: query.get("from", "a day of the calendar as YYYY-MM-DD", parse::date)?,
            to: query.get("to", "a day of the calendar as YYYY-MM-DD", parse::date)?,
            updated_since: query.get("updated_since", "a time as RFC 3339", parse::timestamp)?,
        })
    }

    fn parameters() -> Vec<Parameter> {
        ExportParameters::into_params(|| Some(ParameterIn::Query))
    }
}

impl ExportQuery {
    fn to_filter(&self) -> ReportFilter {
        let Self { status, from, to, updated_since } = *self;
        ReportFilter { status, created_from: from, created_to: to, updated_since, ..ReportFilter::default() }
    }

    const fn is_empty(&self) -> bool {
        self.status.is_none() && self.from.is_none() && self.to.is_none() && self.updated_since.is_none()
    }
}

#[derive(Debug)]
struct GetExport;

impl Endpoint for GetExport {
    type Target = OnOrganisation<ListAllReports>;
    type Preload = ();
    type Query = ExportQuery;
    type Body = NoBody;
    type Resource = ReceiptBucket;
    const COST: RequestClass = RequestClass::Costly;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::NotFound, ProblemType::InvalidParameter];
}

/// Export a whole list as a CSV file.
///
/// Allowed for finance, admins and auditors. The lists are `reports`, `expenses`, `members` and `payments`; the first two
/// take filters. Separators are those of the ledger settings (`formats.csv`). Texts that begin like a formula get an
/// apostrophe. The link expires after five minutes, and the file is removed after a day. A list that takes longer than a
/// request may is refused (503): export it in parts, by `from` and `to`.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/exports/{list}",
    operation_id = "exportsGet",
    tag = "exports",
    params(ExportPath, Declared<GetExport>),
    responses((status = 200, description = "Link to the file.", body = ListFileOut), Declared<GetExport>)
)]
async fn handler(context: Context<'_, GetExport>) -> HandlerResult {
    let (org, bucket) = (context.org(), context.resource);
    let list = List::parse(&context.path("list")).ok_or_else(Problem::not_found)?;
    permit(&context, list)?;
    let options = context.store().ledger_settings(org).await?.formats.csv.into();
    let mut file = SpoolFile::create()?;
    let time_left = || context.time_left();
    let source = Source { store: context.store(), org, filter: context.query.to_filter(), time_left: &time_left };
    let rows = source.write(list, options, &mut file).await?;
    let spooled = file.finish()?;
    bucket.store_export(org, &spooled.sha256, spooled.path()).await?;
    let link = bucket.presign_export(org, &spooled.sha256, list.name(), context.now()).await?;
    Ok(Reply::ok(&ListFileOut::of(rows, spooled.size, &spooled.sha256, link))?)
}

/// Asks for the permission to list what is exported, and refuses filters that the list does not have.
fn permit(context: &Context<'_, GetExport>, list: List) -> Result<(), ApiError> {
    match list {
        List::Reports | List::Expenses => return Ok(()),
        List::Members => drop(context.caller.permit::<ListMembers>()?),
        List::Payments => drop(context.caller.permit::<ListBatches>()?),
    }
    if context.query.is_empty() {
        return Ok(());
    }
    let detail = "Only reports and expenses can be filtered.";
    Err(Problem::new(ProblemType::InvalidParameter, detail).into())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
