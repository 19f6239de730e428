//! Files of each format, compared with stored ones byte by byte, and what the formats refuse.
#![cfg(test)]

mod lists;
mod rfc4180;
mod samples;
mod support;

use jiff::civil::date;
use outlay_domain::ledger::{EntryHead, EntrySide, FiscalYear, JournalEntry, JournalLine, LineRole};
use outlay_exports::{
    CsvOptions, DatevOptions, DatevTaxBooking, DatevWriter, ExportError, ExportSummary, FecAuxiliary, FecCharset,
    FecOptions, FecWriter, JournalCsvWriter, JournalWriter, SieName, SieOptions, SieWriter, fec_file_name,
    write_journal,
};
use proptest::prelude::*;
use support::{assert_stored, entry_with, id, journal, line, money};

const YEAR: FiscalYear = FiscalYear { first_day: date(2026, 1, 1), last_day: date(2026, 12, 31) };

fn datev() -> DatevOptions {
    DatevOptions {
        consultant_number: 29_098,
        client_number: 55_003,
        fiscal_year_start: YEAR.first_day,
        account_length: 4,
        from: date(2026, 11, 1),
        to: date(2026, 12, 31),
        label: "Reisekosten 11/2026 bis 12/2026".to_owned(),
        locked: false,
        currency: money(0).currency(),
        created_at: date(2026, 12, 31).at(23, 5, 7, 89_000_000),
        tax_booking: DatevTaxBooking::Accounts,
    }
}

fn sie() -> SieOptions {
    let names = |list: &[(&str, &str)]| {
        list.iter().map(|(code, name)| SieName { code: (*code).to_owned(), name: (*name).to_owned() }).collect()
    };
    SieOptions {
        company_name: "Åkeri \"Öst\" AB".to_owned(),
        organisation_number: Some("556036-0793".to_owned()),
        fiscal_year: YEAR,
        currency: money(0).currency(),
        generated_on: date(2026, 12, 31),
        program_version: "0.1.0".to_owned(),
        series: "U".to_owned(),
        first_number: 41,
        accounts: names(&[("6251", "Resor"), ("4456", "Ingående moms"), ("4211", "Skulder till anställda")]),
        cost_centres: names(&[("CC1", "Försäljning")]),
        projects: names(&[("Apollo", "Apollo")]),
    }
}

fn fec() -> FecOptions {
    let member = id(1);
    let names = [("6251", "Voyages et déplacements"), ("4211", "Personnel, notes de frais")];
    FecOptions {
        journal_code: "NDF".to_owned(),
        journal_name: "Notes de frais".to_owned(),
        fiscal_year: YEAR,
        validated_on: date(2026, 12, 31),
        first_number: 41,
        account_names: names.map(|(code, name)| (code.to_owned(), name.to_owned())).into(),
        auxiliaries: [(member, FecAuxiliary { number: "ANA".to_owned(), name: "Ana Müller".to_owned() })].into(),
        charset: FecCharset::Utf8,
    }
}

/// File that a writer makes of the journal.
fn written<'a, W: JournalWriter>(
    begin: impl FnOnce(&'a mut Vec<u8>) -> Result<W, ExportError>,
    out: &'a mut Vec<u8>,
    entries: &[JournalEntry],
) -> Result<ExportSummary, ExportError> {
    write_journal(begin(out)?, entries)
}

#[test]
fn formats_write_stored_files() {
    let entries = journal();
    let mut summaries = Vec::new();
    let mut check = |name: &str, write: &dyn Fn(&mut Vec<u8>) -> Result<ExportSummary, ExportError>| {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        summaries.push(write(&mut first).unwrap());
        write(&mut second).unwrap();
        assert!(first == second, "{name} differs from run to run");
        assert_stored(name, &first);
    };
    let csv = CsvOptions { byte_order_mark: true, ..CsvOptions::default() };
    check("journal.csv", &|out| written(|out| JournalCsvWriter::new(out, csv), out, &entries));
    check("EXTF_Buchungsstapel.csv", &|out| written(|out| DatevWriter::new(out, datev()), out, &entries));
    let keys = DatevOptions { tax_booking: DatevTaxBooking::Keys, locked: true, ..datev() };
    check("EXTF_Buchungsstapel_keys.csv", &|out| written(|out| DatevWriter::new(out, keys.clone()), out, &entries));
    check("journal.se", &|out| written(|out| SieWriter::new(out, sie()), out, &entries));
    let name = fec_file_name("732829320", YEAR).unwrap();
    check(&name, &|out| written(|out| FecWriter::new(out, fec()), out, &entries));
    let latin = FecOptions { charset: FecCharset::Iso8859_15, ..fec() };
    check("fec_iso8859_15.txt", &|out| written(|out| FecWriter::new(out, latin.clone()), out, &entries));
    let lines: usize = entries.iter().map(|entry| entry.lines().len()).sum();
    for summary in &summaries {
        assert_eq!((summary.entries, summary.total), (5, Some(support::total(&entries))));
    }
    assert_eq!(summaries[0].rows, u64::try_from(lines).unwrap());
    assert_stored("expected.json", support::expected(&entries).as_bytes());
}

#[test]
fn datev_rows_have_all_columns() {
    assert_eq!(datev().file_name(), "EXTF_Buchungsstapel_20261101_20261231.csv");
    let mut out = Vec::new();
    written(|out| DatevWriter::new(out, datev()), &mut out, &journal()).unwrap();
    let lines: Vec<&[u8]> = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let fields = |line: &[u8]| {
        let mut quoted = false;
        let separators = line.iter().filter(|byte| {
            quoted ^= **byte == b'"';
            **byte == b';' && !quoted
        });
        separators.count() + 1
    };
    assert_eq!(fields(lines[0]), 31);
    assert!(lines[1..].iter().all(|line| fields(line) == 125));
    assert!(lines.iter().all(|line| line.ends_with(b"\r")));
}

#[test]
fn invalid_settings_are_named() {
    fn setting<W>(result: Result<W, ExportError>) -> &'static str {
        match result {
            Err(ExportError::InvalidSetting { setting, .. }) => setting,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("accepted"),
        }
    }
    let datev = |change: &dyn Fn(&mut DatevOptions)| {
        let mut options = datev();
        change(&mut options);
        setting(DatevWriter::new(Vec::new(), options))
    };
    assert_eq!(datev(&|options| options.consultant_number = 1_000), "consultant_number");
    assert_eq!(datev(&|options| options.client_number = 0), "client_number");
    assert_eq!(datev(&|options| options.account_length = 9), "account_length");
    assert_eq!(datev(&|options| options.from = date(2025, 12, 31)), "from");
    assert_eq!(datev(&|options| options.to = date(2027, 1, 1)), "to");
    assert_eq!(datev(&|options| options.label = " ".to_owned()), "label");
    let no_series = SieOptions { series: String::new(), ..sie() };
    assert_eq!(setting(SieWriter::new(Vec::new(), no_series)), "series");
    let no_company = SieOptions { company_name: String::new(), ..sie() };
    assert_eq!(setting(SieWriter::new(Vec::new(), no_company)), "company_name");
    let no_code = FecOptions { journal_code: "\t".to_owned(), ..fec() };
    assert_eq!(setting(FecWriter::new(Vec::new(), no_code)), "journal_code");
}

#[test]
fn entries_a_format_cannot_express_are_refused() {
    let late = |year| {
        entry_with(
            9,
            date(year, 1, 5),
            vec![
                line("6251", EntrySide::Debit, 500, LineRole::Expense),
                line("4211", EntrySide::Credit, 500, LineRole::Payable),
            ],
        )
    };
    let next_year = [late(2027)];
    let mut out = Vec::new();
    let refused = written(|out| DatevWriter::new(out, datev()), &mut out, &next_year);
    assert!(matches!(refused, Err(ExportError::OutsidePeriod { .. })));
    let refused = written(|out| SieWriter::new(out, sie()), &mut out, &next_year);
    assert!(matches!(refused, Err(ExportError::OutsidePeriod { .. })));
    let refused = written(|out| FecWriter::new(out, fec()), &mut out, &next_year);
    assert!(matches!(refused, Err(ExportError::OutsidePeriod { .. })));

    let named = [entry_with(
        9,
        date(2026, 11, 5),
        vec![
            line("TRAVEL", EntrySide::Debit, 500, LineRole::Expense),
            line("4211", EntrySide::Credit, 500, LineRole::Payable),
        ],
    )];
    let account = |refused: Result<ExportSummary, ExportError>| match refused {
        Err(ExportError::InvalidAccount { format, account, .. }) => (format, account),
        other => panic!("{other:?}"),
    };
    let expected = |format| (format, "TRAVEL".to_owned());
    assert_eq!(account(written(|out| DatevWriter::new(out, datev()), &mut out, &named)), expected("DATEV"));
    assert_eq!(account(written(|out| SieWriter::new(out, sie()), &mut out, &named)), expected("SIE"));
    assert_eq!(account(written(|out| FecWriter::new(out, fec()), &mut out, &named)), expected("FEC"));

    let dinar = SieOptions { currency: "KWD".parse().unwrap(), ..sie() };
    assert!(matches!(SieWriter::new(Vec::new(), dinar), Err(ExportError::UnsupportedCurrency { .. })));
    let yen = DatevOptions { currency: "JPY".parse().unwrap(), ..datev() };
    let refused = written(|out| DatevWriter::new(out, yen), &mut out, &journal());
    assert!(matches!(refused, Err(ExportError::UnsupportedCurrency { .. })));
    let large = [entry_with(
        9,
        date(2026, 11, 5),
        vec![
            line("6251", EntrySide::Debit, 1_000_000_000_000, LineRole::Expense),
            line("4211", EntrySide::Credit, 1_000_000_000_000, LineRole::Payable),
        ],
    )];
    let refused = written(|out| DatevWriter::new(out, datev()), &mut out, &large);
    assert!(matches!(refused, Err(ExportError::AmountTooLarge { .. })));
}

/// Output that counts bytes and keeps none.
#[derive(Default)]
struct Counting(u64);

impl std::io::Write for &mut Counting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn numbers_of_long_journals_have_no_gaps() {
    let entry = journal().swap_remove(0);
    let entries = || std::iter::repeat_n(&entry, 2_000);
    let mut counted = Counting::default();
    let summary = write_journal(SieWriter::new(&mut counted, sie()).unwrap(), entries()).unwrap();
    assert_eq!(summary.entries, 2_000);
    assert!(counted.0 > 500_000);
    let mut out = Vec::new();
    write_journal(FecWriter::new(&mut out, fec()).unwrap(), entries()).unwrap();
    let text = String::from_utf8(out).unwrap();
    let mut numbers: Vec<u64> =
        text.lines().skip(1).map(|row| row.split('\t').nth(2).unwrap().parse().unwrap()).collect();
    numbers.dedup();
    assert_eq!(numbers, (41..2_041).collect::<Vec<u64>>());
}

/// Fields of a row in the CSV dialect of DATEV.
fn datev_fields(row: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = row.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => field.push(characters.next().unwrap()),
            '"' => quoted = !quoted,
            ';' if !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}

/// Rows of a file in a set of single bytes, as Latin-1: the structure of the formats is in ASCII.
fn rows(bytes: &[u8]) -> Vec<String> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    text.strip_suffix("\r\n").unwrap().split("\r\n").map(str::to_owned).collect()
}

/// An entry with this text in every place that takes one.
fn entry_saying(text: &str) -> JournalEntry {
    let line = |side, role| JournalLine { text: text.to_owned(), ..line("4211", side, 500, role) };
    let plain = entry_with(
        9,
        date(2026, 11, 5),
        vec![line(EntrySide::Debit, LineRole::Expense), line(EntrySide::Credit, LineRole::Payable)],
    );
    let head = EntryHead { reference: text.to_owned(), text: text.to_owned(), ..plain.head().clone() };
    JournalEntry::new(head, plain.currency(), plain.lines().to_vec()).unwrap()
}

proptest! {
    #[test]
    fn any_text_keeps_the_structure(text in prop_oneof!["\\PC{0,80}", any::<String>(), "[\"\\\\{};|\t\r\n#=a]{0,20}"]) {
        let entries = [entry_saying(&text)];
        let mut out = Vec::new();
        written(|out| DatevWriter::new(out, datev()), &mut out, &entries).unwrap();
        let lines = rows(&out);
        let fields = datev_fields(&lines[2]);
        prop_assert_eq!((lines.len(), fields.len()), (3, 125));
        prop_assert!(fields[10].len() <= 36 && fields[13].chars().count() <= 60);
        let has_control = |field: &String| field.bytes().any(|byte| byte.is_ascii_control());
        prop_assert!(!fields.iter().any(has_control));

        let mut out = Vec::new();
        written(|out| SieWriter::new(out, sie()), &mut out, &entries).unwrap();
        let lines = rows(&out);
        let vouchers = lines.iter().position(|line| line.starts_with("#VER")).unwrap();
        prop_assert_eq!(lines.len(), vouchers + 5);
        for line in &lines[vouchers..] {
            let quotes = line.replace("\\\"", "").matches('"').count();
            prop_assert!(quotes % 2 == 0 && !line.replace("\\\"", "").contains('\\'), "{}", line);
        }

        let mut out = Vec::new();
        written(|out| FecWriter::new(out, fec()), &mut out, &entries).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
        prop_assert_eq!(lines.len(), 3);
        prop_assert!(lines.iter().all(|line| line.matches('\t').count() == 17 && !line.contains(['\r', '\n'])));
    }
}
