//! `POST /v1/orgs/{org}/batches`: creates a batch of approved reports.

use outlay_api::batch::{BatchIn, BatchOut};
use outlay_api::common::OrgPath;
use outlay_domain::change::{Change, NewBatch, create_batch};
use outlay_domain::organisation::Organisation;
use outlay_domain::payment_settings::debtor_account;
use outlay_domain::permission::CreateBatch as CreateAction;
use outlay_http::prelude::*;

#[derive(Debug)]
struct CreateBatch;

impl Endpoint for CreateBatch {
    type Target = OnOrganisation<CreateAction>;
    type Preload = Organisation;
    type Query = NoQuery;
    type Body = BatchIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Costly;
    const IDEMPOTENCY: Idempotency = Idempotency::Required;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::SegregationOfDuties];
}

/// Create a batch of approved reports.
///
/// Allowed for finance and admins who are persons. Background work takes the reports; `progress` tells how far it is.
/// Each report becomes `reimbursing` and part of the payment to its payee in its currency. A report that the caller
/// owns, prepared, is paid by or has decided on is skipped, and so is one that is not approved. What owners owe is set
/// off against what their payments pay. The payment settings must have an account that files of the format debit.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/batches",
    operation_id = "batchesCreate",
    tag = "batches",
    params(OrgPath, Declared<CreateBatch>),
    request_body = BatchIn,
    responses((status = 201, description = "Created; reports are being taken.", body = BatchOut), Declared<CreateBatch>)
)]
async fn handler(context: Context<'_, CreateBatch>, new: NewBatch) -> HandlerResult {
    debtor_account(context.preloaded.payments.as_deref(), new.format)
        .map_err(|missing| FieldErrors::one("format", "missing-debtor", missing.to_string()))?;
    let base = context.preloaded.base_currency;
    let change = create_batch(context.permit, new, base, &mut context.ids(), context.now())?;
    let batch = &change.after;
    let location = format!("/v1/orgs/{}/batches/{}", batch.org, batch.id);
    let reply = Reply::created(&BatchOut::of(batch), location)?.version(batch.version);
    context.commit(Change::Batch(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
