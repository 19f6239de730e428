//! `PUT /v1/orgs/{org}/rates/{date}`: stores the exchange rates of a day.

use std::collections::BTreeMap;

use outlay_api::common::{OrgPath, PageOut};
use outlay_api::rates::{RateOut, parse_rate_date};
use outlay_domain::change::{Change, enter_rates};
use outlay_domain::conversion::{Rate, RateEntry};
use outlay_domain::money::Currency;
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::EnterRates;
use outlay_domain::text::RateSource;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Exchange rates of a day.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct RatesIn {
    /// Value of one unit of each currency, in the base currency; 1 to 90 currencies, at most 12 significant
    /// digits each.
    #[validate(length(min = 1, max = 90))]
    #[schema(example = json!({"GBP": "1.1412", "JPY": "0.005834"}))]
    rates: BTreeMap<String, String>,
    /// Source, 1 to 200 characters; `manual` when absent.
    #[schema(example = "ECB")]
    source: Option<String>,
}

impl Input for RatesIn {
    type Checked = (Vec<(Currency, Rate)>, RateSource);

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked> {
        let rates: Vec<_> = errors.within("rates", |errors| {
            let mut parse = |(code, rate): (&String, &String)| {
                let currency = errors.parse(code, code);
                let rate = errors.parse(code, rate);
                Some((currency?, rate?))
            };
            self.rates.iter().map(&mut parse).collect()
        });
        let source = errors.parse_optional("source", self.source);
        Some((rates.into_iter().collect::<Option<_>>()?, source?.unwrap_or_else(RateSource::manual)))
    }
}

#[derive(Debug)]
struct PutRates;

impl Endpoint for PutRates {
    type Target = OnOrganisation<EnterRates>;
    type Preload = Organisation;
    type Query = NoQuery;
    type Body = RatesIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Enter the exchange rates of a day.
///
/// Allowed for finance and admins. Rates of the same day and currency are replaced. Drafts and returned reports are
/// converted at the new rates; submitted and approved reports keep theirs.
#[utoipa::path(
    put,
    path = "/v1/orgs/{org}/rates/{date}",
    operation_id = "ratesPut",
    tag = "rates",
    params(
        OrgPath,
        ("date" = String, Path, description = "Day of the rates, `YYYY-MM-DD`; not in the future."),
        Declared<PutRates>,
    ),
    request_body = RatesIn,
    responses((status = 200, description = "Entered rates.", body = PageOut<RateOut>), Declared<PutRates>)
)]
async fn handler(context: Context<'_, PutRates>, (rates, source): Checked<PutRates>) -> HandlerResult {
    let base_currency = context.preloaded.base_currency;
    let date = parse_rate_date(&context)?;
    if rates.iter().any(|(currency, _)| *currency == base_currency) {
        let mut errors = FieldErrors::default();
        errors.push_at(format!("/rates/{base_currency}"), "base-currency", "Must not be the base currency.");
        return Err(errors.into());
    }
    let entry = |(currency, rate)| RateEntry { currency, date, rate, source: source.clone() };
    let change = enter_rates(context.permit, date, rates.into_iter().map(entry).collect(), context.now());
    let items: Vec<RateOut> = change.entries.iter().map(Into::into).collect();
    let reply = Reply::ok(&PageOut { items, next_cursor: None })?;
    context.commit(Change::Rates(Box::new(change)), reply).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
