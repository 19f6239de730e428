//! `GET /v1/orgs/{org}/reports/{report}/document`: writes a report with its receipts as a PDF, and links to it.

#[path = "document/content.rs"]
mod content;

use outlay_api::common::ReportPath;
use outlay_api::document::DocumentOut;
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::Read;
use outlay_domain::policy::Policy;
use outlay_domain::text::Sha256Hex;
use outlay_http::prelude::*;
use outlay_pdf::ReportDocument;
use outlay_receipts::ReceiptBucket;

#[derive(Debug)]
struct GetDocument;

impl Endpoint for GetDocument {
    type Target = OnReport<Read>;
    type Preload = (Organisation, Policy);
    type Query = NoQuery;
    type Body = NoBody;
    type Resource = ReceiptBucket;
    const COST: RequestClass = RequestClass::Costly;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::ExportFailed];
}

/// Get a report as a PDF with its receipts.
///
/// Allowed for every member who can read the report. The PDF has a summary, the lines with their taxes, findings and
/// decisions, then the receipts in order, in the caller's language. The link expires after five minutes, and the file is
/// removed after a day: each request writes it as the report is then.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/reports/{report}/document",
    operation_id = "reportsDocument",
    tag = "reports",
    params(ReportPath, Declared<GetDocument>),
    responses((status = 200, description = "Link to the PDF.", body = DocumentOut), Declared<GetDocument>)
)]
async fn handler(context: Context<'_, GetDocument>) -> HandlerResult {
    let (report, bucket, store) = (context.report(), context.resource, context.store());
    let (organisation, policy) = &context.preloaded;
    let files = content::load_files(bucket, report).await?;
    let events = content::load_events(store, report).await?;
    let names = content::load_names(store, report, policy, &events).await?;
    let (organisation, as_of) = (organisation.name.as_str(), context.now());
    let document = ReportDocument { report, organisation, names: &names, events: &events, as_of };
    let (bytes, summary) = content::write(&document, context.caller.member.language, files)?;
    let sha256 = Sha256Hex::of(&bytes);
    bucket.store_document(report, &sha256, &bytes).await?;
    let link = bucket.presign_document(report, &sha256, context.now()).await?;
    // No ETag: the link expires without a new version of the report.
    Ok(Reply::ok(&DocumentOut::of(bytes.len(), &sha256, summary.pages, link))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
