//! Export of a member's data, in parts: the member, the masked payout account, the history of the membership, and their
//! reports.
//!
//! It must not contain data of others, such as reports that the member only decided on or commented. Stored answers to
//! repeated requests are not in it either: they are copies and expire after seven days.

use futures_util::future::try_join_all;
use outlay_domain::event::Event;
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::report::Report;
use outlay_http::{ApiError, Problem};
use outlay_store::{CursorError, ListError, PageRequest, ReportFilter, Store};
use outlay_vault::Vault;
use serde::Serialize;
use utoipa::ToSchema;

use super::history::{EventOut, people};
use super::member::MemberOut;
use super::payout::{PayoutAccountOut, open};
use super::report::ReportOut;

/// Largest number of reports in one part.
const MAX_REPORTS: i32 = 10;
/// Largest number of history entries in one part. DynamoDB returns at most 1 MB of them.
const MAX_ENTRIES: i32 = 200;
/// Largest size of the reports in one part, in bytes, unless a single report is larger. The response of a function is
/// limited to 6 MB, in a string that escapes each quotation mark, so the body can double; the history is in the same
/// body.
const MOST_BYTES: usize = 1536 * 1024;
/// Prefix of cursors into the history. Cursors without it are of the list of reports.
const IN_HISTORY: &str = "history.";

/// Part of the export of a member's data.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Export)]
pub struct ExportOut {
    /// Member; null after the first part.
    pub member: Option<MemberOut>,
    /// Payout account, masked; null when there is none, and after the first part.
    pub payout_account: Option<PayoutAccountOut>,
    /// History of the membership, oldest first. It continues in later parts when it has more than 200 entries.
    pub history: Vec<EventOut>,
    /// Reports that the member owns, newest first.
    pub reports: Vec<ReportOut>,
    /// Value of the parameter `cursor` for the next part; null in the last part.
    pub next_cursor: Option<String>,
}

impl ExportOut {
    /// Loads one part.
    ///
    /// # Errors
    /// 404 when there is no such member, 400 for an invalid cursor, 500 for stored data that is corrupt.
    pub async fn read(
        store: &Store,
        vault: &Vault,
        (org, id): (OrgId, MemberId),
        page: PageRequest,
    ) -> Result<Self, ApiError> {
        let mut part = Self::default();
        let history_from = match &page.cursor {
            None => Some(1),
            Some(cursor) => cursor.strip_prefix(IN_HISTORY).map(position).transpose()?,
        };
        if page.cursor.is_none() {
            let (member, account) = store.payout_account(org, id).await?.ok_or_else(Problem::not_found)?;
            part.member = Some((&member).into());
            if let Some(account) = account {
                part.payout_account = Some(open(vault, org, id, &account).await?);
            }
        }
        if let Some(from) = history_from {
            let (events, next) = store.member_events(org, id, from, MAX_ENTRIES).await?;
            part.history = entries(store, org, &events).await?;
            if let Some(next) = next {
                part.next_cursor = Some(format!("{IN_HISTORY}{next}"));
                return Ok(part);
            }
        }
        let cursor = page.cursor.clone().filter(|_| history_from.is_none());
        let page = PageRequest { limit: page.limit.min(MAX_REPORTS), cursor, ..page };
        (part.reports, part.next_cursor) = reports(store, org, id, page).await?;
        Ok(part)
    }
}

fn position(text: &str) -> Result<u64, ListError> {
    text.parse().map_err(|_| CursorError::Invalid.into())
}

async fn entries(store: &Store, org: OrgId, events: &[Event]) -> Result<Vec<EventOut>, ApiError> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(Vec::new()) };
    let mail = store.deliveries(org, first.subject, (first.seq, last.seq)).await?;
    let people = store.members_by_id(org, &people(events, &mail)).await?;
    Ok(events.iter().map(|event| EventOut::of(event, &people, &mail)).collect::<Result<_, _>>()?)
}

/// Loads as many of the next reports as fit, and the cursor behind them.
async fn reports(
    store: &Store,
    org: OrgId,
    owner: MemberId,
    page: PageRequest,
) -> Result<(Vec<ReportOut>, Option<String>), ApiError> {
    let filter = ReportFilter { owner: Some(owner), ..ReportFilter::default() };
    let mut heads = store.list_reports(org, &filter, &page).await?;
    // A draft may have been deleted since it was listed.
    let whole = try_join_all(heads.items.iter().map(|head| store.report(org, head.id))).await?;
    let mut bytes = 0;
    let fitting = whole.iter().take_while(|report| {
        bytes += report.as_ref().map_or(0, Report::json_bytes);
        bytes <= MOST_BYTES
    });
    let fitting = fitting.count().max(1);
    if fitting < heads.items.len() {
        let limit = i32::try_from(fitting).unwrap_or(1);
        heads = store.list_reports(org, &filter, &PageRequest { limit, ..page }).await?;
    }
    Ok((whole.iter().take(fitting).flatten().map(ReportOut::of).collect(), heads.next))
}
