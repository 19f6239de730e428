//! How each thing of the story looks: it takes answers of the API and prints what a person wants to see of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::acme::Acme;
use super::client::{array, at, items, text};
use super::page;

pub(super) fn people(acme: &Acme) {
    let reports_to = format!("employee, reports to {}", acme.manager.profile.name);
    for (person, role) in
        [(&acme.finance, "finance"), (&acme.manager, "employee, a manager"), (&acme.employee, &reports_to)]
    {
        let profile = &person.profile;
        page::detail(&page::row(&[(&profile.name, 12), (&profile.email, 20), (role, 40)]));
    }
}

pub(super) fn policy(policy: &Value) {
    let limit = |limit: &Value| {
        format!("{} {} per {}", text(limit, "/categories/0"), text(limit, "/amount/amount"), text(limit, "/period"))
    };
    let limits: Vec<String> = array(policy, "/limits").iter().map(limit).collect();
    page::detail(&format!("limits in EUR: {}", limits.join(", ")));
    page::detail(&format!(
        "receipts from {}; the manager approves, and finance too from {}",
        money(policy, "/receipt_required_from"),
        money(policy, "/steps/1/when/from_total"),
    ));
}

pub(super) fn rates(days: &Value) {
    for day in array(days, "") {
        page::detail(&format!(
            "{}   1 GBP = {} EUR   1 JPY = {} EUR   {}",
            text(day, "/date"),
            text(day, "/rates/GBP"),
            text(day, "/rates/JPY"),
            text(day, "/source"),
        ));
    }
}

/// The columns of the table of expenses.
fn cells(texts: [&str; 7]) -> String {
    let widths = [10, 20, 13, 7, -12, -9, -8];
    page::row(&texts.into_iter().zip(widths).collect::<Vec<_>>())
}

/// The lines as a table; a mark stands behind those that the policy found fault with.
pub(super) fn expenses(report: &Value) {
    let in_report = |line: &Value, name: &str| {
        let own = text(line, &format!("/{name}/amount"));
        let converted = text(line, &format!("/converted/{name}/amount"));
        (if converted.is_empty() { own } else { converted }).to_owned()
    };
    page::detail(&page::dim(&cells(["date", "merchant", "category", "paid by", "amount", "in EUR", "tax"])));
    let over = |line: &Value| {
        array(report, "/violations").iter().any(|found| array(found, "/expense_ids").contains(at(line, "id")))
    };
    for line in array(report, "/expenses") {
        let payer = if text(line, "/payment_method") == "personal" { "Ana" } else { "card" };
        let shown = cells([
            text(line, "/date"),
            text(line, "/merchant"),
            text(line, "/category"),
            payer,
            &money(line, "/amount"),
            &in_report(line, "amount"),
            &in_report(line, "tax"),
        ]);
        page::detail(&format!("{shown}{}", if over(line) { " !" } else { "" }));
    }
}

pub(super) fn confirmation(report: &Value) {
    page::detail(&format!(
        "{}, {}, version {}",
        page::bold(text(report, "/number")),
        text(report, "/status"),
        at(report, "version"),
    ));
    let sum = |pointer| money(report, pointer);
    for (name, amount, beside, other, why) in [
        ("total", sum("/totals/total"), "reimbursable", sum("/totals/reimbursable"), "what Ana paid herself"),
        ("net", sum("/totals/net"), "base total", sum("/base_total"), "Acme's books are in EUR too"),
        ("tax", sum("/totals/tax"), "", String::new(), ""),
    ] {
        page::detail(&page::row(&[(name, 5), (&amount, -12), ("", 2), (beside, 12), (&other, -12), (why, 40)]));
    }
    for found in array(report, "/violations") {
        page::warning(text(found, "/message"));
    }
    for step in array(report, "/steps") {
        let due = match text(step, "/due_on") {
            "" => "when step 1 is approved".to_owned(),
            day => format!("due {day}"),
        };
        page::detail(&format!(
            "→ {}. {}: {}, {due}",
            at(step, "number"),
            text(step, "/name"),
            text(step, "/approvers/0/name"),
        ));
        page::aside(text(step, "/reason"));
    }
}

/// A mail: to whom, its subject, and the first lines of its text after the greeting.
pub(super) fn mail(mail: &Value, lines: usize) {
    let written = text(mail, "/text").lines().map(str::trim);
    let written: Vec<&str> = written.filter(|line| !line.is_empty()).skip(1).collect();
    let mut shown = vec![format!("To: {}", text(mail, "/to/0")), format!("Subject: {}", text(mail, "/subject"))];
    shown.extend(written.iter().take(lines).map(|&line| line.to_owned()));
    if lines > 0 {
        shown.push(format!("… {} more lines", written.len().saturating_sub(lines)));
    }
    page::quote(&shown);
}

pub(super) fn queue(queue: &Value) {
    for task in items(queue) {
        page::detail(&format!(
            "{}  {}, {}, {} findings, due {}",
            text(task, "/number"),
            text(task, "/title"),
            money(task, "/total"),
            at(task, "violations"),
            text(task, "/due_on"),
        ));
    }
}

/// What is granted of a line, and what that leaves the owner.
pub(super) fn verdict(line: &Value, verdict: &Value, report: &Value) {
    let (claimed, granted) = (money(line, "/amount"), money(verdict, "/approved_amount"));
    page::detail(&format!("{} of {claimed} at {}: {}", granted, text(line, "/merchant"), text(verdict, "/reason")));
    page::detail(&format!(
        "Ana gets back {}; {} is not reimbursed",
        money(report, "/totals/reimbursable"),
        money(report, "/totals/not_reimbursed"),
    ));
}

pub(super) fn history(history: &Value) {
    for event in items(history) {
        let number = at(event, "seq").to_string();
        let moment: Timestamp = text(event, "/at").parse().unwrap_or_default();
        let moment = format!("{moment:.3}");
        page::detail(&page::row(&[
            (&number, 2),
            (text(event, "/type"), 18),
            (text(event, "/actor/name"), 12),
            (&moment, 24),
        ]));
    }
}

/// How many items there are of what, the most frequent first.
pub(super) fn stored(stored: BTreeMap<String, u64>) {
    let mut counts: Vec<_> = stored.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let counts: Vec<_> = counts.iter().map(|(entity, count)| format!("{entity} {count}")).collect();
    for part in counts.chunks(counts.len().div_ceil(2).max(1)) {
        page::detail(&part.join(" · "));
    }
}

/// The amount with its currency at a JSON pointer.
pub(super) fn money(value: &Value, pointer: &str) -> String {
    let part = |name: &str| text(value, &format!("{pointer}/{name}"));
    format!("{} {}", part("amount"), part("currency"))
}
