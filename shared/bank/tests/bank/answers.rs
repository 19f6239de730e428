//! Reading of pain.002, camt.053 and camt.054.

use jiff::civil::date;
use outlay_bank::BankOutcome::{Accepted, Pending, Settled};
use outlay_bank::{AnswerKind, BankAnswer, BankAnswerError, BankOutcome, payment_information_id, read_answer};

use crate::golden::data;
use crate::samples::{iban_order, mixed_payments, money, sepa_payments};

fn read(name: &str) -> BankAnswer {
    read_answer(&std::fs::read(data(name)).unwrap()).unwrap()
}

fn rejected(code: &str, text: Option<&str>) -> BankOutcome {
    BankOutcome::Rejected { code: Some(code.to_owned()), text: text.map(str::to_owned) }
}

fn returned(code: Option<&str>, text: Option<&str>) -> BankOutcome {
    BankOutcome::Returned { code: code.map(str::to_owned), text: text.map(str::to_owned) }
}

/// Ids and outcomes of all entries.
fn outcomes(answer: &BankAnswer) -> Vec<(Option<&str>, BankOutcome)> {
    answer.entries.iter().map(|entry| (entry.end_to_end_id.as_deref(), entry.outcome.clone())).collect()
}

#[test]
fn status_report_gives_outcome_of_each_payment() {
    let answer = read("pain002_partly_rejected.xml");
    assert_eq!((answer.message_id.as_str(), answer.kind), ("STATUS-1", AnswerKind::StatusReport));
    assert_eq!(answer.original_message_id.as_deref(), Some("BAT01JD8H3Q5VFX8R9K2M7N4P6S0T"));
    assert_eq!(answer.group_outcome, None);
    let expected = [
        (Some("PAY0001"), rejected("AC04", Some("Konto erloschen & gelöscht seit 2025"))),
        (Some("PAY0002"), BankOutcome::Accepted),
        (Some("PAY0003"), BankOutcome::Settled),
        (None, BankOutcome::Pending),
        (Some("PAY0008"), rejected("AM03", None)),
    ];
    assert_eq!(outcomes(&answer), expected);
    assert_eq!(answer.entries[0].amount, Some(money(12_345, "EUR")));
    assert_eq!(answer.entries[2].date, Some(date(2026, 11, 30)));
    assert_eq!(answer.entries[2].reference.as_deref(), Some("REF-3"));
    assert_eq!(answer.entries[4].batch_id.as_deref(), Some("BAT01JD8H3Q5VFX8R9K2M7N4P6S0T-USD"));
}

#[test]
fn rejected_file_rejects_every_payment() {
    let answer = read("pain002_file_rejected.xml");
    let order = iban_order(mixed_payments());
    assert!(answer.entries.is_empty());
    for payment in &order.payments {
        let batch_id = payment_information_id(&order, payment);
        let outcome = answer.outcome_of(&batch_id, payment.end_to_end_id.as_str());
        assert_eq!(outcome, Some(&rejected("DU01", Some("Duplicate file"))));
    }
}

/// Outcomes by a report with these codes: of a payment that it names, of another in the same batch, of one elsewhere.
fn outcomes_by(group: &str, batch: &str, transaction: &str) -> (BankOutcome, Option<BankOutcome>, Option<BankOutcome>) {
    let xml = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt>\
         <GrpHdr><MsgId>M</MsgId></GrpHdr><OrgnlGrpInfAndSts><GrpSts>{group}</GrpSts></OrgnlGrpInfAndSts>\
         <OrgnlPmtInfAndSts><OrgnlPmtInfId>B</OrgnlPmtInfId>\
         <PmtInfSts>{batch}</PmtInfSts><TxInfAndSts><OrgnlEndToEndId>A</OrgnlEndToEndId><TxSts>{transaction}</TxSts>\
         </TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    );
    let answer = read_answer(xml.as_bytes()).unwrap();
    let of = |batch: &str, id: &str| answer.outcome_of(batch, id).cloned();
    let named = of("B", "A").unwrap();
    assert_eq!(answer.entries[0].outcome, named);
    (named, of("B", "X"), of("Y", "X"))
}

#[test]
fn rejection_of_batch_or_file_outranks_its_payments() {
    let none = || BankOutcome::Rejected { code: None, text: None };
    assert_eq!(outcomes_by("RJCT", "ACCP", "ACSC"), (none(), Some(none()), Some(none())));
    assert_eq!(outcomes_by("PART", "RJCT", "ACSC"), (none(), Some(none()), None));
    assert_eq!(outcomes_by("ACCP", "ACSP", "RJCT"), (none(), Some(Accepted), Some(Accepted)));
    assert_eq!(outcomes_by("ACCP", "PART", ""), (Accepted, Some(Accepted), Some(Accepted)));
    assert_eq!(outcomes_by("PART", "PART", ""), (Pending, None, None));
    assert_eq!(outcomes_by("RCVD", "ACTC", "ACWC"), (Accepted, Some(Accepted), Some(Pending)));
    assert_eq!(outcomes_by("ACSC", "ACSC", "ACCC"), (Settled, Some(Settled), Some(Settled)));
    assert_eq!(outcomes_by("XXXX", "PDNG", "BLCK"), (Pending, Some(Pending), Some(Pending)));
    assert_eq!(outcomes_by("ACCP", "ACCP", "CANC").0, none());
}

#[test]
fn only_settlement_codes_settle() {
    let codes = "ACCC ACCP ACFC ACIS ACPD ACSC ACSP ACTC ACWC ACWP BLCK CANC PART PATC PDNG PRES RCVD RJCT UNKN acsc";
    let settling: Vec<_> = codes
        .split(' ')
        .filter(|code| {
            let xml = std::fs::read_to_string(data("pain002_partly_rejected.xml")).unwrap();
            let answer = read_answer(xml.replace("ACSP", code).as_bytes()).unwrap();
            answer.entries[1].outcome == BankOutcome::Settled
        })
        .collect();
    assert_eq!(settling, ["ACCC", "ACSC"]);
}

#[test]
fn notification_lists_payments_and_returns() {
    let answer = read("camt054_batch.xml");
    assert_eq!((answer.message_id.as_str(), answer.kind), ("NTF-1", AnswerKind::Notification));
    let expected = [
        (Some("PAY0001"), BankOutcome::Settled),
        (Some("PAY0003"), BankOutcome::Settled),
        (Some("PAY0001"), returned(Some("AC04"), Some("ACCOUNT CLOSED"))),
        (None, returned(None, Some("Storno"))),
    ];
    assert_eq!(outcomes(&answer), expected);
    let batch_id = Some("BAT01JD8H3Q5VFX8R9K2M7N4P6S0T-SEPA");
    let first = &answer.entries[0];
    assert_eq!((first.amount, first.date), (Some(money(12_345, "EUR")), Some(date(2026, 12, 1))));
    assert_eq!((first.reference.as_deref(), first.batch_id.as_deref()), (Some("TX-1"), batch_id));
    let second = &answer.entries[1];
    assert_eq!((second.amount, second.reference.as_deref()), (Some(money(100_000_000_001, "EUR")), Some("ENTRY-1")));
    // The bank's own day, whatever it is in UTC.
    assert_eq!(answer.entries[2].date, Some(date(2026, 12, 3)));
    assert_eq!(answer.skipped, 2);
}

#[test]
fn statement_of_version_two_is_read() {
    let answer = read("camt053_statement.xml");
    assert_eq!((answer.message_id.as_str(), answer.kind), ("STMT-1", AnswerKind::Statement));
    let expected = [
        (Some("PAY0004"), BankOutcome::Settled),
        (None, BankOutcome::Settled),
        (Some("PAY0004"), returned(Some("914"), Some("SEPA-Retoure"))),
    ];
    assert_eq!(outcomes(&answer), expected);
    assert_eq!(answer.entries[0].batch_id.as_deref(), Some("BAT01JD8H3Q5VFX8R9K2M7N4P6S0T-SEPA"));
    assert_eq!(answer.entries[1].amount, Some(money(1_200, "EUR")));
    assert_eq!(answer.skipped, 1);
}

/// Answers of mock-bank, another implementation, to `pain001_sepa.xml`: `.ci/bank_check.py` compares them with the
/// files.
#[test]
fn answers_of_simulated_bank_are_read() {
    let status = read("bank_status.xml");
    let closed = "the creditor account FR1420041010050500013M02606 is closed";
    let expected: Vec<_> = ["SEPA0001", "SEPA0002", "SEPA0003", "SEPA0004", "SEPA0005"]
        .into_iter()
        .map(|id| (Some(id), if id == "SEPA0002" { rejected("AC04", Some(closed)) } else { Accepted }))
        .collect();
    assert_eq!(outcomes(&status), expected);
    let order = iban_order(sepa_payments());
    assert_eq!(status.original_message_id.as_deref(), Some(order.message_id.as_str()));
    for payment in &order.payments {
        let batch_id = payment_information_id(&order, payment);
        let id = payment.end_to_end_id.as_str();
        assert_eq!(
            status.outcome_of(&batch_id, id).cloned(),
            Some(expected[usize::from(id.as_bytes()[7] - b'1')].1.clone())
        );
    }
    for name in ["bank_debits.xml", "bank_statement.xml"] {
        let booked = read(name);
        let paid = order.payments.iter().filter(|payment| payment.end_to_end_id.as_str() != "SEPA0002");
        assert_eq!(booked.entries.len(), paid.clone().count(), "{name}");
        for (entry, payment) in booked.entries.iter().zip(paid) {
            assert_eq!(entry.end_to_end_id.as_deref(), Some(payment.end_to_end_id.as_str()), "{name}");
            assert_eq!(entry.batch_id, Some(payment_information_id(&order, payment)), "{name}");
            assert_eq!((entry.amount, entry.date), (Some(payment.amount), Some(date(2026, 12, 1))), "{name}");
            assert_eq!(entry.outcome, Settled, "{name}");
        }
    }
    for name in ["bank_return.xml", "bank_statement_return.xml"] {
        let answer = read(name);
        let codes: Vec<_> = answer
            .entries
            .iter()
            .map(|entry| match &entry.outcome {
                BankOutcome::Returned { code, .. } => (entry.end_to_end_id.as_deref(), code.as_deref(), entry.amount),
                other => panic!("{name}: {other:?}"),
            })
            .collect();
        assert_eq!(codes, [(Some("SEPA0003"), Some("AC04"), Some(money(250_000, "EUR")))], "{name}");
    }
}

#[test]
fn entry_without_transactions_names_its_batch() {
    let xml = std::fs::read_to_string(data("camt054_batch.xml")).unwrap();
    let (before, rest) = xml.split_once("<TxDtls>").unwrap();
    let (_, after) = rest.split_once("</TxDtls>\n        </NtryDtls>").unwrap();
    let answer = read_answer(format!("{before}</NtryDtls>{after}").as_bytes()).unwrap();
    let entry = &answer.entries[0];
    assert_eq!(entry.batch_id.as_deref(), Some("BAT01JD8H3Q5VFX8R9K2M7N4P6S0T-SEPA"));
    assert_eq!((entry.end_to_end_id.as_deref(), entry.amount), (None, Some(money(100_000_012_346, "EUR"))));
    let second = "</TxDtls></NtryDtls><NtryDtls><Btch><PmtInfId>OTHER</PmtInfId></Btch><TxDtls>";
    let two = xml.replacen("</TxDtls>\n          <TxDtls>", second, 1);
    let answer = read_answer(two.as_bytes()).unwrap();
    assert_eq!(answer.entries[0].batch_id.as_deref(), Some("BAT01JD8H3Q5VFX8R9K2M7N4P6S0T-SEPA"));
    assert_eq!(answer.entries[1].batch_id.as_deref(), Some("OTHER"));
}

#[test]
fn ids_of_written_file_come_back_in_answers() {
    let order = iban_order(mixed_payments());
    let mut xml = Vec::new();
    outlay_bank::write_pain001(&order, &mut xml).unwrap();
    let xml = String::from_utf8(xml).unwrap();
    let ids: Vec<_> = xml.split("<EndToEndId>").skip(1).map(|rest| rest.split_once('<').unwrap().0).collect();
    let report: Vec<_> = ids
        .iter()
        .map(|id| format!("<TxInfAndSts><OrgnlEndToEndId>{id}</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>"))
        .collect();
    let report = format!(
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.002.001.14'><CstmrPmtStsRpt>\
         <GrpHdr><MsgId>M</MsgId></GrpHdr>\
         <OrgnlPmtInfAndSts>{}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>",
        report.concat()
    );
    let details: Vec<_> = ids
        .iter()
        .map(|id| format!("<TxDtls><Refs><EndToEndId>{id}</EndToEndId></Refs><Amt Ccy='EUR'>1</Amt></TxDtls>"))
        .collect();
    let notification = format!(
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.054.001.13'><BkToCstmrDbtCdtNtfctn>\
         <GrpHdr><MsgId>M</MsgId>\
         </GrpHdr><Ntfctn><Ntry><Amt Ccy='EUR'>8</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><NtryDtls>\
         {}</NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>",
        details.concat()
    );
    for answer in [report, notification] {
        let answer = read_answer(answer.as_bytes()).unwrap();
        for payment in &order.payments {
            let id = payment.end_to_end_id.as_str();
            assert_eq!(answer.outcome_of("", id), Some(&BankOutcome::Settled), "{id}");
        }
        assert_eq!(answer.entries.len(), order.payments.len());
    }
}

#[test]
fn hostile_or_foreign_file_is_refused() {
    let valid = std::fs::read_to_string(data("camt054_batch.xml")).unwrap();
    let deep = format!("{}{}", "<a>".repeat(60), "</a>".repeat(60));
    let long = format!("<a>{}</a>", "x".repeat(30_000));
    let many: String = (0..300_000).map(|at| ["a", &at.to_string(), "=\"\" "].concat()).collect();
    let bomb = "<!DOCTYPE d [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>";
    let cases = [
        (valid.replace("<Document", &format!("{bomb}<Document")), BankAnswerError::DocumentType),
        (valid.replace("<Ntfctn>", &format!("<Ntfctn>{bomb}")), BankAnswerError::DocumentType),
        (valid.replace("Storno", "&file;"), BankAnswerError::DocumentType),
        (valid.replace("Storno", "&#0;x"), BankAnswerError::NotXml),
        (valid.replace("<Ntfctn>", &format!("<Ntfctn>{deep}")), BankAnswerError::LimitExceeded("nested elements")),
        (valid.replace("<Ntfctn>", &format!("<Ntfctn>{long}")), BankAnswerError::LimitExceeded("texts")),
        (
            valid.replace("<Ntfctn>", &format!("<Ntfctn><{}/>", "n".repeat(200))),
            BankAnswerError::LimitExceeded("names"),
        ),
        (valid.replace("<Ntfctn>", &format!("<Ntfctn {many}>")), BankAnswerError::LimitExceeded("attributes")),
        (valid.replace("<Document", &format!("<Document {many}")), BankAnswerError::LimitExceeded("attributes")),
        (valid.replace("</Document>", ""), BankAnswerError::NotXml),
        (format!("{valid}<Document/>"), BankAnswerError::NotXml),
        (format!("{valid}MZ"), BankAnswerError::NotXml),
        (valid.replace("camt.054.001.08", "camt.054.001.01"), BankAnswerError::Version),
        (valid.replace("camt.054.001.08", "camt.054.001.15"), BankAnswerError::Version),
        (valid.replace("camt.054.001.08", "camt.054.001"), BankAnswerError::Version),
        (valid.replace("camt.054.001.08", "camt.053.001.08"), BankAnswerError::UnknownMessage),
        (valid.replace("BkToCstmrDbtCdtNtfctn", "CstmrCdtTrfInitn"), BankAnswerError::UnknownMessage),
        (valid.replace("<MsgId>NTF-1</MsgId>", ""), BankAnswerError::Element("GrpHdr/MsgId")),
        (valid.replace("DBIT", "debit"), BankAnswerError::Element("CdtDbtInd")),
        (valid.replace("123.45", "123,45"), BankAnswerError::Element("Amt")),
        (valid.replace("2026-12-01</Dt>", "01.12.2026</Dt>"), BankAnswerError::Element("BookgDt")),
        (valid.replace("UTF-8", "ISO-8859-1").replace("Storno", "Rückgabe"), BankAnswerError::Encoding),
        (String::new(), BankAnswerError::UnknownMessage),
        ("<html/>".to_owned(), BankAnswerError::UnknownMessage),
    ];
    for (xml, expected) in cases {
        assert_eq!(read_answer(xml.as_bytes()), Err(expected), "{}", xml.chars().take(300).collect::<String>());
    }
    let latin = [&valid.as_bytes()[..400], b"\xFC", &valid.as_bytes()[400..]].concat();
    assert_eq!(read_answer(&latin), Err(BankAnswerError::Encoding));
    let large = format!("{valid}{}", " ".repeat(20_000_000));
    assert!(matches!(read_answer(large.as_bytes()), Err(BankAnswerError::TooLarge { .. })));
    let marked = format!("\u{FEFF}{}", valid.replace("UTF-8", "ISO-8859-1"));
    assert_eq!(read_answer(marked.as_bytes()).unwrap().entries.len(), 4);
}

#[test]
fn entries_are_limited() {
    let entry = "<Ntry><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts></Ntry>";
    let file = |count: usize| {
        format!(
            "<Document xmlns='camt.053.001.02'><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr><Stmt>{}</Stmt>\
             </BkToCstmrStmt></Document>",
            entry.repeat(count)
        )
    };
    assert_eq!(read_answer(file(100_000).as_bytes()).unwrap().entries.len(), 100_000);
    assert_eq!(read_answer(file(100_001).as_bytes()), Err(BankAnswerError::LimitExceeded("entries")));
}
