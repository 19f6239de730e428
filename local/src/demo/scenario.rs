//! The steps of the demo. Each sends a request, compares the answer with the expectation, and prints it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::{Answer, Client, User, array, items, member, mismatch, text};
use super::compare::expect_match;
use super::sample_org::{SampleData, SampleOrg};
use super::{print, terminal};

/// Idempotency key of the report.
const REPORT_KEY: &str = "demo-trip-1";

/// State of the demo.
pub(super) struct Scenario {
    pub(super) client: Client,
    pub(super) sample: SampleData,
    pub(super) org: SampleOrg,
}

impl Scenario {
    /// Creates an organisation with members, a policy and exchange rates.
    pub(super) async fn set_up(&mut self) -> Result<(), String> {
        let start = Instant::now();
        self.org.create(&self.sample).await?;
        terminal::print_step("Ada creates the organisation Acme, base currency EUR", start.elapsed());

        let start = Instant::now();
        self.org.invite_members().await?;
        for user in [&self.org.treasurer, &self.org.finance, &self.org.manager, &self.org.employee] {
            self.mail(user, "invited").await?;
        }
        terminal::print_step("Ada invites four members, and each receives a mail", start.elapsed());
        print::members(&self.org);

        let start = Instant::now();
        let policy = self.org.put_policy(&self.sample).await?;
        terminal::print_step("Ada sets the expense policy", start.elapsed());
        print::policy(&policy);

        let start = Instant::now();
        self.org.put_rates(&self.sample).await?;
        terminal::print_step("Fiona sets the exchange rates of three days", start.elapsed());
        print::rates(&self.sample.rates);
        Ok(())
    }

    /// Submits a report in one call, as Ana; the answer is the confirmation.
    pub(super) async fn submit(&self) -> Result<Value, String> {
        let start = Instant::now();
        let answer = self.send_report().await?;
        let took = start.elapsed();
        let report = answer.expect(201)?;
        self.expect("submitted", "the confirmation", &report)?;
        terminal::print_step("Ana submits the report of a three-day trip: 14 expenses, 3 currencies", took);
        print::expenses(&report);
        terminal::print_heading("The answer confirms the submission", "201 Created");
        print::confirmation(&report);
        Ok(report)
    }

    /// Sends the same request again; it changes nothing.
    pub(super) async fn repeat(&self, report: &Value) -> Result<(), String> {
        let start = Instant::now();
        let answer = self.send_report().await?;
        let took = start.elapsed();
        expect_match("the answer to the same request", report, &answer.expect(201)?)?;
        let replayed = answer.header("idempotent-replayed");
        if replayed != "true" {
            return Err(mismatch("the header Idempotent-Replayed", "true", replayed));
        }
        let reports = self.org.employee.get(&self.org.path("reports")).await?.expect(200)?;
        expect_match("the number of Ana's reports", &json!(1), &json!(items(&reports).len()))?;
        terminal::print_step("Ana repeats the request with the same Idempotency-Key: same answer, one report", took);
        Ok(())
    }

    /// Tries to approve the report as its owner.
    pub(super) async fn approve_as_owner(&self, report: &Value) -> Result<(), String> {
        let start = Instant::now();
        let answer = self.approve(&self.org.employee, report, 1, &json!({})).await?;
        let took = start.elapsed();
        let problem = answer.expect(403)?;
        self.expect("refused", "the refusal", &problem)?;
        terminal::print_step("Ana tries to approve the report and is refused", took);
        terminal::print_detail(&format!("403 {}: {}", text(&problem, "/type"), text(&problem, "/detail")));
        Ok(())
    }

    /// Checks the mail and the queue of the manager.
    pub(super) async fn notify_manager(&self, report: &Value) -> Result<(), String> {
        let manager = &self.org.manager;
        let mail = self.mail(manager, "manager").await?;
        terminal::print_step("Marco, the first approver, receives a mail", latency(report, &mail)?);
        print::mail(&mail, 2);

        let start = Instant::now();
        let queue = manager.get(&self.org.path("approvals")).await?.expect(200)?;
        let took = start.elapsed();
        self.expect("queue", "Marco's queue", member(&queue, "items"))?;
        terminal::print_step("Marco lists the reports to approve", took);
        print::queue(&queue);
        Ok(())
    }

    /// Approves step 1 as the manager.
    pub(super) async fn approve_as_manager(&self, report: &Value) -> Result<(), String> {
        let start = Instant::now();
        let answer = self.approve(&self.org.manager, report, 1, &json!({})).await?;
        let took = start.elapsed();
        let approved = answer.expect(200)?;
        self.expect("approved_by_manager", "Marco's approval", &approved)?;
        terminal::print_step("Marco approves version 1", took);

        let mail = self.mail(&self.org.finance, "finance").await?;
        terminal::print_step("Fiona, the next approver, receives a mail", latency(&approved, &mail)?);
        print::mail(&mail, 0);
        Ok(())
    }

    /// Approves step 2 as finance, one line in part; the owner receives a mail.
    pub(super) async fn approve_as_finance(&self, report: &Value) -> Result<Value, String> {
        let start = Instant::now();
        let decision = &self.sample.partial_approval;
        let line =
            array(report, "/expenses").iter().find(|line| member(line, "merchant") == member(decision, "merchant"));
        let line = line.ok_or_else(|| format!("no line of {}", text(decision, "/merchant")))?;
        let body = json!({
            "comment": member(decision, "comment"),
            "expenses": [{
                "expense_id": member(line, "id"),
                "approved_amount": member(decision, "approved_amount"),
                "reason": member(decision, "reason"),
            }],
        });
        let answer = self.approve(&self.org.finance, report, 2, &body).await?;
        let took = start.elapsed();
        let approved = answer.expect(200)?;
        self.expect("approved_by_finance", "Fiona's approval", &approved)?;
        terminal::print_step("Fiona approves version 2, one line in part", took);
        print::partial_approval(line, decision, &approved);

        let mail = self.mail(&self.org.employee, "owner").await?;
        terminal::print_step("Ana receives a mail: the report is approved", latency(&approved, &mail)?);
        print::mail(&mail, 4);
        Ok(approved)
    }

    /// Reads the history.
    pub(super) async fn read_history(&self, report: &Value) -> Result<(), String> {
        let start = Instant::now();
        let path = self.report_path(report, "history");
        let history = self.org.employee.get(&path).await?.expect(200)?;
        let took = start.elapsed();
        self.expect("history", "the history", member(&history, "items"))?;
        self.expect("chain", "the hash chain of the history", member(&history, "chain"))?;
        terminal::print_step("The history lists every event, and its hash chain is intact", took);
        print::history(&history);
        Ok(())
    }

    /// Counts the items of the table. Only the demo reads the table; clients use the API.
    pub(super) async fn count_items(&self, url: &str, table: &str) -> Result<(), String> {
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
        self.expect("stored", "the stored items", &json!(stored))?;
        let all: u64 = stored.values().sum();
        terminal::print_step(&format!("All data is stored as {all} items of one DynamoDB table"), took);
        print::stored_items(stored);
        Ok(())
    }

    async fn send_report(&self) -> Result<Answer, String> {
        let path = self.org.path("reports");
        self.org.employee.post(&path, REPORT_KEY, &self.sample.report).await
    }

    async fn approve(&self, user: &User, report: &Value, version: u64, body: &Value) -> Result<Answer, String> {
        user.decide(&self.report_path(report, "approve"), version, body).await
    }

    pub(super) fn report_path(&self, report: &Value, rest: &str) -> String {
        self.org.path(&format!("reports/{}/{rest}", text(report, "/id")))
    }

    /// Waits for the mail to a user with the expected subject.
    pub(super) async fn mail(&self, to: &User, expected: &str) -> Result<Value, String> {
        let subject = text(member(&self.sample.expected, "subjects"), &format!("/{expected}"));
        self.client.mail(&to.profile.email, subject).await
    }

    pub(super) fn expect(&self, name: &str, what: &str, actual: &Value) -> Result<(), String> {
        expect_match(what, member(&self.sample.expected, name), actual)
    }
}

/// Returns the time from the last change of the report to the mail about it.
pub(super) fn latency(report: &Value, mail: &Value) -> Result<Duration, String> {
    let time_at = |value: &Value, pointer: &str| {
        let time = text(value, pointer).parse::<Timestamp>();
        time.map_err(|error| format!("{pointer} is not a time: {error}"))
    };
    let passed = time_at(report, "/updated_at")?.duration_until(time_at(mail, "/sent_at")?);
    Ok(Duration::try_from(passed).unwrap_or_default())
}
