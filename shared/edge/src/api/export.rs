//! What is kept of a member, a part at a time: who he is, where he is paid (masked), what happened to his membership, and his reports.
//!
//! Not in it is what belongs to others: reports that he only decided on or commented, and answers kept for repeated requests, which
//! are copies and gone after seven days.

use futures_util::future::try_join_all;
use outlay_domain::event::Event;
use outlay_domain::ids::{MemberId, OrgId};
use outlay_store::{CursorFault, ListError, PageRequest, ReportFilter, Store};
use outlay_vault::Vault;
use serde::Serialize;
use utoipa::ToSchema;

use super::history::{EventOut, people};
use super::member::MemberOut;
use super::payout::{PayoutAccountOut, open};
use super::report::ReportOut;
use crate::problem::Problem;
use crate::reply::Stop;

/// The most reports of one part.
const MAX_REPORTS: i32 = 10;
/// The most entries of the history of one part; DynamoDB gives a megabyte of them at most.
const MAX_ENTRIES: i32 = 200;
/// How many bytes of reports one part holds, unless one alone has more. Lambda lets six megabytes through, in a text that escapes each
/// quotation mark of this one, so that it can become twice as long; and the history is beside them.
const MOST_BYTES: usize = 1536 * 1024;
/// A cursor that begins like this goes on in the history; the others go on in the list of reports.
const IN_HISTORY: &str = "history.";

/// A part of what is kept of a member.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Export)]
pub struct ExportOut {
    /// The member; null after the first part.
    pub member: Option<MemberOut>,
    /// Where he is paid; null when he has not said, and after the first part.
    pub payout_account: Option<PayoutAccountOut>,
    /// What happened to his membership, oldest first. It is in the first part, and goes on in the next ones only when it is very long.
    pub history: Vec<EventOut>,
    /// His reports with their lines, newest first.
    pub reports: Vec<ReportOut>,
    /// What to send as `cursor` to go on; null at the end.
    pub next_cursor: Option<String>,
}

impl ExportOut {
    /// Reads one part.
    ///
    /// # Errors
    /// 404 when there is no such member, 400 for a cursor of something else, 500 for stored data that is damaged.
    pub async fn read(
        store: &Store,
        vault: &Vault,
        (org, whose): (OrgId, MemberId),
        page: PageRequest,
    ) -> Result<Self, Stop> {
        let mut part = Self::default();
        let history_from = match &page.cursor {
            None => Some(1),
            Some(cursor) => cursor.strip_prefix(IN_HISTORY).map(position).transpose()?,
        };
        if page.cursor.is_none() {
            let (member, account) = store.payout_account(org, whose).await?.ok_or_else(Problem::not_found)?;
            part.member = Some((&member).into());
            if let Some(account) = account {
                part.payout_account = Some(open(vault, org, whose, &account).await?);
            }
        }
        if let Some(from) = history_from {
            let (events, next) = store.member_events(org, whose, from, MAX_ENTRIES).await?;
            part.history = entries(store, org, &events).await?;
            if let Some(next) = next {
                part.next_cursor = Some(format!("{IN_HISTORY}{next}"));
                return Ok(part);
            }
        }
        let cursor = page.cursor.clone().filter(|_| history_from.is_none());
        let page = PageRequest { limit: page.limit.min(MAX_REPORTS), cursor, ..page };
        (part.reports, part.next_cursor) = reports(store, org, whose, page).await?;
        Ok(part)
    }
}

fn position(text: &str) -> Result<u64, ListError> {
    text.parse().map_err(|_| CursorFault::Foreign.into())
}

async fn entries(store: &Store, org: OrgId, events: &[Event]) -> Result<Vec<EventOut>, Stop> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(Vec::new()) };
    let mail = store.deliveries(org, first.subject, (first.seq, last.seq)).await?;
    let people = store.members_by_id(org, &people(events, &mail)).await?;
    Ok(events.iter().map(|event| EventOut::of(event, &people, &mail)).collect::<Result<_, _>>()?)
}

/// As many of the next reports as fit, and the cursor behind them.
async fn reports(
    store: &Store,
    org: OrgId,
    owner: MemberId,
    page: PageRequest,
) -> Result<(Vec<ReportOut>, Option<String>), Stop> {
    let filter = ReportFilter { owner: Some(owner), ..ReportFilter::default() };
    let mut heads = store.list_reports(org, &filter, &page).await?;
    let mut bytes = 0;
    let fitting = heads.items.iter().take_while(|head| {
        bytes += head.bytes();
        bytes <= MOST_BYTES
    });
    let fitting = fitting.count().max(1);
    if fitting < heads.items.len() {
        let limit = i32::try_from(fitting).unwrap_or(1);
        heads = store.list_reports(org, &filter, &PageRequest { limit, ..page }).await?;
    }
    let whole = try_join_all(heads.items.iter().map(|head| store.report(org, head.id))).await?;
    // A draft may have been deleted since it was listed.
    Ok((whole.iter().flatten().map(ReportOut::of).collect(), heads.next))
}
