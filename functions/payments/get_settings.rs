//! `GET /v1/orgs/{org}/payment-settings`: returns the settings for payments.

use outlay_api::common::OrgPath;
use outlay_api::payment_settings::PaymentSettingsOut;
use outlay_domain::permission::ReadPaymentSettings;
use outlay_http::prelude::*;

#[derive(Debug)]
struct GetPaymentSettings;

impl Endpoint for GetPaymentSettings {
    type Target = OnOrganisationRecord<ReadPaymentSettings>;
    type Preload = ();
    type Query = NoQuery;
    type Body = NoBody;
    type Resource = ();
    const COST: RequestClass = RequestClass::Read;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |()| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Get the settings for payments.
///
/// Allowed for finance, admins and auditors. Account numbers are masked. The answer is 404 until an admin has set them.
#[utoipa::path(
    get,
    path = "/v1/orgs/{org}/payment-settings",
    operation_id = "paymentsGetSettings",
    tag = "batches",
    params(OrgPath, Declared<GetPaymentSettings>),
    responses(
        (status = 200, description = "The settings; the `ETag` is that of the organisation.", body = PaymentSettingsOut),
        Declared<GetPaymentSettings>,
    )
)]
async fn handler(context: Context<'_, GetPaymentSettings>) -> HandlerResult {
    let organisation = context.organisation();
    let settings = organisation.payments.as_deref().ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(&PaymentSettingsOut::from(settings))?.version(organisation.version))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
