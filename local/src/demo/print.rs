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
    for (person, role) in [
        (&org.treasurer, "admin"),
        (&org.finance, "finance"),
        (&org.manager, "employee, a manager"),
        (&org.employee, reports_to.as_str()),
    ] {
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

/// Prints a payment of a batch, and why it is held.
pub(super) fn payment(payment: &Value) {
    let held = match text(payment, "/hold/reason") {
        "" => String::new(),
        reason => format!(", held: {}", reason.replace('_', " ")),
    };
    terminal::print_detail(&format!(
        "{} to {}, account {}{held}",
        money(payment, "/amount"),
        text(payment, "/payee/name"),
        text(payment, "/account/masked"),
    ));
}

/// Prints the name of the file for the bank, its hash, and the part about its first payment.
pub(super) fn bank_file(link: &Value, file: &str) {
    let digest: String = text(link, "/sha256").chars().take(16).collect();
    terminal::print_detail(&format!("{}, {} bytes, SHA-256 {digest}…", text(link, "/name"), file.len()));
    let payment = file.split_once("<CdtTrfTxInf>").and_then(|(_, rest)| rest.split_once("</CdtTrfTxInf>"));
    let elements = payment.map(|(payment, _)| payment.replace("><", ">\n<")).unwrap_or_default();
    // The elements with a value.
    let values = elements.lines().filter(|element| element.contains("</") && !element.starts_with("</"));
    terminal::print_quote(&values.map(str::to_owned).collect::<Vec<_>>());
}

/// Prints what was recorded of a bank's answer.
pub(super) fn bank_answer(answer: &Value) {
    for entry in array(answer, "/entries") {
        terminal::print_detail(&format!(
            "{} {}: {}",
            text(entry, "/end_to_end_id"),
            money(entry, "/amount"),
            text(entry, "/result"),
        ));
    }
}

/// Prints the entries of a journal by account; returns the debits less the credits of each, in minor units.
pub(super) fn journal(journal: &Value) -> Vec<i64> {
    let mut balances = Vec::new();
    for entry in items(journal) {
        terminal::print_detail(&format!(
            "{}. {} {} {}",
            member(entry, "number"),
            text(entry, "/date"),
            text(entry, "/source").replace('_', " "),
            text(entry, "/reference"),
        ));
        // Sums by account and role, in the order of the lines: debits, then credits.
        let mut sums: Vec<(String, i64, i64)> = Vec::new();
        for line in array(entry, "/lines") {
            let name = format!("{} {}", text(line, "/account"), text(line, "/role").replace('_', " "));
            let minor: i64 = text(line, "/amount/amount").replace('.', "").parse().unwrap_or_default();
            let (debit, credit) = if text(line, "/side") == "debit" { (minor, 0) } else { (0, minor) };
            match sums.iter_mut().find(|(known, ..)| *known == name) {
                Some((_, debits, credits)) => {
                    *debits = debits.saturating_add(debit);
                    *credits = credits.saturating_add(credit);
                }
                None => sums.push((name, debit, credit)),
            }
        }
        let total = |of: fn(&(String, i64, i64)) -> i64| sums.iter().map(of).sum::<i64>();
        balances.push(total(|sum| sum.1).saturating_sub(total(|sum| sum.2)));
        for (name, debit, credit) in &sums {
            journal_row(name, *debit, *credit);
        }
    }
    balances
}

fn journal_row(name: &str, debit: i64, credit: i64) {
    let euros = |minor: i64| match minor {
        0 => String::new(),
        _ => format!("{}.{:02}", minor / 100, minor % 100),
    };
    terminal::print_detail(&terminal::row(&[("", 3), (name, 28), (&euros(debit), -10), (&euros(credit), -10)]));
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
