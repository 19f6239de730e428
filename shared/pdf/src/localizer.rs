//! Localization: the messages of `languages/*.ftl`, those of mail for findings, and the language's formats of money,
//! dates and lists. It must not choose what a document contains.

use std::borrow::Borrow;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use icu_calendar::{Date as CalendarDate, Gregorian};
use icu_datetime::FixedCalendarDateTimeFormatter;
use icu_datetime::fieldsets::{YM, YMD, YMDT};
use icu_datetime::input::{DateTime, Time};
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_decimal::options::DecimalFormatterOptions;
use icu_list::ListFormatter;
use icu_list::options::{ListFormatterOptions, ListLength};
use icu_locale_core::{Locale, locale};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use outlay_domain::language::Language;
use outlay_domain::money::Money;

use crate::error::PdfError;
use crate::text::sanitize_line;

type Calendar<F> = FixedCalendarDateTimeFormatter<Gregorian, F>;

/// Messages and formats of one language.
pub(crate) struct Localizer {
    bundle: FluentBundle<FluentResource>,
    number: DecimalFormatter,
    date: Calendar<YMD>,
    short_date: Calendar<YMD>,
    date_time: Calendar<YMDT>,
    short_date_time: Calendar<YMDT>,
    month: Calendar<YM>,
    list: ListFormatter,
}

/// Messages of a language, in Fluent syntax: those of the PDF, and those of mail, which has the sentences of findings.
/// One text for each finding, wherever it is read.
const fn messages(language: Language) -> [&'static str; 2] {
    match language {
        Language::En => [include_str!("../languages/en.ftl"), include_str!("../../mail/languages/en.ftl")],
        Language::De => [include_str!("../languages/de.ftl"), include_str!("../../mail/languages/de.ftl")],
        Language::Fr => [include_str!("../languages/fr.ftl"), include_str!("../../mail/languages/fr.ftl")],
        Language::Es => [include_str!("../languages/es.ftl"), include_str!("../../mail/languages/es.ftl")],
    }
}

/// Locale of numbers and dates. English is British, with the day before the month.
const fn locale_of(language: Language) -> Locale {
    match language {
        Language::En => locale!("en-GB"),
        Language::De => locale!("de"),
        Language::Fr => locale!("fr"),
        Language::Es => locale!("es"),
    }
}

impl Localizer {
    /// Loads a language.
    ///
    /// # Errors
    /// [`PdfError`] when its messages cannot be parsed or Unicode's data lacks it. A test renders every message in
    /// every language.
    pub(crate) fn new(language: Language) -> Result<Self, PdfError> {
        let locale = locale_of(language);
        let mut bundle = FluentBundle::new(vec![language.tag().parse().map_err(|_| PdfError::Language("file"))?]);
        // Isolating marks would be boxes on the page.
        bundle.set_use_isolating(false);
        for messages in messages(language) {
            let resource = FluentResource::try_new(messages.to_owned()).map_err(|_| PdfError::Language("file"))?;
            bundle.add_resource(resource).map_err(|_| PdfError::Language("file"))?;
        }
        let wide = ListFormatterOptions::default().with_length(ListLength::Wide);
        Ok(Self {
            bundle,
            number: DecimalFormatter::try_new((&locale).into(), DecimalFormatterOptions::default())
                .map_err(|_| PdfError::Language("file"))?,
            date: Calendar::try_new((&locale).into(), YMD::long()).map_err(|_| PdfError::Language("file"))?,
            short_date: Calendar::try_new((&locale).into(), YMD::medium()).map_err(|_| PdfError::Language("file"))?,
            date_time: Calendar::try_new((&locale).into(), YMD::long().with_time_hm())
                .map_err(|_| PdfError::Language("file"))?,
            short_date_time: Calendar::try_new((&locale).into(), YMD::medium().with_time_hm())
                .map_err(|_| PdfError::Language("file"))?,
            month: Calendar::try_new((&locale).into(), YM::long()).map_err(|_| PdfError::Language("file"))?,
            list: ListFormatter::try_new_and((&locale).into(), wide).map_err(|_| PdfError::Language("file"))?,
        })
    }

    /// Formats a message. Texts that users wrote must have passed [`sanitize_line`].
    ///
    /// # Errors
    /// [`PdfError::Message`] when the language lacks the message, or it uses a variable that is not given.
    pub(crate) fn format(
        &self,
        id: &'static str,
        arguments: &[(&'static str, FluentValue<'_>)],
    ) -> Result<String, PdfError> {
        let missing = PdfError::Language(id);
        let Some(pattern) = self.bundle.get_message(id).and_then(|message| message.value()) else {
            return Err(missing);
        };
        let args: FluentArgs<'_> = arguments.iter().cloned().collect();
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        if errors.is_empty() { Ok(text) } else { Err(missing) }
    }

    /// Formats a message without variables.
    ///
    /// # Errors
    /// As [`Self::format`].
    pub(crate) fn text(&self, id: &'static str) -> Result<String, PdfError> {
        self.format(id, &[])
    }

    /// Formats an amount with the decimals of its currency, such as `1,204.60 EUR`. It has the currency's code, because
    /// several currencies share a symbol; the two stay in one line.
    pub(crate) fn money(&self, money: Money) -> String {
        format!("{}\u{A0}{}", self.amount(money), money.currency())
    }

    /// Formats an amount without its currency.
    pub(crate) fn amount(&self, money: Money) -> String {
        let exponent = i16::try_from(money.currency().exponent()).unwrap_or_default();
        let mut amount = Decimal::from(money.minor());
        amount.absolute.multiply_pow10(-exponent);
        self.number.format(&amount).to_string().replace('\u{202F}', "\u{A0}")
    }

    /// Formats a decimal number, such as a rate. Another text stays as it is.
    pub(crate) fn decimal(&self, number: &str) -> String {
        number.parse::<Decimal>().map_or_else(|_| number.to_owned(), |number| self.number.format(&number).to_string())
    }

    /// Formats a day for a sentence, such as `14 July 2025`.
    ///
    /// # Errors
    /// [`PdfError::Language("date")`] for a date outside the calendar, which no stored date is.
    pub(crate) fn date(&self, date: Date) -> Result<String, PdfError> {
        Ok(self.date.format(&calendar(date)?).to_string())
    }

    /// Formats a day for a list, such as `14 Jul 2025`.
    ///
    /// # Errors
    /// As [`Self::date`].
    pub(crate) fn short_date(&self, date: Date) -> Result<String, PdfError> {
        Ok(self.short_date.format(&calendar(date)?).to_string())
    }

    /// Formats a calendar month, such as `July 2025` from `2025-07`. Another text stays as it is.
    ///
    /// # Errors
    /// As [`Self::date`].
    pub(crate) fn month(&self, month: &str) -> Result<String, PdfError> {
        match format!("{month}-01").parse::<Date>() {
            Ok(first_day) => Ok(self.month.format(&calendar(first_day)?).to_string()),
            Err(_) => Ok(sanitize_line(month)),
        }
    }

    /// Formats a timestamp to the minute, in UTC.
    ///
    /// # Errors
    /// As [`Self::date`].
    pub(crate) fn date_time(&self, at: Timestamp) -> Result<String, PdfError> {
        let moment = self.date_time.format(&minute(at)?).to_string();
        self.format("moment", &[("moment", moment.into())])
    }

    /// Formats a timestamp to the minute for a list, in UTC and without saying so.
    ///
    /// # Errors
    /// As [`Self::date`].
    pub(crate) fn compact_time(&self, at: Timestamp) -> Result<String, PdfError> {
        Ok(self.short_date_time.format(&minute(at)?).to_string())
    }

    /// Formats the name of a person for a sentence.
    ///
    /// # Errors
    /// As [`Self::format`].
    pub(crate) fn person_name(&self, name: &str) -> Result<String, PdfError> {
        let name = sanitize_line(name);
        if name.is_empty() { self.text("former-member") } else { Ok(name) }
    }

    /// Formats names, such as `Ana, Bruno and Carla`; also returns their number.
    pub(crate) fn name_list(&self, names: &[impl Borrow<str>]) -> (String, usize) {
        let known: Vec<String> =
            names.iter().map(|name| sanitize_line(name.borrow())).filter(|name| !name.is_empty()).collect();
        (self.list.format(known.iter()).to_string(), known.len())
    }
}

fn calendar(date: Date) -> Result<CalendarDate<Gregorian>, PdfError> {
    let [month, day] = [date.month(), date.day()].map(i8::unsigned_abs);
    CalendarDate::try_new_gregorian(date.year().into(), month, day).map_err(|_| PdfError::Language("date"))
}

/// Minute of a timestamp, in UTC.
fn minute(at: Timestamp) -> Result<DateTime<Gregorian>, PdfError> {
    let at = TimeZone::UTC.to_datetime(at);
    let [hour, minute] = [at.hour(), at.minute()].map(i8::unsigned_abs);
    let time = Time::try_new(hour, minute, 0, 0).map_err(|_| PdfError::Language("date"))?;
    Ok(DateTime { date: calendar(at.date())?, time })
}
