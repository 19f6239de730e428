//! The one content source of both parts: every sentence, heading and fact is computed here once, and the two templates only
//! lay it out. The templates must not say anything that is not here.

use askama::Template;

use crate::notice::{LineFacts, Notice, Recipient, ReportFacts};

/// Longest subject in characters; longer ones are cut off by most readers anyway.
const SUBJECT_CHARS: usize = 120;

/// Most lines a mail lists. Gmail hides what comes after 102 KB, and a line is under 1 KB of HTML.
const MAX_LINES: usize = 40;

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
    tone: Tone,
    label: &'static str,
    headline: String,
    preheader: String,
    greeting: String,
    intro: String,
    quote: Option<Quote>,
    report: Option<ReportView>,
    facts: Vec<Fact>,
    footer: String,
}

/// What a person wrote, line by line.
struct Quote {
    heading: String,
    lines: Vec<String>,
}

/// A label and its value.
struct Fact {
    label: &'static str,
    value: String,
}

/// The report as the templates show it.
struct ReportView {
    title: String,
    total: String,
    base_total: Option<String>,
    not_reimbursed: Option<String>,
    violations_heading: String,
    violations: Vec<String>,
    lines_heading: String,
    lines: Vec<LineFacts>,
}

impl View {
    /// Computes what the message says.
    pub(crate) fn new(notice: &Notice, to: &Recipient) -> Self {
        match notice {
            Notice::ApprovalRequested { report, step, reason, due_on } => approval(to, report, step, reason, due_on),
            Notice::Approved { report, by, comment } => approved(to, report, by, comment.as_deref()),
            Notice::Returned { report, by, reason } => returned(to, report, by, reason),
            Notice::Rejected { report, by, reason } => rejected(to, report, by, reason),
            Notice::PayoutAccountChanged { at } => payout_account(to, at),
            Notice::Invited { organisation, inviter, role } => invited(to, organisation, inviter, role),
        }
    }

    /// The parts that all messages about a report share.
    fn about(to: &Recipient, report: &ReportFacts, tone: Tone, label: &'static str) -> Self {
        let facts = vec![
            Fact::new("Report number", &report.number),
            Fact::new("Owner", &report.owner),
            Fact::new("Expenses", &report.expenses.to_string()),
        ];
        Self {
            tone,
            label,
            headline: String::new(),
            preheader: format!("{}, {}", one_line(&report.title), one_line(&report.total)),
            greeting: greeting(to),
            intro: String::new(),
            quote: None,
            report: Some(ReportView::new(report)),
            facts,
            footer: footer(to),
        }
    }
}

fn approval(to: &Recipient, report: &ReportFacts, step: &str, reason: &str, due_on: &str) -> View {
    let shared = View::about(to, report, Tone::Ask, "Approval needed");
    let (owner, due_on) = (one_line(&report.owner), one_line(due_on));
    let mut facts = shared.facts;
    facts.push(Fact::new("Step", step));
    facts.push(Fact::new("Due", &due_on));
    facts.push(Fact::new("Why you", reason));
    View {
        headline: format!("{owner} asks for your approval"),
        preheader: format!("{}, due {due_on}", shared.preheader),
        intro: format!("Please approve, return or reject this report in Outlay by {due_on}."),
        facts,
        ..shared
    }
}

fn approved(to: &Recipient, report: &ReportFacts, by: &str, comment: Option<&str>) -> View {
    let by = one_line(by);
    let shared = View::about(to, report, Tone::Good, "Approved");
    View {
        headline: "Your report is approved".to_owned(),
        intro: format!("{by} approved it. You do not need to do anything."),
        quote: comment.and_then(|comment| Quote::new(format!("Comment from {by}"), comment)),
        ..shared
    }
}

fn returned(to: &Recipient, report: &ReportFacts, by: &str, reason: &str) -> View {
    let by = one_line(by);
    let shared = View::about(to, report, Tone::Warn, "Returned");
    View {
        headline: "Your report needs changes".to_owned(),
        intro: format!("{by} returned it to you. Please change what is asked for below and submit it again in Outlay."),
        quote: Quote::new(format!("Reason from {by}"), reason),
        ..shared
    }
}

fn rejected(to: &Recipient, report: &ReportFacts, by: &str, reason: &str) -> View {
    let by = one_line(by);
    let shared = View::about(to, report, Tone::Bad, "Rejected");
    View {
        headline: "Your report was rejected".to_owned(),
        intro: format!("{by} rejected it. This is final: it will not be paid and cannot be submitted again."),
        quote: Quote::new(format!("Reason from {by}"), reason),
        ..shared
    }
}

fn payout_account(to: &Recipient, at: &str) -> View {
    View {
        tone: Tone::Warn,
        label: "Payout account",
        headline: "Your payout account was changed".to_owned(),
        preheader: "If it was not you, tell your administrator".to_owned(),
        greeting: greeting(to),
        intro: "The account that your expenses are paid to was changed in Outlay. If it was you, you do not need to do anything. If \
                it was not you, tell your administrator at once."
            .to_owned(),
        quote: None,
        report: None,
        facts: vec![Fact::new("Changed", at)],
        footer: footer(to),
    }
}

fn invited(to: &Recipient, organisation: &str, inviter: &str, role: &str) -> View {
    let (organisation, inviter, address) = (one_line(organisation), one_line(inviter), one_line(&to.address));
    View {
        tone: Tone::Ask,
        label: "Invitation",
        headline: format!("You are invited to {organisation}"),
        preheader: format!("{inviter} invited you to Outlay"),
        greeting: greeting(to),
        intro: format!(
            "{inviter} invited you to Outlay, where {organisation} hands in, approves and pays expense reports. Please sign \
             in with {address} to join. If you did not expect this invitation, you can ignore it."
        ),
        quote: None,
        report: None,
        facts: vec![
            Fact::new("Organisation", &organisation),
            Fact::new("Invited by", &inviter),
            Fact::new("Your role", role),
        ],
        footer: footer(to),
    }
}

impl Fact {
    fn new(label: &'static str, value: &str) -> Self {
        Self { label, value: one_line(value) }
    }
}

impl Quote {
    /// Nothing when nothing visible was written.
    fn new(heading: String, written: &str) -> Option<Self> {
        let lines: Vec<String> = written.trim().lines().map(one_line).collect();
        lines.iter().any(|line| !line.is_empty()).then_some(Self { heading, lines })
    }
}

impl ReportView {
    fn new(report: &ReportFacts) -> Self {
        let lines: Vec<LineFacts> = report.lines.iter().take(MAX_LINES).map(clean_line).collect();
        let all = counted(report.expenses.max(lines.len()), "expense", "expenses");
        Self {
            title: one_line(&report.title),
            total: one_line(&report.total),
            base_total: report.base_total.as_deref().map(|total| format!("{} in base currency", one_line(total))),
            not_reimbursed: report
                .not_reimbursed
                .as_deref()
                .map(|part| format!("{} of it is not reimbursed", one_line(part))),
            violations_heading: counted(report.violations.len(), "policy violation", "policy violations"),
            violations: report.violations.iter().map(|violation| one_line(violation)).collect(),
            lines_heading: if lines.len() < report.expenses { format!("{} of {all}", lines.len()) } else { all },
            lines,
        }
    }

    /// Whether the total needs a smaller size to stay on one line of a phone.
    fn is_long_total(&self) -> bool {
        self.total.chars().count() > 15
    }
}

fn clean_line(line: &LineFacts) -> LineFacts {
    LineFacts {
        date: one_line(&line.date),
        merchant: one_line(&line.merchant),
        category: one_line(&line.category),
        amount: one_line(&line.amount),
        note: line.note.as_deref().map(one_line),
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn greeting(to: &Recipient) -> String {
    match one_line(&to.name).as_str() {
        "" => "Hello,".to_owned(),
        name => format!("Hello {name},"),
    }
}

fn footer(to: &Recipient) -> String {
    format!("Sent by Outlay to {}. This message was written automatically.", one_line(&to.address))
}

/// One visible line: control characters and runs of white space become one space, so that a merchant's name cannot forge a
/// line of the text part, and characters that turn the writing direction are dropped, so that it cannot reverse an amount.
fn one_line(text: &str) -> String {
    let visible: String =
        text.chars().filter(|&c| !turns_direction(c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The subject. It keeps line breaks and other control characters, so that writing the header refuses them instead of
/// hiding that somebody tried.
pub(crate) fn subject(notice: &Notice) -> String {
    let subject = match notice {
        Notice::ApprovalRequested { report, .. } => {
            let total_and_owner = format!(", {} ({})", report.total, cap(&report.owner, 40));
            titled("Approve: ", &report.title, &total_and_owner)
        }
        Notice::Approved { report, .. } => titled("Approved: ", &report.title, &format!(", {}", report.total)),
        Notice::Returned { report, .. } => titled("Returned: ", &report.title, &format!(", {}", report.total)),
        Notice::Rejected { report, .. } => titled("Rejected: ", &report.title, &format!(", {}", report.total)),
        Notice::PayoutAccountChanged { .. } => "Your payout account was changed".to_owned(),
        Notice::Invited { organisation, .. } => titled("You are invited to ", organisation, " on Outlay"),
    };
    let visible: String = subject.chars().filter(|&c| !turns_direction(c)).collect();
    cap(&visible, SUBJECT_CHARS)
}

/// Shortens the title rather than what comes after it: the amount must stay readable.
fn titled(before: &str, title: &str, after: &str) -> String {
    let room = SUBJECT_CHARS.saturating_sub(before.chars().count() + after.chars().count());
    format!("{before}{}{after}", cap(title, room))
}

/// At most `limit` characters, the last one an ellipsis when something was cut.
fn cap(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
