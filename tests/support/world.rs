//! An organisation with four members, and the calls that most tests make.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::client::{Answer, Person};
use super::dynamodb::plan_on;
use super::stack::{is_shared, shared_stack, url};
use super::values::{expense, version, with};
use super::waiting::{mail, wait_until};

/// An organisation with an admin, an employee (Ana), the employee's manager (Marco) and a member of finance (Fiona).
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
    /// Creates an organisation in EUR on the shared stack. Meals above 60.00 need a justification, lines from 25.00 a
    /// receipt; the manager approves, from 500.00 finance too.
    pub async fn new() -> Self {
        Self::on(&url()).await
    }

    /// Creates the organisation on any stack.
    pub async fn on(base: &str) -> Self {
        let number = WORLDS.fetch_add(1, Ordering::Relaxed);
        let at = |name: &str| format!("{name}@w{number}.example.com");
        let admin = Person::sign_in(base, "Ada Admin", &at("ada")).await;
        let created = admin
            .post("/v1/orgs", &json!({"name": format!("World {number}"), "base_currency": "EUR"}))
            .await
            .expect(201);
        let org = created["id"].as_str().unwrap().to_owned();
        if is_shared(base) {
            plan_on(shared_stack(), &org, 60_000, 10_000).await;
        }
        let admin = Person { id: created["member"]["id"].as_str().unwrap().to_owned(), ..admin };
        let mut world = Self { org, admin: admin.clone(), ana: admin.clone(), marco: admin.clone(), fiona: admin };
        world.marco = world.join("Marco Rossi", &at("marco"), &json!({})).await;
        world.fiona = world.join("Fiona Byrne", &at("fiona"), &json!({"role": "finance"})).await;
        world.ana = world.join("Ana Silva", &at("ana"), &json!({"manager_id": world.marco.id})).await;
        world.admin.put(&world.path("policy"), &Self::policy()).await.expect(200);
        world
    }

    /// Returns the organisation with new tokens, for a stack that has restarted with another URL and issuer.
    pub async fn at(&self, base: &str) -> Self {
        let mut moved = self.clone();
        for person in [&mut moved.admin, &mut moved.ana, &mut moved.marco, &mut moved.fiona] {
            *person = Person { id: person.id.clone(), ..Person::sign_in(base, "Same", &person.email).await };
        }
        moved
    }

    /// Invites a member with an address and signs them in. Their first request makes them known, so that they get mail.
    pub async fn join(&self, name: &str, email: &str, more: &Value) -> Person {
        let person = self.invite(name, email, more).await;
        person.get(&self.path("members/me")).await.expect(200);
        person
    }

    /// Invites a member who has a token and makes no request with it yet.
    pub async fn invite(&self, name: &str, email: &str, more: &Value) -> Person {
        let mut body = json!({"name": name, "email": email});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let member = self.admin.post(&self.path("members"), &body).await.expect(201);
        let person = Person::sign_in(&self.admin.base, name, email).await;
        Person { id: member["id"].as_str().unwrap().to_owned(), ..person }
    }

    /// Invites a member with an address made from the name, and signs them in.
    pub async fn add_member(&self, name: &str, more: &Value) -> Person {
        let email = format!("{}@{}.example.com", name.to_lowercase(), self.org.replace('_', "-"));
        self.join(name, &email, more).await
    }

    /// Changes a member, as the admin.
    pub async fn change(&self, person: &Person, patch: &Value) -> Value {
        self.admin.patch(&self.path(&format!("members/{}", person.id)), patch).await.expect(200)
    }

    /// Approves the given version of a report.
    pub async fn approve(&self, by: &Person, seen: &Value) -> Answer {
        self.decide(by, seen, "approve", &json!({})).await
    }

    /// Decides on the given version of a report.
    pub async fn decide(&self, by: &Person, seen: &Value, action: &str, body: &Value) -> Answer {
        by.post_at(&self.report(seen, action), version(seen), body).await
    }

    /// Returns the approval queue of a member.
    pub async fn queue(&self, person: &Person) -> Vec<Value> {
        person.get(&self.path("approvals")).await.expect(200)["items"].as_array().unwrap().clone()
    }

    /// Returns the policy of the organisation.
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

    /// Returns a path of the organisation.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/orgs/{}/{rest}", self.org)
    }

    /// Returns the path of a report, or a path below it.
    pub fn report(&self, report: &Value, rest: &str) -> String {
        let path = self.path(&format!("reports/{}", report["id"].as_str().unwrap()));
        if rest.is_empty() { path } else { format!("{path}/{rest}") }
    }

    /// Submits a report of Ana with one line in EUR.
    pub async fn submitted(&self, amount: &str) -> Value {
        let body = json!({"title": "Client visit Lyon", "expenses": [expense(amount)], "submit": true});
        self.ana.post(&self.path("reports"), &body).await.expect(201)
    }

    /// Sets the policy, with these members replaced.
    pub async fn put_policy(&self, more: &Value) {
        self.admin.put(&self.path("policy"), &with(Self::policy(), more)).await.expect(200);
    }

    /// Sets the accounts that payment files debit: a German and a US one.
    pub async fn set_debtor(&self) {
        let us = json!({
            "routing_number": "021000021", "account_number": "9876543210", "company_id": "1123456789",
            "bank_name": "First Bank",
        });
        let settings = json!({
            "debtor_name": "Acme GmbH", "iban": "DE75512108001245126199", "bic": "SOGEDEFFXXX", "us": us,
        });
        self.admin.put(&self.path("payment-settings"), &settings).await.expect(200);
    }

    /// Creates and submits a report with these lines, in one request.
    pub async fn submit_expenses(&self, owner: &Person, lines: &[Value]) -> Answer {
        owner
            .post(&self.path("reports"), &json!({"title": "Client visit Lyon", "expenses": lines, "submit": true}))
            .await
    }

    /// Creates a draft with these lines.
    pub async fn draft(&self, owner: &Person, lines: &[Value]) -> Value {
        owner.post(&self.path("reports"), &json!({"title": "Client visit Lyon", "expenses": lines})).await.expect(201)
    }

    /// Returns the path of the line at a position, or a path below it.
    pub fn line(&self, report: &Value, at: usize, rest: &str) -> String {
        let path = self.report(report, &format!("expenses/{}", report["expenses"][at]["id"].as_str().unwrap()));
        if rest.is_empty() { path } else { format!("{path}/{rest}") }
    }

    /// Returns the mail status of the history entries of a type, as `name status`, sorted.
    pub async fn mail_status(&self, report: &Value, kind: &str) -> Vec<String> {
        let history = self.admin.get(&self.report(report, "history")).await.expect(200);
        let entries = history["items"].as_array().unwrap().iter().filter(|entry| entry["type"] == kind);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mail = entries.flat_map(|entry| entry["mail"].as_array().unwrap().clone());
        let mut status: Vec<String> =
            mail.map(|mail| format!("{} {}", text(&mail["to"]["name"]), text(&mail["status"]))).collect();
        status.sort_unstable();
        status
    }

    /// Waits until the mail status is as expected.
    pub async fn wait_for_mail_status(&self, report: &Value, kind: &str, expected: &[&str]) {
        let ask = || async { (self.mail_status(report, kind).await == expected).then_some(()) };
        wait_until(&format!("{kind} {expected:?}"), ask).await;
    }

    /// Waits until a member has at least `count` mails; returns all of them.
    pub async fn mail(&self, to: &Person, count: usize) -> Vec<Value> {
        mail(&self.admin.base, &to.email, count).await
    }
}
