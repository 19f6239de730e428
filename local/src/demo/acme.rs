//! The sample organisation: its data from `events/demo/`, and how it is founded over the API. Every POST has a fixed key, so
//! founding it again after a start that was cut off continues where that one stopped.

use std::path::Path;

use jiff::Span;
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::client::{Client, Person, Profile, array, text};

/// What `events/demo/` holds. Days in it are relative to the day it is read for.
pub(crate) struct Sample {
    people: People,
    pub(crate) policy: Value,
    pub(crate) rates: Value,
    pub(crate) report: Value,
    /// What finance does not grant in full.
    pub(crate) verdict: Value,
    /// What the demo must come to.
    pub(crate) expected: Value,
}

#[derive(Deserialize)]
struct People {
    organisation: Value,
    admin: Profile,
    finance: Profile,
    manager: Profile,
    employee: Profile,
}

impl Sample {
    pub(crate) fn read(workspace: &Path, today: Date) -> Result<Self, String> {
        let folder = workspace.join("events").join("demo");
        Ok(Self {
            people: read(&folder.join("people.json"))?,
            policy: read(&folder.join("policy.json"))?,
            rates: dated(read(&folder.join("rates.json"))?, today)?,
            report: dated(read(&folder.join("report.json"))?, today)?,
            verdict: read(&folder.join("verdict.json"))?,
            expected: read(&folder.join("expected.json"))?,
        })
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let fault = |error: &dyn std::fmt::Display| format!("{} cannot be read: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| fault(&error))?;
    serde_json::from_str(&text).map_err(|error| fault(&error))
}

/// The value with each `"day": -10` in it turned into the `"date"` ten days before today.
fn dated(value: Value, today: Date) -> Result<Value, String> {
    let member = |(name, value): (String, Value)| match (name.as_str(), value.as_i64()) {
        ("day", Some(days)) => {
            let date = Span::new()
                .try_days(days)
                .and_then(|span| today.checked_add(span))
                .map_err(|error| format!("the sample's day {days}: {error}"))?;
            Ok(("date".to_owned(), date.to_string().into()))
        }
        _ => Ok((name, dated(value, today)?)),
    };
    match value {
        Value::Array(values) => values.into_iter().map(|value| dated(value, today)).collect(),
        Value::Object(members) => {
            Ok(Value::Object(members.into_iter().map(member).collect::<Result<Map<_, _>, String>>()?))
        }
        other => Ok(other),
    }
}

/// The organisation and its people, signed in.
pub(crate) struct Acme {
    pub(crate) org: String,
    pub(crate) name: String,
    pub(crate) admin: Person,
    pub(crate) finance: Person,
    pub(crate) manager: Person,
    pub(crate) employee: Person,
}

impl Acme {
    /// Signs its people in. It has no identifier before it is founded or remembered.
    pub(crate) async fn sign_in(client: &Client, sample: &Sample) -> Result<Self, String> {
        let people = &sample.people;
        Ok(Self {
            org: String::new(),
            name: text(&people.organisation, "/name").to_owned(),
            admin: client.sign_in(&people.admin).await?,
            finance: client.sign_in(&people.finance).await?,
            manager: client.sign_in(&people.manager).await?,
            employee: client.sign_in(&people.employee).await?,
        })
    }

    /// A path in the organisation.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v1/orgs/{}/{rest}", self.org)
    }

    /// The admin founds it.
    pub(crate) async fn found(&mut self, sample: &Sample) -> Result<(), String> {
        let body = &sample.people.organisation;
        let founded = self.admin.post("/v1/orgs", "sample-organisation", body).await?.expect(201)?;
        text(&founded, "/id").clone_into(&mut self.org);
        Ok(())
    }

    /// The admin invites the others, the employee as one whose reports the manager approves.
    pub(crate) async fn invite(&self) -> Result<(), String> {
        self.invite_one(&self.finance.profile, None).await?;
        let manager = self.invite_one(&self.manager.profile, None).await?;
        self.invite_one(&self.employee.profile, Some(text(&manager, "/id"))).await?;
        Ok(())
    }

    async fn invite_one(&self, profile: &Profile, manager: Option<&str>) -> Result<Value, String> {
        let body = json!({
            "name": profile.name, "email": profile.email, "role": profile.role, "manager_id": manager,
        });
        let key = format!("sample-{}", profile.subject());
        let answer = self.admin.post(&self.path("members"), &key, &body).await?;
        answer.expect(201)
    }

    /// The admin puts the policy in force; gives it as it is answered.
    pub(crate) async fn put_policy(&self, sample: &Sample) -> Result<Value, String> {
        let answer = self.admin.put(&self.path("policy"), &sample.policy).await?;
        answer.expect(200)
    }

    /// Finance enters the rates of each day.
    pub(crate) async fn enter_rates(&self, sample: &Sample) -> Result<(), String> {
        for day in array(&sample.rates, "") {
            let path = self.path(&format!("rates/{}", text(day, "/date")));
            let body = json!({"rates": day.get("rates"), "source": day.get("source")});
            self.finance.put(&path, &body).await?.expect(200)?;
        }
        Ok(())
    }
}
