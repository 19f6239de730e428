//! Lines of a report, with amounts, taxes, findings and the numbers of their receipts.

use std::collections::BTreeMap;

use outlay_domain::expense::{Expense, PaymentMethod, ReducedBy};
use outlay_domain::ids::ReceiptId;
use outlay_domain::policy::Violation;

use crate::error::PdfError;
use crate::flow::{Align, Area, Flow, Item};
use crate::metrics::{CELL, CELL_STRONG, CONTENT_WIDTH, INK, Length, MARGIN, POINT, QUIET, SMALL, Style, WARNING};
use crate::summary::Context;
use crate::table::{Cell, Column, RowPlace, table_head, write_row};
use crate::text::{sanitize_line, sanitize_paragraphs, truncate, wrap};

/// Space between two columns.
const GAP: Length = 9 * POINT;
/// Largest number of attendees that are listed.
const MAX_ATTENDEES: usize = 50;
/// Largest number of taxes that are listed.
const MAX_TAXES: usize = 8;

type Result<T = ()> = std::result::Result<T, PdfError>;

/// Numbers of the receipts of a report, from 1, and their indices in the document.
pub(crate) struct ReceiptNumbers {
    /// Number by identifier.
    pub(crate) numbers: BTreeMap<ReceiptId, usize>,
    /// Index in the document of the first one.
    pub(crate) first: usize,
}

struct Layout {
    columns: Vec<Column>,
    /// Left side and width of what is written under a line.
    details: (Length, Length),
    has_conversions: bool,
    receipt: (Length, Length),
}

/// Writes the lines.
pub(crate) fn write_lines(flow: &mut Flow, context: &Context<'_>, receipts: &ReceiptNumbers) -> Result {
    let (fonts, localizer, report) = (context.fonts, context.localizer, context.document.report);
    flow.write_heading(fonts, &localizer.text("pdf-lines")?);
    if report.expenses.is_empty() {
        flow.write(fonts, (MARGIN, CONTENT_WIDTH), &localizer.text("pdf-no-lines")?, QUIET);
        return Ok(());
    }
    let layout = layout(context)?;
    flow.start_table(fonts, table_head(fonts, &layout.columns));
    let table = flow.tables;
    for (line, number) in report.expenses.iter().zip(1_usize..) {
        let place = RowPlace { table, row: number };
        write_line(flow, context, receipts, &layout, line, place)?;
    }
    let row = report.expenses.len().saturating_add(1);
    write_total(flow, context, &layout, RowPlace { table, row })?;
    flow.end_table();
    Ok(())
}

/// Columns. The converted amount has one only where an amount was converted.
fn layout(context: &Context<'_>) -> Result<Layout> {
    let (localizer, report) = (context.localizer, context.document.report);
    let has_conversions = report.expenses.iter().any(|line| line.converted.is_some() || line.base.is_some());
    let currency = [("currency", report.currency.code().to_owned().into())];
    let (number, date, amount, converted, tax, receipt) = (20, 50, 80, 66, 66, 36);
    let others = number + date + amount + tax + receipt + if has_conversions { converted } else { 0 };
    let gaps = if has_conversions { 6 } else { 5 };
    let merchant = CONTENT_WIDTH - others * POINT - gaps * GAP - 12 * POINT;
    let mut specified = vec![
        ("pdf-column-line", number * POINT, Align::Right),
        ("pdf-column-date", date * POINT, Align::Left),
        ("pdf-column-merchant", merchant, Align::Left),
        ("pdf-column-amount", amount * POINT, Align::Right),
    ];
    if has_conversions {
        specified.push(("pdf-column-converted", converted * POINT, Align::Right));
    }
    specified.push(("pdf-column-tax", tax * POINT, Align::Right));
    specified.push(("pdf-column-receipt", receipt * POINT, Align::Right));
    let mut x = MARGIN + 6 * POINT;
    let mut columns = Vec::with_capacity(specified.len());
    for (id, width, align) in specified {
        columns.push(Column { x, width, align, title: localizer.format(id, &currency)? });
        x += width + GAP;
    }
    let details_x = MARGIN + 6 * POINT + (number + date) * POINT + 2 * GAP;
    let details = (details_x, MARGIN + CONTENT_WIDTH - 6 * POINT - details_x);
    let receipt = columns.last().map_or((0, 0), |column| (column.x, column.width));
    Ok(Layout { columns, details, has_conversions, receipt })
}

fn write_line(
    flow: &mut Flow,
    context: &Context<'_>,
    receipts: &ReceiptNumbers,
    layout: &Layout,
    line: &Expense,
    place: RowPlace,
) -> Result {
    let fonts = context.fonts;
    let cells = cells(context, receipts, layout, line, place.row)?;
    let details = details(context, line)?;
    // At least the first detail stays with the line.
    let more = if details.is_empty() { 0 } else { 2 * SMALL.leading };
    let written = write_row(flow, fonts, &layout.columns, &cells, more, place);
    if let Some(top) = written.top {
        link_receipts(flow, receipts, layout, line, top);
    }
    let merchant = written.first_block.saturating_add(2);
    for (text, style) in details {
        flow.write_in(fonts, layout.details, &text, style, merchant);
    }
    flow.skip(4 * POINT);
    flow.draw_rule(MARGIN, CONTENT_WIDTH);
    flow.skip(5 * POINT);
    Ok(())
}

/// Links the receipt numbers of a line to the pages of the receipts.
fn link_receipts(flow: &mut Flow, receipts: &ReceiptNumbers, layout: &Layout, line: &Expense, top: Length) {
    for (receipt, row) in line.receipts.iter().zip(0..) {
        let Some(number) = receipts.numbers.get(&receipt.id) else { continue };
        let (x, width) = layout.receipt;
        let area = Area { x, y: top + row * CELL.leading, width, height: CELL.leading };
        let index = receipts.first.saturating_add(*number).saturating_sub(1);
        flow.draw(Item::Link { area, receipt: index, label: format!("R{number}") });
    }
}

fn cells(
    context: &Context<'_>,
    receipts: &ReceiptNumbers,
    layout: &Layout,
    line: &Expense,
    number: usize,
) -> Result<Vec<Cell>> {
    let (localizer, document) = (context.localizer, &context.document);
    let facts = &line.facts;
    let mut merchant = vec![(sanitize_line(&facts.merchant), CELL_STRONG)];
    let category =
        document.names.categories.get(facts.category.as_str()).map_or(facts.category.as_str(), String::as_str);
    merchant.push((sanitize_line(category), SMALL));
    let mark = localizer.text(match facts.payment_method {
        PaymentMethod::Personal => "pdf-mark-personal",
        PaymentMethod::CompanyCard => "pdf-mark-card",
    })?;
    let mut amount = vec![(localizer.money(facts.amount), CELL)];
    let conversion = line.converted.as_ref().or(line.base.as_ref());
    if let Some(conversion) = conversion {
        let rate = localizer.decimal(&conversion.rate.to_string());
        amount.push((localizer.format("pdf-rate", &[("rate", rate.into())])?, SMALL));
    }
    let mut cells = vec![vec![(number.to_string(), CELL)], vec![(localizer.short_date(facts.date)?, CELL)], merchant];
    if layout.has_conversions {
        let mut converted = vec![(localizer.amount(line.amount_in_report()), CELL)];
        let base = line.amount_in_base();
        if base.currency() != document.report.currency && base != facts.amount {
            converted.push((localizer.money(base), SMALL));
        }
        converted.push((mark, SMALL));
        cells.push(amount);
        cells.push(converted);
    } else {
        amount.push((mark, SMALL));
        cells.push(amount);
    }
    cells.push(taxes(context, line)?);
    let numbers = line.receipts.iter().filter_map(|receipt| receipts.numbers.get(&receipt.id));
    cells.push(numbers.map(|number| (format!("R{number}"), CELL)).collect());
    Ok(cells)
}

/// Tax of a line: its amount, then each rate and the code of the books.
fn taxes(context: &Context<'_>, line: &Expense) -> Result<Cell> {
    let localizer = context.localizer;
    let facts = &line.facts;
    let mut cell = vec![(localizer.money(facts.tax), CELL)];
    for tax in facts.taxes.iter().take(MAX_TAXES) {
        let rate = tax.rate.map(|rate| {
            let rate = localizer.decimal(&rate.to_string());
            localizer.format("pdf-percent", &[("rate", rate.into())])
        });
        let name = tax.name.as_ref().map(|name| truncate(&sanitize_line(name), 40));
        let mut parts: Vec<String> = name.into_iter().chain(rate.transpose()?).collect();
        if facts.taxes.len() > 1 {
            parts.push(localizer.amount(tax.amount));
        }
        cell.push((parts.join(" · "), SMALL));
    }
    if let Some(code) = context.document.names.tax_codes.get(&line.id) {
        cell.push((truncate(&sanitize_line(code), 40), SMALL));
    }
    Ok(cell)
}

/// What is written under a line.
fn details(context: &Context<'_>, line: &Expense) -> Result<Vec<(String, Style)>> {
    let (localizer, names) = (context.localizer, context.document.names);
    let facts = &line.facts;
    let dark = SMALL.in_colour(INK);
    let mut details = Vec::new();
    let mut objects = Vec::new();
    let cost_centre = facts.cost_centre.as_ref().or(context.document.report.cost_centre.as_ref());
    if let Some(code) = cost_centre {
        let name = Context::named(&names.cost_centres, code);
        objects.push(localizer.format("pdf-cost-centre-value", &[("name", name.into())])?);
    }
    if let Some(code) = &facts.project {
        let name = Context::named(&names.projects, code);
        objects.push(localizer.format("pdf-project-value", &[("name", name.into())])?);
    }
    if let Some(trip) = &facts.trip {
        objects.push(localizer.format("pdf-trip-value", &[("name", sanitize_line(trip).into())])?);
    }
    if !objects.is_empty() {
        details.push((objects.join(" · "), SMALL));
    }
    for (id, text) in [("pdf-purpose", &facts.note), ("pdf-justification", &facts.justification)] {
        if let Some(text) = text {
            details.extend(labelled(context, id, text, dark)?);
        }
    }
    if !facts.attendees.is_empty() {
        let mut people: Vec<String> =
            facts.attendees.iter().take(MAX_ATTENDEES).map(|name| sanitize_line(name)).collect();
        if facts.attendees.len() > MAX_ATTENDEES {
            people.push("…".to_owned());
        }
        details.push((localizer.format("pdf-attendees", &[("names", people.join(", ").into())])?, dark));
    }
    if let Some(place) = &facts.receipt_reference {
        details.extend(labelled(context, "pdf-receipt-reference", place, dark)?);
    }
    if let Some(reduction) = reduction(context, line)? {
        details.push((reduction, Style { size: SMALL.size, leading: SMALL.leading, ..CELL_STRONG }));
    }
    let is_here = |violation: &&Violation| violation.expense_ids == [line.id];
    for violation in context.document.report.violations.iter().filter(is_here) {
        let sentence = sanitize_line(&localizer.finding(&violation.statement())?);
        details.push((localizer.format("pdf-finding", &[("text", sentence.into())])?, SMALL.in_colour(WARNING)));
    }
    Ok(details)
}

/// Text with its label before the first paragraph.
fn labelled(context: &Context<'_>, id: &'static str, text: &str, style: Style) -> Result<Vec<(String, Style)>> {
    let mut paragraphs = sanitize_paragraphs(text).into_iter();
    let first = paragraphs.next().unwrap_or_default();
    let first = context.localizer.format(id, &[("text", first.into())])?;
    Ok(std::iter::once(first).chain(paragraphs).map(|text| (text, style)).collect())
}

/// Sentence about a lowered amount.
fn reduction(context: &Context<'_>, line: &Expense) -> Result<Option<String>> {
    let localizer = context.localizer;
    let mut arguments = vec![
        ("granted", localizer.money(line.granted()).into()),
        ("amount", localizer.money(line.facts.amount).into()),
    ];
    match (line.reduced_by(), &line.approved) {
        (Some(ReducedBy::Approver), Some(approval)) => {
            arguments.push(("name", context.member(approval.by, None)?.into()));
            arguments.push(("reason", sanitize_line(&approval.reason).into()));
            localizer.format("pdf-granted-by-approver", &arguments).map(Some)
        }
        (Some(_), _) => localizer.format("pdf-granted-by-cap", &arguments).map(Some),
        (None, _) => Ok(None),
    }
}

/// Row with the total. A column of amounts in several currencies has none.
fn write_total(flow: &mut Flow, context: &Context<'_>, layout: &Layout, place: RowPlace) -> Result {
    let (fonts, localizer, report) = (context.fonts, context.localizer, context.document.report);
    let totals = report.effective_totals();
    let total = |text: String| vec![(text, CELL_STRONG)];
    let mut cells = vec![Vec::new(), Vec::new(), total(localizer.text("pdf-total")?)];
    if layout.has_conversions {
        cells.extend([Vec::new(), total(localizer.amount(totals.total))]);
    } else {
        cells.push(total(localizer.money(totals.total)));
    }
    cells.push(total(localizer.money(totals.tax)));
    cells.push(Vec::new());
    // Wrapping decides the height; it is one or two lines.
    let lines = wrap(fonts, &localizer.money(totals.tax), CELL_STRONG, 66 * POINT).len();
    flow.ensure_room(fonts, Length::try_from(lines).unwrap_or(1) * CELL_STRONG.leading + 6 * POINT);
    write_row(flow, fonts, &layout.columns, &cells, 0, place);
    flow.skip(4 * POINT);
    Ok(())
}
