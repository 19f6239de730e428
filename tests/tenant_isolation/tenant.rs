//! One of two organisations with the same actions: its members, the markers in its texts, and all its requests and
//! responses.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use outlay_local::Stack;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Person, World, now, send, table, version};

/// Request and response of a call, headers included.
#[derive(Debug)]
pub struct Exchange {
    pub sent: String,
    pub received: String,
}

/// Organisation whose texts contain unique markers.
pub struct Tenant {
    pub world: World,
    pub people: BTreeMap<&'static str, Person>,
    pub exchanges: RefCell<Vec<Exchange>>,
    /// Every marker generated.
    pub marks: RefCell<BTreeSet<String>>,
    /// Names of body members in which a marker was sent.
    pub marked: RefCell<BTreeSet<String>>,
    /// Idempotency keys sent, and reports created.
    pub keys: RefCell<Vec<String>>,
    pub reports: RefCell<Vec<Value>>,
    /// Payout account of the reports' owner.
    pub iban: &'static str,
    tag: char,
    seed: RefCell<u64>,
}

impl Tenant {
    /// Creates the organisation. Its markers begin with `zq` and the tag.
    pub async fn create(stack: &Stack, tag: char, iban: &'static str) -> Self {
        let placeholder =
            Person { email: String::new(), token: String::new(), id: String::new(), base: stack.url().to_owned() };
        let world = World {
            org: String::new(),
            admin: placeholder.clone(),
            ana: placeholder.clone(),
            marco: placeholder.clone(),
            fiona: placeholder,
        };
        // Each run has other markers, so that no text contains one by chance.
        let seed = RefCell::new(now().as_microsecond().unsigned_abs() ^ u64::from(u32::from(tag)));
        let mut tenant = Self {
            world,
            people: BTreeMap::new(),
            exchanges: RefCell::default(),
            marks: RefCell::default(),
            marked: RefCell::default(),
            keys: RefCell::default(),
            reports: RefCell::default(),
            iban,
            tag,
            seed,
        };
        let admin = Person::sign_in(stack.url(), &tenant.mark(), &tenant.address()).await;
        let founded = tenant.post(&admin, "/v1/orgs", json!({"name": tenant.mark(), "base_currency": "EUR"})).await;
        founded["id"].as_str().unwrap().clone_into(&mut tenant.world.org);
        table::plan_on(stack, &tenant.world.org, 60_000, 10_000).await;
        tenant.register("admin", Person { id: founded["member"]["id"].as_str().unwrap().to_owned(), ..admin });
        tenant
    }

    /// Unique text of fifteen lower-case letters, valid in every text field.
    pub fn mark(&self) -> String {
        let mut mark = format!("zq{}", self.tag);
        let mut seed = self.seed.borrow_mut();
        for _ in 0..12 {
            // Constants of Knuth's MMIX generator.
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            mark.push(char::from(b'a' + u8::try_from((*seed >> 33) % 26).unwrap()));
        }
        self.marks.borrow_mut().insert(mark.clone());
        mark
    }

    pub fn address(&self) -> String {
        format!("{}@{}.example.com", self.mark(), self.mark())
    }

    /// Registers a person under a short name.
    pub fn register(&mut self, name: &'static str, person: Person) {
        match name {
            "admin" => self.world.admin = person.clone(),
            "ana" => self.world.ana = person.clone(),
            "marco" => self.world.marco = person.clone(),
            "fiona" => self.world.fiona = person.clone(),
            _ => {}
        }
        self.people.insert(name, person);
    }

    pub fn person(&self, name: &str) -> &Person {
        &self.people[name]
    }

    /// Invites a person and signs them in.
    pub async fn invite(&mut self, name: &'static str, more: &Value) {
        let address = self.address();
        let body = crate::support::with(json!({"name": self.mark(), "email": address}), more);
        let member = self.post(&self.world.admin, &self.world.path("members"), body).await;
        let person = Person::sign_in(&self.world.admin.base, &self.mark(), &address).await;
        // Before the first request of a member there is no mail but the invitation.
        person.get(&self.world.path("members/me")).await.expect(200);
        self.register(name, Person { id: member["id"].as_str().unwrap().to_owned(), ..person });
    }

    /// Sends a request with a new idempotency key and records request and response.
    pub async fn ask(
        &self,
        who: &Person,
        method: Method,
        path: &str,
        seen: Option<u64>,
        body: Option<&Value>,
    ) -> Answer {
        let key = self.mark();
        let answer = self.ask_with(who, (method.clone(), path), seen, body, &key).await;
        if answer.status < 300 && method == Method::POST {
            self.keys.borrow_mut().push(key);
        }
        answer
    }

    pub async fn ask_with(
        &self,
        who: &Person,
        (method, path): (Method, &str),
        seen: Option<u64>,
        body: Option<&Value>,
        key: &str,
    ) -> Answer {
        let mut request = who.request(method.clone(), path);
        if method == Method::POST {
            request = request.header("Idempotency-Key", key);
        }
        if let Some(seen) = seen {
            request = request.header("If-Match", format!("\"{seen}\""));
        }
        if let Some(body) = body {
            self.note_marks("", body);
            request = request.json(body);
        }
        let answer = send(request).await;
        assert_ne!(answer.status, 429, "{path}: {}", answer.text);
        let sent = format!("{method} {path} {key} {}", body.map(Value::to_string).unwrap_or_default());
        let received = format!("{} {:?} {}", answer.status, answer.headers, answer.text);
        self.exchanges.borrow_mut().push(Exchange { sent, received });
        answer
    }

    fn note_marks(&self, name: &str, value: &Value) {
        match value {
            Value::String(text) if self.marks.borrow().iter().any(|mark| text.contains(mark.as_str())) => {
                self.marked.borrow_mut().insert(name.to_owned());
            }
            Value::Array(values) => values.iter().for_each(|value| self.note_marks(name, value)),
            Value::Object(members) => members.iter().for_each(|(name, value)| self.note_marks(name, value)),
            _ => {}
        }
    }

    /// Asserts success and returns the JSON body.
    #[track_caller]
    fn expect_success(answer: &Answer, path: &str) -> Value {
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.text);
        if answer.text.is_empty() { Value::Null } else { answer.json() }
    }

    pub async fn get(&self, who: &Person, path: &str) -> Value {
        Self::expect_success(&self.ask(who, Method::GET, path, None, None).await, path)
    }

    pub async fn post(&self, who: &Person, path: &str, body: Value) -> Value {
        Self::expect_success(&self.ask(who, Method::POST, path, None, Some(&body)).await, path)
    }

    pub async fn put(&self, who: &Person, path: &str, body: Value) -> Value {
        Self::expect_success(&self.ask(who, Method::PUT, path, None, Some(&body)).await, path)
    }

    pub async fn patch(&self, who: &Person, path: &str, body: Value) -> Value {
        Self::expect_success(&self.ask(who, Method::PATCH, path, None, Some(&body)).await, path)
    }

    pub async fn delete(&self, who: &Person, path: &str) -> Value {
        Self::expect_success(&self.ask(who, Method::DELETE, path, None, None).await, path)
    }

    /// Acts on the version of a report that was read and returns its new state.
    pub async fn act(&self, who: &Person, report: &Value, action: &str, body: Value) -> Value {
        let path = self.world.report(report, action);
        Self::expect_success(&self.ask(who, Method::POST, &path, Some(version(report)), Some(&body)).await, &path)
    }

    /// Reads a list to its end with one item per page.
    pub async fn walk(&self, who: &Person, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        let joint = if path.contains('?') { '&' } else { '?' };
        loop {
            let page = self.get(who, &format!("{path}{joint}limit=1{cursor}")).await;
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// Identifiers of the organisation, its members, and its reports with their expenses and receipts.
    pub fn ids(&self) -> BTreeSet<String> {
        let reports = self.reports.borrow();
        let lines = reports.iter().flat_map(|report| report["expenses"].as_array().unwrap().iter());
        let of = |thing: &Value| thing["id"].as_str().unwrap().to_owned();
        let receipts = lines.clone().flat_map(|line| line["receipts"].as_array().unwrap().iter());
        let mut ids: BTreeSet<String> = reports.iter().chain(lines.clone()).chain(receipts).map(of).collect();
        ids.extend(self.people.values().map(|person| person.id.clone()));
        ids.insert(self.world.org.clone());
        ids
    }

    /// Every cursor returned, with the list it belongs to.
    pub fn cursors(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for exchange in self.exchanges.borrow().iter() {
            let body = exchange.received.split_once(" {").and_then(|(_, rest)| rest.split_once("} "));
            let page: Value = body.and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default();
            if let Some(cursor) = page["next_cursor"].as_str() {
                let list = exchange.sent.split(['?', ' ']).nth(1).unwrap_or_default();
                found.insert(cursor.to_owned(), list.to_owned());
            }
        }
        found
    }
}
