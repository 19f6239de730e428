//! What the template says in numbers and small texts: how many requests a route takes, and how often a function runs.
//! Works on resolved values; must not look for them in the template itself.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::intrinsics::text_of;
use super::{ACCOUNT, Function, Limit, REGION, Route, Schedule};

/// What an account may do when nothing else is said.
pub(super) const UNLIMITED: Limit = Limit { per_thousand_seconds: 10_000_000, burst: 5_000 };

/// The API's `DefaultRouteSettings` and `RouteSettings`.
pub(super) struct Limits {
    usual: Limit,
    /// By the routes' keys.
    own: BTreeMap<String, Limit>,
}

impl Limits {
    /// From resolved settings; null stands for none.
    pub(super) fn read(usual: &Value, own: &Value) -> Result<Self, String> {
        let usual = limit(usual, UNLIMITED).map_err(|error| format!("DefaultRouteSettings: {error}"))?;
        let mut limits = Self { usual, own: BTreeMap::new() };
        for (key, settings) in own.as_object().into_iter().flatten() {
            let limit = limit(settings, usual).map_err(|error| format!("RouteSettings: {key}: {error}"))?;
            limits.own.insert(key.clone(), limit);
        }
        Ok(limits)
    }

    /// Gives each route its limit. Settings for a route that does not exist are an error, as they are on deployment.
    pub(super) fn give(mut self, routes: &mut [Route]) -> Result<(), String> {
        for route in routes {
            route.limit = self.own.remove(&route.key()).unwrap_or(self.usual);
        }
        match self.own.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("RouteSettings: there is no route {key}")),
        }
    }
}

fn limit(settings: &Value, otherwise: Limit) -> Result<Limit, String> {
    let read = |name: &str, parse: fn(&str) -> Option<u64>, otherwise: u64| match settings.get(name) {
        None => Ok(otherwise),
        Some(value) => parse(&text_of(value)?).ok_or_else(|| format!("{name} is not a number of requests")),
    };
    Ok(Limit {
        per_thousand_seconds: read("ThrottlingRateLimit", thousandths, otherwise.per_thousand_seconds)?,
        burst: read("ThrottlingBurstLimit", |text| text.parse().ok(), otherwise.burst)?,
    })
}

/// `2.5` is 2500.
fn thousandths(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(digits.parse().ok()?)
}

/// A `ScheduleV2` event; `None` if it is not one that repeats at a rate, or is turned off.
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
            limit: UNLIMITED,
        }
    }

    #[test]
    fn a_route_has_its_own_limit_then_the_usual_one_then_the_account_s() {
        let usual = json!({ "ThrottlingRateLimit": 100, "ThrottlingBurstLimit": "200" });
        let own = json!({ "POST /v1/x": { "ThrottlingRateLimit": 0.5 }, "$default": { "ThrottlingBurstLimit": 3 } });
        let mut routes = [route("POST", "/v1/x"), route("ANY", "$default"), route("GET", "/v1/x")];
        Limits::read(&usual, &own).and_then(|it| it.give(&mut routes)).expect("limits");
        let found = routes.map(|it| (it.limit.per_thousand_seconds, it.limit.burst));
        assert_eq!(found, [(500, 200), (100_000, 3), (100_000, 200)]);
        let mut routes = [route("GET", "/v1/x")];
        Limits::read(&Value::Null, &Value::Null).and_then(|it| it.give(&mut routes)).expect("limits");
        assert_eq!(routes.map(|it| it.limit), [UNLIMITED]);
    }

    #[test]
    fn settings_for_no_route_and_for_no_number_are_errors() {
        let own = json!({ "POST /v1/y": {} });
        let error = Limits::read(&Value::Null, &own).and_then(|it| it.give(&mut [route("POST", "/v1/x")]));
        assert_eq!(error, Err("RouteSettings: there is no route POST /v1/y".to_owned()));
        for wrong in ["", "many", "-1", "1e3"] {
            let usual = json!({ "ThrottlingRateLimit": wrong });
            assert!(Limits::read(&usual, &Value::Null).is_err_and(|it| it.contains("ThrottlingRateLimit")), "{wrong}");
        }
    }

    #[test]
    fn rates_are_intervals() {
        for (rate, seconds) in [("5 minutes", 300), ("1 minute", 60), ("2 hours", 7_200), ("1 day", 86_400)] {
            assert_eq!(interval(rate), Some(Duration::from_secs(seconds)), "{rate}");
        }
        for rate in ["5", "0 minutes", "five minutes", "5 seconds", "-1 days", ""] {
            assert_eq!(interval(rate), None, "{rate}");
        }
    }
}
