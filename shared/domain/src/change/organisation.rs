//! Changes of the organisation itself: its founding, members, delegations, policy and rates.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Founded, MemberChange, PolicyChange, RatesChange};
use crate::conversion::RateEntry;
use crate::event::{Event, EventKind, FieldChange, Subject};
use crate::ids::{MemberId, OrgId, Seed};
use crate::language::Language;
use crate::member::{AddressFault, Delegation, MAX_ACTS_FOR, Member, MemberKind, MemberStatus, Role};
use crate::money::{Currency, Money};
use crate::organisation::Organisation;
use crate::permission::{ChangeMember, ChangePolicy, EnterRates, InviteMember, OrgPermit};
use crate::policy::Policy;
use crate::refusal::Refusal;

/// The signed-in person who founds an organisation.
#[derive(Clone, Debug)]
pub struct Founder {
    /// The identity's `sub` claim.
    pub subject: String,
    /// The verified address, in lower case.
    pub email: String,
    /// Display name.
    pub name: String,
    /// The language he is written to in.
    pub language: Language,
    /// The time zone he lives in.
    pub time_zone: Option<String>,
}

/// Who comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Newcomer {
    /// A person, who is told at this address (in lower case) and signs in with it.
    Person {
        /// The address.
        email: String,
    },
    /// A service, which is known from the start by the `sub` claim of its tokens.
    Service {
        /// The claim.
        subject: String,
    },
}

/// A person to invite, or a service to add.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Display name.
    pub name: String,
    /// Who it is.
    pub who: Newcomer,
    /// The role offered.
    pub role: Role,
    /// The language he is written to in.
    pub language: Language,
    /// The time zone he lives in.
    pub time_zone: Option<String>,
    /// The manager, who is a member of the same organisation.
    pub manager: Option<Member>,
    /// His grade.
    pub grade: Option<String>,
    /// His cost centre.
    pub cost_centre: Option<String>,
    /// The largest total in the base currency he may approve.
    pub approval_limit: Option<Money>,
}

/// What is changed of a member; `None` leaves it, `Some(None)` removes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberPatch {
    /// Display name.
    pub name: Option<String>,
    /// The language he is written to in.
    pub language: Option<Language>,
    /// The time zone he lives in.
    pub time_zone: Option<Option<String>>,
    /// Whether his address is to be tried again.
    pub address_mended: bool,
    /// Role.
    pub role: Option<Role>,
    /// Whether he is suspended.
    pub suspended: Option<bool>,
    /// Who approves his reports first.
    pub manager_id: Option<Option<MemberId>>,
    /// His grade.
    pub grade: Option<Option<String>>,
    /// His cost centre.
    pub cost_centre: Option<Option<String>>,
    /// The largest total in the base currency he may approve.
    pub approval_limit: Option<Option<Money>>,
}

fn event<'a>(
    org: OrgId,
    subject: Subject,
    seq: u64,
    actor: impl Into<Option<&'a Member>>,
    now: Timestamp,
    kind: EventKind,
) -> Event {
    Event {
        org,
        subject,
        seq,
        actor: actor.into().map(|actor| actor.id),
        on_behalf_of: None,
        at: now,
        policy_version: None,
        changes: Vec::new(),
        state_hash: None,
        kind,
        hash: String::new(),
    }
}

/// Founds an organisation. Whoever has signed in may.
#[must_use]
pub fn found(name: String, base_currency: Currency, founder: Founder, seed: &mut Seed, now: Timestamp) -> Founded {
    let organisation = Organisation { id: seed.draw(), name, base_currency, created_at: now };
    let member = Member {
        id: seed.draw(),
        org: organisation.id,
        name: founder.name,
        kind: MemberKind::Person,
        email: Some(founder.email),
        address_fault: None,
        address_mended_at: None,
        language: founder.language,
        time_zone: founder.time_zone,
        role: Role::Admin,
        status: MemberStatus::Active,
        manager_id: None,
        grade: None,
        cost_centre: None,
        approval_limit: None,
        delegation: None,
        acts_for: Vec::new(),
        subject: Some(founder.subject),
        payout_version: None,
        version: 1,
        last_hash: String::new(),
        created_at: now,
    };
    let event =
        event(member.org, Subject::Organisation, 1, &member, now, EventKind::OrganisationCreated {}).chained("");
    Founded { organisation, founder: member, policy: Policy::initial(), event }
}

/// Invites a person, or adds a service, which is active at once.
///
/// # Errors
/// [`Refusal::ServiceAdmin`]
pub fn invite(
    permit: OrgPermit<'_, InviteMember>,
    organisation: &Organisation,
    invitation: Invitation,
    seed: &mut Seed,
    now: Timestamp,
) -> Result<MemberChange, Refusal> {
    let (kind, status, email, subject) = match invitation.who {
        Newcomer::Person { email } => (MemberKind::Person, MemberStatus::Invited, Some(email), None),
        Newcomer::Service { subject } => (MemberKind::Service, MemberStatus::Active, None, Some(subject)),
    };
    if kind == MemberKind::Service && invitation.role == Role::Admin {
        return Err(Refusal::ServiceAdmin);
    }
    let mut after = Member {
        id: seed.draw(),
        org: organisation.id,
        name: invitation.name,
        kind,
        email,
        address_fault: None,
        address_mended_at: None,
        language: invitation.language,
        time_zone: invitation.time_zone,
        role: invitation.role,
        status,
        manager_id: invitation.manager.map(|manager| manager.id),
        grade: invitation.grade,
        cost_centre: invitation.cost_centre,
        approval_limit: invitation.approval_limit,
        delegation: None,
        acts_for: Vec::new(),
        subject,
        payout_version: None,
        version: 1,
        last_hash: String::new(),
        created_at: now,
    };
    let kind = match after.kind {
        MemberKind::Person => EventKind::MemberInvited { organisation: organisation.name.clone(), role: after.role },
        MemberKind::Service => EventKind::ServiceAdded { role: after.role },
    };
    let event = event(after.org, Subject::Member(after.id), 1, permit.actor(), now, kind).chained("");
    after.last_hash.clone_from(&event.hash);
    Ok(MemberChange { before: None, after, event })
}

/// What the history does not tell of a member.
const HIDDEN: [&str; 6] = ["name", "email", "subject", "payout_version", "version", "last_hash"];

impl MemberChange {
    /// Binds the member to the identity he signed in with, by the way.
    #[must_use]
    pub fn binding(self, subject: &str) -> Self {
        let Some(before) = &self.before else { return self };
        let after = Member { status: MemberStatus::Active, subject: Some(subject.to_owned()), ..self.after };
        Self::between(before, after, before, self.event.kind, self.event.at)
    }

    /// From one state of a member to the next, with what changed in it; names, addresses and accounts stay out of the history.
    pub(super) fn between<'a>(
        before: &Member,
        after: Member,
        actor: impl Into<Option<&'a Member>>,
        kind: EventKind,
        now: Timestamp,
    ) -> Self {
        let mut after = Member { version: before.version + 1, ..after };
        // What is erased is not told once more where it cannot be erased.
        let erased = kind == EventKind::MemberErased {};
        let shown = |member: &Member| {
            let mut value = serde_json::to_value(member).unwrap_or_default();
            if let Some(members) = value.as_object_mut() {
                members.retain(|name, _| !HIDDEN.contains(&name.as_str()) && (!erased || name == "status"));
            }
            value
        };
        let (old, new) = (shown(before), shown(&after));
        let names: std::collections::BTreeSet<&String> =
            [&old, &new].into_iter().filter_map(|value| value.as_object()).flat_map(|members| members.keys()).collect();
        let change = |name: &String| {
            let value = |side: &serde_json::Value| anonymous(side.get(name).cloned().unwrap_or_default());
            let (old, new) = (value(&old), value(&new));
            (old != new).then(|| FieldChange { field: format!("/{name}"), old, new })
        };
        let changes = names.into_iter().filter_map(change).collect();
        let told = Event { changes, ..event(after.org, Subject::Member(after.id), after.version, actor, now, kind) };
        let told = told.chained(&before.last_hash);
        after.last_hash.clone_from(&told.hash);
        Self { before: Some(before.clone()), after, event: told }
    }
}

/// A value without the names in it.
fn anonymous(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(members) => Value::Object(
            members.into_iter().filter(|(name, _)| name != "name").map(|(n, v)| (n, anonymous(v))).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(anonymous).collect()),
        simple => simple,
    }
}

/// Binds an invited member to the identity he signed in with.
#[must_use]
pub fn join(invited: &Member, subject: &str, now: Timestamp) -> MemberChange {
    let after = Member { status: MemberStatus::Active, subject: Some(subject.to_owned()), ..invited.clone() };
    MemberChange::between(invited, after, invited, EventKind::MemberJoined {}, now)
}

/// Changes a member. His delegations end when he can no longer approve, and follow his approval limit: `others` are the members on
/// their other side.
///
/// # Errors
/// [`Refusal::Duties`] for an admin who changes more of himself than his name; [`Refusal::OwnManager`] for a member who would manage
/// himself; [`Refusal::ServiceAdmin`] for a service that would be one; [`Refusal::MemberState`] for one who was erased.
pub fn change_member(
    permit: OrgPermit<'_, ChangeMember>,
    member: &Member,
    patch: MemberPatch,
    others: &[Member],
    now: Timestamp,
) -> Result<Vec<MemberChange>, Refusal> {
    let actor = permit.actor();
    if member.status == MemberStatus::Erased {
        return Err(Refusal::MemberState("This member was erased, which is final."));
    }
    let own = MemberPatch { name: None, language: None, time_zone: None, address_mended: false, ..patch.clone() };
    if actor.id == member.id && own != MemberPatch::default() {
        return Err(Refusal::Duties("Nobody changes what he may or who decides on his reports: another admin does."));
    }
    if patch.manager_id == Some(Some(member.id)) {
        return Err(Refusal::OwnManager);
    }
    if member.kind == MemberKind::Service && patch.role == Some(Role::Admin) {
        return Err(Refusal::ServiceAdmin);
    }
    let mut after = member.clone();
    after.name = patch.name.unwrap_or(after.name);
    after.language = patch.language.unwrap_or(after.language);
    after.time_zone = patch.time_zone.unwrap_or(after.time_zone);
    if patch.address_mended && after.address_fault.take().is_some() {
        after.address_mended_at = Some(now);
    }
    after.role = patch.role.unwrap_or(after.role);
    after.manager_id = patch.manager_id.unwrap_or(after.manager_id);
    after.grade = patch.grade.unwrap_or(after.grade);
    after.cost_centre = patch.cost_centre.unwrap_or(after.cost_centre);
    after.approval_limit = patch.approval_limit.unwrap_or(after.approval_limit);
    match patch.suspended {
        Some(true) => after.status = MemberStatus::Suspended,
        Some(false) if after.status == MemberStatus::Suspended => {
            after.status = if after.subject.is_some() { MemberStatus::Active } else { MemberStatus::Invited };
        }
        _ => {}
    }
    if !after.can_approve() {
        (after.delegation, after.acts_for) = (None, Vec::new());
    } else if let Some(delegation) = &mut after.delegation {
        delegation.limit = after.approval_limit;
    }
    let mut changes = Vec::new();
    if after != *member {
        changes.push(MemberChange::between(member, after.clone(), actor, EventKind::MemberChanged {}, now));
    }
    changes.extend(follow(&after, others, actor, now));
    Ok(changes)
}

/// Notes that mail to a member came back, or was not wanted, at a moment; nothing, when that is known, or was mended since: what SES tells
/// may come late. A bounce weighs more than a complaint.
#[must_use]
pub fn note_address_fault(member: &Member, fault: AddressFault, now: Timestamp) -> Option<MemberChange> {
    let known = member.address_fault == Some(AddressFault::Bounced) || member.address_fault == Some(fault);
    let mended_since = member.address_mended_at.is_some_and(|mended| now <= mended);
    if known || mended_since || member.email.is_none() {
        return None;
    }
    let after = Member { address_fault: Some(fault), ..member.clone() };
    Some(MemberChange::between(member, after, None::<&Member>, EventKind::AddressFailed { fault }, now))
}

/// What becomes of the delegations of a member on their other side: they follow his approval limit, and end when he cannot approve.
pub(super) fn follow<'a>(
    after: &'a Member,
    others: &'a [Member],
    actor: &'a Member,
    now: Timestamp,
) -> impl Iterator<Item = MemberChange> + 'a {
    others.iter().filter_map(move |other| {
        let mut there = other.clone();
        if after.can_approve() {
            let his = there.acts_for.iter_mut().filter(|delegation| delegation.with.id == after.id);
            his.for_each(|delegation| delegation.limit = after.approval_limit);
        } else {
            there.delegation = there.delegation.filter(|delegation| delegation.with.id != after.id);
            there.acts_for.retain(|delegation| delegation.with.id != after.id);
        }
        let kind = EventKind::DelegationChanged {};
        (there != *other).then(|| MemberChange::between(other, there, actor, kind, now))
    })
}

/// What a member, or an admin for him, delegates.
#[derive(Clone, Copy, Debug)]
pub struct Absence<'a> {
    /// Who decides.
    pub to: &'a Member,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub until: Date,
    /// The largest total that is delegated; any, when absent.
    pub ceiling: Option<Money>,
}

/// Lets somebody decide for `member`, or nobody any longer. `current` is who does so far.
///
/// # Errors
/// [`Refusal::Forbidden`] when the actor is neither the member nor an admin, or the member could not decide himself;
/// [`Refusal::NotAssignable`] when the other cannot.
pub fn delegate(
    actor: &Member,
    member: &Member,
    absence: Option<Absence<'_>>,
    current: Option<&Member>,
    now: Timestamp,
) -> Result<Vec<MemberChange>, Refusal> {
    if actor.id != member.id && actor.role != Role::Admin {
        return Err(Refusal::Forbidden("A member says himself who decides for him, or an admin does."));
    }
    let kind = || EventKind::DelegationChanged {};
    let without = |delegate: &Member| {
        let mut delegate = delegate.clone();
        let today = super::today(now);
        delegate.acts_for.retain(|delegation| delegation.with.id != member.id && delegation.until >= today);
        delegate
    };
    let delegation = absence.map(|Absence { to, from, until, ceiling }| {
        let delegation =
            Delegation { with: to.person(), from, until, ceiling, limit: member.approval_limit, by: actor.id };
        (to, delegation)
    });
    let mut after = member.clone();
    after.delegation = delegation.as_ref().map(|(_, delegation)| delegation.clone());
    let mut changes = vec![MemberChange::between(member, after, actor, kind(), now)];
    let chosen = delegation.as_ref().map(|(delegate, _)| delegate.id);
    if let Some((delegate, delegation)) = delegation {
        if !member.can_approve() {
            return Err(Refusal::Forbidden("Who cannot approve has nothing to delegate."));
        }
        if let (Some(ceiling), Some(limit)) = (delegation.ceiling, member.approval_limit)
            && ceiling.minor() > limit.minor()
        {
            return Err(Refusal::Ceiling { limit });
        }
        if delegate.id == member.id {
            return Err(Refusal::NotAssignable("is the one who is away"));
        }
        if !delegate.can_approve() {
            return Err(Refusal::NotAssignable("cannot approve"));
        }
        // Somebody an admin is away for must not gain by choosing himself.
        if actor.id == delegate.id {
            return Err(Refusal::Duties("Nobody makes himself the one who decides for another."));
        }
        let mut acting = without(delegate);
        acting.acts_for.push(Delegation { with: member.person(), ..delegation });
        if acting.acts_for.len() > MAX_ACTS_FOR {
            return Err(Refusal::NotAssignable("decides for as many others as he can already"));
        }
        changes.push(MemberChange::between(delegate, acting, actor, kind(), now));
    }
    let replaced = current.filter(|current| chosen.is_none_or(|id| id != current.id));
    if let Some(current) = replaced {
        changes.push(MemberChange::between(current, without(current), actor, kind(), now));
    }
    Ok(changes)
}

/// Puts a policy in force in place of `current`; its version is the next one.
#[must_use]
pub fn change_policy(
    permit: OrgPermit<'_, ChangePolicy>,
    current: &Policy,
    proposed: Policy,
    now: Timestamp,
) -> PolicyChange {
    let mut after = Policy { version: current.version + 1, changed_at: Some(now), ..proposed };
    let kind = EventKind::PolicyChanged { version: after.version };
    let event = event(permit.actor().org, Subject::Policy, after.version, permit.actor(), now, kind)
        .chained(&current.last_hash);
    after.last_hash.clone_from(&event.hash);
    PolicyChange { before: current.version, after, event }
}

/// Enters the exchange rates of a day; rates already entered for the same currencies are replaced.
#[must_use]
pub fn enter_rates(
    permit: OrgPermit<'_, EnterRates>,
    date: Date,
    entries: Vec<RateEntry>,
    now: Timestamp,
) -> RatesChange {
    let seq = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let kind = EventKind::RatesEntered { rates: entries.clone() };
    let event = event(permit.actor().org, Subject::Rates(date), seq, permit.actor(), now, kind).chained("");
    RatesChange { entries, event }
}
