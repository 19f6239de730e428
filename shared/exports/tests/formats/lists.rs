//! Lists: stored files, the documented columns, any text, and memory.

use std::io::Write;

use outlay_domain::report::Report;
use outlay_exports::{
    CsvOptions, ExpenseCsvWriter, ExpenseRow, ExportError, ExportSummary, ListWriter, MemberCsvWriter,
    PaymentCsvWriter, ReportCsvWriter, write_list,
};
use proptest::prelude::*;

use crate::rfc4180::read;
use crate::samples::{
    HARD_TEXT, expense_saying, member_saying, members, payment_saying, payments, report_saying, reports,
};
use crate::support::assert_stored;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/EXPORTS.md");

/// File that a writer makes of some rows.
fn written<'r, 'o, W: ListWriter>(
    begin: impl FnOnce(&'o mut Vec<u8>) -> Result<W, ExportError>,
    out: &'o mut Vec<u8>,
    rows: impl IntoIterator<Item = W::Row<'r>>,
) -> ExportSummary {
    write_list(begin(out).unwrap(), rows).unwrap()
}

/// The files of the samples by name, with their numbers of rows.
fn files(options: CsvOptions) -> Vec<(&'static str, String, u64)> {
    let (reports, members, payments) = (reports(), members(), payments());
    let mut files = Vec::new();
    let mut add = |name, write: &dyn Fn(&mut Vec<u8>) -> ExportSummary| {
        let mut out = Vec::new();
        let summary = write(&mut out);
        assert_eq!((summary.entries, summary.total), (summary.rows, None));
        files.push((name, String::from_utf8(out).unwrap(), summary.rows));
    };
    add("reports.csv", &|out| written(|out| ReportCsvWriter::new(out, options), out, &reports));
    let expenses = || reports.iter().flat_map(ExpenseRow::all);
    add("expenses.csv", &|out| written(|out| ExpenseCsvWriter::new(out, options), out, expenses()));
    add("members.csv", &|out| written(|out| MemberCsvWriter::new(out, options), out, &members));
    add("payments.csv", &|out| written(|out| PaymentCsvWriter::new(out, options), out, &payments));
    files
}

/// Cells of one row by the names of their columns.
fn cells_of(file: &str, options: CsvOptions) -> Vec<(String, String)> {
    let mut rows = read(file, options.delimiter).into_iter();
    let (names, cells) = (rows.next().unwrap(), rows.next().unwrap());
    assert_eq!((names.len(), rows.next()), (cells.len(), None));
    names.into_iter().zip(cells).collect()
}

#[test]
fn lists_write_stored_files() {
    let mut expected = serde_json::Map::new();
    for (name, file, rows) in files(CsvOptions::default()) {
        assert_stored(name, file.as_bytes());
        let cells = read(&file, ',');
        assert!(cells.iter().all(|row| row.len() == cells[0].len()), "{name}");
        assert_eq!(cells.len() as u64, rows + 1, "{name}");
        expected.insert(name.to_owned(), serde_json::json!({ "rows": rows, "columns": cells[0], "text": HARD_TEXT }));
    }
    assert_stored("lists.json", format!("{:#}\n", serde_json::Value::from(expected)).as_bytes());
}

#[test]
fn lists_have_no_account_and_no_identity() {
    for (name, file, _) in files(CsvOptions::default()) {
        assert!(!file.contains("3000") && !file.contains("secret-subject"), "{name}");
    }
}

#[test]
fn columns_are_those_of_the_document() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    for (name, file, _) in files(CsvOptions::default()) {
        let (_, section) = document.split_once(&format!("`{name}`")).unwrap();
        let rows = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
        let documented: Vec<&str> = rows
            .skip(2)
            .flat_map(|row| row.split('|').nth(1).unwrap().split(','))
            .map(|name| name.trim().trim_matches('`'))
            .collect();
        assert_eq!(read(&file, ',').swap_remove(0), documented, "{name}");
    }
}

#[test]
fn decimal_comma_is_in_amounts_rates_and_taxes() {
    let options = CsvOptions { delimiter: ';', decimal_separator: ',', byte_order_mark: true };
    let (_, file, _) = files(options).swap_remove(1);
    let rows = read(file.strip_prefix('\u{FEFF}').unwrap(), ';');
    let cell = |row: usize, name| &rows[row][rows[0].iter().position(|column| column == name).unwrap()];
    assert_eq!((cell(1, "amount").as_str(), cell(3, "rate").as_str()), ("19,18", "0,0055"));
    assert!(cell(1, "taxes").ends_with(" 5,5 %: 1,00"));
    assert_eq!(cell(3, "taxes"), "10 %: 2000; City tax: 150; tax: 50");
}

/// Output that keeps nothing; fails when more than one row is written at once.
struct RowSink {
    writes: u64,
}

impl Write for RowSink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.writes += 1;
        if bytes.len() > 2_000 { Err(std::io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn rows_are_written_one_by_one() {
    let mut sink = RowSink { writes: 0 };
    let payment = payments().swap_remove(2);
    let rows = std::iter::repeat_n(&payment, 100_000);
    let summary = write_list(PaymentCsvWriter::new(&mut sink, CsvOptions::default()).unwrap(), rows).unwrap();
    assert_eq!((summary.rows, sink.writes), (100_000, 100_001));
}

#[test]
fn failing_output_stops_the_list() {
    let report = report_saying(1, &"x".repeat(3_000));
    let writer = ReportCsvWriter::new(RowSink { writes: 0 }, CsvOptions::default()).unwrap();
    assert!(matches!(write_list(writer, [&report]), Err(ExportError::Io(_))));
}

/// Text as a cell has it.
fn protected(text: &str) -> String {
    let text = text.replace('\0', "");
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_formula { format!("'{text}") } else { text }
}

fn any_options() -> impl Strategy<Value = CsvOptions> {
    let separators = prop_oneof![Just((',', '.')), Just((';', ',')), Just(('\t', '.')), Just(('|', ','))];
    separators.prop_map(|(delimiter, decimal_separator)| CsvOptions {
        delimiter,
        decimal_separator,
        byte_order_mark: false,
    })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[=+@,;|'\"\r\n\t\0a-c -]{0,12}",
        "[=＝]?\\PC{5000}",
        Just(HARD_TEXT.to_owned()),
        Just("👩‍👩‍👧🏳️‍🌈".to_owned()),
    ]
}

/// Checks that the named columns have the text.
fn check_texts(file: &str, options: CsvOptions, columns: &[&str], text: &str) -> Result<(), TestCaseError> {
    let cells = cells_of(file, options);
    for column in columns {
        let (_, cell) = cells.iter().find(|(name, _)| name == column).unwrap();
        prop_assert_eq!(cell, &protected(text), "{}", column);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_reads_back_from_any_column(text in any_text(), options in any_options()) {
        let report = Report { expenses: vec![expense_saying(2, &text)], ..report_saying(1, &text) };
        let file = |write: &dyn Fn(&mut Vec<u8>) -> ExportSummary| {
            let mut out = Vec::new();
            write(&mut out);
            String::from_utf8(out).unwrap()
        };
        let list = file(&|out| written(|out| ReportCsvWriter::new(out, options), out, [&report]));
        let columns = ["number", "title", "owner_name", "payee_name", "preparer_name", "cost_centre"];
        check_texts(&list, options, &columns, &text)?;

        let list = file(&|out| written(|out| ExpenseCsvWriter::new(out, options), out, ExpenseRow::all(&report)));
        let columns = [
            "report_number", "owner_name", "merchant", "category", "cost_centre", "project", "trip", "note",
            "justification", "attendees", "receipt_reference", "receipt_names", "approved_reason",
        ];
        check_texts(&list, options, &columns, &text)?;
        let taxes = format!("{text} 5{0}5 %: 1{0}00", options.decimal_separator);
        check_texts(&list, options, &["taxes"], &taxes)?;

        let member = member_saying(1, &text);
        let list = file(&|out| written(|out| MemberCsvWriter::new(out, options), out, [&member]));
        check_texts(&list, options, &["name", "email", "grade", "cost_centre", "time_zone"], &text)?;

        let payment = payment_saying(1, &text);
        let list = file(&|out| written(|out| PaymentCsvWriter::new(out, options), out, [&payment]));
        check_texts(&list, options, &["payee_name", "reference", "failure_code", "failure_reason"], &text)?;
    }
}
