//! Invalid tokens, on a stack whose gateway has no authorizer: every refusal comes from the functions themselves.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::StreamExt;
use futures_util::stream;
use outlay_local::{Data, Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{FORBIDDEN, NOT_FOUND, UNAUTHENTICATED, UNAVAILABLE, changed_keys, check_problem, decide, expect_problems};
use crate::support::{Answer, Person, World, expense, now, options, send, table};

/// A stack whose gateway has no authorizer, and an organisation on it.
struct OpenGateway {
    stack: Stack,
    world: World,
}

impl OpenGateway {
    async fn start() -> Self {
        let stack = Stack::start(Options { authorizer: false, ..options(Data::InMemory) }).await.unwrap();
        let world = World::on(stack.url()).await;
        Self { stack, world }
    }

    async fn local(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = reqwest::Client::new().request(method, format!("{}/_local/{path}", self.stack.url()));
        send(if body.is_null() { request } else { request.json(body) }).await.expect(200)
    }

    /// Issues a token for Ana with these claims, header parameters or key replaced.
    async fn token(&self, more: &Value) -> String {
        let email = &self.world.ana.email;
        let mut body = json!({"sub": format!("sub-{email}"), "email": email, "name": "Ana Silva"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.local(Method::POST, "token", &body).await["access_token"].as_str().unwrap().to_owned()
    }

    async fn token_with_claims(&self, claims: Value) -> String {
        self.token(&json!({"claims": claims})).await
    }

    async fn token_with_header(&self, header: Value) -> String {
        self.token(&json!({"header": header})).await
    }

    /// Requests a path with this `Authorization` header.
    async fn answer(&self, path: &str, authorization: &str) -> Answer {
        let request = reqwest::Client::new().get(format!("{}{}", self.stack.url(), self.world.path(path)));
        send(request.header("Authorization", authorization)).await
    }
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// HMAC with SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let key = if key.len() > 64 { Sha256::digest(key).to_vec() } else { key.to_vec() };
    let pad = |with: u8| (0..64).map(|at| key.get(at).unwrap_or(&0) ^ with).collect::<Vec<u8>>();
    let inner = Sha256::digest([pad(0x36).as_slice(), message.as_bytes()].concat());
    Sha256::digest([pad(0x5C).as_slice(), &inner].concat()).to_vec()
}

/// Public forms of a 2048-bit RSA key that a verifier could confuse with a secret: PEM and DER key info, JWK, modulus.
fn public_forms(jwk: &Value) -> Vec<Vec<u8>> {
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    assert_eq!((modulus.len(), jwk["e"].as_str()), (256, Some("AQAB")));
    let head = [
        0x30, 0x82, 1, 0x22, 0x30, 13, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 13, 1, 1, 1, 5, 0, 3, 0x82, 1, 15, 0, 0x30,
        0x82, 1, 10, 2, 0x82, 1, 1, 0,
    ];
    let der = [head.as_slice(), &modulus, &[2, 3, 1, 0, 1]].concat();
    let lines: Vec<String> =
        STANDARD.encode(&der).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n"));
    vec![format!("{pem}\n").into_bytes(), pem.into_bytes(), der, jwk.to_string().into_bytes(), modulus]
}

/// Tokens forged from the parts of a valid one.
fn forged_tokens(good: &str, jwk: &Value) -> Vec<(&'static str, String)> {
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let kid = decoded(header)["kid"].clone();
    let mut all = vec![
        ("AUTHN-03", String::new()),
        ("AUTHN-03", " ".to_owned()),
        ("AUTHN-07", format!("{header}.{payload}.")),
        ("AUTHN-07", format!("{header}.{payload}")),
        ("AUTHN-27", "8f2d6c3e5a7b4f1e9d0c2b6a8e4f7d1c".to_owned()),
        (
            "AUTHN-31",
            format!(
                "{}.{payload}.{signature}.{payload}.{signature}",
                encoded(&json!({"alg": "RSA-OAEP", "enc": "A256GCM", "kid": kid}))
            ),
        ),
        (
            "AUTHN-31",
            format!(
                "{}.{}.{signature}",
                encoded(&json!({"alg": "RS256", "cty": "JWT", "kid": kid})),
                URL_SAFE_NO_PAD.encode(good)
            ),
        ),
        ("AUTHN-32", json!({"payload": payload, "protected": header, "signature": signature}).to_string()),
        (
            "AUTHN-32",
            json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]}).to_string(),
        ),
        // AUTHN-33: `conformance` runs all 355 Wycheproof vectors; these three are additional.
        ("AUTHN-33", format!("{header}.{}.{signature}", encoded(&json!({"sub": "eve", "exp": 4_000_000_000_u32})))),
        ("AUTHN-33", format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode([0; 256]))),
        ("AUTHN-33", format!("{header}.{payload}.{signature}A")),
    ];
    for alg in ["none", "None", "nOnE", "NONE", ""] {
        let header = encoded(&json!({"alg": alg, "typ": "JWT", "kid": kid}));
        all.push(("AUTHN-05", format!("{header}.{payload}.")));
        all.push(("AUTHN-05", format!("{header}.{payload}.{signature}")));
    }
    for secret in public_forms(jwk) {
        let message = format!("{}.{payload}", encoded(&json!({"alg": "HS256", "typ": "JWT", "kid": kid})));
        all.push(("AUTHN-06", format!("{message}.{}", URL_SAFE_NO_PAD.encode(hmac(&secret, &message)))));
    }
    all
}

/// Tokens signed by the issuer that must be rejected all the same.
async fn signed_tokens(open: &OpenGateway) -> Vec<(&'static str, String)> {
    let now = now().as_second();
    let mut all = Vec::new();
    for kid in ["../../../../dev/null", "' OR 1=1--", "a\u{0}b", ""] {
        all.push(("AUTHN-10", open.token_with_header(json!({"kid": kid})).await));
    }
    all.push(("AUTHN-12", open.token_with_header(json!({"kid": null})).await));
    for crit in [json!(["exp"]), json!(["https://example.com/unknown"]), json!([]), Value::from("exp")] {
        all.push((
            "AUTHN-16",
            open.token_with_header(json!({"crit": crit, "https://example.com/unknown": true})).await,
        ));
    }
    let none = Value::Null;
    let claims = [
        ("AUTHN-17", json!({"exp": now - 1})),
        ("AUTHN-18", json!({"exp": none})),
        ("AUTHN-19", json!({"exp": (now + 600).to_string()})),
        ("AUTHN-19", json!({"exp": -1})),
        ("AUTHN-19", json!({"exp": 1e300})),
        ("AUTHN-19", json!({"exp": [now + 600]})),
        ("AUTHN-21", json!({"iat": now + 86_400})),
        ("AUTHN-22", json!({"iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Another"})),
        ("AUTHN-22", json!({"iss": format!("{}/_local/oidc/", open.stack.url())})),
        ("AUTHN-22", json!({"iss": [format!("{}/_local/oidc", open.stack.url())]})),
        ("AUTHN-23", json!({"iss": none, "aud": none, "client_id": none})),
        ("AUTHN-23", json!({"iss": none})),
        ("AUTHN-23", json!({"aud": none, "client_id": none})),
        ("AUTHN-27", json!({"token_use": "refresh"})),
        ("AUTHN-27", json!({"token_use": none, "typ": "Refresh"})),
        ("AUTHN-28", json!({"sub": ""})),
        ("AUTHN-28", json!({"sub": none})),
        ("AUTHN-28", json!({"sub": 7})),
        ("AUTHN-29", json!({"sub": "x".repeat(256)})),
        ("AUTHN-29", json!({"sub": "ana#SHARD"})),
        ("AUTHN-29", json!({"sub": "ana silva"})),
        ("AUTHN-30", json!({"pad": "x".repeat(12 * 1024)})),
    ];
    for (id, claims) in claims {
        all.push((id, open.token_with_claims(claims).await));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_token_is_unauthenticated() {
    let open = OpenGateway::start().await;
    let good = open.token(&json!({})).await;
    let set = open.local(Method::GET, "oidc/jwks.json", &Value::Null).await;
    let mut bad = forged_tokens(&good, &set["keys"][0]);
    bad.extend(signed_tokens(&open).await);
    let before = table::organisation_on(&open.stack, &open.world.org).await;
    let (mut wrong, mut bodies) = (Vec::new(), BTreeSet::new());
    for (id, token) in bad {
        let answer = open.answer("reports", &format!("Bearer {token}")).await;
        if let Err(why) = check_problem(&answer, UNAUTHENTICATED) {
            wrong.push(format!("{id} {}: {why}", token.chars().take(60).collect::<String>()));
        } else {
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{id}");
            bodies.insert(answer.text.replace(answer.header("x-request-id"), ""));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(bodies.len(), 1, "every rejection has the same body");
    assert_eq!(
        changed_keys(&before, &table::organisation_on(&open.stack, &open.world.org).await),
        Vec::<String>::new()
    );
    // The same for a write; and the valid token works.
    let made = reqwest::Client::new().post(format!("{}{}", open.stack.url(), open.world.path("reports")));
    let made = made.header("Idempotency-Key", "an-invented-token").json(&json!({"title": "Lyon"}));
    let invented = open.token_with_header(json!({"kid": "invented"})).await;
    assert_eq!(check_problem(&send(made.bearer_auth(invented)).await, UNAUTHENTICATED), Ok(()), "AUTHN-10");
    open.answer("reports", &format!("Bearer {good}")).await.expect(200);
    let long = open.token_with_claims(json!({"pad": "x".repeat(4 * 1024)})).await;
    open.answer("reports", &format!("Bearer {long}")).await.expect(200);
    open.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_key_ids_do_not_cause_key_fetches() {
    let open = OpenGateway::start().await;
    let good = open.token(&json!({})).await;
    let (header, rest) = good.split_once('.').unwrap();
    let mut header = decoded(header);
    let fetches = async || open.local(Method::GET, "oidc/requests", &Value::Null).await["keys"].as_u64().unwrap();
    open.answer("reports", &format!("Bearer {good}")).await.expect(200);
    let (before, started) = (fetches().await, std::time::Instant::now());
    let client = reqwest::Client::new();
    let path = format!("{}{}", open.stack.url(), open.world.path("reports"));
    let tokens = (0..1000).map(|number| {
        header["kid"] = json!(format!("invented-{number}"));
        format!("{}.{rest}", encoded(&header))
    });
    let sent = stream::iter(tokens).map(|token| send(client.get(&path).bearer_auth(token)));
    let answers: Vec<Answer> = sent.buffer_unordered(8).collect().await;
    assert!(answers.iter().all(|answer| check_problem(answer, UNAUTHENTICATED).is_ok()), "AUTHN-11");
    let (count, maximum) = (fetches().await - before, 1 + started.elapsed().as_secs() / 10);
    assert!(count <= maximum, "AUTHN-11: {count} key fetches, at most {maximum} allowed");
    open.answer("reports", &format!("Bearer {good}")).await.expect(200);
    open.stack.stop().await;
}

/// Stores a cached key set for the issuer and takes the issuer down. Functions that have not run yet load it at start.
async fn publish_keys(open: &OpenGateway, keys: &[Value]) {
    open.local(Method::PUT, "oidc/availability", &json!({"up": false})).await;
    let item = json!({
        "PK": {"S": format!("ISSUER#{}/_local/oidc", open.stack.url())}, "SK": {"S": "KEYS"},
        "key_set": {"S": json!({"keys": keys}).to_string()}, "fetched_at": {"N": now().as_second().to_string()},
    });
    table::call_on(&open.stack, "PutItem", json!({"Item": item})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_key_set_is_not_used() {
    let open = OpenGateway::start().await;
    let key = open.local(Method::GET, "oidc/jwks.json", &Value::Null).await["keys"][0].clone();
    let named = |kid: &str, more: Value| {
        let mut key = crate::support::with(key.clone(), &json!({"kid": kid}));
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        key
    };
    let none = json!({});
    let copies = [
        named("duplicate", none.clone()),
        named("encrypts", json!({"use": "enc"})),
        named("signs", json!({"key_ops": ["sign"]})),
        named("other", json!({"alg": "RS512"})),
    ];
    publish_keys(&open, &copies).await;
    for kid in ["encrypts", "signs", "other"] {
        let token = open.token_with_header(json!({"kid": kid})).await;
        let answer = open.answer("approvals", &format!("Bearer {token}")).await;
        assert_eq!(check_problem(&answer, UNAUTHENTICATED), Ok(()), "AUTHN-14 {kid}");
    }
    let duplicate = open.token_with_header(json!({"kid": "duplicate"})).await;
    open.answer("approvals", &format!("Bearer {duplicate}")).await.expect(200);
    // AUTHN-13 differs: such a key set counts as missing. Without another one the answer is 503, because signing in
    // again would not help. A function with a valid set in memory keeps using it.
    publish_keys(&open, &[named("duplicate", none.clone()), named("duplicate", none)]).await;
    let answer = open.answer("rates", &format!("Bearer {duplicate}")).await;
    assert_eq!(check_problem(&answer, UNAVAILABLE), Ok(()), "AUTHN-13");
    open.answer("approvals", &format!("Bearer {duplicate}")).await.expect(200);
    open.stack.stop().await;
}

#[tokio::test]
async fn token_rights_follow_current_membership() {
    let world = World::new().await;
    let report = world.submit_expenses(&world.ana, &[expense("40.00")]).await.expect(201);
    let rates = |person: &Person| {
        let request = person.request(Method::PUT, &world.path("rates/2026-01-01"));
        request.json(&json!({"rates": {"USD": "0.9"}, "source": "ECB"}))
    };
    send(rates(&world.fiona)).await.expect(200);
    world.change(&world.fiona, &json!({"role": "employee"})).await;
    world.change(&world.marco, &json!({"suspended": true})).await;
    let export = world.path("members/me/export");
    // AUTHN-34 differs: the token of a suspended member stays valid, so signing in again would not help. The
    // organisation is not found for them.
    let cases = vec![
        ("AUTHN-34", decide(&world, &world.marco, &report, "approve"), NOT_FOUND),
        ("AUTHN-34", world.marco.request(Method::GET, &export), NOT_FOUND),
        ("AUTHN-34", world.marco.request(Method::GET, &world.path("reports")), NOT_FOUND),
        ("AUTHN-35", rates(&world.fiona), FORBIDDEN),
        ("AUTHN-35", world.fiona.request(Method::GET, &world.path("reports?scope=all")), FORBIDDEN),
    ];
    expect_problems(&world, cases).await;
}
