//! What the two parts of every notice say: all the facts, the same in both, and nothing that a user's text could change.

use std::collections::BTreeSet;

use crate::samples;
use mail_parser::decoders::html::html_to_text;
use outlay_mail::{LineFacts, Message, Notice, Recipient, ReportFacts};

fn render(notice: &Notice) -> Message {
    notice.render(&samples::recipient()).unwrap()
}

fn report_of(notice: &Notice) -> Option<&ReportFacts> {
    match notice {
        Notice::ApprovalRequested { report, .. }
        | Notice::Approved { report, .. }
        | Notice::Returned { report, .. }
        | Notice::Rejected { report, .. } => Some(report),
        Notice::PayoutAccountChanged { .. } | Notice::Invited { .. } => None,
    }
}

/// Every string that the caller handed in, without the recipient.
fn facts(notice: &Notice) -> Vec<String> {
    let mut facts = match notice {
        Notice::ApprovalRequested { step, reason, due_on, .. } => vec![step.clone(), reason.clone(), due_on.clone()],
        Notice::Approved { by, comment, .. } => std::iter::once(by.clone()).chain(comment.clone()).collect(),
        Notice::Returned { by, reason, .. } | Notice::Rejected { by, reason, .. } => {
            std::iter::once(by.clone()).chain(reason.lines().map(str::to_owned)).collect()
        }
        Notice::PayoutAccountChanged { at } => vec![at.clone()],
        Notice::Invited { organisation, inviter, role } => vec![organisation.clone(), inviter.clone(), role.clone()],
    };
    if let Some(report) = report_of(notice) {
        facts.extend([&report.title, &report.number, &report.owner, &report.total].map(Clone::clone));
        facts.push(report.expenses.to_string());
        facts.extend(report.base_total.clone());
        facts.extend(report.not_reimbursed.clone());
        facts.extend(report.violations.clone());
        for LineFacts { date, merchant, category, amount, note } in report.lines.clone() {
            facts.extend([date, merchant, category, amount]);
            facts.extend(note);
        }
    }
    facts
}

/// The words of the visible HTML: the hidden preview line and the wordmark are left out.
fn html_words(html: &str) -> BTreeSet<String> {
    let body = html.split_once("</div>").unwrap().1;
    // The conversion joins the texts of neighbouring cells.
    words(&html_to_text(&body.replace('<', " <")))
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| c.is_whitespace() || "·:;()>!".contains(c))
        .map(|word| word.trim_matches([',', '-']).to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn both_parts_have_every_fact() {
    for (name, notice) in samples::notices() {
        let message = render(&notice);
        let html = html_to_text(&message.html);
        for fact in facts(&notice) {
            assert!(message.text.contains(&fact), "{name}: text lacks {fact:?}\n{}", message.text);
            assert!(html.contains(&fact), "{name}: html lacks {fact:?}\n{html}");
        }
    }
}

#[test]
fn both_parts_say_the_same() {
    for (name, notice) in samples::notices() {
        let message = render(&notice);
        // The labels that the text part needs where the HTML part has size and colour, and the HTML part's own badge.
        let badge = ["Approval", "needed", "Approved", "Returned", "Rejected", "Payout", "Invitation"];
        let text: BTreeSet<String> =
            words(&message.text).into_iter().filter(|w| w != "Report" && w != "Total").collect();
        let html: BTreeSet<String> =
            html_words(&message.html).into_iter().filter(|w| w != "Report" && !badge.contains(&w.as_str())).collect();
        assert_eq!(text, html, "{name}");
    }
}

#[test]
fn the_text_part_of_an_approval_reads_as_meant() {
    let expected = "\
Hello Márta Kowalska,

Ana Silva asks for your approval
Please approve, return or reject this report in Outlay by 2025-07-14.

Report: Client visit Lyon
Total: 1,204.60 EUR (1,310.20 USD in base currency)
Report number: EXP-2041
Owner: Ana Silva
Expenses: 6
Step: Line manager
Due: 2025-07-14
Why you: You are Ana Silva's manager

2 policy violations:
! Hôtel des Artistes: 210.00 EUR a night is over the limit of 180.00 EUR.
! Taxi G7: a receipt is required from 25.00 EUR.

4 of 6 expenses:
- 2025-06-30  SNCF, Train: 148.00 EUR
- 2025-07-01  Hôtel des Artistes, Lodging: 840.00 EUR
  ! Over the limit of 180.00 EUR a night
- 2025-07-02  Taxi G7, Local transport: 38.60 EUR
  ! No receipt
- 2025-07-02  Brasserie Georges, Meals: 96.00 EUR

Sent by Outlay to marta@example.com. This message was written automatically.
";
    assert_eq!(render(&samples::approval(samples::report())).text, expected);
}

#[test]
fn what_is_absent_leaves_no_trace() {
    let message = render(&samples::approval(samples::plain_report()));
    for absent in ["base currency", "violation", "1 expense", "None", "()"] {
        assert!(!message.text.contains(absent), "{absent}\n{}", message.text);
        assert!(!html_to_text(&message.html).contains(absent), "{absent}");
    }
    assert!(!message.text.contains("\n\n\n"), "{}", message.text);

    let nameless = Recipient { name: String::new(), ..samples::recipient() };
    let message = samples::approval(samples::plain_report()).render(&nameless).unwrap();
    assert!(message.text.starts_with("Hello,\n"));
    assert!(message.html.contains(">Hello,<"));
}

#[test]
fn a_blank_comment_is_no_comment() {
    let notice = |comment| Notice::Approved { report: samples::report(), by: "João".to_owned(), comment };
    assert_eq!(render(&notice(Some(" \n ".to_owned()))), render(&notice(None)));
}

#[test]
fn users_cannot_write_html() {
    let evil = "<img src=x onerror=alert(1)>\"'&</td>".to_owned();
    let line = LineFacts {
        date: evil.clone(),
        merchant: evil.clone(),
        category: evil.clone(),
        amount: evil.clone(),
        note: Some(evil.clone()),
    };
    let report = ReportFacts {
        title: evil.clone(),
        number: evil.clone(),
        owner: evil.clone(),
        total: evil.clone(),
        base_total: Some(evil.clone()),
        not_reimbursed: Some(evil.clone()),
        expenses: 1,
        violations: vec![evil.clone()],
        lines: vec![line],
    };
    let (by, reason) = (evil.clone(), evil.clone());
    let to = Recipient { name: evil.clone(), address: evil.clone() };
    let notices = [
        Notice::ApprovalRequested {
            report: report.clone(),
            step: evil.clone(),
            reason: evil.clone(),
            due_on: evil.clone(),
        },
        Notice::Approved { report: report.clone(), by: by.clone(), comment: Some(evil.clone()) },
        Notice::Returned { report: report.clone(), by: by.clone(), reason: reason.clone() },
        Notice::Rejected { report, by, reason },
        Notice::PayoutAccountChanged { at: evil.clone() },
        Notice::Invited { organisation: evil.clone(), inviter: evil.clone(), role: evil.clone() },
    ];
    for notice in notices {
        let message = notice.render(&to).unwrap();
        assert!(!message.html.contains("<img"), "{}", message.html);
        assert!(html_to_text(&message.html).contains(&evil));
        assert!(message.text.contains(&evil), "the text part is not HTML and must not be escaped");
    }
}

#[test]
fn users_cannot_forge_lines_or_turn_the_writing_direction() {
    let mut report = samples::report();
    report.lines[0].merchant = "SNCF\r\nTotal: 1.00 EUR\u{0}".to_owned();
    report.title = "\u{202E}RUE 06.402\u{2066} trip".to_owned();
    let message = render(&samples::approval(report));
    assert!(message.text.contains("SNCF Total: 1.00 EUR, Train"), "{}", message.text);
    for part in [&message.text, &message.html, &message.subject] {
        assert!(!part.contains(['\u{202E}', '\u{2066}', '\r', '\0']));
    }

    let reason = "ok\nTotal: 1.00 EUR".to_owned();
    let message = render(&Notice::Returned { report: samples::report(), by: "João".to_owned(), reason });
    assert!(message.text.contains("> ok\n> Total: 1.00 EUR\n"), "{}", message.text);
    assert!(message.html.contains("ok<br>Total: 1.00 EUR"));
}

#[test]
fn subjects_say_what_happened() {
    let subjects: Vec<String> = samples::notices().iter().map(|(_, notice)| render(notice).subject).collect();
    let expected = [
        "Approve: Client visit Lyon, 1,204.60 EUR (Ana Silva)",
        "Approved: Client visit Lyon, 1,204.60 EUR",
        "Approved: Client visit Lyon, 1,204.60 EUR",
        "Returned: Client visit Lyon, 1,204.60 EUR",
        "Rejected: Client visit Lyon, 1,204.60 EUR",
        "Your payout account was changed",
        "You are invited to Acme Ltd on Outlay",
    ];
    assert_eq!(subjects, expected);
}

#[test]
fn long_subjects_keep_the_amount() {
    let mut report = samples::report();
    report.title = "é".repeat(300);
    report.owner = "ñ".repeat(300);
    let subject = render(&samples::approval(report.clone())).subject;
    assert_eq!(subject.chars().count(), 120);
    assert!(subject.contains("…, 1,204.60 EUR (ñ"), "{subject}");

    report.total = "9".repeat(300);
    assert_eq!(render(&samples::approval(report)).subject.chars().count(), 120);
}

#[test]
fn a_huge_report_stays_below_the_size_where_gmail_cuts() {
    let mut report = samples::report();
    report.lines = report.lines.iter().cycle().take(500).cloned().collect();
    report.expenses = 500;
    let message = render(&samples::approval(report));
    assert!(message.html.len() < 102_000, "{}", message.html.len());
    assert!(message.text.contains("40 of 500 expenses"));
}

#[test]
fn html_loads_nothing_from_elsewhere() {
    for (name, notice) in samples::notices() {
        let html = render(&notice).html;
        for remote in ["http:", "https:", "src=", "url(", "@import", "<script", "<link"] {
            assert!(!html.contains(remote), "{name}: {remote}");
        }
        assert!(html.contains("prefers-color-scheme: dark") && html.contains(r#"name="color-scheme""#));
    }
}
