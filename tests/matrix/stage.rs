//! Who asks, and what about: two organisations with people of every kind, and for each request things of its own. A new operation on a
//! report or a member needs its body in [`body`], and nothing else here unless its report is in an unusual state.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Person, World, day, eur, expense, files, fresh_key, now, send, today, version};

/// A kind of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    NoToken,
    ExpiredToken,
    ForeignEmployee,
    ForeignFinance,
    ForeignAdmin,
    ForeignAuditor,
    Employee,
    Finance,
    Admin,
    Auditor,
    Owner,
    Delegate,
    Suspended,
}

impl Caller {
    pub const ALL: [Self; 13] = [
        Self::NoToken,
        Self::ExpiredToken,
        Self::ForeignEmployee,
        Self::ForeignFinance,
        Self::ForeignAdmin,
        Self::ForeignAuditor,
        Self::Employee,
        Self::Finance,
        Self::Admin,
        Self::Auditor,
        Self::Owner,
        Self::Delegate,
        Self::Suspended,
    ];

    pub const fn is_foreign(self) -> bool {
        matches!(self, Self::ForeignEmployee | Self::ForeignFinance | Self::ForeignAdmin | Self::ForeignAuditor)
    }

    /// Whether he is no member, so that the whole organisation is not there for him.
    pub const fn is_outside(self) -> bool {
        self.is_foreign() || matches!(self, Self::Suspended)
    }
}

/// An operation of the API.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: Method,
    pub path: String,
}

/// A request that is good in every respect but, perhaps, who sends it.
#[derive(Clone, Debug)]
pub struct Case {
    pub method: Method,
    pub path: String,
    body: Option<Value>,
    seen: Option<u64>,
    owner: Person,
    /// The report or member it is about.
    pub subject: Option<String>,
    /// What the admin reads to see whether something was done.
    pub watched: String,
    /// Whether doing it changes that.
    pub changes: bool,
    /// What the answer to a reading request contains.
    pub shows: Option<String>,
    only: Option<Caller>,
}

impl Case {
    /// The same request with another identifier in the place of one, in path and body.
    pub fn replaced(&self, id: &str, with: &str) -> Self {
        let body = self.body.as_ref().map(|body| serde_json::from_str(&body.to_string().replace(id, with)).unwrap());
        Self { path: self.path.replace(id, with), body, ..self.clone() }
    }

    /// Whether the answer contains what it is about for this caller; it may be good for others without.
    pub fn shown_to(&self, who: Caller) -> bool {
        self.only.is_none_or(|only| only == who)
    }
}

/// An identifier of the same kind and time, of nothing that is there.
pub fn unknown(id: &str) -> String {
    let (same, random) = id.split_at(id.len() - 16);
    same.chars().chain(random.chars().rev()).collect()
}

/// Two organisations on a stack.
pub struct Stage {
    pub world: World,
    pub foreign: World,
    expired: Person,
    foreign_auditor: Person,
    employee: Person,
    auditor: Person,
    delegate: Person,
    suspended: Person,
    /// Somebody to be named in requests.
    rita: Person,
    count: AtomicU32,
}

impl Stage {
    pub async fn on(base: &str) -> Self {
        let (world, foreign) = tokio::join!(World::on(base), World::on(base));
        let foreign_auditor = foreign.hire("Aude", &json!({"role": "auditor"})).await;
        let employee = world.hire("Uwe", &json!({})).await;
        let auditor = world.hire("Audrey", &json!({"role": "auditor"})).await;
        let delegate = world.hire("Dora", &json!({})).await;
        let rita = world.hire("Rita", &json!({})).await;
        let away = json!({"to": delegate.id, "from": day(0), "until": day(-7)});
        world.marco.put(&world.path("members/me/delegation"), &away).await.expect(200);
        let rates = json!({"rates": {"USD": "0.9"}});
        world.fiona.put(&world.path(&format!("rates/{}", day(1))), &rates).await.expect(200);
        // Bound to his identity before he is suspended, as somebody who has worked here.
        let suspended = world.hire("Sam", &json!({"role": "finance"})).await;
        suspended.post(&world.path("reports"), &json!({"title": "x"})).await.expect(201);
        world.change(&suspended, &json!({"suspended": true})).await;
        let expired = expired(&world.ana).await;
        let count = AtomicU32::new(0);
        Self { world, foreign, expired, foreign_auditor, employee, auditor, delegate, suspended, rita, count }
    }

    /// The organisation it plays in.
    pub fn org(&self) -> &str {
        &self.world.org
    }

    /// A good request for a row of the table, on things that no other request has.
    pub async fn case(&self, row: &str, operation: &Operation) -> Case {
        let world = &self.world;
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let mut path = operation.path.replace("{org}", &world.org).replace("{date}", &today());
        let (mut owner, mut subject, mut seen, mut report) = (world.ana.clone(), None, None, Value::Null);
        let mut watched = watched(world, row);
        // A list that has it in it, and a check of it, are about a report too.
        let about_report = ["approvalsList", "reportsList", "policyCheck"].iter().any(|list| row.starts_with(list));
        if path.contains("{report}") || about_report {
            report = self.report(row).await;
            let (id, line) = (report["id"].as_str().unwrap(), report["expenses"][0]["id"].as_str().unwrap());
            path = path.replace("{report}", id).replace("{expense}", line);
            if let Some(receipt) = report["expenses"][0]["receipts"][0]["id"].as_str() {
                path = path.replace("{receipt}", receipt);
            }
            if watched.is_empty() {
                watched = world.report(&report, "");
            }
            // A list is there without it.
            if !row.contains("List") {
                subject = Some(id.to_owned());
            }
            seen = Some(version(&report));
        }
        if path.contains("{member}") {
            owner = self.member(row, &format!("Mia{number}")).await;
            let member = world.path(&format!("members/{}", owner.id));
            seen = world.admin.get(&member).await.expect(200)["version"].as_u64();
            path = path.replace("{member}", &owner.id);
            watched = if row == "membersSetAccount" { path.clone() } else { member };
            subject = Some(owner.id.clone());
        }
        if row == "policyPut" {
            seen = world.admin.get(&watched).await.expect(200)["version"].as_u64();
        }
        path += match row {
            "reportsList+all" => "?scope=all&limit=100",
            "approvalsList" | "membersList" => "?limit=100",
            _ => "",
        };
        assert!(!path.contains('{'), "{path} needs something that this test does not make");
        let (shows, only) = self.shows(row, subject.as_ref(), &report);
        let changes = operation.method != Method::GET && !row.starts_with("policyCheck");
        let body = self.body(row, &report, number);
        Case { method: operation.method.clone(), path, body, seen, owner, subject, watched, changes, shows, only }
    }

    /// A report of Ana's in the state that the operation wants.
    async fn report(&self, row: &str) -> Value {
        let world = &self.world;
        let lines = [expense("20.00"), expense("20.00")];
        if ["reportsDelete", "reportsSubmit", "receiptsAdd"].contains(&row) {
            return world.draft(&world.ana, &lines).await;
        }
        if row.starts_with("receipts") {
            return self.with_receipt(row, &lines).await;
        }
        let report = world.claim(&world.ana, &lines).await.expect(201);
        if row == "reportsReturn+approved" {
            return world.approve(&world.marco, &report).await.expect(200);
        }
        report
    }

    /// A draft with a receipt that waits for its file, or a submitted report with a clean one.
    async fn with_receipt(&self, row: &str, lines: &[Value]) -> Value {
        let world = &self.world;
        let draft = world.draft(&world.ana, lines).await;
        let bytes = files::ticket(draft["id"].as_str().unwrap());
        let declared = files::declaration("ticket.png", "image/png", &bytes);
        if row == "receiptsGet" {
            files::attach(world, &draft, 0, &declared, &bytes).await;
            return world.ana.post(&world.report(&draft, "submit"), &json!({})).await.expect(200);
        }
        files::declare(world, &draft, 0, &declared).await;
        world.ana.get(&world.report(&draft, "")).await.expect(200)
    }

    /// Somebody who was invited, as the operation wants him.
    async fn member(&self, row: &str, name: &str) -> Person {
        let member = self.world.hire(name, &json!({"manager_id": self.world.marco.id})).await;
        let own = |rest: &str| self.world.path(&format!("members/me/{rest}"));
        match row {
            "membersAccount" => member.put(&own("payout_account"), &account()).await.expect(200),
            "membersUndelegate" => member.put(&own("delegation"), &self.absence()).await.expect(200),
            _ => Value::Null,
        };
        member
    }

    fn absence(&self) -> Value {
        json!({"to": self.rita.id, "from": day(0), "until": day(-7)})
    }

    fn body(&self, row: &str, report: &Value, number: u32) -> Option<Value> {
        let reason = json!({"reason": "Which client?"});
        Some(match row {
            "organisationsCreate" => json!({"name": "Another", "base_currency": "EUR"}),
            "membersInvite" => {
                let email = format!("nora{number}@{}.example.com", self.world.org.replace('_', "-"));
                json!({"name": "Nora New", "email": email})
            }
            "membersChange" => json!({"grade": "senior"}),
            "membersDelegate" => self.absence(),
            "membersSetAccount" => account(),
            "policyPut" => World::policy(),
            "policyCheck" => json!({"report_id": report["id"]}),
            "policyCheck+policy" => json!({"report_id": report["id"], "policy": World::policy()}),
            "ratesPut" => json!({"rates": {"JPY": format!("0.00{}", 100 + number)}}),
            "reportsCreate" => json!({"title": "Client visit Nice", "expenses": [expense("20.00")], "submit": false}),
            "reportsCreate+owner" => {
                json!({"title": "Client visit Nice", "expenses": [expense("20.00")], "owner_id": self.world.marco.id})
            }
            "reportsChange" => json!({"title": "Client visit Nice"}),
            "reportsComment" => json!({"text": "Two of us shared the taxi."}),
            "reportsReturn" | "reportsReturn+approved" | "reportsReject" => reason,
            "reportsReassign" => json!({"from": self.world.marco.id, "to": self.rita.id, "reason": "Is away."}),
            "expensesAdd" => expense("5.00"),
            "receiptsAdd" => files::declaration("ticket.png", "image/png", files::TICKET),
            "expensesChange" => json!({"note": "By train."}),
            "expensesSplit" => json!({"parts": [{"amount": eur("12.00")}, {"amount": eur("8.00")}]}),
            _ => return None,
        })
    }

    /// What shows that a reading request was answered with the thing itself, and, when it shows only him, to whom.
    fn shows(&self, row: &str, subject: Option<&String>, report: &Value) -> (Option<String>, Option<Caller>) {
        let listed = || report["id"].as_str().map(str::to_owned);
        match row {
            "serviceHealth" => (Some("\"ok\"".to_owned()), None),
            "serviceOpenapi" => (Some("reportsApprove".to_owned()), None),
            "approvalsList" => (listed(), Some(Caller::Delegate)),
            "reportsList" => (listed(), Some(Caller::Owner)),
            "reportsList+all" => (listed(), None),
            "reportsHistory" => (Some("report.submitted".to_owned()), None),
            "receiptsGet" => (Some("X-Amz-Signature=".to_owned()), None),
            "membersList" => (Some(self.rita.id.clone()), None),
            "membersAccount" => (Some("3000".to_owned()), None),
            "membersGet" | "membersExport" | "reportsGet" => (subject.cloned(), None),
            "policyGet" | "policyVersions" => (Some("receipt_required_from".to_owned()), None),
            "policyCheck" | "policyCheck+policy" => (Some("\"outcome\":\"submitted\"".to_owned()), None),
            "ratesList" => (Some("\"USD\"".to_owned()), None),
            _ => (None, None),
        }
    }

    /// What the admin reads of the case.
    pub async fn seen(&self, case: &Case) -> Option<(u16, String)> {
        if case.watched.is_empty() || case.method == Method::GET {
            return None;
        }
        let answer = self.world.admin.get(&case.watched).await;
        // A problem has the id of its request in it.
        Some((answer.status, if answer.status == 200 { answer.text } else { String::new() }))
    }

    fn person<'a>(&'a self, who: Caller, case: &'a Case) -> Option<&'a Person> {
        Some(match who {
            Caller::NoToken => return None,
            Caller::ExpiredToken => &self.expired,
            Caller::ForeignEmployee => &self.foreign.ana,
            Caller::ForeignFinance => &self.foreign.fiona,
            Caller::ForeignAdmin => &self.foreign.admin,
            Caller::ForeignAuditor => &self.foreign_auditor,
            Caller::Employee => &self.employee,
            Caller::Finance => &self.world.fiona,
            Caller::Admin => &self.world.admin,
            Caller::Auditor => &self.auditor,
            Caller::Owner => &case.owner,
            Caller::Delegate => &self.delegate,
            Caller::Suspended => &self.suspended,
        })
    }

    pub async fn send(&self, who: Caller, case: &Case) -> Answer {
        let base = &self.world.admin.base;
        let mut request = match self.person(who, case) {
            Some(person) => person.request(case.method.clone(), &case.path),
            None => reqwest::Client::new().request(case.method.clone(), format!("{base}{}", case.path)),
        };
        if case.method == Method::POST {
            request = request.header("Idempotency-Key", fresh_key());
        }
        if let Some(seen) = case.seen.filter(|_| case.method != Method::GET) {
            request = request.header("If-Match", format!("\"{seen}\""));
        }
        send(match &case.body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }
}

/// What the admin reads of an operation that is not about one report or member.
fn watched(world: &World, row: &str) -> String {
    match row {
        "membersInvite" => world.path("members?limit=100"),
        "policyPut" => world.path("policy"),
        "ratesPut" => world.path("rates?currency=JPY"),
        "reportsCreate" | "reportsCreate+owner" | "reportsClone" => world.path("reports?scope=all&limit=100"),
        _ => String::new(),
    }
}

fn account() -> Value {
    json!({"holder": "Mia Member", "iban": "DE89 3704 0044 0532 0130 00"})
}

/// Somebody with a token that was good until a minute ago.
async fn expired(person: &Person) -> Person {
    let now = now().as_second();
    let claims = json!({"exp": now - 60, "iat": now - 120, "nbf": now - 120});
    let body =
        json!({"sub": format!("sub-{}", person.email), "email": person.email, "name": "Ana Silva", "claims": claims});
    let answer =
        send(reqwest::Client::new().post(format!("{}/_local/token", person.base)).json(&body)).await.expect(200);
    Person { token: answer["access_token"].as_str().unwrap().to_owned(), ..person.clone() }
}
