//! Reads route limits and schedules from resolved values; must not read the template itself.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::model::{Function, Limit, Route, Schedule};
use super::names::{ACCOUNT, REGION};
use super::values::text_of;

/// Default limit of an AWS account.
pub(super) const ACCOUNT_LIMIT: Limit = Limit { per_thousand_seconds: 10_000_000, burst: 5_000 };

/// `DefaultRouteSettings` and `RouteSettings` of the API.
pub(super) struct Limits {
    default: Limit,
    /// Limits by route key.
    by_route: BTreeMap<String, Limit>,
}

impl Limits {
    /// Reads resolved settings; null for absent ones.
    pub(super) fn read(default: &Value, by_route: &Value) -> Result<Self, String> {
        let default = limit(default, ACCOUNT_LIMIT).map_err(|error| format!("DefaultRouteSettings: {error}"))?;
        let mut limits = Self { default, by_route: BTreeMap::new() };
        for (key, settings) in by_route.as_object().into_iter().flatten() {
            let limit = limit(settings, default).map_err(|error| format!("RouteSettings: {key}: {error}"))?;
            limits.by_route.insert(key.clone(), limit);
        }
        Ok(limits)
    }

    /// Sets the limit of each route. Settings for an unknown route are an error, as in a deployment.
    pub(super) fn apply(mut self, routes: &mut [Route]) -> Result<(), String> {
        for route in routes {
            route.limit = self.by_route.remove(&route.key()).unwrap_or(self.default);
        }
        match self.by_route.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("RouteSettings: there is no route {key}")),
        }
    }
}

fn limit(settings: &Value, fallback: Limit) -> Result<Limit, String> {
    let read = |name: &str, parse: fn(&str) -> Option<u64>, fallback: u64| match settings.get(name) {
        None => Ok(fallback),
        Some(value) => parse(&text_of(value)?).ok_or_else(|| format!("{name} is not a number of requests")),
    };
    Ok(Limit {
        per_thousand_seconds: read("ThrottlingRateLimit", thousandths, fallback.per_thousand_seconds)?,
        burst: read("ThrottlingBurstLimit", |text| text.parse().ok(), fallback.burst)?,
    })
}

/// Parses a decimal number as thousandths: `2.5` is 2500.
fn thousandths(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(digits.parse().ok()?)
}

/// Reads a `ScheduleV2` event; `None` if it has no rate or is disabled.
pub(super) fn schedule(event: &str, properties: &Value, function: &Function) -> Result<Option<Schedule>, String> {
    let text = |name: &str| properties.get(name).and_then(Value::as_str);
    let expression = text("ScheduleExpression").ok_or("a ScheduleV2 event needs a ScheduleExpression")?;
    let Some(rate) = expression.strip_prefix("rate(").and_then(|it| it.strip_suffix(')')) else {
        return Ok(None);
    };
    if text("State") == Some("DISABLED") {
        return Ok(None);
    }
    let every = interval(rate).ok_or_else(|| format!("{expression} is not a rate"))?;
    let name = text("Name").map_or_else(|| format!("{}{event}", function.logical_id), str::to_owned);
    let group = text("GroupName").unwrap_or("default");
    Ok(Some(Schedule {
        function: function.name.clone(),
        arn: format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{group}/{name}"),
        every,
        input: text("Input").map(str::to_owned),
    }))
}

fn interval(rate: &str) -> Option<Duration> {
    let (number, unit) = rate.trim().split_once(' ')?;
    let minutes = match unit.trim() {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => 24 * 60,
        _ => return None,
    };
    let number = number.parse::<u64>().ok().filter(|it| *it > 0)?;
    Some(Duration::from_secs(number.checked_mul(minutes)?.checked_mul(60)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::template::Access;

    fn route(method: &str, path: &str) -> Route {
        Route {
            method: method.to_owned(),
            path: path.to_owned(),
            function: "things".to_owned(),
            access: Access::Open,
            limit: ACCOUNT_LIMIT,
        }
    }

    #[test]
    fn route_limit_falls_back_to_the_default_and_the_account() {
        let default = json!({ "ThrottlingRateLimit": 100, "ThrottlingBurstLimit": "200" });
        let by_route =
            json!({ "POST /v1/x": { "ThrottlingRateLimit": 0.5 }, "$default": { "ThrottlingBurstLimit": 3 } });
        let mut routes = [route("POST", "/v1/x"), route("ANY", "$default"), route("GET", "/v1/x")];
        Limits::read(&default, &by_route).and_then(|it| it.apply(&mut routes)).expect("limits");
        let found = routes.map(|it| (it.limit.per_thousand_seconds, it.limit.burst));
        assert_eq!(found, [(500, 200), (100_000, 3), (100_000, 200)]);
        let mut routes = [route("GET", "/v1/x")];
        Limits::read(&Value::Null, &Value::Null).and_then(|it| it.apply(&mut routes)).expect("limits");
        assert_eq!(routes.map(|it| it.limit), [ACCOUNT_LIMIT]);
    }

    #[test]
    fn settings_of_unknown_route_or_bad_number_are_errors() {
        let by_route = json!({ "POST /v1/y": {} });
        let error = Limits::read(&Value::Null, &by_route).and_then(|it| it.apply(&mut [route("POST", "/v1/x")]));
        assert_eq!(error, Err("RouteSettings: there is no route POST /v1/y".to_owned()));
        for wrong in ["", "many", "-1", "1e3"] {
            let default = json!({ "ThrottlingRateLimit": wrong });
            assert!(
                Limits::read(&default, &Value::Null).is_err_and(|it| it.contains("ThrottlingRateLimit")),
                "{wrong}"
            );
        }
    }

    #[test]
    fn rate_is_parsed_as_interval() {
        for (rate, seconds) in [("5 minutes", 300), ("1 minute", 60), ("2 hours", 7_200), ("1 day", 86_400)] {
            assert_eq!(interval(rate), Some(Duration::from_secs(seconds)), "{rate}");
        }
        for rate in ["5", "0 minutes", "five minutes", "5 seconds", "-1 days", ""] {
            assert_eq!(interval(rate), None, "{rate}");
        }
    }
}
