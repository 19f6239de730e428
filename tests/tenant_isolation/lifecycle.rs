//! Every action of an organisation, performed once by its members with unique texts.

use reqwest::Method;
use serde_json::{Value, json};

use super::tenant::Tenant;
use crate::support::{Person, day, eur, files, today, version, wait_until, with};

/// Codes that the policy and the reports share.
struct Codes {
    travel: String,
    meals: String,
    cost_centre: String,
    project: String,
    grade: String,
}

/// Performs all actions. The tenant has been created and has only its admin.
pub async fn exercise_all(tenant: &mut Tenant) {
    let codes = Codes {
        travel: tenant.mark(),
        meals: tenant.mark(),
        cost_centre: tenant.mark(),
        project: tenant.mark(),
        grade: tenant.mark(),
    };
    people(tenant, &codes).await;
    let policy = policy(tenant, &codes);
    rules(tenant, &policy).await;
    accounts(tenant).await;
    let report = edited(tenant, &codes).await;
    decided(tenant, report).await;
    payments(tenant, &codes).await;
    other_reports(tenant, &codes).await;
    read(tenant, &codes, &policy).await;
    leave(tenant).await;
}

async fn people(tenant: &mut Tenant, codes: &Codes) {
    tenant.invite("marco", &json!({"grade": tenant.mark(), "cost_centre": tenant.mark()})).await;
    tenant.invite("fiona", &json!({"role": "finance"})).await;
    tenant.invite("audrey", &json!({"role": "auditor"})).await;
    for name in ["dora", "rita", "emil"] {
        tenant.invite(name, &json!({})).await;
    }
    let ana = json!({"manager_id": tenant.world.marco.id, "grade": codes.grade, "cost_centre": codes.cost_centre});
    tenant.invite("ana", &ana).await;
    let subject = tenant.mark();
    let robot = json!({"name": tenant.mark(), "kind": "service", "subject": subject, "role": "finance"});
    let member = tenant.post(&tenant.world.admin, &tenant.world.path("members"), robot).await;
    let token = json!({"sub": subject, "email": "none@example.com", "name": subject, "claims": {"email": null}});
    let id = member["id"].as_str().unwrap().to_owned();
    let robot = Person { email: subject, id, ..tenant.world.admin.with_token(&token).await };
    tenant.register("robot", robot);
    let of = |who: &Person| tenant.world.path(&format!("members/{}", who.id));
    let change = json!({"name": tenant.mark(), "grade": codes.grade, "cost_centre": codes.cost_centre});
    tenant.patch(&tenant.world.admin, &of(&tenant.world.ana), change).await;
    let away = json!({"to": tenant.person("dora").id, "from": day(0), "until": day(-7), "ceiling": eur("5000.00")});
    tenant.put(&tenant.world.marco, &tenant.world.path("members/me/delegation"), away).await;
    for who in tenant.people.values() {
        tenant.get(who, &tenant.world.path("members/me")).await;
    }
    tenant.get(tenant.person("audrey"), &of(&tenant.world.ana)).await;
    tenant.walk(&tenant.world.fiona, &tenant.world.path("members")).await;
}

fn policy(tenant: &Tenant, codes: &Codes) -> Value {
    let category =
        |code: &str| json!({"code": code, "name": tenant.mark(), "account": tenant.mark(), "default_tax": "19"});
    let object = |code: &str, owner: &Person| json!({"code": code, "name": tenant.mark(), "owner_id": owner.id});
    let rita = json!({"kind": "members", "members": [tenant.person("rita").id]});
    let when = json!({
        "categories": [codes.travel], "cost_centres": [codes.cost_centre], "projects": [codes.project], "grades": [tenant.mark()],
    });
    let when_never = with(when.clone(), &json!({"from_total": eur("900000.00")}));
    json!({
        "categories": [category(&codes.travel), category(&codes.meals)],
        "limits": [
            {"categories": [codes.meals], "grades": [codes.grade], "period": "expense", "amount": eur("60.00")},
            {"categories": [codes.travel], "period": "trip", "amount": eur("4000.00")},
        ],
        "receipt_required_from": eur("25.00"),
        "cost_centres": [object(&codes.cost_centre, &tenant.world.fiona)],
        "projects": [object(&codes.project, &tenant.world.marco)],
        "steps": [
            {"name": tenant.mark(), "approvers": {"kind": "manager"}},
            {"name": tenant.mark(), "approvers": {"kind": "role", "role": "finance"}, "when": {"from_total": eur("500.00")}, "due_in_days": 3},
            {"name": tenant.mark(), "approvers": rita, "when": when_never},
        ],
        "fallback": {"kind": "role", "role": "admin"},
    })
}

async fn rules(tenant: &Tenant, policy: &Value) {
    let path = tenant.world.path("policy");
    tenant.put(&tenant.world.admin, &path, policy.clone()).await;
    tenant.put(&tenant.world.fiona, &path, policy.clone()).await;
    tenant.get(&tenant.world.ana, &path).await;
    tenant.walk(&tenant.world.ana, &tenant.world.path("policy/versions")).await;
    let rates = json!({"rates": {"USD": "0.9", "GBP": "1.2"}, "source": tenant.mark()});
    tenant.put(&tenant.world.fiona, &tenant.world.path(&format!("rates/{}", day(3))), rates).await;
    tenant.walk(&tenant.world.ana, &tenant.world.path("rates")).await;
    tenant.get(&tenant.world.ana, &tenant.world.path("rates?currency=USD")).await;
    tenant.delete(&tenant.world.fiona, &tenant.world.path(&format!("rates/{}/GBP", day(3)))).await;
    ledger(tenant).await;
}

async fn ledger(tenant: &Tenant) {
    let path = tenant.world.path("ledger");
    let fec = json!({"siren": "732829320", "journal_code": tenant.mark(), "journal_name": tenant.mark()});
    let settings = json!({
        "default_expense_account": tenant.mark(), "payable_account": tenant.mark(), "rounding_account": tenant.mark(),
        "card_clearing_account": tenant.mark(), "receivable_account": tenant.mark(),
        "exchange_difference_account": tenant.mark(), "bank_accounts": {"EUR": tenant.mark()},
        "input_taxes": [{"country": "DE", "rate": "19", "account": tenant.mark(), "code": "9"}],
        "formats": {"company_name": tenant.mark(), "sie": {"series": tenant.mark()}, "fec": fec},
    });
    tenant.put(&tenant.world.fiona, &path, settings).await;
    tenant.get(tenant.person("audrey"), &path).await;
    tenant.walk(tenant.person("audrey"), &tenant.world.path("journal?period=2026-11")).await;
}

async fn accounts(tenant: &Tenant) {
    let own = tenant.world.path("members/me/payout_account");
    tenant.put(&tenant.world.ana, &own, json!({"holder": tenant.mark(), "iban": tenant.iban})).await;
    let american = json!({"holder": tenant.mark(), "routing_number": "021000021", "account_number": "9988776655"});
    tenant.put(&tenant.world.marco, &own, american).await;
    tenant.get(&tenant.world.ana, &own).await;
    let anas = tenant.world.path(&format!("members/{}/payout_account", tenant.world.ana.id));
    tenant.get(&tenant.world.fiona, &anas).await;
}

/// Expense with every text field set.
fn line(tenant: &Tenant, codes: &Codes, amount: &str) -> Value {
    json!({
        "date": today(), "category": codes.travel, "merchant": tenant.mark(), "amount": eur(amount), "note": tenant.mark(),
        "justification": tenant.mark(), "attendees": [tenant.mark(), tenant.mark()], "project": codes.project,
        "cost_centre": codes.cost_centre, "trip": tenant.mark(), "receipt_reference": tenant.mark(),
    })
}

/// Draft changed in every possible way, then submitted.
async fn edited(tenant: &Tenant, codes: &Codes) -> Value {
    let (world, ana) = (&tenant.world, &tenant.world.ana);
    let body =
        json!({"title": tenant.mark(), "cost_centre": codes.cost_centre, "expenses": [line(tenant, codes, "480.00")]});
    let report = tenant.post(ana, &world.path("reports"), body).await;
    let dollars = with(line(tenant, codes, "70.00"), &json!({"amount": {"amount": "70.00", "currency": "USD"}}));
    let report = tenant.act(ana, &report, "expenses", dollars).await;
    let change = with(line(tenant, codes, "481.00"), &json!({"category": codes.meals}));
    tenant.patch(ana, &world.line(&report, 0, ""), change).await;
    let report = tenant.post(ana, &world.line(&report, 0, "clone"), json!({"date": day(1)})).await;
    let part = |amount: &str| {
        json!({
            "amount": eur(amount), "note": tenant.mark(), "category": codes.travel, "attendees": [tenant.mark()],
            "cost_centre": codes.cost_centre, "project": codes.project,
        })
    };
    let last = report["expenses"].as_array().unwrap().len() - 1;
    let parts = json!({"parts": [part("200.00"), part("281.00")]});
    let report = tenant.post(ana, &world.line(&report, last, "split"), parts).await;
    let report = tenant.delete(ana, &world.line(&report, 1, "")).await;
    tenant.patch(ana, &world.report(&report, ""), json!({"title": tenant.mark(), "payee_id": world.ana.id})).await;
    let report = tenant.post(ana, &world.report(&report, "comments"), json!({"text": tenant.mark()})).await;
    tenant.act(ana, &report, "submit", json!({})).await
}

/// Approved, returned by finance, submitted again, approved by the delegate, then rejected.
async fn decided(tenant: &Tenant, report: Value) {
    let (world, fiona, dora) = (&tenant.world, &tenant.world.fiona, tenant.person("dora"));
    tenant.walk(&world.marco, &world.path("approvals")).await;
    let lines = report["expenses"].as_array().unwrap();
    let euros = lines.iter().find(|line| line["amount"]["currency"] == "EUR").unwrap();
    let less = json!({"expense_id": euros["id"], "approved_amount": eur("1.00"), "reason": tenant.mark()});
    let report =
        tenant.act(&world.marco, &report, "approve", json!({"comment": tenant.mark(), "expenses": [less]})).await;
    let report = tenant.act(fiona, &report, "approve", json!({"comment": tenant.mark()})).await;
    assert_eq!(report["status"], "approved");
    let report = tenant.act(fiona, &report, "return", json!({"reason": tenant.mark()})).await;
    let report = tenant.act(&world.ana, &report, "submit", json!({})).await;
    tenant.walk(dora, &world.path("approvals")).await;
    let report = tenant.act(dora, &report, "approve", json!({"comment": tenant.mark()})).await;
    let report = tenant.act(fiona, &report, "reject", json!({"reason": tenant.mark()})).await;
    let clone = tenant.post(&world.ana, &world.report(&report, "clone"), json!({"title": tenant.mark()})).await;
    tenant.reports.borrow_mut().extend([report, clone]);
}

/// A batch that is paid, one of which the payment fails, and one that is cancelled.
async fn payments(tenant: &Tenant, codes: &Codes) {
    let (world, fiona) = (&tenant.world, &tenant.world.fiona);
    let claim = json!({"title": tenant.mark(), "expenses": [line(tenant, codes, "40.00")], "submit": true});
    let report = tenant.post(&world.ana, &world.path("reports"), claim).await;
    let report = tenant.act(&world.marco, &report, "approve", json!({})).await;
    let us = json!({
        "routing_number": "021000021", "account_number": "9876543210", "company_id": "1123456789",
        "bank_name": tenant.mark(),
    });
    let debtor = json!({
        "debtor_name": tenant.mark(), "iban": "DE75512108001245126199", "bic": "SOGEDEFFXXX", "us": us,
    });
    let settings = world.path("payment-settings");
    tenant.ask(&world.admin, Method::PUT, &settings, None, Some(&debtor)).await.expect(200);
    tenant.get(fiona, &settings).await;
    let paid = json!({"outcome": "paid", "paid_on": day(0), "reference": tenant.mark()});
    let failed = json!({"outcome": "failed", "code": tenant.mark(), "reason": tenant.mark()});
    for outcome in [Some(failed), Some(paid), None] {
        let selection = match &outcome {
            Some(_) => json!({"reports": [report["id"]]}),
            None => json!({"approved_until": day(0), "currency": "EUR", "payees": [world.ana.id]}),
        };
        let body = with(json!({"execution_date": day(-3), "format": "pain001"}), &selection);
        let batch = tenant.post(fiona, &world.path("batches"), body).await;
        let path = world.path(&format!("batches/{}", batch["id"].as_str().unwrap()));
        let Some(outcome) = outcome else {
            tenant.ask(fiona, Method::POST, &format!("{path}/cancel"), None, Some(&json!({}))).await;
            continue;
        };
        // The account is new, so the payment is held.
        wait_for_payment(tenant, &path, "held").await;
        let payment = tenant.walk(fiona, &format!("{path}/payments")).await.remove(0);
        let one = format!("{path}/payments/{}", payment["id"].as_str().unwrap());
        let clear = json!({"account_version": payment["account"]["version"]});
        tenant.ask(fiona, Method::POST, &format!("{one}/clear-hold"), Some(version(&payment)), Some(&clear)).await;
        let batch = tenant.get(fiona, &path).await;
        let release = format!("{path}/release");
        let released = tenant.ask(&world.admin, Method::POST, &release, Some(version(&batch)), Some(&json!({}))).await;
        released.expect(200);
        wait_for_payment(tenant, &path, "released").await;
        tenant.get(tenant.person("audrey"), &one).await;
        tenant.post(fiona, &format!("{one}/settle"), outcome).await;
        tenant.walk(fiona, &format!("{path}/history")).await;
        let settled = || async { (tenant.get(fiona, &path).await["status"] == "settled").then_some(()) };
        wait_until("batch settled", settled).await;
        // The failed payment makes the report approved again.
        let follows = || async {
            let status = tenant.get(fiona, &world.report(&report, "")).await["status"].clone();
            (status != "reimbursing").then_some(())
        };
        wait_until("report follows its payment", follows).await;
    }
    tenant.walk(fiona, &world.path("batches")).await;
}

async fn wait_for_payment(tenant: &Tenant, path: &str, status: &str) {
    let ask = || async {
        let batch = tenant.get(&tenant.world.fiona, path).await;
        (batch["status"] != "building" && batch["payments"][status] == 1).then_some(())
    };
    wait_until(&format!("payment {status}"), ask).await;
}

/// Reports recalled, reassigned, deleted, and entered for others.
async fn other_reports(tenant: &Tenant, codes: &Codes) {
    let (world, ana) = (&tenant.world, &tenant.world.ana);
    let claim = |title: String| json!({"title": title, "expenses": [line(tenant, codes, "40.00")], "submit": true});
    let reports = world.path("reports");
    let report = tenant.post(ana, &reports, claim(tenant.mark())).await;
    let recalled = tenant.act(ana, &report, "recall", json!({})).await;
    let report = tenant.post(ana, &reports, claim(tenant.mark())).await;
    let rita = tenant.person("rita");
    let instead = json!({"from": world.marco.id, "to": rita.id, "reason": tenant.mark()});
    let report = tenant.act(&world.admin, &report, "reassign", instead).await;
    let reassigned = tenant.act(rita, &report, "approve", json!({})).await;
    let draft = tenant.post(ana, &reports, json!({"title": tenant.mark()})).await;
    tenant.delete(ana, &world.report(&draft, "")).await;
    for who in [&world.fiona, tenant.person("robot")] {
        let body = with(claim(tenant.mark()), &json!({"owner_id": ana.id, "payee_id": world.admin.id}));
        let report = tenant.post(who, &reports, body).await;
        tenant.reports.borrow_mut().push(report);
    }
    // A report with a receipt that stays with its approver.
    let draft = json!({"title": tenant.mark(), "expenses": [line(tenant, codes, "40.00")]});
    let draft = tenant.post(ana, &reports, draft).await;
    receipt(tenant, &draft).await;
    let pending = tenant.act(ana, &tenant.get(ana, &world.report(&draft, "")).await, "submit", json!({})).await;
    tenant.reports.borrow_mut().extend([recalled, reassigned, pending]);
}

/// Two receipts: one is uploaded and read by others, one is removed.
async fn receipt(tenant: &Tenant, draft: &Value) {
    let (world, ana) = (&tenant.world, &tenant.world.ana);
    let bytes = files::ticket(&tenant.mark());
    let declared = files::declaration(&format!("{}.png", tenant.mark()), "image/png", &bytes);
    let receipts = world.line(draft, 0, "receipts");
    let made = tenant.post(ana, &receipts, declared.clone()).await;
    assert_eq!(files::upload(&made, &bytes).await.status, 200);
    let path = files::path(world, draft, 0, &made);
    files::processed_receipt(ana, &path).await;
    tenant.get(ana, &path).await;
    tenant.get(&world.fiona, &path).await;
    let second = tenant.post(ana, &receipts, declared).await;
    tenant.delete(ana, &files::path(world, draft, 0, &second)).await;
}

async fn read(tenant: &Tenant, codes: &Codes, policy: &Value) {
    let (world, fiona) = (&tenant.world, &tenant.world.fiona);
    for filter in [
        format!("scope=all&owner={}", world.ana.id),
        format!("scope=all&cost_centre={}", codes.cost_centre),
        "scope=all&status=submitted".to_owned(),
        format!("scope=all&from={}&to={}", day(1), day(-1)),
        "scope=all&min_total=1.00&max_total=100000.00".to_owned(),
        format!("scope=all&updated_since={}T00:00:00Z", day(1)),
        "scope=all".to_owned(),
    ] {
        let found = tenant.walk(fiona, &world.path(&format!("reports?{filter}"))).await;
        assert!(!found.is_empty(), "{filter}");
    }
    tenant.walk(&world.ana, &world.path("reports")).await;
    let reports = tenant.reports.borrow().clone();
    for report in &reports {
        let read = tenant.get(tenant.person("audrey"), &world.report(report, "")).await;
        assert_eq!(version(&read), version(report));
        tenant.walk(&world.ana, &world.report(report, "history")).await;
    }
    let check = world.path("policy/check");
    let pending = reports.last().unwrap();
    tenant.post(&world.ana, &check, json!({"report_id": pending["id"]})).await;
    let report = json!({"title": tenant.mark(), "expenses": [line(tenant, codes, "700.00")]});
    tenant.post(&world.ana, &check, json!({"report": report})).await;
    tenant.post(fiona, &check, json!({"report_id": pending["id"], "policy": policy})).await;
    let (mut cursor, proposal) = (String::new(), json!({"policy": policy}));
    loop {
        let past = tenant.post(fiona, &format!("{check}?against=last_90_days&limit=2{cursor}"), proposal.clone()).await;
        match past["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let anas = world.path(&format!("members/{}/export", world.ana.id));
    let export = tenant.get(&world.admin, &format!("{anas}?limit=2")).await;
    tenant.get(&world.admin, &format!("{anas}?limit=2&cursor={}", export["next_cursor"].as_str().unwrap())).await;
    tenant.get(&world.ana, &world.path("members/me/export")).await;
}

async fn leave(tenant: &Tenant) {
    let (world, emil) = (&tenant.world, tenant.person("emil"));
    let member = world.path(&format!("members/{}", emil.id));
    let suspended = tenant.patch(&world.admin, &member, json!({"suspended": true})).await;
    let erase = format!("{member}/erase");
    let erased = tenant.ask(&world.admin, Method::POST, &erase, Some(version(&suspended)), None).await;
    erased.expect(200);
    tenant
        .put(
            tenant.person("rita"),
            &world.path("members/me/delegation"),
            json!({"to": world.marco.id, "from": day(0), "until": day(-1)}),
        )
        .await;
    tenant.delete(tenant.person("rita"), &world.path("members/me/delegation")).await;
    let organisation = format!("/v1/orgs/{}", world.org);
    let domains = json!({"mail_domains": [format!("{}.example.com", tenant.mark())]});
    tenant.patch(&world.admin, &organisation, domains).await;
    tenant.get(&world.ana, &organisation).await;
    // Later invitations are to other domains.
    tenant.patch(&world.admin, &organisation, json!({"mail_domains": []})).await;
}
