//! Limits of mail: addresses that never signed in, series of requests and comments, daily quotas, invitations.

use jiff::SignedDuration;
use outlay_local::Stack;
use serde_json::{Value, json};

use crate::support::{
    Person, World, eur, expense, mail, now, own_stack, run_schedule, send, table, version, wait_until, with,
};

/// Subjects of all mail to a person so far, once all events have been processed.
async fn subjects(stack: &Stack, person: &Person) -> Vec<String> {
    let idle = format!("{}/_local/streams/triggers-notify?until=idle", stack.url());
    while send(reqwest::Client::new().get(&idle)).await.expect(200)["behind"] != 0 {}
    let mails = mail(stack.url(), &person.email, 0).await;
    mails.iter().map(|mail| mail["subject"].as_str().unwrap().to_owned()).collect()
}

/// Runs the sweep as of `minutes` from now.
async fn sweep_in(stack: &Stack, minutes: i64) {
    run_schedule(stack.url(), "triggers-sweep", now() + SignedDuration::from_mins(minutes)).await;
}

/// Changes the first expense of a report.
async fn edit(world: &World, report: &Value, amount: &str) -> Value {
    world.ana.patch(&world.line(report, 0, ""), &json!({"amount": eur(amount)})).await.expect(200)
}

/// Writes the mail quotas of an organisation, as the operator does.
async fn set_mail_quotas(stack: &Stack, org: &str, quotas: &Value) {
    let quota = json!({"M": {"per_minute": {"N": "6000"}, "burst": {"N": "6000"}}});
    let all = json!({"M": {"read": quota, "write": quota, "costly": quota}});
    let mail: serde_json::Map<_, _> = quotas
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, count)| (name.clone(), json!({"N": count.to_string()})))
        .collect();
    let key = json!({"PK": {"S": format!("ORG#{org}#PLAN")}, "SK": {"S": "PLAN"}});
    let item = with(key, &json!({"member": all, "organisation": all, "mail": {"M": mail}}));
    table::call_on(stack, "PutItem", json!({"Item": item})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn address_that_never_signed_in_gets_invitation_only() {
    let (stack, world) = own_stack().await;
    let nina = world.invite("Nina", "nina@example.com", &json!({"role": "finance"})).await;
    world.change(&world.ana, &json!({"manager_id": nina.id})).await;
    let report = world.submitted("640.00").await;
    world.wait_for_mail_status(&report, "report.submitted", &["Nina not_signed_in"]).await;
    for amount in ["641.00", "642.00", "643.00"] {
        edit(&world, &report, amount).await;
    }
    let comment = json!({"text": "Two of us shared the taxi."});
    let seen = world.ana.post(&world.report(&report, "comments"), &comment).await.expect(200);
    world.wait_for_mail_status(&report, "report.commented", &["Nina not_signed_in"]).await;
    sweep_in(&stack, 60).await;
    run_schedule(stack.url(), "triggers-remind", now() + SignedDuration::from_hours(24 * 30)).await;
    assert_eq!(subjects(&stack, &nina).await.len(), 1, "the invitation");

    // A read with a token of their own is a sign-in; the task was in the queue all the time.
    assert_eq!(world.queue(&nina).await.len(), 1);
    world.ana.post(&world.report(&report, "comments"), &comment).await.expect(200);
    assert_eq!(world.mail(&nina, 2).await.len(), 2);
    assert_eq!(
        world.decide(&nina, &world.ana.get(&world.report(&seen, "")).await.json(), "approve", &json!({})).await.status,
        200
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_in_a_row_become_one_mail() {
    let (stack, world) = own_stack().await;
    let report = world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    for cents in 0..5 {
        edit(&world, &report, &format!("41.{cents:02}")).await;
    }
    // Taking the report back and submitting it again is no way around.
    for _ in 0..2 {
        world.ana.post(&world.report(&report, "recall"), &json!({})).await.expect(200);
        world.ana.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
    }
    assert_eq!(subjects(&stack, &world.marco).await.len(), 2, "the invitation and the first request");
    sweep_in(&stack, 5).await;
    assert_eq!(subjects(&stack, &world.marco).await.len(), 2, "the quiet period lasts 15 minutes");
    sweep_in(&stack, 20).await;
    sweep_in(&stack, 40).await;
    let all = subjects(&stack, &world.marco).await;
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(all[2], "Approve: Client visit Lyon, 41.04 EUR (Ana Silva)", "the mail is about the latest version");
    let status = world.mail_status(&report, "report.submitted").await;
    let count = |state: &str| status.iter().filter(|mail| mail.ends_with(state)).count();
    assert_eq!((count("delivered"), count("superseded")), (2, status.len() - 2), "{status:?}");
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_after_decision_is_mailed_at_once() {
    let (stack, world) = own_stack().await;
    let mut report = world.submitted("40.00").await;
    for count in 2..5 {
        assert_eq!(world.mail(&world.marco, count).await.len(), count);
        let reason = json!({"reason": "Which client?"});
        world.decide(&world.marco, &report, "return", &reason).await.expect(200);
        world.mail(&world.ana, count).await;
        report = world.ana.post(&world.report(&report, "submit"), &json!({})).await.expect(200);
    }
    assert_eq!(world.mail(&world.marco, 5).await.len(), 5);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comments_are_mailed_to_the_others_once_per_series() {
    let (stack, world) = own_stack().await;
    let report = world.submitted("40.00").await;
    world.mail(&world.marco, 2).await;
    let path = world.report(&report, "comments");
    let texts = ["Two of us shared the taxi.", "The client was Acme.", "Is anything missing?"];
    for text in texts {
        world.ana.post(&path, &json!({"text": text})).await.expect(200);
    }
    let first = world.mail(&world.marco, 3).await.remove(2);
    assert_eq!(first["subject"], "Comment: Client visit Lyon (Ana Silva)");
    assert!(first["text"].as_str().unwrap().contains(texts[0]), "{first}");
    assert_eq!(subjects(&stack, &world.marco).await.len(), 3);
    sweep_in(&stack, 20).await;
    let rest = world.mail(&world.marco, 4).await.remove(3);
    let text = rest["text"].as_str().unwrap();
    assert!(text.contains(texts[1]) && text.contains(texts[2]) && !text.contains(texts[0]), "{text}");

    // Finance has commented, so the next comment concerns them too; nobody is told of their own.
    world.fiona.post(&path, &json!({"text": "Please add the invoice."})).await.expect(200);
    world
        .wait_for_mail_status(
            &report,
            "report.commented",
            &[
                "Ana Silva delivered",
                "Marco Rossi delivered",
                "Marco Rossi delivered",
                "Marco Rossi queued",
                "Marco Rossi superseded",
            ],
        )
        .await;
    world.marco.post(&path, &json!({"text": "It is on page two."})).await.expect(200);
    assert_eq!(world.mail(&world.fiona, 2).await[1]["subject"], "Comment: Client visit Lyon (Marco Rossi)");
    let shown = world.ana.get(&world.report(&report, "")).await.expect(200)["comments"].clone();
    let written: Vec<&str> = shown.as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(written, [texts[0], texts[1], texts[2], "Please add the invoice.", "It is on page two."]);
    assert_eq!(shown[3]["by"], json!({"id": world.fiona.id, "name": "Fiona Byrne"}));
    stack.stop().await;
}

#[tokio::test]
async fn report_shows_its_latest_comments() {
    let world = World::new().await;
    let report = world.draft(&world.ana, &[expense("40.00")]).await;
    assert_eq!(report["comments"], json!([]));
    let path = world.report(&report, "comments");
    for number in 0..12 {
        world.ana.post(&path, &json!({"text": format!("Number {number}")})).await.expect(200);
    }
    let seen = world.ana.get(&world.report(&report, "")).await.expect(200);
    let texts: Vec<&str> =
        seen["comments"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(texts, (2..12).map(|number| format!("Number {number}")).collect::<Vec<_>>());
    // Long comments leave room for fewer.
    let long = "é".repeat(2000);
    for _ in 0..3 {
        world.ana.post(&path, &json!({"text": long})).await.expect(200);
    }
    let seen = world.ana.post(&path, &json!({"text": "short"})).await.expect(200);
    assert_eq!(seen["comments"].as_array().unwrap().len(), 2);
    world.ana.delete(&world.report(&report, "")).await;
    world.ana.get(&world.report(&report, "")).await.problem(404, "/problems/not-found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_beyond_quota_of_organisation_is_not_sent() {
    let (stack, world) = own_stack().await;
    world.mail(&world.ana, 1).await;
    // Three invitations have been counted.
    set_mail_quotas(&stack, &world.org, &json!({"organisation_per_day": 4})).await;
    let (first, second) = (world.submitted("40.00").await, world.submitted("41.00").await);
    world.wait_for_mail_status(&first, "report.submitted", &["Marco Rossi delivered"]).await;
    world.wait_for_mail_status(&second, "report.submitted", &["Marco Rossi over_quota"]).await;
    assert_eq!(subjects(&stack, &world.marco).await.len(), 2);
    set_mail_quotas(&stack, &world.org, &json!({"organisation_per_day": 5})).await;
    let third = world.submitted("42.00").await;
    world.wait_for_mail_status(&third, "report.submitted", &["Marco Rossi delivered"]).await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_to_person_is_counted_over_organisations() {
    let (stack, world) = own_stack().await;
    let other = World::on(stack.url()).await;
    for (world, label) in [(&world, ""), (&other, "+other")] {
        set_mail_quotas(&stack, &world.org, &json!({"person_per_day": 3})).await;
        // A label does not make another mailbox.
        let pat = world.join("Pat", &format!("pat{label}@example.com"), &json!({})).await;
        world.change(&world.ana, &json!({"manager_id": pat.id})).await;
    }
    wait_until("both invitations", || async {
        // In a query, a plus sign is a blank.
        let mails = mail(stack.url(), "pat%2Bother@example.com", 0).await;
        (!mails.is_empty()).then_some(())
    })
    .await;
    let (here, there) = (world.submitted("40.00").await, other.submitted("40.00").await);
    let status = async || {
        let (here, there) =
            (world.mail_status(&here, "report.submitted").await, other.mail_status(&there, "report.submitted").await);
        let mut all = [here, there].concat();
        all.sort_unstable();
        all
    };
    let expected = ["Pat delivered", "Pat over_quota"];
    wait_until("one of two mails", || async { (status().await == expected).then_some(()) }).await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invitations_to_address_are_limited_over_organisations() {
    let (stack, world) = own_stack().await;
    let victim = world.invite("Vic", "victim@example.com", &json!({})).await;
    for number in 0..7 {
        let body = json!({"name": format!("Other {number}"), "base_currency": "EUR"});
        let created = world.admin.post("/v1/orgs", &body).await.expect(201);
        let path = format!("/v1/orgs/{}/members", created["id"].as_str().unwrap());
        world.admin.post(&path, &json!({"name": "Vic", "email": victim.email})).await.expect(201);
    }
    // Inviting the same address again after an erasure is counted too.
    let member = world.path(&format!("members/{}", victim.id));
    let seen = world.admin.get(&member).await.expect(200);
    world.admin.post_at(&format!("{member}/erase"), version(&seen), &json!({})).await.expect(200);
    world.invite("Vic", &victim.email, &json!({})).await;
    assert_eq!(subjects(&stack, &victim).await.len(), 5, "invitations in a month");
    stack.stop().await;
}
