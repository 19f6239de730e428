//! What a message says, ready to be laid out: the one content source of both parts. The templates must not say anything that is not
//! here, and nothing here is worded or formatted; `compose` does that.

use askama::Template;

use crate::words::inline;

/// The HTML part. Askama escapes every value in it because of the file's extension.
#[derive(Template)]
#[template(path = "notice.html")]
pub(crate) struct HtmlPart<'a> {
    /// What to say.
    pub(crate) view: &'a View,
}

/// The text part.
#[derive(Template)]
#[template(path = "notice.txt")]
pub(crate) struct TextPart<'a> {
    /// What to say.
    pub(crate) view: &'a View,
}

/// How a message feels at first sight; decides the accent colour of the HTML part.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Ask,
    Good,
    Warn,
    Bad,
}

impl Tone {
    /// The suffix of the style classes that recolour this tone in dark mode.
    fn class(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// The colour of text and rules in light mode.
    fn ink(self) -> &'static str {
        match self {
            Self::Ask => "#3a45c4",
            Self::Good => "#11693a",
            Self::Warn => "#855300",
            Self::Bad => "#b01f1a",
        }
    }

    /// The background behind `ink` in light mode.
    fn tint(self) -> &'static str {
        match self {
            Self::Ask => "#eef0ff",
            Self::Good => "#e6f6ec",
            Self::Warn => "#fff4dd",
            Self::Bad => "#fdeceb",
        }
    }
}

/// What a message says, top to bottom.
pub(crate) struct View {
    /// The tag of its language.
    pub(crate) language: &'static str,
    /// What stands between a label and its value in the text part.
    pub(crate) colon: String,
    pub(crate) tone: Tone,
    pub(crate) label: String,
    pub(crate) headline: String,
    /// What an inbox shows beside the subject.
    pub(crate) preheader: String,
    pub(crate) greeting: String,
    pub(crate) intro: String,
    pub(crate) quote: Option<Quote>,
    pub(crate) report: Option<ReportView>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) list: Option<List>,
    pub(crate) footer: String,
}

/// What a person wrote, line by line.
pub(crate) struct Quote {
    pub(crate) heading: String,
    pub(crate) lines: Vec<String>,
}

/// A label and its value.
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) value: String,
}

/// A report and what policy found in it.
pub(crate) struct ReportView {
    /// What a report and a total are called.
    pub(crate) label: String,
    pub(crate) total_label: String,
    pub(crate) title: String,
    pub(crate) total: String,
    pub(crate) base_total: Option<String>,
    pub(crate) not_reimbursed: Option<String>,
    pub(crate) violations_heading: String,
    pub(crate) violations: Vec<String>,
}

impl ReportView {
    /// Whether the total needs a smaller size to stay on one line of a phone.
    fn is_long_total(&self) -> bool {
        self.total.chars().count() > 15
    }
}

/// The expenses of a report, or the reports that wait.
pub(crate) struct List {
    pub(crate) heading: String,
    pub(crate) rows: Vec<Row>,
}

/// One expense, or one report.
pub(crate) struct Row {
    /// By which it is known: its day or its number.
    pub(crate) key: String,
    pub(crate) title: String,
    /// What kind, or whose it is.
    pub(crate) of: String,
    pub(crate) amount: String,
    /// The amount in another currency.
    pub(crate) converted: Option<String>,
    /// What is granted, when that is less.
    pub(crate) granted: Option<String>,
    /// Until when it waits, or has waited.
    pub(crate) due: Option<String>,
    /// What somebody wrote about it.
    pub(crate) note: Option<String>,
}

impl Row {
    /// How many characters people have chosen.
    pub(crate) fn chosen(&self) -> usize {
        let note = self.note.as_deref().unwrap_or_default();
        [&self.title, &self.of, note].iter().map(|text| text.chars().count()).sum()
    }
}
