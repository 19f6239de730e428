//! `GET /v1/orgs/{org}/rates`: the exchange rates that were entered.

use outlay_domain::permission::ReadRates;
use outlay_edge::api::common::{OrgPath, PageOut, PageQuery, Problems};
use outlay_edge::api::rates::RateOut;
use outlay_edge::{Call, Outcome, Reply};

/// List exchange rates by currency and day.
///
/// For every member.
#[utoipa::path(get, path = "/v1/orgs/{org}/rates", operation_id = "ratesList", tag = "rates",
    params(OrgPath, PageQuery, ("currency" = Option<String>, Query, description = "Only rates of this currency.")),
    responses((status = 200, description = "The rates.", body = PageOut<RateOut>), Problems))]
async fn handler(call: Call) -> Outcome {
    let caller = call.caller().await?;
    caller.permit::<ReadRates>()?;
    let query = call.query(&["limit", "cursor", "currency"])?;
    let currency = query.get("currency", "the ISO 4217 code of a currency", |text| text.parse().ok())?;
    let rates = call.store().list_rates(caller.member.org, currency, &query.page()?).await?;
    Ok(Reply::page(rates, |entry| RateOut::from(&entry))?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
