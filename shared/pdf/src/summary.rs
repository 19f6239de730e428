//! First page of a report: whose it is, its status, its totals, and the findings on several lines.

use std::collections::BTreeMap;

use fluent_bundle::FluentValue;
use jiff::civil::Date;
use outlay_domain::ids::{ExpenseId, MemberId};
use outlay_domain::money::Money;
use outlay_domain::report::Report;

use crate::document::ReportDocument;
use crate::error::PdfError;
use crate::flow::{Align, Area, Block, Flow, Item};
use crate::font::Fonts;
use crate::localizer::Localizer;
use crate::metrics::{
    BODY, CONTENT_WIDTH, FIGURE, Length, MARGIN, POINT, QUIET, SMALL, STRONG, Style, TINT, TITLE, WARNING,
};
use crate::text::{sanitize_line, truncate, wrap};

/// Largest number of trips that are listed.
const MAX_TRIPS: usize = 5;
/// Longest name of a trip in the list, in characters.
const TRIP_CHARS: usize = 60;
/// Largest number of line numbers that a finding lists.
const MAX_LINE_NUMBERS: usize = 40;

type Result<T = ()> = std::result::Result<T, PdfError>;

/// What all parts of a document need.
pub(crate) struct Context<'a> {
    /// Fonts.
    pub(crate) fonts: &'a Fonts,
    /// Language.
    pub(crate) localizer: &'a Localizer,
    /// Report.
    pub(crate) document: ReportDocument<'a>,
}

impl Context<'_> {
    /// Name of a member; the given one when the caller knows none.
    pub(crate) fn member(&self, id: MemberId, stored: Option<&str>) -> Result<String> {
        let name = self.document.names.members.get(&id).map(String::as_str).or(stored).unwrap_or_default();
        self.localizer.person_name(name)
    }

    /// Name of something with a code, such as `Consulting (CC-100)`.
    pub(crate) fn named(names: &BTreeMap<String, String>, code: &str) -> String {
        match names.get(code).map(|name| sanitize_line(name)).filter(|name| !name.is_empty()) {
            Some(name) if name != code => format!("{name} ({})", sanitize_line(code)),
            _ => sanitize_line(code),
        }
    }
}

/// Writes the summary.
pub(crate) fn write_summary(flow: &mut Flow, context: &Context<'_>) -> Result {
    let (fonts, localizer, report) = (context.fonts, context.localizer, context.document.report);
    let title = sanitize_line(&report.title);
    flow.bookmark(&format!("{} · {}", sanitize_line(&report.number), truncate(&title, 80)), true);
    let kind = format!("{} · {}", sanitize_line(context.document.organisation), localizer.text("pdf-report")?);
    flow.write(fonts, (MARGIN, CONTENT_WIDTH), &kind, QUIET);
    flow.skip(4 * POINT);
    let block = flow.add_block(Block::Heading { level: 1, title: title.clone() });
    flow.write_in(fonts, (MARGIN, CONTENT_WIDTH), &title, TITLE, block);
    flow.skip(10 * POINT);
    flow.bookmark(&localizer.text("pdf-summary")?, false);
    write_facts(flow, context)?;
    flow.skip(12 * POINT);
    write_totals(flow, context)?;
    write_findings(flow, context)
}

/// Facts in two columns: people and trip at the left, the report at the right.
fn write_facts(flow: &mut Flow, context: &Context<'_>) -> Result {
    let (localizer, report) = (context.localizer, context.document.report);
    let text = |id| localizer.text(id);
    let mut left = vec![(text("pdf-owner")?, context.member(report.owner, Some(&report.owner_name))?)];
    for (label, person) in [("pdf-preparer", &report.preparer), ("pdf-payee", &report.payee)] {
        if let Some(person) = person {
            left.push((text(label)?, context.member(person.id, Some(&person.name))?));
        }
    }
    if let Some((from, until)) = period(report) {
        left.push((text("pdf-period")?, format_period(localizer, from, until)?));
    }
    let trips = trips(report);
    if !trips.is_empty() {
        left.push((localizer.format("pdf-trips", &[("count", trips.len().into())])?, trips.join(", ")));
    }
    if let Some(cost_centre) = &report.cost_centre {
        left.push((text("pdf-cost-centre")?, Context::named(&context.document.names.cost_centres, cost_centre)));
    }
    let status = localizer.format("pdf-status-value", &[("status", report.status.name().into())])?;
    let mut right =
        vec![(localizer.text("label-number")?, sanitize_line(&report.number)), (text("pdf-status")?, status)];
    if let Some(at) = report.submitted_at {
        right.push((text("pdf-submitted")?, localizer.date_time(at)?));
    }
    if let Some(version) = report.policy_version {
        let version = FluentValue::from(version.to_string());
        right.push((text("pdf-policy")?, localizer.format("pdf-policy-version", &[("version", version)])?));
    }
    right.push((text("pdf-identifier")?, report.id.to_string()));
    let half = (CONTENT_WIDTH - 20 * POINT) / 2;
    let top = flow.y();
    write_pairs(flow, context.fonts, (MARGIN, half), &left);
    let left_end = flow.y();
    // The left column cannot leave the page: names and titles are short enough for a page.
    flow.move_to(top.min(left_end));
    write_pairs(flow, context.fonts, (MARGIN + half + 20 * POINT, half), &right);
    flow.move_to(flow.y().max(left_end));
    Ok(())
}

/// Labels and their values, in two columns.
fn write_pairs(flow: &mut Flow, fonts: &Fonts, (x, width): (Length, Length), pairs: &[(String, String)]) {
    let label_width = 78 * POINT;
    for (label, value) in pairs {
        let block = flow.add_block(Block::Paragraph);
        let top = flow.y();
        let mut y = top;
        for line in wrap(fonts, label, QUIET, label_width - 6 * POINT) {
            flow.draw_line(fonts, (x, y, label_width), Align::Left, (&line, QUIET), Some(block));
            y += QUIET.leading;
        }
        let label_end = y;
        y = top;
        // Names are at most 200 characters; a longer one of earlier data is cut.
        for line in wrap(fonts, &truncate(value, 400), BODY, width - label_width) {
            flow.draw_line(fonts, (x + label_width, y, width - label_width), Align::Left, (&line, BODY), Some(block));
            y += BODY.leading;
        }
        flow.move_to(y.max(label_end) + 2 * POINT);
    }
}

/// First and last day of the lines.
fn period(report: &Report) -> Option<(Date, Date)> {
    let days = || report.expenses.iter().map(|line| line.facts.date);
    Some((days().min()?, days().max()?))
}

fn format_period(localizer: &Localizer, from: Date, until: Date) -> Result<String> {
    if from == until {
        return localizer.date(from);
    }
    let days = [("from", localizer.short_date(from)?.into()), ("until", localizer.short_date(until)?.into())];
    localizer.format("pdf-range", &days)
}

/// Trips of the lines, each once, in order.
fn trips(report: &Report) -> Vec<String> {
    let mut trips: Vec<String> = Vec::new();
    for trip in report.expenses.iter().filter_map(|line| line.facts.trip.as_ref()) {
        let trip = truncate(&sanitize_line(trip), TRIP_CHARS);
        if !trips.contains(&trip) {
            trips.push(trip);
        }
    }
    if trips.len() > MAX_TRIPS {
        trips.truncate(MAX_TRIPS);
        trips.push("…".to_owned());
    }
    trips
}

/// Totals per kind, in a box.
fn write_totals(flow: &mut Flow, context: &Context<'_>) -> Result {
    let (fonts, localizer, report) = (context.fonts, context.localizer, context.document.report);
    let totals = report.effective_totals();
    let by_owner = totals.reimbursable.plus(totals.not_reimbursed).ok();
    let by_card = by_owner.and_then(|paid| totals.total.minus(paid).ok());
    let withheld = totals.repayable.map_or(Ok(totals.not_reimbursed), |part| totals.not_reimbursed.plus(part)).ok();
    let granted = withheld.and_then(|withheld| totals.total.minus(withheld).ok());
    let has_amount = |money: &Money| money.minor() != 0;
    let base = Some(report.base_total).filter(|base| base.currency() != report.currency);
    let left = [
        ("pdf-net", Some(totals.net), BODY),
        ("pdf-tax", Some(totals.tax), BODY),
        ("pdf-total", Some(totals.total), STRONG),
        ("pdf-base-total", base, QUIET),
    ];
    let right = [
        ("pdf-paid-by-owner", by_owner, BODY),
        ("pdf-paid-by-card", by_card, BODY),
        ("pdf-not-reimbursed", Some(totals.not_reimbursed).filter(has_amount), BODY),
        ("pdf-repayable", totals.repayable.filter(has_amount), BODY),
        ("pdf-granted", granted, BODY),
        ("pdf-to-reimburse", Some(totals.reimbursable), FIGURE),
    ];
    let height = |rows: &[(&str, Option<Money>, Style)]| -> Length {
        rows.iter().filter(|(_, money, _)| money.is_some()).map(|(_, _, style)| style.leading + 3 * POINT).sum()
    };
    let padding = 10 * POINT;
    let total_height = height(&left).max(height(&right)) + 2 * padding;
    flow.ensure_room(fonts, total_height);
    let top = flow.y();
    flow.draw(Item::Fill {
        area: Area { x: MARGIN, y: top, width: CONTENT_WIDTH, height: total_height },
        colour: TINT,
    });
    let half = (CONTENT_WIDTH - 2 * padding - 24 * POINT) / 2;
    for (x, rows) in [(MARGIN + padding, &left[..]), (MARGIN + padding + half + 24 * POINT, &right[..])] {
        let mut y = top + padding;
        for (label, money, style) in rows {
            let Some(money) = money else { continue };
            let block = flow.add_block(Block::Paragraph);
            let label_style = Style { size: BODY.size, leading: style.leading, ..*style };
            let label = localizer.text(label)?;
            flow.draw_line(fonts, (x, y, half), Align::Left, (&label, label_style), Some(block));
            let amount = localizer.money(*money);
            let has_room = fonts.width(&label, label_style) + fonts.width(&amount, *style) + 6 * POINT <= half;
            let style_of_amount = if has_room { *style } else { label_style };
            flow.draw_line(fonts, (x, y, half), Align::Right, (&amount, style_of_amount), Some(block));
            y += style.leading + 3 * POINT;
        }
    }
    flow.move_to(top + total_height);
    Ok(())
}

/// Findings on several lines of the report; those on one line are beside it.
fn write_findings(flow: &mut Flow, context: &Context<'_>) -> Result {
    let (fonts, localizer, report) = (context.fonts, context.localizer, context.document.report);
    flow.write_heading(fonts, &localizer.text("pdf-findings")?);
    if report.violations.is_empty() {
        flow.write(fonts, (MARGIN, CONTENT_WIDTH), &localizer.text("pdf-no-findings")?, QUIET);
        return Ok(());
    }
    let numbers: BTreeMap<ExpenseId, usize> = report.expenses.iter().map(|line| line.id).zip(1..).collect();
    for violation in &report.violations {
        let mut lines: Vec<usize> = violation.expense_ids.iter().filter_map(|id| numbers.get(id).copied()).collect();
        lines.sort_unstable();
        let count = lines.len();
        let mut list: Vec<String> = lines.iter().take(MAX_LINE_NUMBERS).map(usize::to_string).collect();
        if count > MAX_LINE_NUMBERS {
            list.push("…".to_owned());
        }
        let arguments = [("count", count.into()), ("lines", list.join(", ").into())];
        let block = flow.add_block(Block::Paragraph);
        flow.ensure_room(fonts, SMALL.leading + BODY.leading);
        if count > 0 {
            let place = localizer.format("pdf-on-lines", &arguments)?;
            flow.write_in(fonts, (MARGIN, CONTENT_WIDTH), &place, SMALL, block);
        }
        let sentence = sanitize_line(&localizer.finding(&violation.statement())?);
        flow.write_in(fonts, (MARGIN, CONTENT_WIDTH), &sentence, BODY.in_colour(WARNING), block);
        flow.skip(3 * POINT);
    }
    Ok(())
}
