//! `GET /v1/orgs/{org}/journal`: the journal of some months, as pages or as a file for an accounting program.

#[path = "journal/files.rs"]
mod files;

use outlay_api::common::{OrgPath, PageOut, page};
use outlay_api::journal::JournalEntryOut;
use outlay_domain::ledger::{AccountingPeriod, FiscalYear};
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::ReadJournal;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;
use outlay_store::PageRequest;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use files::{FileContext, Format, write_file};

/// Most bytes of items that a file is made of. The largest file is about as large.
const MAX_ITEM_BYTES: usize = 12 << 20;
/// Months after the first that a request can span.
const MAX_MORE_MONTHS: usize = 11;

/// Months, format and page.
#[derive(Debug)]
struct JournalQuery {
    page: PageRequest,
    format: Format,
    from: AccountingPeriod,
    to: AccountingPeriod,
}

/// Description of [`JournalQuery`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
struct JournalParameters {
    /// Month of the booking dates, `YYYY-MM`. Send it, or `from` and `to`.
    #[param(example = "2026-11")]
    period: Option<String>,
    /// First month, `YYYY-MM`.
    from: Option<String>,
    /// Last month, `YYYY-MM`: at most 12 months in one fiscal year.
    to: Option<String>,
    /// `json` for pages, the default; `csv`, `datev`, `sie` or `fec` for a file of all entries. `limit` and `cursor` are
    /// for pages only.
    #[param(example = "csv")]
    format: Option<String>,
}

impl QueryParameters for JournalQuery {
    const NAMES: &'static [&'static str] = &["limit", "cursor", "period", "from", "to", "format"];

    fn parse(query: &Query) -> Result<Self, ApiError> {
        let month = |name| query.get(name, "a month such as 2026-11", |text| text.parse().ok());
        let (period, from, to) = (month("period")?, month("from")?, month("to")?);
        let (from, to): (AccountingPeriod, AccountingPeriod) = match (period, from, to) {
            (Some(period), None, None) => (period, period),
            (None, Some(from), Some(to)) => (from, to),
            _ => return Err(invalid("Send either period, or from and to.")),
        };
        let last = std::iter::successors(Some(from), |month| Some(month.next())).nth(MAX_MORE_MONTHS);
        if to < from || last.is_none_or(|last| to > last) {
            return Err(invalid("to must be from or one of the 11 months after it."));
        }
        let format = query.get("format", "json, csv, datev, sie or fec", Format::parse)?.unwrap_or(Format::Json);
        Ok(Self { page: query.page()?, format, from, to })
    }

    fn parameters() -> Vec<Parameter> {
        let more = JournalParameters::into_params(|| Some(ParameterIn::Query));
        PageQuery::parameters().into_iter().chain(more).collect()
    }
}

fn invalid(detail: impl Into<String>) -> ApiError {
    Problem::new(ProblemType::InvalidParameter, detail).into()
}

#[derive(Debug)]
struct ReadEntries;

impl Endpoint for ReadEntries {
    type Target = OnLedger<ReadJournal>;
    type Preload = (Organisation, Policy);
    type Query = JournalQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Costly;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::ExportFailed];
}

/// Read the journal.
///
/// Allowed for finance, admins and auditors. Entries are in the order of their numbers: by month, then by the time of
/// their booking. Approved reports are booked within some minutes; entries of closed months do not change.
///
/// A file has all entries of the months, in the format of an accounting program, with the settings of the ledger. The
/// same request gets the same bytes while no entry is added and the settings stay. A file has at most 4 MiB: for more,
/// ask for fewer months. The 422 names the setting, account, tax code or entry that the format cannot express.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/journal",
    operation_id = "ledgerJournal",
    tag = "ledger",
    params(OrgPath, Declared<ReadEntries>),
    responses(
        (
            status = 200,
            description = "Page of entries, or a file to save (`Content-Disposition`).",
            content(
                (PageOut<JournalEntryOut> = "application/json"),
                (String = "application/octet-stream"),
            )
        ),
        Declared<ReadEntries>,
    )
)]
async fn handler(context: Context<'_, ReadEntries>) -> HandlerResult {
    let JournalQuery { page: request, format, from, to } = &context.query;
    let (store, org) = (context.store(), context.org());
    let settings = context.ledger();
    let year = FiscalYear::containing(from.first_day(), settings.fiscal_year_start);
    if to.last_day() > year.last_day {
        let detail = format!("to must be in the fiscal year of from, which ends on {}.", year.last_day);
        return Err(invalid(detail));
    }
    // A cursor has the number of its first entry.
    let before = match request.cursor {
        Some(_) if *format == Format::Json => 0,
        _ => store.count_entries(org, AccountingPeriod::of(year.first_day), *from).await?,
    };
    let first_number = before.saturating_add(1);
    if *format == Format::Json {
        let entries = store.list_journal(org, (*from, *to), first_number, request).await?;
        return Ok(page(entries, |entry| JournalEntryOut::from(entry))?);
    }
    let Some(entries) = store.journal_entries(org, *from, *to, MAX_ITEM_BYTES).await? else {
        return Err(files::too_large(*from, *to).into());
    };
    let (organisation, policy) = &context.preloaded;
    let file = FileContext { organisation, policy, settings, from: *from, to: *to, year, first_number };
    Ok(write_file(*format, &file, &entries)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
