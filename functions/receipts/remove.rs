//! `DELETE /v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts/{receipt}`: removes a receipt from an
//! expense and deletes its files when no expense has them any more. `triggers-sweep` repeats a failed deletion.

use outlay_api::common::ReceiptPath;
use outlay_api::receipt::clear;
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::remove_receipt;
use outlay_domain::permission::Edit;
use outlay_http::prelude::*;
use outlay_receipts::{ReceiptBucket, ReceiptKey};

#[derive(Debug)]
struct RemoveReceipt;

impl Endpoint for RemoveReceipt {
    type Target = OnReport<Edit>;
    type Preload = ();
    type Query = NoQuery;
    type Body = Option<EmptyObject>;
    type Resource = ReceiptBucket;
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Remove a receipt.
///
/// Allowed for the report's owner and preparer, while the report is a draft or returned: receipts under review do
/// not change. The file is deleted, unless another part of a split expense has it too. The history keeps its
/// SHA-256. The answer is the report.
#[utoipa::path(
    delete,
    path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts/{receipt}",
    operation_id = "receiptsRemove",
    tag = "receipts",
    params(ReceiptPath, Declared<RemoveReceipt>),
    responses((status = 200, description = "Removed.", body = ReportOut), Declared<RemoveReceipt>)
)]
async fn handler(context: Context<'_, RemoveReceipt>) -> HandlerResult {
    let (expense, receipt) = (context.path_id("expense")?, context.path_id("receipt")?);
    let change = remove_receipt(context.permit, expense, receipt, context.now())?;
    let receipt_key = ReceiptKey { org: change.after.org, report: change.after.id, receipt };
    let is_unused = change.after.receipt(receipt).is_none();
    let answer = context.commit_report(change).await?;
    if is_unused {
        clear(context.store(), context.resource, &receipt_key, context.now()).await;
    }
    Ok(answer)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
