//! Prints the answers of the API for a person to read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::client::{array, items, member, text};
use super::sample_org::SampleOrg;
use super::terminal;

/// Prints the invited members.
pub(super) fn members(org: &SampleOrg) {
    let reports_to = format!("employee, reports to {}", org.manager.profile.name);
    for (person, role) in
        [(&org.finance, "finance"), (&org.manager, "employee, a manager"), (&org.employee, &reports_to)]
    {
        let profile = &person.profile;
        terminal::print_detail(&terminal::row(&[(&profile.name, 12), (&profile.email, 20), (role, 40)]));
    }
}

/// Prints limits and approval steps of the policy.
pub(super) fn policy(policy: &Value) {
    let limit = |limit: &Value| {
        format!("{} {} per {}", text(limit, "/categories/0"), text(limit, "/amount/amount"), text(limit, "/period"))
    };
    let limits: Vec<String> = array(policy, "/limits").iter().map(limit).collect();
    terminal::print_detail(&format!("limits in EUR: {}", limits.join(", ")));
    terminal::print_detail(&format!(
        "receipts required from {}; the manager approves, from {} finance too",
        money(policy, "/receipt_required_from"),
        money(policy, "/steps/1/when/from_total"),
    ));
}

/// Prints the exchange rates.
pub(super) fn rates(days: &Value) {
    for day in array(days, "") {
        terminal::print_detail(&format!(
            "{}   1 GBP = {} EUR   1 JPY = {} EUR   {}",
            text(day, "/date"),
            text(day, "/rates/GBP"),
            text(day, "/rates/JPY"),
            text(day, "/source"),
        ));
    }
}

/// Formats a row of the table of expenses.
fn cells(texts: [&str; 7]) -> String {
    let widths = [10, 20, 13, 7, -12, -9, -8];
    terminal::row(&texts.into_iter().zip(widths).collect::<Vec<_>>())
}

/// Prints the lines as a table; `!` marks lines that violate the policy.
pub(super) fn expenses(report: &Value) {
    let in_report = |line: &Value, name: &str| {
        let own = text(line, &format!("/{name}/amount"));
        let converted = text(line, &format!("/converted/{name}/amount"));
        (if converted.is_empty() { own } else { converted }).to_owned()
    };
    terminal::print_detail(&terminal::dim(&cells([
        "date", "merchant", "category", "paid by", "amount", "in EUR", "tax",
    ])));
    let has_violation = |line: &Value| {
        array(report, "/violations").iter().any(|found| array(found, "/expense_ids").contains(member(line, "id")))
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
        terminal::print_detail(&format!("{shown}{}", if has_violation(line) { " !" } else { "" }));
    }
}

/// Prints the answer to the submission: totals, violations, steps.
pub(super) fn confirmation(report: &Value) {
    terminal::print_detail(&format!(
        "{}, {}, version {}",
        terminal::bold(text(report, "/number")),
        text(report, "/status"),
        member(report, "version"),
    ));
    let sum = |pointer| money(report, pointer);
    for (name, amount, beside, other, why) in [
        ("total", sum("/totals/total"), "reimbursable", sum("/totals/reimbursable"), "paid by Ana, not by card"),
        ("net", sum("/totals/net"), "base total", sum("/base_total"), "in the base currency of Acme"),
        ("tax", sum("/totals/tax"), "", String::new(), ""),
    ] {
        terminal::print_detail(&terminal::row(&[
            (name, 5),
            (&amount, -12),
            ("", 2),
            (beside, 12),
            (&other, -12),
            (why, 40),
        ]));
    }
    for found in array(report, "/violations") {
        terminal::print_warning(text(found, "/message"));
    }
    for step in array(report, "/steps") {
        let due = match text(step, "/due_on") {
            "" => "after step 1".to_owned(),
            day => format!("due {day}"),
        };
        terminal::print_detail(&format!(
            "→ {}. {}: {}, {due}",
            member(step, "number"),
            text(step, "/name"),
            text(step, "/approvers/0/name"),
        ));
        terminal::print_explanation(text(step, "/reason"));
    }
}

/// Prints a mail: recipient, subject, and the first lines of its text after the greeting.
pub(super) fn mail(mail: &Value, lines: usize) {
    let written = text(mail, "/text").lines().map(str::trim);
    let written: Vec<&str> = written.filter(|line| !line.is_empty()).skip(1).collect();
    let mut shown = vec![format!("To: {}", text(mail, "/to/0")), format!("Subject: {}", text(mail, "/subject"))];
    shown.extend(written.iter().take(lines).map(|&line| line.to_owned()));
    if lines > 0 {
        shown.push(format!("… {} more lines", written.len().saturating_sub(lines)));
    }
    terminal::print_quote(&shown);
}

/// Prints the tasks of an approver.
pub(super) fn queue(queue: &Value) {
    for task in items(queue) {
        terminal::print_detail(&format!(
            "{}  {}, {}, {} findings, due {}",
            text(task, "/number"),
            text(task, "/title"),
            money(task, "/total"),
            member(task, "violations"),
            text(task, "/due_on"),
        ));
    }
}

/// Prints the approved part of a line, and the totals of the report.
pub(super) fn partial_approval(line: &Value, decision: &Value, report: &Value) {
    let (claimed, approved) = (money(line, "/amount"), money(decision, "/approved_amount"));
    terminal::print_detail(&format!(
        "{approved} of {claimed} at {}: {}",
        text(line, "/merchant"),
        text(decision, "/reason")
    ));
    terminal::print_detail(&format!(
        "Ana is reimbursed {}; {} is not reimbursed",
        money(report, "/totals/reimbursable"),
        money(report, "/totals/not_reimbursed"),
    ));
}

/// Prints the events of a report.
pub(super) fn history(history: &Value) {
    for event in items(history) {
        let number = member(event, "seq").to_string();
        let time: Timestamp = text(event, "/at").parse().unwrap_or_default();
        let time = format!("{time:.3}");
        terminal::print_detail(&terminal::row(&[
            (&number, 2),
            (text(event, "/type"), 18),
            (text(event, "/actor/name"), 12),
            (&time, 24),
        ]));
    }
}

/// Prints the number of items of each entity, the most frequent first.
pub(super) fn stored_items(stored: BTreeMap<String, u64>) {
    let mut counts: Vec<_> = stored.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let counts: Vec<_> = counts.iter().map(|(entity, count)| format!("{entity} {count}")).collect();
    for part in counts.chunks(counts.len().div_ceil(2).max(1)) {
        terminal::print_detail(&part.join(" · "));
    }
}

/// Formats the amount at a JSON pointer, with its currency.
pub(super) fn money(value: &Value, pointer: &str) -> String {
    let part = |name: &str| text(value, &format!("{pointer}/{name}"));
    format!("{} {}", part("amount"), part("currency"))
}
