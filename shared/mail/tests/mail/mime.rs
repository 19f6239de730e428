//! MIME form: headers and parts as a standard parser reads them, encoding, and rejected input.

use crate::samples;
use mail_parser::{HeaderName, Message as Parsed, MessageParser, MimeHeaders};
use outlay_domain::language::Language;
use outlay_mail::{MailError, Recipient, RenderedMail};

const FROM: &str = "Outlay <expenses@example.com>";

/// Message-ID that SES assigns in a region.
fn id(number: usize) -> String {
    format!("0102019{number:03}-aa-000000@eu-west-1.amazonses.com")
}

fn earlier() -> [String; 2] {
    [id(1), id(2)]
}

fn recipient(address: &str) -> Recipient {
    Recipient { name: String::new(), address: address.to_owned(), language: Language::En }
}

fn message() -> RenderedMail {
    samples::approval(samples::report()).render(&samples::recipient(Language::En)).unwrap()
}

fn parse(mime: &[u8]) -> Parsed<'_> {
    MessageParser::default().parse(mime).unwrap()
}

#[test]
fn parser_reads_back_headers_and_both_parts() {
    for (name, notice) in samples::notices() {
        let message = notice.render(&samples::recipient(Language::En)).unwrap();
        let mime = message.to_mime(FROM, &samples::recipient(Language::En), &earlier()).unwrap();
        let parsed = parse(&mime);

        let from = parsed.from().unwrap().first().unwrap();
        assert_eq!((from.name(), from.address()), (Some("Outlay"), Some("expenses@example.com")));
        let to = parsed.to().unwrap().first().unwrap();
        assert_eq!((to.name(), to.address()), (Some("Márta Kowalska"), Some("marta@example.com")));
        assert_eq!(parsed.subject(), Some(message.subject.as_str()));
        assert_eq!(parsed.header("Auto-Submitted").unwrap().as_text(), Some("auto-generated"));
        assert_eq!(parsed.header("Content-Language").unwrap().as_text(), Some("en"));
        assert_eq!(parsed.references().as_text_list().unwrap(), earlier());
        assert_eq!(parsed.in_reply_to().as_text(), Some(id(2).as_str()));
        assert!(parsed.date().is_none() && parsed.message_id().is_none(), "SES sets both");

        let root = parsed.content_type().unwrap();
        assert_eq!((root.ctype(), root.subtype()), ("multipart", Some("alternative")));
        for part in &parsed.parts[1..] {
            assert_eq!(part.content_type().unwrap().attribute("charset"), Some("utf-8"));
        }
        let kinds: Vec<_> =
            parsed.parts[1..].iter().map(|part| part.content_type().unwrap().subtype().unwrap()).collect();
        assert_eq!(kinds, ["plain", "html"], "{name}: text first, then HTML, nothing else");
        // The last line break of a body belongs to the boundary.
        assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), message.text.trim_end());
        assert_eq!(parsed.body_html(0).unwrap().replace("\r\n", "\n").trim_end(), message.html.trim_end());
    }
}

/// Headers of a message with earlier messages in its thread, sorted.
pub(crate) const HEADERS: [&str; 9] = [
    "Auto-Submitted",
    "Content-Language",
    "Content-Type",
    "From",
    "In-Reply-To",
    "MIME-Version",
    "References",
    "Subject",
    "To",
];

#[test]
fn message_has_exactly_expected_headers() {
    let mime = message().to_mime(FROM, &samples::recipient(Language::En), &earlier()).unwrap();
    let parsed = parse(&mime);
    let mut names: Vec<&str> = parsed.headers().iter().map(|header| header.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, HEADERS);

    let mime = message().to_mime(FROM, &samples::recipient(Language::En), &[]).unwrap();
    let parsed = parse(&mime);
    assert!(parsed.header(HeaderName::References).is_none() && parsed.header(HeaderName::InReplyTo).is_none());
}

#[test]
fn long_thread_references_first_and_last_nine_messages() {
    let to = samples::recipient(Language::En);
    for (count, expected) in [
        (1, vec![1]),
        (10, (1..=10).collect()),
        (11, [1].into_iter().chain(3..=11).collect::<Vec<_>>()),
        (300, [1].into_iter().chain(292..=300).collect()),
    ] {
        let thread: Vec<String> = (1..=count).map(id).collect();
        let mime = message().to_mime(FROM, &to, &thread).unwrap();
        let parsed = parse(&mime);
        let referred: Vec<String> = match parsed.references().as_text_list() {
            Some(list) => list.iter().map(ToString::to_string).collect(),
            None => vec![parsed.references().as_text().unwrap().to_owned()],
        };
        assert_eq!(referred, expected.into_iter().map(id).collect::<Vec<_>>());
        assert_eq!(parsed.in_reply_to().as_text(), Some(id(count).as_str()));
        assert!(String::from_utf8(mime).unwrap().lines().all(|line| line.len() <= 78));
    }
}

#[test]
fn content_language_header_matches_recipient() {
    for &language in Language::ALL {
        let to = samples::recipient(language);
        let mime = samples::approval(samples::report()).render(&to).unwrap().to_mime(FROM, &to, &[]).unwrap();
        assert_eq!(parse(&mime).header("Content-Language").unwrap().as_text(), Some(language.tag()));
    }
}

#[test]
fn same_input_gives_identical_bytes() {
    let write = || message().to_mime(FROM, &samples::recipient(Language::En), &earlier()).unwrap();
    assert_eq!(write(), write());
}

#[test]
fn mime_is_ascii_with_short_crlf_lines() {
    let mut message = message();
    message.subject = "Überprüfung ".repeat(20);
    let to = Recipient { name: "Владимир Ђорђевић ".repeat(8), ..recipient("v@example.com") };
    let mime = String::from_utf8(message.to_mime(FROM, &to, &earlier()).unwrap()).unwrap();
    assert!(mime.is_ascii());
    assert!(mime.contains("Subject: =?utf-8?") && mime.contains("To: =?utf-8?"), "{mime}");
    for line in mime.split("\r\n") {
        assert!(line.len() <= 78, "{line}");
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
    let parsed = parse(mime.as_bytes());
    assert_eq!(parsed.subject(), Some(message.subject.as_str()));
    assert_eq!(parsed.to().unwrap().first().unwrap().name(), Some(to.name.trim()));
}

#[test]
fn international_recipient_names_round_trip() {
    for name in ["José Ñandú", "山田 太郎", "עדי כהן", "Zoë \"Z\" O'Neil, Jr. <x>", "🙂 Smile", "a\\b;c:d"]
    {
        let to = Recipient { name: name.to_owned(), ..recipient("x@example.com") };
        let mime = message().to_mime(FROM, &to, &[]).unwrap();
        let parsed = parse(&mime);
        let all: Vec<_> = parsed.to().unwrap().iter().map(|a| (a.name(), a.address())).collect();
        assert_eq!(all, [(Some(name), Some("x@example.com"))]);
    }
}

#[test]
fn sender_without_display_name_is_accepted() {
    let mime = message().to_mime("expenses@example.com", &samples::recipient(Language::En), &[]).unwrap();
    let parsed = parse(&mime);
    let from = parsed.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (None, Some("expenses@example.com")));
}

#[test]
fn control_characters_in_headers_are_rejected() {
    for bad in ["\r", "\n", "\r\nBcc: thief@example.net", "\0", "\u{7f}", "\u{85}"] {
        let to = samples::recipient(Language::En);
        let subject = RenderedMail { subject: format!("Hello{bad}"), ..message() }.to_mime(FROM, &to, &[]);
        assert_eq!(subject, Err(MailError::ControlCharacter { header: "Subject" }), "{bad:?}");

        let named = Recipient { name: format!("Ana{bad}"), ..to.clone() };
        assert_eq!(message().to_mime(FROM, &named, &[]), Err(MailError::ControlCharacter { header: "To" }));
        let addressed = Recipient { address: format!("ana@example.com{bad}"), ..to.clone() };
        assert_eq!(message().to_mime(FROM, &addressed, &[]), Err(MailError::ControlCharacter { header: "To" }));
        let from = format!("Out{bad}lay <expenses@example.com>");
        assert_eq!(message().to_mime(&from, &to, &[]), Err(MailError::ControlCharacter { header: "From" }));
        let mime = message().to_mime(FROM, &to, &[format!("{bad}{}", id(1)), id(2)]).unwrap();
        assert_eq!(mime, message().to_mime(FROM, &to, &[id(2)]).unwrap(), "{bad:?}");
    }
}

#[test]
fn title_with_line_break_cannot_add_header() {
    let mut report = samples::report();
    report.title = "Trip\r\nBcc: thief@example.net".to_owned();
    let message = samples::approval(report).render(&samples::recipient(Language::En)).unwrap();
    let refused = message.to_mime(FROM, &samples::recipient(Language::En), &[]);
    assert_eq!(refused, Err(MailError::ControlCharacter { header: "Subject" }));
}

#[test]
fn subject_with_encoded_word_is_neutralised() {
    let message = RenderedMail { subject: "Approve: =?utf-8?Q?=0D=0ABcc:_x?=".to_owned(), ..message() };
    let mime = message.to_mime(FROM, &samples::recipient(Language::En), &[]).unwrap();
    assert_eq!(parse(&mime).subject(), Some("Approve: = ?utf-8?Q?=0D=0ABcc:_x?="));
}

#[test]
fn invalid_or_multiple_addresses_are_rejected() {
    let overlong = format!("{}@example.com", "a".repeat(250));
    let bad = [
        "",
        "ana",
        "@example.com",
        "ana@",
        "a@b@example.com",
        "a@example.com,b@example.com",
        "a b@example.com",
        "<a@example.com>",
        "\"a\"@example.com",
        "a@[127.0.0.1]",
        ".a@example.com",
        "a@example.com.",
        "änä@example.com",
        &overlong,
    ];
    for address in bad {
        let to = recipient(address);
        assert_eq!(message().to_mime(FROM, &to, &[]), Err(MailError::Address { header: "To" }), "{address:?}");
    }
    assert_eq!(
        message().to_mime("Outlay", &samples::recipient(Language::En), &[]),
        Err(MailError::Address { header: "From" })
    );
}

#[test]
fn invalid_message_ids_are_left_out() {
    let long = format!("{}@x", "r".repeat(201));
    for bad in ["", "rep", "@x", "rep@", "r p@x", "r@x@y", "<r@x>", "r@x>\r\nBcc: a@b", "rép@x", &long] {
        let to = samples::recipient(Language::En);
        for (thread, usable) in [([bad.to_owned(), id(2)], id(2)), ([id(1), bad.to_owned()], id(1))] {
            let mime = message().to_mime(FROM, &to, &thread).unwrap();
            assert_eq!(mime, message().to_mime(FROM, &to, &[usable]).unwrap(), "{bad:?}");
        }
        let mime = message().to_mime(FROM, &to, &[bad.to_owned()]).unwrap();
        assert_eq!(mime, message().to_mime(FROM, &to, &[]).unwrap(), "{bad:?}");
    }
}

#[test]
fn text_resembling_boundary_stays_text() {
    let mut message = message();
    message.text = "a\n--=_outlay_0\nContent-Type: text/html\n\n<b>b</b>\n--=_outlay_1--\nc".to_owned();
    let mime = message.to_mime(FROM, &samples::recipient(Language::En), &[]).unwrap();
    let parsed = parse(&mime);
    assert_eq!(parsed.parts.len(), 3);
    assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n"), message.text);
}
