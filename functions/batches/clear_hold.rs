//! `POST /v1/orgs/{org}/batches/{batch}/payments/{payment}/clear-hold`: confirms the account of a held payment.

use outlay_api::batch::{PaymentOut, PaymentPath, commit_payment};
use outlay_domain::change::clear_hold;
use outlay_domain::permission::ClearHold as ClearAction;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Account that was looked at.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClearanceIn {
    /// Version of the account that the payment shows.
    account_version: u32,
}

impl Input for ClearanceIn {
    type Checked = u64;

    fn check(self, _: jiff::Timestamp, _: &mut FieldErrors) -> Option<u64> {
        Some(u64::from(self.account_version))
    }
}

#[derive(Debug)]
struct ClearHold;

impl Endpoint for ClearHold {
    type Target = OnPayment<ClearAction>;
    type Preload = ();
    type Query = NoQuery;
    type Body = ClearanceIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Required;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::SegregationOfDuties];
}

/// Clear the hold of a payment.
///
/// Allowed for finance and admins who are persons, other than the payee, before the release. The caller confirms that
/// they have looked at the account with this version, such as by asking the payee.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/batches/{batch}/payments/{payment}/clear-hold",
    operation_id = "batchesClearHold",
    tag = "batches",
    params(PaymentPath, Declared<ClearHold>),
    request_body = ClearanceIn,
    responses((status = 200, description = "The payment is open.", body = PaymentOut), Declared<ClearHold>)
)]
async fn handler(context: Context<'_, ClearHold>, account_version: u64) -> HandlerResult {
    let change = clear_hold(context.permit, account_version, context.now())?;
    commit_payment(&context, context.payment(), Some(change)).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
