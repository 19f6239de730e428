//! How one language says it: the sentences of `languages/*.ftl`, and money, dates and lists as its readers write them. What is said, and
//! in which order, is not here.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use icu_calendar::{Date as CalendarDate, Gregorian};
use icu_datetime::FixedCalendarDateTimeFormatter;
use icu_datetime::fieldsets::{YMD, YMDT};
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

use crate::notice::RenderError;
use crate::words::inline;

type Calendar<F> = FixedCalendarDateTimeFormatter<Gregorian, F>;

/// One language, ready to speak.
pub(crate) struct Voice {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    number: DecimalFormatter,
    day: Calendar<YMD>,
    short_day: Calendar<YMD>,
    moment: Calendar<YMDT>,
    list: ListFormatter,
}

/// The sentences of a language.
const fn sentences(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("../languages/en.ftl"),
        Language::De => include_str!("../languages/de.ftl"),
        Language::Fr => include_str!("../languages/fr.ftl"),
        Language::Es => include_str!("../languages/es.ftl"),
    }
}

/// By whose habits numbers and dates are written. English is the one that writes the day before the month.
const fn locale_of(language: Language) -> Locale {
    match language {
        Language::En => locale!("en-GB"),
        Language::De => locale!("de"),
        Language::Fr => locale!("fr"),
        Language::Es => locale!("es"),
    }
}

impl Voice {
    /// A language.
    ///
    /// # Errors
    /// [`RenderError`] when its sentences cannot be read or Unicode's data lacks it; a test renders every message in every language.
    pub(crate) fn new(language: Language) -> Result<Self, RenderError> {
        let locale = locale_of(language);
        let resource = FluentResource::try_new(sentences(language).to_owned()).map_err(|_| RenderError::Language)?;
        let mut bundle = FluentBundle::new(vec![language.tag().parse().map_err(|_| RenderError::Language)?]);
        // What is put in is isolated where it needs to be (see `inline`); marks around everything else would only be in the way of searching.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).map_err(|_| RenderError::Language)?;
        let wide = ListFormatterOptions::default().with_length(ListLength::Wide);
        Ok(Self {
            language,
            bundle,
            number: DecimalFormatter::try_new((&locale).into(), DecimalFormatterOptions::default())
                .map_err(|_| RenderError::Language)?,
            day: Calendar::try_new((&locale).into(), YMD::long()).map_err(|_| RenderError::Language)?,
            short_day: Calendar::try_new((&locale).into(), YMD::medium()).map_err(|_| RenderError::Language)?,
            moment: Calendar::try_new((&locale).into(), YMD::long().with_time_hm())
                .map_err(|_| RenderError::Language)?,
            list: ListFormatter::try_new_and((&locale).into(), wide).map_err(|_| RenderError::Language)?,
        })
    }

    /// The tag of the language.
    pub(crate) const fn tag(&self) -> &'static str {
        self.language.tag()
    }

    /// A sentence. Whatever people chose must have gone through [`inline`].
    ///
    /// # Errors
    /// [`RenderError::Sentence`] when the language lacks it or it wants something that is not given.
    pub(crate) fn say(
        &self,
        id: &'static str,
        given: &[(&'static str, FluentValue<'_>)],
    ) -> Result<String, RenderError> {
        let missing = RenderError::Sentence(id);
        let Some(pattern) = self.bundle.get_message(id).and_then(|message| message.value()) else {
            return Err(missing);
        };
        let args: FluentArgs<'_> = given.iter().cloned().collect();
        let mut faults = Vec::new();
        let said = self.bundle.format_pattern(pattern, Some(&args), &mut faults).into_owned();
        if faults.is_empty() { Ok(said) } else { Err(missing) }
    }

    /// A sentence that nothing is put into.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub(crate) fn plain(&self, id: &'static str) -> Result<String, RenderError> {
        self.say(id, &[])
    }

    /// An amount with the decimals of its currency, such as `1,204.60 EUR`. The code is the same in every language, and follows: symbols
    /// are shared by currencies.
    pub(crate) fn money(&self, money: Money) -> String {
        let exponent = i16::try_from(money.currency().exponent()).unwrap_or_default();
        let mut amount = Decimal::from(money.minor());
        amount.absolute.multiply_pow10(-exponent);
        format!("{} {}", self.number.format(&amount), money.currency())
    }

    /// A day in a sentence, such as `14 July 2025`.
    ///
    /// # Errors
    /// [`RenderError::Date`] for a date that the calendar does not know; it knows all of ours.
    pub(crate) fn day(&self, date: Date) -> Result<String, RenderError> {
        Ok(self.day.format(&calendar(date)?).to_string())
    }

    /// A day in a list, such as `14 Jul 2025`.
    ///
    /// # Errors
    /// As [`Self::day`].
    pub(crate) fn short_day(&self, date: Date) -> Result<String, RenderError> {
        Ok(self.short_day.format(&calendar(date)?).to_string())
    }

    /// A moment to the minute, in UTC, which is said.
    ///
    /// # Errors
    /// As [`Self::day`].
    pub(crate) fn moment(&self, at: Timestamp) -> Result<String, RenderError> {
        let at = TimeZone::UTC.to_datetime(at);
        let [hour, minute] = [at.hour(), at.minute()].map(i8::unsigned_abs);
        let time = Time::try_new(hour, minute, 0, 0).map_err(|_| RenderError::Date)?;
        let moment = self.moment.format(&DateTime { date: calendar(at.date())?, time }).to_string();
        self.say("moment", &[("moment", moment.into())])
    }

    /// The name of a person, to be put into a sentence.
    ///
    /// # Errors
    /// As [`Self::say`].
    pub(crate) fn person(&self, name: &str) -> Result<String, RenderError> {
        let name = inline(name);
        if name.is_empty() { self.plain("nobody") } else { Ok(name) }
    }

    /// Names, such as `Ana, Bruno and Carla`, and how many they are.
    pub(crate) fn people(&self, names: &[String]) -> (String, usize) {
        let known: Vec<String> = names.iter().map(|name| inline(name)).filter(|name| !name.is_empty()).collect();
        (self.list.format(known.iter()).to_string(), known.len())
    }
}

fn calendar(date: Date) -> Result<CalendarDate<Gregorian>, RenderError> {
    let [month, day] = [date.month(), date.day()].map(i8::unsigned_abs);
    CalendarDate::try_new_gregorian(date.year().into(), month, day).map_err(|_| RenderError::Date)
}
