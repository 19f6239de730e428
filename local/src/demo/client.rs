//! An HTTP client of the running stack: users with tokens, their requests, and their mail. It uses only HTTP, as the
//! product's users do.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use reqwest::header::{DATE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

/// Longest wait for a mail.
const MAIL_TIMEOUT: Duration = Duration::from_secs(30);

/// A member of the sample organisation.
#[derive(Clone, Deserialize)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) role: String,
}

impl Profile {
    /// Returns the subject of tokens, also used as the name of the shell variable: the part before the `@`.
    pub(crate) fn subject(&self) -> &str {
        self.email.split('@').next().unwrap_or_default()
    }
}

/// Client of a stack.
#[derive(Clone)]
pub(crate) struct Client {
    url: String,
    http: reqwest::Client,
}

impl Client {
    pub(crate) fn new(url: &str) -> Result<Self, String> {
        // A proxy of the environment could not reach the loopback interface.
        let http = reqwest::Client::builder().no_proxy().build();
        Ok(Self { url: url.to_owned(), http: http.map_err(|error| format!("no HTTP client: {error}"))? })
    }

    /// Returns the date in UTC, from the clock of the stack.
    pub(crate) async fn today(&self) -> Result<Date, String> {
        Ok(self.now().await?.to_zoned(TimeZone::UTC).date())
    }

    async fn now(&self) -> Result<Timestamp, String> {
        let answer = send("GET /v1/health", self.http.get(format!("{}/v1/health", self.url))).await?;
        let time = rfc2822::parse(answer.header(DATE.as_str()));
        let time = time.map_err(|error| format!("GET /v1/health: no date in the answer: {error}"))?;
        Ok(time.timestamp())
    }

    /// Signs a member in.
    pub(crate) async fn sign_in(&self, profile: &Profile) -> Result<User, String> {
        let claims = json!({"sub": profile.subject(), "email": profile.email, "name": profile.name});
        let request = self.http.post(format!("{}/_local/token", self.url)).json(&claims);
        let body = send("POST /_local/token", request).await?.expect(200)?;
        Ok(User { profile: profile.clone(), token: text(&body, "/access_token").to_owned(), client: self.clone() })
    }

    /// Waits for the mail to an address with this subject. Mails of different causes arrive in any order.
    pub(crate) async fn mail(&self, to: &str, subject: &str) -> Result<Value, String> {
        let deadline = Instant::now() + MAIL_TIMEOUT;
        loop {
            let request = self.http.get(format!("{}/_local/mail", self.url));
            let answer = send("GET /_local/mail", request.query(&[("to", to)])).await?;
            let mails = answer.expect(200)?;
            let subjects: Vec<&str> = items(&mails).iter().map(|mail| text(mail, "/subject")).collect();
            if let Some(mail) = items(&mails).iter().find(|mail| text(mail, "/subject") == subject) {
                return Ok(mail.clone());
            }
            if Instant::now() > deadline {
                let wanted = format!("{subject:?} within {} s", MAIL_TIMEOUT.as_secs());
                return Err(mismatch(&format!("the mail to {to}"), &wanted, &format!("{subjects:?}")));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Downloads a file by a signed link.
    pub(crate) async fn download(&self, url: &str) -> Result<String, String> {
        let answer = send("the download", self.http.get(url)).await?;
        if answer.status == 200 { Ok(answer.text) } else { Err(mismatch(&answer.what, "200", &answer.text)) }
    }

    /// Runs a scheduled function now.
    pub(crate) async fn run_schedule(&self, function: &str) -> Result<(), String> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.url);
        let event = json!({"source": "aws.scheduler", "time": self.now().await?.to_string()});
        let answer = send(function, self.http.post(url).json(&event)).await?;
        match answer.header("x-amz-function-error") {
            "" => Ok(()),
            _ => Err(mismatch(function, "success", &answer.text)),
        }
    }

    /// Sends a request to DynamoDB. The embedded database requires a signature, but accepts any.
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

/// A member with a token.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) profile: Profile,
    pub(crate) token: String,
    client: Client,
}

impl User {
    pub(crate) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Answer, String> {
        self.send(Method::PUT, path, Some(body), &[]).await
    }

    /// Sends a POST with an idempotency key.
    pub(crate) async fn post(&self, path: &str, key: &str, body: &Value) -> Result<Answer, String> {
        self.send(Method::POST, path, Some(body), &[("Idempotency-Key", key)]).await
    }

    /// Sends a POST with an XML file.
    pub(crate) async fn post_xml(&self, path: &str, xml: &str) -> Result<Answer, String> {
        let request = self.client.http.post(format!("{}{path}", self.client.url)).bearer_auth(&self.token);
        send(&format!("POST {path}"), request.header("Content-Type", "application/xml").body(xml.to_owned())).await
    }

    /// Sends a POST with the version of what was seen in `If-Match`.
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

/// Answer to a request.
pub(crate) struct Answer {
    what: String,
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// Returns the JSON of the answer if it has the status.
    pub(crate) fn expect(&self, status: u16) -> Result<Value, String> {
        if self.status != status {
            let actual = format!("{} {}", self.status, self.text);
            return Err(mismatch(&self.what, &status.to_string(), &actual));
        }
        serde_json::from_str(&self.text).map_err(|_| mismatch(&self.what, "JSON", &self.text))
    }

    /// Returns a header; empty if it is absent.
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

/// Makes the message about a difference.
pub(crate) fn mismatch(what: &str, expected: &str, actual: &str) -> String {
    format!("{what}: expected {expected}, got {actual}")
}

/// Returns the text at a JSON pointer; empty if it is absent.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Returns the member of an object; null if it is absent.
pub(crate) fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// Returns the items of a list.
pub(crate) fn items(list: &Value) -> &[Value] {
    array(list, "/items")
}

/// Returns the array at a JSON pointer; empty if it is absent.
pub(crate) fn array<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
