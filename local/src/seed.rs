//! Content of a new stack: creates the sample organisation over the API, and prints tokens and curl examples.

use std::path::Path;

use jiff::civil::Date;
use outlay_local::Stack;
use serde_json::{Value, json};

use crate::demo::client::{Client, User, text};
use crate::demo::sample_org::{SampleData, SampleOrg};
use crate::demo::terminal::{bold, dim, print_line};

/// Creates the sample organisation unless it exists, and prints how to use it. `data` is the data folder, which also
/// keeps the identifier of the organisation.
///
/// # Errors
/// A sentence about the failed step.
pub(crate) async fn prepare(stack: &Stack, workspace: &Path, data: Option<&Path>) -> Result<(), String> {
    let prepared = async {
        let client = Client::new(stack.url())?;
        let today = client.today().await?;
        let sample = SampleData::read(workspace, today)?;
        let org = ensure_org(&client, &sample, data).await?;
        Ok::<_, String>((org, today))
    };
    let (org, today) = prepared.await.map_err(|error| format!("the sample organisation cannot be created: {error}"))?;
    print_addresses(stack.url(), &org, data.is_some());
    print_tokens(stack.url(), &org);
    print_examples(&org, today);
    Ok(())
}

/// Finds the organisation of an earlier start in the table, or creates one.
async fn ensure_org(client: &Client, sample: &SampleData, data: Option<&Path>) -> Result<SampleOrg, String> {
    let mut org = SampleOrg::sign_in(client, sample).await?;
    let file = data.map(|folder| folder.join("seed.json"));
    let known = file.as_ref().and_then(|path| std::fs::read(path).ok());
    // Without a readable file the organisation is created again, with the same idempotency keys.
    let known: Option<Value> = known.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(known) = known {
        text(&known, "/org").clone_into(&mut org.org);
        let admin = org.admin.get(&org.path("members/me")).await?;
        if admin.status != 404 {
            admin.expect(200)?;
            return Ok(org);
        }
    }
    org.create(sample).await?;
    org.invite_members().await?;
    org.put_policy(sample).await?;
    org.put_rates(sample).await?;
    org.put_payment_settings(sample).await?;
    if let Some(path) = file {
        std::fs::write(&path, json!({"org": org.org}).to_string())
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    }
    Ok(org)
}

/// Prints the addresses of the stack.
fn print_addresses(url: &str, org: &SampleOrg, is_kept: bool) {
    let storage = if is_kept {
        "Data is kept in .outlay/ until you delete that folder."
    } else {
        "Data is in memory and is lost when the stack stops."
    };
    print_line("");
    print_line(&format!("{} Press Ctrl-C to stop it.", bold("Outlay runs on this machine.")));
    print_line(storage);
    print_line("");
    for (name, value) in [
        ("API", format!("{url}/v1")),
        ("OpenAPI", format!("{url}/v1/openapi.json")),
        ("Mailbox", format!("{url}/_local/mail")),
        (&org.name, format!("{}, base currency EUR", org.org)),
    ] {
        print_line(&format!("  {name:<8} {value}"));
    }
}

/// Prints the URL and the tokens of members as shell variables.
fn print_tokens(url: &str, org: &SampleOrg) {
    print_line("");
    print_line(&bold("Paste these lines into another terminal. The tokens are valid for 12 hours."));
    print_line("");
    print_line(&format!("export API={url} ACME={url}/v1/orgs/{}", org.org));
    let manager = &org.manager.profile.name;
    for (user, role) in [
        (&org.employee, format!("employee, reports to {manager}")),
        (&org.manager, "employee, approves as the manager".to_owned()),
        (&org.finance, "finance".to_owned()),
    ] {
        print_line(&dim(&format!("# {}, {role}", user.profile.name)));
        print_line(&format!("export {}={}", variable_name(user), dim(&user.token)));
    }
}

/// Prints curl examples. Their comments have no quotes, brackets or semicolons, which an interactive zsh would
/// interpret.
fn print_examples(org: &SampleOrg, today: Date) {
    let yesterday = today.yesterday().unwrap_or(today);
    let profile = &org.admin.profile;
    print_line("");
    print_line(&bold("Then run these commands in order."));
    print_line("");
    print_line(&dim(
        "# Ana submits a report in one call. REPORT is its identifier. Repeating the call creates no second report",
    ));
    print_line(&format!(
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
    print_line(&dim("# Marco lists the reports to approve, and approves version 1"));
    print_line(r#"curl -sS "$ACME/approvals" -H "Authorization: Bearer $MARCO"; echo"#);
    print_line(
        r#"curl -sS -X POST "$ACME/reports/$REPORT/approve" -H "Authorization: Bearer $MARCO" -H 'If-Match: "1"'; echo"#,
    );
    print_line(&dim("# Fiona reads the history of the report, and Ana has received a mail"));
    print_line(r#"curl -sS "$ACME/reports/$REPORT/history" -H "Authorization: Bearer $FIONA"; echo"#);
    print_line(&format!(
        r#"curl -sS "$API/_local/mail?to={}" | grep -o '"subject":"[^"]*"'"#,
        org.employee.profile.email
    ));
    print_line(&dim(&format!(
        "# POST /_local/token issues a token for any user, here for {}, the admin",
        profile.name
    )));
    print_line(&format!(
        r#"export {}=$(curl -sS "$API/_local/token" -d '{{"sub":"{}","email":"{}","name":"{}"}}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')"#,
        variable_name(&org.admin),
        profile.subject(),
        profile.email,
        profile.name,
    ));
    print_line("");
}

/// Returns the name of the shell variable with the token of a user.
fn variable_name(user: &User) -> String {
    user.profile.subject().to_ascii_uppercase()
}
