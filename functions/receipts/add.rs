//! `POST /v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts`: declares a file as a receipt and returns a
//! presigned URL to upload it to. The file goes to S3 directly; `triggers-process-receipt` inspects it.

use outlay_api::common::ExpensePath;
use outlay_api::receipt::{DeclaredOut, ReceiptIn};
use outlay_domain::change::{Change, ReceiptDeclaration, declare_receipt};
use outlay_domain::permission::Edit;
use outlay_domain::receipt::MIN_QUOTA_BYTES;
use outlay_http::prelude::*;
use outlay_receipts::{ReceiptBucket, ReceiptKey};

#[derive(Debug)]
struct AddReceipt;

impl Endpoint for AddReceipt {
    type Target = OnReport<Edit>;
    type Preload = ();
    type Query = NoQuery;
    type Body = ReceiptIn;
    type Resource = ReceiptBucket;
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Required;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> =
        |declaration| Some(DailyQuota::Upload(declaration.size.max(MIN_QUOTA_BYTES)));
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Declare a receipt.
///
/// Allowed for the report's owner and preparer, while the report is a draft or returned: receipts under review do
/// not change. The answer has a URL that accepts the declared file for five minutes, with exactly the headers in
/// the answer. The uploaded file is then inspected, and only a clean receipt counts.
///
/// Limits: 500 MB a day for each member, where a file counts as 500 kB at least; 10 receipts for each expense, 30 for each report. The `ETag` is that of
/// the report.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts",
    operation_id = "receiptsAdd",
    tag = "receipts",
    params(ExpensePath, Declared<AddReceipt>),
    request_body = ReceiptIn,
    responses(
        (status = 201, description = "Declared; the file can be uploaded.", body = DeclaredOut),
        Declared<AddReceipt>,
    )
)]
async fn handler(context: Context<'_, AddReceipt>, declaration: ReceiptDeclaration) -> HandlerResult {
    let (expense, now) = (context.path_id("expense")?, context.now());
    let (change, receipt) = declare_receipt(context.permit, expense, declaration, &mut context.ids(), now)?;
    let (org, report) = (change.after.org, change.after.id);
    let receipt_key = ReceiptKey { org, report, receipt: receipt.id };
    let upload = context.resource.presign_upload(&receipt_key, &receipt, now).await?;
    let location = format!("/v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts/{}", receipt.id);
    let body = DeclaredOut { receipt: (&receipt).into(), upload: upload.into() };
    let reply = Reply::created(&body, location)?.version(change.after.version);
    context.commit(Change::Report(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
