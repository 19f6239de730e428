//! `POST /v1/orgs/{org}/batches/{batch}/payments/{payment}/settle`: records that a payment was paid, or failed.

use outlay_api::batch::{PaymentOut, PaymentPath, commit_payment};
use outlay_domain::change::{PaymentOutcome, settle_payment};
use outlay_domain::permission::SettlePayment as SettleAction;
use outlay_domain::reimbursement::PaymentFailure;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Outcome of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OutcomeKind {
    /// Paid.
    Paid,
    /// Refused by the bank, or come back.
    Failed,
}

/// Outcome of a payment, as the bank reports it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct SettlementIn {
    /// Outcome.
    outcome: OutcomeKind,
    /// Day of the payment, `YYYY-MM-DD`; required when it was paid.
    #[schema(format = Date)]
    paid_on: Option<String>,
    /// Reference of the bank, when it was paid; at most 200 characters.
    reference: Option<String>,
    /// Code of the bank, when it failed, such as `AC04`.
    code: Option<String>,
    /// Reason in words, 1 to 2000 characters; required when it failed.
    reason: Option<String>,
}

impl Input for SettlementIn {
    type Checked = PaymentOutcome;

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<PaymentOutcome> {
        let (paid, failed) = ([&self.paid_on, &self.reference], [&self.code, &self.reason]);
        let (others, names) = match self.outcome {
            OutcomeKind::Paid => (failed, ["code", "reason"]),
            OutcomeKind::Failed => (paid, ["paid_on", "reference"]),
        };
        for name in others.iter().zip(names).filter(|(value, _)| value.is_some()).map(|(_, name)| name) {
            errors.push(name, "outcome", "Does not belong to this outcome.");
        }
        match self.outcome {
            OutcomeKind::Paid => {
                let day = errors.require("paid_on", self.paid_on, "required", "Name the day of the payment.");
                let on = day.and_then(|day| errors.parse_date("paid_on", day));
                let reference = errors.parse_optional("reference", self.reference);
                Some(PaymentOutcome::Paid { on: on?, reference: reference? })
            }
            OutcomeKind::Failed => {
                let code = errors.parse_optional("code", self.code);
                let reason = errors.require("reason", self.reason, "required", "Say why the payment failed.");
                let reason = reason.and_then(|reason| errors.parse("reason", reason));
                Some(PaymentOutcome::Failed(PaymentFailure { code: code?, reason: reason? }))
            }
        }
    }
}

#[derive(Debug)]
struct SettlePayment;

impl Endpoint for SettlePayment {
    type Target = OnPayment<SettleAction>;
    type Preload = ();
    type Query = NoQuery;
    type Body = SettlementIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::SegregationOfDuties];
}

/// Settle a payment.
///
/// Allowed for finance and admins other than the payee, after the release. Paid reports become `reimbursed`. The
/// reports of a payment that has failed, or has come back, become approved again with the reason. The same outcome
/// twice changes nothing.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/batches/{batch}/payments/{payment}/settle",
    operation_id = "batchesSettle",
    tag = "batches",
    params(PaymentPath, Declared<SettlePayment>),
    request_body = SettlementIn,
    responses((status = 200, description = "Settled.", body = PaymentOut), Declared<SettlePayment>)
)]
async fn handler(context: Context<'_, SettlePayment>, outcome: PaymentOutcome) -> HandlerResult {
    let change = settle_payment(context.permit, outcome, context.now())?;
    commit_payment(&context, context.payment(), change).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
