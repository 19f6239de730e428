//! What members change of themselves, and addresses: corrected before the first sign-in, verified afterwards.

use serde_json::{Value, json};

use crate::support::{Person, World, fresh_key, send, url, with};

fn member_path(world: &World, person: &Person) -> String {
    world.path(&format!("members/{}", person.id))
}

/// Unique address of the organisation.
fn address(world: &World, name: &str) -> String {
    format!("{name}@{}.example.com", world.org.replace('_', "-"))
}

/// The person with a token in which another address is verified.
async fn with_address(person: &Person, email: &str) -> Person {
    let body = json!({"sub": format!("sub-{}", person.email), "email": email, "name": "Same Person"});
    Person { email: email.to_owned(), ..person.with_token(&body).await }
}

#[tokio::test]
async fn member_changes_own_language_and_time_zone() {
    let world = World::new().await;
    let auditor = world.add_member("Audrey", &json!({"role": "auditor"})).await;
    let (me, change) = (world.path("members/me"), json!({"language": "de", "time_zone": "Europe/Berlin"}));
    for person in [&world.ana, &world.fiona, &auditor, &world.admin] {
        let before = person.get(&me).await.expect(200);
        let version = before["version"].as_u64().unwrap() + 1;
        // The first change of an invited member also joins.
        let expected = with(before, &with(change.clone(), &json!({"version": version, "status": "active"})));
        assert_eq!(person.patch(&me, &change).await.expect(200), expected);
        assert_eq!(person.patch(&member_path(&world, person), &change).await.expect(200), expected);
        let cleared = person.patch(&me, &json!({"time_zone": null})).await.expect(200);
        assert_eq!((&cleared["time_zone"], &cleared["language"]), (&json!(null), &json!("de")));
    }
    let refused = world.ana.patch(&me, &json!({"time_zone": "Mars/Olympus"})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/time_zone time-zone"]);
}

#[tokio::test]
async fn member_cannot_change_own_rights_or_other_members() {
    let world = World::new().await;
    let me = world.path("members/me");
    let before = world.ana.get(&me).await.expect(200);
    for more in [
        json!({"name": "Chief Financial Officer"}),
        json!({"role": "admin"}),
        json!({"suspended": false}),
        json!({"manager_id": null}),
        json!({"manager_id": world.fiona.id}),
        json!({"manager_id": "mem_01k0000000e2t8r0000000000a"}),
        json!({"grade": "senior"}),
        json!({"cost_centre": "SALES"}),
        json!({"approval_limit": null}),
        json!({"address_fault": null}),
    ] {
        let answer = world.ana.patch(&me, &with(json!({"language": "de"}), &more)).await;
        answer.problem(403, "/problems/forbidden");
        assert!(answer.json()["detail"].as_str().unwrap().contains("language"), "{}", answer.text);
    }
    for person in [&world.ana, &world.fiona, &world.marco] {
        let answer = person.patch(&member_path(&world, &world.admin), &json!({"language": "de"})).await;
        answer.problem(403, "/problems/forbidden");
    }
    assert_eq!(world.ana.get(&me).await.expect(200), before);
}

#[tokio::test]
async fn admin_corrects_address_of_invited_member() {
    let world = World::new().await;
    let (wrong, right) = (address(&world, "noar"), address(&world, "nora"));
    let nora = world.invite("Nora New", &wrong, &json!({})).await;
    let path = member_path(&world, &nora);
    crate::support::mail(&url(), &wrong, 1).await;
    let corrected = world.admin.patch(&path, &json!({"email": right.to_uppercase()})).await.expect(200);
    assert_eq!((&corrected["email"], &corrected["status"]), (&json!(right), &json!("invited")));
    // The invitation goes to the new address.
    let invitation = crate::support::mail(&url(), &right, 1).await.remove(0);
    assert!(invitation["text"].as_str().unwrap().contains("Nora New"), "{invitation}");
    // The old address is free and has no access any more.
    nora.get(&world.path("members/me")).await.problem(404, "/problems/not-found");
    world.admin.post(&world.path("members"), &json!({"name": "Other", "email": wrong})).await.expect(201);
    let taken = world.admin.patch(&path, &json!({"email": world.ana.email})).await;
    taken.problem(409, "/problems/already-exists");
    // The same address is no change.
    assert_eq!(world.admin.patch(&path, &json!({"email": right})).await.expect(200), corrected);
    // Whoever has read anything has signed in: another address would be another person.
    let person = Person::sign_in(&url(), "Nora", &right).await;
    assert_eq!(person.get(&world.path("members/me")).await.expect(200)["id"], json!(nora.id));
    let moved = world.admin.patch(&path, &json!({"email": wrong})).await;
    assert_eq!(moved.problem(422, "/problems/validation-failed"), ["/email verified"]);
    let export = world.admin.get(&format!("{path}/export")).await.expect(200);
    let kinds: Vec<_> = export["history"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(kinds, ["member.invited", "member.invited"]);
    assert!(!export["history"].to_string().contains('@'), "an address is not in the history");
}

#[tokio::test]
async fn signed_in_member_changes_address_to_verified_one_only() {
    let world = World::new().await;
    world.submitted("10.00").await;
    let (old, new, me) = (world.ana.email.clone(), address(&world, "ana.new"), world.path("members/me"));
    let expect_unverified = |answer: crate::support::Answer| {
        assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/email verified"]);
    };
    // Neither by the member with the old token, nor by an admin, even one who holds the address.
    expect_unverified(world.ana.patch(&me, &json!({"email": new})).await);
    let path = member_path(&world, &world.ana);
    expect_unverified(world.admin.patch(&path, &json!({"email": new})).await);
    expect_unverified(with_address(&world.admin, &new).await.patch(&path, &json!({"email": new})).await);
    let ana = with_address(&world.ana, &new).await;
    let changed = ana.patch(&me, &json!({"email": new})).await.expect(200);
    assert_eq!((&changed["email"], &changed["id"]), (&json!(new), &json!(world.ana.id)));
    // Mail goes to the new address. The identity is the same one, and the old address is free.
    world.ana.get(&me).await.expect(200);
    let own = world.submit_expenses(&ana, &[crate::support::expense("11.00")]).await.expect(201);
    let reason = json!({"reason": "Which client?"});
    world.decide(&world.marco, &own, "return", &reason).await.expect(200);
    crate::support::mail(&url(), &new, 1).await;
    world.admin.post(&world.path("members"), &json!({"name": "Other", "email": old})).await.expect(201);
    // An address of another member cannot be taken, verified or not.
    let thief = with_address(&world.ana, &world.marco.email).await;
    thief.patch(&me, &json!({"email": world.marco.email})).await.problem(409, "/problems/already-exists");
}

#[tokio::test]
async fn service_has_no_address() {
    let world = World::new().await;
    let robot = json!({"name": "Import", "kind": "service", "subject": fresh_key()});
    let id = world.admin.post(&world.path("members"), &robot).await.expect(201)["id"].clone();
    let path = world.path(&format!("members/{}", id.as_str().unwrap()));
    let refused = world.admin.patch(&path, &json!({"email": address(&world, "robot")})).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/email kind"]);
}

#[tokio::test]
async fn manager_circle_is_rejected_and_named() {
    let world = World::new().await;
    let nora = world.add_member("Nora", &json!({"manager_id": world.ana.id})).await;
    // Ana's manager is Marco, Nora's is Ana.
    let set = async |person: &Person, manager: &Person| {
        world.admin.patch(&member_path(&world, person), &json!({"manager_id": manager.id})).await
    };
    for (person, manager, chain) in [
        (&world.marco, &world.ana, "Marco Rossi → Ana Silva → Marco Rossi"),
        (&world.marco, &nora, "Marco Rossi → Nora → Ana Silva → Marco Rossi"),
        (&world.ana, &nora, "Ana Silva → Nora → Ana Silva"),
    ] {
        let refused = set(person, manager).await;
        assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/manager_id cycle"]);
        let detail = refused.json()["errors"][0]["detail"].clone();
        assert!(detail.as_str().unwrap().contains(chain), "{detail}");
    }
    let refused = set(&world.ana, &world.ana).await;
    assert_eq!(refused.problem(422, "/problems/validation-failed"), ["/manager_id own-manager"]);
    set(&nora, &world.marco).await.expect(200);
    set(&world.marco, &world.fiona).await.expect(200);
    world.change(&world.ana, &json!({"manager_id": null})).await;
    set(&world.marco, &world.ana).await.expect(200);
}

#[tokio::test]
async fn unknown_grade_and_cost_centre_are_stored_and_named() {
    let world = World::new().await;
    let limit = json!({"grades": ["senior"], "period": "expense", "amount": crate::support::eur("90.00")});
    let step = json!({"name": "Board", "approvers": {"kind": "manager"}, "when": {"grades": ["junior"]}});
    let centre = json!({"code": "SALES", "name": "Sales"});
    world.put_policy(&json!({"limits": [limit], "steps": [step], "cost_centres": [centre]})).await;
    let warned = |body: &Value| {
        let warnings = body["warnings"].as_array().cloned().unwrap_or_default();
        warnings.iter().map(|it| format!("{} {}", it["pointer"], it["rule"]).replace('"', "")).collect::<Vec<_>>()
    };
    let wrong = json!({"grade": "senoir", "cost_centre": "SALSE"});
    let both = ["/cost_centre unknown-cost-centre", "/grade unknown-grade"];
    let changed = world.change(&world.ana, &wrong).await;
    assert_eq!((warned(&changed), &changed["grade"]), (both.map(str::to_owned).to_vec(), &json!("senoir")));
    assert!(changed["warnings"][1]["detail"].as_str().unwrap().contains("junior, senior"), "{changed}");
    let invited = json!({"name": "Nora", "email": address(&world, "nora")});
    let invited = world.admin.post(&world.path("members"), &with(invited, &wrong)).await.expect(201);
    assert_eq!(warned(&invited), both);
    // Known values, and changes of other fields, cause no warning; neither does a policy that knows none.
    for right in
        [json!({"grade": "senior", "cost_centre": "SALES"}), json!({"grade": "junior"}), json!({"name": "Ana S."})]
    {
        assert_eq!(world.change(&world.ana, &right).await["warnings"], json!(null), "{right}");
    }
    world.put_policy(&json!({})).await;
    assert_eq!(world.change(&world.ana, &wrong).await["warnings"], json!(null));
}

/// The only person of an organisation is told how to get a report approved.
#[tokio::test]
async fn founder_without_approver_is_told_the_way_out() {
    let founder = Person::sign_in(&url(), "Ada Founder", &format!("{}@example.com", fresh_key())).await;
    let body = json!({"name": "Start", "base_currency": "EUR"});
    let org = founder.post("/v1/orgs", &body).await.expect(201)["id"].as_str().unwrap().to_owned();
    let reports = format!("/v1/orgs/{org}/reports");
    let line = json!({"date": crate::support::today(), "category": "travel", "merchant": "Rail", "amount": crate::support::eur("10.00")});
    let report = json!({"title": "First trip", "expenses": [line], "submit": true});
    let refused = founder.post(&reports, &report).await;
    refused.problem(409, "/problems/no-approver");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("POST /v1/orgs/{org}/members") && detail.contains("PUT /v1/orgs/{org}/policy"), "{detail}");
    // The way out: another person who may approve.
    let second = json!({"name": "Bo Second", "email": format!("{}@example.com", fresh_key()), "role": "admin"});
    founder.post(&format!("/v1/orgs/{org}/members"), &second).await.expect(201);
    let submitted = founder.post(&reports, &report).await.expect(201);
    assert_eq!(crate::support::approver_names(&submitted), [["Bo Second"]]);
}

#[tokio::test]
async fn stale_version_of_own_change_is_rejected() {
    let world = World::new().await;
    let request = world.ana.request(reqwest::Method::PATCH, &world.path("members/me")).header("If-Match", "\"9\"");
    send(request.json(&json!({"language": "fr"}))).await.problem(412, "/problems/stale-version");
}
