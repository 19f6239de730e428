//! Two organisations on one stack live the same life, in texts that no other has. Nothing that one of them wrote is ever told to the
//! other, nothing of it is in a log, and what one does leaves the other's records as they are, to the byte.

mod life;
mod trespass;
mod twin;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outlay_local::{Data, Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, fault, healed, log, mail, options, send, table};
use life::live;
use trespass::trespass;
use twin::{Heard, Twin};

/// Texts of requests that are not anybody's own words: codes of others' making, identifiers, amounts, and the numbers of accounts,
/// which are looked for as they are.
const NOT_WORDS: [&str; 22] = [
    "account_number",
    "address_fault",
    "amount",
    "base_currency",
    "changed_at",
    "currencies",
    "currency",
    "default_tax",
    "expense_id",
    "from",
    "holidays",
    "iban",
    "manager_id",
    "media_type",
    "members",
    "owner_id",
    "payee_id",
    "report_id",
    "routing_number",
    "sha256",
    "time_zone",
    "to",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_organisations_know_nothing_of_each_other() {
    // Without the gateway's authorizer: whatever it would have refused reaches the functions, and their logs.
    let stack = Stack::start(Options { authorizer: false, ..options(Data::InMemory) }).await.unwrap();
    let mut theirs = Twin::found(&stack, 'b', "GB82WEST12345698765432").await;
    live(&mut theirs).await;
    let before = table::organisation_on(&stack, &theirs.world.org).await;
    assert!(before.len() > 100, "{} items", before.len());
    assert_eq!(
        words(&api()).difference(&theirs.marked.borrow()).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "no marks in these"
    );

    let mut ours = Twin::found(&stack, 'a', "DE89370400440532013000").await;
    live(&mut ours).await;
    assert_eq!(trespass(&stack, &ours, &theirs).await, Vec::<String>::new());
    fail(&stack, &ours).await;

    let after = table::organisation_on(&stack, &theirs.world.org).await;
    assert_eq!(differing(&before, &after), Vec::<&String>::new(), "changed by the other organisation");
    let report = theirs.reports.borrow().last().unwrap().clone();
    theirs.post(&theirs.world.ana, &theirs.world.report(&report, "comments"), json!({"text": theirs.mark()})).await;
    let after = table::organisation_on(&stack, &theirs.world.org).await;
    assert!(!differing(&before, &after).is_empty(), "their own changes are seen");

    let secrets = Secrets::of(&theirs);
    // It can be found where it is: in what they were told themselves.
    assert!(theirs.heard.borrow().iter().any(|heard| !secrets.within(&heard.told, "").is_empty()));
    for heard in ours.heard.borrow().iter() {
        assert_eq!(secrets.leaked(heard), Vec::<&str>::new(), "{heard:?}");
    }
    no_mail_is_of_both(&ours, &theirs).await;
    no_log_has_words(&stack, &[&ours, &theirs]).await;
}

fn api() -> Value {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The names of all members of request bodies that are free text.
fn words(api: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut done = BTreeSet::new();
    for operation in api["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values()) {
        collect(api, &operation["requestBody"]["content"]["application/json"]["schema"], "", &mut found, &mut done);
    }
    found.retain(|name| !name.is_empty() && !NOT_WORDS.contains(&name.as_str()));
    found
}

fn collect(api: &Value, schema: &Value, name: &str, found: &mut BTreeSet<String>, done: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        // Where it is used, a reference to a text has a name of its own.
        let target = api.pointer(reference.trim_start_matches('#')).unwrap();
        if done.insert(format!("{reference} {name}")) {
            collect(api, target, name, found, done);
        }
        return;
    }
    let is_text =
        schema["type"] == "string" || schema["type"].as_array().is_some_and(|types| types.contains(&json!("string")));
    if is_text && schema["enum"].is_null() && schema["format"].is_null() {
        found.insert(name.to_owned());
    }
    for branch in ["oneOf", "anyOf", "allOf"].iter().filter_map(|of| schema[of].as_array()).flatten() {
        collect(api, branch, name, found, done);
    }
    if schema["items"].is_object() {
        collect(api, &schema["items"], name, found, done);
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        collect(api, member, name, found, done);
    }
}

/// Things go wrong in every way that is logged: refused tokens, services that do not answer, records that somebody has damaged.
async fn fail(stack: &Stack, ours: &Twin) {
    let (world, ana) = (&ours.world, &ours.world.ana);
    let report = ours.reports.borrow().last().unwrap().clone();
    let account = world.path("members/me/payout_account");
    // While the service fails so, the request is not carried out.
    let failing = async |rule: Value, who: &Person, method: Method, path: &str, body: Value| {
        let failing = fault(stack.url(), &rule).await;
        let answer = ours.ask(who, method, path, None, Some(&body)).await;
        assert!(answer.status >= 500, "{rule}: {}", answer.text);
        healed(stack.url(), &failing).await;
    };
    let bad = Person { token: format!("{}.{}", ana.token, ours.mark()), ..ana.clone() };
    ours.ask(&bad, Method::GET, &world.path("policy"), None, None).await.expect(401);
    for kind in ["unavailable", "refuse"] {
        let vault = json!({"service": "kms", "fault": kind});
        let named = json!({"holder": ours.mark(), "iban": ours.iban});
        failing(vault, ana, Method::PUT, &account, named).await;
        let table = json!({"service": "dynamodb", "operation": "TransactWriteItems", "fault": kind});
        let comment = json!({"text": ours.mark()});
        failing(table, ana, Method::POST, &world.report(&report, "comments"), comment).await;
    }
    let partition = format!("ORG#{}#MEMBER#{}", world.org, ana.id);
    let key = json!({"PK": {"S": partition}, "SK": {"S": "PAYOUT_ACCOUNT"}});
    let mut sealed = table::call_on(stack, "GetItem", json!({"Key": key})).await["Item"].clone();
    sealed["ciphertext"] = json!({"B": "bm90IHNlYWxlZA=="});
    table::call_on(stack, "PutItem", json!({"Item": sealed})).await;
    ours.ask(ana, Method::GET, &account, None, None).await.problem(500, "/problems/integrity");
    let key = json!({"PK": {"S": format!("ORG#{}#REPORT#{}", world.org, report["id"].as_str().unwrap())}, "SK": {"S": "REPORT"}});
    let mut head = table::call_on(stack, "GetItem", json!({"Key": key})).await["Item"].clone();
    head["title"] = json!({"N": "1"});
    table::call_on(stack, "PutItem", json!({"Item": head})).await;
    ours.ask(ana, Method::GET, &world.report(&report, ""), None, None).await.problem(500, "/problems/integrity");
}

/// What must not be told to others: the marks, the identifiers, the number of the account.
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn of(twin: &Twin) -> Self {
        let mut all = twin.ids();
        all.extend(twin.marks.borrow().iter().cloned());
        all.extend([twin.iban.to_owned(), twin.iban[4..].to_owned()]);
        Self(all)
    }

    /// Those in a text, also where it is in base64, but for those that were sent along.
    fn within(&self, text: &str, sent: &str) -> Vec<&str> {
        let opened = opened(text);
        let there = |secret: &&str| (text.contains(*secret) || opened.contains(*secret)) && !sent.contains(*secret);
        self.0.iter().map(String::as_str).filter(there).collect()
    }

    fn leaked(&self, heard: &Heard) -> Vec<&str> {
        self.within(&heard.told, &heard.sent)
    }
}

/// All that is base64 in a text, such as its cursors, decoded.
fn opened(text: &str) -> String {
    let is_base64 = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let tokens = text.split(|letter: char| !is_base64(letter)).filter(|token| token.len() >= 16);
    let decoded = tokens.filter_map(|token| URL_SAFE_NO_PAD.decode(token).ok());
    decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned() + " ").collect()
}

fn differing<'a>(before: &'a BTreeMap<String, Value>, after: &'a BTreeMap<String, Value>) -> Vec<&'a String> {
    let changed = before.iter().filter(|(key, item)| after.get(*key) != Some(item)).map(|(key, _)| key);
    changed.chain(after.keys().filter(|key| !before.contains_key(*key))).collect()
}

/// Every mail speaks of one organisation only, apart from the address of somebody whom both have invited.
async fn no_mail_is_of_both(ours: &Twin, theirs: &Twin) {
    let base = &ours.world.admin.base;
    for (name, count) in [("ana", 6), ("marco", 9), ("dora", 8), ("fiona", 3), ("rita", 2), ("emil", 1), ("audrey", 1)]
    {
        for twin in [ours, theirs] {
            let mails = mail(base, &twin.person(name).email, count).await;
            assert!(mails.len() >= count, "{name}");
        }
    }
    let all = send(reqwest::Client::new().get(format!("{base}/_local/mail"))).await.expect(200);
    let (ours_secrets, theirs_secrets) = (Secrets::of(ours), Secrets::of(theirs));
    for mail in all["items"].as_array().unwrap() {
        let raw = format!("{base}/_local/mail/{}.eml", mail["id"].as_str().unwrap());
        let raw = send(reqwest::Client::new().get(raw)).await.text;
        let text = format!("{mail} {raw}");
        let (of_ours, of_theirs) =
            (ours_secrets.within(&text, ""), theirs_secrets.within(&text, &theirs.world.ana.email));
        assert!(of_ours.is_empty() != of_theirs.is_empty(), "{mail}: {of_ours:?} {of_theirs:?}");
    }
}

/// The functions log identifiers, and nothing that anybody has written.
async fn no_log_has_words(stack: &Stack, twins: &[&Twin]) {
    let log = log(stack.url()).await;
    for expected in ["\"token\"", "/problems/integrity", "/problems/dependency-unavailable", &twins[0].world.ana.id] {
        assert!(log.contains(expected), "{expected} is not in the log:\n{log}");
    }
    for twin in twins {
        let words: BTreeSet<String> = twin.marks.borrow().iter().cloned().chain([twin.iban[4..].to_owned()]).collect();
        for line in log.lines() {
            assert_eq!(Secrets(words.clone()).within(line, ""), Vec::<&str>::new(), "{line}");
        }
    }
}
