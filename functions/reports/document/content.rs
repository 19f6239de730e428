//! Content of the PDF of a report: what is loaded for it, within limits.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use outlay_domain::event::{Event, EventSubject};
use outlay_domain::ids::{MemberId, ReceiptId};
use outlay_domain::language::Language;
use outlay_domain::policy::Policy;
use outlay_domain::receipt::{Receipt, ReceiptStatus};
use outlay_domain::report::Report;
use outlay_http::{ApiError, Problem, ProblemType};
use outlay_pdf::{Names, PdfSummary, ReportDocument, write_report};
use outlay_receipts::{ReceiptBucket, ReceiptKey};
use outlay_store::{PageRequest, Store};

/// Most bytes of all declared receipts together. The PDF contains them, and both are in memory.
const MAX_RECEIPT_BYTES: u64 = 150 << 20;
/// Most events that are read. Comments are the only ones without a limit of their own.
const MAX_EVENTS: usize = 2_000;
/// Events that are read at a time.
const EVENTS_PER_PAGE: i32 = 100;
/// Receipts that are fetched at a time.
const AT_ONCE: usize = 4;

/// Fetches the files of the inspected receipts.
pub(super) async fn load_files(
    bucket: &ReceiptBucket,
    report: &Report,
) -> Result<BTreeMap<ReceiptId, Vec<u8>>, ApiError> {
    let receipts = || report.expenses.iter().flat_map(|expense| &expense.receipts);
    if receipts().map(|receipt| receipt.size).fold(0, u64::saturating_add) > MAX_RECEIPT_BYTES {
        return Err(refused("The receipts have more than 150 MiB together. Download them one by one."));
    }
    let kept = receipts().filter(|receipt| matches!(receipt.status, ReceiptStatus::Clean { .. }));
    // Lines can share a receipt.
    let kept: BTreeSet<ReceiptId> = kept.map(|receipt| receipt.id).collect();
    let fetch = async |receipt: ReceiptId| -> Result<Option<(ReceiptId, Vec<u8>)>, ApiError> {
        let key = ReceiptKey { org: report.org, report: report.id, receipt };
        Ok(bucket.read_clean(&key).await?.map(|bytes| (receipt, bytes)))
    };
    let files: Vec<_> = stream::iter(kept).map(fetch).buffered(AT_ONCE).try_collect().await?;
    Ok(files.into_iter().flatten().collect())
}

/// Reads the history of a report, oldest event first.
pub(super) async fn load_events(store: &Store, report: &Report) -> Result<Vec<Event>, ApiError> {
    let (mut events, mut page) = (Vec::new(), PageRequest::internal(EVENTS_PER_PAGE));
    loop {
        let found = store.list_events(report.org, EventSubject::Report(report.id), &page).await?;
        events.extend(found.items);
        if events.len() > MAX_EVENTS {
            return Err(refused("The history has more than 2,000 events. Read it with GET …/history."));
        }
        match found.next {
            Some(next) => page.cursor = Some(next),
            None => return Ok(events),
        }
    }
}

/// Names of members and categories, as they are now.
pub(super) async fn load_names(
    store: &Store,
    report: &Report,
    policy: &Policy,
    events: &[Event],
) -> Result<Names, ApiError> {
    let parties = [Some(report.owner), report.payee.as_ref().map(|payee| payee.id)];
    let actors = events.iter().filter_map(|event| event.actor);
    let approvers = report.steps.iter().flat_map(|step| &step.approvers).map(|approver| approver.id);
    let people: BTreeSet<MemberId> = parties.into_iter().flatten().chain(actors).chain(approvers).collect();
    let people: Vec<MemberId> = people.into_iter().collect();
    let members = store.members_by_id(report.org, &people).await?;
    Ok(Names {
        members: members.into_iter().map(|member| (member.id, member.name.to_string())).collect(),
        categories: policy
            .categories
            .iter()
            .map(|category| (category.code.to_string(), category.name.to_string()))
            .collect(),
        ..Names::default()
    })
}

/// Writes the PDF.
pub(super) fn write(
    document: &ReportDocument<'_>,
    language: Language,
    mut files: BTreeMap<ReceiptId, Vec<u8>>,
) -> Result<(Vec<u8>, PdfSummary), ApiError> {
    let mut bytes = Vec::new();
    let mut file_of = |receipt: &Receipt| Ok(files.remove(&receipt.id));
    let summary = write_report(document, language, &mut file_of, &mut bytes).map_err(Problem::internal)?;
    Ok((bytes, summary))
}

fn refused(detail: &'static str) -> ApiError {
    Problem::new(ProblemType::ExportFailed, detail).into()
}
