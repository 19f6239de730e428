//! What the black-box tests share: one stack for the whole test run, people with tokens, and requests that say what they expect.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use outlay_local::{Data, Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

mod faults;
pub mod files;
pub mod table;
mod triggers;

pub use self::faults::{fault, healed, hits};
pub use self::triggers::{enqueue, feed, invoke, log, morning, own, own_with, queued, turn, unreadable};

/// A running stack in memory, with a runtime of its own: each test's runtime ends with the test.
struct Running {
    _runtime: tokio::runtime::Runtime,
    stack: Stack,
}

static RUNNING: OnceLock<Running> = OnceLock::new();

fn running() -> &'static Running {
    RUNNING.get_or_init(|| {
        // Elsewhere than on a test's own runtime thread, which may not block.
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            let stack = runtime.block_on(Stack::start(options(Data::InMemory))).unwrap();
            Running { _runtime: runtime, stack }
        })
        .join()
        .unwrap()
    })
}

/// Options for a stack on the template and the binaries of this build.
pub fn options(data: Data) -> Options {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_service-health"));
    Options {
        template: root.join("template.yaml"),
        bin_dir: binary.parent().unwrap().to_owned(),
        data,
        port: 0,
        throttling: false,
        authorizer: true,
        probes: true,
    }
}

/// The stack's address.
pub fn url() -> String {
    running().stack.url().to_owned()
}

/// What a request was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer's JSON, after its status was as expected.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// Asserts a problem of this type and status; gives its faults as `pointer rule`, sorted.
    #[track_caller]
    pub fn problem(&self, status: u16, kind: &str) -> Vec<String> {
        let body = self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!((body["type"].as_str().unwrap(), &body["status"]), (kind, &json!(status)), "{body}");
        assert_eq!(body["instance"].as_str().unwrap(), self.header("x-request-id"));
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
        errors.iter().map(|error| format!("{} {}", text(error, "pointer"), text(error, "rule"))).collect()
    }
}

/// Somebody with a token.
#[derive(Clone, Debug)]
pub struct Person {
    pub email: String,
    pub token: String,
    pub id: String,
    pub base: String,
}

impl Person {
    /// Signs in at the stack's own issuer.
    pub async fn sign_in(base: &str, name: &str, email: &str) -> Self {
        let claims = json!({"sub": format!("sub-{email}"), "email": email, "name": name});
        let answer = reqwest::Client::new().post(format!("{base}/_local/token")).json(&claims).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["token_type"], "Bearer");
        let token = body["access_token"].as_str().unwrap().to_owned();
        Self { email: email.to_owned(), token, id: String::new(), base: base.to_owned() }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        reqwest::Client::new().request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// A request with an idempotency key of its own.
    pub fn once(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request(method, path).header("Idempotency-Key", fresh_key())
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.once(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// A POST on the version that was seen.
    pub async fn post_at(&self, path: &str, version: u64, body: &Value) -> Answer {
        send(self.request(Method::POST, path).header("If-Match", format!("\"{version}\"")).json(body)).await
    }
}

/// An idempotency key that no other request has.
pub fn fresh_key() -> String {
    static KEYS: AtomicU32 = AtomicU32::new(0);
    format!("key-{:08}", KEYS.fetch_add(1, Ordering::Relaxed))
}

/// Sends a request.
pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

/// An organisation with an admin, an employee, her manager and somebody from finance.
#[derive(Clone, Debug)]
pub struct World {
    pub org: String,
    pub admin: Person,
    pub ana: Person,
    pub marco: Person,
    pub fiona: Person,
}

static WORLDS: AtomicU32 = AtomicU32::new(0);

impl World {
    /// A new organisation in EUR on the shared stack: meals up to 60.00 want a justification above, receipts from 25.00,
    /// the manager decides, and finance too from 500.00.
    pub async fn new() -> Self {
        Self::on(&url()).await
    }

    pub async fn on(base: &str) -> Self {
        let number = WORLDS.fetch_add(1, Ordering::Relaxed);
        let at = |name: &str| format!("{name}@w{number}.example.com");
        let admin = Person::sign_in(base, "Ada Admin", &at("ada")).await;
        let founded = admin
            .post("/v1/orgs", &json!({"name": format!("World {number}"), "base_currency": "EUR"}))
            .await
            .expect(201);
        let org = founded["id"].as_str().unwrap().to_owned();
        if RUNNING.get().is_some_and(|running| running.stack.url() == base) {
            table::plan(&org, 60_000, 10_000).await;
        }
        let admin = Person { id: founded["member"]["id"].as_str().unwrap().to_owned(), ..admin };
        let mut world = Self { org, admin: admin.clone(), ana: admin.clone(), marco: admin.clone(), fiona: admin };
        world.marco = world.join("Marco Rossi", &at("marco"), &json!({})).await;
        world.fiona = world.join("Fiona Byrne", &at("fiona"), &json!({"role": "finance"})).await;
        world.ana = world.join("Ana Silva", &at("ana"), &json!({"manager_id": world.marco.id})).await;
        world.admin.put(&world.path("policy"), &Self::policy()).await.expect(200);
        world
    }

    /// The same organisation on a stack that has moved to another address, and so has another issuer.
    pub async fn at(&self, base: &str) -> Self {
        let mut moved = self.clone();
        for person in [&mut moved.admin, &mut moved.ana, &mut moved.marco, &mut moved.fiona] {
            *person = Person { id: person.id.clone(), ..Person::sign_in(base, "Same", &person.email).await };
        }
        moved
    }

    /// Invites a person and signs him in.
    pub async fn join(&self, name: &str, email: &str, more: &Value) -> Person {
        let mut body = json!({"name": name, "email": email});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let member = self.admin.post(&self.path("members"), &body).await.expect(201);
        let person = Person::sign_in(&self.admin.base, name, email).await;
        Person { id: member["id"].as_str().unwrap().to_owned(), ..person }
    }

    /// Somebody more, who goes by one name; at his own address here.
    pub async fn hire(&self, name: &str, more: &Value) -> Person {
        let email = format!("{}@{}.example.com", name.to_lowercase(), self.org.replace('_', "-"));
        self.join(name, &email, more).await
    }

    /// Changes a member, as the admin.
    pub async fn change(&self, person: &Person, patch: &Value) -> Value {
        self.admin.patch(&self.path(&format!("members/{}", person.id)), patch).await.expect(200)
    }

    /// Agrees to a report as it was seen.
    pub async fn approve(&self, by: &Person, seen: &Value) -> Answer {
        self.decide(by, seen, "approve", &json!({})).await
    }

    /// A decision of any kind on a report as it was seen.
    pub async fn decide(&self, by: &Person, seen: &Value, action: &str, body: &Value) -> Answer {
        by.post_at(&self.report(seen, action), version(seen), body).await
    }

    /// What waits for a person's decision.
    pub async fn queue(&self, person: &Person) -> Vec<Value> {
        person.get(&self.path("approvals")).await.expect(200)["items"].as_array().unwrap().clone()
    }

    pub fn policy() -> Value {
        let eur = |amount: &str| json!({"amount": amount, "currency": "EUR"});
        json!({
            "categories": [
                {"code": "travel", "name": "Travel"},
                {"code": "meals", "name": "Meals"},
                {"code": "lodging", "name": "Lodging"},
            ],
            "limits": [
                {"categories": ["meals"], "period": "expense", "amount": eur("60.00")},
                {"categories": ["lodging"], "period": "expense", "amount": eur("180.00"), "effect": "block"},
            ],
            "receipt_required_from": eur("25.00"),
            "maximum_age_days": 90,
            "steps": [
                {"name": "Manager", "approvers": {"kind": "manager"}},
                {"name": "Finance", "approvers": {"kind": "role", "role": "finance"}, "when": {"from_total": eur("500.00")}, "due_in_days": 3},
            ],
            "fallback": {"kind": "role", "role": "admin"},
        })
    }

    /// A path in the organisation.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/orgs/{}/{rest}", self.org)
    }

    /// The path of a report, or of something below it.
    pub fn report(&self, report: &Value, rest: &str) -> String {
        let path = self.path(&format!("reports/{}", report["id"].as_str().unwrap()));
        if rest.is_empty() { path } else { format!("{path}/{rest}") }
    }

    /// A report of Ana's with one line in EUR.
    pub async fn submitted(&self, amount: &str) -> Value {
        let body = json!({"title": "Client visit Lyon", "expenses": [expense(amount)], "submit": true});
        self.ana.post(&self.path("reports"), &body).await.expect(201)
    }

    /// Puts the usual policy in force, with these members in place of its own.
    pub async fn rule(&self, more: &Value) {
        self.admin.put(&self.path("policy"), &with(Self::policy(), more)).await.expect(200);
    }

    /// Creates a report of these lines and submits it in the same request.
    pub async fn claim(&self, owner: &Person, lines: &[Value]) -> Answer {
        owner
            .post(&self.path("reports"), &json!({"title": "Client visit Lyon", "expenses": lines, "submit": true}))
            .await
    }

    /// A draft of these lines.
    pub async fn draft(&self, owner: &Person, lines: &[Value]) -> Value {
        owner.post(&self.path("reports"), &json!({"title": "Client visit Lyon", "expenses": lines})).await.expect(201)
    }

    /// The path of the line at a position of a report, or of something below it.
    pub fn line(&self, report: &Value, at: usize, rest: &str) -> String {
        let path = self.report(report, &format!("expenses/{}", report["expenses"][at]["id"].as_str().unwrap()));
        if rest.is_empty() { path } else { format!("{path}/{rest}") }
    }

    /// The mail that a report's history says an entry of this type called for, as `name status`, sorted.
    pub async fn told(&self, report: &Value, kind: &str) -> Vec<String> {
        let history = self.admin.get(&self.report(report, "history")).await.expect(200);
        let entries = history["items"].as_array().unwrap().iter().filter(|entry| entry["type"] == kind);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mail = entries.flat_map(|entry| entry["mail"].as_array().unwrap().clone());
        let mut told: Vec<String> =
            mail.map(|mail| format!("{} {}", text(&mail["to"]["name"]), text(&mail["status"]))).collect();
        told.sort_unstable();
        told
    }

    /// Waits until the history tells that.
    pub async fn is_told(&self, report: &Value, kind: &str, expected: &[&str]) {
        let ask = || async { (self.told(report, kind).await == expected).then_some(()) };
        until(&format!("{kind} {expected:?}"), ask).await;
    }

    /// All mail to a person, once there are at least `count`; the stream needs a moment.
    pub async fn mail(&self, to: &Person, count: usize) -> Vec<Value> {
        mail(&self.admin.base, &to.email, count).await
    }
}

/// Mail to an address, once there are at least `count`: the mailbox answers when they have arrived.
pub async fn mail(base: &str, address: &str, count: usize) -> Vec<Value> {
    let wait = format!("{base}/_local/mail?to={address}&wait={count}");
    let mut items = Vec::new();
    // Twenty seconds each: a mail whose sender was killed is claimed by it for some seconds more.
    for _ in 0..3 {
        items = send(reqwest::Client::new().get(&wait)).await.expect(200)["items"].as_array().unwrap().clone();
        if items.len() >= count {
            return items;
        }
    }
    let subjects: Vec<_> = items.iter().map(|mail| mail["subject"].to_string()).collect();
    panic!("{} of {count} mails to {address}: {subjects:?}", items.len())
}

/// Asks again and again until there is an answer, at most for twenty seconds.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), asking).await.unwrap_or_else(|_| panic!("{what}: not yet"))
}

/// An object, with the members of another in place of its own.
pub fn with(mut value: Value, more: &Value) -> Value {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

/// An amount in euros.
pub fn eur(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// The version a report has.
pub fn version(report: &Value) -> u64 {
    report["version"].as_u64().unwrap()
}

/// Who is asked at each step of a report, by name.
pub fn asked(report: &Value) -> Vec<Vec<String>> {
    let name = |person: &Value| person["name"].as_str().unwrap().to_owned();
    let names = |step: &Value| {
        let mut names: Vec<String> = step["approvers"].as_array().unwrap().iter().map(name).collect();
        names.sort_unstable();
        names
    };
    report["steps"].as_array().unwrap().iter().map(names).collect()
}

/// A line of today in EUR with a receipt.
pub fn expense(amount: &str) -> Value {
    json!({
        "date": today(), "category": "travel", "merchant": "SNCF", "amount": {"amount": amount, "currency": "EUR"},
        "receipt_reference": "scan-1.pdf",
    })
}

/// The day, in UTC.
pub fn today() -> String {
    day(0)
}

/// The time.
#[expect(clippy::disallowed_methods, reason = "the binaries under test use the real clock, so the tests must too")]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// The day `back` days ago, in UTC.
pub fn day(back: i64) -> String {
    let then = now() - jiff::SignedDuration::from_hours(24 * back);
    then.to_string().chars().take(10).collect()
}

/// A day of the month before this one: it is over, and not too old.
pub fn last_month(number: i8) -> String {
    let today: jiff::civil::Date = today().parse().unwrap();
    today.first_of_month().yesterday().unwrap().with().day(number).build().unwrap().to_string()
}

/// What the policy found in a report, as `rule severity limit actual`.
pub fn found(report: &Value) -> Vec<String> {
    let measure = |value: &Value| match value["days"].as_u64() {
        Some(days) => days.to_string(),
        None => value["amount"].as_str().unwrap_or("-").to_owned(),
    };
    let one = |found: &Value| {
        let (rule, severity) = (found["rule"].as_str().unwrap(), found["severity"].as_str().unwrap());
        format!("{rule} {severity} {} {}", measure(&found["limit"]), measure(&found["actual"]))
    };
    report["violations"].as_array().unwrap().iter().map(one).collect()
}
