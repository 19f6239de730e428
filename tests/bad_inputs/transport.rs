//! HTTP framing: sizes, media types, methods, paths, and headers that must have no effect.

use std::io::{Read, Write};
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{
    INVALID_PARAMETER, MALFORMED, MEDIA_TYPE, NO_METHOD, NOT_FOUND, TOO_LARGE, changed_keys, check_problem,
    expect_problems, get, post, raw, report,
};
use crate::support::{Answer, Person, World, expense, fresh_key, log, send, table};

/// Maximum body size in bytes.
const MAX_BODY: usize = 256 * 1024;

/// A valid report body, padded with spaces to this length.
fn padded(length: usize) -> String {
    let body = json!({"title": "Lyon", "expenses": [expense("10.00")]}).to_string();
    format!("{body}{}", " ".repeat(length - body.len()))
}

#[tokio::test]
async fn body_size_and_media_type_are_enforced() {
    let world = World::new().await;
    let path = world.path("reports");
    let bytes = |media: &str| post(&world.ana, &path).header("Content-Type", media).body(r#"{"title":"Lyon"}"#);
    let gzip = [b"\x1f\x8b\x08\0\0\0\0\0\0\x03".as_slice(), &[0xFF; 1014]].concat();
    let long = format!("reports?cost_centre={}", "x".repeat(8 * 1024));
    expect_problems(
        &world,
        vec![
            ("TRANSPORT-02", raw(&world.ana, &path, padded(MAX_BODY + 1)), TOO_LARGE),
            ("TRANSPORT-05", raw(&world.ana, &path, gzip).header("Content-Encoding", "gzip"), MEDIA_TYPE),
            ("TRANSPORT-06", bytes("text/plain"), MEDIA_TYPE),
            ("TRANSPORT-08", bytes("application/json; charset=utf-16"), MEDIA_TYPE),
            (
                "TRANSPORT-10",
                get(&world, &world.ana, "reports").header("Accept", "application/xml"),
                (406, "/problems/not-acceptable"),
            ),
            ("TRANSPORT-18", get(&world, &world.ana, "reports?limit=10&limit=1000"), INVALID_PARAMETER),
            ("TRANSPORT-19", get(&world, &world.ana, &long), (414, "/problems/uri-too-long")),
        ],
    )
    .await;
    // TRANSPORT-02: one byte less is accepted.
    send(raw(&world.ana, &path, padded(MAX_BODY))).await.expect(201);
}

#[tokio::test]
async fn json_with_any_parameter_but_another_charset_is_accepted() {
    let world = World::new().await;
    let path = world.path("reports");
    let send_as = async |media: &str| {
        send(post(&world.ana, &path).header("Content-Type", media).body(r#"{"title":"Lyon"}"#)).await
    };
    for media in [
        "application/json",
        "APPLICATION/JSON",
        "application/json;",
        "application/json; ",
        "application/json;charset=utf-8",
        "application/json; charset=utf8",
        "application/json; charset=UTF-8",
        "application/json; charset=\"utf-8\"",
        "application/json; CHARSET=\"UTF8\";",
        "application/json;odata.metadata=minimal",
        "application/json;odata=verbose;charset=utf-8",
        "application/json; version=1.0; profile=\"https://example.com/a;b\"",
    ] {
        let answer = send_as(media).await;
        assert_eq!(answer.status, 201, "{media}: {}", answer.text);
    }
    for media in [
        "application/json; charset=utf-16",
        "application/json; charset=\"iso-8859-1\"",
        "application/json; version=1; charset=latin1",
        "text/json",
        "application/jsonp",
        "application/x-www-form-urlencoded",
    ] {
        assert_eq!(check_problem(&send_as(media).await, MEDIA_TYPE), Ok(()), "{media}");
    }
    let identity =
        post(&world.ana, &path).header("Content-Type", "application/json").header("Content-Encoding", "identity");
    send(identity.body(r#"{"title":"Lyon"}"#)).await.expect(201);
}

/// Invokes the function directly with an event that the gateway could not produce.
async fn invoke(person: &Person, path: &str, more_headers: &Value, body: &str, encoded: bool) -> Answer {
    deliver(person, &event(person, path, more_headers, body, encoded)).await
}

fn event(person: &Person, path: &str, more_headers: &Value, body: &str, encoded: bool) -> Value {
    let mut headers = json!({
        "authorization": format!("Bearer {}", person.token), "content-type": "application/json", "idempotency-key": fresh_key(),
        "host": "localhost", "x-forwarded-proto": "https",
    });
    headers.as_object_mut().unwrap().extend(more_headers.as_object().unwrap().clone());
    let org = path.split('/').nth(3).unwrap();
    json!({
        "version": "2.0", "routeKey": "POST /v1/orgs/{org}/reports", "rawPath": path, "rawQueryString": "", "headers": headers,
        "requestContext": {
            "accountId": "000000000000", "apiId": "local", "domainName": "localhost", "domainPrefix": "local",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/2.0", "sourceIp": "127.0.0.1", "userAgent": "tests"},
            "requestId": "direct-1", "routeKey": "POST /v1/orgs/{org}/reports", "stage": "$default",
            "time": "22/Nov/2026:10:00:00 +0000", "timeEpoch": 1_795_341_600_000_u64,
        },
        "pathParameters": {"org": org}, "body": body, "isBase64Encoded": encoded,
    })
}

async fn deliver(person: &Person, event: &Value) -> Answer {
    let url = format!("{}/2015-03-31/functions/reports-create/invocations", person.base);
    let result = send(reqwest::Client::new().post(url).json(event)).await;
    let output: Value = result.json();
    let mut headers = HeaderMap::new();
    for (name, value) in output["headers"].as_object().into_iter().flatten() {
        let name = HeaderName::try_from(name.as_str()).unwrap();
        headers.insert(name, HeaderValue::try_from(value.as_str().unwrap()).unwrap());
    }
    // The gateway turns an invocation error into a 500.
    let status = output["statusCode"].as_u64().map_or(500, |status| u16::try_from(status).unwrap());
    let text = output["body"].as_str().map_or(result.text, str::to_owned);
    Answer { status, headers, text }
}

#[tokio::test]
async fn base64_body_is_measured_after_decoding() {
    let world = World::new().await;
    let path = world.path("reports");
    let before = table::organisation(&world.org).await;
    let none = json!({});
    // TRANSPORT-03: four thirds of the limit when encoded, one byte above it when decoded.
    let large = STANDARD.encode(padded(MAX_BODY + 1));
    assert_eq!(check_problem(&invoke(&world.ana, &path, &none, &large, true).await, TOO_LARGE), Ok(()), "TRANSPORT-03");
    for body in ["%%%", "{\"title\":\"Lyon\"}", "QUJ", "QUJD=QUJD"] {
        let answer = invoke(&world.ana, &path, &none, body, true).await;
        assert_eq!(check_problem(&answer, MALFORMED), Ok(()), "TRANSPORT-04 {body}");
    }
    assert_eq!(changed_keys(&before, &table::organisation(&world.org).await), Vec::<String>::new());
    let fits = STANDARD.encode(padded(MAX_BODY));
    assert_eq!(invoke(&world.ana, &path, &none, &fits, true).await.status, 201, "TRANSPORT-03: the limit itself");
}

/// Status line for raw bytes that no client library would send.
fn raw_status(base: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn header_with_line_break_is_rejected() {
    let world = World::new().await;
    let before = table::organisation(&world.org).await;
    let path = world.path("reports");
    // TRANSPORT-21 differs: HTTP forbids such a header, so the gateway rejects it without a problem body. An event that
    // contains one is an invocation error, and nothing is carried out.
    for value in ["Lyon\rX-Evil: 1", "Lyon\0"] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {}\r\nX-Note: {value}\r\n\
             Content-Type: application/json\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{{\"title\":\"Lyon\"}}",
            world.ana.token,
            fresh_key(),
        );
        assert_eq!(raw_status(&world.ana.base, &request), "HTTP/1.1 400 Bad Request", "TRANSPORT-21 {value:?}");
    }
    let answer =
        invoke(&world.ana, &path, &json!({"x-note": "Lyon\r\nX-Evil: 1"}), "{\"title\":\"Lyon\"}", false).await;
    assert!(matches!(answer.status, 400 | 500), "TRANSPORT-21: {answer:?}");
    assert!(!answer.headers.contains_key("x-evil"), "TRANSPORT-21: {answer:?}");
    assert_eq!(changed_keys(&before, &table::organisation(&world.org).await), Vec::<String>::new(), "TRANSPORT-21");
    // The function still works.
    send(post(&world.ana, &path).json(&json!({"title": "Lyon"}))).await.expect(201);
}

/// A URL parse error would panic and end a warm process.
#[tokio::test]
async fn event_with_invalid_url_parts_is_handled() {
    let world = World::new().await;
    let path = world.path("reports");
    let made = |more: Value| event(&world.ana, &path, &more, "{\"title\":\"Lyon\"}", false);
    let hosts = ["", " ", "a b", "[::1", "host:99999", "%", "user:pass@:", "localhost/..", "#"];
    for host in hosts {
        for proto in ["https", "ht tp", "", "javascript", "://"] {
            let mut event = made(json!({"host": host, "x-forwarded-proto": proto}));
            assert_eq!(deliver(&world.ana, &event).await.status, 201, "{host:?} {proto:?}");
            event["headers"].as_object_mut().unwrap().remove("host");
            event["headers"]["idempotency-key"] = json!(fresh_key());
            event["requestContext"]["domainName"] = json!(host);
            assert_eq!(deliver(&world.ana, &event).await.status, 201, "{host:?} {proto:?}");
        }
    }
    let mut event = made(json!({}));
    for query in ["<", "a b", "\u{0}", &"x".repeat(70_000)] {
        event["rawQueryString"] = json!(query);
        assert_eq!(deliver(&world.ana, &event).await.status, 400, "{:?}", query.get(..9).unwrap_or(query));
    }
    event["rawQueryString"] = json!("");
    for odd in [":99999", "", &format!("/{}", "x".repeat(70_000)), "é"] {
        event["rawPath"] = json!(odd);
        event["headers"]["idempotency-key"] = json!(fresh_key());
        // The gateway has matched the route and supplies the path parameters.
        assert_eq!(deliver(&world.ana, &event).await.status, 201, "{:?}", odd.get(..9).unwrap_or(odd));
    }
}

#[tokio::test]
async fn unknown_method_or_path_variant_is_rejected() {
    let world = World::new().await;
    let draft = world.draft(&world.ana, &[expense("10.00")]).await;
    let id = draft["id"].as_str().unwrap();
    let other = |method: Method, path: &str| world.ana.request(method, path);
    expect_problems(
        &world,
        vec![
            ("TRANSPORT-11", other(Method::TRACE, &world.path("reports")), NO_METHOD),
            ("TRANSPORT-12", other(Method::DELETE, &world.path("members/me")), NO_METHOD),
            ("TRANSPORT-15", get(&world, &world.ana, "reports/%2e%2e%2fpolicy"), NOT_FOUND),
            ("TRANSPORT-15", get(&world, &world.ana, "reports/..;/policy"), NOT_FOUND),
            ("TRANSPORT-15", get(&world, &world.ana, "reports/..%2f..%2f..%2fme"), NOT_FOUND),
            ("TRANSPORT-16", get(&world, &world.ana, "reports/%252e%252e"), NOT_FOUND),
            ("TRANSPORT-16", get(&world, &world.ana, &format!("reports/{}", id.replace('_', "%255f"))), NOT_FOUND),
            ("TRANSPORT-17", get(&world, &world.ana, &format!("reports/{id}/")), NOT_FOUND),
            ("TRANSPORT-17", get(&world, &world.ana, "reports/"), NOT_FOUND),
        ],
    )
    .await;
    // `Allow` lists the methods of `openapi.json`.
    for (method, path, allowed) in
        [(Method::TRACE, "reports", "GET, POST"), (Method::DELETE, "members/me", "GET, PATCH")]
    {
        let answer = send(other(method, &world.path(path))).await;
        assert_eq!((answer.status, answer.header("allow")), (405, allowed), "{path}");
    }
}

#[tokio::test]
async fn unsupported_headers_have_no_effect() {
    let world = World::new().await;
    let answer = send(report(&world, &json!({})).header("X-HTTP-Method-Override", "DELETE")).await;
    let made = answer.expect(201);
    let id = made["id"].as_str().unwrap();
    let path = format!("reports/{id}");
    let plain = send(get(&world, &world.ana, &path)).await;
    assert_eq!(plain.expect(200), made, "TRANSPORT-13");
    let state = format!("vendor={}leak-of-the-tracestate", "x".repeat(10 * 1024));
    for (case, request) in [
        ("TRANSPORT-22", get(&world, &world.ana, &path).header("X-Forwarded-For", "127.0.0.1")),
        ("TRANSPORT-23", get(&world, &world.ana, &path).header("Content-Type", "application/json").body("{\"x\":")),
        ("HEADERS-02", get(&world, &world.ana, &path).header("tracestate", state)),
        ("HEADERS-04", get(&world, &world.ana, &path).header("Range", "bytes=0-")),
        ("HEADERS-06", get(&world, &world.ana, &path).header("Origin", "https://evil.example").header("Cookie", "a=b")),
    ] {
        let answer = send(request).await;
        assert_eq!((answer.status, &answer.text), (200, &plain.text), "{case}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{case}");
        assert!(!answer.headers.contains_key("content-range"), "{case}");
    }
    assert!(!log(&world.ana.base).await.contains("leak-of-the-tracestate"), "HEADERS-02");
    // HEADERS-05: a matching ETag gets 304, and no cache may store the response.
    let same = send(get(&world, &world.ana, &path).header("If-None-Match", plain.header("etag"))).await;
    assert_eq!((same.status, same.text.as_str(), same.header("etag")), (304, "", plain.header("etag")), "HEADERS-05");
    assert!(same.header("cache-control").contains("no-store"), "HEADERS-05: {:?}", same.headers);
}
