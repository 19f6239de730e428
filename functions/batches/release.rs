//! `POST /v1/orgs/{org}/batches/{batch}/release`: releases a batch for payment.

use outlay_api::batch::{BatchOut, BatchPath, commit_batch};
use outlay_domain::change::release_batch;
use outlay_domain::permission::ReleaseBatch as ReleaseAction;
use outlay_http::prelude::*;

#[derive(Debug)]
struct ReleaseBatch;

impl Endpoint for ReleaseBatch {
    type Target = OnBatch<ReleaseAction>;
    type Preload = ();
    type Query = NoQuery;
    type Body = Option<EmptyObject>;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Required;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::SegregationOfDuties];
}

/// Release a batch for payment.
///
/// Allowed for finance and admins who are persons. Never allowed for a payee, a party to a report in the batch, or
/// who has decided on one; nor for the creator, from the sum that the policy names (`payments.four_eyes_from`).
/// Background work releases the payments. A payment that is held then, or whose account has changed, is left out, and
/// its reports are approved again.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/batches/{batch}/release",
    operation_id = "batchesRelease",
    tag = "batches",
    params(BatchPath, Declared<ReleaseBatch>),
    request_body = Option<EmptyObject>,
    responses((status = 200, description = "Released.", body = BatchOut), Declared<ReleaseBatch>)
)]
async fn handler(context: Context<'_, ReleaseBatch>) -> HandlerResult {
    let change = release_batch(context.permit, context.payment_rules(), context.now());
    commit_batch(&context, change).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
