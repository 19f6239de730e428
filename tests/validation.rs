//! Invalid input: rejected with every error listed, and nothing stored.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{World, day, expense, send};

#[tokio::test]
async fn invalid_report_lists_all_errors_and_stores_nothing() {
    let world = World::new().await;
    let body = json!({
        "titel": "typo",
        "currency": "eur",
        "submit": "yes",
        "expenses": [
            {"date": day(-3), "category": "Meals!", "merchant": "\u{202E}x", "amount": {"amount": "1000.5", "currency": "JPY"}},
            {"date": "01/02/2026", "category": "meals", "merchant": "x", "amount": {"amount": "-10.00", "currency": "EUR"}, "status": "approved"},
            {"date": "2026-01-02", "category": "meals", "amount": {"amount": "5.00", "currency": "ZZZ"}, "tax": 1},
            {"date": "2026-01-02", "category": "meals", "merchant": " ", "amount": {"amount": 12.5, "currency": "EUR"}},
            {"date": "2026-01-02", "category": "meals", "merchant": "x", "amount": {"amount": "0.00", "currency": "EUR"}},
            {"date": "2026-01-02", "category": "meals", "merchant": "x", "amount": {"amount": "5.00", "currency": "EUR"}, "tax": {"amount": "5.01", "currency": "EUR"}},
            7,
        ],
    });
    let faults = world.ana.post(&world.path("reports"), &body).await.problem(422, "/problems/validation-failed");
    let expected = [
        "/currency currency",
        "/expenses/0/amount/amount decimals",
        "/expenses/0/category code",
        "/expenses/0/date future",
        "/expenses/0/merchant characters",
        "/expenses/1/date date",
        "/expenses/1/status unknown-field",
        "/expenses/2/amount/currency currency",
        "/expenses/2/merchant required",
        "/expenses/2/tax type",
        "/expenses/3/amount/amount type",
        "/expenses/3/merchant blank",
        "/expenses/4/amount/amount positive",
        "/expenses/5/tax/amount maximum",
        "/expenses/6 type",
        "/submit type",
        "/titel unknown-field",
        "/title required",
    ];
    assert_eq!(faults, expected);
    let reports = world.ana.get(&world.path("reports")).await.expect(200);
    assert_eq!(reports["items"], json!([]));
}

/// Creates a report with one expense, changed by the closure.
async fn create_with(world: &World, change: impl Fn(&mut Value)) -> crate::support::Answer {
    let mut body = json!({"title": "Lyon", "expenses": [expense("10.00")]});
    change(&mut body);
    world.ana.post(&world.path("reports"), &body).await
}

#[tokio::test]
async fn amount_must_be_exact_decimal_of_its_currency() {
    let world = World::new().await;
    for amount in [
        "NaN",
        "Infinity",
        "1e400",
        "-0.00",
        " 12.00",
        "12.00 ",
        "+12.00",
        "012.00",
        ".5",
        "5.",
        "１２",
        "1,00",
        "",
        &"9".repeat(10_000),
    ] {
        let answer = create_with(&world, |body| body["expenses"][0]["amount"]["amount"] = json!(amount)).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed").len(), 1, "{amount}");
    }
    for currency in ["eur", "XXX", "XTS", "XAU", "DEM", "€", "US$", "ЕUR"] {
        let answer = create_with(&world, |body| {
            body["expenses"][0]["amount"]["currency"] = json!(currency);
        })
        .await;
        assert_eq!(
            answer.problem(422, "/problems/validation-failed"),
            ["/expenses/0/amount/currency currency"],
            "{currency}"
        );
    }
    let kuwait = |amount: &str| {
        let amount = json!({"amount": amount, "currency": "KWD"});
        json!({"title": "Kuwait", "currency": "KWD", "expenses": [{"date": "2026-01-02", "category": "travel", "merchant": "x", "amount": amount}]})
    };
    world.fiona.put(&world.path("rates/2026-01-01"), &json!({"rates": {"KWD": "2.8"}})).await.expect(200);
    world.ana.post(&world.path("reports"), &kuwait("1.234")).await.expect(201);
    world.ana.post(&world.path("reports"), &kuwait("1.2345")).await.problem(422, "/problems/validation-failed");
}

#[tokio::test]
async fn largest_total_is_accepted_and_501st_expense_rejected() {
    let world = World::new().await;
    let largest = |amount: &str| json!({"title": "Much", "expenses": vec![expense(amount); 200]});
    world.ana.post(&world.path("reports"), &largest("10000000000.00")).await.expect(201);
    let too_many = json!({"title": "Many", "expenses": vec![expense("1.00"); 501]});
    let faults = world.ana.post(&world.path("reports"), &too_many).await.problem(422, "/problems/validation-failed");
    assert_eq!(faults, ["/expenses length"]);
}

#[tokio::test]
async fn expense_date_must_be_valid_and_not_future() {
    let world = World::new().await;
    for date in [
        "0000-01-01",
        "9999-12-31",
        "-0001-01-01",
        "01/02/2026",
        "2026-01-02T00:00:00Z",
        "2026-02-30",
        "2026-1-2",
        "20260102",
        "1999-12-31",
        "",
    ] {
        let answer = create_with(&world, |body| body["expenses"][0]["date"] = json!(date)).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed").len(), 1, "{date}");
    }
    // Today in UTC is not in the future.
    create_with(&world, |body| body["expenses"][0]["date"] = json!(day(0))).await.expect(201);
}

#[tokio::test]
async fn title_must_be_visible_and_bounded() {
    let world = World::new().await;
    for title in [
        String::new(),
        " \t".to_owned(),
        "\u{200B}".to_owned(),
        "a\u{0}b".to_owned(),
        "a\r\nBcc: x".to_owned(),
        "x".repeat(201),
    ] {
        create_with(&world, |body| body["title"] = json!(title)).await.problem(422, "/problems/validation-failed");
    }
    for title in
        ["é".repeat(200), "${jndi:ldap://x}".to_owned(), "{{7*7}}".to_owned(), "<script>alert(1)</script>".to_owned()]
    {
        let report = create_with(&world, |body| body["title"] = json!(title)).await.expect(201);
        assert_eq!(report["title"], json!(title));
    }
    let composed = create_with(&world, |body| body["title"] = json!("  Cafe\u{301} ")).await.expect(201);
    assert_eq!(composed["title"], "Café");
}

#[tokio::test]
async fn body_must_be_one_json_object() {
    let world = World::new().await;
    let deep = format!("{{\"title\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    let bodies: [&[u8]; 12] = [
        b"",
        b"[]",
        b"[\"Lyon\"]",
        b"null",
        b"1",
        b"{",
        b"{\"title\":\"x\",}",
        b"{\"title\":\"a\",\"title\":\"b\"}",
        b"{\"title\":\"\xFF\"}",
        b"{\"title\":\"\xC0\xAF\"}",
        b"{\"title\":\"\x01\"}",
        deep.as_bytes(),
    ];
    for body in bodies {
        let request = world.ana.once(Method::POST, &world.path("reports")).header("Content-Type", "application/json");
        send(request.body(body.to_vec())).await.problem(400, "/problems/malformed-json");
    }
    for (media, encoding) in
        [("text/plain", ""), ("application/json; charset=utf-16", ""), ("application/json", "gzip")]
    {
        let request = world.ana.request(Method::POST, &world.path("reports")).header("Content-Type", media);
        let request = if encoding.is_empty() { request } else { request.header("Content-Encoding", encoding) };
        send(request.body("{}")).await.problem(415, "/problems/unsupported-media-type");
    }
    let large = json!({"title": "x".repeat(256 * 1024)});
    world.ana.post(&world.path("reports"), &large).await.problem(413, "/problems/body-too-large");
    let utf8 = world
        .ana
        .once(Method::POST, &world.path("reports"))
        .header("Content-Type", "application/json; charset=\"UTF-8\"");
    send(utf8.body(r#"{"title":"Lyon"}"#)).await.expect(201);
}

#[tokio::test]
async fn unknown_or_repeated_query_parameter_is_rejected() {
    let world = World::new().await;
    for query in [
        "foo=1",
        "limit=0",
        "limit=-1",
        "limit=abc",
        "limit=1e3",
        "limit=9999999999999999999999",
        "limit=1&limit=2",
        "status=UNKNOWN",
        "owner=*",
        "month=2026-13&status=draft",
    ] {
        world.fiona.get(&world.path(&format!("reports?{query}"))).await.problem(400, "/problems/invalid-parameter");
    }
    world.ana.get(&world.path("reports?limit=100000")).await.expect(200);
}

#[tokio::test]
async fn unknown_identifier_is_not_found() {
    let world = World::new().await;
    for id in [
        "1",
        "ORG%23x%23REPORT%23y",
        "rep_",
        "rep_01k0000000000000000000000",
        "exp_01k00000000000000000000000",
        "%2e%2e%2fpolicy",
    ] {
        assert_eq!(world.ana.get(&world.path(&format!("reports/{id}"))).await.status, 404, "{id}");
    }
    world.ana.get("/v1/orgs/org_x/reports").await.problem(404, "/problems/not-found");
}

#[tokio::test]
async fn error_list_is_capped_at_100() {
    let world = World::new().await;
    let body = json!({"title": "x", "expenses": vec![1; 100_000]});
    let faults = world.ana.post(&world.path("reports"), &body).await.problem(422, "/problems/validation-failed");
    assert_eq!(faults.len(), 100);
}

#[tokio::test]
async fn unknown_parameter_on_action_is_rejected() {
    let world = World::new().await;
    let report = world.submitted("40.00").await;
    let path = format!("{}?dry_run=true", world.report(&report, "approve"));
    world.marco.post_at(&path, 1, &json!({})).await.problem(400, "/problems/invalid-parameter");
}
