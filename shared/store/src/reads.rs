//! Reads for decisions, all of them consistent. Lists for users are in `lists`.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use jiff::civil::Date;
use outlay_domain::comment::Comment;
use outlay_domain::conversion::RateEntry;
use outlay_domain::event::{Event, EventSubject};
use outlay_domain::expense::Expense;
use outlay_domain::ids::{MemberId, OrgId, ReportId};
use outlay_domain::member::{Identity, Member, MemberKind, MemberStatus};
use outlay_domain::money::Currency;
use outlay_domain::organisation::Organisation;
use outlay_domain::payout::SealedAccount;
use outlay_domain::policy::Policy;
use outlay_domain::report::Report;
use outlay_domain::text::{DisplayName, EmailAddress};
use serde::{Deserialize, Serialize};

use crate::attributes::{Item, key_attributes, text_of};
use crate::client::{MAX_BATCH_GET, Store, read_matching};
use crate::error::StoreError;
use crate::integrity::Stored;
use crate::items::{ExpenseChunk, LatestComments, from_item, report_from_items, sealed_account_from_item};
use crate::keys::{self, MAX_SORT_KEY, PrimaryKey, names};

/// Identity of the caller, from the claims of their token.
#[derive(Clone, Debug)]
pub struct CallerIdentity {
    /// `iss` claim.
    pub issuer: String,
    /// `sub` claim.
    pub subject: String,
    /// Email address in lower case, only if the provider has verified it.
    pub email: Option<EmailAddress>,
    /// `name` claim.
    pub name: Option<DisplayName>,
}

impl CallerIdentity {
    /// What a member is bound to.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity { issuer: self.issuer.clone(), subject: self.subject.clone() }
    }
}

/// Membership of a caller in an organisation.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The member.
    pub member: Member,
    /// True when the next change binds the member to the identity.
    pub binds_identity: bool,
    /// True when a service is already bound to the identity, so no change can bind it to the member.
    pub identity_conflict: bool,
}

/// Item that reserves an email address for a member.
#[derive(Serialize, Deserialize)]
pub(crate) struct AddressEntry {
    pub(crate) member_id: MemberId,
}

impl Stored for AddressEntry {}

/// `entity` of the item that replaces a copy at the key of an identity that a member is no longer bound to.
pub(crate) const FORMER_IDENTITY: &str = "former_identity";

impl Store {
    /// Reads an organisation.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn organisation(&self, org: OrgId) -> Result<Option<Organisation>, StoreError> {
        self.get(&keys::organisation(org)).await
    }

    /// Reads the membership of a caller: by their identity, or by their verified address while the member is bound to no
    /// identity of this issuer. A deployment trusts one issuer, so a member bound to another one cannot sign in with
    /// that identity, and the address proves as much as at the invitation. A caller with a verified address is a person
    /// and never gets the membership of a service. Reads the keys `IDENTITY#…`, `EMAIL#…` and `MEMBER#…`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn membership_for(
        &self,
        org: OrgId,
        identity: &CallerIdentity,
    ) -> Result<Option<Membership>, StoreError> {
        let CallerIdentity { issuer, subject, email, .. } = identity;
        let fits = |member: &Member| member.kind == MemberKind::Person || email.is_none();
        let bound = self.member_at(&keys::identity(org, Some(issuer), subject)).await?;
        let identity_conflict = bound.is_some();
        if let Some(member) = bound.filter(fits) {
            return Ok(Some(Membership { member, binds_identity: false, identity_conflict: false }));
        }
        let by_address = async {
            match email {
                Some(address) => self.get::<AddressEntry>(&keys::email(org, address)).await,
                None => Ok(None),
            }
        };
        let without_issuer = keys::identity(org, None, subject);
        let (bound, invited) = tokio::try_join!(self.member_at(&without_issuer), by_address)?;
        let is_taken = identity_conflict || bound.is_some();
        if let Some(member) = bound.filter(fits) {
            return Ok(Some(Membership { member, binds_identity: true, identity_conflict }));
        }
        let Some(AddressEntry { member_id }) = invited else { return Ok(None) };
        let found = self.member(org, member_id).await?;
        let wanted = identity.identity();
        Ok(found.and_then(|member| match member.status {
            // A concurrent request of the same caller has bound the identity since the first read.
            _ if member.is_bound_to(&wanted) => {
                Some(Membership { member, binds_identity: false, identity_conflict: false })
            }
            MemberStatus::Invited => Some(Membership { member, binds_identity: true, identity_conflict: is_taken }),
            _ if member.issuer.as_ref().is_some_and(|bound| bound != issuer) => {
                Some(Membership { member, binds_identity: true, identity_conflict: is_taken })
            }
            _ => None,
        }))
    }

    /// Reads the copy of a member at the key of an identity; `None` for a former identity.
    async fn member_at(&self, key: &PrimaryKey) -> Result<Option<Member>, StoreError> {
        let item = self.get_item(key).await?.filter(|item| text_of(item, "entity") != Some(FORMER_IDENTITY));
        item.map(from_item).transpose()
    }

    /// Reads a member.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn member(&self, org: OrgId, member: MemberId) -> Result<Option<Member>, StoreError> {
        self.get(&keys::member(org, member)).await
    }

    /// Reads several members, in any order, by `BatchGetItem`. Unknown identifiers are skipped.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn members_by_id(&self, org: OrgId, members: &[MemberId]) -> Result<Vec<Member>, StoreError> {
        let wanted: BTreeSet<MemberId> = members.iter().copied().collect();
        let wanted: Vec<Item> = wanted.into_iter().map(|member| key_attributes(&keys::member(org, member))).collect();
        let found = try_join_all(wanted.chunks(MAX_BATCH_GET).map(|batch| self.batch_get(batch.to_vec()))).await?;
        found.into_iter().flatten().map(from_item).collect()
    }

    /// Reads a member and their encrypted payout account. A torn read is repeated.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Corrupt`] when the account keeps having another version than the member names.
    pub async fn payout_account(
        &self,
        org: OrgId,
        member: MemberId,
    ) -> Result<Option<(Member, Option<SealedAccount>)>, StoreError> {
        let key = keys::payout_account(org, member);
        read_matching(&key, || async {
            let (member, account) = tokio::try_join!(self.member(org, member), self.get_item(&key))?;
            let Some(member) = member else { return Ok(Some(None)) };
            let account = account.map(sealed_account_from_item).transpose()?;
            let matches = member.payout_version == account.as_ref().map(|account| account.version);
            Ok(matches.then_some(Some((member, account))))
        })
        .await
    }

    /// Reads the history of a member from a sequence number on, oldest first. Also returns the next sequence number;
    /// `None` at the end.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn member_events(
        &self,
        org: OrgId,
        member: MemberId,
        from: u64,
        limit: i32,
    ) -> Result<(Vec<Event>, Option<u64>), StoreError> {
        let PrimaryKey { pk, sk } = keys::event_at(org, EventSubject::Member(member), from);
        let end = format!("{}{MAX_SORT_KEY}", keys::EVENT_PREFIX);
        let output = self.query_range(&pk, &sk, &end).limit(limit).send().await?;
        let more = output.last_evaluated_key.is_some();
        let events: Vec<Event> =
            output.items.unwrap_or_default().into_iter().map(from_item).collect::<Result<_, _>>()?;
        let next = events.last().filter(|_| more).map(|event| event.seq.saturating_add(1));
        Ok((events, next))
    }

    /// Reads the members with the role finance or admin, from their copies at `ROLE#…`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn finance_and_admins(&self, org: OrgId) -> Result<Vec<Member>, StoreError> {
        let items = self
            .query_all(&keys::org_partition(org), keys::ROLE_PREFIX, &format!("{}{MAX_SORT_KEY}", keys::ROLE_PREFIX))
            .await?;
        items.into_iter().map(from_item).collect()
    }

    /// Reads the policy in force.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn policy(&self, org: OrgId) -> Result<Option<Policy>, StoreError> {
        self.get(&keys::policy(org)).await
    }

    /// Reads one event of a subject.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn event(&self, org: OrgId, subject: EventSubject, seq: u64) -> Result<Option<Event>, StoreError> {
        self.get(&keys::event_at(org, subject, seq)).await
    }

    /// Reads the first event of a subject.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn first_event(&self, org: OrgId, subject: EventSubject) -> Result<Option<Event>, StoreError> {
        self.get(&keys::event_at(org, subject, 1)).await
    }

    /// Reads several events of a report, in any order, by `BatchGetItem`. Absent ones are skipped.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn events(&self, org: OrgId, report: ReportId, seqs: &[u64]) -> Result<Vec<Event>, StoreError> {
        let wanted: BTreeSet<u64> = seqs.iter().copied().collect();
        let key = |seq| key_attributes(&keys::event_at(org, EventSubject::Report(report), seq));
        let wanted: Vec<Item> = wanted.into_iter().map(key).collect();
        let found = try_join_all(wanted.chunks(MAX_BATCH_GET).map(|batch| self.batch_get(batch.to_vec()))).await?;
        found.into_iter().flatten().map(from_item).collect()
    }

    /// Reads a report with its expenses. A torn read is repeated.
    ///
    /// # Errors
    /// [`StoreError`]; [`StoreError::Corrupt`] when head and expenses keep not matching.
    pub async fn report(&self, org: OrgId, report: ReportId) -> Result<Option<Report>, StoreError> {
        let partition = keys::report_partition(org, report);
        let (from, to) = keys::REPORT_RANGE;
        read_matching(&keys::report(org, report), || async {
            let items = self.query_all(&partition, from, to).await?;
            if items.is_empty() {
                return Ok(Some(None));
            }
            Ok(assemble_report(items)?.map(Some))
        })
        .await
    }

    /// Reads for each pair the latest exchange rate of the currency up to that date, by one query for each currency,
    /// concurrently. Pairs without a rate are skipped.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn rates(&self, org: OrgId, wanted: &BTreeSet<(Currency, Date)>) -> Result<Vec<RateEntry>, StoreError> {
        let mut days: BTreeMap<Currency, Vec<Date>> = BTreeMap::new();
        for (currency, day) in wanted {
            days.entry(*currency).or_default().push(*day);
        }
        let queries = days.iter().map(|(currency, days)| self.rates_of(org, *currency, days));
        Ok(try_join_all(queries).await?.into_iter().flatten().collect())
    }

    /// Reads the latest rate of a currency up to each of some days, which are in ascending order.
    async fn rates_of(&self, org: OrgId, currency: Currency, days: &[Date]) -> Result<Vec<RateEntry>, StoreError> {
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
        let partition = keys::rates_partition(org);
        // Newest first. As many rates as there are days reach back to the last rate before the first day.
        let span = first.duration_until(*last).as_hours() / 24 + 1;
        let mut left = usize::try_from(span).unwrap_or(1);
        let mut entries: Vec<RateEntry> = Vec::new();
        let mut start = None;
        loop {
            let request = self.query_range(&partition, &format!("{currency}#"), &format!("{currency}#{last}"));
            let request = request.scan_index_forward(false).limit(i32::try_from(left).unwrap_or(i32::MAX));
            let output = request.set_exclusive_start_key(start).send().await?;
            let page: Vec<RateEntry> =
                output.items.unwrap_or_default().into_iter().map(from_item).collect::<Result<_, _>>()?;
            left = left.saturating_sub(page.len());
            entries.extend(page);
            start = output.last_evaluated_key.filter(|_| left > 0);
            if start.is_none() || entries.last().is_some_and(|oldest| oldest.date <= *first) {
                break;
            }
        }
        let mut latest: Vec<usize> =
            days.iter().map(|day| entries.partition_point(|entry| entry.date > *day)).collect();
        latest.dedup();
        Ok(latest.into_iter().filter_map(|at| entries.get(at).cloned()).collect())
    }
}

/// Assembles a report from the items of its expenses, its latest comments, its head and, last, its review; `None` when
/// they do not match.
fn assemble_report(mut items: Vec<Item>) -> Result<Option<Report>, StoreError> {
    let review = items.pop_if(|last| text_of(last, names::SK) == Some(keys::REPORT_REVIEW));
    // Other items without a head: the report was created or deleted during the read.
    let Some(head) = items.pop_if(|last| text_of(last, names::SK) == Some(keys::REPORT_HEAD)) else { return Ok(None) };
    let Some(mut report) = report_from_items(head, review)? else { return Ok(None) };
    if let Some(item) = items.pop_if(|last| text_of(last, names::SK) == Some(keys::LATEST_COMMENTS)) {
        report.comments = from_item::<LatestComments<Vec<Comment>>>(item)?.comments;
    }
    for item in items {
        let chunk: ExpenseChunk<Vec<Expense>> = from_item(item)?;
        report.expenses.extend(chunk.lines);
    }
    Ok(Some(report).filter(Report::has_matching_expenses))
}

#[cfg(test)]
mod tests {
    use outlay_domain::event::EventKind;
    use outlay_domain::history::first_broken_link;

    use super::*;
    use crate::attributes::text;
    use crate::items::{expense_chunks, report_head, report_review, to_item};
    use crate::testing::{draft, event, line, receipt, seed, step};

    fn items(report: &Report) -> Vec<Item> {
        let key = |at| keys::expenses(report.org, report.id, at);
        let lines = expense_chunks(report).into_iter().enumerate();
        let lines = lines.map(|(at, lines)| to_item(&key(at), "expenses", &ExpenseChunk { lines }).unwrap());
        let review = report_review(report).unwrap();
        lines.chain([report_head(report, review.as_ref()).unwrap()]).chain(review).collect()
    }

    #[test]
    fn report_survives_conversion_to_items() {
        let mut seed = seed();
        for count in [0, 1, 50, 51, 120] {
            let mut lines: Vec<Expense> = (0..count).map(|_| line(&mut seed, Some("sales"), "note")).collect();
            if let Some(last) = lines.last_mut() {
                last.receipts = vec![receipt(&mut seed, true), receipt(&mut seed, false)];
            }
            let report = draft(&mut seed, lines);
            assert_eq!(items(&report).len(), 1 + usize::div_ceil(count, 50));
            assert_eq!(assemble_report(items(&report)).unwrap(), Some(report));
        }
    }

    /// A submitted report with a step.
    fn submitted() -> Report {
        let mut seed = seed();
        let lines = (0..60).map(|_| line(&mut seed, None, "note")).collect();
        Report { steps: vec![step(1, vec![seed.next_id()])], ..draft(&mut seed, lines) }
    }

    #[test]
    fn review_of_another_state_is_a_torn_read() {
        let report = submitted();
        let whole = items(&report);
        assert_eq!(assemble_report(whole.clone()).unwrap(), Some(report.clone()));
        assert_eq!(assemble_report(whole[..3].to_vec()).unwrap(), None, "without the review");
        let later = items(&Report { steps: vec![step(2, vec![report.owner])], ..report });
        let torn = [&whole[..3], &later[3..]].concat();
        assert_eq!(assemble_report(torn).unwrap(), None, "with the review after the next change");
    }

    #[test]
    fn head_of_former_layout_is_readable() {
        let report = submitted();
        let key = keys::report(report.org, report.id);
        // It held violations and steps.
        let former = [to_item(&key, "report", &report).unwrap()];
        let whole: Vec<Item> = items(&report).into_iter().take(2).chain(former).collect();
        let read = assemble_report(whole).unwrap();
        assert_eq!(read, Some(Report { has_former_layout: true, ..report }));
    }

    #[test]
    fn incomplete_or_edited_report_is_rejected() {
        let mut seed = seed();
        let lines = (0..60).map(|_| line(&mut seed, None, "note")).collect();
        let whole = items(&draft(&mut seed, lines));
        assert_eq!(assemble_report(whole[..2].to_vec()).unwrap(), None, "without the head");
        assert_eq!(assemble_report(whole[1..].to_vec()).unwrap(), None, "without some lines");
        let mut edited = whole;
        edited[2].insert("title".to_owned(), text("Edited"));
        assert!(assemble_report(edited).is_err(), "with another title");
    }

    #[test]
    fn event_hashes_survive_conversion_to_items() {
        let mut seed = seed();
        let report = draft(&mut seed, Vec::new());
        let change = outlay_domain::event::FieldChange {
            field: "/x".to_owned(),
            old: serde_json::Value::Null,
            new: serde_json::json!({"text": "é", "count": 12, "negative": -3, "list": [], "yes": true}),
        };
        let expense = Box::new(line(&mut seed, Some("sales"), "note"));
        let mut first = event(&report, 1, EventKind::ExpenseAdded { expense });
        first.changes.push(change);
        let first = first.with_hash_after("");
        let second = event(&report, 2, EventKind::ReportRecalled {}).with_hash_after(&first.hash);
        let stored = |event: &Event| from_item::<Event>(to_item(&keys::event(event), "event", event).unwrap()).unwrap();
        let read = [stored(&first), stored(&second)];
        assert_eq!(read, [first, second]);
        assert_eq!(first_broken_link((0, ""), &read), None);
    }
}
