//! Tenant isolation: two organisations on one stack perform the same actions with texts that no other has. No response
//! to one contains data of the other, no log contains user texts, and actions of one leave the other's items byte for
//! byte unchanged.

mod cross_tenant_access;
mod lifecycle;
mod tenant;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use outlay_local::{Data, Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, add_fault, log, mail, options, remove_fault, send, table, wait_until};
use cross_tenant_access::attempt_all;
use lifecycle::exercise_all;
use tenant::{Exchange, Tenant};

/// Request texts that are not free text: codes defined elsewhere, identifiers, amounts, and account numbers, which are
/// searched for as they are.
const NOT_FREE_TEXT: [&str; 35] = [
    "account_number",
    "address_fault",
    "amount",
    "base_currency",
    "bic",
    "changed_at",
    "closed_until",
    "company_id",
    "country",
    "currencies",
    "currency",
    "decimal_separator",
    "default_tax",
    "delimiter",
    "expense_id",
    "from",
    "holidays",
    "iban",
    "manager_id",
    "media_type",
    "members",
    "organisation_number",
    "owner_id",
    "payee_id",
    "payees",
    "rate",
    "rates",
    "reclaimable",
    "report_id",
    "reports",
    "routing_number",
    "sha256",
    "siren",
    "time_zone",
    "to",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn organisations_are_isolated_from_each_other() {
    // Without the gateway's authorizer, requests that it would reject reach the functions and their logs.
    let stack = Stack::start(Options { authorizer: false, ..options(Data::InMemory) }).await.unwrap();
    let mut theirs = Tenant::create(&stack, 'b', "GB82WEST12345698765432").await;
    exercise_all(&mut theirs).await;
    // The file task of an uploaded receipt is removed after the receipt is clean, the note of a batch after its work.
    let before = wait_until("no work is pending", || async {
        let items = table::organisation_on(&stack, &theirs.world.org).await;
        let is_pending = items.keys().any(|key| key.contains("#FILES ") || key.contains("#BATCH_WORK "));
        (!is_pending).then_some(items)
    })
    .await;
    assert!(before.len() > 100, "{} items", before.len());
    assert_eq!(
        free_text_fields(&api()).difference(&theirs.marked.borrow()).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "free-text fields without a marker"
    );

    let mut ours = Tenant::create(&stack, 'a', "DE89370400440532013000").await;
    exercise_all(&mut ours).await;
    assert_eq!(attempt_all(&stack, &ours, &theirs).await, Vec::<String>::new());
    cause_logged_failures(&stack, &ours).await;

    let after = table::organisation_on(&stack, &theirs.world.org).await;
    assert_eq!(differing(&before, &after), Vec::<&String>::new(), "items changed by the other organisation");
    let report = theirs.reports.borrow().last().unwrap().clone();
    theirs.post(&theirs.world.ana, &theirs.world.report(&report, "comments"), json!({"text": theirs.mark()})).await;
    let after = table::organisation_on(&stack, &theirs.world.org).await;
    assert!(!differing(&before, &after).is_empty(), "the comparison detects the organisation's own changes");

    let secrets = Secrets::of(&theirs);
    // The search finds the data where it belongs: in the organisation's own responses.
    assert!(theirs.exchanges.borrow().iter().any(|exchange| !secrets.within(&exchange.received, "").is_empty()));
    for exchange in ours.exchanges.borrow().iter() {
        assert_eq!(secrets.leaked(exchange), Vec::<&str>::new(), "{exchange:?}");
    }
    assert_mail_of_one_tenant(&ours, &theirs).await;
    assert_log_without_user_text(&stack, &[&ours, &theirs]).await;
}

fn api() -> Value {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Names of all request body members that are free text.
fn free_text_fields(api: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut done = BTreeSet::new();
    for operation in api["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values()) {
        collect(api, &operation["requestBody"]["content"]["application/json"]["schema"], "", &mut found, &mut done);
    }
    found.retain(|name| !name.is_empty() && !NOT_FREE_TEXT.contains(&name.as_str()));
    found
}

fn collect(api: &Value, schema: &Value, name: &str, found: &mut BTreeSet<String>, done: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        // A reference to a text is counted under the name of the member that refers to it.
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

/// Causes every kind of logged failure: rejected tokens, unavailable services, tampered items.
async fn cause_logged_failures(stack: &Stack, ours: &Tenant) {
    let (world, ana) = (&ours.world, &ours.world.ana);
    let report = ours.reports.borrow().last().unwrap().clone();
    let account = world.path("members/me/payout_account");
    // While the service fails, the request is not carried out.
    let failing = async |rule: Value, who: &Person, method: Method, path: &str, body: Value| {
        let failing = add_fault(stack.url(), &rule).await;
        let answer = ours.ask(who, method, path, None, Some(&body)).await;
        assert!(answer.status >= 500, "{rule}: {}", answer.text);
        remove_fault(stack.url(), &failing).await;
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

/// Data that other organisations must not see: markers, identifiers, account number.
struct Secrets(BTreeSet<String>);

impl Secrets {
    fn of(tenant: &Tenant) -> Self {
        let mut all = tenant.ids();
        all.extend(tenant.marks.borrow().iter().cloned());
        all.extend([tenant.iban.to_owned(), tenant.iban[4..].to_owned()]);
        Self(all)
    }

    /// Secrets in a text, decoding base64, except those that the request contained.
    fn within(&self, text: &str, sent: &str) -> Vec<&str> {
        let decoded_base64 = decoded_base64(text);
        let there =
            |secret: &&str| (text.contains(*secret) || decoded_base64.contains(*secret)) && !sent.contains(*secret);
        self.0.iter().map(String::as_str).filter(there).collect()
    }

    fn leaked(&self, exchange: &Exchange) -> Vec<&str> {
        self.within(&exchange.received, &exchange.sent)
    }
}

/// Everything in a text that is base64, such as cursors, decoded.
fn decoded_base64(text: &str) -> String {
    let is_base64 = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let tokens = text.split(|letter: char| !is_base64(letter)).filter(|token| token.len() >= 16);
    let decoded = tokens.filter_map(|token| URL_SAFE_NO_PAD.decode(token).ok());
    decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned() + " ").collect()
}

fn differing<'a>(before: &'a BTreeMap<String, Value>, after: &'a BTreeMap<String, Value>) -> Vec<&'a String> {
    let changed = before.iter().filter(|(key, item)| after.get(*key) != Some(item)).map(|(key, _)| key);
    changed.chain(after.keys().filter(|key| !before.contains_key(*key))).collect()
}

/// Asserts that each mail contains data of one organisation only, apart from the address of a person invited by both.
async fn assert_mail_of_one_tenant(ours: &Tenant, theirs: &Tenant) {
    let base = &ours.world.admin.base;
    for (name, count) in [("ana", 6), ("marco", 9), ("dora", 8), ("fiona", 3), ("rita", 2), ("emil", 1), ("audrey", 1)]
    {
        for tenant in [ours, theirs] {
            let mails = mail(base, &tenant.person(name).email, count).await;
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

/// Asserts that logs contain identifiers but no user texts.
async fn assert_log_without_user_text(stack: &Stack, tenants: &[&Tenant]) {
    let expected = ["\"token\"", "/problems/integrity", "/problems/dependency-unavailable", &tenants[0].world.ana.id];
    let log = wait_until("the log contains every kind of failure", || async {
        let log = log(stack.url()).await;
        expected.iter().all(|expected| log.contains(*expected)).then_some(log)
    })
    .await;
    for tenant in tenants {
        let words: BTreeSet<String> =
            tenant.marks.borrow().iter().cloned().chain([tenant.iban[4..].to_owned()]).collect();
        for line in log.lines() {
            assert_eq!(Secrets(words.clone()).within(line, ""), Vec::<&str>::new(), "{line}");
        }
    }
}
