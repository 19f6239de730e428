//! Decisions on a report: who decided what and when, and which steps are open.

use std::collections::BTreeMap;

use outlay_domain::event::{EscalationReason, Event, EventKind, OpenedStep};
use outlay_domain::ids::MemberId;
use outlay_domain::report::ReportStatus;
use outlay_domain::step::{Step, StepStatus};

use crate::error::PdfError;
use crate::flow::{Align, Flow};
use crate::metrics::{CELL, CELL_STRONG, CONTENT_WIDTH, Length, MARGIN, POINT, QUIET, SMALL};
use crate::summary::Context;
use crate::table::{Cell, Column, RowPlace, table_head, write_row};
use crate::text::{sanitize_line, sanitize_paragraphs};

type Result<T = ()> = std::result::Result<T, PdfError>;

/// What an event says: the number of its step, the text, the comment.
struct Entry<'a> {
    step: Option<u32>,
    text: String,
    comment: Option<&'a str>,
}

/// Writes the decisions and the open steps.
pub(crate) fn write_decisions(flow: &mut Flow, context: &Context<'_>) -> Result {
    let (fonts, localizer) = (context.fonts, context.localizer);
    flow.write_heading(fonts, &localizer.text("pdf-decisions")?);
    let mut rows = Vec::new();
    let mut steps: BTreeMap<u32, String> = BTreeMap::new();
    for event in context.document.events {
        if let Some(step) = opened_step(&event.kind) {
            steps.insert(step.number, sanitize_line(&step.name));
        }
        if let Some(entry) = entry(context, &event.kind)? {
            rows.push(event_row(context, event, &entry, &steps)?);
        }
    }
    let report = context.document.report;
    if report.status == ReportStatus::Submitted {
        for step in report.steps.iter().filter(|step| is_open(step)) {
            rows.push(open_step_row(context, step)?);
        }
    }
    if rows.is_empty() {
        flow.write(fonts, (MARGIN, CONTENT_WIDTH), &localizer.text("pdf-no-decisions")?, QUIET);
        return Ok(());
    }
    let columns = columns(context)?;
    flow.start_table(fonts, table_head(fonts, &columns));
    let table = flow.tables;
    for (cells, row) in rows.iter().zip(1..) {
        write_row(flow, fonts, &columns, cells, 0, RowPlace { table, row });
        flow.skip(4 * POINT);
        flow.draw_rule(MARGIN, CONTENT_WIDTH);
        flow.skip(5 * POINT);
    }
    flow.end_table();
    Ok(())
}

fn columns(context: &Context<'_>) -> Result<Vec<Column>> {
    let gap = 10 * POINT;
    let widths: [Length; 3] = [82 * POINT, 108 * POINT, 128 * POINT];
    let last = CONTENT_WIDTH - 12 * POINT - widths.iter().sum::<Length>() - 3 * gap;
    let ids = ["pdf-column-when", "pdf-column-who", "pdf-column-what", "pdf-column-comment"];
    let mut x = MARGIN + 6 * POINT;
    let mut columns = Vec::with_capacity(ids.len());
    for (id, width) in ids.into_iter().zip(widths.into_iter().chain([last])) {
        columns.push(Column { x, width, align: Align::Left, title: context.localizer.text(id)? });
        x += width + gap;
    }
    Ok(columns)
}

/// Step that an event opens.
const fn opened_step(kind: &EventKind) -> Option<&OpenedStep> {
    match kind {
        EventKind::ReportSubmitted { opened_step, .. }
        | EventKind::StepApproved { opened_step, .. }
        | EventKind::StepReassigned { opened_step, .. }
        | EventKind::StepEscalated { opened_step, .. } => Some(opened_step),
        _ => None,
    }
}

/// Text of an event; none for one that is no step of the approval.
fn entry<'a>(context: &Context<'_>, kind: &'a EventKind) -> Result<Option<Entry<'a>>> {
    let localizer = context.localizer;
    let entry = |step: Option<u32>, id, comment: Option<&'a str>| -> Result<Option<Entry<'a>>> {
        Ok(Some(Entry { step, text: localizer.text(id)?, comment }))
    };
    match kind {
        EventKind::ReportSubmitted { .. } => entry(None, "pdf-event-submitted", None),
        EventKind::ReportAutoApproved { below, .. } => {
            let below = localizer.money(*below);
            let text = localizer.format("pdf-event-auto-approved", &[("below", below.into())])?;
            Ok(Some(Entry { step: None, text, comment: None }))
        }
        EventKind::StepAgreed { step, comment, .. } => entry(Some(*step), "pdf-event-agreed", comment.as_deref()),
        EventKind::StepApproved { step, comment, .. } => {
            entry(Some(*step), "pdf-event-step-approved", comment.as_deref())
        }
        EventKind::ReportApproved { step, comment, .. } => entry(Some(*step), "pdf-event-approved", comment.as_deref()),
        EventKind::ReportReturned { step, reason, .. } => entry(*step, "pdf-event-returned", Some(reason)),
        EventKind::ReportRejected { step, reason, .. } => entry(Some(*step), "pdf-event-rejected", Some(reason)),
        EventKind::ReportRecalled {} => entry(None, "pdf-event-recalled", None),
        EventKind::ReportCommented { text, .. } => entry(None, "pdf-event-commented", Some(text)),
        EventKind::StepReassigned { from, reason, opened_step, .. } => {
            let arguments = [
                ("from", context.member(*from, None)?.into()),
                ("to", people(context, &opened_step.approvers)?.into()),
            ];
            let text = localizer.format("pdf-event-reassigned", &arguments)?;
            Ok(Some(Entry { step: Some(opened_step.number), text, comment: Some(reason) }))
        }
        EventKind::StepEscalated { reason, from, opened_step, .. } => {
            let reason = match reason {
                EscalationReason::Overdue => "overdue",
                EscalationReason::Unreachable => "unreachable",
                EscalationReason::Unable => "unable",
            };
            let arguments = [
                ("reason", reason.into()),
                ("from", people(context, from)?.into()),
                ("to", people(context, &opened_step.approvers)?.into()),
            ];
            let text = localizer.format("pdf-event-escalated", &arguments)?;
            Ok(Some(Entry { step: Some(opened_step.number), text, comment: None }))
        }
        _ => Ok(None),
    }
}

fn event_row(
    context: &Context<'_>,
    event: &Event,
    entry: &Entry<'_>,
    steps: &BTreeMap<u32, String>,
) -> Result<Vec<Cell>> {
    let localizer = context.localizer;
    let actor = match event.actor {
        Some(actor) => context.member(actor, None)?,
        None => localizer.text("pdf-automatic")?,
    };
    let mut who = vec![(actor, CELL_STRONG)];
    if let Some(person) = event.on_behalf_of {
        let name = context.member(person, None)?;
        who.push((localizer.format("pdf-on-behalf", &[("name", name.into())])?, SMALL));
    }
    let mut what = vec![(entry.text.clone(), CELL)];
    if let Some(number) = entry.step {
        let name = steps.get(&number).cloned().or_else(|| step_name(context, number)).unwrap_or_default();
        what.push((step_label(context, number, name)?, SMALL));
    }
    let comment = entry.comment.map(sanitize_paragraphs).unwrap_or_default();
    let comment = comment.into_iter().map(|paragraph| (paragraph, CELL)).collect();
    Ok(vec![vec![(localizer.compact_time(event.at)?, CELL)], who, what, comment])
}

fn step_name(context: &Context<'_>, number: u32) -> Option<String> {
    let step = context.document.report.steps.iter().find(|step| step.number == number)?;
    Some(sanitize_line(&step.name))
}

fn step_label(context: &Context<'_>, number: u32, name: String) -> Result<String> {
    context.localizer.format("pdf-at-step", &[("step", number.to_string().into()), ("name", name.into())])
}

const fn is_open(step: &Step) -> bool {
    matches!(step.status, StepStatus::Pending | StepStatus::Waiting)
}

fn open_step_row(context: &Context<'_>, step: &Step) -> Result<Vec<Cell>> {
    let localizer = context.localizer;
    let ids: Vec<MemberId> = step.pending_approvers().map(|person| person.id).collect();
    let mut names = Vec::with_capacity(ids.len());
    for person in step.pending_approvers() {
        names.push(context.member(person.id, Some(&person.name))?);
    }
    let (names, _) = localizer.name_list(&names);
    let text = if step.status == StepStatus::Pending { "pdf-event-pending" } else { "pdf-event-waiting" };
    let what =
        vec![(localizer.text(text)?, CELL), (step_label(context, step.number, sanitize_line(&step.name))?, SMALL)];
    Ok(vec![vec![(localizer.text("pdf-open")?, SMALL)], vec![(names, CELL_STRONG)], what, Vec::new()])
}

/// Names of members, in a sentence.
fn people(context: &Context<'_>, ids: &[MemberId]) -> Result<String> {
    let names: Vec<String> = ids.iter().map(|id| context.member(*id, None)).collect::<Result<_>>()?;
    Ok(context.localizer.name_list(&names).0)
}
