//! Sample reports and files: one with five receipts of all types, one of many lines, and one with hostile texts and
//! files.

use std::collections::BTreeMap;
use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use outlay_domain::conversion::Conversion;
use outlay_domain::equality::ClaimKeys;
use outlay_domain::event::{Event, EventKind, EventSubject, OpenedStep, ReportSnapshot};
use outlay_domain::expense::{Expense, ExpenseFacts, LineApproval, PaymentMethod};
use outlay_domain::ids::{ExpenseId, MemberId, OrgId, ReceiptId, ReportId};
use outlay_domain::member::MemberRef;
use outlay_domain::money::Money;
use outlay_domain::policy::{
    Consequence, DayOff, ExpenseField, Finding, FindingEffect, LimitExcess, LimitTerms, NamedExpense, Severity,
    Violation, ViolationFinding,
};
use outlay_domain::receipt::{MediaType, Receipt, ReceiptStatus, RejectionReason};
use outlay_domain::report::{Report, ReportStatus, Totals};
use outlay_domain::step::StepReasons;
use outlay_domain::tax::{LineTax, TaxSource};
use outlay_domain::text::Sha256Hex;
use outlay_pdf::{Names, ReportDocument};
use uuid::Uuid;

/// Report with everything that its document needs.
pub struct Sample {
    pub report: Report,
    pub organisation: String,
    pub names: Names,
    pub events: Vec<Event>,
    pub files: BTreeMap<ReceiptId, Vec<u8>>,
}

impl Sample {
    pub fn document(&self) -> ReportDocument<'_> {
        ReportDocument {
            report: &self.report,
            organisation: &self.organisation,
            names: &self.names,
            events: &self.events,
            as_of: "2026-11-30T09:12:00Z".parse().unwrap(),
        }
    }
}

pub fn member(number: u128) -> MemberId {
    MemberId::from_uuid(Uuid::from_u128(number))
}

fn expense_id(number: u128) -> ExpenseId {
    ExpenseId::from_uuid(Uuid::from_u128(0x100 + number))
}

pub fn money(minor: i64, currency: &str) -> Money {
    Money::from_minor(minor, currency.parse().unwrap())
}

/// Text as stored, without the checks of input.
pub fn stored<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_value(text.into()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn receipt(number: u128, name: &str, media_type: MediaType, bytes: &[u8]) -> Receipt {
    Receipt {
        id: ReceiptId::from_uuid(Uuid::from_u128(0x200 + number)),
        name: stored(name),
        media_type,
        size: u64::try_from(bytes.len()).unwrap(),
        sha256: Sha256Hex::of(bytes),
        by: member(1),
        upload_until: at("2026-11-20T10:00:00Z"),
        status: ReceiptStatus::Clean { kept_bytes: 1, preview: true, content_sha256: None },
        duplicate_of: Vec::new(),
    }
}

pub fn facts(day: Date, category: &str, merchant: &str, amount: Money, tax: Money) -> ExpenseFacts {
    ExpenseFacts {
        date: day,
        category: stored(category),
        merchant: stored(merchant),
        amount,
        tax,
        tax_source: TaxSource::Stated,
        taxes: Vec::new(),
        country: None,
        refund_of: None,
        payment_method: PaymentMethod::Personal,
        note: None,
        justification: None,
        receipt_reference: None,
        attendees: Vec::new(),
        project: None,
        cost_centre: None,
        trip: None,
    }
}

pub fn line(number: u128, facts: ExpenseFacts) -> Expense {
    Expense {
        id: expense_id(number),
        facts,
        converted: None,
        base: None,
        cap: None,
        approved: None,
        split_from: None,
        receipts: Vec::new(),
    }
}

fn tax(rate: &str, amount: Money, name: Option<&str>) -> LineTax {
    LineTax { name: name.map(stored), rate: Some(rate.parse().unwrap()), amount, is_computed: true }
}

fn event(seq: u64, actor: Option<u128>, time: &str, kind: EventKind) -> Event {
    let report = ReportId::from_uuid(Uuid::from_u128(3));
    Event {
        org: OrgId::from_uuid(Uuid::from_u128(2)),
        subject: EventSubject::Report(report),
        seq,
        actor: actor.map(member),
        on_behalf_of: None,
        at: at(time),
        policy_version: None,
        changes: Vec::new(),
        state_hash: None,
        kind,
        hash: String::new(),
    }
}

fn opened_step(number: u32, name: &str, approver: u128) -> OpenedStep {
    OpenedStep {
        number,
        name: stored(name),
        approvers: vec![member(approver)],
        reasons: StepReasons::default(),
        due_on: Some(date(2026, 11, 27)),
    }
}

/// Report of these lines, approved. Its totals are those given.
pub fn report(title: &str, expenses: Vec<Expense>, totals: Totals) -> Report {
    Report {
        reimbursement: None,
        id: ReportId::from_uuid(Uuid::from_u128(0x0192_3f4b_77aa_7bbb_8ccc_0123_4567_89ab)),
        org: OrgId::from_uuid(Uuid::from_u128(2)),
        number: "R-2026-7K3F-9QZX".to_owned(),
        owner: member(1),
        owner_name: stored("Zoë Łukasiewicz"),
        preparer: None,
        payee: None,
        cost_centre: Some(stored("CC-100")),
        title: stored(title),
        currency: totals.total.currency(),
        status: ReportStatus::Approved,
        version: 4,
        last_event: 9,
        totals,
        base_total: totals.total,
        total_with_parts: None,
        refused: false,
        claim_keys: ClaimKeys::default(),
        violations: Vec::new(),
        steps: Vec::new(),
        policy_version: Some(12),
        created_at: at("2026-11-16T08:00:00Z"),
        updated_at: at("2026-11-24T15:41:00Z"),
        submitted_at: Some(at("2026-11-18T16:20:00Z")),
        expense_count: expenses.len(),
        content_hash: String::new(),
        content_bytes: 0,
        last_hash: String::new(),
        expenses,
        comments: Vec::new(),
        has_former_layout: false,
    }
}

pub fn names() -> Names {
    let texts = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect()
    };
    let people = ["Zoë Łukasiewicz", "Ανδρέας Παπαδόπουλος", "Ольга Кузнецова", "María José Núñez"];
    Names {
        members: people.iter().zip(1..).map(|(name, number)| (member(number), (*name).to_owned())).collect(),
        categories: texts(&[
            ("hotel", "Hotel"),
            ("meals", "Meals"),
            ("taxi", "Taxi and public transport"),
            ("flight", "Flights"),
            ("books", "Books and training"),
        ]),
        cost_centres: texts(&[("CC-100", "Consulting"), ("CC-210", "Research")]),
        projects: texts(&[("APOLLO", "Apollo")]),
        tax_codes: BTreeMap::from([(expense_id(1), "VSt 7".to_owned()), (expense_id(2), "VSt 19".to_owned())]),
    }
}

fn violation(finding: Finding, lines: &[u128], field: ExpenseField) -> Violation {
    Violation {
        finding: ViolationFinding::Structured(finding),
        expense_ids: lines.iter().map(|number| expense_id(*number)).collect(),
        severity: Severity::Warn,
        effect: Some(FindingEffect::Warn),
        field,
    }
}

/// Approved report with five receipts, one of each type.
pub fn five_receipts() -> Sample {
    let files: [(&str, MediaType, Vec<u8>); 5] = [
        ("hotel.pdf", MediaType::Pdf, pdf(2)),
        ("IMG_2041.jpg", MediaType::Jpeg, with_orientation(&picture(900, 700, ImageFormat::Jpeg), 6)),
        ("taxi-screenshot.png", MediaType::Png, picture(520, 900, ImageFormat::Png)),
        ("boarding-pass.webp", MediaType::Webp, picture(1200, 500, ImageFormat::WebP)),
        ("IMG_2044.heic", MediaType::Heic, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".repeat(40)),
    ];
    let receipts: Vec<Receipt> = files
        .iter()
        .zip(1..)
        .map(|((name, media_type, bytes), number)| receipt(number, name, *media_type, bytes))
        .collect();
    let trip = Some(stored("Client visit Seattle"));
    let mut hotel = line(
        1,
        ExpenseFacts {
            taxes: vec![tax("7", money(2_224, "EUR"), None), tax("5", money(300, "EUR"), Some("City tax"))],
            note: Some(stored("Two nights near the client's office, breakfast not included.")),
            cost_centre: Some(stored("CC-210")),
            project: Some(stored("APOLLO")),
            trip: trip.clone(),
            ..facts(date(2026, 11, 9), "hotel", "Hotel zur Post, München", money(34_300, "EUR"), money(2_524, "EUR"))
        },
    );
    hotel.cap = Some(money(30_000, "EUR"));
    hotel.receipts = vec![receipts[0].clone()];
    let mut dinner = line(
        2,
        ExpenseFacts {
            taxes: vec![tax("19", money(2_180, "EUR"), None)],
            attendees: ["Ana García", "Łukasz Wójcik", "Δήμητρα Νικολάου"].map(stored).to_vec(),
            justification: Some(stored("The client asked for a larger round than planned.\nAgreed with María José.")),
            trip: trip.clone(),
            ..facts(date(2026, 11, 10), "meals", "Ristorante Da Giuseppe", money(13_655, "EUR"), money(2_180, "EUR"))
        },
    );
    dinner.approved = Some(LineApproval {
        amount: money(12_000, "EUR"),
        reason: stored("Drinks after the dinner are not reimbursed."),
        by: member(2),
    });
    dinner.receipts = vec![receipts[1].clone()];
    let mut taxi = line(
        3,
        ExpenseFacts {
            trip: trip.clone(),
            ..facts(date(2026, 11, 14), "taxi", "Yellow Cab of Seattle", money(4_850, "USD"), money(0, "USD"))
        },
    );
    let conversion = Conversion {
        via: None,
        amount: money(4_187, "EUR"),
        tax: money(0, "EUR"),
        rate: "0.8633".parse().unwrap(),
        date: date(2026, 11, 13),
        source: "ECB".to_owned(),
    };
    (taxi.converted, taxi.base) = (Some(conversion.clone()), Some(conversion));
    taxi.receipts = vec![receipts[2].clone()];
    let mut flight = line(
        4,
        ExpenseFacts {
            payment_method: PaymentMethod::CompanyCard,
            trip,
            ..facts(date(2026, 11, 8), "flight", "Lufthansa", money(118_420, "EUR"), money(0, "EUR"))
        },
    );
    flight.receipts = vec![receipts[3].clone()];
    let mut books = line(
        5,
        ExpenseFacts {
            taxes: vec![tax("7", money(261, "EUR"), None)],
            receipt_reference: Some(stored("Folder 12, page 3")),
            ..facts(date(2026, 11, 16), "books", "Книжный дом", money(3_990, "EUR"), money(261, "EUR"))
        },
    );
    books.receipts = vec![receipts[4].clone()];
    let totals = Totals {
        total: money(174_552, "EUR"),
        tax: money(4_965, "EUR"),
        net: money(169_587, "EUR"),
        reimbursable: money(50_177, "EUR"),
        not_reimbursed: money(5_955, "EUR"),
        repayable: None,
    };
    let mut report =
        report("Client visit in Seattle and München, November 2026", vec![hotel, dinner, taxi, flight, books], totals);
    report.payee = Some(MemberRef { id: member(4), name: stored("María José Núñez") });
    report.violations = five_findings();
    let events = five_events(&report);
    let files = receipts.iter().map(|receipt| receipt.id).zip(files.into_iter().map(|(_, _, bytes)| bytes)).collect();
    Sample { report, organisation: "Beispiel Consulting GmbH".to_owned(), names: names(), events, files }
}

fn five_findings() -> Vec<Violation> {
    let named = |minor, merchant: &str| NamedExpense {
        amount: money(minor, "EUR"),
        base_amount: None,
        merchant: stored(merchant),
    };
    let excess = LimitExcess {
        expense: None,
        count: 2,
        actual: money(47_955, "EUR"),
        claimed_elsewhere: None,
        terms: LimitTerms {
            limit: money(42_000, "EUR"),
            category_names: vec![stored("Hotel"), stored("Meals")],
            payment_method: None,
            grade: None,
        },
        consequence: Some(Consequence::ExcessNotReimbursed),
    };
    vec![
        violation(Finding::ReportLimit(excess), &[1, 2], ExpenseField::Amount),
        violation(
            Finding::NonWorkingDay {
                expense: named(4_187, "Yellow Cab of Seattle"),
                date: date(2026, 11, 14),
                day: DayOff::Weekend,
                consequence: Some(Consequence::JustificationNeeded),
            },
            &[3],
            ExpenseField::Date,
        ),
    ]
}

fn five_events(report: &Report) -> Vec<Event> {
    let snapshot = || ReportSnapshot::of(report);
    let mut on_behalf = event(
        8,
        Some(4),
        "2026-11-24T15:41:00Z",
        EventKind::ReportApproved {
            report: snapshot(),
            step: 2,
            comment: Some(stored("Checked against the bank statement.\nThank you for the complete receipts.")),
        },
    );
    on_behalf.on_behalf_of = Some(member(3));
    vec![
        event(
            5,
            Some(1),
            "2026-11-18T16:20:00Z",
            EventKind::ReportSubmitted { report: snapshot(), opened_step: opened_step(1, "Line manager", 2) },
        ),
        event(
            6,
            Some(2),
            "2026-11-19T09:02:00Z",
            EventKind::ReportCommented {
                text: stored("Please add who was at the dinner."),
                report: None,
                notified: Vec::new(),
            },
        ),
        event(
            7,
            Some(2),
            "2026-11-20T11:30:00Z",
            EventKind::StepApproved {
                report: snapshot(),
                step: 1,
                comment: None,
                opened_step: opened_step(2, "Finance", 3),
            },
        ),
        on_behalf,
    ]
}

/// Report of many lines with long texts.
pub fn long(count: u32) -> Sample {
    let merchants = [
        "Deutsche Bahn AG",
        "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz-Verlag",
        "Taxi 24",
        "Bäckerei und Konditorei am Sendlinger Tor, Inhaberin Franziska Oberhuber-Steinbrenner e. K., Filiale 7",
        "Café Ελληνικόν",
    ];
    let note = "Fahrt zum Kunden und zurück, einschließlich Reservierung und Zuschlag für den früheren Zug. ";
    let mut expenses = Vec::new();
    for number in 0..count {
        let position = usize::try_from(number).unwrap();
        let day = date(2026, 10, 1).checked_add(jiff::Span::new().days(i64::from(number % 31))).unwrap();
        let minor = 1_000 + i64::from(number * 737 % 90_000);
        let merchant = merchants[position % merchants.len()];
        let mut facts = facts(day, "taxi", merchant, money(minor, "EUR"), money(minor * 19 / 119, "EUR"));
        facts.taxes = vec![tax("19", facts.tax, None)];
        facts.note = (number % 3 == 0).then(|| stored(&note.repeat(1 + position % 7)));
        if number % 10 == 9 {
            facts.payment_method = PaymentMethod::CompanyCard;
        }
        expenses.push(line(u128::from(number), facts));
    }
    let sum = |amounts: &mut dyn Iterator<Item = Money>| Money::sum("EUR".parse().unwrap(), amounts).unwrap();
    let total = sum(&mut expenses.iter().map(|line| line.facts.amount));
    let tax = sum(&mut expenses.iter().map(|line| line.facts.tax));
    let by_owner = |line: &&Expense| line.facts.payment_method == PaymentMethod::Personal;
    let reimbursable = sum(&mut expenses.iter().filter(by_owner).map(|line| line.facts.amount));
    let zero = Money::zero(total.currency());
    let totals =
        Totals { total, tax, net: total.minus(tax).unwrap(), reimbursable, not_reimbursed: zero, repayable: None };
    let report = report("Fahrten im Oktober 2026, alle Projekte", expenses, totals);
    Sample {
        report,
        organisation: "Beispiel Consulting GmbH".to_owned(),
        names: names(),
        events: Vec::new(),
        files: BTreeMap::new(),
    }
}

/// Report whose texts and files are as bad as can be stored.
pub fn hostile() -> Sample {
    let word = "W".repeat(500);
    let texts = [
        "\u{202E}desrever\u{202C} \u{0}\u{1}\u{7F}\u{85}control",
        word.as_str(),
        "שלום עולם مرحبا بالعالم",
        "東京タクシー 👩‍👩‍👧 \u{FFFF}\u{FDD0}\u{E000}",
        "Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}a\u{30A}l\u{30B}g\u{30C}o",
        "",
    ];
    let damaged = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let files: Vec<(&str, MediaType, Vec<u8>)> = vec![
        ("broken.jpg", MediaType::Jpeg, damaged(picture(300, 300, ImageFormat::Jpeg))),
        ("broken.png", MediaType::Png, damaged(picture(300, 300, ImageFormat::Png))),
        ("broken.webp", MediaType::Webp, damaged(picture(300, 300, ImageFormat::WebP))),
        ("broken.pdf", MediaType::Pdf, b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog".to_vec()),
        ("\u{202E}gpj.exe\u{0}/../../x", MediaType::Jpeg, Vec::new()),
        ("deep.pdf", MediaType::Pdf, [b"%PDF-1.7\n1 0 obj\n".to_vec(), b"[".repeat(200_000)].concat()),
    ];
    let mut expenses = Vec::new();
    for (text, number) in texts.iter().cycle().take(30).zip(0..) {
        let mut facts = facts(date(2026, 1, 1), "x", text, money(i64::MAX / 1_000, "EUR"), money(0, "EUR"));
        facts.note = Some(stored(&format!("{text}\n").repeat(5)));
        facts.justification = Some(stored(text));
        facts.attendees = vec![stored(text); if number == 0 { 60 } else { 4 }];
        facts.trip = Some(stored(text));
        let mut line = line(number, facts);
        let index = usize::try_from(number).unwrap() % files.len();
        let (name, media_type, bytes) = &files[index];
        let mut receipt = receipt(number, name, *media_type, bytes);
        if number == 28 {
            receipt.status = ReceiptStatus::Pending;
        } else if number == 29 {
            receipt.status = ReceiptStatus::Rejected { reason: RejectionReason::Damaged };
        }
        line.receipts = vec![receipt];
        expenses.push(line);
    }
    let big = money(i64::MAX, "EUR");
    let totals =
        Totals { total: big, tax: big, net: big, reimbursable: big, not_reimbursed: big, repayable: Some(big) };
    let clean = |line: &&Expense| line.receipts[0].is_clean();
    let contents = expenses.iter().filter(clean).zip(files.iter().cycle());
    let stored_files = contents.map(|(line, (_, _, bytes))| (line.receipts[0].id, bytes.clone())).collect();
    let mut report = report(&word, expenses, totals);
    report.owner_name = stored("");
    texts[0].clone_into(&mut report.number);
    let comment = "line\n".repeat(1_000);
    let kind = EventKind::ReportCommented { text: stored(&comment), report: None, notified: Vec::new() };
    let mut names = Names::default();
    names.members.insert(member(2), word.clone());
    Sample {
        report,
        organisation: texts[3].to_owned(),
        names,
        events: vec![
            event(1, Some(9), "2026-11-18T16:20:00Z", kind.clone()),
            event(2, Some(2), "2026-11-18T16:21:00Z", kind),
        ],
        files: stored_files,
    }
}

/// Picture like a receipt: a red bar at the top, rows of grey words, a green corner at the bottom right.
pub fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let (row, column) = (y * 40 / height, x * 40 / width);
        match (row, column) {
            (0..=3, _) => Rgb([0xC0, 0x30, 0x30]),
            (36..=39, 34..=39) => Rgb([0x20, 0x90, 0x40]),
            (6..=34, 3..=36) if row % 2 == 0 && (row * 7 + column * 3) % 11 > 2 => Rgb([0x50, 0x50, 0x55]),
            _ => Rgb([0xFB, 0xFA, 0xF6]),
        }
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// JPEG with an EXIF orientation, as the inspection keeps it.
pub fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff =
        [b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation], b"\0\0\0\0\0\0"].concat();
    let content = [b"Exif\0\0".as_slice(), &tiff].concat();
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &content, &jpeg[2..]].concat()
}

/// PDF with this number of pages and a text on each; the second page is in landscape by its rotation.
pub fn pdf(pages: usize) -> Vec<u8> {
    let mut objects = vec!["<< /Type /Catalog /Pages 2 0 R >>".to_owned()];
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    let kids = kids.join(" ");
    objects.push(format!("<< /Type /Pages /Kids [{kids}] /Count {pages} /MediaBox [0 0 595 842] >>"));
    objects.push("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned());
    for page in 0..pages {
        let rotation = if page == 1 { "/Rotate 90 " } else { "" };
        let resources = "/Resources << /Font << /F1 3 0 R >> >>";
        let contents = 5 + 2 * page;
        objects.push(format!("<< /Type /Page /Parent 2 0 R {rotation}{resources} /Contents {contents} 0 R >>"));
        let text = format!(
            "0.9 0.9 0.95 rg 50 700 495 90 re f 0 g BT /F1 28 Tf 70 735 Td (Hotel invoice, sheet {}) Tj ET \
             BT /F1 12 Tf 70 640 Td (Two nights: 343.00 EUR) Tj ET",
            page + 1
        );
        objects.push(format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()));
    }
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (object, number) in objects.iter().zip(1..) {
        offsets.push(file.len());
        file.extend_from_slice(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
    }
    let start = file.len();
    file.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for offset in offsets {
        file.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let size = objects.len() + 1;
    let trailer = format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    file.extend_from_slice(trailer.as_bytes());
    file
}
