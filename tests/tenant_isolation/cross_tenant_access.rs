//! Attempts of one organisation's members to use everything they could know of the other: identifiers in every
//! position, cursors, idempotency keys, addresses.

use outlay_local::Stack;
use reqwest::Method;
use serde_json::{Value, json};

use super::tenant::Tenant;
use crate::support::files::{TICKET, declaration};
use crate::support::{Person, World, day, eur, expense, table, today, version, with};

/// Runs all attempts and returns the answers that differ from the expected ones.
pub async fn attempt_all(stack: &Stack, ours: &Tenant, theirs: &Tenant) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in ["admin", "fiona", "ana", "audrey", "robot"] {
        wrong.extend(by_path(stack, ours, theirs, ours.person(name)).await);
        table::reset_probe_limit(stack, ours.person(name)).await;
    }
    wrong.extend(by_body(ours, theirs).await);
    wrong.extend(by_list(stack, ours, theirs).await);
    by_key(ours, theirs).await;
    wrong
}

/// Operations with an organisation in their path.
fn operations() -> Vec<(Method, String, String)> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    let api: Value = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    for (path, methods) in api["paths"].as_object().unwrap().iter().filter(|(path, _)| path.contains("{org}")) {
        for (method, operation) in methods.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            found.push((method, path.clone(), operation["operationId"].as_str().unwrap().to_owned()));
        }
    }
    found
}

/// Valid body of an operation.
fn body(operation: &str, theirs: &Tenant, report: &Value) -> Option<Value> {
    let world = &theirs.world;
    let part = json!({"amount": eur("20.00")});
    Some(match operation {
        "organisationsClose" => json!({"name": "Not yours"}),
        "organisationsUpdate" => json!({"mail_domains": ["example.com"]}),
        "membersInvite" => json!({"name": "Nora New", "email": "nora@example.com"}),
        "membersUpdate" => json!({"role": "admin", "name": "Somebody Else"}),
        "membersDelegate" => json!({"to": world.marco.id, "from": day(0), "until": day(-7)}),
        "membersPutPayoutAccount" => json!({"holder": "Somebody Else", "iban": "FR1420041010050500013M02606"}),
        "policyPut" => World::policy(),
        "ledgerPut" => json!({"payable_account": "3700"}),
        "policyCheck" => json!({"report_id": report["id"]}),
        "batchesCreate" => json!({"reports": [report["id"]], "execution_date": day(-3), "format": "csv"}),
        "batchesClearHold" => json!({"account_version": 1}),
        "paymentsPutSettings" => json!({"debtor_name": "Not yours", "iban": "DE75512108001245126199"}),
        "batchesSettle" => json!({"outcome": "paid", "paid_on": today()}),
        "ratesPut" => json!({"rates": {"USD": "1.5"}}),
        "reportsCreate" => json!({"title": "Not yours", "owner_id": world.ana.id}),
        "reportsUpdate" | "reportsClone" => json!({"title": "Not yours"}),
        "reportsComment" => json!({"text": "Not yours."}),
        "reportsReturn" | "reportsReject" => json!({"reason": "Not yours."}),
        "reportsReassign" => json!({"from": world.marco.id, "to": world.fiona.id, "reason": "Not yours."}),
        "expensesAdd" => expense("5.00"),
        "receiptsAdd" => declaration("x.png", "image/png", TICKET),
        "expensesUpdate" => json!({"note": "Not yours."}),
        "expensesSplit" => json!({"parts": [part, part]}),
        _ => return None,
    })
}

/// Batch with a payment, and the payment.
async fn payment_of(tenant: &Tenant) -> (String, String) {
    let (world, fiona) = (&tenant.world, &tenant.world.fiona);
    let settled = tenant.get(fiona, &world.path("batches?status=settled")).await;
    let batch = settled["items"][0]["id"].as_str().unwrap().to_owned();
    let payments = tenant.get(fiona, &world.path(&format!("batches/{batch}/payments"))).await;
    (batch, payments["items"][0]["id"].as_str().unwrap().to_owned())
}

/// Every operation in the other organisation, and in the own organisation with identifiers of the other.
async fn by_path(stack: &Stack, ours: &Tenant, theirs: &Tenant, who: &Person) -> Vec<String> {
    let mut wrong = Vec::new();
    // The report that waits for its approver.
    let report = theirs.reports.borrow().last().unwrap().clone();
    let own = ours.reports.borrow().last().unwrap().clone();
    let line = report["expenses"][0]["id"].as_str().unwrap();
    let receipt = report["expenses"][0]["receipts"][0]["id"].as_str().unwrap();
    let (batch, payment) = payment_of(theirs).await;
    for (nth, (method, template, operation)) in operations().into_iter().enumerate() {
        if nth % 8 == 0 {
            table::reset_probe_limit(stack, who).await;
        }
        let path = template
            .replace("{receipt}", receipt)
            .replace("{batch}", &batch)
            .replace("{payment}", &payment)
            .replace("{expense}", line)
            .replace("{member}", &theirs.world.ana.id)
            .replace("{date}", &today())
            .replace("{currency}", "USD");
        let in_own =
            |report: &Value| path.replace("{org}", &ours.world.org).replace("{report}", report["id"].as_str().unwrap());
        let mut paths =
            vec![path.replace("{org}", &theirs.world.org).replace("{report}", report["id"].as_str().unwrap())];
        if path.contains("{report}") || template.contains("{member}") || template.contains("{batch}") {
            paths.push(in_own(&report));
        }
        // Own report with an expense of the other organisation.
        if template.contains("{expense}") {
            paths.push(in_own(&own));
        }
        let body = body(&operation, theirs, &report);
        for (at, path) in paths.iter().enumerate() {
            let answer = ours.ask(who, method.clone(), path, Some(version(&report)), body.as_ref()).await;
            let fits = answer.status == 404 || (at > 0 && [403, 412].contains(&answer.status));
            if !fits {
                wrong.push(format!("{operation} {path}: {} {}", answer.status, answer.text));
            }
        }
    }
    wrong
}

/// Own resources with members and expenses of the other organisation in the body.
async fn by_body(ours: &Tenant, theirs: &Tenant) -> Vec<String> {
    let (world, admin, foreign) = (&ours.world, &ours.world.admin, &theirs.world);
    let pending = ours.reports.borrow().last().unwrap().clone();
    let read = ours.get(admin, &world.report(&pending, "")).await;
    let (marco, theirs_report) = (json!(foreign.marco.id), theirs.reports.borrow().last().unwrap().clone());
    let members = json!({"kind": "members", "members": [marco]});
    let object = json!({"code": "theirs", "name": "Theirs", "owner_id": marco});
    let policy = |more: Value| with(World::policy(), &more);
    let policies = [
        policy(json!({"steps": [{"name": "Theirs", "approvers": members}]})),
        policy(json!({"steps": [{"name": "Theirs", "approvers": {"kind": "manager"}, "escalate_to": members}]})),
        policy(json!({"fallback": members})),
        policy(json!({"cost_centres": [object]})),
        policy(json!({"projects": [object]})),
    ];
    let report =
        |name: &str| with(json!({"title": "Mixed", "expenses": [expense("5.00")]}), &json!({name: foreign.ana.id}));
    let own = |rest: &str| world.path(rest);
    let ana = own(&format!("members/{}", world.ana.id));
    let line =
        json!({"expense_id": theirs_report["expenses"][0]["id"], "approved_amount": eur("1.00"), "reason": "Less."});
    let reassign = |from: &str, to: &str| json!({"from": from, "to": to, "reason": "Away."});
    let mut asked: Vec<(&Person, Method, String, Value, u16)> = vec![
        (admin, Method::POST, own("reports"), report("owner_id"), 422),
        (admin, Method::POST, own("reports"), report("payee_id"), 422),
        (&world.ana, Method::POST, own("reports"), report("payee_id"), 422),
        (&world.ana, Method::PATCH, world.report(&pending, ""), json!({"payee_id": foreign.ana.id}), 422),
        (admin, Method::POST, own("members"), json!({"name": "X", "email": "x@example.com", "manager_id": marco}), 422),
        (admin, Method::PATCH, ana.clone(), json!({"manager_id": marco}), 422),
        (admin, Method::PUT, format!("{ana}/delegation"), json!({"to": marco, "from": day(0), "until": day(-1)}), 422),
        (admin, Method::POST, world.report(&pending, "reassign"), reassign(&world.marco.id, &foreign.fiona.id), 422),
        (admin, Method::POST, world.report(&pending, "reassign"), reassign(&foreign.marco.id, &world.fiona.id), 422),
        (&world.marco, Method::POST, world.report(&pending, "approve"), json!({"expenses": [line]}), 422),
        (admin, Method::POST, own("policy/check"), json!({"report_id": theirs_report["id"]}), 404),
        (admin, Method::POST, own("policy/check"), json!({"report": report("owner_id")}), 422),
        (admin, Method::POST, own("policy/check"), json!({"report": report("payee_id")}), 422),
    ];
    for policy in &policies {
        asked.push((admin, Method::PUT, own("policy"), policy.clone(), 422));
        asked.push((
            admin,
            Method::POST,
            own("policy/check"),
            json!({"report_id": pending["id"], "policy": policy}),
            422,
        ));
    }
    let mut wrong = Vec::new();
    for (who, method, path, body, status) in asked {
        let seen = path.contains("/reports/").then(|| version(&read));
        let answer = ours.ask(who, method, &path, seen, Some(&body)).await;
        if answer.status != status {
            wrong.push(format!("{path} {body}: {} instead of {status}: {}", answer.status, answer.text));
        }
    }
    // A person or service can be a member of both organisations, and neither learns of the other.
    let foreign_robot = &theirs.person("robot").email;
    for newcomer in [
        json!({"name": ours.mark(), "email": foreign.ana.email}),
        json!({"name": ours.mark(), "kind": "service", "subject": foreign_robot}),
    ] {
        ours.post(admin, &own("members"), newcomer).await;
    }
    wrong
}

/// Own lists with cursors, members and codes of the other organisation.
async fn by_list(stack: &Stack, ours: &Tenant, theirs: &Tenant) -> Vec<String> {
    let (world, admin) = (&ours.world, &ours.world.admin);
    let mut wrong = Vec::new();
    let cursors = theirs.cursors();
    let mut lists: Vec<&str> = cursors.values().filter_map(|list| list.rsplit('/').next()).collect();
    lists.sort_unstable();
    lists.dedup();
    assert_eq!(
        lists,
        ["approvals", "batches", "check", "export", "history", "members", "payments", "rates", "reports", "versions"]
    );
    for (cursor, list) in cursors {
        table::reset_probe_limit(stack, admin).await;
        let moved = list.replace(&theirs.world.org, &world.org);
        let own_report = ours.reports.borrow().last().unwrap()["id"].as_str().unwrap().to_owned();
        let moved = match moved.split('/').nth(4) {
            Some("reports") if moved.ends_with("/history") => world.path(&format!("reports/{own_report}/history")),
            // Of an own batch: its history or its payments.
            Some("batches") if moved.split('/').count() > 6 => {
                let (batch, _) = payment_of(ours).await;
                world.path(&format!("batches/{batch}/{}", moved.rsplit('/').next().unwrap()))
            }
            Some("members") if moved.ends_with("/export") => world.path(&format!("members/{}/export", world.ana.id)),
            _ => moved,
        };
        let (method, body, more) = if list.ends_with("/check") {
            (Method::POST, Some(json!({"policy": World::policy()})), "&against=last_90_days")
        } else {
            (Method::GET, None, "")
        };
        let scope = if list.ends_with("/reports") { "&scope=all" } else { "" };
        for (list, status) in [(&list, 404), (&moved, 400)] {
            let path = format!("{list}?limit=1&cursor={cursor}{more}{scope}");
            let answer = ours.ask(admin, method.clone(), &path, None, body.as_ref()).await;
            let kind = answer.json()["type"].clone();
            if answer.status != status || (status == 400 && kind != "/problems/cursor-invalid") {
                wrong.push(format!("{path}: {} instead of {status}: {}", answer.status, answer.text));
            }
        }
    }
    let cost_centre =
        theirs.reports.borrow().last().unwrap()["expenses"][0]["cost_centre"].as_str().unwrap().to_owned();
    for filter in [format!("owner={}", theirs.world.ana.id), format!("cost_centre={cost_centre}")] {
        let found = ours.get(admin, &world.path(&format!("reports?scope=all&{filter}"))).await;
        if found["items"] != json!([]) || !found["next_cursor"].is_null() {
            wrong.push(format!("{filter}: {found}"));
        }
    }
    wrong
}

/// An idempotency key that the other organisation has used is new here.
async fn by_key(ours: &Tenant, theirs: &Tenant) {
    let (world, ana) = (&ours.world, &ours.world.ana);
    let report = ours.reports.borrow().last().unwrap().clone();
    let keys = theirs.keys.borrow().clone();
    assert!(keys.len() > 20, "{}", keys.len());
    for key in keys.iter().take(20) {
        let comment = json!({"text": ours.mark()});
        let path = world.report(&report, "comments");
        let answer = ours.ask_with(ana, (Method::POST, &path), None, Some(&comment), key).await;
        assert_eq!(answer.expect(200)["id"], report["id"]);
    }
    let founded = json!({"name": ours.mark(), "base_currency": "EUR"});
    // The first key is that of the other organisation's creation.
    ours.ask_with(&world.admin, (Method::POST, "/v1/orgs"), None, Some(&founded), &keys[0]).await.expect(201);
}
