//! What a fresh stack is given before anybody uses it: the sample organisation, and for whoever started the stack the lines to
//! paste that bring it to life. Everything goes through the API.

use std::path::Path;

use jiff::civil::Date;
use outlay_local::Stack;
use serde_json::{Value, json};

use crate::demo::acme::{Acme, Sample};
use crate::demo::client::{Client, Person, text};
use crate::demo::page::{bold, dim, line};

/// Makes sure that the sample organisation is there, and says how to use it. `data` is the folder that keeps the table; it
/// remembers the organisation too.
///
/// # Errors
/// A sentence that says what went wrong.
pub(crate) async fn prepare(stack: &Stack, workspace: &Path, data: Option<&Path>) -> Result<(), String> {
    let prepared = async {
        let client = Client::new(stack.url())?;
        let today = client.today().await?;
        let sample = Sample::read(workspace, today)?;
        let acme = settle(&client, &sample, data).await?;
        Ok::<_, String>((acme, today))
    };
    let (acme, today) =
        prepared.await.map_err(|error| format!("the sample organisation cannot be prepared: {error}"))?;
    welcome(stack.url(), &acme, data.is_some());
    tokens(stack.url(), &acme);
    examples(&acme, today);
    Ok(())
}

/// The organisation of an earlier start, if the table still has it, or a new one.
async fn settle(client: &Client, sample: &Sample, data: Option<&Path>) -> Result<Acme, String> {
    let mut acme = Acme::sign_in(client, sample).await?;
    let note = data.map(|folder| folder.join("seed.json"));
    let remembered = note.as_ref().and_then(|path| std::fs::read(path).ok());
    // A note that cannot be read is as good as none: founding repeats itself.
    let remembered: Option<Value> = remembered.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(note) = remembered {
        text(&note, "/org").clone_into(&mut acme.org);
        let admin = acme.admin.get(&acme.path("members/me")).await?;
        if admin.status != 404 {
            admin.expect(200)?;
            return Ok(acme);
        }
    }
    acme.found(sample).await?;
    acme.invite().await?;
    acme.put_policy(sample).await?;
    acme.enter_rates(sample).await?;
    if let Some(path) = note {
        std::fs::write(&path, json!({"org": acme.org}).to_string())
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    }
    Ok(acme)
}

fn welcome(url: &str, acme: &Acme, kept: bool) {
    let keeping = if kept {
        "What you do is kept in .outlay/ and is there again at the next start; delete it to begin afresh."
    } else {
        "Everything is in memory, and gone with it."
    };
    line("");
    line(&format!("{} Ctrl-C ends it.", bold("Outlay runs on this machine.")));
    line(keeping);
    line("");
    for (name, value) in [
        ("API", format!("{url}/v1")),
        ("OpenAPI", format!("{url}/v1/openapi.json")),
        ("Mailbox", format!("{url}/_local/mail")),
        (&acme.name, format!("{}, with books in EUR", acme.org)),
    ] {
        line(&format!("  {name:<8} {value}"));
    }
}

/// The address and a token for each of the people, as shell variables.
fn tokens(url: &str, acme: &Acme) {
    line("");
    line(&bold("Paste this into another terminal. The tokens are good for 12 hours, and each start prints new ones."));
    line("");
    line(&format!("export API={url} ACME={url}/v1/orgs/{}", acme.org));
    let manager = &acme.manager.profile.name;
    for (person, role) in [
        (&acme.employee, format!("employee, reports to {manager}")),
        (&acme.manager, "employee, approves as a manager".to_owned()),
        (&acme.finance, "finance".to_owned()),
    ] {
        line(&dim(&format!("# {}, {role}", person.profile.name)));
        line(&format!("export {}={}", variable(person), dim(&person.token)));
    }
}

/// Comments are free of quotes, brackets and semicolons: an interactive zsh takes them for commands.
fn examples(acme: &Acme, today: Date) {
    let yesterday = today.yesterday().unwrap_or(today);
    let profile = &acme.admin.profile;
    line("");
    line(&bold("Then these, one after the other."));
    line("");
    line(&dim(
        "# Ana submits a report in one call, and REPORT is its identifier. Pasted twice it is still one, for it has the same key",
    ));
    line(&format!(
        r#"REPORT=$(curl -sS "$ACME/reports" -H "Authorization: Bearer $ANA" -H "Content-Type: application/json" -H "Idempotency-Key: visit-to-london" -d '{{
  "title": "Client visit London",
  "submit": true,
  "expenses": [
    {{"date": "{yesterday}", "category": "travel", "merchant": "Eurostar",
     "amount": {{"amount": "189.00", "currency": "EUR"}}, "receipt_reference": "eurostar.pdf"}},
    {{"date": "{today}", "category": "meals", "merchant": "The Lamb",
     "amount": {{"amount": "58.00", "currency": "GBP"}}, "tax": {{"amount": "9.67", "currency": "GBP"}},
     "justification": "Dinner for two with a client.", "receipt_reference": "lamb.jpg"}}
  ]
}}' | tee /dev/stderr | sed -n 's/.*"id":"\(rep_[^"]*\)".*/\1/p'); echo; echo "REPORT=$REPORT""#
    ));
    line(&dim("# Marco finds it in his queue and approves version 1, which he has seen"));
    line(r#"curl -sS "$ACME/approvals" -H "Authorization: Bearer $MARCO"; echo"#);
    line(
        r#"curl -sS -X POST "$ACME/reports/$REPORT/approve" -H "Authorization: Bearer $MARCO" -H 'If-Match: "1"'; echo"#,
    );
    line(&dim("# Fiona reads its history, and Ana has got a mail"));
    line(r#"curl -sS "$ACME/reports/$REPORT/history" -H "Authorization: Bearer $FIONA"; echo"#);
    line(&format!(r#"curl -sS "$API/_local/mail?to={}" | grep -o '"subject":"[^"]*"'"#, acme.employee.profile.email));
    line(&dim(&format!("# POST /_local/token gives a token for anybody, here for {}, who is the admin", profile.name)));
    line(&format!(
        r#"export {}=$(curl -sS "$API/_local/token" -d '{{"sub":"{}","email":"{}","name":"{}"}}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')"#,
        variable(&acme.admin),
        profile.subject(),
        profile.email,
        profile.name,
    ));
    line("");
}

/// The shell variable of a person's token.
fn variable(person: &Person) -> String {
    person.profile.subject().to_ascii_uppercase()
}
