//! What the two parts of every notice say: all the facts, the same in both, and nothing that a user's text could change.

use std::collections::BTreeSet;

use crate::samples;
use mail_parser::decoders::html::html_to_text;
use outlay_domain::language::Language;
use outlay_domain::member::AddressFault;
use outlay_mail::{By, LineFacts, Message, Notice, Recipient, ReportFacts, TaskFacts};

fn render(notice: &Notice) -> Message {
    render_in(notice, Language::En)
}

fn render_in(notice: &Notice, language: Language) -> Message {
    notice.render(&samples::recipient(language)).unwrap()
}

fn report_of(notice: &Notice) -> Option<&ReportFacts> {
    match notice {
        Notice::ApprovalRequested { report, .. }
        | Notice::EscalatedTo { report, .. }
        | Notice::EscalatedFrom { report, .. }
        | Notice::Approved { report, .. }
        | Notice::Returned { report, .. }
        | Notice::Rejected { report, .. }
        | Notice::Reimbursed { report, .. }
        | Notice::PaymentFailed { report, .. } => Some(report),
        Notice::Reminder { .. }
        | Notice::AddressFailed { .. }
        | Notice::PayoutAccountChanged { .. }
        | Notice::Invited { .. } => None,
    }
}

fn names(by: &By) -> Vec<String> {
    match by {
        By::Person(name) => vec![name.clone()],
        By::InsteadOf { name, away } => vec![name.clone(), away.clone()],
        By::Policy { .. } => Vec::new(),
    }
}

/// Every string that the caller handed in and that is said as it is, without the recipient.
fn facts(notice: &Notice) -> Vec<String> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let mut facts = match notice {
        Notice::ApprovalRequested { step, reason, instead_of, reassigned_because, .. } => {
            [Some(step), Some(reason), instead_of.as_ref(), reassigned_because.as_ref()]
                .into_iter()
                .flatten()
                .cloned()
                .collect()
        }
        Notice::EscalatedTo { step, from, .. } => [vec![step.clone()], from.clone()].concat(),
        Notice::EscalatedFrom { step, to, .. } => [vec![step.clone()], to.clone()].concat(),
        Notice::Approved { by, comment, .. } => names(by).into_iter().chain(comment.clone()).collect(),
        Notice::Returned { by, reason, .. } | Notice::Rejected { by, reason, .. } => {
            [names(by), lines(reason)].concat()
        }
        Notice::Reimbursed { .. } | Notice::PayoutAccountChanged { .. } => Vec::new(),
        Notice::PaymentFailed { reason, .. } => lines(reason),
        Notice::Reminder { tasks, .. } => tasks
            .iter()
            .flat_map(|TaskFacts { number, title, owner, .. }| [number.clone(), title.clone(), owner.clone()])
            .collect(),
        Notice::AddressFailed { member, address, .. } => vec![member.clone(), address.clone()],
        Notice::Invited { organisation, inviter, .. } => vec![organisation.clone(), inviter.clone()],
    };
    if let Some(report) = report_of(notice) {
        facts.extend([&report.title, &report.number, &report.owner].map(Clone::clone));
        facts.push(report.expenses.to_string());
        facts.extend(report.violations.clone());
        for LineFacts { merchant, category, note, .. } in report.lines.clone() {
            facts.extend([merchant, category]);
            facts.extend(note);
        }
    }
    facts
}

/// The words of the visible HTML: the hidden preview line and the wordmark are left out.
fn html_words(html: &str) -> BTreeSet<String> {
    let body = html.split_once("</div>").unwrap().1;
    // The badge says what the subject says, in one word.
    let (before, rest) = body.split_once("<span class=\"ink-").unwrap();
    let body = [before, rest.split_once("</span>").unwrap().1].concat();
    // The conversion joins the texts of neighbouring cells.
    let mut words = words(&html_to_text(&body.replace('<', " <")));
    assert!(words.remove("Outlay"), "the wordmark");
    words
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| c.is_whitespace() || "·:;()>!".contains(c))
        .map(|word| word.trim_matches([',', '-']).to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn both_parts_have_every_fact_in_every_language() {
    for language in Language::ALL {
        for (name, notice) in samples::notices() {
            let message = render_in(&notice, language);
            let html = html_to_text(&message.html);
            for fact in facts(&notice) {
                assert!(message.text.contains(&fact), "{language:?} {name}: text lacks {fact:?}\n{}", message.text);
                assert!(html.contains(&fact), "{language:?} {name}: html lacks {fact:?}\n{html}");
            }
        }
    }
}

#[test]
fn both_parts_say_the_same_in_every_language() {
    for language in Language::ALL {
        for (name, notice) in samples::notices() {
            let message = render_in(&notice, language);
            let mut text = words(&message.text);
            text.remove("Outlay");
            // The HTML part shows a title and a total by their size; the text part names them.
            let named: BTreeSet<String> = text.difference(&html_words(&message.html)).cloned().collect();
            let expected = match (language, report_of(&notice)) {
                (_, None) => "",
                (Language::En, _) => "Report Total",
                (Language::De, _) => "Spesenabrechnung Gesamtbetrag",
                (Language::Fr, _) => "Note de frais Total",
                (Language::Es, _) => "Informe de gastos Total",
            };
            assert!(named.is_subset(&words(expected)), "{language:?} {name}: only in the text: {named:?}");
            let hidden: Vec<_> = html_words(&message.html).difference(&text).cloned().collect();
            assert!(hidden.is_empty(), "{language:?} {name}: only in the HTML: {hidden:?}");
        }
    }
}

#[test]
fn the_text_part_of_an_approval_reads_as_meant() {
    let expected = "\
Hello Márta Kowalska,

Ana Silva asks for your approval
Please approve, return or reject report EXP-2041 in Outlay by 14 July 2025.

Report: Client visit Lyon
Total: 1,204.60 EUR (1,310.20 USD in base currency)
Report number: EXP-2041
Owner: Ana Silva
Expenses: 6
Step: Line manager
Due: 14 July 2025
Why: The total of 1204.60 EUR reaches 500.00 EUR.

2 policy violations:
! Hôtel des Artistes: 210.00 EUR a night is over the limit of 180.00 EUR.
! Taxi G7: a receipt is required from 25.00 EUR.

4 of 6 expenses:
- 30 Jun 2025  SNCF, Train: 148.00 EUR
- 1 Jul 2025  Hôtel des Artistes, Lodging: 840.00 EUR (914.22 USD)
  > The only hotel with free rooms near the fair.
- 2 Jul 2025  Taxi G7, Taxi: 38.60 EUR
  > Lost the receipt.
- 2 Jul 2025  Brasserie Georges, Meals: 96.00 EUR

Sent by Outlay to marta@example.com. This message was written automatically.
";
    assert_eq!(render(&samples::approval(samples::report())).text, expected);
}

#[test]
fn a_reminder_tells_what_is_overdue_from_what_is_due() {
    let tasks = vec![
        samples::task("EXP-1", "Fair", "Ana Silva", "640.00 EUR", "2025-07-13"),
        samples::task("EXP-2", "Lunch", "Bo Lind", "18400 JPY", "2025-07-14"),
    ];
    let text = render(&samples::reminder(tasks)).text;
    let expected = "\
2 reports wait for your decision
Please approve, return or reject them in Outlay today. 1 is overdue.

2 reports:
- EXP-1  Fair, Ana Silva: 640.00 EUR
  ! Overdue since 13 Jul 2025
- EXP-2  Lunch, Bo Lind: 18,400 JPY
  ! Due 14 Jul 2025
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn who_decided_for_whom_is_said() {
    let notice = |by| render(&Notice::Approved { report: samples::plain_report(), by, comment: None }).text;
    let instead = By::InsteadOf { name: "João".to_owned(), away: "Carla".to_owned() };
    assert!(notice(instead).contains("João (in place of Carla) approved it."));
    let policy = By::Policy { below: samples::money("50.00 EUR") };
    assert!(notice(policy).contains("The policy approves reports below 50.00 EUR by itself."));
    assert!(notice(By::Person(String::new())).contains("A former member approved it."));
}

#[test]
fn what_is_absent_leaves_no_trace() {
    let message = render(&samples::approval(samples::plain_report()));
    for absent in ["base currency", "violation", "1 expense", "None", "()"] {
        assert!(!message.text.contains(absent), "{absent}\n{}", message.text);
        assert!(!html_to_text(&message.html).contains(absent), "{absent}");
    }
    let nameless = Recipient { name: String::new(), ..samples::recipient(Language::En) };
    let message = samples::approval(samples::plain_report()).render(&nameless).unwrap();
    assert!(message.text.starts_with("Hello,\n"));
    assert!(message.html.contains(">Hello,<"));
    for (name, notice) in samples::notices() {
        assert!(!render(&notice).text.contains("\n\n\n"), "{name}: {}", render(&notice).text);
    }
}

#[test]
fn a_blank_comment_is_no_comment() {
    let by = By::Person("João".to_owned());
    let notice = |comment| Notice::Approved { report: samples::report(), by: by.clone(), comment };
    assert_eq!(render(&notice(Some(" \n ".to_owned()))), render(&notice(None)));
}

/// Every text that somebody writes, in every notice that has it.
fn written_everywhere(evil: &str) -> [Notice; 6] {
    let evil = evil.to_owned();
    let mut report = samples::report();
    report.lines.truncate(1);
    report.lines[0].note = Some(evil.clone());
    for text in [&mut report.title, &mut report.number, &mut report.owner, &mut report.violations[0]] {
        text.clone_from(&evil);
    }
    (report.lines[0].merchant, report.lines[0].category) = (evil.clone(), evil.clone());
    let (by, reason) = (By::InsteadOf { name: evil.clone(), away: evil.clone() }, evil.clone());
    [
        Notice::ApprovalRequested {
            report: report.clone(),
            step: evil.clone(),
            reason: evil.clone(),
            due_on: None,
            instead_of: Some(evil.clone()),
            reassigned_because: Some(evil.clone()),
        },
        Notice::Returned { report: report.clone(), by, reason: reason.clone() },
        Notice::PaymentFailed { report: report.clone(), amount: report.total, reason },
        samples::reminder(vec![samples::task(&evil, &evil, &evil, "1.00 EUR", "2025-07-14")]),
        Notice::AddressFailed { member: evil.clone(), address: evil.clone(), fault: AddressFault::Complained },
        Notice::Invited { organisation: evil.clone(), inviter: evil, role: outlay_domain::member::Role::Admin },
    ]
}

#[test]
fn users_cannot_write_html() {
    let evil = "<img src=x onerror=alert(1)>\"'&</td>".to_owned();
    let to = Recipient { name: evil.clone(), address: evil.clone(), language: Language::En };
    for notice in written_everywhere(&evil) {
        let message = notice.render(&to).unwrap();
        assert!(!message.html.contains("<img"), "{}", message.html);
        assert!(html_to_text(&message.html).contains(&evil));
        assert!(message.text.contains(&evil), "the text part is not HTML and must not be escaped");
    }
}

#[test]
fn users_cannot_write_links() {
    for link in ["https://evil.example/login", "www.evil.example", "sign-in@evil.example", "evil.example/a?b=c.d"] {
        let to = Recipient { name: link.to_owned(), ..samples::recipient(Language::En) };
        for notice in written_everywhere(&format!("See {link}, 12.50")) {
            if matches!(notice, Notice::AddressFailed { .. }) {
                // The address itself is what it is about.
                continue;
            }
            let message = notice.render(&to).unwrap();
            for part in [&message.subject, &message.text, &message.html] {
                assert!(!part.contains(link) && !part.contains("evil.example"), "{part}");
            }
            assert!(message.text.contains("12.50"), "an amount is no address");
            assert!(message.text.contains(&to.address), "his own address is said as it is");
        }
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

    let step = "Manager\nTotal: 1.00 EUR".to_owned();
    let notice = Notice::ApprovalRequested {
        report: samples::plain_report(),
        step: step.clone(),
        reason: step.clone(),
        due_on: None,
        instead_of: Some(step.clone()),
        reassigned_because: Some(step),
    };
    let text = render(&notice).text;
    assert_eq!(text.lines().filter(|line| line.starts_with("Total: ")).count(), 1, "{text}");

    let (by, reason) = (By::Person("João".to_owned()), "ok\nTotal: 1.00 EUR".to_owned());
    let message = render(&Notice::Returned { report: samples::report(), by, reason });
    assert!(message.text.contains("> ok\n> Total: 1.00 EUR\n"), "{}", message.text);
    assert!(message.html.contains("ok<br>Total: 1.00 EUR"));
}

#[test]
fn what_runs_from_right_to_left_cannot_pull_an_amount_along() {
    let mut report = samples::report();
    report.title = "נסיעה".to_owned();
    report.lines[0].merchant = "مطعم".to_owned();
    let message = render(&samples::approval(report));
    assert_eq!(message.subject, "Approve: \u{2068}נסיעה\u{2069}, 1,204.60 EUR (Ana Silva)");
    assert!(message.text.contains("\u{2068}مطعم\u{2069}, Train: 148.00 EUR"), "{}", message.text);
}

#[test]
fn subjects_say_what_happened() {
    let subjects: BTreeSet<String> = samples::notices().iter().map(|(_, notice)| render(notice).subject).collect();
    let expected = [
        "1 report waits for your decision",
        "2 reports wait for your decision",
        "Approve: Client visit Lyon, 1,204.60 EUR (Ana Silva)",
        "Approved: Client visit Lyon, 1,204.60 EUR",
        "Approved: Client visit Lyon, 42.50 EUR",
        "Bo Lind does not want mail",
        "Escalated: Client visit Lyon, 1,204.60 EUR",
        "Mail to Bo Lind comes back",
        "Paid: Client visit Lyon, 1,084.60 EUR",
        "Payment failed: Client visit Lyon, 1,084.60 EUR",
        "Rejected: Client visit Lyon, 1,204.60 EUR",
        "Returned: Client visit Lyon, 1,204.60 EUR",
        "You are invited to Acme Ltd on Outlay",
        "Your payout account was changed",
    ];
    assert_eq!(subjects, expected.map(str::to_owned).into());
}

#[test]
fn long_subjects_keep_the_amount() {
    let mut report = samples::report();
    report.title = "é".repeat(300);
    report.owner = "ñ".repeat(300);
    for language in Language::ALL {
        let subject = render_in(&samples::approval(report.clone()), language).subject;
        assert!((110..=120).contains(&subject.chars().count()), "{subject}");
        assert!(subject.contains("…, 1") && subject.contains("60 EUR (ñ"), "{subject}");
    }
}

#[test]
fn a_huge_report_stays_below_the_size_where_gmail_cuts() {
    let mut report = samples::report();
    report.lines = report.lines.iter().cycle().take(500).cloned().collect();
    report.expenses = 500;
    let message = render(&samples::approval(report.clone()));
    assert!(message.html.len() < 102_000, "{}", message.html.len());
    assert!(message.text.contains("40 of 500 expenses"), "{}", message.text);

    // The longest texts there are, of the character that takes most room in HTML.
    for line in &mut report.lines {
        line.merchant = "&".repeat(200);
        line.note = Some("&".repeat(2000));
        line.granted = line.converted;
    }
    report.violations = vec!["&".repeat(300); 1000];
    report.title = "&".repeat(200);
    let reason = "&".repeat(2000);
    let by = By::Person("&".repeat(200));
    for language in Language::ALL {
        let message =
            render_in(&Notice::Returned { report: report.clone(), by: by.clone(), reason: reason.clone() }, language);
        assert!(message.html.len() < 102_000, "{}", message.html.len());
        assert!(message.text.contains("980"), "the findings that are left out are counted");
    }
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
