//! Hostile names and titles: every message keeps one recipient and its expected headers, and shows the amount.

use crate::mime::HEADERS;
use crate::samples;
use mail_parser::{MessageParser, MimeHeaders};
use outlay_domain::language::Language;
use outlay_mail::{DecidedBy, MailError, Notice, Recipient};
use proptest::prelude::*;

/// Known attacks between arbitrary texts.
fn hostile_text() -> impl Strategy<Value = String> {
    let tricks = prop::sample::select(vec![
        "\r\nBcc: thief@example.net",
        "\nTo: thief@example.net\n\n",
        "=?utf-8?Q?=0D=0ABcc:_x?=",
        "a@example.net, b@example.net",
        "\"<thief@example.net>",
        "</title><script>",
        "{{ 7 * 7 }} { $total }",
        "\u{202E}\u{2066}",
        "נסיעה",
        "",
    ]);
    (any::<String>(), tricks, any::<String>()).prop_map(|(before, trick, after)| format!("{before}{trick}{after}"))
}

fn language() -> impl Strategy<Value = Language> {
    prop::sample::select(Language::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn user_text_adds_no_header_or_recipient(
        name in hostile_text(),
        title in hostile_text(),
        owner in hostile_text(),
        reason in hostile_text(),
        language in language(),
        decided in any::<bool>(),
    ) {
        let mut report = samples::report();
        (report.title, report.owner) = (title.clone(), owner);
        report.lines[0].merchant = reason.clone();
        let notice = if decided {
            Notice::Returned { report, by: DecidedBy::Person(name.clone()), reason }
        } else {
            samples::approval(report)
        };
        let to = Recipient { name, address: "marta@example.com".to_owned(), language };
        let message = notice.render(&to).unwrap();
        let earlier = ["0102@eu-west-1.amazonses.com".to_owned()];
        match message.to_mime("Outlay <expenses@example.com>", &to, &earlier) {
            Err(error) => {
                let expected = matches!(error, MailError::ControlCharacter { header: "To" | "Subject" });
                prop_assert!(expected, "{:?}", error);
            }
            Ok(mime) => {
                let parsed = MessageParser::default().parse(&mime).unwrap();
                let mut names: Vec<&str> = parsed.headers().iter().map(|header| header.name.as_str()).collect();
                names.sort_unstable();
                prop_assert_eq!(names, HEADERS);
                let recipients: Vec<_> =
                    parsed.to().unwrap().iter().map(|one| one.address().unwrap().to_owned()).collect();
                prop_assert_eq!(recipients, ["marta@example.com"]);
                prop_assert_eq!(parsed.from().unwrap().first().unwrap().address(), Some("expenses@example.com"));
                let kinds: Vec<_> =
                    parsed.parts[1..].iter().map(|part| part.content_type().unwrap().subtype().unwrap()).collect();
                prop_assert_eq!(kinds, ["plain", "html"]);
                prop_assert!(message.subject.chars().count() <= 120, "{}", message.subject);
                let overridden = message.subject.contains('\u{202E}');
                prop_assert!(!overridden);
            }
        }
        prop_assert!(!message.html.contains("<script") && message.html.matches("</title>").count() == 1);
        let total = message.text.lines().filter(|line| line.contains("204,60 EUR") || line.contains("204.60 EUR"));
        prop_assert!(total.count() >= 1);
    }
}
