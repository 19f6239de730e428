//! Reports in a message: one report with its expenses, or the pending ones. Lists are cut to the size that mail readers
//! show.

use jiff::civil::Date;
use outlay_domain::money::Money;

use super::{Composer, Result};
use crate::notice::{FirstAmount, LineFacts, ReportFacts, TaskFacts};
use crate::sanitize::{sanitize_inline, sanitize_line, truncate};
use crate::view::{Fact, List, ReportView, Row, Tone, View};

/// Largest number of rows of a list, and of findings.
const MAX_ROWS: usize = 40;
const MAX_FINDINGS: usize = 20;
/// Longest shown part of a note, in characters.
const NOTE_CHARS: usize = 200;
/// Bytes of HTML for all rows: half of the 102 KB after which Gmail cuts a mail. A row takes `ROW_BYTES` and up to five
/// bytes for each character of user text.
const ROWS_BYTES: usize = 52_000;
const ROW_BYTES: usize = 1_050;
const CHARACTER_BYTES: usize = 5;

impl Composer<'_> {
    /// View with the parts that all messages about a report share.
    pub(super) fn report_view(
        &self,
        report: &ReportFacts,
        tone: Tone,
        label: &'static str,
        headline: String,
        first: FirstAmount,
    ) -> Result<View> {
        let mut view = self.base_view(tone, label, headline)?;
        view.preheader = format!("{}, {}", sanitize_inline(&report.title), self.localizer.money(first.of(report)));
        let owner =
            if report.owner.trim().is_empty() { self.localizer.text("former-member")? } else { report.owner.clone() };
        view.facts = vec![self.user_fact("label-number", &report.number)?, self.user_fact("label-owner", &owner)?];
        view.facts.extend(self.other_parties(report.preparer.as_deref(), report.payee.as_deref())?);
        view.facts.push(self.fact("label-expenses", report.expenses.to_string())?);
        view.report = Some(self.report_summary(report, first)?);
        if !report.lines.is_empty() {
            let rows = report.lines.iter().map(|line| self.line(line)).collect::<Result<Vec<_>>>()?;
            view.list = Some(self.list("lines-heading", "lines-heading-some", rows, report.expenses)?);
        }
        Ok(view)
    }

    /// Amounts beside the first one. What is not reimbursed is subtracted from the total.
    fn amounts(&self, report: &ReportFacts, first: FirstAmount) -> Result<Vec<Fact>> {
        let zero = Money::zero(report.total.currency());
        let not_reimbursed = report.not_reimbursed.unwrap_or(zero);
        let by_card = report
            .reimbursable
            .and_then(|reimbursable| report.total.minus(reimbursable).and_then(|rest| rest.minus(not_reimbursed)).ok());
        let by_card = by_card.filter(|amount| amount.minor() > 0);
        let differs = report.reimbursable.filter(|reimbursable| *reimbursable != report.total);
        let is_reimbursed = first == FirstAmount::Reimbursed && report.reimbursable.is_some();
        let amounts = [
            ("label-total", Some(report.total).filter(|_| is_reimbursed && differs.is_some())),
            ("label-base-total", report.base_total),
            ("label-company-card", by_card.map(Money::negated)),
            ("label-not-reimbursed", report.not_reimbursed.map(Money::negated)),
            ("label-reimbursed", differs.filter(|_| !is_reimbursed)),
            ("label-repayable", report.repayable),
        ];
        let known = amounts.into_iter().filter_map(|(label, amount)| Some((label, amount?)));
        known.map(|(label, amount)| self.fact(label, self.localizer.money(amount))).collect()
    }

    /// Preparer and payee, when they are not the owner.
    fn other_parties(&self, preparer: Option<&str>, payee: Option<&str>) -> Result<Vec<Fact>> {
        let parties = [("label-preparer", preparer), ("label-payee", payee)];
        let named = parties.into_iter().filter_map(|(label, name)| Some((label, name?)));
        named.map(|(label, name)| self.fact(label, self.localizer.person_name(name)?)).collect()
    }

    fn report_summary(&self, report: &ReportFacts, first: FirstAmount) -> Result<ReportView> {
        let count = report.violations.len();
        let shown = report.violations.iter().take(MAX_FINDINGS);
        let mut violations = shown.map(|violation| self.finding(violation)).collect::<Result<Vec<_>>>()?;
        if count > MAX_FINDINGS {
            violations.push(self.localizer.format("violations-more", &[("count", (count - MAX_FINDINGS).into())])?);
        }
        Ok(ReportView {
            label: self.localizer.text("label-report")?,
            title: sanitize_line(&report.title),
            total_label: self.localizer.text(match first {
                FirstAmount::ToApprove => "label-to-approve",
                FirstAmount::Reimbursed if report.reimbursable.is_some() => "label-reimbursed",
                FirstAmount::Reimbursed | FirstAmount::Total => "label-total",
            })?,
            total: self.localizer.money(first.of(report)),
            amounts: self.amounts(report, first)?,
            violations_heading: self.localizer.format("violations-heading", &[("count", count.into())])?,
            violations,
        })
    }

    /// List of as many rows as fit, with a heading that gives their number and that of all.
    fn list(&self, all: &'static str, some: &'static str, rows: Vec<Row>, count: usize) -> Result<List> {
        let count = count.max(rows.len());
        let room = rows.iter().scan(0, |bytes, row| {
            *bytes += ROW_BYTES + row.user_text_chars() * CHARACTER_BYTES;
            Some(*bytes)
        });
        let shown = room.take_while(|bytes| *bytes <= ROWS_BYTES).take(MAX_ROWS).count();
        let heading = if shown < count {
            self.localizer.format(some, &[("shown", shown.into()), ("count", count.into())])?
        } else {
            self.localizer.format(all, &[("count", count.into())])?
        };
        Ok(List { heading, rows: rows.into_iter().take(shown).collect() })
    }

    fn line(&self, line: &LineFacts) -> Result<Row> {
        let granted = |money| self.localizer.format("granted", &[("amount", self.localizer.money(money).into())]);
        let note = line.note.as_deref().map(sanitize_line).filter(|note| !note.is_empty());
        Ok(Row {
            key: self.localizer.short_date(line.date)?,
            title: sanitize_line(&line.merchant),
            detail: if line.by_company_card {
                let category = sanitize_inline(&line.category);
                self.localizer.format("line-by-company-card", &[("category", category.into())])?
            } else {
                sanitize_line(&line.category)
            },
            amount: self.localizer.money(line.amount),
            converted: line.converted.map(|money| self.localizer.money(money)),
            granted: line.granted.map(granted).transpose()?,
            due: None,
            note: note.map(|note| truncate(&note, NOTE_CHARS)),
        })
    }

    /// Digest of pending reports.
    pub(super) fn reminder(&self, day: Date, tasks: &[TaskFacts]) -> Result<View> {
        let count = tasks.len();
        let mut view = self.base_view(
            Tone::Action,
            "reminder-label",
            self.localizer.format("reminder-subject", &[("count", count.into())])?,
        )?;
        view.intro = self.localizer.format("reminder-intro", &[("count", count.into())])?;
        let overdue = tasks.iter().filter(|task| task.due_on < day).count();
        if overdue > 0 {
            view.preheader = self.localizer.format("reminder-overdue", &[("overdue", overdue.into())])?;
            view.intro = format!("{} {}", view.intro, view.preheader);
        }
        view.list = Some(self.task_list(day, tasks)?);
        Ok(view)
    }

    /// List of pending reports.
    pub(super) fn task_list(&self, day: Date, tasks: &[TaskFacts]) -> Result<List> {
        let rows = tasks.iter().map(|task| self.task(day, task)).collect::<Result<Vec<_>>>()?;
        self.list("reminder-heading", "reminder-heading-some", rows, tasks.len())
    }

    fn task(&self, day: Date, task: &TaskFacts) -> Result<Row> {
        let id = if task.due_on < day { "task-overdue" } else { "task-due" };
        let colon = self.localizer.text("colon")?;
        let others = self.other_parties(task.preparer.as_deref(), task.payee.as_deref())?;
        let others = others.into_iter().map(|fact| format!("{}{colon} {}", fact.label, fact.value));
        let detail: Vec<String> = std::iter::once(sanitize_line(&task.owner)).chain(others).collect();
        Ok(Row {
            key: sanitize_line(&task.number),
            title: sanitize_line(&task.title),
            detail: detail.join(" · "),
            amount: self.localizer.money(task.total),
            converted: None,
            granted: None,
            due: Some(self.localizer.format(id, &[("due", self.localizer.short_date(task.due_on)?.into())])?),
            note: None,
        })
    }
}
