//! Rate limits per member and organisation across processes, and their cost in writes.

use std::sync::Arc;
use std::time::Instant;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    Answer, Person, World, add_fault, expense, fault_hits, fresh_key, now, remove_fault, send, table, today, url, with,
};

const QUOTA_EXCEEDED: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";
const REDUCED_CAPACITY: &str = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";

/// New organisation with these limits, and its founder.
async fn limited(per_minute: u32, burst: u32) -> (String, Person) {
    let address = format!("{}@limits.example.com", fresh_key());
    let first_admin = Person::sign_in(&url(), "Ada Admin", &address).await;
    let created = first_admin.post("/v1/orgs", &json!({"name": "Limits", "base_currency": "EUR"})).await.expect(201);
    let org = created["id"].as_str().unwrap().to_owned();
    table::plan(&org, per_minute, burst).await;
    (format!("/v1/orgs/{org}"), first_admin)
}

/// Counts calls of an operation whose request contains a text, from now on.
async fn counter(operation: &str, containing: &str) -> String {
    let rule = json!({"service": "dynamodb", "operation": operation, "containing": containing, "fault": "count"});
    add_fault(&url(), &rule).await
}

fn subject(person: &Person) -> String {
    format!("sub-{}", person.email)
}

#[tokio::test]
async fn requests_beyond_burst_are_rejected_with_retry_after() {
    let (org, ada) = limited(1, 3).await;
    let me = format!("{org}/members/me");
    for left in [2, 1, 0] {
        let answer = ada.get(&me).await;
        answer.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"read\";q=3;w=180");
        let standing = answer.header("ratelimit");
        assert!(standing.starts_with(&format!("\"read\";r={left};t=")), "{standing}");
    }
    // Rejected requests do not extend the wait.
    for _ in 0..3 {
        let refused = ada.get(&me).await;
        refused.problem(429, QUOTA_EXCEEDED);
        assert_eq!(refused.json()["violated-policies"], json!(["read"]));
        let seconds: u32 = refused.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert!(refused.header("ratelimit").starts_with("\"read\";r=0;t="));
    }
    // Other request classes have their own limits.
    ada.put(&format!("{org}/policy"), &World::policy()).await.expect(200);
}

#[tokio::test]
async fn non_member_requests_do_not_use_organisation_quota() {
    let (org, _) = limited(6, 3).await;
    let outsider = Person::sign_in(&url(), "Mallory", &format!("{}@elsewhere.example.com", fresh_key())).await;
    for _ in 0..3 {
        outsider.get(&format!("{org}/members/me")).await.problem(404, "/problems/not-found");
    }
    outsider.get(&format!("{org}/members/me")).await.problem(429, QUOTA_EXCEEDED);
    // Each counted request moves the arrival time by ten seconds; refunded requests do not.
    let now = now().as_microsecond();
    let mut seen = 0;
    for n in 0..4 {
        let item = table::item(&format!("ORG#{}#LIMIT#SHARD#{n}", &org["/v1/orgs/".len()..]), "read").await;
        let Some(arrival) = item["arrival"]["N"].as_str() else { continue };
        assert!(arrival.parse::<i64>().unwrap() <= now, "{arrival} is after {now}");
        seen += 1;
    }
    assert_eq!(seen, 1);
}

#[tokio::test]
async fn probing_unknown_organisations_is_rate_limited() {
    let (own, mallory) = limited(6_000, 1_000).await;
    let attempt = async |n: usize| {
        let path = format!("/v1/orgs/org_01k0000000e2t8r00000000{n:03}/members/me");
        mallory.get(&path).await
    };
    let mut misses = 0;
    let refused = loop {
        let answer = attempt(misses).await;
        if answer.status != 404 {
            break answer;
        }
        misses += 1;
        assert!(misses < 100, "probing is not limited");
    };
    assert!(misses >= 30, "{misses}");
    refused.problem(429, QUOTA_EXCEEDED);
    assert_eq!(refused.json()["violated-policies"], json!(["stranger"]));
    let seconds: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
    // The caller's own organisation stays available.
    mallory.get(&format!("{own}/members/me")).await.expect(200);
    let writes = counter("UpdateItem", &subject(&mallory)).await;
    let mut admitted = 0;
    for n in 100..110 {
        admitted += u64::from(attempt(n).await.status == 404);
    }
    // On a busy machine, an attempt may be counted and then refused.
    let written = fault_hits(&url(), &writes).await;
    assert!(admitted < 10 && written <= 4 * admitted + 4, "{admitted} of 10, {written} writes");
}

#[tokio::test]
async fn invitations_count_as_costly_requests() {
    let (org, ada) = limited(6, 3).await;
    let invite = async |n: u8| {
        let body = json!({"name": "Nora", "email": format!("nora{n}@{}.example.com", fresh_key())});
        ada.post(&format!("{org}/members"), &body).await
    };
    for n in 0..3 {
        let answer = invite(n).await;
        answer.expect(201);
        assert!(answer.header("ratelimit-policy").starts_with("\"costly\""), "{:?}", answer.headers);
    }
    let refused = invite(3).await;
    refused.problem(429, QUOTA_EXCEEDED);
    assert_eq!(refused.json()["violated-policies"], json!(["costly"]));
}

/// Answers to fifty clients that send `each` requests one after another, and the elapsed seconds.
async fn flood(org: &str, person: &Person, each: usize) -> (Vec<Answer>, f64) {
    let (person, path) = (Arc::new(person.clone()), format!("{org}/members/me"));
    let begun = Instant::now();
    let clients = (0..50).map(|_| {
        let (person, path) = (Arc::clone(&person), path.clone());
        async move {
            let mut answers = Vec::new();
            for _ in 0..each {
                answers.push(person.get(&path).await);
            }
            answers
        }
    });
    let answers = join_all(clients).await.into_iter().flatten().collect();
    (answers, begun.elapsed().as_secs_f64())
}

#[tokio::test]
async fn concurrent_clients_share_one_member_limit() {
    let (org, ada) = limited(600, 20).await;
    let writes = counter("UpdateItem", &format!("IDENTITY#{}#LIMIT", subject(&ada))).await;
    let (answers, seconds) = flood(&org, &ada, 40).await;
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!(admitted + refused, 2000, "only 200 and 429");
    let allowed = 20.0 + seconds * 10.0;
    #[expect(clippy::cast_precision_loss, reason = "the count is at most 2000")]
    let over = admitted as f64 - allowed;
    let writes = fault_hits(&url(), &writes).await;
    println!("{admitted} of 2000 admitted in {seconds:.1} s ({over:.1} over {allowed:.1}), {writes} writes");
    assert!(over <= 1.0, "{admitted} admitted in {seconds} s");
    assert!(refused > 0);
    // One write per decision. A process adds one when its cached estimate is wrong, as on its first request.
    assert!(writes <= 2000 + 2 * 50, "{writes} writes for 2000 decisions");
}

#[tokio::test]
async fn reads_succeed_and_writes_fail_without_counters() {
    let world = World::new().await;
    let counters = format!("ORG#{}#LIMIT#", world.org);
    let rule = json!({"service": "dynamodb", "operation": "UpdateItem", "containing": counters, "fault": "throttle"});
    let throttled = add_fault(&url(), &rule).await;
    world.ana.get(&world.path("members/me")).await.expect(200);
    let report = json!({"title": "Client visit Lyon"});
    let refused = world.ana.post(&world.path("reports"), &report).await;
    refused.problem(503, REDUCED_CAPACITY);
    assert_eq!(refused.header("retry-after"), "1");
    assert!(fault_hits(&url(), &throttled).await >= 2);
    remove_fault(&url(), &throttled).await;
    world.ana.post(&world.path("reports"), &report).await.expect(201);
}

#[tokio::test]
async fn organisation_creation_is_rate_limited_per_identity() {
    let person = Person::sign_in(&url(), "Ada Admin", &format!("{}@founders.example.com", fresh_key())).await;
    let found = async |n: usize| {
        let request = person.request(Method::POST, "/v1/orgs").header("Idempotency-Key", format!("founding-{n}"));
        send(request.json(&json!({"name": "Many", "base_currency": "EUR"}))).await
    };
    let answers = join_all((0..30).map(found)).await;
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 429)));
    assert!((1..=10).contains(&refused), "{refused} of 30");
}

#[tokio::test]
async fn invalid_requests_count_against_limit() {
    let (org, ada) = limited(1, 3).await;
    for path in ["policy?x=1", "reports/none", "members/none"] {
        let answer = ada.get(&format!("{org}/{path}")).await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.text);
    }
    ada.get(&format!("{org}/policy?x=1")).await.problem(429, QUOTA_EXCEEDED);
}

#[tokio::test]
async fn unreadable_plan_is_an_integrity_problem() {
    let (org, ada) = limited(6, 3).await;
    let key = format!("ORG#{}#PLAN", &org["/v1/orgs/".len()..]);
    table::put(&json!({"PK": {"S": key}, "SK": {"S": "PLAN"}, "member": {"S": "many"}})).await;
    ada.get(&format!("{org}/members/me")).await.problem(500, "/problems/integrity");
}

/// Stores a used quota of today.
async fn set_used_quota(partition: String, what: &str, used: u32) {
    let day = today();
    let item = json!({"PK": {"S": partition}, "SK": {"S": format!("{what}#{day}")}, "used": {"N": used.to_string()}});
    table::put(&item).await;
}

#[tokio::test]
async fn daily_quotas_limit_submissions_and_invitations() {
    let world = World::new().await;
    let beyond = |answer: Answer, what: &str| {
        answer.problem(429, QUOTA_EXCEEDED);
        assert_eq!(answer.json()["violated-policies"], json!([what]));
        assert!((1..=24 * 3600).contains(&answer.header("retry-after").parse().unwrap()));
    };
    let of = |person: &Person| format!("IDENTITY#{}#LIMIT", subject(person));
    let draft = world.draft(&world.ana, &[expense("10.00")]).await;
    set_used_quota(of(&world.ana), "SUBMISSIONS", 4999).await;
    let submitted = world.submit_expenses(&world.ana, &[expense("11.00")]).await.expect(201);
    beyond(world.submit_expenses(&world.ana, &[expense("12.00")]).await, "submissions");
    beyond(world.ana.post(&world.report(&draft, "submit"), &json!({})).await, "submissions");
    // An edit of a submitted report asks its approvers again, so it is a submission too.
    beyond(world.ana.post(&world.report(&submitted, "expenses"), &expense("1.00")).await, "submissions");
    world.ana.post(&world.report(&draft, "expenses"), &expense("1.00")).await.expect(200);
    world.draft(&world.ana, &[expense("13.00")]).await;
    world.submit_expenses(&world.marco, &[expense("14.00")]).await.expect(201);

    set_used_quota(of(&world.admin), "INVITATIONS", 1999).await;
    let invite =
        |name: &str| json!({"name": name, "email": format!("{name}@{}.example.com", world.org.replace('_', "-"))});
    world.admin.post(&world.path("members"), &invite("ines")).await.expect(201);
    beyond(world.admin.post(&world.path("members"), &invite("ivan")).await, "invitations");

    set_used_quota(of(&world.admin), "ORGANISATIONS", 19).await;
    let found = |name: &str| json!({"name": name, "base_currency": "EUR"});
    world.admin.post("/v1/orgs", &found("Second")).await.expect(201);
    beyond(world.admin.post("/v1/orgs", &found("Third")).await, "organisations");
}

/// Requests left according to an answer.
fn left(answer: &Answer) -> usize {
    let standing = answer.header("ratelimit");
    let left = standing.split(";r=").nth(1).and_then(|rest| rest.split(';').next());
    left.and_then(|left| left.parse().ok()).unwrap_or_else(|| panic!("{standing:?}"))
}

#[tokio::test]
async fn one_limit_holds_over_all_organisations() {
    let (org, ada) = limited(1, 3).await;
    let other = json!({"name": "Other", "base_currency": "EUR"});
    let other = ada.post("/v1/orgs", &other).await.expect(201)["id"].as_str().unwrap().to_owned();
    table::plan(&other, 1, 3).await;
    for (org, expected) in [(org.clone(), 2), (format!("/v1/orgs/{other}"), 1), (org.clone(), 0)] {
        let answer = ada.get(&format!("{org}/members/me")).await;
        answer.expect(200);
        assert_eq!(left(&answer), expected, "{org}");
    }
    ada.get(&format!("/v1/orgs/{other}/members/me")).await.problem(429, QUOTA_EXCEEDED);
}

#[tokio::test]
async fn request_costs_one_unit_more_per_64_kib() {
    let (org, ada) = limited(1, 100).await;
    ada.put(&format!("{org}/policy"), &World::policy()).await.expect(200);
    let report = |lines: usize| {
        let line = |n| with(expense("12.00"), &json!({"note": format!("{n} {}", "x".repeat(900))}));
        json!({"title": "Large", "currency": "EUR", "expenses": (0..lines).map(line).collect::<Vec<_>>()})
    };
    let first = ada.post(&format!("{org}/reports"), &report(1)).await;
    first.expect(201);
    let body = report(100);
    let large = ada.post(&format!("{org}/reports"), &body).await;
    large.expect(201);
    let units = (body.to_string().len() + large.text.len()) / (64 * 1024);
    assert!(units >= 3, "{units}");
    let last = ada.post(&format!("{org}/reports"), &report(1)).await;
    assert_eq!(left(&first) - left(&last), 2 + units);
}

#[tokio::test]
async fn list_costs_one_unit_more_per_100_items_passed_over() {
    let (org, ada) = limited(1, 200).await;
    ada.put(&format!("{org}/policy"), &World::policy()).await.expect(200);
    let draft = json!({"title": "Draft", "currency": "EUR"});
    let me = format!("{org}/reports");
    for answer in join_all((0..105).map(|_| ada.post(&me, &draft))).await {
        answer.expect(201);
    }
    let first = ada.get(&format!("{me}?limit=1")).await;
    assert_eq!(first.expect(200)["items"].as_array().unwrap().len(), 1);
    let none = ada.get(&format!("{me}?status=approved")).await;
    assert_eq!(none.expect(200)["items"], json!([]));
    assert_eq!(left(&first) - left(&none), 1, "every item that the first list read is shown");
    let after = ada.get(&format!("{me}?limit=1")).await;
    assert_eq!(left(&none) - left(&after), 2, "it passed over 105");
}
