//! `POST /v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts`: the owner says which file he is going to upload, and is told where to.
//! The file itself never passes through here; `triggers-receipt-arrived` looks at it.

use std::sync::Arc;

use outlay_domain::change::{Change, declare_receipt};
use outlay_domain::permission::Edit;
use outlay_edge::api::common::{ExpensePath, IdempotencyKeyRequired, IfMatch, Problems};
use outlay_edge::api::receipt::{DeclaredOut, ReceiptIn};
use outlay_edge::daily::{Daily, allow};
use outlay_edge::{Call, Desk, Outcome, Precondition, Reply};
use outlay_receipts::{Bucket, Slot};

/// Declare a receipt.
///
/// For the owner, or who entered the report for him, while it is a draft or was returned: evidence under review is not exchanged. The
/// answer says how to upload the file, within five minutes and with exactly these headers; no other file is taken. It is looked at then,
/// and only a clean receipt counts. A member declares at most 500 MB a day, an expense has at most 10 receipts, a report 30. The `ETag` is the
/// report's.
#[utoipa::path(post, path = "/v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts", operation_id = "receiptsAdd",
    tag = "receipts", params(ExpensePath, IdempotencyKeyRequired, IfMatch), request_body = ReceiptIn,
    responses((status = 201, description = "Declared.", body = DeclaredOut), Problems))]
async fn handler(call: Call, bucket: Arc<Bucket>) -> Outcome {
    let desk = Desk::open::<Edit>(call, Precondition::Optional).await?;
    let expense = desk.call().id("expense")?;
    desk.call().demand_key()?;
    let declared = desk.input::<ReceiptIn>()?;
    let permit = desk.permit::<Edit>()?;
    let call = desk.call();
    let (change, receipt) = declare_receipt(permit, expense, declared, &mut call.seed(), call.now())?;
    let (org, report) = (change.after.org, change.after.id);
    let upload = bucket.upload_link(&Slot { org, report, receipt: receipt.id }, &receipt, call.now()).await?;
    let location = format!("/v1/orgs/{org}/reports/{report}/expenses/{expense}/receipts/{}", receipt.id);
    let shown = DeclaredOut { receipt: (&receipt).into(), upload: upload.into() };
    let reply = Reply::created(&shown, location)?.version(change.after.version);
    let allowance = allow(call, Daily::Upload(receipt.size)).await?;
    let outcome = call.commit(&desk.caller, Change::Report(Box::new(change)), reply).await;
    allowance.used_by(call, outcome).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_with_bucket(handler).await
}
