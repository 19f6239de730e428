//! Texts and addresses: bounded, visible, in one reading direction; and whatever they look like, they are only texts.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{Case, INVALID, line, post, refused, report};
use crate::support::{World, expense, send, with};

/// Where a nasty text may stand, and as what.
enum Fits {
    /// Everywhere, as it is.
    Here,
    /// In notes, not where there is one line only.
    Notes,
    /// Everywhere, normalised or trimmed.
    As(&'static str),
    /// Nowhere: invisible, or it changes how others are read.
    Nowhere,
}

use Fits::{As, Here, Notes, Nowhere};

/// Nasty texts, of every kind we know.
const NASTY: [(&str, Fits); 64] = [
    // Words that mean something to programs.
    ("undefined", Here),
    ("null", Here),
    ("NULL", Here),
    ("NaN", Here),
    ("true", Here),
    ("__proto__", Here),
    ("constructor[prototype]", Here),
    ("0x1F", Here),
    ("1e100", Here),
    ("-0.00", Here),
    ("1,000.00", Here),
    ("CON", Here),
    ("#", Here),
    ("ORG#org_1#REPORT#rep_1", Here),
    ("=cmd|' /C calc'!A0", Here),
    ("+1+1", Here),
    ("@SUM(1)", Here),
    // Queries, scripts, templates, formats, paths, headers.
    ("'; DROP TABLE reports; --", Here),
    ("' OR 1=1 --", Here),
    ("attribute_not_exists(PK) OR :a = :a", Here),
    ("{\"$gt\":\"\"}", Here),
    ("<script>alert(1)</script>", Here),
    ("\"><img src=x onerror=alert(1)>", Here),
    ("javascript:alert(1)", Here),
    ("<!--", Here),
    ("]]>", Here),
    ("&lt;&amp;&#0;", Here),
    ("{{7*7}}", Here),
    ("${jndi:ldap://x}", Here),
    ("#{7*7}", Here),
    ("%s%s%n%x", Here),
    ("{0}{}{:?}", Here),
    ("../../../../etc/passwd", Here),
    ("C:\\Windows\\win.ini", Here),
    ("%2e%2e%2f", Here),
    ("`id`", Here),
    ("$(touch /tmp/x)", Here),
    ("| cat /etc/passwd", Here),
    ("\\u0000 \\x00 \\n", Here),
    ("=?utf-8?q?Bcc:_evil=40x.com?=", Here),
    // Scripts of people, and marks on them.
    ("Ω≈ç√∫˜µ≤≥÷", Here),
    ("田中さんにあげて下さい", Here),
    ("الكل في المجمو عة", Here),
    ("בְּרֵאשִׁית", Here),
    ("Ṱ̺̺o͞ ̷i̲̬n̝̗v͟", Here),
    ("👩‍👩‍👧‍👦 🇨🇭 👍🏿", Here),
    ("𝕋𝕙𝕖 𝔮𝔲𝔦𝔠𝔨", Here),
    ("ﬀ ﬁ ㎏ Ⅷ", Here),
    ("ĳ İ ı ß ẞ ǆ", Here),
    ("ЕUR аdmin", Here),
    ("e\u{301}", As("é")),
    ("\u{212B}", As("Å")),
    ("  Lyon  ", As("Lyon")),
    ("\u{3000}Lyon\u{A0}", As("Lyon")),
    // What cannot be seen, or makes others be read in another way.
    ("Lyon\nBcc: evil@x.com", Notes),
    ("Lyon\tParis", Notes),
    ("Lyon\r\n\r\n<html>", Nowhere),
    ("Lyon\u{0}", Nowhere),
    ("\u{1B}[31mred\u{7}", Nowhere),
    ("\u{202E}gpj.exe", Nowhere),
    ("\u{2066}Lyon\u{2069}", Nowhere),
    ("a\u{FEFF}b", Nowhere),
    ("a\u{2028}b", Nowhere),
    ("\u{200B}\u{2060}\u{AD}", Nowhere),
];

/// A report with a text in each place.
fn everywhere(world: &World, text: &str) -> RequestBuilder {
    let line = with(expense("10.00"), &json!({"merchant": text, "note": text, "project": text, "trip": text}));
    report(world, &json!({"title": text, "expenses": [line]}))
}

#[tokio::test]
async fn nasty_texts_are_stored_as_they_are_or_refused() {
    let world = World::new().await;
    for (text, fits) in NASTY {
        let answer = send(everywhere(&world, text)).await;
        let stored = match fits {
            Here => text,
            As(other) => other,
            Notes | Nowhere => {
                let faults = answer.problem(422, "/problems/validation-failed");
                let in_note = faults.iter().any(|fault| fault.starts_with("/expenses/0/note "));
                // A note of several lines may have line ends of Windows, and then nothing else is wrong with it.
                let only_lines = text.contains("\r\n") && !in_note;
                assert_eq!(in_note || only_lines, matches!(fits, Nowhere), "JSON-27 {text:?}: {faults:?}");
                let lines = if in_note { 5 } else { 4 };
                assert_eq!(faults.len(), lines, "JSON-27 {text:?}: {faults:?}");
                continue;
            }
        };
        let made = answer.expect(201);
        let read = world.ana.get(&world.report(&made, "")).await.expect(200);
        assert_eq!(read, made, "JSON-27 {text:?}");
        let line = &read["expenses"][0];
        let told = [&read["title"], &line["merchant"], &line["note"], &line["project"], &line["trip"]];
        assert!(told.iter().all(|it| **it == json!(stored)), "JSON-27 {text:?}: {told:?}");
    }
}

#[tokio::test]
async fn texts_are_visible_and_bounded() {
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
    let blank = ["", "   ", " \t ", "\u{200B}", "\u{200B} \u{AD}"];
    cases.extend(blank.map(|title| ("TEXT-02", report(&world, &json!({"title": title})), INVALID)));
    refused(&world, cases).await;
    // TEXT-01: characters are counted once they are composed.
    let made = send(report(&world, &json!({"title": "e\u{301}".repeat(200)}))).await.expect(201);
    assert_eq!(made["title"], json!("é".repeat(200)), "TEXT-01");
    for text in ["${jndi:ldap://x}", "{{7*7}}"] {
        let made = send(line(&world, &json!({"note": text}))).await.expect(201);
        assert_eq!(made["expenses"][0]["note"], json!(text), "TEXT-08");
    }
}

#[tokio::test]
async fn a_report_never_grows_beyond_what_can_be_stored() {
    let world = World::new().await;
    // TEXT-10: each line within its limits, all of them too much for one item of the table.
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
        refused(&world, vec![("TEXT-10", add(), INVALID)]).await;
        assert_eq!(world.ana.get(&world.report(&draft, "")).await.expect(200), draft, "TEXT-10");
        return;
    }
    panic!("TEXT-10: a report of {} lines", draft["expense_count"]);
}

#[tokio::test]
async fn addresses_and_names_hold_no_header() {
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
    refused(&world, cases).await;
    for (id, name, email, fault) in rows {
        let faults: Vec<String> = send(invite(name, email)).await.problem(422, "/problems/validation-failed");
        assert_eq!(faults, [fault], "{id} {email:?}");
    }
    let members: Value = world.admin.get(&world.path("members")).await.expect(200);
    assert_eq!(members["items"].as_array().unwrap().len(), 4);
}
