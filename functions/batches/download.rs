//! `GET /v1/orgs/{org}/batches/{batch}/file`: returns a link to the file for the bank.

use outlay_api::bank_file::FileLinkOut;
use outlay_api::batch::BatchPath;
use outlay_domain::change::{Change, download_file};
use outlay_domain::permission::DownloadFile as DownloadAction;
use outlay_http::prelude::*;
use outlay_payments::BankFileBucket;

#[derive(Debug)]
struct DownloadFile;

impl Endpoint for DownloadFile {
    type Target = OnBatch<DownloadAction>;
    type Preload = ();
    type Query = NoQuery;
    type Body = NoBody;
    type Resource = BankFileBucket;
    const COST: RequestClass = RequestClass::Costly;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::InvalidState];
}

/// Get a link to the file for the bank.
///
/// Allowed for finance and admins. The link leads to exactly the file that was recorded, expires after five minutes,
/// and needs no token: treat it as a secret. Each request is an entry of the batch's history. The answer is 409 until
/// background work has written the file.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/batches/{batch}/file",
    operation_id = "batchesDownload",
    tag = "batches",
    params(BatchPath, Declared<DownloadFile>),
    responses((status = 200, description = "Link to the file.", body = FileLinkOut), Declared<DownloadFile>)
)]
async fn handler(context: Context<'_, DownloadFile>) -> HandlerResult {
    let (file, change) = download_file(context.permit, context.now())?;
    let link = context.resource.presign_download(context.batch(), &file, context.now()).await?;
    // No ETag: the link expires without a new version of the batch.
    let reply = Reply::ok(&FileLinkOut::of(&file, link))?;
    context.commit(Change::Batch(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
