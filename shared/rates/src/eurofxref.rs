//! The XML files of the European Central Bank (`eurofxref-daily.xml`, `eurofxref-hist-90d.xml`), element by element and
//! with limits. A file is accepted as a whole or not at all.
//! <https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/html/index.en.html>

use std::collections::BTreeMap;

use jiff::civil::Date;
use outlay_domain::conversion::{Rate, ReferenceDay};
use outlay_domain::money::Currency;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Limit of days in a file. The file of 90 days has at most 66 working days.
const MAX_DAYS: usize = 100;
/// Limit of currencies of a day. The bank publishes 30.
const MAX_CURRENCIES: usize = 100;
/// Limit of nested elements. The files have four.
const MAX_DEPTH: usize = 8;
/// Size limit of the attributes of an element, in bytes. Comparing their names takes time by the square of their number.
const MAX_ATTRIBUTE_BYTES: usize = 500;

/// Reason why a file of reference rates is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatesFileError {
    /// Not well-formed XML, or XML with a document type.
    #[error("the rates file is not XML, or has a document type")]
    NotXml,
    /// Another document than reference rates, or one without a day.
    #[error("the rates file has no reference rates")]
    NoRates,
    /// Too many days, currencies, nested elements or attributes.
    #[error("the rates file has too many {0}")]
    LimitExceeded(&'static str),
    /// A value that is not a day, a currency or a rate.
    #[error("the rates file has an invalid {0}")]
    InvalidValue(&'static str),
    /// A day, or a currency of a day, that occurs twice.
    #[error("the rates file has a {0} twice")]
    Repeated(&'static str),
}

/// Parses a file of reference rates, the oldest day first.
///
/// # Errors
/// [`RatesFileError`]
pub fn parse_rates_file(xml: &str) -> Result<Vec<ReferenceDay>, RatesFileError> {
    let mut reader = Reader::from_str(xml);
    let mut file = RatesFile::default();
    loop {
        match reader.read_event().map_err(|_| RatesFileError::NotXml)? {
            Event::Start(start) => file.begin(&start)?,
            Event::Empty(start) => {
                file.begin(&start)?;
                file.end()?;
            }
            Event::End(_) => file.end()?,
            Event::DocType(_) | Event::GeneralRef(_) => return Err(RatesFileError::NotXml),
            Event::Text(_) | Event::CData(_) | Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return file.finish(),
        }
    }
}

#[derive(Default)]
struct RatesFile {
    days: BTreeMap<Date, BTreeMap<Currency, Rate>>,
    /// Day of the element that was begun last.
    day: Option<Date>,
    depth: usize,
    has_root: bool,
}

impl RatesFile {
    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), RatesFileError> {
        if self.depth >= MAX_DEPTH {
            return Err(RatesFileError::LimitExceeded("nested elements"));
        }
        if start.attributes_raw().len() > MAX_ATTRIBUTE_BYTES {
            return Err(RatesFileError::LimitExceeded("attributes"));
        }
        if self.depth == 0 {
            let is_first = !std::mem::replace(&mut self.has_root, true);
            if !is_first || start.local_name().as_ref() != b"Envelope" {
                return Err(RatesFileError::NoRates);
            }
        }
        self.depth = self.depth.saturating_add(1);
        if start.local_name().as_ref() != b"Cube" {
            return Ok(());
        }
        if let Some(day) = attribute(start, "time")? {
            return self.begin_day(&day);
        }
        match (attribute(start, "currency")?, attribute(start, "rate")?) {
            (Some(currency), Some(rate)) => self.add_rate(&currency, &rate),
            (None, None) => Ok(()),
            _ => Err(RatesFileError::InvalidValue("rate")),
        }
    }

    fn begin_day(&mut self, day: &str) -> Result<(), RatesFileError> {
        let day: Date = day.parse().map_err(|_| RatesFileError::InvalidValue("day"))?;
        if self.days.len() >= MAX_DAYS {
            return Err(RatesFileError::LimitExceeded("days"));
        }
        if self.days.insert(day, BTreeMap::new()).is_some() {
            return Err(RatesFileError::Repeated("day"));
        }
        self.day = Some(day);
        Ok(())
    }

    fn add_rate(&mut self, currency: &str, rate: &str) -> Result<(), RatesFileError> {
        let rates = self.day.and_then(|day| self.days.get_mut(&day)).ok_or(RatesFileError::InvalidValue("day"))?;
        // Also currencies that have been withdrawn since: tables of earlier days have them.
        let currency = Currency::stored(currency).ok().filter(|currency| *currency != Currency::EUR);
        let currency = currency.ok_or(RatesFileError::InvalidValue("currency"))?;
        let rate: Rate = rate.parse().map_err(|_| RatesFileError::InvalidValue("rate"))?;
        if rates.len() >= MAX_CURRENCIES {
            return Err(RatesFileError::LimitExceeded("currencies"));
        }
        if rates.insert(currency, rate).is_some() { Err(RatesFileError::Repeated("currency")) } else { Ok(()) }
    }

    fn end(&mut self) -> Result<(), RatesFileError> {
        self.depth = self.depth.checked_sub(1).ok_or(RatesFileError::NotXml)?;
        Ok(())
    }

    fn finish(self) -> Result<Vec<ReferenceDay>, RatesFileError> {
        if self.depth > 0 {
            return Err(RatesFileError::NotXml);
        }
        if self.days.is_empty() || self.days.values().any(BTreeMap::is_empty) {
            return Err(RatesFileError::NoRates);
        }
        Ok(self.days.into_iter().map(|(date, rates)| ReferenceDay { date, rates }).collect())
    }
}

/// Value of an attribute. References in it stay as they are; no day, currency or rate has one.
fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, RatesFileError> {
    let attribute = start.try_get_attribute(name).map_err(|_| RatesFileError::NotXml)?;
    let text = |value: &[u8]| std::str::from_utf8(value).map(str::to_owned).map_err(|_| RatesFileError::NotXml);
    attribute.map(|attribute| text(&attribute.value)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// File with this content of the outer `Cube`, in the form of the bank.
    fn file(content: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" \
             xmlns=\"http://www.ecb.int/vocabulary/2002-08-01/eurofxref\">\n\
             \t<gesmes:subject>Reference rates</gesmes:subject>\n\
             \t<gesmes:Sender>\n\t\t<gesmes:name>European Central Bank</gesmes:name>\n\t</gesmes:Sender>\n\
             \t<Cube>{content}</Cube>\n</gesmes:Envelope>"
        )
    }

    const DAY: &str = "<Cube time='2026-11-20'><Cube currency='USD' rate='1.1012'/></Cube>";

    #[test]
    fn rates_file_is_read_oldest_day_first() {
        let earlier = "<Cube time=\"2026-11-19\"><Cube currency=\"JPY\" rate=\"163.20\"/>\
                       <Cube currency=\"BGN\" rate=\"1.9558\"></Cube></Cube>";
        let days = parse_rates_file(&file(&format!("{DAY}{earlier}"))).unwrap();
        let shown: Vec<String> = days.iter().map(|day| format!("{} {:?}", day.date, day.rates)).collect();
        assert_eq!(shown, ["2026-11-19 {BGN: 1.9558, JPY: 163.2}", "2026-11-20 {USD: 1.1012}"]);
    }

    #[test]
    fn rates_file_is_refused_as_a_whole() {
        use RatesFileError::{InvalidValue, LimitExceeded, NoRates, NotXml, Repeated};
        let rate = |currency: &str, rate: &str| {
            file(&format!("{DAY}<Cube time='2026-11-19'><Cube currency='{currency}' rate='{rate}'/></Cube>"))
        };
        let days = (0..=100).map(|n| DAY.replace("2026", &(2000 + n).to_string())).collect::<String>();
        let code =
            |n: u8| format!("<Cube currency='A{}{}' rate='1'/>", char::from(b'A' + n / 26), char::from(b'A' + n % 26));
        let currencies = (0..=100).map(code).collect::<String>();
        let whole = file(DAY);
        for (xml, expected) in [
            (String::new(), NoRates),
            ("<html/>".to_owned(), NoRates),
            (file(""), NoRates),
            (file("<Cube time='2026-11-20'></Cube>"), NoRates),
            (format!("{whole}{whole}"), NoRates),
            (whole[..whole.len() - 20].to_owned(), NotXml),
            (whole.replacen("<gesmes:Envelope", "<!DOCTYPE x><gesmes:Envelope", 1), NotXml),
            (file("</Cube></Cube>"), NotXml),
            (file("&x;"), NotXml),
            (rate("USD", "0"), InvalidValue("rate")),
            (rate("USD", "-1.1"), InvalidValue("rate")),
            (rate("USD", "N/A"), InvalidValue("rate")),
            (rate("usd", "1.1"), InvalidValue("currency")),
            (rate("EUR", "1"), InvalidValue("currency")),
            (file(&DAY.replace("2026-11-20", "2026-11-31")), InvalidValue("day")),
            (file("<Cube currency='USD' rate='1.1'/>"), InvalidValue("day")),
            (file(&DAY.replace(" rate='1.1012'", "")), InvalidValue("rate")),
            (file(&format!("{DAY}{DAY}")), Repeated("day")),
            (file(&DAY.replace("/>", "/><Cube currency='USD' rate='1.2'/>")), Repeated("currency")),
            (file(&days), LimitExceeded("days")),
            (file(&format!("<Cube time='2026-11-20'>{currencies}</Cube>")), LimitExceeded("currencies")),
            (file(&"<Cube>".repeat(7)), LimitExceeded("nested elements")),
            (file(&format!("<Cube x='{}'/>", "x".repeat(500))), LimitExceeded("attributes")),
        ] {
            assert_eq!(parse_rates_file(&xml), Err(expected), "{xml}");
        }
    }

    proptest! {
        #[test]
        fn cut_or_changed_file_gives_whole_days_or_error(cut in 0..400_usize, byte in any::<char>()) {
            let whole = file(DAY);
            let mut changed: Vec<char> = whole.chars().collect();
            let at = cut % changed.len();
            prop_assert!(parse_rates_file(&changed[..at].iter().collect::<String>()).is_err());
            changed[at] = byte;
            if let Ok(days) = parse_rates_file(&changed.iter().collect::<String>()) {
                prop_assert!(days.iter().all(|day| !day.rates.is_empty()));
            }
        }
    }
}
