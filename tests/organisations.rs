//! Closing of an organisation.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, World, expense, mail, now, own_stack, run_schedule, send, version, wait_until};

async fn close(world: &World, by: &Person, name: &str) -> crate::support::Answer {
    by.post(&world.path("close"), &json!({"name": name})).await
}

/// Name of the organisation, from the invitation of a member.
async fn name(world: &World) -> String {
    let subject = world.mail(&world.marco, 1).await[0]["subject"].as_str().unwrap().to_owned();
    subject.trim_start_matches("You are invited to ").trim_end_matches(" on Outlay").to_owned()
}

#[tokio::test]
async fn closing_requires_admin_name_and_no_waiting_report() {
    let world = World::new().await;
    let name = name(&world).await;
    for person in [&world.ana, &world.marco, &world.fiona] {
        close(&world, person, &name).await.problem(403, "/problems/forbidden");
    }
    for other in ["Another", &name.to_lowercase(), &format!("{name}x")] {
        let refused = close(&world, &world.admin, other).await.problem(422, "/problems/validation-failed");
        assert_eq!(refused, ["/name confirmation"], "{other}");
    }
    let report = world.submitted("40.00").await;
    // The list of submitted reports may lag behind for a moment.
    wait_until("the refusal", || async {
        let path = world.path("reports?scope=all&status=submitted");
        let listed = world.admin.get(&path).await.expect(200);
        (!listed["items"].as_array().unwrap().is_empty()).then_some(())
    })
    .await;
    close(&world, &world.admin, &name).await.problem(409, "/problems/invalid-state");
    world.decide(&world.marco, &report, "reject", &json!({"reason": "Which client?"})).await.expect(200);
    wait_until("the closing", || async { (close(&world, &world.admin, &name).await.status == 200).then_some(()) })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_organisation_is_read_only() {
    let (stack, world) = own_stack().await;
    let report = world.submitted("40.00").await;
    world.approve(&world.marco, &report).await.expect(200);
    let draft = world.draft(&world.ana, &[expense("20.00")]).await;
    let name = name(&world).await;
    let key = crate::support::fresh_key();
    let closing = async || {
        let request = world.admin.request(Method::POST, &world.path("close")).header("Idempotency-Key", &key);
        send(request.json(&json!({"name": name}))).await
    };
    let closed = wait_until("the closing", || async { Some(closing().await).filter(|it| it.status == 200) }).await;
    assert_eq!(closing().await.text, closed.text, "a repeated request gets the first answer");

    let account = json!({"holder": "Ana Silva", "iban": "DE89 3704 0044 0532 0130 00"});
    let line = world.line(&draft, 0, "");
    let changes = [
        (&world.admin, Method::POST, world.path("close"), json!({"name": name})),
        (&world.admin, Method::POST, world.path("members"), json!({"name": "Nora", "email": "nora@example.com"})),
        (&world.admin, Method::PATCH, world.path(&format!("members/{}", world.ana.id)), json!({"grade": "senior"})),
        (&world.admin, Method::PUT, world.path("policy"), World::policy()),
        (&world.fiona, Method::PUT, world.path("ledger"), json!({"payable_account": "3700"})),
        (&world.fiona, Method::PUT, world.path("rates/2026-11-02"), json!({"rates": {"JPY": "0.006"}})),
        (&world.ana, Method::POST, world.path("reports"), json!({"title": "Lyon", "expenses": [expense("5.00")]})),
        (&world.ana, Method::PATCH, world.report(&draft, ""), json!({"title": "Nice"})),
        (&world.ana, Method::POST, world.report(&draft, "submit"), json!({})),
        (&world.ana, Method::POST, world.report(&draft, "comments"), json!({"text": "One more."})),
        (&world.ana, Method::POST, world.report(&draft, "expenses"), expense("5.00")),
        (&world.ana, Method::PATCH, line.clone(), json!({"note": "By train."})),
        (&world.ana, Method::DELETE, line, json!({})),
        (&world.ana, Method::DELETE, world.report(&draft, ""), json!({})),
        (&world.ana, Method::PUT, world.path("members/me/payout_account"), account),
        (&world.fiona, Method::POST, world.report(&report, "return"), json!({"reason": "Which client?"})),
    ];
    for (by, method, path, body) in changes {
        let request = by.once(method.clone(), &path).header("If-Match", "\"2\"").json(&body);
        let answer = send(request).await;
        answer.problem(409, "/problems/organisation-closed");
    }
    for path in ["policy", "members/me", "reports", "approvals", "rates"] {
        world.ana.get(&world.path(path)).await.expect(200);
    }
    assert_eq!(world.ana.get(&world.report(&draft, "")).await.expect(200), draft);

    let told = mail(stack.url(), &world.admin.email, 1).await.remove(0);
    assert_eq!(told["subject"], format!("{name} was closed on Outlay"));
    for function in ["triggers-remind", "triggers-escalate", "triggers-book", "triggers-sweep"] {
        run_schedule(stack.url(), function, now()).await;
    }
    // People keep their right to erasure, whatever they had a part in.
    for person in [&world.ana, &world.marco] {
        let path = world.path(&format!("members/{}", person.id));
        let seen = world.admin.get(&path).await.expect(200);
        let erased = world.admin.post_at(&format!("{path}/erase"), version(&seen), &json!({})).await.expect(200);
        assert_eq!((&erased["status"], &erased["email"]), (&json!("erased"), &Value::Null));
    }
    stack.stop().await;
}
