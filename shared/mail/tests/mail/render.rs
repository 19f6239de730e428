//! Rendering: both parts of every notice contain the same facts, and user texts cannot change their structure.

use std::collections::BTreeSet;

use crate::samples;
use crate::statements::{excess, expense, terms};
use mail_parser::decoders::html::html_to_text;
use outlay_domain::language::Language;
use outlay_domain::member::AddressFault;
use outlay_domain::policy::{Finding, LimitExcess};
use outlay_domain::statement::Statement;
use outlay_mail::{DecidedBy, LineFacts, Notice, Recipient, RenderedMail, ReportFacts, TaskFacts};

fn render(notice: &Notice) -> RenderedMail {
    render_in(notice, Language::En)
}

fn render_in(notice: &Notice, language: Language) -> RenderedMail {
    notice.render(&samples::recipient(language)).unwrap()
}

fn report_of(notice: &Notice) -> Option<&ReportFacts> {
    match notice {
        Notice::ApprovalRequested { report, .. }
        | Notice::EscalatedTo { report, .. }
        | Notice::EscalatedFrom { report, .. }
        | Notice::Commented { report, .. }
        | Notice::Approved { report, .. }
        | Notice::Returned { report, .. }
        | Notice::Rejected { report, .. }
        | Notice::Reimbursed { report, .. }
        | Notice::Prepared { report, .. }
        | Notice::PaymentFailed { report, .. } => Some(report),
        Notice::DelegationSet { .. }
        | Notice::DelegationEnded { .. }
        | Notice::AuthorityChanged { .. }
        | Notice::Reminder { .. }
        | Notice::AddressFailed { .. }
        | Notice::PayoutAccountChanged { .. }
        | Notice::OrganisationClosed { .. }
        | Notice::PayeeUnpaid { .. }
        | Notice::BatchWaiting { .. }
        | Notice::Invited { .. } => None,
    }
}

fn names(by: &DecidedBy) -> Vec<String> {
    match by {
        DecidedBy::Person(name) => vec![name.clone()],
        DecidedBy::OnBehalfOf { name, away } => vec![name.clone(), away.clone()],
        DecidedBy::Policy { .. } => Vec::new(),
    }
}

/// Strings of a notice that appear verbatim in the message, without the recipient.
fn facts(notice: &Notice) -> Vec<String> {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let mut facts = match notice {
        Notice::ApprovalRequested { step, on_behalf_of, reassignment_reason, .. } => {
            [Some(step), on_behalf_of.as_ref(), reassignment_reason.as_ref()].into_iter().flatten().cloned().collect()
        }
        Notice::EscalatedTo { step, from, .. } => [vec![step.clone()], from.clone()].concat(),
        Notice::EscalatedFrom { step, to, .. } => [vec![step.clone()], to.clone()].concat(),
        Notice::Commented { comments, .. } => {
            comments.iter().flat_map(|comment| [vec![comment.by.clone()], lines(&comment.text)].concat()).collect()
        }
        Notice::Approved { by, comment, .. } => names(by).into_iter().chain(comment.clone()).collect(),
        Notice::Returned { by, reason, .. } | Notice::Rejected { by, reason, .. } => {
            [names(by), lines(reason)].concat()
        }
        Notice::Reimbursed { .. } | Notice::PayoutAccountChanged { .. } => Vec::new(),
        Notice::PaymentFailed { reason, .. } => lines(reason),
        Notice::PayeeUnpaid { payee, reason, .. } => [vec![payee.clone()], lines(reason)].concat(),
        Notice::Reminder { tasks, .. } => tasks
            .iter()
            .flat_map(|TaskFacts { number, title, owner, .. }| [number.clone(), title.clone(), owner.clone()])
            .collect(),
        Notice::AddressFailed { member, address, .. } => vec![member.clone(), address.clone()],
        Notice::Prepared { by, .. } | Notice::BatchWaiting { by, .. } => vec![by.clone()],
        Notice::DelegationSet { other, by, tasks, .. } => {
            let names = tasks.iter().flat_map(|task| [&task.preparer, &task.payee]).flatten().cloned();
            [other.clone(), by.clone()].into_iter().chain(names).collect()
        }
        Notice::DelegationEnded { other, by, .. } => vec![other.clone(), by.clone()],
        Notice::AuthorityChanged { member, by, .. } => vec![member.clone(), by.clone()],
        Notice::Invited { organisation, inviter, .. } => vec![organisation.clone(), inviter.clone()],
        Notice::OrganisationClosed { organisation, by, .. } => vec![organisation.clone(), by.clone()],
    };
    if let Some(report) = report_of(notice) {
        facts.extend([&report.title, &report.number, &report.owner].map(Clone::clone));
        facts.push(report.expenses.to_string());
        facts.extend(report.preparer.iter().chain(&report.payee).cloned());
        for LineFacts { merchant, category, note, .. } in report.lines.clone() {
            facts.extend([merchant, category]);
            facts.extend(note);
        }
    }
    facts
}

/// Words of the visible HTML, without the hidden preview line and the wordmark.
fn html_words(html: &str) -> BTreeSet<String> {
    let body = html.split_once("</div>").unwrap().1;
    // The badge repeats the subject in one word.
    let (before, rest) = body.split_once("<span class=\"ink-").unwrap();
    let body = [before, rest.split_once("</span>").unwrap().1].concat();
    // The conversion joins the texts of adjacent cells.
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
fn both_parts_contain_every_fact_in_every_language() {
    for &language in Language::ALL {
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
fn both_parts_have_same_words_in_every_language() {
    for &language in Language::ALL {
        for (name, notice) in samples::notices() {
            let message = render_in(&notice, language);
            let mut text = words(&message.text);
            text.remove("Outlay");
            // The HTML part shows title and total by size; the text part labels them.
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
fn approval_text_part_matches_expected_text() {
    let expected = "\
Hello Márta Kowalska,

Ana Silva asks for your approval
Please approve, return or reject report EXP-2041 in Outlay by 14 July 2025.

Report: Client visit Lyon
To approve: 1,204.60 EUR
In base currency: 1,310.20 USD
Paid by company card: -148.00 EUR
To be reimbursed: 1,056.60 EUR
Report number: EXP-2041
Owner: Ana Silva
Expenses: 6
Step: Line manager
Due: 14 July 2025
Why: The total of 1,310.20 USD reaches 500.00 USD. It is for the owner’s manager. An approver may not decide on this \
report (separation of duties), so the next manager up decides.

6 policy violations:
! 840.00 EUR (914.22 USD) at Hôtel des Artistes: above the limit of 600.00 EUR per expense (Lodging).
! 2 expenses, together 134.60 EUR: above the limit of 120.00 EUR per day (Meals and Taxi), on 2 July 2025.
! 327.40 EUR, of which 231.40 EUR count from other reports: above the limit of 300.00 EUR per month (Meals), in July 2025.
! 38.60 EUR at Taxi G7: no receipt; one is required from 25.00 EUR.
! 148.00 EUR at SNCF on 30 June 2025: already claimed in EXP-2033.
! 42.00 EUR at Librairie Decitre on 29 June 2025: a weekend.

4 of 6 expenses:
- 30 Jun 2025  SNCF, Train, company card: 148.00 EUR
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
fn reminder_separates_overdue_and_due_reports() {
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
fn decision_mail_names_decider_and_absent_approver() {
    let notice = |by| render(&Notice::Approved { report: samples::plain_report(), by, comment: None }).text;
    let instead = DecidedBy::OnBehalfOf { name: "João".to_owned(), away: "Carla".to_owned() };
    assert!(notice(instead).contains("João (in place of Carla) approved it."));
    let policy = DecidedBy::Policy { below: samples::money("50.00 EUR") };
    assert!(notice(policy).contains("The policy approves reports below 50.00 EUR by itself."));
    assert!(notice(DecidedBy::Person(String::new())).contains("A former member approved it."));
}

#[test]
fn absent_values_leave_no_trace() {
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
fn blank_comment_is_treated_as_absent() {
    let by = DecidedBy::Person("João".to_owned());
    let notice = |comment| Notice::Approved { report: samples::report(), by: by.clone(), comment };
    assert_eq!(render(&notice(Some(" \n ".to_owned()))), render(&notice(None)));
}

/// Notices with this text in every field that users can write.
fn notices_with_text(evil: &str) -> [Notice; 6] {
    let evil = evil.to_owned();
    let mut report = samples::report();
    report.lines.truncate(1);
    report.lines[0].note = Some(evil.clone());
    for text in [&mut report.title, &mut report.number, &mut report.owner] {
        text.clone_from(&evil);
    }
    report.violations = vec![
        Statement::Data(Finding::ReceiptRequired {
            expense: expense("1.00 EUR", &evil),
            receipt_required_from: report.total,
            consequence: None,
        }),
        Statement::Sentence(evil.clone()),
    ];
    (report.lines[0].merchant, report.lines[0].category) = (evil.clone(), evil.clone());
    let (by, reason) = (DecidedBy::OnBehalfOf { name: evil.clone(), away: evil.clone() }, evil.clone());
    [
        Notice::ApprovalRequested {
            report: report.clone(),
            step: evil.clone(),
            reasons: vec![Statement::Sentence(evil.clone())],
            due_on: None,
            on_behalf_of: Some(evil.clone()),
            reassignment_reason: Some(evil.clone()),
        },
        Notice::Returned { report: report.clone(), by, reason: reason.clone() },
        Notice::PaymentFailed { report: report.clone(), to_recipient: true, amount: report.total, reason },
        samples::reminder(vec![samples::task(&evil, &evil, &evil, "1.00 EUR", "2025-07-14")]),
        Notice::AddressFailed { member: evil.clone(), address: evil.clone(), fault: AddressFault::Complained },
        Notice::Invited { organisation: evil.clone(), inviter: evil, role: outlay_domain::member::Role::Admin },
    ]
}

#[test]
fn user_text_cannot_inject_html() {
    let evil = "<img src=x onerror=alert(1)>\"'&</td>".to_owned();
    let to = Recipient { name: evil.clone(), address: evil.clone(), language: Language::En };
    for notice in notices_with_text(&evil) {
        let message = notice.render(&to).unwrap();
        assert!(!message.html.contains("<img"), "{}", message.html);
        assert!(html_to_text(&message.html).contains(&evil));
        assert!(message.text.contains(&evil), "the text part is not HTML and must not be escaped");
    }
}

#[test]
fn user_text_cannot_inject_links() {
    for link in ["https://evil.example/login", "www.evil.example", "sign-in@evil.example", "evil.example/a?b=c.d"] {
        let to = Recipient { name: link.to_owned(), ..samples::recipient(Language::En) };
        for notice in notices_with_text(&format!("See {link}, 12.50")) {
            if matches!(notice, Notice::AddressFailed { .. }) {
                // This notice reports on the address itself.
                continue;
            }
            let message = notice.render(&to).unwrap();
            for part in [&message.subject, &message.text, &message.html] {
                assert!(!part.contains(link) && !part.contains("evil.example"), "{part}");
            }
            assert!(message.text.contains("12.50"), "an amount is not a link");
            assert!(message.text.contains(&to.address), "the recipient's own address is unchanged");
        }
    }
}

#[test]
fn user_text_cannot_forge_lines_or_change_direction() {
    let mut report = samples::report();
    report.lines[0].merchant = "SNCF\r\nTo approve: 1.00 EUR\u{0}".to_owned();
    report.title = "\u{202E}RUE 06.402\u{2066} trip".to_owned();
    let message = render(&samples::approval(report));
    assert!(message.text.contains("SNCF To approve: 1.00 EUR, Train"), "{}", message.text);
    for part in [&message.text, &message.html, &message.subject] {
        assert!(!part.contains(['\u{202E}', '\u{2066}', '\r', '\0']));
    }

    let step = "Manager\nTo approve: 1.00 EUR".to_owned();
    let notice = Notice::ApprovalRequested {
        report: samples::plain_report(),
        step: step.clone(),
        reasons: vec![Statement::Sentence(step.clone())],
        due_on: None,
        on_behalf_of: Some(step.clone()),
        reassignment_reason: Some(step),
    };
    let text = render(&notice).text;
    assert_eq!(text.lines().filter(|line| line.starts_with("To approve: ")).count(), 1, "{text}");

    let (by, reason) = (DecidedBy::Person("João".to_owned()), "ok\nTo approve: 1.00 EUR".to_owned());
    let message = render(&Notice::Returned { report: samples::report(), by, reason });
    assert!(message.text.contains("> ok\n> To approve: 1.00 EUR\n"), "{}", message.text);
    assert!(message.html.contains("ok<br>To approve: 1.00 EUR"));
}

#[test]
fn right_to_left_text_does_not_move_amount() {
    let mut report = samples::report();
    report.title = "נסיעה".to_owned();
    report.lines[0].merchant = "مطعم".to_owned();
    let message = render(&samples::approval(report));
    assert_eq!(message.subject, "Approve: \u{2068}נסיעה\u{2069}, 1,204.60 EUR (Ana Silva)");
    assert!(message.text.contains("\u{2068}مطعم\u{2069}, Train, company card: 148.00 EUR"), "{}", message.text);
}

#[test]
fn subjects_state_what_happened() {
    let subjects: BTreeSet<String> = samples::notices().iter().map(|(_, notice)| render(notice).subject).collect();
    let expected = [
        "1 report waits for your decision",
        "2 reports wait for your decision",
        "Acme Ltd was closed on Outlay",
        "Approve: Client visit Lyon, 1,204.60 EUR (Ana Silva)",
        "Approved: Client visit Lyon, 1,204.60 EUR",
        "Approved: Client visit Lyon, 42.50 EUR",
        "Approved: Client visit Lyon, 936.60 EUR",
        "Bo Lind does not want mail",
        "Comment: Client visit Lyon (Ana Silva)",
        "Escalated: Client visit Lyon, 1,204.60 EUR",
        "In your name: Client visit Lyon, 1,204.60 EUR",
        "Mail to Bo Lind comes back",
        "Marco Rossi decides for you",
        "Marco Rossi no longer decides for you",
        "New member with further rights: Marco Rossi",
        "Paid: Client visit Lyon, 900.00 EUR",
        "Paid: Client visit Lyon, 936.60 EUR",
        "Set off: Client visit Lyon, 936.60 EUR",
        "Payment failed: Bo Lind, 936.60 EUR",
        "1 payment waits for its release",
        "9 payments wait for their release",
        "Payment failed: Client visit Lyon, 936.60 EUR",
        "Rejected: Client visit Lyon, 1,204.60 EUR",
        "Returned: Client visit Lyon, 1,204.60 EUR",
        "Role, manager or limit changed: Marco Rossi",
        "You are invited to Acme Ltd on Outlay",
        "You decide for Marco Rossi",
        "You no longer decide for Marco Rossi",
        "Your payout account was changed",
    ];
    assert_eq!(subjects, expected.map(str::to_owned).into());
}

#[test]
fn long_subject_keeps_amount() {
    let mut report = samples::report();
    report.title = "é".repeat(300);
    report.owner = "ñ".repeat(300);
    for &language in Language::ALL {
        let subject = render_in(&samples::approval(report.clone()), language).subject;
        assert!((110..=120).contains(&subject.chars().count()), "{subject}");
        assert!(subject.contains("…, 1") && subject.contains("60 EUR (ñ"), "{subject}");
    }
}

/// A cut never divides what people see as one letter: accents, emoji of several characters, syllables.
#[test]
fn subject_is_cut_between_grapheme_clusters() {
    for letter in ["e\u{301}", "👩‍👩‍👧‍👦", "🇫🇷", "நி", "한", "👍🏽", "ḍ̇"] {
        for shift in 0..letter.chars().count() {
            let mut report = samples::report();
            report.title = format!("{}{}", "x".repeat(shift), letter.repeat(100));
            report.owner = report.title.clone();
            let subject = render(&samples::approval(report)).subject;
            assert!(subject.chars().count() <= 120, "{subject}");
            for part in [subject.split_once(": ").unwrap().1, subject.rsplit_once('(').unwrap().1] {
                let (kept, _) = part.split_once('…').unwrap();
                let kept = kept.trim_start_matches('x');
                assert_eq!(kept, letter.repeat(kept.len() / letter.len()), "{subject}");
            }
        }
    }
}

#[test]
fn large_report_mail_stays_below_gmail_clip_size() {
    let mut report = samples::report();
    report.lines = report.lines.iter().cycle().take(500).cloned().collect();
    report.expenses = 500;
    let message = render(&samples::approval(report.clone()));
    assert!(message.html.len() < 102_000, "{}", message.html.len());
    assert!(message.text.contains("40 of 500 expenses"), "{}", message.text);

    // Longest allowed texts, of the character that takes the most space in HTML.
    for line in &mut report.lines {
        line.merchant = "&".repeat(200);
        line.note = Some("&".repeat(2000));
        line.granted = line.converted;
    }
    let long = "&".repeat(200);
    let terms = terms("1.00 EUR", &[long.as_str(); 20]);
    let named = Some(expense("2.00 EUR", &long));
    let finding = Finding::ReportLimit(LimitExcess { expense: named, ..excess(1, "2.00 EUR", terms) });
    report.violations = vec![Statement::Data(finding); 1000];
    report.title = "&".repeat(200);
    let reason = "&".repeat(2000);
    let by = DecidedBy::Person("&".repeat(200));
    for &language in Language::ALL {
        let message =
            render_in(&Notice::Returned { report: report.clone(), by: by.clone(), reason: reason.clone() }, language);
        assert!(message.html.len() < 102_000, "{}", message.html.len());
        assert!(message.text.contains("980"), "the number of omitted findings is shown");
    }
}

#[test]
fn html_part_loads_no_remote_content() {
    for (name, notice) in samples::notices() {
        let html = render(&notice).html;
        for remote in ["http:", "https:", "src=", "url(", "@import", "<script", "<link"] {
            assert!(!html.contains(remote), "{name}: {remote}");
        }
        assert!(html.contains("prefers-color-scheme: dark") && html.contains(r#"name="color-scheme""#));
    }
}

#[test]
fn first_amount_is_what_reader_wants() {
    let all = samples::notices();
    let text = |name: &str| render(&all.iter().find(|(known, _)| *known == name).unwrap().1).text;
    // The approver: the total, and what of it the owner gets.
    let approval = "To approve: 1,204.60 EUR\nIn base currency: 1,310.20 USD\nPaid by company card: -148.00 EUR\n\
                    To be reimbursed: 1,056.60 EUR\n";
    assert!(text("approval-requested").contains(approval), "{}", text("approval-requested"));
    // The owner: what they get, and how it comes about.
    let approved = "To be reimbursed: 936.60 EUR\nTotal: 1,204.60 EUR\nIn base currency: 1,310.20 USD\n\
                    Paid by company card: -148.00 EUR\nNot reimbursed: -120.00 EUR\nTo be repaid: 28.00 EUR\n";
    assert!(text("approved").contains(approved), "{}", text("approved"));
    // One amount is enough where all of it is reimbursed.
    assert!(text("approved-plain").contains("To be reimbursed: 1,204.60 EUR\nReport number"));
}

#[test]
fn event_without_reimbursable_amount_states_total() {
    let report = ReportFacts { reimbursable: None, ..samples::report() };
    let by = DecidedBy::Person("João".to_owned());
    let text = render(&Notice::Approved { report, by, comment: None }).text;
    assert!(text.contains("Total: 1,204.60 EUR\nIn base currency: 1,310.20 USD\nReport number"), "{text}");
}
