//! View of a message: the content of both parts, worded and formatted by `compose`. The templates must not add content.

use askama::Template;

use crate::sanitize::sanitize_inline;

/// HTML part. Askama escapes every value in it because of the file's extension.
#[derive(Template)]
#[template(path = "notice.html")]
pub(crate) struct HtmlPart<'a> {
    /// Content.
    pub(crate) view: &'a View,
}

/// Text part.
#[derive(Template)]
#[template(path = "notice.txt")]
pub(crate) struct TextPart<'a> {
    /// Content.
    pub(crate) view: &'a View,
}

/// Tone of a message: the accent colour of the HTML part.
#[derive(Clone, Copy)]
pub(crate) enum Tone {
    Action,
    Good,
    Warn,
    Bad,
}

impl Tone {
    /// Suffix of the style classes for dark mode.
    fn class(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }

    /// Colour of text and rules in light mode.
    fn ink(self) -> &'static str {
        match self {
            Self::Action => "#3a45c4",
            Self::Good => "#11693a",
            Self::Warn => "#855300",
            Self::Bad => "#b01f1a",
        }
    }

    /// Background behind `ink` in light mode.
    fn tint(self) -> &'static str {
        match self {
            Self::Action => "#eef0ff",
            Self::Good => "#e6f6ec",
            Self::Warn => "#fff4dd",
            Self::Bad => "#fdeceb",
        }
    }
}

/// Content of a message, from top to bottom.
pub(crate) struct View {
    /// Tag of the language.
    pub(crate) language: &'static str,
    /// Separator of a label and its value in the text part.
    pub(crate) colon: String,
    pub(crate) tone: Tone,
    pub(crate) label: String,
    pub(crate) headline: String,
    /// Preview text of the inbox, beside the subject.
    pub(crate) preheader: String,
    pub(crate) greeting: String,
    pub(crate) intro: String,
    pub(crate) quote: Option<Quote>,
    pub(crate) report: Option<ReportView>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) list: Option<List>,
    pub(crate) footer: String,
}

/// User text, line by line.
pub(crate) struct Quote {
    pub(crate) heading: String,
    pub(crate) lines: Vec<String>,
}

/// Label and value.
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) value: String,
}

/// Report and its policy violations.
pub(crate) struct ReportView {
    pub(crate) label: String,
    pub(crate) title: String,
    /// The amount that the reader wants to know first, with its label.
    pub(crate) total_label: String,
    pub(crate) total: String,
    /// Further amounts: how the first one comes about, or what follows from it.
    pub(crate) amounts: Vec<Fact>,
    pub(crate) violations_heading: String,
    pub(crate) violations: Vec<String>,
}

impl ReportView {
    /// True when the total needs a smaller size to fit on one line of a phone.
    fn is_long_total(&self) -> bool {
        self.total.chars().count() > 15
    }
}

/// List of a report's expenses, or of pending reports.
pub(crate) struct List {
    pub(crate) heading: String,
    pub(crate) rows: Vec<Row>,
}

/// Expense or report in a list.
pub(crate) struct Row {
    /// Day of the expense, or number of the report.
    pub(crate) key: String,
    pub(crate) title: String,
    /// Category of the expense, or owner of the report.
    pub(crate) detail: String,
    pub(crate) amount: String,
    /// Amount in another currency.
    pub(crate) converted: Option<String>,
    /// Granted amount, when it is less.
    pub(crate) granted: Option<String>,
    /// Due date.
    pub(crate) due: Option<String>,
    /// Note.
    pub(crate) note: Option<String>,
}

impl Row {
    /// Number of characters of user text.
    pub(crate) fn user_text_chars(&self) -> usize {
        let note = self.note.as_deref().unwrap_or_default();
        [&self.title, &self.detail, note].iter().map(|text| text.chars().count()).sum()
    }
}
