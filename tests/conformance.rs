//! Conformance to external test vectors: Wycheproof's JSON Web Signatures and Keys against token verification,
//! `JSONTestSuite` against a running backend. The vectors are in `../shared/data` or in the folder that
//! `OUTLAY_CONFORMANCE_DATA` names. Without them these tests print a line and pass, unless the variable is set.

use std::path::PathBuf;

use outlay_auth::{UnverifiedJws, VerificationKeys};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::support::{World, fresh_key, send};

/// A folder of the vectors.
#[expect(clippy::disallowed_methods, reason = "names the folder of the vectors")]
fn data(folder: &str) -> Option<PathBuf> {
    let named = std::env::var_os("OUTLAY_CONFORMANCE_DATA").map(PathBuf::from);
    let path = named.clone().unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"));
    let path = path.join(folder);
    assert!(named.is_none() || path.exists(), "{} does not exist", path.display());
    if !path.exists() {
        eprintln!("skipped: no conformance vectors in {}", path.display());
        return None;
    }
    Some(path)
}

fn groups(file: &str) -> Vec<Value> {
    let Some(folder) = data("wycheproof") else { return Vec::new() };
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["testGroups"].as_array().unwrap().clone()
}

/// Key set of a group, as an issuer publishes it.
fn key_set(group: &Value) -> String {
    let key = group.get("public").filter(|it| !it.is_null()).unwrap_or(&group["private"]);
    if key.get("keys").is_some() { key.to_string() } else { json!({"keys": [key]}).to_string() }
}

fn accepted(group: &Value, jws: &str) -> bool {
    let Ok(keys) = VerificationKeys::parse(key_set(group).as_bytes()) else { return false };
    UnverifiedJws::parse(jws).and_then(|token| keys.verify(&token)).is_ok()
}

/// Runs the vectors of a file. Returns the number of invalid ones, the invalid ones accepted, the number of valid ones
/// for allowed algorithms, and those of them rejected.
fn run_vectors(file: &str) -> (usize, Vec<String>, usize, Vec<String>) {
    let (mut must_fail, mut wrongly_accepted, mut valid, mut rejected) = (0, Vec::new(), 0, Vec::new());
    for group in groups(file) {
        for test in group["tests"].as_array().unwrap() {
            let jws = test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned);
            let name = format!("{} {} {}", group["comment"], test["tcId"], test["comment"]);
            let accepted = accepted(&group, &jws);
            if test["result"] == "invalid" {
                must_fail += 1;
                wrongly_accepted.extend(accepted.then_some(name));
            } else if is_supported(&jws) {
                valid += 1;
                rejected.extend((!accepted).then_some(name));
            } else {
                assert!(!accepted, "{name} uses an algorithm that is not allowed");
            }
        }
    }
    (must_fail, wrongly_accepted, valid, rejected)
}

/// True when a JWS uses an allowed algorithm and names its key.
fn is_supported(jws: &str) -> bool {
    use base64::Engine;
    let header = jws.split('.').next().unwrap_or_default();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap_or_default();
    let header: Value = serde_json::from_slice(&header).unwrap_or_default();
    header["kid"].is_string() && (header["alg"] == "RS256" || header["alg"] == "ES256")
}

#[test]
fn wycheproof_forged_signatures_are_rejected() {
    if data("wycheproof").is_none() {
        return;
    }
    let (must_fail, wrongly_accepted, valid, rejected) = run_vectors("json_web_signature_test.json");
    assert_eq!((must_fail, wrongly_accepted), (355, Vec::<String>::new()));
    assert!(valid > 0 && rejected.is_empty(), "rejected, of {valid} valid ones: {rejected:?}");
    println!("JWS: 0 of {must_fail} forged ones accepted, {valid} of {valid} valid ones");
}

#[test]
fn wycheproof_invalid_keys_are_rejected() {
    if data("wycheproof").is_none() {
        return;
    }
    let (must_fail, wrongly_accepted, valid, rejected) = run_vectors("json_web_key_test.json");
    assert_eq!(must_fail, 21);
    assert_eq!(wrongly_accepted, Vec::<String>::new());
    assert!(valid > 0 && rejected.is_empty(), "rejected, of {valid} valid ones: {rejected:?}");
}

/// Name and bytes of each `JSONTestSuite` file with this prefix.
fn suite_files(prefix: &str) -> Vec<(String, Vec<u8>)> {
    let Some(folder) = data("json_test_suite") else { return Vec::new() };
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let named = files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path));
    let mut texts: Vec<_> = named
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    texts.sort();
    texts
}

#[tokio::test]
async fn json_test_suite_invalid_json_gets_400_and_never_5xx() {
    let world = World::new().await;
    let reports = world.path("reports");
    let post = |text: Vec<u8>| {
        let request = world.ana.request(Method::POST, &reports).body(text);
        let json = HeaderValue::from_static("application/json");
        send(request.header(HeaderName::from_static("content-type"), json).header("Idempotency-Key", fresh_key()))
    };
    let (rejected, accepted, either) = (suite_files("n_"), suite_files("y_"), suite_files("i_"));
    for (name, text) in &rejected {
        let answer = post(text.clone()).await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text);
        answer.problem(400, "/problems/malformed-json");
    }
    for (name, text) in accepted.iter().chain(&either) {
        let answer = post(text.clone()).await;
        // Most are not reports: not an object, or an object with other members. A title alone is a report.
        assert!(matches!(answer.status, 201 | 400 | 422), "{name}: {} {}", answer.status, answer.text);
    }
    let counts = (rejected.len(), accepted.len(), either.len());
    assert!(counts == (0, 0, 0) || counts == (188, 95, 35), "{counts:?}");
}
