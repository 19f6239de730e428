//! `GET /v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts/{receipt}`: a receipt, with a way to its file once that is clean.

use std::sync::Arc;

use outlay_domain::permission::Read;
use outlay_domain::receipt::ReceiptStatus;
use outlay_edge::api::common::{Problems, ReceiptPath};
use outlay_edge::api::receipt::ReceiptFileOut;
use outlay_edge::{Call, Desk, Outcome, Precondition, Problem, Reply};
use outlay_receipts::{Bucket, Slot};

/// Read a receipt.
///
/// For everyone who may read the report. A clean receipt has a link to its file, and where there is a picture of it one to that; each is good for
/// five minutes, and downloads. A receipt that is pending or refused has none, whoever asks. Finance, admins and auditors are told which other
/// reports have the same file.
#[utoipa::path(get, path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts/{receipt}", operation_id = "receiptsGet",
    tag = "receipts", params(ReceiptPath),
    responses((status = 200, description = "The receipt.", body = ReceiptFileOut), Problems))]
async fn handler(call: Call, bucket: Arc<Bucket>) -> Outcome {
    let desk = Desk::open::<Read>(call, Precondition::Optional).await?;
    let (call, report) = (desk.call(), &desk.report);
    let (expense, id) = (call.id("expense")?, call.id("receipt")?);
    call.query(&[])?;
    let line = report.expense(expense).ok_or_else(Problem::not_found)?;
    let receipt = line.receipts.iter().find(|receipt| receipt.id == id).ok_or_else(Problem::not_found)?;
    let slot = Slot { org: report.org, report: report.id, receipt: id };
    let (mut download, mut preview) = (None, None);
    if let ReceiptStatus::Clean { preview: has_preview, .. } = receipt.status {
        download = Some(bucket.download_link(&slot, receipt, call.now()).await?);
        if has_preview {
            preview = Some(bucket.preview_link(&slot, receipt, call.now()).await?);
        }
    }
    let sees_all = desk.caller.member.role.sees_all();
    // Without an ETag: links grow old while the report stays as it is.
    Ok(Reply::ok(&ReceiptFileOut::of(receipt, sees_all, download, preview))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_with_bucket(handler).await
}
