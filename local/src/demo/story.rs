//! The steps of the story: each does one thing over HTTP, holds the answer against the expectation, and only then shows it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::acme::{Acme, Sample};
use super::client::{Answer, Client, Person, array, at, differs, items, text};
use super::expect::same;
use super::{page, show};

/// The key of Ana's one intention: however often she sends it, she has one report.
const TRIP: &str = "demo-trip-1";

/// Who tells it, and with what.
pub(super) struct Story {
    pub(super) client: Client,
    pub(super) sample: Sample,
    pub(super) acme: Acme,
}

impl Story {
    /// An organisation with people, a policy and exchange rates.
    pub(super) async fn set_up(&mut self) -> Result<(), String> {
        let start = Instant::now();
        self.acme.found(&self.sample).await?;
        page::step("Ada founds Acme, which keeps its books in EUR", start.elapsed());

        let start = Instant::now();
        self.acme.invite().await?;
        for person in [&self.acme.finance, &self.acme.manager, &self.acme.employee] {
            self.mail(person, "invited", 0).await?;
        }
        page::step("She invites three people, and each gets a mail", start.elapsed());
        show::people(&self.acme);

        let start = Instant::now();
        let policy = self.acme.put_policy(&self.sample).await?;
        page::step("She puts the expense policy in force", start.elapsed());
        show::policy(&policy);

        let start = Instant::now();
        self.acme.enter_rates(&self.sample).await?;
        page::step("Fiona enters the exchange rates of three days", start.elapsed());
        show::rates(&self.sample.rates);
        Ok(())
    }

    /// Ana submits in one call, and the answer is the confirmation.
    pub(super) async fn submit(&self) -> Result<Value, String> {
        let start = Instant::now();
        let answer = self.send_report().await?;
        let took = start.elapsed();
        let report = answer.expect(201)?;
        self.expect("submitted", "the confirmation", &report)?;
        page::step("Ana submits a three-day trip in one call: 14 expenses, 3 currencies", took);
        show::expenses(&report);
        page::titled("The answer is the confirmation", "201 Created");
        show::confirmation(&report);
        Ok(report)
    }

    /// The same request again changes nothing.
    pub(super) async fn repeat(&self, report: &Value) -> Result<(), String> {
        let start = Instant::now();
        let answer = self.send_report().await?;
        let took = start.elapsed();
        same("the answer to the same request", report, &answer.expect(201)?)?;
        let replayed = answer.header("idempotent-replayed");
        if replayed != "true" {
            return Err(differs("the header Idempotent-Replayed", "true", replayed));
        }
        let reports = self.acme.employee.get(&self.acme.path("reports")).await?.expect(200)?;
        same("the number of Ana's reports", &json!(1), &json!(items(&reports).len()))?;
        page::step("Ana sends it again, with the same Idempotency-Key: same answer, one report", took);
        Ok(())
    }

    /// Nobody approves his own report.
    pub(super) async fn refuse(&self, report: &Value) -> Result<(), String> {
        let start = Instant::now();
        let answer = self.approve(&self.acme.employee, report, 1, &json!({})).await?;
        let took = start.elapsed();
        let problem = answer.expect(403)?;
        self.expect("refused", "the refusal", &problem)?;
        page::step("Ana tries to approve her own report", took);
        page::detail(&format!("403 {}: {}", text(&problem, "/type"), text(&problem, "/detail")));
        Ok(())
    }

    /// The manager has a mail and finds the report in his queue.
    pub(super) async fn ask_manager(&self, report: &Value) -> Result<(), String> {
        let manager = &self.acme.manager;
        let mail = self.mail(manager, "manager", 1).await?;
        page::step("A mail reaches Marco, who is asked first", latency(report, &mail)?);
        show::mail(&mail, 2);

        let start = Instant::now();
        let queue = manager.get(&self.acme.path("approvals")).await?.expect(200)?;
        let took = start.elapsed();
        self.expect("queue", "Marco's queue", at(&queue, "items"))?;
        page::step("Marco opens his queue", took);
        show::queue(&queue);
        Ok(())
    }

    /// The manager approves what he has seen; finance is next.
    pub(super) async fn approve_as_manager(&self, report: &Value) -> Result<(), String> {
        let start = Instant::now();
        let answer = self.approve(&self.acme.manager, report, 1, &json!({})).await?;
        let took = start.elapsed();
        let approved = answer.expect(200)?;
        self.expect("approved_by_manager", "Marco's approval", &approved)?;
        page::step("Marco approves version 1, the one he has seen", took);

        let mail = self.mail(&self.acme.finance, "finance", 1).await?;
        page::step("A mail reaches Fiona, who is asked next", latency(&approved, &mail)?);
        show::mail(&mail, 0);
        Ok(())
    }

    /// Finance approves, one line not in full, and the owner is told.
    pub(super) async fn approve_as_finance(&self, report: &Value) -> Result<Value, String> {
        let start = Instant::now();
        let verdict = &self.sample.verdict;
        let line = array(report, "/expenses").iter().find(|line| at(line, "merchant") == at(verdict, "merchant"));
        let line = line.ok_or_else(|| format!("no line of {}", text(verdict, "/merchant")))?;
        let body = json!({
            "comment": at(verdict, "comment"),
            "expenses": [{
                "expense_id": at(line, "id"), "approved_amount": at(verdict, "approved_amount"), "reason": at(verdict, "reason"),
            }],
        });
        let answer = self.approve(&self.acme.finance, report, 2, &body).await?;
        let took = start.elapsed();
        let approved = answer.expect(200)?;
        self.expect("approved_by_finance", "Fiona's approval", &approved)?;
        page::step("Fiona approves version 2, one line not in full", took);
        show::verdict(line, verdict, &approved);

        let mail = self.mail(&self.acme.employee, "owner", 1).await?;
        page::step("A mail reaches Ana: her report is approved", latency(&approved, &mail)?);
        show::mail(&mail, 4);
        Ok(approved)
    }

    /// What the history says.
    pub(super) async fn look_back(&self, report: &Value) -> Result<(), String> {
        let start = Instant::now();
        let path = self.report_path(report, "history");
        let history = self.acme.employee.get(&path).await?.expect(200)?;
        let took = start.elapsed();
        self.expect("history", "the history", at(&history, "items"))?;
        self.expect("chain", "the chain of the history", at(&history, "chain"))?;
        page::step("The history knows who did what, and that nobody has touched it since", took);
        show::history(&history);
        Ok(())
    }

    /// What the table holds, item by item. Only a demo may look there; everybody else asks the API.
    pub(super) async fn look_into_table(&self, url: &str, table: &str) -> Result<(), String> {
        let start = Instant::now();
        let mut stored = BTreeMap::<String, u64>::new();
        let mut request = json!({"TableName": table, "ProjectionExpression": "entity"});
        loop {
            let part = self.client.dynamodb(url, "Scan", &request).await?;
            for item in array(&part, "/Items") {
                let count = stored.entry(text(item, "/entity/S").to_owned()).or_default();
                *count = count.saturating_add(1);
            }
            match (part.get("LastEvaluatedKey"), request.as_object_mut()) {
                (Some(last), Some(members)) => members.insert("ExclusiveStartKey".to_owned(), last.clone()),
                _ => break,
            };
        }
        let took = start.elapsed();
        self.expect("stored", "what is stored", &json!(stored))?;
        let all: u64 = stored.values().sum();
        page::step(&format!("All of it is {all} items in one DynamoDB table"), took);
        show::stored(stored);
        Ok(())
    }

    async fn send_report(&self) -> Result<Answer, String> {
        let path = self.acme.path("reports");
        self.acme.employee.post(&path, TRIP, &self.sample.report).await
    }

    async fn approve(&self, person: &Person, report: &Value, version: u64, body: &Value) -> Result<Answer, String> {
        person.decide(&self.report_path(report, "approve"), version, body).await
    }

    fn report_path(&self, report: &Value, rest: &str) -> String {
        self.acme.path(&format!("reports/{}/{rest}", text(report, "/id")))
    }

    /// The mail a person gets after `before` others, if its subject is the expected one.
    async fn mail(&self, to: &Person, expected: &str, before: usize) -> Result<Value, String> {
        let mail = self.client.mail(&to.profile.email, before).await?;
        let wanted = at(at(&self.sample.expected, "subjects"), expected);
        let what = format!("the subject of the mail to {}", to.profile.name);
        same(&what, wanted, at(&mail, "subject"))?;
        Ok(mail)
    }

    fn expect(&self, name: &str, what: &str, got: &Value) -> Result<(), String> {
        same(what, at(&self.sample.expected, name), got)
    }
}

/// The time from the change that made this version of the report to the mail about it.
fn latency(report: &Value, mail: &Value) -> Result<Duration, String> {
    let moment = |value: &Value, pointer: &str| {
        let moment = text(value, pointer).parse::<Timestamp>();
        moment.map_err(|error| format!("{pointer} is not a time: {error}"))
    };
    let passed = moment(report, "/updated_at")?.duration_until(moment(mail, "/sent_at")?);
    Ok(Duration::try_from(passed).unwrap_or_default())
}
