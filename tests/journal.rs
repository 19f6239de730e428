//! The ledger over HTTP: settings, booking of approved reports, reversals, closed periods, and the journal in each format.

use outlay_local::Stack;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, World, day, eur, expense, now, own_stack, run_schedule, send, today, version, wait_until, with,
};

/// Settings with every account that an approval can need.
fn settings() -> Value {
    json!({
        "default_expense_account": "6300",
        "expense_accounts": {"meals": "6640"},
        "payable_account": "3700",
        "card_clearing_account": "3610",
        "receivable_account": "1340",
        "rounding_account": "6969",
        "bank_accounts": {"EUR": "1800"},
        "formats": {
            "datev": {"consultant_number": 1001, "client_number": 1, "account_length": 4},
            "fec": {"siren": "732829320", "journal_code": "NDF", "journal_name": "Notes de frais"},
        },
    })
}

/// Month of a day, as the API writes it.
fn month(day: &str) -> String {
    day.get(..7).unwrap().to_owned()
}

fn this_month() -> String {
    month(&today())
}

/// Stack and organisation whose ledger is set up.
async fn set_up() -> (Stack, World) {
    let (stack, world) = own_stack().await;
    world.fiona.put(&world.path("ledger"), &settings()).await.expect(200);
    (stack, world)
}

async fn book(stack: &Stack) {
    run_schedule(stack.url(), "triggers-book", now()).await;
}

async fn journal(world: &World, query: &str) -> Answer {
    world.fiona.get(&world.path(&format!("journal?{query}"))).await
}

/// Entries of a month.
async fn entries(world: &World, month: &str) -> Vec<Value> {
    let answer = journal(world, &format!("period={month}&limit=100")).await.expect(200);
    answer["items"].as_array().unwrap().clone()
}

/// Sum of the lines of an entry with a role, in cents: credits are negative.
fn balance(entry: &Value, role: &str) -> i64 {
    let lines = entry["lines"].as_array().unwrap().iter().filter(|line| role.is_empty() || line["role"] == role);
    let cents = |line: &Value| line["amount"]["amount"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    lines.map(|line| if line["side"] == "debit" { cents(line) } else { -cents(line) }).sum()
}

/// Submits a report of Ana and has Marco approve it.
async fn approved(world: &World, lines: &[Value]) -> Value {
    let report = world.submit_expenses(&world.ana, lines).await.expect(201);
    let report = world.approve(&world.marco, &report).await.expect(200);
    assert_eq!(report["status"], "approved");
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approved_report_is_booked_once_and_balances() {
    let (stack, world) = set_up().await;
    let card = with(expense("30.00"), &json!({"payment_method": "company_card", "merchant": "Hotel Lyon"}));
    let report = approved(&world, &[expense("12.00"), card]).await;
    for _ in 0..2 {
        book(&stack).await;
    }
    let entries = entries(&world, &this_month()).await;
    assert_eq!(entries.len(), 1, "{entries:?}");
    let entry = &entries[0];
    assert_eq!((&entry["source"], &entry["report_id"]), (&json!("report_approved"), &report["id"]));
    assert_eq!((&entry["number"], &entry["date"]), (&json!(1), &json!(today())));
    assert_eq!(balance(entry, ""), 0);
    assert_eq!(report["totals"]["reimbursable"], eur("12.00"));
    assert_eq!((balance(entry, "payable"), balance(entry, "card_clearing")), (-1200, -3000));
    assert_eq!((balance(entry, "expense"), balance(entry, "receivable")), (4200, 0));
    let ledger = world.fiona.get(&world.path("ledger")).await.expect(200);
    assert_eq!(ledger["waiting_reports"], 0);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn returned_report_is_reversed_and_booked_again() {
    let (stack, world) = set_up().await;
    let report = approved(&world, &[expense("12.00")]).await;
    book(&stack).await;
    let no = json!({"reason": "Which client?"});
    let returned = world.decide(&world.fiona, &report, "return", &no).await.expect(200);
    book(&stack).await;
    let reversed = entries(&world, &this_month()).await;
    assert_eq!(reversed.len(), 2, "{reversed:?}");
    assert_eq!(reversed[1]["source"], "report_reversed");
    assert_eq!(reversed[1]["reverses"], reversed[0]["id"]);
    for role in ["expense", "payable"] {
        assert_eq!(balance(&reversed[0], role), -balance(&reversed[1], role), "{role}");
    }
    let again = world.ana.post(&world.report(&returned, "submit"), &json!({})).await.expect(200);
    world.approve(&world.marco, &again).await.expect(200);
    book(&stack).await;
    let booked = entries(&world, &this_month()).await;
    assert_eq!(booked.len(), 3, "{booked:?}");
    assert_eq!((&booked[2]["source"], &booked[2]["number"]), (&json!("report_approved"), &json!(3)));
    assert_eq!(balance(&booked[2], "payable"), -1200);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edited_report_that_is_approved_again_is_booked_anew() {
    let (stack, world) = set_up().await;
    world.put_policy(&json!({"auto_approve_below": eur("20.00")})).await;
    let report = world.submit_expenses(&world.ana, &[expense("9.00")]).await.expect(201);
    assert_eq!(report["status"], "approved");
    book(&stack).await;
    let first = entries(&world, &this_month()).await;
    assert_eq!((first.len(), balance(&first[0], "payable")), (1, -900), "an automatic approval is booked");
    let line = world.line(&report, 0, "");
    world.ana.patch(&line, &json!({"amount": eur("8.00")})).await.expect(200);
    book(&stack).await;
    let all = entries(&world, &this_month()).await;
    let payable: i64 = all.iter().map(|entry| balance(entry, "payable")).sum();
    let edited = world.ana.get(&world.report(&report, "")).await.expect(200);
    let expected = if edited["status"] == "approved" { -800 } else { 0 };
    assert_eq!(payable, expected, "{all:?}");
    assert!(all.len() > 1 && all[1]["source"] == "report_reversed", "{all:?}");
    stack.stop().await;
}

/// Batch of a report, released by the admin, with its one payment.
async fn released(world: &World, report: &Value) -> (String, Value) {
    let body = json!({"reports": [report["id"]], "execution_date": day(-3), "format": "csv"});
    let batch = world.fiona.post(&world.path("batches"), &body).await.expect(201);
    let path = world.path(&format!("batches/{}", batch["id"].as_str().unwrap()));
    let reaches = |what: &'static str, is_there: fn(&Value) -> bool| {
        let path = &path;
        wait_until(what, move || async move { Some(world.admin.get(path).await.expect(200)).filter(is_there) })
    };
    let batch = reaches("batch open", |batch| batch["status"] == "open").await;
    world.admin.post_at(&format!("{path}/release"), version(&batch), &json!({})).await.expect(200);
    reaches("payment released", |batch| batch["payments"]["released"] == 1).await;
    let payment = world.fiona.get(&format!("{path}/payments")).await.expect(200)["items"][0].clone();
    (format!("{path}/payments/{}/settle", payment["id"].as_str().unwrap()), payment)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paid_payment_is_booked_and_reversed_when_it_comes_back() {
    let (stack, world) = set_up().await;
    world.put_policy(&json!({"payments": {"hold_account_changes_days": 0}})).await;
    world.set_debtor().await;
    let account = json!({"holder": "Ana Silva", "iban": "DE89370400440532013000"});
    world.ana.put(&world.path("members/me/payout_account"), &account).await.expect(200);
    let report = approved(&world, &[expense("12.00")]).await;
    let (settle, payment) = released(&world, &report).await;
    book(&stack).await;
    assert_eq!(entries(&world, &this_month()).await.len(), 1, "a released payment is not booked");

    let paid = json!({"outcome": "paid", "paid_on": today(), "reference": "2026-0471"});
    world.fiona.post(&settle, &paid).await.expect(200);
    let waiting = world.fiona.get(&world.path("ledger")).await.expect(200);
    assert_eq!(waiting["waiting_payments"], 1);
    for _ in 0..2 {
        book(&stack).await;
    }
    let booked = entries(&world, &this_month()).await;
    assert_eq!(booked.len(), 2, "{booked:?}");
    assert_eq!((&booked[1]["source"], &booked[1]["payment_id"]), (&json!("payment_settled"), &payment["id"]));
    assert_eq!((&booked[1]["reference"], &booked[1]["date"]), (&payment["end_to_end_id"], &json!(today())));
    assert_eq!(
        (balance(&booked[1], "payable"), balance(&booked[1], "bank"), balance(&booked[1], "")),
        (1200, -1200, 0)
    );

    let failed = json!({"outcome": "failed", "code": "AC04", "reason": "The account is closed."});
    world.fiona.post(&settle, &failed).await.expect(200);
    for _ in 0..2 {
        book(&stack).await;
    }
    let returned = entries(&world, &this_month()).await;
    assert_eq!(returned.len(), 3, "{returned:?}");
    assert_eq!((&returned[2]["source"], &returned[2]["reverses"]), (&json!("payment_returned"), &booked[1]["id"]));
    let open: i64 = returned.iter().map(|entry| balance(entry, "payable")).sum();
    assert_eq!(open, -1200, "Ana is owed the amount again");
    let ledger = world.fiona.get(&world.path("ledger")).await.expect(200);
    assert_eq!((&ledger["waiting_reports"], &ledger["waiting_payments"]), (&json!(0), &json!(0)));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approval_waits_for_missing_account_and_is_never_blocked() {
    let (stack, world) = own_stack().await;
    approved(&world, &[expense("12.00")]).await;
    book(&stack).await;
    let ledger = world.fiona.get(&world.path("ledger")).await.expect(200);
    assert_eq!((&ledger["version"], &ledger["waiting_reports"]), (&json!(0), &json!(1)));
    let missing = |ledger: &Value| -> Vec<String> {
        let missing = ledger["missing_accounts"].as_array().unwrap().iter();
        missing.map(|it| it["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert!(missing(&ledger).contains(&"payable_account".to_owned()), "{ledger}");
    let mut part = settings();
    part.as_object_mut().unwrap().remove("payable_account");
    let put = world.fiona.put(&world.path("ledger"), &part).await.expect(200);
    assert_eq!((missing(&put), put["waiting_reports"].as_u64()), (vec!["payable_account".to_owned()], Some(1)));
    book(&stack).await;
    assert_eq!(entries(&world, &this_month()).await.len(), 0);
    let complete = world.fiona.put(&world.path("ledger"), &settings()).await.expect(200);
    assert_eq!(missing(&complete), Vec::<String>::new());
    book(&stack).await;
    assert_eq!(entries(&world, &this_month()).await.len(), 1);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_period_moves_booking_and_stays_closed() {
    let (stack, world) = set_up().await;
    let closed = with(settings(), &json!({"closed_until": this_month()}));
    let put = world.fiona.put(&world.path("ledger"), &closed).await.expect(200);
    assert_eq!((put["version"].as_u64(), &put["closed_until"]), (Some(2), &json!(this_month())));
    let open = world.fiona.put(&world.path("ledger"), &settings()).await;
    assert_eq!(open.problem(422, "/problems/validation-failed"), ["/closed_until closed-period"]);
    let later = with(settings(), &json!({"closed_until": "2099-01"}));
    let later = world.fiona.put(&world.path("ledger"), &later).await;
    assert_eq!(later.problem(422, "/problems/validation-failed"), ["/closed_until period"]);
    approved(&world, &[expense("12.00")]).await;
    book(&stack).await;
    assert_eq!(entries(&world, &this_month()).await.len(), 0);
    let this: jiff::civil::Date = today().parse().unwrap();
    let next = this.last_of_month().tomorrow().unwrap().to_string();
    let moved = entries(&world, &month(&next)).await;
    assert_eq!(moved.len(), 1);
    assert_eq!((&moved[0]["date"], &moved[0]["document_date"]), (&json!(next), &json!(today())));
    stack.stop().await;
}

/// Bytes, media type and name of a file.
async fn file(world: &World, query: &str) -> (Vec<u8>, String) {
    let answer = world.fiona.request(Method::GET, &world.path(&format!("journal?{query}"))).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{query}");
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    let name = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    (answer.bytes().await.unwrap().to_vec(), name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn journal_has_same_bytes_in_each_format() {
    let (stack, world) = set_up().await;
    let cafe = with(expense("12.00"), &json!({"merchant": "Café Łódź"}));
    let report = approved(&world, &[cafe]).await;
    approved(&world, &[expense("7.00")]).await;
    book(&stack).await;
    let number = report["number"].as_str().unwrap();
    let month = this_month();
    // The first bytes, and how the merchant is written.
    let formats: [(&str, &[u8], &[u8], &str); 4] = [
        ("csv", b"number,entry,", "Café Łódź".as_bytes(), ".csv"),
        ("datev", b"\"EXTF\";700;21;", b"Caf\xe9 L\xf3dz", ".csv"),
        ("sie", b"#FLAGGA 0\r\n", b"Caf\x82 L\xa2dz", ".se"),
        ("fec", b"JournalCode\tJournalLib\t", "Café Łódź".as_bytes(), ".txt"),
    ];
    for (format, start, merchant, extension) in formats {
        let query = format!("period={month}&format={format}");
        let (bytes, name) = file(&world, &query).await;
        let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(bytes.starts_with(start), "{format}: {}", String::from_utf8_lossy(&bytes));
        assert!(has(merchant) && has(number.as_bytes()), "{format}: {}", String::from_utf8_lossy(&bytes));
        assert!(name.starts_with("attachment; filename=\"") && name.ends_with(&format!("{extension}\"")), "{name}");
        assert_eq!(file(&world, &query).await, (bytes, name), "{format}");
    }
    let page = format!("period={month}&limit=1");
    let first = journal(&world, &page).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = journal(&world, &format!("{page}&cursor={cursor}")).await.expect(200);
    assert_eq!((&first["items"][0]["number"], &second["items"][0]["number"]), (&json!(1), &json!(2)));
    stack.stop().await;
}

#[tokio::test]
async fn journal_refuses_what_it_cannot_write() {
    let world = World::new().await;
    world.fiona.put(&world.path("ledger"), &json!({"fiscal_year_start": 7})).await.expect(200);
    for query in ["", "period=2026", "period=2026-11&from=2026-10", "from=2026-10", "from=2026-10&to=2026-09"] {
        journal(&world, query).await.problem(400, "/problems/invalid-parameter");
    }
    for query in ["from=2025-07&to=2026-07", "from=2026-06&to=2026-07", "period=2026-11&format=pdf"] {
        journal(&world, query).await.problem(400, "/problems/invalid-parameter");
    }
    journal(&world, "from=2025-07&to=2026-06").await.expect(200);
    let refused = journal(&world, "period=2026-11&format=datev").await;
    refused.problem(422, "/problems/export-failed");
    assert!(refused.text.contains("formats.datev"), "{}", refused.text);
    for who in [&world.ana, &world.marco] {
        who.get(&world.path("journal?period=2026-11")).await.problem(403, "/problems/forbidden");
        who.get(&world.path("ledger")).await.problem(403, "/problems/forbidden");
    }
}

#[tokio::test]
async fn ledger_settings_are_checked_and_versioned() {
    let world = World::new().await;
    let path = world.path("ledger");
    let wrong = json!({
        "payable_account": "no account", "closed_until": "2026-13", "bank_accounts": {"XXX": "1800"},
        "formats": {"csv": {"delimiter": "x", "decimal_separator": ".", "byte_order_mark": false},
                    "fec": {"siren": "732829321", "journal_code": "NDF", "journal_name": "Notes"}},
    });
    let found = world.fiona.put(&path, &wrong).await.problem(422, "/problems/validation-failed");
    for pointer in
        ["/payable_account", "/closed_until", "/bank_accounts/XXX", "/formats/csv/delimiter", "/formats/fec/siren"]
    {
        assert!(found.iter().any(|error| error.starts_with(pointer)), "{pointer}: {found:?}");
    }
    let unknown = json!({"member_accounts": {"mem_01k0000000e2t8r0000000000a": "70001"}});
    let found = world.fiona.put(&path, &unknown).await.problem(422, "/problems/validation-failed");
    assert_eq!(found, ["/member_accounts/mem_01k0000000e2t8r0000000000a unknown-member"]);
    let put = world.admin.put(&path, &settings()).await.expect(200);
    assert_eq!(version(&put), 1);
    // What was read can be sent back.
    let read = world.fiona.get(&path).await.expect(200);
    let again = world.fiona.put(&path, &read).await.expect(200);
    assert_eq!((version(&again), &again["formats"]), (2, &read["formats"]));
    let stale = world.fiona.request(Method::PUT, &path).header("If-Match", "\"1\"").json(&settings());
    send(stale).await.problem(412, "/problems/stale-version");
    let organisation = world.admin.get(&format!("/v1/orgs/{}", world.org)).await.expect(200);
    assert_eq!(version(&organisation), 3, "the settings are part of the organisation's history");
}
