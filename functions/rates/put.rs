//! `PUT /v1/orgs/{org}/rates/{date}`: finance enters the exchange rates of a day.

use std::collections::BTreeMap;

use outlay_domain::change::{Change, enter_rates};
use outlay_domain::conversion::{Rate, RateEntry};
use outlay_domain::money::Currency;
use outlay_domain::permission::EnterRates;
use outlay_edge::api::common::{PageOut, Problems};
use outlay_edge::api::rates::RateOut;
use outlay_edge::call::Input;
use outlay_edge::{Call, Faults, Outcome, Problem, ProblemType, Reply, checks, loads};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// The exchange rates of a day.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct RatesIn {
    /// For each currency how many units of the base currency one unit of it is worth; 1 to 90 of them, at most 12
    /// significant digits each.
    #[validate(length(min = 1, max = 90))]
    #[schema(example = json!({"GBP": "1.1412", "JPY": "0.005834"}))]
    rates: BTreeMap<String, String>,
    /// Where they come from; `manual` when absent.
    #[validate(custom(function = "checks::short_text"))]
    #[schema(example = "ECB")]
    source: Option<String>,
}

impl Input for RatesIn {
    type Checked = (Vec<(Currency, Rate)>, String);

    fn check(self, _: jiff::Timestamp, faults: &mut Faults) -> Option<Self::Checked> {
        let rates: Vec<_> = faults.at("rates", |faults| {
            let mut one = |(code, rate): (&String, &String)| {
                let currency = checks::currency(code, code, faults);
                let rate = rate.parse::<Rate>();
                if let Err(fault) = &rate {
                    faults.note(code, "rate", format!("Is {fault}."));
                }
                Some((currency?, rate.ok()?))
            };
            self.rates.iter().map(&mut one).collect()
        });
        let source = self.source.as_deref().map_or_else(|| "manual".to_owned(), checks::cleaned);
        Some((rates.into_iter().collect::<Option<_>>()?, source))
    }
}

/// Enter exchange rates.
///
/// For finance and admins. Rates of the same day and currency are replaced; lines that were converted keep what they have.
#[utoipa::path(put, path = "/v1/orgs/{org}/rates/{date}", operation_id = "ratesPut", tag = "rates",
    params(("org" = String, Path, description = "The organisation, `org_…`."),
        ("date" = String, Path, description = "The day, `YYYY-MM-DD`; not in the future.")),
    request_body = RatesIn,
    responses((status = 200, description = "Entered.", body = PageOut<RateOut>), Problems))]
async fn handler(call: Call) -> Outcome {
    let (caller, organisation) = call.caller_and(loads::organisation(call.store(), call.org()?)).await?;
    let permit = caller.permit::<EnterRates>()?;
    let mut faults = Faults::default();
    let no_day = || {
        Problem::new(
            ProblemType::InvalidParameter,
            "The path must end in a day as YYYY-MM-DD, from 2000 and not in the future.",
        )
    };
    let date = checks::spending_day(&call.path("date"), "date", call.now(), &mut faults).ok_or_else(no_day)?;
    let (rates, source) = call.input::<RatesIn>(&caller)?;
    if rates.iter().any(|(currency, _)| *currency == organisation.base_currency) {
        faults.note(&format!("rates/{}", organisation.base_currency), "base-currency", "Is the base currency itself.");
        return Err(Problem::invalid(faults).into());
    }
    let entry = |(currency, rate)| RateEntry { currency, date, rate, source: source.clone() };
    let change = enter_rates(permit, date, rates.into_iter().map(entry).collect(), call.now());
    let items: Vec<RateOut> = change.entries.iter().map(Into::into).collect();
    let reply = Reply::ok(&PageOut { items, next_cursor: None })?;
    call.commit(&caller, Change::Rates(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
