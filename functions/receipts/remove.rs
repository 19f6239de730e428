//! `DELETE /v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts/{receipt}`: the owner takes a receipt off a line. Its files go when no
//! line has it any longer; what is not taken away here, the sweep takes away.

use std::sync::Arc;

use outlay_domain::change::remove_receipt;
use outlay_domain::permission::Edit;
use outlay_edge::api::common::{IfMatch, NoBody, Problems, ReceiptPath};
use outlay_edge::api::receipt::clear;
use outlay_edge::api::report::ReportOut;
use outlay_edge::{Call, Desk, Outcome, Precondition};
use outlay_receipts::{Bucket, Slot};

/// Remove a receipt.
///
/// For the owner, or who entered the report for him, while it is a draft or was returned: evidence under review is not taken away. Its file
/// goes with it, unless another part of a split expense has it too; the history keeps its SHA-256. The answer is the report.
#[utoipa::path(delete, path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts/{receipt}",
    operation_id = "receiptsRemove", tag = "receipts", params(ReceiptPath, IfMatch),
    responses((status = 200, description = "Removed.", body = ReportOut), Problems))]
async fn handler(call: Call, bucket: Arc<Bucket>) -> Outcome {
    let desk = Desk::open::<Edit>(call, Precondition::Optional).await?;
    let (expense, receipt) = (desk.call().id("expense")?, desk.call().id("receipt")?);
    desk.input::<NoBody>()?;
    let permit = desk.permit::<Edit>()?;
    let change = remove_receipt(permit, expense, receipt, desk.call().now())?;
    let slot = Slot { org: change.after.org, report: change.after.id, receipt };
    let gone = change.after.receipt(receipt).is_none();
    let answer = desk.commit(change).await?;
    if gone {
        clear(desk.call(), &bucket, &slot).await;
    }
    Ok(answer)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_with_bucket(handler).await
}
