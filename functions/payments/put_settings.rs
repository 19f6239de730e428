//! `PUT /v1/orgs/{org}/payment-settings`: replaces the settings for payments.

use outlay_api::common::OrgPath;
use outlay_api::payment_settings::{PaymentSettingsIn, PaymentSettingsOut};
use outlay_domain::change::{Change, update_payment_settings};
use outlay_domain::event::EventSubject;
use outlay_domain::payment_settings::PaymentSettings;
use outlay_domain::permission::UpdatePaymentSettings;
use outlay_http::prelude::*;

#[derive(Debug)]
struct PutPaymentSettings;

impl Endpoint for PutPaymentSettings {
    type Target = OnOrganisationRecord<UpdatePaymentSettings>;
    type Preload = ();
    type Query = NoQuery;
    type Body = PaymentSettingsIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    // No answer is stored: a reader of the table could guess the account number from the request hash stored with it.
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Replace the settings for payments.
///
/// Allowed for admins. Files that are written from then on debit these accounts. Later answers and the history show
/// account numbers masked. An `Idempotency-Key` has no effect: the request can be repeated.
#[utoipa::path(
    put,
    path = "/v1/orgs/{org}/payment-settings",
    operation_id = "paymentsPutSettings",
    tag = "batches",
    params(OrgPath, Declared<PutPaymentSettings>),
    request_body = PaymentSettingsIn,
    responses(
        (status = 200, description = "Set; the `ETag` is that of the organisation.", body = PaymentSettingsOut),
        Declared<PutPaymentSettings>,
    )
)]
async fn handler(context: Context<'_, PutPaymentSettings>, settings: PaymentSettings) -> HandlerResult {
    let current = context.organisation();
    let shown = PaymentSettingsOut::from(&settings);
    // Organisations of earlier versions do not know the hash of their one event.
    let created = match current.last_hash.as_str() {
        "" => context.store().first_event(current.id, EventSubject::Organisation).await?,
        _ => None,
    };
    let change = update_payment_settings(context.permit, current, settings, created.as_ref(), context.now());
    let version = change.as_ref().map_or(current.version, |change| change.after.version);
    let reply = Reply::ok(&shown)?.version(version);
    match change {
        Some(change) => context.commit(Change::Organisation(Box::new(change)), reply).await,
        None => Ok(reply),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
