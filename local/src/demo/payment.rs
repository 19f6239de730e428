//! The second part of the demo: the approved report is paid and booked.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Answer, User, items, member, mismatch, text};
use super::compare::expect_match;
use super::scenario::Scenario;
use super::{print, terminal};

/// Idempotency key of the batch.
const BATCH_KEY: &str = "demo-batch-1";
/// Longest wait for background work.
const WORK_TIMEOUT: Duration = Duration::from_secs(30);

impl Scenario {
    /// Sets what payments and bookings need: the account to debit, the accounts of the ledger, and Ana's account.
    pub(super) async fn set_up_payments(&self) -> Result<(), String> {
        let start = Instant::now();
        self.org.put_payment_settings(&self.sample).await?;
        terminal::print_step("Ada sets the account that pays, Fiona the ledger, Ana a payout account", start.elapsed());
        let account = self.org.employee.get(&self.org.path("members/me/payout_account")).await?.expect(200)?;
        terminal::print_detail(&format!(
            "Ana's account is stored encrypted, and shown as {}",
            text(&account, "/masked")
        ));
        Ok(())
    }

    /// Creates a batch of the approved report, as Ada, and waits until it is complete.
    pub(super) async fn create_batch(&self, report: &Value) -> Result<Value, String> {
        let start = Instant::now();
        let mut body = self.sample.payment.batch.clone();
        if let Some(members) = body.as_object_mut() {
            members.insert("reports".to_owned(), json!([member(report, "id")]));
        }
        let created = self.org.admin.post(&self.org.path("batches"), BATCH_KEY, &body).await?.expect(201)?;
        let batch =
            self.batch_when(&created, "all reports are taken", |batch| text(batch, "/status") == "open").await?;
        self.expect("batch", "the batch", &batch)?;
        terminal::print_step("Ada puts the report into a batch; payment needs another person", start.elapsed());
        let payment = self.payment(&batch).await?;
        print::payment(&payment);
        let mail = self.mail(&self.org.treasurer, "treasurer").await?;
        terminal::print_detail(&format!("Theo receives a mail: {}", text(&mail, "/subject")));
        Ok(batch)
    }

    /// Tries to release the batch as its creator.
    pub(super) async fn release_as_creator(&self, batch: &Value) -> Result<(), String> {
        let start = Instant::now();
        let answer = self.act(&self.org.admin, batch, "release", batch, &json!({})).await?;
        let took = start.elapsed();
        let problem = answer.expect(403)?;
        self.expect("not_released", "the refusal", &problem)?;
        terminal::print_step("Ada tries to release the batch and is refused", took);
        terminal::print_detail(&format!("403 {}: {}", text(&problem, "/type"), text(&problem, "/detail")));
        Ok(())
    }

    /// Looks at the new account and releases the batch, as a second person; the file for the bank is written.
    pub(super) async fn release(&self, batch: &Value) -> Result<Value, String> {
        let start = Instant::now();
        let payment = self.payment(batch).await?;
        let clear = format!("payments/{}/clear-hold", text(&payment, "/id"));
        let seen = json!({"account_version": member(member(&payment, "account"), "version")});
        self.act(&self.org.treasurer, batch, &clear, &payment, &seen).await?.expect(200)?;
        let path = self.batch_path(batch, "");
        let current = self.org.treasurer.get(&path).await?.expect(200)?;
        self.act(&self.org.treasurer, batch, "release", &current, &json!({})).await?.expect(200)?;
        let released = self.batch_when(batch, "the file is written", |batch| !member(batch, "file").is_null()).await?;
        self.expect("released", "the released batch", &released)?;
        terminal::print_step("Theo has looked at Ana's new account, and releases the batch", start.elapsed());

        let start = Instant::now();
        let link = self.org.treasurer.get(&self.batch_path(batch, "/file")).await?.expect(200)?;
        let file = self.client.download(text(&link, "/url")).await?;
        terminal::print_step("Theo downloads the file for the bank by a link of five minutes", start.elapsed());
        print::bank_file(&link, &file);
        Ok(released)
    }

    /// Uploads the answer of the bank; the report is reimbursed and its owner receives a mail.
    pub(super) async fn record_bank_answer(&self, batch: &Value, report: &Value) -> Result<(), String> {
        let start = Instant::now();
        let payment = self.payment(batch).await?;
        let xml = self.sample.payment.bank_answer.replace("{end_to_end_id}", text(&payment, "/end_to_end_id"));
        let answer = self.org.treasurer.post_xml(&self.org.path("bank-answers"), &xml).await?.expect(200)?;
        let took = start.elapsed();
        self.expect("bank_answer", "what was recorded of the bank's answer", &answer)?;
        terminal::print_step("Theo uploads the bank's answer, a camt.054", took);
        print::bank_answer(&answer);

        let paid = self.work_done("the report is reimbursed", async || {
            let report =
                self.org.employee.get(self.report_path(report, "").trim_end_matches('/')).await?.expect(200)?;
            Ok(Some(report).filter(|report| text(report, "/status") == "reimbursed"))
        });
        let paid = paid.await?;
        self.expect("reimbursed", "the reimbursed report", &paid)?;
        let mail = self.mail(&self.org.employee, "paid").await?;
        terminal::print_step("Ana receives a mail: the report is paid", super::scenario::latency(&paid, &mail)?);
        print::mail(&mail, 3);
        Ok(())
    }

    /// Books the approval and the payment, and reads the journal of the month.
    pub(super) async fn book(&self) -> Result<(), String> {
        let start = Instant::now();
        self.client.run_schedule("triggers-book").await?;
        let period = self.client.today().await?.strftime("%Y-%m").to_string();
        let journal = self.org.finance.get(&self.org.path(&format!("journal?period={period}"))).await?.expect(200)?;
        let took = start.elapsed();
        self.expect("journal", "the journal", member(&journal, "items"))?;
        terminal::print_step("Fiona reads the journal, which is booked every five minutes", took);
        let balances = print::journal(&journal);
        expect_match("debits less credits of each entry", &json!(vec![0; items(&journal).len()]), &json!(balances))
    }

    /// The one payment of the batch.
    async fn payment(&self, batch: &Value) -> Result<Value, String> {
        let list = self.org.admin.get(&self.batch_path(batch, "/payments")).await?.expect(200)?;
        items(&list).first().cloned().ok_or_else(|| mismatch("the payments of the batch", "one", "none"))
    }

    /// Sends a POST about a batch, with the version of what has been seen.
    async fn act(&self, by: &User, batch: &Value, action: &str, seen: &Value, body: &Value) -> Result<Answer, String> {
        let version = member(seen, "version").as_u64().unwrap_or_default();
        by.decide(&self.batch_path(batch, &format!("/{action}")), version, body).await
    }

    fn batch_path(&self, batch: &Value, rest: &str) -> String {
        self.org.path(&format!("batches/{}{rest}", text(batch, "/id")))
    }

    /// Waits until background work has brought the batch into a state.
    async fn batch_when(&self, batch: &Value, what: &str, is_there: fn(&Value) -> bool) -> Result<Value, String> {
        self.work_done(what, async || {
            let batch = self.org.admin.get(&self.batch_path(batch, "")).await?.expect(200)?;
            Ok(Some(batch).filter(is_there))
        })
        .await
    }

    /// Asks until background work is done.
    async fn work_done(
        &self,
        what: &str,
        ask: impl AsyncFn() -> Result<Option<Value>, String>,
    ) -> Result<Value, String> {
        let deadline = Instant::now() + WORK_TIMEOUT;
        loop {
            if let Some(found) = ask().await? {
                return Ok(found);
            }
            if Instant::now() > deadline {
                return Err(mismatch(what, &format!("within {} s", WORK_TIMEOUT.as_secs()), "not yet"));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
