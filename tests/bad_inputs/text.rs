//! Texts and addresses: bounded, visible, single-direction. Hostile content is stored as plain text.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{Case, INVALID, expect_problems, line, post, report};
use crate::support::{World, expense, send, with};

/// Fields that accept a hostile text, and the form in which it is stored.
enum Accepted {
    /// Every field, verbatim.
    Verbatim,
    /// Notes only: it does not fit a single-line field.
    NotesOnly,
    /// Every field, normalised or trimmed.
    Normalised(&'static str),
    /// No field: invisible characters, or characters that change the display of others.
    Rejected,
}

use Accepted::{Normalised, NotesOnly, Rejected, Verbatim};

/// Hostile texts by kind.
const HOSTILE: [(&str, Accepted); 77] = [
    // Reserved words and numbers.
    ("undefined", Verbatim),
    ("null", Verbatim),
    ("NULL", Verbatim),
    ("NaN", Verbatim),
    ("true", Verbatim),
    ("__proto__", Verbatim),
    ("constructor[prototype]", Verbatim),
    ("0x1F", Verbatim),
    ("1e100", Verbatim),
    ("-0.00", Verbatim),
    ("1,000.00", Verbatim),
    ("CON", Verbatim),
    ("#", Verbatim),
    ("ORG#org_1#REPORT#rep_1", Verbatim),
    ("=cmd|' /C calc'!A0", Verbatim),
    ("+1+1", Verbatim),
    ("@SUM(1)", Verbatim),
    // Injections: queries, scripts, templates, formats, paths, headers.
    ("'; DROP TABLE reports; --", Verbatim),
    ("' OR 1=1 --", Verbatim),
    ("attribute_not_exists(PK) OR :a = :a", Verbatim),
    ("{\"$gt\":\"\"}", Verbatim),
    ("<script>alert(1)</script>", Verbatim),
    ("\"><img src=x onerror=alert(1)>", Verbatim),
    ("javascript:alert(1)", Verbatim),
    ("<!--", Verbatim),
    ("]]>", Verbatim),
    ("&lt;&amp;&#0;", Verbatim),
    ("{{7*7}}", Verbatim),
    ("${jndi:ldap://x}", Verbatim),
    ("#{7*7}", Verbatim),
    ("%s%s%n%x", Verbatim),
    ("{0}{}{:?}", Verbatim),
    ("../../../../etc/passwd", Verbatim),
    ("C:\\Windows\\win.ini", Verbatim),
    ("%2e%2e%2f", Verbatim),
    ("`id`", Verbatim),
    ("$(touch /tmp/x)", Verbatim),
    ("| cat /etc/passwd", Verbatim),
    ("\\u0000 \\x00 \\n", Verbatim),
    ("=?utf-8?q?Bcc:_evil=40x.com?=", Verbatim),
    // Natural scripts and combining marks.
    ("Ω≈ç√∫˜µ≤≥÷", Verbatim),
    ("田中さんにあげて下さい", Verbatim),
    ("الكل في المجمو عة", Verbatim),
    ("בְּרֵאשִׁית", Verbatim),
    ("Ṱ̺̺o͞ ̷i̲̬n̝̗v͟", Verbatim),
    ("👩‍👩‍👧‍👦 🇨🇭 👍🏿", Verbatim),
    ("𝕋𝕙𝕖 𝔮𝔲𝔦𝔠𝔨", Verbatim),
    ("ﬀ ﬁ ㎏ Ⅷ", Verbatim),
    ("ĳ İ ı ß ẞ ǆ", Verbatim),
    ("ЕUR аdmin", Verbatim),
    ("e\u{301}", Normalised("é")),
    ("\u{212B}", Normalised("Å")),
    ("  Lyon  ", Normalised("Lyon")),
    ("\u{3000}Lyon\u{A0}", Normalised("Lyon")),
    // Marks and joiners of Arabic, Hebrew, Persian, Hindi.
    ("\u{200E}فندق (الرياض)\u{200F}", Verbatim),
    ("\u{61C}12 מלון", Verbatim),
    ("می\u{200C}خواهم क्\u{200D}ष", Verbatim),
    ("\u{FEFF}Lyon", Normalised("Lyon")),
    // Control, invisible and direction-changing characters.
    ("Lyon\nBcc: evil@x.com", NotesOnly),
    ("Lyon\tParis", NotesOnly),
    ("Lyon\r\n\r\n<html>", Rejected),
    ("Lyon\u{0}", Rejected),
    ("\u{1B}[31mred\u{7}", Rejected),
    ("\u{202E}gpj.exe", Rejected),
    ("\u{2066}Lyon\u{2069}", Rejected),
    ("a\u{FEFF}b", Rejected),
    ("a\u{2028}b", Rejected),
    ("\u{200B}\u{2060}\u{AD}", Rejected),
    ("\u{3164}", Rejected),
    ("\u{2800}\u{2800}", Rejected),
    ("\u{115F} \u{1160}\u{FFA0}", Rejected),
    ("\u{E0061}\u{E007F}", Rejected),
    ("\u{200E}\u{200F}\u{61C}", Rejected),
    ("\u{FE0F}\u{200D}", Rejected),
    ("\u{FEFF}", Rejected),
    (
        "Z\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}\u{315}",
        Rejected,
    ),
    ("a\u{2067}b", Rejected),
];

/// Request to create a report with this text in every free-text field.
fn in_all_fields(world: &World, text: &str) -> RequestBuilder {
    let line = with(expense("10.00"), &json!({"merchant": text, "note": text, "project": text, "trip": text}));
    report(world, &json!({"title": text, "expenses": [line]}))
}

#[tokio::test]
async fn hostile_text_is_stored_verbatim_or_rejected() {
    let world = World::new().await;
    for (text, accepted) in HOSTILE {
        let answer = send(in_all_fields(&world, text)).await;
        let stored = match accepted {
            Verbatim => text,
            Normalised(other) => other,
            NotesOnly | Rejected => {
                let faults = answer.problem(422, "/problems/validation-failed");
                let in_note = faults.iter().any(|fault| fault.starts_with("/expenses/0/note "));
                // CRLF is allowed in multi-line notes; the other fields reject it.
                let only_lines = text.contains("\r\n") && !in_note;
                assert_eq!(in_note || only_lines, matches!(accepted, Rejected), "JSON-27 {text:?}: {faults:?}");
                let lines = if in_note { 5 } else { 4 };
                assert_eq!(faults.len(), lines, "JSON-27 {text:?}: {faults:?}");
                continue;
            }
        };
        let made = answer.expect(201);
        let read = world.ana.get(&world.report(&made, "")).await.expect(200);
        assert_eq!(read, made, "JSON-27 {text:?}");
        let line = &read["expenses"][0];
        let fields = [&read["title"], &line["merchant"], &line["note"], &line["project"], &line["trip"]];
        assert!(fields.iter().all(|it| **it == json!(stored)), "JSON-27 {text:?}: {fields:?}");
    }
}

#[tokio::test]
async fn invisible_or_too_long_text_is_rejected() {
    let world = World::new().await;
    let attendees = |list: &[&str]| line(&world, &json!({"attendees": list}));
    let mut cases: Vec<Case> = vec![
        ("TEXT-01", report(&world, &json!({"title": "é".repeat(201)})), INVALID),
        ("TEXT-03", line(&world, &json!({"merchant": "Hotel \u{202E}gpj.exe"})), INVALID),
        ("TEXT-09", report(&world, &json!({"expenses": vec![expense("1.00"); 501]})), INVALID),
        ("TEXT-10", line(&world, &json!({"note": "x".repeat(200_000)})), INVALID),
        ("TEXT-11", attendees(&["Ann"; 51]), INVALID),
        ("TEXT-11", attendees(&["Ann", " "]), INVALID),
        ("TEXT-11", attendees(&["Ann", ""]), INVALID),
    ];
    let blank = ["", "   ", " \t ", "\u{200B}", "\u{200B} \u{AD}", "\u{3164}", "\u{2800}", "\u{E0020}", "\u{200F}"];
    cases.extend(blank.map(|title| ("TEXT-02", report(&world, &json!({"title": title})), INVALID)));
    expect_problems(&world, cases).await;
    // TEXT-01: length is counted after composition (NFC).
    let made = send(report(&world, &json!({"title": "e\u{301}".repeat(200)}))).await.expect(201);
    assert_eq!(made["title"], json!("é".repeat(200)), "TEXT-01");
    for text in ["${jndi:ldap://x}", "{{7*7}}"] {
        let made = send(line(&world, &json!({"note": text}))).await.expect(201);
        assert_eq!(made["expenses"][0]["note"], json!(text), "TEXT-08");
    }
}

/// Text that nobody sees is blank in every text field, not only those of a report.
#[tokio::test]
async fn unseen_text_is_blank_in_every_field() {
    let world = World::new().await;
    let report = world.submitted("10.00").await;
    for unseen in ["\u{3164}", "\u{2800} \u{115F}", "\u{E0041}\u{E007F}", "\u{200F}\u{200E}"] {
        let line = |name: &str| (with(expense("10.00"), &json!({name: unseen})), format!("/expenses/0/{name} blank"));
        for name in ["merchant", "note", "justification", "project", "trip", "cost_centre", "receipt_reference"] {
            let (line, fault) = line(name);
            let body = json!({"title": "Lyon", "expenses": [line]});
            let answer = world.ana.post(&world.path("reports"), &body).await;
            assert_eq!(answer.problem(422, "/problems/validation-failed"), [fault], "{unseen:?}");
        }
        let attendees = with(expense("10.00"), &json!({"attendees": ["Zoe", unseen]}));
        let category = json!({"code": "x", "name": unseen});
        let account = json!({"holder": unseen, "iban": "DE89370400440532013000"});
        let member = world.path(&format!("members/{}", world.ana.id));
        let policy = with(World::policy(), &json!({"categories": [category]}));
        let rates = json!({"rates": {"USD": "0.9"}, "source": unseen});
        let reason = json!({"reason": unseen});
        let seen = crate::support::version(&report);
        for (answer, fault) in [
            (world.ana.post(&world.path("reports"), &json!({"title": unseen})).await, "/title blank"),
            (
                world.ana.post(&world.path("reports"), &json!({"title": "x", "expenses": [attendees]})).await,
                "/expenses/0/attendees blank",
            ),
            (world.ana.post(&world.report(&report, "comments"), &json!({"text": unseen})).await, "/text blank"),
            (world.marco.post_at(&world.report(&report, "return"), seen, &reason).await, "/reason blank"),
            (world.marco.post_at(&world.report(&report, "reject"), seen, &reason).await, "/reason blank"),
            (world.ana.put(&world.path("members/me/payout_account"), &account).await, "/holder blank"),
            (world.admin.patch(&member, &json!({"name": unseen})).await, "/name blank"),
            (world.admin.patch(&member, &json!({"grade": unseen})).await, "/grade blank"),
            (world.admin.post("/v1/orgs", &json!({"name": unseen, "base_currency": "EUR"})).await, "/name blank"),
            (world.admin.put(&world.path("policy"), &policy).await, "/categories/0/name blank"),
            (
                world.fiona.put(&world.path(&format!("rates/{}", crate::support::today())), &rates).await,
                "/source blank",
            ),
        ] {
            assert_eq!(answer.problem(422, "/problems/validation-failed"), [fault], "{unseen:?}");
        }
    }
}

#[tokio::test]
async fn pasted_account_and_address_are_normalised() {
    let world = World::new().await;
    let path = world.path("members/me/payout_account");
    for iban in [
        "DE89\u{A0}3704\u{A0}0044\u{A0}0532\u{A0}0130\u{A0}00",
        "DE89\u{2009}3704\u{202F}0044\u{2007}0532\u{3000}0130\t00\n",
        "de89-3704-0044-0532-0130-00",
        "\u{FEFF}\u{200E}DE89370400440532013000\u{200B}",
    ] {
        let stored = world.ana.put(&path, &json!({"holder": "Ana", "iban": iban})).await.expect(200);
        assert_eq!(stored["masked"], "DE•• •••• 3000", "{iban:?}");
    }
    for (routing, account) in [("021\t000\t021", "1234\t56789"), ("021-000-021\n", "\u{A0}123 456\u{2009}789 ")] {
        let body = json!({"holder": "Ana", "routing_number": routing, "account_number": account});
        let stored = world.ana.put(&path, &body).await.expect(200);
        assert_eq!(stored["masked"], "•••• 6789", "{routing:?} {account:?}");
    }
    for (iban, says) in [
        ("DE88370400440532013000", "check digits"),
        ("DE89", "check digits"),
        ("89370400440532013000", "two letters for the country"),
    ] {
        let answer = world.ana.put(&path, &json!({"holder": "Ana", "iban": iban})).await;
        assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/iban iban"]);
        assert!(answer.json()["errors"][0]["detail"].as_str().unwrap().contains(says), "{}", answer.text);
    }
    let org = world.org.replace('_', "-");
    for (number, (before, after)) in
        [("", " "), ("\t", "\r\n"), ("\u{A0}", "\u{200B}"), ("\u{FEFF}", "\u{3000}")].into_iter().enumerate()
    {
        let body = json!({"name": "Nora", "email": format!("{before}nora{number}@{org}.example.com{after}")});
        let invited = world.admin.post(&world.path("members"), &body).await.expect(201);
        assert_eq!(invited["email"], json!(format!("nora{number}@{org}.example.com")));
    }
}

#[tokio::test]
async fn report_above_item_size_is_rejected() {
    let world = World::new().await;
    // TEXT-10: each expense is within its limits, but the report exceeds the item size.
    let long = json!({"note": "€".repeat(2000), "justification": "€".repeat(2000)});
    let heavy = with(expense("1.00"), &long);
    let mut draft = world.draft(&world.ana, &vec![heavy.clone(); 20]).await;
    for _ in 0..40 {
        let add = || post(&world.ana, &world.report(&draft, "expenses")).json(&heavy);
        let answer = send(add()).await;
        if answer.status == 200 {
            draft = answer.json();
            continue;
        }
        assert_eq!(answer.problem(422, "/problems/validation-failed"), ["/expenses size"], "TEXT-10");
        expect_problems(&world, vec![("TEXT-10", add(), INVALID)]).await;
        assert_eq!(world.ana.get(&world.report(&draft, "")).await.expect(200), draft, "TEXT-10");
        return;
    }
    panic!("TEXT-10: a report of {} lines", draft["expense_count"]);
}

#[tokio::test]
async fn email_or_name_with_header_injection_is_rejected() {
    let world = World::new().await;
    let invite = |name: &str, email: &str| {
        post(&world.admin, &world.path("members")).json(&json!({"name": name, "email": email}))
    };
    let rows = [
        ("EMAIL-01", "Eve", "a@b.com\r\nBcc: evil@x.com", "/email email"),
        ("EMAIL-01", "Eve", "a@b.com\nBcc: evil@x.com", "/email email"),
        ("EMAIL-01", "Eve", "Eve <a@b.com>", "/email email"),
        ("EMAIL-01", "Eve", "a@b.com,evil@x.com", "/email email"),
        ("EMAIL-02", "Eve\nTo: x@y.z", "eve@x.com", "/name characters"),
        ("EMAIL-02", "Eve\r\nTo: x@y.z", "eve@x.com", "/name characters"),
        ("EMAIL-03", "Eve", "аdmin@corp.com", "/email email"),
        ("EMAIL-03", "Eve", "admin@cоrp.com", "/email email"),
        ("EMAIL-06", "Eve", "a@b", "/email email"),
        ("EMAIL-06", "Eve", "a@b.", "/email email"),
        ("EMAIL-06", "Eve", "@b.com", "/email email"),
    ];
    let mut cases: Vec<Case> = rows.iter().map(|(id, name, email, _)| (*id, invite(name, email), INVALID)).collect();
    let shouted = world.ana.email.to_uppercase();
    cases.push(("EMAIL-09", invite("Ana Again", &shouted), (409, "/problems/already-exists")));
    expect_problems(&world, cases).await;
    for (id, name, email, fault) in rows {
        let faults: Vec<String> = send(invite(name, email)).await.problem(422, "/problems/validation-failed");
        assert_eq!(faults, [fault], "{id} {email:?}");
    }
    let members: Value = world.admin.get(&world.path("members")).await.expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 4);
}
