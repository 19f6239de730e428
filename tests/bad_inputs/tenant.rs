//! Tenant isolation and object access: foreign objects are not found, and read access grants no write access.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    CURSOR_INVALID, Case, DUTIES, FORBIDDEN, INTEGRITY, INVALID, INVALID_PARAMETER, NOT_FOUND, changed_keys,
    check_problem, decide, expect_problems, get, post, report,
};
use crate::support::{Answer, Person, World, eur, expense, fresh_key, send, table, with};

/// Two organisations, each with a submitted report.
async fn two_organisations() -> (World, Value, World, Value) {
    let (here, there) = (World::new().await, World::new().await);
    let (ours, theirs) = (here.submitted("40.00").await, there.submitted("40.00").await);
    (here, ours, there, theirs)
}

/// The response without its request identifier.
fn without_request_id(answer: &Answer) -> (u16, Vec<String>, String) {
    let names = answer.headers.keys().map(ToString::to_string).collect();
    (answer.status, names, answer.text.replace(answer.header("x-request-id"), ""))
}

#[tokio::test]
async fn identifier_of_wrong_kind_or_parent_is_not_found() {
    let (here, ours, there, theirs) = two_organisations().await;
    let other = here.draft(&here.ana, &[expense("10.00")]).await;
    let of = |path: &str| get(&here, &here.ana, path);
    let line = ours["expenses"][0]["id"].as_str().unwrap();
    let mut cases: Vec<Case> = ["1", "rep_", "mem_01k0000000e2t8r0000000000a", "rep_01k0000000e2t8r0000000000a"]
        .map(|id| ("IDS-01", of(&format!("reports/{id}")), NOT_FOUND))
        .into();
    let key = format!("ORG%23{}%23REPORT%23{}", there.org, theirs["id"].as_str().unwrap());
    cases.push(("IDS-03", of(&format!("reports/{key}")), NOT_FOUND));
    let key = format!("/v1/orgs/{}%23REPORT%23{}/reports", here.org, theirs["id"].as_str().unwrap());
    cases.push(("IDS-03", here.ana.request(Method::GET, &key), NOT_FOUND));
    for (method, rest) in
        [(Method::PATCH, ""), (Method::DELETE, ""), (Method::POST, "/clone"), (Method::POST, "/split")]
    {
        let path = here.report(&other, &format!("expenses/{line}{rest}"));
        let body = match (&method, rest) {
            (&Method::PATCH, _) => json!({"note": "x"}),
            (_, "/split") => json!({"parts": [{"amount": eur("20.00")}, {"amount": eur("20.00")}]}),
            _ => json!({}),
        };
        let request = here.ana.once(method, &path);
        cases.push(("IDS-04", request.json(&body), NOT_FOUND));
    }
    // IDS-05: clients never choose identifiers; a foreign identifier is not found here.
    let taken = theirs["id"].as_str().unwrap();
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let request = here.ana.request(method, &here.path(&format!("reports/{taken}")));
        cases.push(("IDS-05", request.json(&json!({"title": "Mine"})), NOT_FOUND));
    }
    cases.push(("IDS-05", report(&here, &json!({"id": taken})), INVALID));
    expect_problems(&here, cases).await;
    assert_eq!(there.ana.get(&there.report(&theirs, "")).await.expect(200), theirs);
}

#[tokio::test]
async fn foreign_report_is_same_404_as_unknown() {
    let (here, ours, there, theirs) = two_organisations().await;
    let id = theirs["id"].as_str().unwrap();
    let unknown = "rep_01k0000000e2t8r0000000000a";
    for person in [&here.ana, &here.fiona, &here.admin] {
        for org in [&here.org, &there.org] {
            let read =
                async |id: &str| send(person.request(Method::GET, &format!("/v1/orgs/{org}/reports/{id}"))).await;
            let (foreign, absent) = (read(id).await, read(unknown).await);
            assert_eq!(check_problem(&foreign, NOT_FOUND), Ok(()), "TENANT-01");
            assert_eq!(without_request_id(&foreign), without_request_id(&absent), "TENANT-01");
        }
    }
    // Headers do not select the organisation.
    let path = here.report(&ours, "");
    let request = here.ana.request(Method::GET, &path).header("X-Tenant-Id", &there.org).header("X-Org", &there.org);
    assert_eq!(send(request).await.expect(200), ours, "TENANT-03");
}

/// Method and path of every operation in `openapi.json`.
fn operations() -> Vec<(Method, String)> {
    let api: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let mut found = Vec::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            found.push((Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), path.clone()));
        }
    }
    found
}

#[tokio::test]
async fn every_operation_on_foreign_organisation_is_not_found() {
    let (here, _, there, theirs) = two_organisations().await;
    let before = table::organisation(&here.org).await;
    let mut cases = Vec::new();
    let operations = operations().into_iter().filter(|(_, path)| path.contains("{org}"));
    for (nth, (method, template)) in operations.enumerate() {
        let fill = |org: &str| {
            let line = theirs["expenses"][0]["id"].as_str().unwrap();
            let path = template.replace("{report}", theirs["id"].as_str().unwrap()).replace("{expense}", line);
            path.replace("{org}", org)
                .replace("{member}", &there.ana.id)
                .replace("{date}", "2026-01-01")
                .replace("{currency}", "GBP")
                .replace("{receipt}", "rcp_01jd0000000000000000000000")
                .replace("{list}", "reports")
                .replace("{batch}", "bat_01jd0000000000000000000000")
                .replace("{payment}", "pay_01jd0000000000000000000000")
        };
        assert!(!fill("x").contains('{'), "TENANT-02: {template} has an unknown path parameter");
        let named = template.contains("{report}") || template.contains("{member}");
        for org in [Some(&there.org), named.then_some(&here.org)].into_iter().flatten() {
            // Alternating callers: a single one would reach the limit for unknown organisations.
            let who = if org == &there.org && nth % 2 == 1 { &here.fiona } else { &here.admin };
            let request = who.once(method.clone(), &fill(org)).header("If-Match", "\"1\"");
            let request = if template.ends_with("/bank-answers") {
                request.header("Content-Type", "application/xml").body("<Document/>")
            } else {
                request.json(&json!({}))
            };
            cases.push(("TENANT-02", request, NOT_FOUND));
        }
    }
    assert!(cases.len() > 60, "{} requests", cases.len());
    expect_problems(&there, cases).await;
    assert_eq!(changed_keys(&before, &table::organisation(&here.org).await), Vec::<String>::new(), "TENANT-02");
}

/// The same person with a token that carries these claims.
async fn with_claims(person: &Person, claims: &Value) -> Person {
    let body = json!({"sub": format!("sub-{}", person.email), "email": person.email, "name": "Same", "claims": claims});
    person.with_token(&body).await
}

#[tokio::test]
async fn self_asserted_claims_grant_nothing() {
    let (here, _, there, theirs) = two_organisations().await;
    let claims = json!({
        "custom:tenant_id": there.org, "org": there.org, "tenant": there.org, "role": "admin", "roles": ["admin"],
        "cognito:groups": ["admin", there.org], "scope": "openid admin",
    });
    let ana = with_claims(&here.ana, &claims).await;
    // TENANT-06 differs: the other organisation is not found (404). In their own organisation the membership counts
    // (403).
    let cases = vec![
        ("TENANT-06", ana.request(Method::GET, &there.report(&theirs, "")), NOT_FOUND),
        ("TENANT-06", ana.request(Method::GET, &there.path("reports")), NOT_FOUND),
        ("TENANT-06", ana.request(Method::PUT, &here.path("policy")).json(&World::policy()), FORBIDDEN),
        ("TENANT-06", ana.request(Method::GET, &here.path("reports?scope=all")), FORBIDDEN),
    ];
    expect_problems(&here, cases).await;
    send(ana.request(Method::GET, &here.path("reports"))).await.expect(200);
}

#[tokio::test]
async fn foreign_member_reference_is_rejected() {
    let (here, ours, there, _) = two_organisations().await;
    let foreign = json!(there.marco.id);
    let member = here.path(&format!("members/{}", here.ana.id));
    let reassign = json!({"from": here.marco.id, "to": foreign, "reason": "Away."});
    let delegate = json!({"to": foreign, "from": "2026-01-01", "until": "2026-12-31"});
    let steps = json!([{"name": "Theirs", "approvers": {"kind": "members", "members": [foreign]}}]);
    there.draft(&there.ana, &[expense("10.00")]).await;
    let page = there.ana.get(&there.path("reports?limit=1")).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let policy = with(World::policy(), &json!({"steps": steps}));
    let asked = |query: &str| get(&here, &here.fiona, &format!("reports?{query}"));
    let cases = vec![
        ("TENANT-08", here.admin.request(Method::PATCH, &member).json(&json!({"manager_id": foreign})), INVALID),
        (
            "TENANT-08",
            here.admin
                .request(Method::POST, &here.report(&ours, "reassign"))
                .header("If-Match", "\"1\"")
                .json(&reassign),
            INVALID,
        ),
        ("TENANT-08", here.marco.request(Method::PUT, &here.path("members/me/delegation")).json(&delegate), INVALID),
        ("TENANT-08", here.admin.request(Method::PUT, &here.path("policy")).json(&policy), INVALID),
        ("TENANT-08", report(&here, &json!({"payee_id": foreign})), INVALID),
        ("TENANT-09", get(&here, &here.ana, &format!("reports?limit=1&cursor={cursor}")), CURSOR_INVALID),
        ("TENANT-11", asked("owner=*"), INVALID_PARAMETER),
        ("TENANT-11", asked("owner=x%20OR%201%3D1"), INVALID_PARAMETER),
        ("TENANT-11", asked("scope=all&tenant=*"), INVALID_PARAMETER),
    ];
    expect_problems(&here, cases).await;
    // Filtering by a foreign member matches nothing.
    let none = send(asked(&format!("owner={}", there.ana.id))).await.expect(200);
    assert_eq!(none["items"], json!([]), "TENANT-11");
    // TENANT-10: the same key and body, sent by members of two organisations.
    let key = fresh_key();
    let mut made = Vec::new();
    for world in [&here, &there] {
        let request = world.ana.request(Method::POST, &world.path("reports")).header("Idempotency-Key", &key);
        made.push(send(request.json(&json!({"title": "Lyon"}))).await.expect(201)["id"].clone());
    }
    assert_ne!(made[0], made[1], "TENANT-10");
}

#[tokio::test]
async fn read_access_does_not_grant_write_access() {
    let world = World::new().await;
    let auditor = world.add_member("Olga", &json!({"role": "auditor"})).await;
    let report = world.submitted("40.00").await;
    let ana = world.path(&format!("members/{}", world.ana.id));
    let ada = world.path(&format!("members/{}", world.admin.id));
    let limit = json!({"approval_limit": eur("1.00")});
    expect_problems(
        &world,
        vec![
            ("OBJECT-03", decide(&world, &auditor, &report, "approve"), FORBIDDEN),
            ("OBJECT-03", decide(&world, &auditor, &report, "reject"), FORBIDDEN),
            ("OBJECT-04", world.ana.request(Method::PUT, &world.path("policy")).json(&World::policy()), FORBIDDEN),
            ("OBJECT-04", get(&world, &world.ana, "members"), FORBIDDEN),
            (
                "OBJECT-04",
                post(&world.ana, &world.path("members")).json(&json!({"name": "x", "email": "x@x.com"})),
                FORBIDDEN,
            ),
            // OBJECT-06: members may change their own name only, admins included.
            ("OBJECT-06", world.ana.request(Method::PATCH, &ana).json(&json!({"role": "admin"})), FORBIDDEN),
            ("OBJECT-06", world.admin.request(Method::PATCH, &ada).json(&limit), DUTIES),
        ],
    )
    .await;
    world.admin.patch(&ada, &json!({"name": "Ada A."})).await.expect(200);
}

#[tokio::test]
async fn approver_cannot_see_payout_account() {
    let world = World::new().await;
    let account = json!({"holder": "Holder Of It", "iban": "DE89 3704 0044 0532 0130 00"});
    world.ana.put(&world.path("members/me/payout_account"), &account).await.expect(200);
    let report = world.submitted("40.00").await;
    let seen = world.marco.get(&world.report(&report, "")).await;
    assert_eq!(seen.status, 200, "OBJECT-05");
    for hidden in ["Holder Of It", "20130", "iban", "payout"] {
        assert!(!seen.text.contains(hidden), "OBJECT-05: {hidden}");
    }
    let path = format!("members/{}/payout_account", world.ana.id);
    expect_problems(&world, vec![("OBJECT-05", get(&world, &world.marco, &path), NOT_FOUND)]).await;
}

#[tokio::test]
async fn membership_with_unknown_role_has_no_rights() {
    let world = World::new().await;
    world.draft(&world.fiona, &[expense("10.00")]).await;
    // OBJECT-08 differs: authorization is a function of the program, so there is no policy language whose evaluation
    // could fail. A member with an unknown role is an integrity error, and nothing is carried out.
    let item = table::item(&format!("ORG#{}", world.org), &table::identity(&world.fiona)).await;
    assert_eq!(item["role"], json!({"S": "finance"}));
    table::put(&with(item, &json!({"role": {"S": "emperor"}}))).await;
    let cases = vec![
        ("OBJECT-08", get(&world, &world.fiona, "reports"), INTEGRITY),
        ("OBJECT-08", world.fiona.request(Method::PUT, &world.path("policy")).json(&World::policy()), INTEGRITY),
        ("OBJECT-08", post(&world.fiona, &world.path("reports")).json(&json!({"title": "Lyon"})), INTEGRITY),
    ];
    expect_problems(&world, cases).await;
}
