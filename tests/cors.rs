//! CORS: what a browser application of the allowed origin needs. API Gateway's `$default` route takes preflights, so
//! `service-fallback` answers them; the gateway sets the headers of other answers.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, World, files, invoke, send, url};

/// Default of the template's parameter.
const ORIGIN: &str = "http://localhost:5173";
const OTHER_ORIGINS: [&str; 5] = [
    "https://evil.example",
    "http://localhost:5174",
    "https://localhost:5173",
    "http://localhost:5173.evil.example",
    "null",
];

async fn options(path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = reqwest::Client::new().request(Method::OPTIONS, format!("{}{path}", url()));
    send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

async fn preflight(path: &str, origin: &str, method: &str) -> Answer {
    options(path, &[("Origin", origin), ("Access-Control-Request-Method", method)]).await
}

/// CORS headers of an answer.
fn cors_headers(answer: &Answer) -> BTreeMap<String, String> {
    let all = answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    all.filter(|(name, _)| name.starts_with("access-control-")).collect()
}

/// True when a list in a header has this entry.
fn lists(answer: &Answer, header: &str, entry: &str) -> bool {
    answer.header(header).split(',').any(|listed| listed.trim().eq_ignore_ascii_case(entry))
}

#[tokio::test]
async fn preflight_of_every_operation_is_allowed() {
    let document: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
    let operations = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let path = path.replace(['{', '}'], "");
        item.as_object().unwrap().keys().map(move |method| (path.clone(), method.to_uppercase()))
    });
    // An application sees the 404 of a path that does not exist only if its preflight succeeds.
    let absent = ["/v2", "/v1/orgs//members"].map(|path| (path.to_owned(), "GET".to_owned()));
    for (path, method) in operations.chain(absent) {
        let answer = preflight(&path, ORIGIN, &method).await;
        assert_eq!((answer.status, answer.text.as_str()), (204, ""), "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN, "{method} {path}");
        assert!(lists(&answer, "access-control-allow-methods", &method), "{method} {path}: {answer:?}");
        assert!(lists(&answer, "vary", "origin"), "{method} {path}: {answer:?}");
        for header in ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "traceparent"] {
            assert!(lists(&answer, "access-control-allow-headers", header), "{method} {path} {header}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn preflight_of_other_origin_is_not_allowed() {
    for origin in OTHER_ORIGINS {
        let answer = preflight("/v1/orgs", origin, "POST").await;
        assert_eq!((answer.status, cors_headers(&answer)), (204, BTreeMap::new()), "{origin}");
    }
}

/// The function sends all headers itself, whether the gateway adds its own to them or not.
#[tokio::test]
async fn preflight_headers_of_function_and_gateway_are_equal() {
    let mut event: Value = serde_json::from_str(include_str!("../events/service-fallback.json")).unwrap();
    event["requestContext"]["http"]["method"] = json!("OPTIONS");
    for origin in OTHER_ORIGINS.into_iter().chain([ORIGIN]) {
        event["headers"] = json!({"origin": origin, "access-control-request-method": "POST"});
        let answer = invoke(&url(), "service-fallback", &event).await.expect(200);
        assert_eq!(answer["statusCode"], 204, "{answer}");
        let mut sent = BTreeMap::new();
        for (name, value) in answer["headers"].as_object().into_iter().flatten() {
            sent.insert(name.clone(), value.as_str().unwrap().to_owned());
        }
        for (name, values) in answer["multiValueHeaders"].as_object().into_iter().flatten() {
            sent.insert(name.clone(), values[0].as_str().unwrap().to_owned());
        }
        sent.retain(|name, _| name.starts_with("access-control-"));
        assert_eq!(sent, cors_headers(&preflight("/v1/orgs", origin, "POST").await), "{origin}");
    }
}

#[tokio::test]
async fn options_without_preflight_lists_methods() {
    for (path, allowed) in [("/v1/orgs", "POST"), ("/v1/orgs/org_1/policy", "GET, PUT"), ("/v1/health", "GET")] {
        for headers in [&[][..], &[("Origin", ORIGIN)], &[("Access-Control-Request-Method", "POST")]] {
            let answer = options(path, headers).await;
            assert_eq!((answer.status, answer.header("allow")), (204, allowed), "{path} {headers:?}");
        }
    }
    options("/v2", &[]).await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn answer_to_allowed_origin_exposes_headers() {
    let world = World::new().await;
    let read = |path: String, origin: &'static str| {
        let request = world.ana.request(Method::GET, &path).header("Origin", origin);
        async move { send(request).await }
    };
    for (path, status) in [(world.path("policy"), 200), (world.path("reports/rep_1"), 404), ("/v2".to_owned(), 404)] {
        let answer = read(path.clone(), ORIGIN).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, ORIGIN), "{path}");
        for header in ["etag", "location", "retry-after", "ratelimit", "ratelimit-policy", "x-request-id"] {
            assert!(lists(&answer, "access-control-expose-headers", header), "{path} {header}");
        }
        for origin in OTHER_ORIGINS {
            assert_eq!(cors_headers(&read(path.clone(), origin).await), BTreeMap::new(), "{path} {origin}");
        }
    }
}

/// Page that uploads the file of a signed link and shows the status.
fn upload_page(upload: &Value, bytes: &[u8]) -> String {
    // A browser sets `content-length` itself and ignores this one.
    let (url, headers, bytes) = (&upload["url"], &upload["headers"], STANDARD.encode(bytes));
    format!(
        "<pre></pre><script>\
         const show = text => document.querySelector('pre').textContent = 'upload: ' + text;\
         const body = Uint8Array.from(atob('{bytes}'), c => c.charCodeAt(0));\
         fetch({url}, {{method: 'PUT', headers: {headers}, body}}).then(answer => show(answer.status), show);\
         </script>"
    )
}

/// Serves a page at a free port of this machine, for as long as the process runs.
fn serve_page(page: String) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // One read takes the request of a browser whole; nothing of it is needed.
            let _ = stream.read(&mut [0; 8192]);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n", page.len());
            let _ = stream.write_all(format!("{head}Connection: close\r\n\r\n{page}").as_bytes());
        }
    });
    port
}

/// In a browser that is installed: what it sends and accepts of CORS is only partly what the tests above ask.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chromium_uploads_a_receipt_from_the_allowed_origin_only() {
    if Command::new("chromium").arg("--version").output().is_err() {
        eprintln!("skipped: chromium is not installed");
        return;
    }
    let world = World::new().await;
    for (origin, expected) in [("localhost:5173", "upload: 200"), ("localhost:5174", "TypeError")] {
        let draft = files::bare(&world).await;
        let declared = files::declaration("ticket.png", "image/png", files::TICKET);
        let made = files::declare(&world, &draft, 0, &declared).await;
        let port = serve_page(upload_page(&made["upload"], files::TICKET));
        let profile = tempfile::tempdir().unwrap();
        let mut chromium = Command::new("chromium");
        // The browser takes the page for one of the origin, which need not be a port of this machine.
        chromium.arg(format!("--host-resolver-rules=MAP {origin} 127.0.0.1:{port}"));
        chromium.arg(format!("--user-data-dir={}", profile.path().display()));
        chromium.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
        chromium.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
        chromium.args(["--virtual-time-budget=60000", "--dump-dom", &format!("http://{origin}/")]);
        let shown = tokio::task::spawn_blocking(move || chromium.output().unwrap()).await.unwrap();
        let (page, log) = (String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
        let text = page.split("<pre>").nth(1).and_then(|rest| rest.split("</pre>").next()).unwrap_or_default();
        assert!(text.contains(expected), "{origin}: {text:?}\n{log}");
    }
}
