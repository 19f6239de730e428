//! Localization: the messages of `languages/*.ftl`, and the language's formats of money, dates and lists. It must not
//! choose what a mail contains.

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

use crate::error::RenderError;
use crate::sanitize::sanitize_inline;

type Calendar<F> = FixedCalendarDateTimeFormatter<Gregorian, F>;

/// Messages and formats of one language.
pub(crate) struct Localizer {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    number: DecimalFormatter,
    date: Calendar<YMD>,
    short_date: Calendar<YMD>,
    date_time: Calendar<YMDT>,
    month: Calendar<YM>,
    list: ListFormatter,
}

/// Messages of a language, in Fluent syntax.
const fn messages(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("../languages/en.ftl"),
        Language::De => include_str!("../languages/de.ftl"),
        Language::Fr => include_str!("../languages/fr.ftl"),
        Language::Es => include_str!("../languages/es.ftl"),
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
    /// [`RenderError`] when its messages cannot be parsed or Unicode's data lacks it. A test renders every message in
    /// every language.
    pub(crate) fn new(language: Language) -> Result<Self, RenderError> {
        let locale = locale_of(language);
        let resource = FluentResource::try_new(messages(language).to_owned()).map_err(|_| RenderError::Language)?;
        let mut bundle = FluentBundle::new(vec![language.tag().parse().map_err(|_| RenderError::Language)?]);
        // `sanitize_inline` isolates the texts that need it. Marks around all others would break searches in the mail.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).map_err(|_| RenderError::Language)?;
        let wide = ListFormatterOptions::default().with_length(ListLength::Wide);
        Ok(Self {
            language,
            bundle,
            number: DecimalFormatter::try_new((&locale).into(), DecimalFormatterOptions::default())
                .map_err(|_| RenderError::Language)?,
            date: Calendar::try_new((&locale).into(), YMD::long()).map_err(|_| RenderError::Language)?,
            short_date: Calendar::try_new((&locale).into(), YMD::medium()).map_err(|_| RenderError::Language)?,
            date_time: Calendar::try_new((&locale).into(), YMD::long().with_time_hm())
                .map_err(|_| RenderError::Language)?,
            month: Calendar::try_new((&locale).into(), YM::long()).map_err(|_| RenderError::Language)?,
            list: ListFormatter::try_new_and((&locale).into(), wide).map_err(|_| RenderError::Language)?,
        })
    }

    /// Tag of the language.
    pub(crate) fn language_tag(&self) -> &'static str {
        self.language.tag()
    }

    /// Formats a message. Texts that users wrote must have passed [`sanitize_inline`].
    ///
    /// # Errors
    /// [`RenderError::Message`] when the language lacks the message, or it uses a variable that is not given.
    pub(crate) fn format(
        &self,
        id: &'static str,
        arguments: &[(&'static str, FluentValue<'_>)],
    ) -> Result<String, RenderError> {
        let missing = RenderError::Message(id);
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
    pub(crate) fn text(&self, id: &'static str) -> Result<String, RenderError> {
        self.format(id, &[])
    }

    /// Formats an amount with the decimals of its currency, such as `1,204.60 EUR`. It has the currency's code, because
    /// several currencies share a symbol.
    pub(crate) fn money(&self, money: Money) -> String {
        let exponent = i16::try_from(money.currency().exponent()).unwrap_or_default();
        let mut amount = Decimal::from(money.minor());
        amount.absolute.multiply_pow10(-exponent);
        format!("{} {}", self.number.format(&amount), money.currency())
    }

    /// Formats a day for a sentence, such as `14 July 2025`.
    ///
    /// # Errors
    /// [`RenderError::Date`] for a date outside the calendar, which no stored date is.
    pub(crate) fn date(&self, date: Date) -> Result<String, RenderError> {
        Ok(self.date.format(&calendar(date)?).to_string())
    }

    /// Formats a day for a list, such as `14 Jul 2025`.
    ///
    /// # Errors
    /// As [`Self::date`].
    pub(crate) fn short_date(&self, date: Date) -> Result<String, RenderError> {
        Ok(self.short_date.format(&calendar(date)?).to_string())
    }

    /// Formats a calendar month, such as `July 2025` from `2025-07`. Another text stays as it is.
    ///
    /// # Errors
    /// As [`Self::date`].
    pub(crate) fn month(&self, month: &str) -> Result<String, RenderError> {
        match format!("{month}-01").parse::<Date>() {
            Ok(first_day) => Ok(self.month.format(&calendar(first_day)?).to_string()),
            Err(_) => Ok(sanitize_inline(month)),
        }
    }

    /// Formats a timestamp to the minute, in UTC.
    ///
    /// # Errors
    /// As [`Self::date`].
    pub(crate) fn date_time(&self, at: Timestamp) -> Result<String, RenderError> {
        let at = TimeZone::UTC.to_datetime(at);
        let [hour, minute] = [at.hour(), at.minute()].map(i8::unsigned_abs);
        let time = Time::try_new(hour, minute, 0, 0).map_err(|_| RenderError::Date)?;
        let moment = self.date_time.format(&DateTime { date: calendar(at.date())?, time }).to_string();
        self.format("moment", &[("moment", moment.into())])
    }

    /// Formats the name of a person for a sentence.
    ///
    /// # Errors
    /// As [`Self::format`].
    pub(crate) fn person_name(&self, name: &str) -> Result<String, RenderError> {
        let name = sanitize_inline(name);
        if name.is_empty() { self.text("former-member") } else { Ok(name) }
    }

    /// Formats names, such as `Ana, Bruno and Carla`; also returns their number.
    pub(crate) fn name_list(&self, names: &[impl Borrow<str>]) -> (String, usize) {
        let known: Vec<String> =
            names.iter().map(|name| sanitize_inline(name.borrow())).filter(|name| !name.is_empty()).collect();
        (self.list.format(known.iter()).to_string(), known.len())
    }
}

fn calendar(date: Date) -> Result<CalendarDate<Gregorian>, RenderError> {
    let [month, day] = [date.month(), date.day()].map(i8::unsigned_abs);
    CalendarDate::try_new_gregorian(date.year().into(), month, day).map_err(|_| RenderError::Date)
}
