//! The sample organisation: data from `events/demo/`, created over the API. Every POST has a fixed idempotency key, so
//! a start after an interrupted one continues where that one stopped.

use std::path::Path;

use jiff::Span;
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::client::{Client, Profile, User, array, text};

/// Content of `events/demo/`, with dates relative to the current day.
pub(crate) struct SampleData {
    people: People,
    pub(crate) policy: Value,
    pub(crate) rates: Value,
    pub(crate) report: Value,
    /// Decision on the line that finance approves in part.
    pub(crate) partial_approval: Value,
    pub(crate) payment: PaymentSample,
    /// Expected answers.
    pub(crate) expected: Value,
}

#[derive(Deserialize)]
struct People {
    organisation: Value,
    admin: Profile,
    treasurer: Profile,
    finance: Profile,
    manager: Profile,
    employee: Profile,
}

/// What the payment and booking of the report are made with.
pub(crate) struct PaymentSample {
    /// Account that pays.
    settings: Value,
    /// Accounts of the ledger.
    ledger: Value,
    /// Account of the employee.
    payout_account: Value,
    /// Batch to create.
    pub(crate) batch: Value,
    /// Answer of the bank. `{end_to_end_id}` stands for that of the payment, `{today}` is replaced.
    pub(crate) bank_answer: String,
}

impl SampleData {
    /// Reads the files.
    pub(crate) fn read(workspace: &Path, today: Date) -> Result<Self, String> {
        let folder = workspace.join("events").join("demo");
        Ok(Self {
            people: read(&folder.join("people.json"))?,
            policy: read(&folder.join("policy.json"))?,
            rates: with_dates(read(&folder.join("rates.json"))?, today)?,
            report: with_dates(read(&folder.join("report.json"))?, today)?,
            partial_approval: read(&folder.join("verdict.json"))?,
            payment: PaymentSample::read(&folder, today)?,
            expected: read(&folder.join("expected.json"))?,
        })
    }
}

impl PaymentSample {
    fn read(folder: &Path, today: Date) -> Result<Self, String> {
        let payments: Value = with_dates(read(&folder.join("payments.json"))?, today)?;
        let part = |name: &str| payments.get(name).cloned().unwrap_or_default();
        Ok(Self {
            settings: part("settings"),
            ledger: part("ledger"),
            payout_account: part("payout_account"),
            batch: part("batch"),
            bank_answer: read_text(&folder.join("bank-answer.xml"))?.replace("{today}", &today.to_string()),
        })
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    serde_json::from_str(&read_text(path)?).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

/// Replaces each `"day": -10` by the `"date"` ten days before today, and `"execution_day"` by the `"execution_date"`.
fn with_dates(value: Value, today: Date) -> Result<Value, String> {
    let member = |(name, value): (String, Value)| match (name.strip_suffix("day"), value.as_i64()) {
        (Some(prefix), Some(days)) => {
            let date = Span::new()
                .try_days(days)
                .and_then(|span| today.checked_add(span))
                .map_err(|error| format!("the day {days} of the sample: {error}"))?;
            Ok((format!("{prefix}date"), date.to_string().into()))
        }
        _ => Ok((name, with_dates(value, today)?)),
    };
    match value {
        Value::Array(values) => values.into_iter().map(|value| with_dates(value, today)).collect(),
        Value::Object(members) => {
            Ok(Value::Object(members.into_iter().map(member).collect::<Result<Map<_, _>, String>>()?))
        }
        other => Ok(other),
    }
}

/// The organisation with its signed-in members.
pub(crate) struct SampleOrg {
    pub(crate) org: String,
    pub(crate) name: String,
    pub(crate) admin: User,
    pub(crate) treasurer: User,
    pub(crate) finance: User,
    pub(crate) manager: User,
    pub(crate) employee: User,
}

impl SampleOrg {
    /// Signs the members in. `org` is empty until the organisation is created or found.
    pub(crate) async fn sign_in(client: &Client, sample: &SampleData) -> Result<Self, String> {
        let people = &sample.people;
        Ok(Self {
            org: String::new(),
            name: text(&people.organisation, "/name").to_owned(),
            admin: client.sign_in(&people.admin).await?,
            treasurer: client.sign_in(&people.treasurer).await?,
            finance: client.sign_in(&people.finance).await?,
            manager: client.sign_in(&people.manager).await?,
            employee: client.sign_in(&people.employee).await?,
        })
    }

    /// Returns a path of the organisation.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v1/orgs/{}/{rest}", self.org)
    }

    /// Creates the organisation, as the admin.
    pub(crate) async fn create(&mut self, sample: &SampleData) -> Result<(), String> {
        let body = &sample.people.organisation;
        let created = self.admin.post("/v1/orgs", "sample-organisation", body).await?.expect(201)?;
        text(&created, "/id").clone_into(&mut self.org);
        Ok(())
    }

    /// Invites the other members, as the admin. The manager approves the reports of the employee.
    pub(crate) async fn invite_members(&self) -> Result<(), String> {
        self.invite_member(&self.treasurer.profile, None).await?;
        self.invite_member(&self.finance.profile, None).await?;
        let manager = self.invite_member(&self.manager.profile, None).await?;
        self.invite_member(&self.employee.profile, Some(text(&manager, "/id"))).await?;
        // An invited member gets no other mail before their first request.
        for user in [&self.treasurer, &self.finance, &self.manager, &self.employee] {
            user.get(&self.path("members/me")).await?.expect(200)?;
        }
        Ok(())
    }

    async fn invite_member(&self, profile: &Profile, manager: Option<&str>) -> Result<Value, String> {
        let body = json!({
            "name": profile.name, "email": profile.email, "role": profile.role, "manager_id": manager,
        });
        let key = format!("sample-{}", profile.subject());
        let answer = self.admin.post(&self.path("members"), &key, &body).await?;
        answer.expect(201)
    }

    /// Sets the policy, as the admin; returns the stored policy.
    pub(crate) async fn put_policy(&self, sample: &SampleData) -> Result<Value, String> {
        let answer = self.admin.put(&self.path("policy"), &sample.policy).await?;
        answer.expect(200)
    }

    /// Sets what payments and bookings need: the account that pays, the ledger, and the account of the employee.
    pub(crate) async fn put_payment_settings(&self, sample: &SampleData) -> Result<(), String> {
        let PaymentSample { settings, ledger, payout_account, .. } = &sample.payment;
        self.admin.put(&self.path("payment-settings"), settings).await?.expect(200)?;
        self.finance.put(&self.path("ledger"), ledger).await?.expect(200)?;
        self.employee.put(&self.path("members/me/payout_account"), payout_account).await?.expect(200)?;
        Ok(())
    }

    /// Sets the exchange rates of each day, as finance.
    pub(crate) async fn put_rates(&self, sample: &SampleData) -> Result<(), String> {
        for day in array(&sample.rates, "") {
            let path = self.path(&format!("rates/{}", text(day, "/date")));
            let body = json!({"rates": day.get("rates"), "source": day.get("source")});
            self.finance.put(&path, &body).await?.expect(200)?;
        }
        Ok(())
    }
}
