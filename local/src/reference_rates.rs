//! Serves sample reference rates in the form of the European Central Bank, so that the function that loads them works
//! offline: every weekday of the last 90 days, the same rates on each.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, put};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::system;
use crate::template::Parameters;

/// Days that the larger file reaches back.
const HISTORY_DAYS: i64 = 90;
/// Units of a currency for one euro.
const RATES: [(&str, &str); 8] = [
    ("USD", "1.1000"),
    ("JPY", "165.00"),
    ("CZK", "25.000"),
    ("DKK", "7.4600"),
    ("GBP", "0.88000"),
    ("PLN", "4.3000"),
    ("SEK", "11.0000"),
    ("CHF", "0.9400"),
];

/// Document that is served in place of both files; `None` for the sample.
type Replacement = Arc<Mutex<Option<String>>>;

/// Returns the template's parameters for a stack at the URL.
pub(crate) fn template_parameters(url: &str) -> Parameters {
    [("ReferenceRatesUrl".to_owned(), format!("{url}/_local/reference-rates/eurofxref-daily.xml"))].into()
}

/// Makes the routes of the sample rates.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/_local/reference-rates/eurofxref-daily.xml", get(get_daily_file))
        .route("/_local/reference-rates/eurofxref-hist-90d.xml", get(get_history_file))
        .route("/_local/reference-rates", put(replace_files))
        .with_state(Replacement::default())
}

async fn get_daily_file(State(replacement): State<Replacement>) -> impl IntoResponse {
    answer(&replacement, 1)
}

async fn get_history_file(State(replacement): State<Replacement>) -> impl IntoResponse {
    answer(&replacement, usize::MAX)
}

/// `PUT /_local/reference-rates`: serves the body in place of both files; an empty body restores the sample.
async fn replace_files(State(replacement): State<Replacement>, body: String) -> StatusCode {
    let document = Some(body).filter(|body| !body.is_empty());
    *replacement.lock().unwrap_or_else(PoisonError::into_inner) = document;
    StatusCode::NO_CONTENT
}

fn answer(replacement: &Replacement, days: usize) -> impl IntoResponse + use<> {
    let replaced = replacement.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let document = replaced.unwrap_or_else(|| sample(&weekdays(system::now()), days));
    ([(header::CONTENT_TYPE, "text/xml")], document)
}

/// Weekdays of the last 90 days, newest first.
fn weekdays(now: Timestamp) -> Vec<Date> {
    let back = |days: i64| now.checked_sub(SignedDuration::from_hours(24_i64.saturating_mul(days))).ok();
    let days = (0..HISTORY_DAYS).filter_map(back).map(|day| day.to_zoned(TimeZone::UTC).date());
    days.filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)).collect()
}

fn sample(days: &[Date], count: usize) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" \
         xmlns=\"http://www.ecb.int/vocabulary/2002-08-01/eurofxref\">\n<gesmes:subject>Reference rates</gesmes:subject>\n<Cube>\n",
    );
    for day in days.iter().take(count) {
        // Writing to a String cannot fail.
        let _ = writeln!(xml, "<Cube time=\"{day}\">");
        for (currency, rate) in RATES {
            let _ = writeln!(xml, "<Cube currency=\"{currency}\" rate=\"{rate}\"/>");
        }
        xml.push_str("</Cube>\n");
    }
    xml.push_str("</Cube>\n</gesmes:Envelope>\n");
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_has_weekdays_only_newest_first() {
        // A Sunday.
        let days = weekdays("2026-11-22T10:00:00Z".parse().expect("a time"));
        assert_eq!((days.len(), days[0].to_string().as_str()), (64, "2026-11-20"));
        let daily = sample(&days, 1);
        assert_eq!((daily.matches("time=").count(), daily.contains("time=\"2026-11-20\"")), (1, true));
        assert_eq!(sample(&days, usize::MAX).matches("time=").count(), 64);
    }
}
