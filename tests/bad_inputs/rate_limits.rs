//! Rate limits: excess requests are rejected without cost to others; without counters only reads are served.

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{QUOTA, REDUCED, changed_keys, check_problem, decide, expect_problems, get, post};
use crate::support::{Answer, Person, World, add_fault, now, remove_fault, send, table};

/// A quota: requests per minute, and burst.
fn quota(per_minute: u32, burst: u32) -> Value {
    json!({"M": {"per_minute": {"N": per_minute.to_string()}, "burst": {"N": burst.to_string()}}})
}

/// An organisation with these bursts per member and in total, refilled by one request a minute. No function called here
/// has cached its limits before.
async fn organisation_with_limits(member: u32, organisation: u32) -> World {
    let world = World::new().await;
    let all = |burst: u32| json!({"M": {"read": quota(1, burst), "write": quota(1, burst), "costly": quota(1, burst)}});
    let plan = json!({
        "PK": {"S": format!("ORG#{}#PLAN", world.org)}, "SK": {"S": "PLAN"},
        "member": all(member), "organisation": all(organisation),
    });
    table::put(&plan).await;
    world
}

fn list(world: &World, person: &Person) -> reqwest::RequestBuilder {
    get(world, person, "reports")
}

fn subject(person: &Person) -> String {
    format!("sub-{}", person.email)
}

/// Stored arrival time of a person's read counter, in microseconds.
async fn arrival(person: &Person) -> i64 {
    let item = table::item(&format!("IDENTITY#{}#LIMIT", subject(person)), "MEMBER#read").await;
    item["arrival"]["N"].as_str().unwrap().parse().unwrap()
}

fn seconds_to_wait(answer: &Answer) -> u32 {
    answer.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn request_above_burst_gets_429_and_wait_does_not_grow() {
    let world = organisation_with_limits(3, 1000).await;
    for left in [2, 1, 0] {
        let answer = send(list(&world, &world.ana)).await;
        assert_eq!(answer.status, 200, "RATE-01: {}", answer.text);
        assert_eq!(answer.header("ratelimit-policy"), "\"read\";q=3;w=180", "RATE-01");
        assert!(
            answer.header("ratelimit").starts_with(&format!("\"read\";r={left};t=")),
            "RATE-01: {:?}",
            answer.headers
        );
    }
    let first = send(list(&world, &world.ana)).await;
    assert_eq!(check_problem(&first, QUOTA), Ok(()), "RATE-01");
    assert_eq!(first.json()["violated-policies"], json!(["read"]), "RATE-01");
    assert_eq!(first.header("ratelimit-policy"), "\"read\";q=3;w=180", "RATE-01");
    let (until, mut wait) = (arrival(&world.ana).await, seconds_to_wait(&first));
    assert!((1..=60).contains(&wait), "RATE-01: {wait}");
    for _ in 0..20 {
        let answer = send(list(&world, &world.ana)).await;
        assert_eq!(check_problem(&answer, QUOTA), Ok(()), "RATE-07");
        assert!((1..=wait).contains(&seconds_to_wait(&answer)), "RATE-07: {} after {wait}", seconds_to_wait(&answer));
        wait = seconds_to_wait(&answer);
    }
    assert_eq!(arrival(&world.ana).await, until, "RATE-07: the wait was not extended");
    // Writes have their own limit, and so does every other member.
    send(post(&world.ana, &world.path("reports")).json(&json!({"title": "Lyon"}))).await.expect(201);
    send(list(&world, &world.marco)).await.expect(200);
    // Above the limit every request gets 429 and changes nothing.
    let write = || post(&world.ana, &world.path("reports")).json(&json!({"title": " "}));
    for _ in 0..2 {
        send(write()).await.problem(422, "/problems/validation-failed");
    }
    expect_problems(&world, vec![("RATE-01", write(), QUOTA), ("RATE-01", write(), QUOTA)]).await;
}

/// Shard (of four) of the organisation's limit that a person counts against.
fn shard(person: &Person) -> u64 {
    Sha256::digest(subject(person)).iter().fold(0_u64, |sum, byte| sum + u64::from(*byte)) % 4
}

#[tokio::test]
async fn noisy_member_leaves_quota_for_others() {
    // The organisation's burst of eight is split over four shards, two each; the member alone may send twenty.
    let world = organisation_with_limits(20, 8).await;
    let mut quiet = world.marco.clone();
    for number in 0..64 {
        if shard(&quiet) != shard(&world.ana) {
            break;
        }
        quiet = Person::sign_in(&world.admin.base, "Quiet", &format!("quiet{number}.{}", world.ana.email)).await;
    }
    let member = json!({"name": "Quiet", "email": quiet.email});
    let joined = world.admin.post(&world.path("members"), &member).await;
    assert!(matches!(joined.status, 201 | 409), "{}", joined.text);
    let answers = [send(list(&world, &world.ana)).await, send(list(&world, &world.ana)).await];
    assert_eq!(answers.map(|answer| answer.status), [200, 200], "RATE-02");
    for _ in 0..3 {
        let answer = send(list(&world, &world.ana)).await;
        assert_eq!(check_problem(&answer, QUOTA), Ok(()), "RATE-02");
        assert_eq!(answer.json()["violated-policies"], json!(["organisation-read"]), "RATE-02");
    }
    send(list(&world, &quiet)).await.expect(200);
    // A request rejected by the organisation's limit is not charged to the member.
    let ahead = arrival(&world.ana).await - now().as_microsecond();
    assert!(ahead <= 2 * 60_000_000, "RATE-02: {ahead}");
}

#[tokio::test]
async fn limiter_outage_allows_reads_only() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let counters = format!("ORG#{}#LIMIT#", world.org);
    let rule = json!({"service": "dynamodb", "operation": "UpdateItem", "containing": counters, "fault": "throttle"});
    let broken = add_fault(&world.admin.base, &rule).await;
    let before = table::organisation(&world.org).await;
    send(list(&world, &world.ana)).await.expect(200);
    assert_eq!(send(get(&world, &world.ana, "members/me")).await.status, 200, "RATE-04");
    let invite = json!({"name": "x", "email": "x@x.com"});
    let requests = [
        decide(&world, &world.marco, &report, "approve"),
        post(&world.ana, &world.path("reports")).json(&json!({"title": "Lyon"})),
        world.ana.request(Method::PATCH, &world.report(&report, "")).json(&json!({"title": "Paris"})),
        // Costly reads and invitations are rejected like writes.
        post(&world.admin, &world.path("members")).json(&invite),
        get(&world, &world.ana, "members/me/export"),
    ];
    for request in requests {
        let answer = send(request).await;
        assert_eq!(check_problem(&answer, REDUCED), Ok(()), "RATE-05");
        assert_eq!(seconds_to_wait(&answer), 1, "RATE-05");
    }
    assert!(remove_fault(&world.admin.base, &broken).await >= 5, "RATE-05");
    assert_eq!(changed_keys(&before, &table::organisation(&world.org).await), Vec::<String>::new(), "RATE-05");
    world.approve(&world.marco, &report).await.expect(200);
}

#[tokio::test]
async fn limiter_clock_skew_costs_at_most_one_request() {
    let world = organisation_with_limits(5, 1000).await;
    // Counter written by a process whose clock is half a second ahead: one request of 60 s.
    let key = json!({"PK": {"S": format!("IDENTITY#{}#LIMIT", subject(&world.ana))}, "SK": {"S": "MEMBER#read"}});
    let ahead = now().as_microsecond() + 500_000 + 60_000_000;
    let counted = json!({"arrival": {"N": ahead.to_string()}, "expires_at": {"N": "4000000000"}});
    table::put(&crate::support::with(key, &counted)).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(send(list(&world, &world.ana)).await.status);
    }
    let admitted = statuses.iter().filter(|status| **status == 200).count();
    // One of the burst of five is used; the half second may cost one more.
    assert!((3..=4).contains(&admitted), "RATE-08: {statuses:?}");
    assert!(statuses[admitted..].iter().all(|status| *status == 429), "RATE-08: {statuses:?}");
}
