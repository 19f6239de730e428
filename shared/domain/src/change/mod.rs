//! Transitions: each takes a permit and facts and gives a change to commit, or a refusal that says why not.
//! A change is a value with the events that tell of it; storing it is not done here.

mod decide;
mod draft;
mod escalate;
mod organisation;
mod privacy;
mod receipts;
mod submit;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;

use crate::conversion::RateEntry;
use crate::event::{Event, EventKind, FieldChange, Subject};
use crate::expense::Expense;
use crate::ids::{ExpenseId, MemberId};
use crate::member::Member;
use crate::organisation::Organisation;
use crate::payout::SealedAccount;
use crate::policy::Policy;
use crate::report::Report;
use crate::spending::SpendingChange;

pub use decide::{Approval, LineVerdict, approve, assignable, reassign, reject, return_to_owner};
pub use draft::{
    Anew, NewReport, Part, ReportPatch, add_expense, change_expense, change_report, clone_expense, clone_report,
    comment, create, delete, remove_expense, split_expense,
};
pub use escalate::{escalate, to_escalate};
pub use organisation::{
    Absence, Founder, Invitation, MemberPatch, Newcomer, change_member, change_policy, delegate, enter_rates, found,
    invite, join, note_address_fault,
};
pub use privacy::{FORMER, erase, set_payout_account};
pub use receipts::{Declared, abandon_receipt, declare_receipt, look_at_receipt, note_duplicates, remove_receipt};
use submit::resubmit;

pub use submit::{Assessment, Outcome, Rules, assess, recall, submit};

/// A decision of the rules, to be stored whole or not at all; or what it rests on.
#[derive(Clone, Debug)]
pub enum Change {
    /// An organisation with its first member, who is admin, and its first policy.
    Founded(Box<Founded>),
    /// Members were invited, have joined or changed.
    Members(Vec<MemberChange>),
    /// Nothing; but this member, by whose right the other changes are made, must still be as he was read.
    Standing(Box<Member>),
    /// A member named another payout account.
    Payout(Box<PayoutChange>),
    /// A policy version was put in force.
    Policy(Box<PolicyChange>),
    /// Rates were entered.
    Rates(Box<RatesChange>),
    /// A report changed.
    Report(Box<ReportChange>),
}

/// See [`Change::Founded`].
#[derive(Clone, Debug)]
pub struct Founded {
    /// The organisation.
    pub organisation: Organisation,
    /// Its first member.
    pub founder: Member,
    /// Its first policy.
    pub policy: Policy,
    /// What happened.
    pub event: Event,
}

/// See [`Change::Members`].
#[derive(Clone, Debug)]
pub struct MemberChange {
    /// The member the change is made on; `None` for a new one.
    pub before: Option<Member>,
    /// The member.
    pub after: Member,
    /// What happened.
    pub event: Event,
}

/// See [`Change::Payout`].
#[derive(Clone, Debug)]
pub struct PayoutChange {
    /// The member, who counts his accounts, and what happened.
    pub member: MemberChange,
    /// The account, sealed.
    pub account: SealedAccount,
}

/// See [`Change::Policy`].
#[derive(Clone, Debug)]
pub struct PolicyChange {
    /// The version the change is made on.
    pub before: u64,
    /// The policy.
    pub after: Policy,
    /// What happened.
    pub event: Event,
}

/// See [`Change::Rates`].
#[derive(Clone, Debug)]
pub struct RatesChange {
    /// The rates.
    pub entries: Vec<RateEntry>,
    /// What happened.
    pub event: Event,
}

/// See [`Change::Report`].
#[derive(Clone, Debug)]
pub struct ReportChange {
    /// The report the change is made on; `None` for a new one.
    pub before: Option<Report>,
    /// The report.
    pub after: Report,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What it does to the owner's claims.
    pub spending: SpendingChange,
    /// Whether the report is gone afterwards; its history stays.
    pub deleted: bool,
}

impl ReportChange {
    /// A change on `before` that has not happened to anything yet: the next version, as of now.
    fn on(before: &Report, now: Timestamp) -> Self {
        let after = Report { version: before.version + 1, updated_at: now, ..before.clone() };
        Self { before: Some(before.clone()), ..Self::new(after) }
    }

    fn new(after: Report) -> Self {
        Self { before: None, after, events: Vec::new(), spending: SpendingChange::default(), deleted: false }
    }

    /// The change with one more event, numbered next in the report's history and chained to it. Nothing of the report may change
    /// after it: the event carries the hash of how it stands.
    fn telling(self, actor: &Member, kind: EventKind, now: Timestamp) -> Self {
        let principal = self.principal(actor);
        self.telling_for(actor, principal, kind, now)
    }

    /// Whom somebody acts for who entered a report for its owner.
    fn principal(&self, actor: &Member) -> Option<MemberId> {
        let entered = self.after.entered_by.as_ref().is_some_and(|person| person.id == actor.id);
        Some(self.after.owner).filter(|owner| entered && *owner != actor.id)
    }

    /// The same for what the backend does by itself.
    fn telling_by_itself(self, kind: EventKind, now: Timestamp) -> Self {
        self.telling_for(None, None, kind, now)
    }

    fn telling_for<'a>(
        self,
        actor: impl Into<Option<&'a Member>>,
        on_behalf_of: Option<MemberId>,
        kind: EventKind,
        now: Timestamp,
    ) -> Self {
        let changed = self.changed_since(self.before.as_ref());
        self.telling_with(changed, actor, on_behalf_of, kind, now)
    }

    /// What has changed since the report stood as given; nothing, for a new one.
    fn changed_since(&self, since: Option<&Report>) -> Vec<FieldChange> {
        since.map_or_else(Vec::new, |since| changes(since, &self.after))
    }

    /// The same, with what the event is to tell as changed: of several events of one change each tells its own.
    fn telling_with<'a>(
        mut self,
        changes: Vec<FieldChange>,
        actor: impl Into<Option<&'a Member>>,
        on_behalf_of: Option<MemberId>,
        kind: EventKind,
        now: Timestamp,
    ) -> Self {
        self.after.last_event += 1;
        self.after.state_hash = self.after.hash_of_state();
        let event = Event {
            org: self.after.org,
            subject: Subject::Report(self.after.id),
            seq: self.after.last_event,
            actor: actor.into().map(|actor| actor.id),
            on_behalf_of,
            at: now,
            policy_version: self.after.policy_version,
            changes,
            state_hash: Some(self.after.state_hash.clone()),
            kind,
            hash: String::new(),
        };
        let event = event.chained(&self.after.last_hash);
        self.after.last_hash.clone_from(&event.hash);
        self.events.push(event);
        self
    }

    /// Two changes in a row as one: from before the first to after the second, one version further, with the events of both.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let version = self.before.as_ref().map_or(1, |before| before.version + 1);
        let events = self.events.into_iter().chain(next.events).collect();
        Self { before: self.before, after: Report { version, ..next.after }, events, ..next }
    }
}

/// The fields that differ between two states of a report. Lines are compared when they are in both; what was added or removed as
/// a whole is in the event itself.
fn changes(before: &Report, after: &Report) -> Vec<FieldChange> {
    let earlier: BTreeMap<ExpenseId, &Expense> = before.expenses.iter().map(|line| (line.id, line)).collect();
    let both = after.expenses.iter().filter_map(|line| Some((*earlier.get(&line.id)?, line)));
    let (old, new): (Vec<&Expense>, Vec<&Expense>) = both.filter(|(old, new)| old != new).unzip();
    let (old, new) = (fields(before, &old), fields(after, &new));
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differs = |name: &String| {
        let (old, new) = (old.get(name), new.get(name));
        let value = |side: Option<&Value>| side.cloned().unwrap_or(Value::Null);
        (old != new).then(|| FieldChange { field: name.clone(), old: value(old), new: value(new) })
    };
    limited(names.into_iter().filter_map(differs).collect())
}

/// The most bytes of old and new values that one event spells out: it is one item, and says other things too.
const MAX_SPELLED: usize = 100 * 1024;

/// As many changes as fit, and how many more there were. The hash of the state covers them all.
fn limited(changes: Vec<FieldChange>) -> Vec<FieldChange> {
    let all = changes.len();
    let mut bytes = 0_usize;
    let mut kept: Vec<FieldChange> = changes
        .into_iter()
        .take_while(|change| {
            bytes += change.field.len() + change.old.to_string().len() + change.new.to_string().len();
            bytes <= MAX_SPELLED
        })
        .collect();
    if kept.len() < all {
        let more = Value::String(format!("{} more changes", all - kept.len()));
        kept.push(FieldChange { field: "/".to_owned(), old: Value::Null, new: more });
    }
    kept
}

/// What a report and these of its lines say, by JSON pointer: the facts, not what is derived of its route.
fn fields(report: &Report, lines: &[&Expense]) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    let mut put = |pointer: &str, value: Value| flatten(pointer, value, &mut fields);
    let json = |value: Result<Value, serde_json::Error>| value.unwrap_or_default();
    put("/title", json(serde_json::to_value(&report.title)));
    put("/status", json(serde_json::to_value(report.status)));
    put("/payee", json(serde_json::to_value(report.payee.as_ref().map(|payee| payee.id))));
    put("/cost_centre", json(serde_json::to_value(&report.cost_centre)));
    put("/totals", json(serde_json::to_value(report.totals)));
    put("/base_total", json(serde_json::to_value(report.base_total)));
    for line in lines {
        let at = format!("/expenses/{}", line.id);
        let mut told = json(serde_json::to_value(line));
        // A receipt names other reports. What was declared of it is told when it is declared.
        told.as_object_mut().and_then(|members| members.remove("receipts"));
        put(&at, told);
        for receipt in &line.receipts {
            put(&format!("{at}/receipts/{}/status", receipt.id), receipt.status.name().into());
        }
    }
    fields
}

fn flatten(pointer: &str, value: Value, fields: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                flatten(&format!("{pointer}/{name}"), member, fields);
            }
        }
        Value::Null => {}
        simple => {
            fields.insert(pointer.to_owned(), simple);
        }
    }
}

/// The day of an instant, in UTC.
#[must_use]
pub fn today(now: Timestamp) -> Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}
