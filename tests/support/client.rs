//! Users with tokens, their requests, and assertions on the answers.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use super::declared::assert_declared;

/// Answer to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts the status; returns the JSON.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// Asserts the type and the status of a problem; returns its errors as `pointer rule`, in their order.
    #[track_caller]
    pub fn problem(&self, status: u16, kind: &str) -> Vec<String> {
        let body = self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!((body["type"].as_str().unwrap(), &body["status"]), (kind, &json!(status)), "{body}");
        assert_eq!(body["instance"].as_str().unwrap(), self.header("x-request-id"));
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
        errors.iter().map(|error| format!("{} {}", text(error, "pointer"), text(error, "rule"))).collect()
    }
}

/// A user with a token.
#[derive(Clone, Debug)]
pub struct Person {
    pub email: String,
    pub token: String,
    pub id: String,
    pub base: String,
}

impl Person {
    /// Signs in at the identity provider of the stack.
    pub async fn sign_in(base: &str, name: &str, email: &str) -> Self {
        let token = issue_token(base, &json!({"sub": format!("sub-{email}"), "email": email, "name": name})).await;
        Self { email: email.to_owned(), token, id: String::new(), base: base.to_owned() }
    }

    /// Signs in a service: its token has a subject, but no e-mail address and no name.
    pub async fn sign_in_service(base: &str, subject: &str) -> Self {
        let claims = json!({"email": null, "email_verified": null, "name": null});
        let body = json!({"sub": subject, "email": "none@example.com", "name": subject, "claims": claims});
        let token = issue_token(base, &body).await;
        Self { email: String::new(), token, id: String::new(), base: base.to_owned() }
    }

    /// The same person with another token.
    pub async fn with_token(&self, body: &Value) -> Self {
        Self { token: issue_token(&self.base, body).await, ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        reqwest::Client::new().request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// Makes a request with a fresh idempotency key.
    pub fn once(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request(method, path).header("Idempotency-Key", fresh_key())
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.once(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// Sends a POST with the version in `If-Match`.
    pub async fn post_at(&self, path: &str, version: u64, body: &Value) -> Answer {
        send(self.request(Method::POST, path).header("If-Match", format!("\"{version}\"")).json(body)).await
    }
}

/// Makes a unique idempotency key.
pub fn fresh_key() -> String {
    static KEYS: AtomicU32 = AtomicU32::new(0);
    format!("key-{:08}", KEYS.fetch_add(1, Ordering::Relaxed))
}

/// Token from the identity provider of the stack, for the body of `POST /_local/token`.
pub async fn issue_token(base: &str, body: &Value) -> String {
    let answer = send(reqwest::Client::new().post(format!("{base}/_local/token")).json(body)).await.expect(200);
    assert_eq!(answer["token_type"], "Bearer");
    answer["access_token"].as_str().unwrap().to_owned()
}

/// Sends a request. The status of the answer must be declared in `openapi.json`.
pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response = client.execute(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    assert_declared(&method, &path, status, &text);
    Answer { status, headers, text }
}
