//! All that an organisation can do, done once by its people; no two texts are the same.

use reqwest::Method;
use serde_json::{Value, json};

use super::twin::Twin;
use crate::support::{Person, day, eur, files, today, version, with};

/// The codes that a policy and its reports share.
struct Codes {
    travel: String,
    meals: String,
    cost_centre: String,
    project: String,
    grade: String,
}

/// The whole life. The twin is founded, and has only its admin.
pub async fn live(twin: &mut Twin) {
    let codes = Codes {
        travel: twin.mark(),
        meals: twin.mark(),
        cost_centre: twin.mark(),
        project: twin.mark(),
        grade: twin.mark(),
    };
    people(twin, &codes).await;
    let policy = policy(twin, &codes);
    rules(twin, &policy).await;
    accounts(twin).await;
    let report = edited(twin, &codes).await;
    decided(twin, report).await;
    others(twin, &codes).await;
    read(twin, &codes, &policy).await;
    leave(twin).await;
}

async fn people(twin: &mut Twin, codes: &Codes) {
    twin.invite("marco", &json!({"grade": twin.mark(), "cost_centre": twin.mark()})).await;
    twin.invite("fiona", &json!({"role": "finance"})).await;
    twin.invite("audrey", &json!({"role": "auditor"})).await;
    for name in ["dora", "rita", "emil"] {
        twin.invite(name, &json!({})).await;
    }
    let ana = json!({"manager_id": twin.world.marco.id, "grade": codes.grade, "cost_centre": codes.cost_centre});
    twin.invite("ana", &ana).await;
    let subject = twin.mark();
    let robot = json!({"name": twin.mark(), "kind": "service", "subject": subject, "role": "finance"});
    let member = twin.post(&twin.world.admin, &twin.world.path("members"), robot).await;
    let token = json!({"sub": subject, "email": "none@example.com", "name": subject, "claims": {"email": null}});
    let url = format!("{}/_local/token", twin.world.admin.base);
    let token = crate::support::send(reqwest::Client::new().post(url).json(&token)).await.expect(200);
    let (id, token) = (member["id"].as_str().unwrap().to_owned(), token["access_token"].as_str().unwrap().to_owned());
    let robot = Person { email: subject, token, id, base: twin.world.admin.base.clone() };
    twin.seat("robot", robot);
    let of = |who: &Person| twin.world.path(&format!("members/{}", who.id));
    let change = json!({"name": twin.mark(), "grade": codes.grade, "cost_centre": codes.cost_centre});
    twin.patch(&twin.world.admin, &of(&twin.world.ana), change).await;
    let away = json!({"to": twin.person("dora").id, "from": day(0), "until": day(-7), "ceiling": eur("5000.00")});
    twin.put(&twin.world.marco, &twin.world.path("members/me/delegation"), away).await;
    for who in twin.people.values() {
        twin.get(who, &twin.world.path("members/me")).await;
    }
    twin.get(twin.person("audrey"), &of(&twin.world.ana)).await;
    twin.walk(&twin.world.fiona, &twin.world.path("members")).await;
}

fn policy(twin: &Twin, codes: &Codes) -> Value {
    let category = |code: &str| json!({"code": code, "name": twin.mark(), "account": twin.mark(), "default_tax": "19"});
    let object = |code: &str, owner: &Person| json!({"code": code, "name": twin.mark(), "owner_id": owner.id});
    let rita = json!({"kind": "members", "members": [twin.person("rita").id]});
    let when = json!({
        "categories": [codes.travel], "cost_centres": [codes.cost_centre], "projects": [codes.project], "grades": [twin.mark()],
    });
    let when_never = with(when.clone(), &json!({"from_total": eur("900000.00")}));
    json!({
        "categories": [category(&codes.travel), category(&codes.meals)],
        "limits": [
            {"categories": [codes.meals], "grades": [codes.grade], "period": "expense", "amount": eur("60.00")},
            {"categories": [codes.travel], "period": "trip", "amount": eur("4000.00")},
        ],
        "receipt_required_from": eur("25.00"),
        "cost_centres": [object(&codes.cost_centre, &twin.world.fiona)],
        "projects": [object(&codes.project, &twin.world.marco)],
        "steps": [
            {"name": twin.mark(), "approvers": {"kind": "manager"}},
            {"name": twin.mark(), "approvers": {"kind": "role", "role": "finance"}, "when": {"from_total": eur("500.00")}, "due_in_days": 3},
            {"name": twin.mark(), "approvers": rita, "when": when_never},
        ],
        "fallback": {"kind": "role", "role": "admin"},
    })
}

async fn rules(twin: &Twin, policy: &Value) {
    let path = twin.world.path("policy");
    twin.put(&twin.world.admin, &path, policy.clone()).await;
    twin.put(&twin.world.fiona, &path, policy.clone()).await;
    twin.get(&twin.world.ana, &path).await;
    twin.walk(&twin.world.ana, &twin.world.path("policy/versions")).await;
    let rates = json!({"rates": {"USD": "0.9", "GBP": "1.2"}, "source": twin.mark()});
    twin.put(&twin.world.fiona, &twin.world.path(&format!("rates/{}", day(3))), rates).await;
    twin.walk(&twin.world.ana, &twin.world.path("rates")).await;
    twin.get(&twin.world.ana, &twin.world.path("rates?currency=USD")).await;
}

async fn accounts(twin: &Twin) {
    let own = twin.world.path("members/me/payout_account");
    twin.put(&twin.world.ana, &own, json!({"holder": twin.mark(), "iban": twin.iban})).await;
    let american = json!({"holder": twin.mark(), "routing_number": "021000021", "account_number": "9988776655"});
    twin.put(&twin.world.marco, &own, american).await;
    twin.get(&twin.world.ana, &own).await;
    let anas = twin.world.path(&format!("members/{}/payout_account", twin.world.ana.id));
    twin.get(&twin.world.fiona, &anas).await;
}

/// A line with every text there is.
fn line(twin: &Twin, codes: &Codes, amount: &str) -> Value {
    json!({
        "date": today(), "category": codes.travel, "merchant": twin.mark(), "amount": eur(amount), "note": twin.mark(),
        "justification": twin.mark(), "attendees": [twin.mark(), twin.mark()], "project": codes.project,
        "cost_centre": codes.cost_centre, "trip": twin.mark(), "receipt_reference": twin.mark(),
    })
}

/// A draft that went through every way to change it, and was submitted.
async fn edited(twin: &Twin, codes: &Codes) -> Value {
    let (world, ana) = (&twin.world, &twin.world.ana);
    let body =
        json!({"title": twin.mark(), "cost_centre": codes.cost_centre, "expenses": [line(twin, codes, "480.00")]});
    let report = twin.post(ana, &world.path("reports"), body).await;
    let dollars = with(line(twin, codes, "70.00"), &json!({"amount": {"amount": "70.00", "currency": "USD"}}));
    let report = twin.act(ana, &report, "expenses", dollars).await;
    let change = with(line(twin, codes, "481.00"), &json!({"category": codes.meals}));
    twin.patch(ana, &world.line(&report, 0, ""), change).await;
    let report = twin.post(ana, &world.line(&report, 0, "clone"), json!({"date": day(1)})).await;
    let part = |amount: &str| {
        json!({
            "amount": eur(amount), "note": twin.mark(), "category": codes.travel, "attendees": [twin.mark()],
            "cost_centre": codes.cost_centre, "project": codes.project,
        })
    };
    let last = report["expenses"].as_array().unwrap().len() - 1;
    let parts = json!({"parts": [part("200.00"), part("281.00")]});
    let report = twin.post(ana, &world.line(&report, last, "split"), parts).await;
    let report = twin.delete(ana, &world.line(&report, 1, "")).await;
    twin.patch(ana, &world.report(&report, ""), json!({"title": twin.mark(), "payee_id": world.ana.id})).await;
    let report = twin.post(ana, &world.report(&report, "comments"), json!({"text": twin.mark()})).await;
    twin.act(ana, &report, "submit", json!({})).await
}

/// Approved, taken back by finance, submitted anew, decided by the delegate, and rejected at last.
async fn decided(twin: &Twin, report: Value) {
    let (world, fiona, dora) = (&twin.world, &twin.world.fiona, twin.person("dora"));
    twin.walk(&world.marco, &world.path("approvals")).await;
    let lines = report["expenses"].as_array().unwrap();
    let euros = lines.iter().find(|line| line["amount"]["currency"] == "EUR").unwrap();
    let less = json!({"expense_id": euros["id"], "approved_amount": eur("1.00"), "reason": twin.mark()});
    let report = twin.act(&world.marco, &report, "approve", json!({"comment": twin.mark(), "expenses": [less]})).await;
    let report = twin.act(fiona, &report, "approve", json!({"comment": twin.mark()})).await;
    assert_eq!(report["status"], "approved");
    let report = twin.act(fiona, &report, "return", json!({"reason": twin.mark()})).await;
    let report = twin.act(&world.ana, &report, "submit", json!({})).await;
    twin.walk(dora, &world.path("approvals")).await;
    let report = twin.act(dora, &report, "approve", json!({"comment": twin.mark()})).await;
    let report = twin.act(fiona, &report, "reject", json!({"reason": twin.mark()})).await;
    let clone = twin.post(&world.ana, &world.report(&report, "clone"), json!({"title": twin.mark()})).await;
    twin.reports.borrow_mut().extend([report, clone]);
}

/// Reports that were recalled, reassigned, deleted, and entered by others.
async fn others(twin: &Twin, codes: &Codes) {
    let (world, ana) = (&twin.world, &twin.world.ana);
    let claim = |title: String| json!({"title": title, "expenses": [line(twin, codes, "40.00")], "submit": true});
    let reports = world.path("reports");
    let report = twin.post(ana, &reports, claim(twin.mark())).await;
    let recalled = twin.act(ana, &report, "recall", json!({})).await;
    let report = twin.post(ana, &reports, claim(twin.mark())).await;
    let rita = twin.person("rita");
    let instead = json!({"from": world.marco.id, "to": rita.id, "reason": twin.mark()});
    let report = twin.act(&world.admin, &report, "reassign", instead).await;
    let reassigned = twin.act(rita, &report, "approve", json!({})).await;
    let draft = twin.post(ana, &reports, json!({"title": twin.mark()})).await;
    twin.delete(ana, &world.report(&draft, "")).await;
    for who in [&world.fiona, twin.person("robot")] {
        let body = with(claim(twin.mark()), &json!({"owner_id": ana.id, "payee_id": world.admin.id}));
        let report = twin.post(who, &reports, body).await;
        twin.reports.borrow_mut().push(report);
    }
    // One that stays with its approver, with a receipt.
    let draft = json!({"title": twin.mark(), "expenses": [line(twin, codes, "40.00")]});
    let draft = twin.post(ana, &reports, draft).await;
    receipt(twin, &draft).await;
    let pending = twin.act(ana, &twin.get(ana, &world.report(&draft, "")).await, "submit", json!({})).await;
    twin.reports.borrow_mut().extend([recalled, reassigned, pending]);
}

/// Two receipts, one of which is uploaded and looked at by others, and one removed.
async fn receipt(twin: &Twin, draft: &Value) {
    let (world, ana) = (&twin.world, &twin.world.ana);
    let bytes = files::ticket(&twin.mark());
    let declared = files::declaration(&format!("{}.png", twin.mark()), "image/png", &bytes);
    let receipts = world.line(draft, 0, "receipts");
    let made = twin.post(ana, &receipts, declared.clone()).await;
    assert_eq!(files::upload(&made, &bytes).await.status, 200);
    let path = files::path(world, draft, 0, &made);
    files::looked_at(ana, &path).await;
    twin.get(ana, &path).await;
    twin.get(&world.fiona, &path).await;
    let second = twin.post(ana, &receipts, declared).await;
    twin.delete(ana, &files::path(world, draft, 0, &second)).await;
}

async fn read(twin: &Twin, codes: &Codes, policy: &Value) {
    let (world, fiona) = (&twin.world, &twin.world.fiona);
    for filter in [
        format!("scope=all&owner={}", world.ana.id),
        format!("scope=all&cost_centre={}", codes.cost_centre),
        "scope=all&status=submitted".to_owned(),
        format!("scope=all&from={}&to={}", day(1), day(-1)),
        "scope=all&min_total=1.00&max_total=100000.00".to_owned(),
        format!("scope=all&updated_since={}T00:00:00Z", day(1)),
        "scope=all".to_owned(),
    ] {
        let found = twin.walk(fiona, &world.path(&format!("reports?{filter}"))).await;
        assert!(!found.is_empty(), "{filter}");
    }
    twin.walk(&world.ana, &world.path("reports")).await;
    let reports = twin.reports.borrow().clone();
    for report in &reports {
        let read = twin.get(twin.person("audrey"), &world.report(report, "")).await;
        assert_eq!(version(&read), version(report));
        twin.walk(&world.ana, &world.report(report, "history")).await;
    }
    let check = world.path("policy/check");
    let pending = reports.last().unwrap();
    twin.post(&world.ana, &check, json!({"report_id": pending["id"]})).await;
    let report = json!({"title": twin.mark(), "expenses": [line(twin, codes, "700.00")]});
    twin.post(&world.ana, &check, json!({"report": report})).await;
    twin.post(fiona, &check, json!({"report_id": pending["id"], "policy": policy})).await;
    let (mut cursor, proposal) = (String::new(), json!({"policy": policy}));
    loop {
        let past = twin.post(fiona, &format!("{check}?against=last_90_days&limit=2{cursor}"), proposal.clone()).await;
        match past["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let anas = world.path(&format!("members/{}/export", world.ana.id));
    let export = twin.get(&world.admin, &format!("{anas}?limit=2")).await;
    twin.get(&world.admin, &format!("{anas}?limit=2&cursor={}", export["next_cursor"].as_str().unwrap())).await;
    twin.get(&world.ana, &world.path("members/me/export")).await;
}

async fn leave(twin: &Twin) {
    let (world, emil) = (&twin.world, twin.person("emil"));
    let member = world.path(&format!("members/{}", emil.id));
    let suspended = twin.patch(&world.admin, &member, json!({"suspended": true})).await;
    let erase = format!("{member}/erase");
    let erased = twin.ask(&world.admin, Method::POST, &erase, Some(version(&suspended)), None).await;
    erased.expect(200);
    twin.put(
        twin.person("rita"),
        &world.path("members/me/delegation"),
        json!({"to": world.marco.id, "from": day(0), "until": day(-1)}),
    )
    .await;
    twin.delete(twin.person("rita"), &world.path("members/me/delegation")).await;
}
