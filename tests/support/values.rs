//! Values for requests, and values read from answers.

use serde_json::{Value, json};

/// Returns an object with the members of another added or replaced.
pub fn with(mut value: Value, more: &Value) -> Value {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

/// Returns an amount in EUR.
pub fn eur(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// Returns the version of a report.
pub fn version(report: &Value) -> u64 {
    report["version"].as_u64().unwrap()
}

/// Returns the names of the approvers of each step, sorted.
pub fn approver_names(report: &Value) -> Vec<Vec<String>> {
    let name = |person: &Value| person["name"].as_str().unwrap().to_owned();
    let names = |step: &Value| {
        let mut names: Vec<String> = step["approvers"].as_array().unwrap().iter().map(name).collect();
        names.sort_unstable();
        names
    };
    report["steps"].as_array().unwrap().iter().map(names).collect()
}

/// Returns a line of today in EUR with a receipt reference.
pub fn expense(amount: &str) -> Value {
    json!({
        "date": today(), "category": "travel", "merchant": "SNCF", "amount": {"amount": amount, "currency": "EUR"},
        "receipt_reference": "scan-1.pdf",
    })
}

/// Returns the current date in UTC.
pub fn today() -> String {
    day(0)
}

/// Reads the clock.
#[expect(clippy::disallowed_methods, reason = "the binaries under test use the real clock, so the tests must too")]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Returns the date `back` days ago, in UTC.
pub fn day(back: i64) -> String {
    let then = now() - jiff::SignedDuration::from_hours(24 * back);
    then.to_string().chars().take(10).collect()
}

/// Returns a date of the previous month.
pub fn last_month(number: i8) -> String {
    let today: jiff::civil::Date = today().parse().unwrap();
    today.first_of_month().yesterday().unwrap().with().day(number).build().unwrap().to_string()
}

/// Returns the policy violations of a report as `rule severity limit actual`.
pub fn violations(report: &Value) -> Vec<String> {
    let measure = |value: &Value| match value["days"].as_u64() {
        Some(days) => days.to_string(),
        None => value["amount"].as_str().unwrap_or("-").to_owned(),
    };
    let one = |found: &Value| {
        let (rule, severity) = (found["rule"].as_str().unwrap(), found["severity"].as_str().unwrap());
        format!("{rule} {severity} {} {}", measure(&found["limit"]), measure(&found["actual"]))
    };
    report["violations"].as_array().unwrap().iter().map(one).collect()
}
