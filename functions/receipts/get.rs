//! `GET /v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts/{receipt}`: returns a receipt and, once it is
//! clean, links to its file.

use outlay_api::common::ReceiptPath;
use outlay_api::receipt::ReceiptFileOut;
use outlay_domain::permission::Read;
use outlay_domain::receipt::ReceiptStatus;
use outlay_http::prelude::*;
use outlay_receipts::{ReceiptBucket, ReceiptKey};

#[derive(Debug)]
struct GetReceipt;

impl Endpoint for GetReceipt {
    type Target = OnReport<Read>;
    type Preload = ();
    type Query = NoQuery;
    type Body = NoBody;
    type Resource = ReceiptBucket;
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Get a receipt.
///
/// Allowed for every member who can read the report. A clean receipt has a link to download the file and, where
/// there is one, a link to a preview image. Links expire after five minutes. A pending or refused receipt has
/// none. Finance, admins and auditors also see which other reports have the same file.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts/{receipt}",
    operation_id = "receiptsGet",
    tag = "receipts",
    params(ReceiptPath, Declared<GetReceipt>),
    responses((status = 200, description = "The receipt.", body = ReceiptFileOut), Declared<GetReceipt>)
)]
async fn handler(context: Context<'_, GetReceipt>) -> HandlerResult {
    let (report, bucket) = (context.report(), context.resource);
    let (expense_id, receipt_id) = (context.path_id("expense")?, context.path_id("receipt")?);
    let expense = report.expense(expense_id).ok_or_else(Problem::not_found)?;
    let receipt = expense.receipts.iter().find(|receipt| receipt.id == receipt_id).ok_or_else(Problem::not_found)?;
    let receipt_key = ReceiptKey { org: report.org, report: report.id, receipt: receipt_id };
    let (mut download, mut preview) = (None, None);
    if let ReceiptStatus::Clean { preview: has_preview, .. } = receipt.status {
        download = Some(bucket.presign_download(&receipt_key, receipt, context.now()).await?);
        if has_preview {
            preview = Some(bucket.presign_preview(&receipt_key, receipt, context.now()).await?);
        }
    }
    let sees_all = context.caller.member.role.sees_all();
    // No ETag: the links expire without a new version of the report.
    Ok(Reply::ok(&ReceiptFileOut::of(receipt, sees_all, download, preview))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
