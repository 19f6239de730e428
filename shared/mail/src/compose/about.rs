//! Reports in a message: one of them with its expenses, or those that wait. No message grows past what mail readers show.

use jiff::civil::Date;

use super::{Composer, Said};
use crate::notice::{LineFacts, ReportFacts, TaskFacts};
use crate::view::{List, ReportView, Row, Tone, View};
use crate::words::{cap, inline, one_line};

/// Most rows of a list, and most findings.
const MAX_ROWS: usize = 40;
const MAX_FINDINGS: usize = 20;
/// How much of a note is shown; all of it is in Outlay.
const NOTE_CHARS: usize = 200;
/// Gmail hides what comes after 102 KB. Half of that is for rows: each has this much HTML around what people chose, of which a character
/// may take five bytes.
const ROWS_BYTES: usize = 52_000;
const ROW_BYTES: usize = 1_050;
const CHARACTER_BYTES: usize = 5;

impl Composer<'_> {
    /// The parts that all messages about a report share.
    pub(super) fn about(&self, report: &ReportFacts, tone: Tone, label: &'static str, headline: String) -> Said<View> {
        let mut view = self.blank(tone, label, headline)?;
        view.preheader = format!("{}, {}", inline(&report.title), self.voice.money(report.total));
        let owner = if report.owner.trim().is_empty() { self.voice.plain("nobody")? } else { report.owner.clone() };
        view.facts = vec![
            self.fact("label-number", &report.number)?,
            self.fact("label-owner", &owner)?,
            self.own("label-expenses", report.expenses.to_string())?,
        ];
        view.report = Some(self.report(report)?);
        if !report.lines.is_empty() {
            let rows = report.lines.iter().map(|line| self.line(line)).collect::<Said<Vec<_>>>()?;
            view.list = Some(self.list("lines-heading", "lines-heading-some", rows, report.expenses)?);
        }
        Ok(view)
    }

    fn report(&self, report: &ReportFacts) -> Said<ReportView> {
        let amount = |id, money| self.voice.say(id, &[("amount", self.voice.money(money).into())]);
        let count = report.violations.len();
        let mut violations: Vec<String> =
            report.violations.iter().take(MAX_FINDINGS).map(|violation| one_line(violation)).collect();
        if count > MAX_FINDINGS {
            violations.push(self.voice.say("violations-more", &[("count", (count - MAX_FINDINGS).into())])?);
        }
        Ok(ReportView {
            label: self.voice.plain("label-report")?,
            total_label: self.voice.plain("label-total")?,
            title: one_line(&report.title),
            total: self.voice.money(report.total),
            base_total: report.base_total.map(|total| amount("base-total", total)).transpose()?,
            not_reimbursed: report.not_reimbursed.map(|part| amount("not-reimbursed", part)).transpose()?,
            violations_heading: self.voice.say("violations-heading", &[("count", count.into())])?,
            violations,
        })
    }

    /// As many rows as there is room for, under a heading that says of how many they are.
    fn list(&self, all: &'static str, some: &'static str, rows: Vec<Row>, count: usize) -> Said<List> {
        let count = count.max(rows.len());
        let room = rows.iter().scan(0, |bytes, row| {
            *bytes += ROW_BYTES + row.chosen() * CHARACTER_BYTES;
            Some(*bytes)
        });
        let shown = room.take_while(|bytes| *bytes <= ROWS_BYTES).take(MAX_ROWS).count();
        let heading = if shown < count {
            self.voice.say(some, &[("shown", shown.into()), ("count", count.into())])?
        } else {
            self.voice.say(all, &[("count", count.into())])?
        };
        Ok(List { heading, rows: rows.into_iter().take(shown).collect() })
    }

    fn line(&self, line: &LineFacts) -> Said<Row> {
        let granted = |money| self.voice.say("granted", &[("amount", self.voice.money(money).into())]);
        let note = line.note.as_deref().map(one_line).filter(|note| !note.is_empty());
        Ok(Row {
            key: self.voice.short_day(line.date)?,
            title: one_line(&line.merchant),
            of: one_line(&line.category),
            amount: self.voice.money(line.amount),
            converted: line.converted.map(|money| self.voice.money(money)),
            granted: line.granted.map(granted).transpose()?,
            due: None,
            note: note.map(|note| cap(&note, NOTE_CHARS)),
        })
    }

    /// One digest of what waits.
    pub(super) fn reminder(&self, day: Date, tasks: &[TaskFacts]) -> Said<View> {
        let count = tasks.len();
        let mut view =
            self.blank(Tone::Ask, "reminder-label", self.voice.say("reminder-subject", &[("count", count.into())])?)?;
        view.intro = self.voice.say("reminder-intro", &[("count", count.into())])?;
        let overdue = tasks.iter().filter(|task| task.due_on < day).count();
        if overdue > 0 {
            view.preheader = self.voice.say("reminder-overdue", &[("overdue", overdue.into())])?;
            view.intro = format!("{} {}", view.intro, view.preheader);
        }
        let rows = tasks.iter().map(|task| self.task(day, task)).collect::<Said<Vec<_>>>()?;
        view.list = Some(self.list("reminder-heading", "reminder-heading-some", rows, count)?);
        Ok(view)
    }

    fn task(&self, day: Date, task: &TaskFacts) -> Said<Row> {
        let id = if task.due_on < day { "task-overdue" } else { "task-due" };
        Ok(Row {
            key: one_line(&task.number),
            title: one_line(&task.title),
            of: one_line(&task.owner),
            amount: self.voice.money(task.total),
            converted: None,
            granted: None,
            due: Some(self.voice.say(id, &[("due", self.voice.short_day(task.due_on)?.into())])?),
            note: None,
        })
    }
}
