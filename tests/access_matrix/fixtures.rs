//! Callers and requests of the access matrix: two organisations with members of every kind, and new resources for each
//! request. A new operation on a report or a member needs an entry in [`Fixtures::body`], and one in
//! [`Fixtures::report`] when its report needs a particular state.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, Person, World, day, eur, expense, files, fresh_key, now, send, today, version, wait_until,
};

/// Kind of caller.
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

    /// True when the caller is not an active member: the whole organisation is hidden.
    pub const fn is_outside(self) -> bool {
        self.is_foreign() || matches!(self, Self::Suspended)
    }
}

/// Operation of the API.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: Method,
    pub path: String,
}

/// Request that is valid apart from, possibly, its caller.
#[derive(Clone, Debug)]
pub struct Case {
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
    /// Version named in `If-Match`.
    pub seen: Option<u64>,
    pub owner: Person,
    /// Id of the report or member in the request.
    pub subject: Option<String>,
    /// Path that the admin reads to detect a change.
    pub watched: String,
    /// True when the request changes the watched resource.
    pub changes: bool,
    /// Text that the answer to a read contains.
    pub shows: Option<String>,
    pub only: Option<Caller>,
}

impl Case {
    /// Same request with one identifier replaced in path and body.
    pub fn replaced(&self, id: &str, with: &str) -> Self {
        let body = self.body.as_ref().map(|body| serde_json::from_str(&body.to_string().replace(id, with)).unwrap());
        Self { path: self.path.replace(id, with), body, ..self.clone() }
    }

    /// True when this caller's answer contains the shown text. For a list the other callers get 200 without it.
    pub fn shown_to(&self, who: Caller) -> bool {
        self.only.is_none_or(|only| only == who)
    }
}

/// Identifier of the same type and time that no resource has.
pub fn unknown(id: &str) -> String {
    let (same, random) = id.split_at(id.len() - 16);
    same.chars().chain(random.chars().rev()).collect()
}

/// Currencies of rates that are removed.
const CURRENCIES: [&str; 24] = [
    "AED", "AUD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "GBP", "HKD", "HUF", "IDR", "ILS",
    "INR", "ISK", "KES", "KRW", "MXN", "MYR", "NOK", "NZD",
];

/// Batch of one payment to Ana, and its report.
struct OpenBatch {
    batch: String,
    payment: String,
    end_to_end_id: String,
    report: Value,
}

/// Two organisations on a stack, with members of every kind.
pub struct Fixtures {
    pub world: World,
    pub foreign: World,
    expired: Person,
    foreign_auditor: Person,
    employee: Person,
    auditor: Person,
    delegate: Person,
    suspended: Person,
    /// Member that requests refer to.
    rita: Person,
    count: AtomicU32,
}

impl Fixtures {
    pub async fn on(base: &str) -> Self {
        let (world, foreign) = tokio::join!(World::on(base), World::on(base));
        let foreign_auditor = foreign.add_member("Aude", &json!({"role": "auditor"})).await;
        let employee = world.add_member("Uwe", &json!({})).await;
        let auditor = world.add_member("Audrey", &json!({"role": "auditor"})).await;
        let delegate = world.add_member("Dora", &json!({})).await;
        let rita = world.add_member("Rita", &json!({})).await;
        let away = json!({"to": delegate.id, "from": day(0), "until": day(-7)});
        world.marco.put(&world.path("members/me/delegation"), &away).await.expect(200);
        let rates = json!({"rates": {"USD": "0.9"}});
        world.fiona.put(&world.path(&format!("rates/{}", day(1))), &rates).await.expect(200);
        // Bound to an identity before the suspension, like a member who has worked here.
        let suspended = world.add_member("Sam", &json!({"role": "finance"})).await;
        suspended.post(&world.path("reports"), &json!({"title": "x"})).await.expect(201);
        world.change(&suspended, &json!({"suspended": true})).await;
        world.set_debtor().await;
        world.ana.put(&world.path("members/me/payout_account"), &account()).await.expect(200);
        let expired = expired(&world.ana).await;
        let count = AtomicU32::new(0);
        Self { world, foreign, expired, foreign_auditor, employee, auditor, delegate, suspended, rita, count }
    }

    /// Organisation under test.
    pub fn org(&self) -> &str {
        &self.world.org
    }

    /// Valid request for a row of the table, on resources that no other request uses.
    pub async fn case(&self, row: &str, operation: &Operation) -> Case {
        let world = &self.world;
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let mut path =
            operation.path.replace("{org}", &world.org).replace("{date}", &today()).replace("{list}", "expenses");
        let (mut owner, mut subject, mut seen, mut report) = (world.ana.clone(), None, None, Value::Null);
        let mut watched = watched(world, row);
        let mut end_to_end_id = String::new();
        // Approvals, report lists and policy checks contain a report, too.
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
            // A list exists without the report.
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
            watched = if row == "membersPutPayoutAccount" { path.clone() } else { member };
            subject = Some(owner.id.clone());
        }
        if row.starts_with("batches") {
            let of = self.batch(row).await;
            path = path.replace("{batch}", &of.batch).replace("{payment}", &of.payment);
            if watched.is_empty() {
                let batch = world.path(&format!("batches/{}", of.batch));
                watched = if path.contains("/payments/") { format!("{batch}/payments/{}", of.payment) } else { batch };
            }
            seen = world.admin.get(&watched).await.expect(200)["version"].as_u64();
            end_to_end_id = of.end_to_end_id;
            report = of.report;
            if !matches!(row, "batchesList" | "batchesCreate" | "batchesBankAnswer") {
                subject = Some(of.batch);
            }
        }
        if row == "ratesRemove" {
            // A rate of its own for each request.
            let currency = CURRENCIES[number as usize % CURRENCIES.len()];
            path = path.replace("{currency}", currency);
            watched = world.path(&format!("rates?currency={currency}"));
            let rates = json!({"rates": {currency: "0.5"}});
            world.fiona.put(&world.path(&format!("rates/{}", today())), &rates).await.expect(200);
        }
        if matches!(row, "policyPut" | "organisationsUpdate" | "ledgerPut" | "paymentsPutSettings") {
            seen = world.admin.get(&watched).await.expect(200)["version"].as_u64();
        }
        path += match row {
            "reportsList+all" => "?scope=all&limit=100",
            "approvalsList" | "membersList" | "batchesList" => "?limit=100",
            "ledgerJournal" => "?period=2026-11",
            _ => "",
        };
        assert!(!path.contains('{'), "{path} has a placeholder without a fixture");
        let (shows, only) = self.shows(row, subject.as_ref(), &report);
        let changes = operation.method != Method::GET && !row.starts_with("policyCheck");
        let body = match row {
            "batchesBankAnswer" => Some(files::bank_settlement(&end_to_end_id, "20.00").into()),
            _ => self.body(row, &report, number),
        };
        Case { method: operation.method.clone(), path, body, seen, owner, subject, watched, changes, shows, only }
    }

    /// Report of Ana's in the state that the operation needs.
    async fn report(&self, row: &str) -> Value {
        let world = &self.world;
        let lines = [expense("20.00"), expense("20.00")];
        if ["reportsDelete", "reportsSubmit", "receiptsAdd"].contains(&row) {
            return world.draft(&world.ana, &lines).await;
        }
        if row.starts_with("receipts") {
            return self.with_receipt(row, &lines).await;
        }
        let report = world.submit_expenses(&world.ana, &lines).await.expect(201);
        if row == "reportsReturn+approved" {
            return world.approve(&world.marco, &report).await.expect(200);
        }
        report
    }

    /// Batch of Fiona's in the state that the operation needs. Its payment is held: Ana's account is new.
    async fn batch(&self, row: &str) -> OpenBatch {
        let world = &self.world;
        let report = world.submit_expenses(&world.ana, &[expense("20.00")]).await.expect(201);
        let report = world.approve(&world.marco, &report).await.expect(200);
        if row == "batchesCreate" {
            // The list shows how far the batches of other callers are, which must not change by itself.
            let built = || async {
                let batches = world.admin.get(&world.path("batches?limit=100")).await.expect(200);
                batches["items"].as_array().unwrap().iter().all(|batch| batch["status"] != "building").then_some(())
            };
            wait_until("batches built", built).await;
            let (batch, payment, end_to_end_id) = (String::new(), String::new(), String::new());
            return OpenBatch { batch, payment, end_to_end_id, report };
        }
        let body = json!({"reports": [report["id"]], "execution_date": day(-3), "format": "csv"});
        let batch = world.fiona.post(&world.path("batches"), &body).await.expect(201);
        let batch = batch["id"].as_str().unwrap().to_owned();
        let path = world.path(&format!("batches/{batch}"));
        self.payment_counted(&path, "held").await;
        let listed = world.fiona.get(&format!("{path}/payments")).await.expect(200);
        let payment = listed["items"][0]["id"].as_str().unwrap().to_owned();
        if matches!(row, "batchesSettle" | "batchesDownload" | "batchesBankAnswer") {
            let clear = format!("{path}/payments/{payment}/clear-hold");
            let seen = version(&listed["items"][0]);
            world.admin.post_at(&clear, seen, &json!({"account_version": 1})).await.expect(200);
            let seen = version(&world.admin.get(&path).await.expect(200));
            world.admin.post_at(&format!("{path}/release"), seen, &json!({})).await.expect(200);
            self.payment_counted(&path, "released").await;
            let written = || async { (!world.admin.get(&path).await.expect(200)["file"].is_null()).then_some(()) };
            wait_until("file written", written).await;
        }
        let end_to_end_id = listed["items"][0]["end_to_end_id"].as_str().unwrap().to_owned();
        OpenBatch { batch, payment, end_to_end_id, report }
    }

    /// Waits until a batch that takes no more reports has a payment with a status.
    async fn payment_counted(&self, path: &str, status: &str) {
        let ask = || async {
            let batch = self.world.admin.get(path).await.expect(200);
            (batch["status"] != "building" && batch["payments"][status] == 1).then_some(())
        };
        wait_until(&format!("payment {status}"), ask).await;
    }

    /// Draft with a pending receipt, or a submitted report with a clean one.
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

    /// Invited member in the state that the operation needs.
    async fn member(&self, row: &str, name: &str) -> Person {
        let member = self.world.add_member(name, &json!({"manager_id": self.world.marco.id})).await;
        let own = |rest: &str| self.world.path(&format!("members/me/{rest}"));
        match row {
            "membersGetPayoutAccount" => member.put(&own("payout_account"), &account()).await.expect(200),
            "membersEndDelegation" => member.put(&own("delegation"), &self.delegation()).await.expect(200),
            _ => Value::Null,
        };
        member
    }

    fn delegation(&self) -> Value {
        json!({"to": self.rita.id, "from": day(0), "until": day(-7)})
    }

    fn body(&self, row: &str, report: &Value, number: u32) -> Option<Value> {
        let reason = json!({"reason": "Which client?"});
        Some(match row {
            "organisationsCreate" => json!({"name": "Another", "base_currency": "EUR"}),
            "organisationsClose" => json!({"name": "Another"}),
            "membersInvite" => {
                let email = format!("nora{number}@{}.example.com", self.world.org.replace('_', "-"));
                json!({"name": "Nora New", "email": email})
            }
            "organisationsUpdate" => {
                let invited = format!("{}.example.com", self.world.org.replace('_', "-"));
                json!({"mail_domains": [invited, format!("d{number}.example.com")]})
            }
            "membersUpdate" => json!({"grade": "senior"}),
            "membersUpdate+own" => json!({"language": "de", "time_zone": "Europe/Berlin"}),
            "membersDelegate" => self.delegation(),
            "membersPutPayoutAccount" => account(),
            "policyPut" => World::policy(),
            "ledgerPut" => json!({"payable_account": format!("3{number}")}),
            "policyCheck" => json!({"report_id": report["id"]}),
            "policyCheck+policy" => json!({"report_id": report["id"], "policy": World::policy()}),
            "ratesPut" => json!({"rates": {"JPY": format!("0.00{}", 100 + number)}}),
            "reportsCreate" => json!({"title": "Client visit Nice", "expenses": [expense("20.00")], "submit": false}),
            "reportsCreate+owner" => {
                json!({"title": "Client visit Nice", "expenses": [expense("20.00")], "owner_id": self.world.marco.id})
            }
            "reportsUpdate" => json!({"title": "Client visit Nice"}),
            "batchesCreate" => {
                json!({"reports": [report["id"]], "execution_date": day(-3), "format": "csv"})
            }
            // The account that Ana has had from the start.
            "batchesClearHold" => json!({"account_version": 1}),
            "paymentsPutSettings" => {
                json!({"debtor_name": format!("Acme {number}"), "iban": "DE75512108001245126199"})
            }
            "batchesSettle" => json!({"outcome": "paid", "paid_on": today()}),
            "reportsComment" => json!({"text": "Two of us shared the taxi."}),
            "reportsReturn" | "reportsReturn+approved" | "reportsReject" => reason,
            "reportsReassign" => json!({"from": self.world.marco.id, "to": self.rita.id, "reason": "Is away."}),
            "expensesAdd" => expense("5.00"),
            "receiptsAdd" => files::declaration("ticket.png", "image/png", files::TICKET),
            "expensesUpdate" => json!({"note": "By train."}),
            "expensesSplit" => json!({"parts": [{"amount": eur("12.00")}, {"amount": eur("8.00")}]}),
            _ => return None,
        })
    }

    /// Text that shows that a read returned the resource. The second value is the only caller whose answer contains it.
    fn shows(&self, row: &str, subject: Option<&String>, report: &Value) -> (Option<String>, Option<Caller>) {
        let listed = || report["id"].as_str().map(str::to_owned);
        match row {
            "serviceRoot" => (Some("/v1/openapi.json".to_owned()), None),
            "organisationsGet" => (Some("\"base_currency\":\"EUR\"".to_owned()), None),
            "batchesList" => (Some("\"bat_".to_owned()), None),
            "paymentsGetSettings" => (Some("6199".to_owned()), None),
            "batchesHistory" => (Some("batch.created".to_owned()), None),
            "batchesListPayments" | "batchesGetPayment" => (Some("end_to_end_id".to_owned()), None),
            "serviceHealth" => (Some("\"ok\"".to_owned()), None),
            "serviceOpenapi" => (Some("reportsApprove".to_owned()), None),
            "approvalsList" => (listed(), Some(Caller::Delegate)),
            "reportsList" => (listed(), Some(Caller::Owner)),
            "reportsList+all" => (listed(), None),
            "reportsHistory" => (Some("report.submitted".to_owned()), None),
            "receiptsGet" | "batchesDownload" | "reportsDocument" | "exportsGet" => {
                (Some("X-Amz-Signature=".to_owned()), None)
            }
            "membersList" => (Some(self.rita.id.clone()), None),
            "membersGetPayoutAccount" => (Some("3000".to_owned()), None),
            "membersGet" | "membersExport" | "reportsGet" | "batchesGet" => (subject.cloned(), None),
            "policyGet" | "policyVersions" => (Some("receipt_required_from".to_owned()), None),
            "policyCheck" | "policyCheck+policy" => (Some("\"outcome\":\"submitted\"".to_owned()), None),
            "ledgerGet" => (Some("\"missing_accounts\"".to_owned()), None),
            "ledgerJournal" => (Some("\"items\"".to_owned()), None),
            "ratesList" => (Some("\"USD\"".to_owned()), None),
            _ => (None, None),
        }
    }

    /// Watched resource as the admin reads it.
    pub async fn snapshot(&self, case: &Case) -> Option<(u16, String)> {
        if case.watched.is_empty() || case.method == Method::GET {
            return None;
        }
        let answer = self.world.admin.get(&case.watched).await;
        // A problem body contains the id of its request.
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
        send(self.request(who, case)).await
    }

    /// The request of a case, not sent yet.
    pub fn request(&self, who: Caller, case: &Case) -> reqwest::RequestBuilder {
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
        with_body(request, case)
    }
}

/// Adds the body of a case. A text is an XML file.
pub fn with_body(request: reqwest::RequestBuilder, case: &Case) -> reqwest::RequestBuilder {
    match &case.body {
        Some(Value::String(xml)) => request.header("Content-Type", "application/xml").body(xml.clone()),
        Some(body) => request.json(body),
        None => request,
    }
}

/// Watched path of an operation that is not about one report or member.
fn watched(world: &World, row: &str) -> String {
    match row {
        "membersInvite" => world.path("members?limit=100"),
        "organisationsUpdate" => format!("/v1/orgs/{}", world.org),
        "policyPut" => world.path("policy"),
        "ledgerPut" => world.path("ledger"),
        "paymentsPutSettings" => world.path("payment-settings"),
        "ratesPut" => world.path("rates?currency=JPY"),
        "batchesCreate" => world.path("batches?limit=100"),
        "reportsCreate" | "reportsCreate+owner" | "reportsClone" => world.path("reports?scope=all&limit=100"),
        _ => String::new(),
    }
}

fn account() -> Value {
    json!({"holder": "Mia Member", "iban": "DE89 3704 0044 0532 0130 00"})
}

/// Person with a token that expired a minute ago.
async fn expired(person: &Person) -> Person {
    let now = now().as_second();
    let claims = json!({"exp": now - 60, "iat": now - 120, "nbf": now - 120});
    let body =
        json!({"sub": format!("sub-{}", person.email), "email": person.email, "name": "Ana Silva", "claims": claims});
    person.with_token(&body).await
}
