//! A client of the running stack: people who sign in and send requests, and the mail that reaches them. It knows nothing but
//! HTTP, as the product's users do.

use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use reqwest::header::{DATE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

/// How long a mail may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody of the sample organisation.
#[derive(Clone, Deserialize)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) role: String,
}

impl Profile {
    /// The subject of his tokens, and the name of his token in a shell: what stands before the `@`.
    pub(crate) fn subject(&self) -> &str {
        self.email.split('@').next().unwrap_or_default()
    }
}

/// The stack as its clients see it.
#[derive(Clone)]
pub(crate) struct Client {
    url: String,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(url: &str) -> Result<Self, String> {
        // A proxy that the environment names could not reach this machine's loopback.
        let http = reqwest::Client::builder().no_proxy().build();
        Ok(Self { url: url.to_owned(), http: http.map_err(|error| format!("no HTTP client: {error}"))? })
    }

    /// The day in UTC, by the stack's clock.
    pub(crate) async fn today(&self) -> Result<Date, String> {
        let answer = send("GET /v1/health", self.http.get(format!("{}/v1/health", self.url))).await?;
        let moment = rfc2822::parse(answer.header(DATE.as_str()));
        let moment = moment.map_err(|error| format!("GET /v1/health: no date in its answer: {error}"))?;
        Ok(moment.timestamp().to_zoned(TimeZone::UTC).date())
    }

    pub(crate) async fn sign_in(&self, profile: &Profile) -> Result<Person, String> {
        let claims = json!({"sub": profile.subject(), "email": profile.email, "name": profile.name});
        let request = self.http.post(format!("{}/_local/token", self.url)).json(&claims);
        let body = send("POST /_local/token", request).await?.expect(200)?;
        Ok(Person { profile: profile.clone(), token: text(&body, "/access_token").to_owned(), client: self.clone() })
    }

    /// The first mail to an address after `before` others; the stream needs a moment to send it.
    pub(crate) async fn mail(&self, to: &str, before: usize) -> Result<Value, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let request = self.http.get(format!("{}/_local/mail", self.url));
            let answer = send("GET /_local/mail", request.query(&[("to", to)])).await?;
            if let Some(mail) = items(&answer.expect(200)?).get(before) {
                return Ok(mail.clone());
            }
            if Instant::now() > deadline {
                let seconds = PATIENCE.as_secs();
                return Err(differs(&format!("the mail to {to}"), &format!("within {seconds} s"), "none"));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// A request that DynamoDB itself answers, to look at what is stored. The embedded one wants to see a signature, any one.
    pub(crate) async fn dynamodb(&self, url: &str, operation: &str, body: &Value) -> Result<Value, String> {
        let request = self
            .http
            .post(url)
            .header("X-Amz-Target", format!("DynamoDB_20120810.{operation}"))
            .header("Content-Type", "application/x-amz-json-1.0")
            .header("X-Amz-Date", "20000101T000000Z")
            .header("Authorization", "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none")
            .body(body.to_string());
        send(operation, request).await?.expect(200)
    }
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) profile: Profile,
    pub(crate) token: String,
    client: Client,
}

impl Person {
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Answer, String> {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    /// A POST that may be repeated: the same key stands for the same intention.
    pub(crate) async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Answer, String> {
        self.send(Method::POST, path, Some(body), &[("Idempotency-Key", key)]).await
    }

    /// A POST about the version that was seen.
    pub(crate) async fn decide(&self, path: &str, version: u64, body: &Value) -> Result<Answer, String> {
        let tag = format!("\"{version}\"");
        self.send(Method::POST, path, Some(body), &[("If-Match", &tag)]).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let what = format!("{method} {path}");
        let url = format!("{}{path}", self.client.url);
        let mut request = self.client.http.request(method, url).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        send(&what, request).await
    }
}

/// What a request was answered.
pub(crate) struct Answer {
    what: String,
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The answer's JSON, if its status is this one.
    pub(crate) fn expect(&self, status: u16) -> Result<Value, String> {
        if self.status != status {
            let got = format!("{} {}", self.status, self.text);
            return Err(differs(&self.what, &status.to_string(), &got));
        }
        serde_json::from_str(&self.text).map_err(|_| differs(&self.what, "JSON", &self.text))
    }

    /// A header; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

async fn send(what: &str, request: RequestBuilder) -> Result<Answer, String> {
    let failed = |error: reqwest::Error| format!("{what}: no answer: {error}");
    let response = request.send().await.map_err(failed)?;
    Ok(Answer {
        what: what.to_owned(),
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.map_err(failed)?,
    })
}

/// The sentence about something that is not as it should be.
pub(crate) fn differs(what: &str, expected: &str, got: &str) -> String {
    format!("{what}: expected {expected}, got {got}")
}

/// The text at a JSON pointer; empty when there is none.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The member of an object; null when there is none.
pub(crate) fn at<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// The items of a list's answer.
pub(crate) fn items(list: &Value) -> &[Value] {
    array(list, "/items")
}

/// The array at a JSON pointer; empty when there is none.
pub(crate) fn array<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
