//! Tokens and verification keys, on a stack without the gateway's authorizer: the functions must not rely on it.

use std::collections::BTreeSet;

use outlay_local::{Data, Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::table::call_on;
use crate::support::{Answer, Person, World, log, options, send, wait_until};

/// Stack whose gateway has no authorizer.
async fn stack_without_authorizer() -> Stack {
    Stack::start(Options { authorizer: false, ..options(Data::InMemory) }).await.unwrap()
}

async fn local(stack: &Stack, method: Method, path: &str, body: &Value) -> Value {
    let request = reqwest::Client::new().request(method, format!("{}/_local/{path}", stack.url()));
    let request = if body.is_null() { request } else { request.json(body) };
    send(request).await.expect(200)
}

/// Number of requests for the issuer's keys so far.
async fn fetches(stack: &Stack) -> u64 {
    local(stack, Method::GET, "oidc/requests", &Value::Null).await["keys"].as_u64().unwrap()
}

async fn token(stack: &Stack, person: &Person, more: &Value) -> String {
    let mut body = json!({"sub": format!("sub-{}", person.email), "email": person.email, "name": "Ana Silva"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    local(stack, Method::POST, "token", &body).await["access_token"].as_str().unwrap().to_owned()
}

async fn get(stack: &Stack, path: &str, authorization: Option<&str>) -> Answer {
    let request = reqwest::Client::new().get(format!("{}{path}", stack.url()));
    send(match authorization {
        Some(value) => request.header("Authorization", value),
        None => request,
    })
    .await
}

/// Changes attributes of the item with the cached keys.
async fn edit_keys(stack: &Stack, changes: &Value) {
    let key = json!({"PK": {"S": format!("ISSUER#{}/_local/oidc", stack.url())}, "SK": {"S": "KEYS"}});
    let mut item = call_on(stack, "GetItem", json!({"Key": key, "ConsistentRead": true})).await["Item"].clone();
    item.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    call_on(stack, "PutItem", json!({"Item": item})).await;
}

fn seconds_ago(seconds: i64) -> Value {
    json!({"N": (crate::support::now().as_second() - seconds).to_string()})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_tokens_get_identical_responses() {
    let stack = stack_without_authorizer().await;
    let world = World::on(stack.url()).await;
    let path = world.path("members/me");
    let good = token(&stack, &world.ana, &json!({})).await;
    get(&stack, &path, Some(&format!("Bearer {good}"))).await.expect(200);
    let parts: Vec<&str> = good.split('.').collect();
    let claims = |changes: Value| json!({"claims": changes});
    let mut bad = vec![
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Basic YW5hOnNlY3JldA==".to_owned(),
        good.clone(),
        format!("Bearer {}.{}.", parts[0], parts[1]),
        format!("Bearer {}.{}", parts[0], parts[1]),
        format!("Bearer {good}.{}", parts[2]),
        format!("Bearer {good}x"),
        format!("Bearer {}", "a".repeat(9000)),
        format!(r#"Bearer {{"payload":"{}","signatures":[]}}"#, parts[1]),
        // {"alg":"none"}
        format!("Bearer eyJhbGciOiJub25lIn0.{}.", parts[1]),
    ];
    let now = crate::support::now().as_second();
    let forged = [
        claims(json!({"exp": now - 1})),
        claims(json!({"exp": null})),
        claims(json!({"iat": now + 86_400})),
        claims(json!({"nbf": now + 600})),
        claims(json!({"iss": "http://127.0.0.1:1/_local/oidc"})),
        claims(json!({"iss": null, "aud": null, "client_id": null})),
        claims(json!({"aud": "another", "client_id": "another"})),
        claims(json!({"sub": null})),
        claims(json!({"sub": "a#b"})),
        claims(json!({"token_use": "id"})),
        // ID token of a flow without a nonce.
        claims(json!({"token_use": null, "scope": null, "client_id": null})),
        json!({"header": {"crit": ["exp"]}}),
        json!({"header": {"typ": "logout+jwt"}}),
        json!({"header": {"kid": null}}),
        json!({"header": {"kid": "../../../../dev/null"}}),
        json!({"header": {"jku": "https://evil.example/jwks.json", "kid": "evil"}}),
    ];
    for more in forged {
        bad.push(format!("Bearer {}", token(&stack, &world.ana, &more).await));
    }
    let mut bodies = BTreeSet::new();
    for value in &bad {
        let refused = get(&stack, &path, Some(value)).await;
        assert_eq!(refused.status, 401, "{value}");
        refused.problem(401, "/problems/unauthenticated");
        assert_eq!(refused.header("www-authenticate"), "Bearer", "{value}");
        let mut body = refused.json();
        body["instance"] = Value::Null;
        bodies.insert(body.to_string());
    }
    get(&stack, &path, None).await.problem(401, "/problems/unauthenticated");
    assert_eq!(bodies.len(), 1, "the response does not say which check failed: {bodies:?}");
    // The log says which check failed and contains no part of a token.
    let log = wait_until("the log names the failed checks", || async {
        let log = log(stack.url()).await;
        (log.contains("its signature is wrong") && log.contains("it has expired")).then_some(log)
    })
    .await;
    assert!(!log.contains(parts[1]) && !log.contains(parts[2]));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_rotation_is_seamless_and_unknown_kid_fetches_once() {
    let stack = stack_without_authorizer().await;
    let world = World::on(stack.url()).await;
    let path = world.path("members/me");
    let works = async |token: &str| get(&stack, &path, Some(&format!("Bearer {token}"))).await.status;
    let first = token(&stack, &world.ana, &json!({})).await;
    assert_eq!(works(&first).await, 200);
    // The functions have just fetched the keys and would fetch again only after some seconds.
    edit_keys(&stack, &json!({"tried_at": seconds_ago(60)})).await;
    // A new key with the other algorithm, unknown to every function. The old key stays for tokens already issued.
    local(&stack, Method::POST, "oidc/rotate", &json!({"alg": "ES256"})).await;
    let second = token(&stack, &world.ana, &json!({})).await;
    assert_eq!((works(&second).await, works(&first).await), (200, 200));
    let before = fetches(&stack).await;
    for n in 0..100 {
        let invented = token(&stack, &world.ana, &json!({"header": {"kid": format!("invented-{n}")}})).await;
        assert_eq!(works(&invented).await, 401);
    }
    let asked = fetches(&stack).await - before;
    assert!(asked <= 1, "the issuer was asked {asked} times");
    assert_eq!((works(&second).await, works(&first).await), (200, 200), "known keys stay valid");
    // A revoked key is gone after the next refresh. This function has not read the old keys.
    local(&stack, Method::POST, "oidc/rotate", &json!({"keep_old": false})).await;
    let refresh = format!("{}/2015-03-31/functions/triggers-refresh-keys/invocations", stack.url());
    assert_eq!(send(reqwest::Client::new().post(refresh).json(&json!({}))).await.status, 200);
    let queue = get(&stack, &world.path("approvals"), Some(&format!("Bearer {first}"))).await;
    queue.problem(401, "/problems/unauthenticated");
    let third = token(&stack, &world.ana, &json!({})).await;
    get(&stack, &world.path("approvals"), Some(&format!("Bearer {third}"))).await.expect(200);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cached_keys_serve_one_hour_without_issuer() {
    let stack = stack_without_authorizer().await;
    let world = World::on(stack.url()).await;
    let bearer = format!("Bearer {}", token(&stack, &world.ana, &json!({})).await);
    local(&stack, Method::PUT, "oidc/availability", &json!({"up": false})).await;
    // Each of these functions runs for the first time here and reads the stored keys.
    edit_keys(&stack, &json!({"fetched_at": seconds_ago(3500)})).await;
    get(&stack, &world.path("approvals"), Some(&bearer)).await.expect(200);
    edit_keys(&stack, &json!({"fetched_at": seconds_ago(3700), "tried_at": seconds_ago(60)})).await;
    let refused = get(&stack, &world.path("reports"), Some(&bearer)).await;
    refused.problem(503, "/problems/dependency-unavailable");
    assert_eq!(refused.header("retry-after"), "1");
    local(&stack, Method::PUT, "oidc/availability", &json!({"up": true})).await;
    edit_keys(&stack, &json!({"tried_at": seconds_ago(60)})).await;
    get(&stack, &world.path("reports"), Some(&bearer)).await.expect(200);
    stack.stop().await;
}
