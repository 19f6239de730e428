//! Transitions of the organisation: creation, members, delegations, policy and rates.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{MemberChange, OrganisationChange, OrganisationClosed, OrganisationCreated, PolicyChange, RatesChange};
use crate::conversion::RateEntry;
use crate::error::DomainError;
use crate::event::{DelegationNotice, Event, EventKind, EventSubject, FieldChange};
use crate::ids::{IdGenerator, MemberId, OrgId};
use crate::language::Language;
use crate::member::{
    AddressFault, Authority, Delegation, Identity, MAX_ACTS_FOR, Member, MemberKind, MemberStatus, Role,
};
use crate::money::{Currency, Money};
use crate::organisation::{Organisation, OrganisationSettings};
use crate::patch::Patch;
use crate::payment_settings::PaymentSettings;
use crate::payout::AccountNumber;
use crate::permission::{
    CloseOrganisation, Delegate, EndDelegation, EnterRates, InviteMember, MemberPermit, OrgPermit, UpdateMember,
    UpdateOrganisation, UpdatePaymentSettings, UpdatePolicy,
};
use crate::policy::Policy;
use crate::text::{CostCentreCode, DisplayName, EmailAddress, Grade, MailDomain, TimeZoneName};

/// Signed-in person who creates an organisation.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    /// Identity.
    pub identity: Identity,
    /// Verified e-mail address, in lower case.
    pub email: EmailAddress,
    /// Display name.
    pub name: DisplayName,
    /// Language of mail.
    pub language: Language,
    /// IANA time zone.
    pub time_zone: Option<TimeZoneName>,
}

/// Kind of a new member, and what identifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewMember {
    /// Person, who is invited by mail and signs in with the address.
    Person {
        /// E-mail address, in lower case.
        email: EmailAddress,
    },
    /// Service, identified by its tokens.
    Service {
        /// `sub` claim of the tokens.
        subject: String,
    },
}

/// Person to invite, or service to add.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Display name.
    pub name: DisplayName,
    /// Kind and identification.
    pub new_member: NewMember,
    /// Issuer of the tokens that the deployment trusts.
    pub issuer: String,
    /// Role.
    pub role: Role,
    /// Language of mail.
    pub language: Language,
    /// IANA time zone.
    pub time_zone: Option<TimeZoneName>,
    /// Manager, a member of the same organisation.
    pub manager: Option<Member>,
    /// Grade.
    pub grade: Option<Grade>,
    /// Cost centre.
    pub cost_centre: Option<CostCentreCode>,
    /// Approval limit: the largest total that the member can approve, in the base currency.
    pub approval_limit: Option<Money>,
}

/// Changes to a member. `None` and `Patch::Absent` keep a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberPatch {
    /// Display name.
    pub name: Option<DisplayName>,
    /// E-mail address.
    pub address: Option<NewAddress>,
    /// Language of mail.
    pub language: Option<Language>,
    /// IANA time zone.
    pub time_zone: Patch<TimeZoneName>,
    /// Clears the address fault, so that mail is sent again.
    pub clear_address_fault: bool,
    /// Role.
    pub role: Option<Role>,
    /// Suspends or reactivates the member.
    pub suspended: Option<bool>,
    /// Manager.
    pub manager_id: Patch<MemberId>,
    /// Grade.
    pub grade: Patch<Grade>,
    /// Cost centre.
    pub cost_centre: Patch<CostCentreCode>,
    /// Approval limit: the largest total that the member can approve, in the base currency.
    pub approval_limit: Patch<Money>,
}

pub(super) fn event<'a>(
    org: OrgId,
    subject: EventSubject,
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

/// Organisation to create.
#[derive(Clone, Debug)]
pub struct NewOrganisation {
    /// Display name.
    pub name: DisplayName,
    /// Base currency.
    pub base_currency: Currency,
    /// Domains of the addresses that can become those of members; every domain when empty.
    pub mail_domains: Vec<MailDomain>,
}

/// Creates an organisation. Every signed-in person may.
#[must_use]
pub fn create_organisation(
    new: NewOrganisation,
    first_admin: FirstAdmin,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> OrganisationCreated {
    let NewOrganisation { name, base_currency, mail_domains } = new;
    let mut organisation = Organisation {
        id: ids.next_id(),
        name,
        base_currency,
        mail_domains,
        rate_source: None,
        payments: None,
        version: 1,
        last_hash: String::new(),
        created_at: now,
        closed_at: None,
    };
    let member = Member {
        id: ids.next_id(),
        org: organisation.id,
        name: first_admin.name,
        kind: MemberKind::Person,
        email: Some(first_admin.email),
        address_fault: None,
        address_fault_cleared_at: None,
        language: first_admin.language,
        time_zone: first_admin.time_zone,
        role: Role::Admin,
        status: MemberStatus::Active,
        manager_id: None,
        grade: None,
        cost_centre: None,
        approval_limit: None,
        delegation: None,
        acts_for: Vec::new(),
        invited_by: None,
        authority_changes: Vec::new(),
        subject: Some(first_admin.identity.subject),
        issuer: Some(first_admin.identity.issuer),
        payout_version: None,
        version: 1,
        last_hash: String::new(),
        created_at: now,
    };
    let event = event(member.org, EventSubject::Organisation, 1, &member, now, EventKind::OrganisationCreated {})
        .with_hash_after("");
    organisation.last_hash.clone_from(&event.hash);
    OrganisationCreated { organisation, first_admin: member, policy: Policy::initial(), event }
}

/// Closes an organisation. `created` is the first event of its history, `has_waiting_reports` is true when reports wait
/// for a decision.
///
/// # Errors
/// [`DomainError::ReportsWaiting`]
pub fn close_organisation(
    permit: OrgPermit<'_, CloseOrganisation>,
    organisation: &Organisation,
    created: Option<&Event>,
    has_waiting_reports: bool,
    has_open_payments: bool,
    now: Timestamp,
) -> Result<OrganisationClosed, DomainError> {
    if has_waiting_reports {
        return Err(DomainError::ReportsWaiting);
    }
    if has_open_payments {
        return Err(DomainError::PaymentsOpen);
    }
    let before = organisation.version;
    let last_hash = last_hash(organisation, created);
    let mut organisation = Organisation { closed_at: Some(now), version: before + 1, ..organisation.clone() };
    let kind = EventKind::OrganisationClosed { organisation: organisation.name.clone() };
    let (org, subject) = (organisation.id, EventSubject::Organisation);
    let event = event(org, subject, organisation.version, permit.actor(), now, kind).with_hash_after(last_hash);
    organisation.last_hash.clone_from(&event.hash);
    Ok(OrganisationClosed { before, organisation, event })
}

/// Hash of the last event of an organisation's history. The record of an earlier version does not have it; its history
/// has one event.
pub(super) fn last_hash<'a>(organisation: &'a Organisation, created: Option<&'a Event>) -> &'a str {
    match created {
        Some(created) if organisation.last_hash.is_empty() => &created.hash,
        _ => &organisation.last_hash,
    }
}

/// Replaces the settings of an organisation; `None` when nothing changes. `created` is the first event of its history.
/// Members keep their addresses, and submitted reports their rates.
#[must_use]
pub fn update_organisation(
    permit: OrgPermit<'_, UpdateOrganisation>,
    current: &Organisation,
    settings: OrganisationSettings,
    created: Option<&Event>,
    now: Timestamp,
) -> Option<OrganisationChange> {
    let changes = settings_changes(&current.settings(), &settings);
    if changes.is_empty() {
        return None;
    }
    let OrganisationSettings { mail_domains, rate_source } = settings;
    let after = Organisation { mail_domains, rate_source, ..current.clone() };
    Some(organisation_change(permit.actor(), current, after, changes, created, now))
}

/// Replaces the settings for payments; `None` when nothing changes. `created` is the first event of the organisation's
/// history. The history has account numbers masked.
#[must_use]
pub fn update_payment_settings(
    permit: OrgPermit<'_, UpdatePaymentSettings>,
    current: &Organisation,
    settings: PaymentSettings,
    created: Option<&Event>,
    now: Timestamp,
) -> Option<OrganisationChange> {
    let changes = payment_settings_changes(current.payments.as_deref(), &settings);
    if changes.is_empty() {
        return None;
    }
    let after = Organisation { payments: Some(Box::new(settings)), ..current.clone() };
    Some(organisation_change(permit.actor(), current, after, changes, created, now))
}

/// Fields that differ. An account number that differs from one with the same mask is a change too.
fn payment_settings_changes(old: Option<&PaymentSettings>, new: &PaymentSettings) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let mut compare = |field: &str, is_equal: bool, old: Option<String>, new: Option<String>| {
        if !is_equal {
            let field = format!("/payment_settings/{field}");
            changes.push(FieldChange { field, old: old.into(), new: new.into() });
        }
    };
    let texts = |of: fn(&PaymentSettings) -> Option<String>| (old.and_then(of), of(new));
    for (field, of) in PLAIN_SETTINGS {
        let (old, new) = texts(of);
        compare(field, old == new, old, new);
    }
    let iban = |settings: &PaymentSettings| settings.iban.as_ref().map(|iban| iban.account.clone());
    let us = |settings: &PaymentSettings| settings.us.as_ref().map(|us| us.account.clone());
    for (field, old, new) in [("iban", old.and_then(iban), iban(new)), ("us/account", old.and_then(us), us(new))] {
        let masked = |account: &Option<AccountNumber>| account.as_ref().map(AccountNumber::masked);
        compare(field, old == new, masked(&old), masked(&new));
    }
    changes
}

/// A setting, and its text in the history.
type PlainSetting = (&'static str, fn(&PaymentSettings) -> Option<String>);

/// Settings that the history has in clear.
const PLAIN_SETTINGS: [PlainSetting; 5] = [
    ("debtor_name", |settings| Some(settings.debtor_name.to_string())),
    ("bic", |settings| settings.iban.as_ref()?.bank.as_ref().map(ToString::to_string)),
    ("us/company_id", |settings| settings.us.as_ref().map(|us| us.company_id.to_string())),
    ("us/bank_name", |settings| settings.us.as_ref().map(|us| us.bank_name.to_string())),
    ("batch_booking", |settings| Some(settings.is_batch_booked.to_string())),
];

/// Change of an organisation to its next version.
fn organisation_change(
    actor: &Member,
    current: &Organisation,
    after: Organisation,
    changes: Vec<FieldChange>,
    created: Option<&Event>,
    now: Timestamp,
) -> OrganisationChange {
    let mut after = Organisation { version: current.version + 1, ..after };
    let kind = EventKind::OrganisationChanged {};
    let event = event(after.id, EventSubject::Organisation, after.version, actor, now, kind);
    let event = Event { changes, ..event }.with_hash_after(last_hash(current, created));
    after.last_hash.clone_from(&event.hash);
    OrganisationChange { before: current.version, after, event }
}

/// Fields that differ between two settings.
fn settings_changes(old: &OrganisationSettings, new: &OrganisationSettings) -> Vec<FieldChange> {
    let domains = |settings: &OrganisationSettings| serde_json::to_value(&settings.mail_domains).unwrap_or_default();
    let source = |settings: &OrganisationSettings| serde_json::to_value(settings.rate_source).unwrap_or_default();
    let change = |field: &str, old, new| FieldChange { field: field.to_owned(), old, new };
    let fields =
        [change("/mail_domains", domains(old), domains(new)), change("/rate_source", source(old), source(new))];
    fields.into_iter().filter(|change| change.old != change.new).collect()
}

/// Invites a person, or adds a service. A service is active at once.
///
/// # Errors
/// [`DomainError::ServiceCannotBeAdmin`] for a service with the role admin; those of [`Organisation::check_address`].
pub fn invite_member(
    permit: OrgPermit<'_, InviteMember>,
    organisation: &Organisation,
    invitation: Invitation,
    ids: &mut IdGenerator,
    now: Timestamp,
) -> Result<MemberChange, DomainError> {
    let (kind, status, email, subject) = match invitation.new_member {
        NewMember::Person { email } => (MemberKind::Person, MemberStatus::Invited, Some(email), None),
        NewMember::Service { subject } => (MemberKind::Service, MemberStatus::Active, None, Some(subject)),
    };
    let issuer = subject.is_some().then_some(invitation.issuer);
    if kind == MemberKind::Service && invitation.role == Role::Admin {
        return Err(DomainError::ServiceCannotBeAdmin);
    }
    email.as_ref().map_or(Ok(()), |email| organisation.check_address(email))?;
    let mut after = Member {
        id: ids.next_id(),
        org: organisation.id,
        name: invitation.name,
        kind,
        email,
        address_fault: None,
        address_fault_cleared_at: None,
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
        invited_by: Some(permit.actor().id),
        authority_changes: Vec::new(),
        subject,
        issuer,
        payout_version: None,
        version: 1,
        last_hash: String::new(),
        created_at: now,
    };
    let kind = match after.kind {
        MemberKind::Person => EventKind::MemberInvited { organisation: organisation.name.clone(), role: after.role },
        MemberKind::Service => EventKind::ServiceAdded { role: after.role },
    };
    let event = event(after.org, EventSubject::Member(after.id), 1, permit.actor(), now, kind).with_hash_after("");
    after.last_hash.clone_from(&event.hash);
    Ok(MemberChange { before: None, after, event })
}

/// Fields of a member that are not in the history. The history itself has the authority changes.
const HIDDEN: [&str; 8] =
    ["name", "email", "subject", "issuer", "payout_version", "version", "last_hash", "authority_changes"];

impl MemberChange {
    /// Also binds the member to the identity of the request.
    #[must_use]
    pub fn with_identity(self, identity: &Identity) -> Self {
        let Some(before) = &self.before else { return self };
        let after = self.after.bound_to(identity);
        Self::between(before, after, before, self.event.kind, self.event.at)
    }

    /// Change between two states of a member, with an event that lists the changed fields. Names, addresses and
    /// accounts are not listed.
    pub(super) fn between<'a>(
        before: &Member,
        after: Member,
        actor: impl Into<Option<&'a Member>>,
        kind: EventKind,
        now: Timestamp,
    ) -> Self {
        let mut after = Member { version: before.version + 1, ..after };
        // History cannot be erased, so the event does not repeat the erased values.
        let is_erasure = kind == EventKind::MemberErased {};
        let listed = |member: &Member| {
            let mut value = serde_json::to_value(member).unwrap_or_default();
            if let Some(fields) = value.as_object_mut() {
                fields.retain(|name, _| !HIDDEN.contains(&name.as_str()) && (!is_erasure || name == "status"));
            }
            value
        };
        let (old, new) = (listed(before), listed(&after));
        let names: std::collections::BTreeSet<&String> =
            [&old, &new].into_iter().filter_map(|value| value.as_object()).flat_map(|fields| fields.keys()).collect();
        let change = |name: &String| {
            let value = |side: &serde_json::Value| without_names(side.get(name).cloned().unwrap_or_default());
            let (old, new) = (value(&old), value(&new));
            (old != new).then(|| FieldChange { field: format!("/{name}"), old, new })
        };
        let changes = names.into_iter().filter_map(change).collect();
        let event =
            Event { changes, ..event(after.org, EventSubject::Member(after.id), after.version, actor, now, kind) };
        let event = event.with_hash_after(&before.last_hash);
        after.last_hash.clone_from(&event.hash);
        Self { before: Some(before.clone()), after, event }
    }
}

/// Removes names from a value.
fn without_names(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(fields) => Value::Object(
            fields.into_iter().filter(|(name, _)| name != "name").map(|(n, v)| (n, without_names(v))).collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(without_names).collect()),
        simple => simple,
    }
}

/// Binds a member to the identity of the request: one who is invited, whose issuer is no longer trusted, or whose
/// binding does not name its issuer.
#[must_use]
pub fn join_organisation(member: &Member, identity: &Identity, now: Timestamp) -> MemberChange {
    let is_new = member.status == MemberStatus::Invited;
    let kind = if is_new { EventKind::MemberJoined {} } else { EventKind::MemberChanged {} };
    MemberChange::between(member, member.clone().bound_to(identity), member, kind, now)
}

/// Changes a member. Delegations from and to the member end when the member can no longer approve, and follow approval
/// limit and time zone. `others` are the members on the other side of these delegations.
///
/// # Errors
/// [`DomainError::Forbidden`] for other members than admins who change more of themselves than language, time zone and
/// address; [`DomainError::SeparationOfDuties`] for admins who change more of themselves than these, name and address
/// fault; [`DomainError::CannotManageSelf`]; [`DomainError::ServiceCannotBeAdmin`];
/// [`DomainError::InvalidMemberState`] for an erased member.
pub fn update_member(
    permit: MemberPermit<'_, UpdateMember>,
    patch: MemberPatch,
    others: &[Member],
    now: Timestamp,
) -> Result<Vec<MemberChange>, DomainError> {
    let (actor, member) = (permit.actor(), permit.target());
    if member.status == MemberStatus::Erased {
        return Err(DomainError::InvalidMemberState("This member was erased and cannot be changed."));
    }
    check_own_changes(permit, &patch)?;
    if patch.manager_id.value() == Some(&member.id) {
        return Err(DomainError::CannotManageSelf);
    }
    if member.kind == MemberKind::Service && patch.role == Some(Role::Admin) {
        return Err(DomainError::ServiceCannotBeAdmin);
    }
    let set = [
        (patch.role.is_some(), Authority::Role(member.role)),
        (patch.manager_id != Patch::Absent, Authority::ManagerId(member.manager_id)),
        (patch.grade != Patch::Absent, Authority::Grade(member.grade.clone())),
        (patch.approval_limit != Patch::Absent, Authority::ApprovalLimit(member.approval_limit)),
        (patch.suspended.is_some(), Authority::Status(member.status)),
    ];
    let mut after = member.clone();
    let kind = patch.address.as_ref().map_or(EventKind::MemberChanged {}, |address| address.event(member));
    if let Some(NewAddress { email, invitation }) = patch.address {
        after.email = Some(email);
        // Whoever sets the address of a member who has not signed in chooses who that is, as at an invitation.
        if invitation.is_some() {
            after.invited_by = Some(permit.actor().id);
        }
        after.address_fault = None;
        after.address_fault_cleared_at = Some(now);
    }
    after.name = patch.name.unwrap_or(after.name);
    after.language = patch.language.unwrap_or(after.language);
    after.time_zone = patch.time_zone.apply(after.time_zone);
    if patch.clear_address_fault && after.address_fault.take().is_some() {
        after.address_fault_cleared_at = Some(now);
    }
    after.role = patch.role.unwrap_or(after.role);
    after.manager_id = patch.manager_id.apply(after.manager_id);
    after.grade = patch.grade.apply(after.grade);
    after.cost_centre = patch.cost_centre.apply(after.cost_centre);
    after.approval_limit = patch.approval_limit.apply(after.approval_limit);
    match patch.suspended {
        Some(true) => after.status = MemberStatus::Suspended,
        Some(false) if after.status == MemberStatus::Suspended => {
            after.status = if after.subject.is_some() { MemberStatus::Active } else { MemberStatus::Invited };
        }
        _ => {}
    }
    for (_, before) in set.into_iter().filter(|(is_set, _)| *is_set) {
        after.record_authority(actor.id, before);
    }
    if !after.can_approve() {
        (after.delegation, after.acts_for) = (None, Vec::new());
    } else if let Some(delegation) = &mut after.delegation {
        delegation.limit = after.approval_limit;
        delegation.time_zone.clone_from(&after.time_zone);
    }
    let mut changes = Vec::new();
    if after != *member {
        changes.push(MemberChange::between(member, after.clone(), actor, kind, now));
    }
    changes.extend(propagate_to_delegates(&after, others, actor, now));
    Ok(changes)
}

/// Checks what members change of themselves.
///
/// # Errors
/// [`DomainError::Forbidden`] or [`DomainError::SeparationOfDuties`], as for [`update_member`].
pub fn check_own_changes(permit: MemberPermit<'_, UpdateMember>, patch: &MemberPatch) -> Result<(), DomainError> {
    let role = permit.actor().role;
    if permit.actor().id != permit.target().id {
        return Ok(());
    }
    let for_admins = MemberPatch { address: None, language: None, time_zone: Patch::Absent, ..patch.clone() };
    let for_other_admins = MemberPatch { name: None, clear_address_fault: false, ..for_admins.clone() };
    if role != Role::Admin && for_admins != MemberPatch::default() {
        let sentence = "Of yourself, you can change language, time zone and e-mail address. Ask an admin for the rest.";
        return Err(DomainError::Forbidden(sentence));
    }
    if for_other_admins != MemberPatch::default() {
        return Err(DomainError::SeparationOfDuties(
            "Only another admin can change your role, status, manager, grade, cost centre and approval limit.",
        ));
    }
    Ok(())
}

/// New address of a member. Only [`check_address`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAddress {
    email: EmailAddress,
    /// Name of the organisation, when the member is invited again.
    invitation: Option<DisplayName>,
}

impl NewAddress {
    fn event(&self, member: &Member) -> EventKind {
        match &self.invitation {
            Some(organisation) => EventKind::MemberInvited { organisation: organisation.clone(), role: member.role },
            None => EventKind::AddressChanged {},
        }
    }
}

/// Checks a new address of a member; `None` when it is the address so far. Before the member has signed in, an admin
/// corrects it, and the invitation goes to the new address. Afterwards mail to it shows what the member sees, so only
/// the member changes it, to `verified`, the verified address in their token. `issuer` is the issuer of the caller's
/// token; `has_made_requests` is true for a member who has made any request, even if only to read.
///
/// # Errors
/// [`DomainError::ServiceHasNoAddress`], [`DomainError::AddressNotVerified`]; those of [`Organisation::check_address`].
pub fn check_address(
    permit: MemberPermit<'_, UpdateMember>,
    email: EmailAddress,
    organisation: &Organisation,
    issuer: &str,
    verified: Option<&EmailAddress>,
    has_made_requests: bool,
) -> Result<Option<NewAddress>, DomainError> {
    let (member, is_own) = (permit.target(), permit.actor().id == permit.target().id);
    if member.kind == MemberKind::Service {
        return Err(DomainError::ServiceHasNoAddress);
    }
    if member.email.as_ref() == Some(&email) {
        return Ok(None);
    }
    organisation.check_address(&email)?;
    // A member bound to an issuer that is no longer trusted signs in with the address again.
    let has_signed_in = member.subject.is_some() && member.issuer.as_deref().is_none_or(|bound| bound == issuer);
    if is_own || has_signed_in || (has_made_requests && member.subject.is_none()) {
        let is_verified = is_own && verified == Some(&email);
        return if is_verified {
            Ok(Some(NewAddress { email, invitation: None }))
        } else {
            Err(DomainError::AddressNotVerified)
        };
    }
    Ok(Some(NewAddress { email, invitation: Some(organisation.name.clone()) }))
}

/// Checks that a new manager is not below the member. `managers` are the new manager and those above, in order.
///
/// # Errors
/// [`DomainError::ManagerCycle`]
pub fn check_managers(member: &Member, managers: &[Member]) -> Result<(), DomainError> {
    let Some(last) = managers.iter().position(|manager| manager.manager_id == Some(member.id)) else { return Ok(()) };
    let above = managers.iter().take(last + 1).map(|manager| &manager.name);
    let names = std::iter::once(&member.name).chain(above).chain([&member.name]).cloned();
    Err(DomainError::ManagerCycle(names.collect()))
}

/// Records a bounce or a complaint that happened at `now`. `None` when the fault is known, or was cleared after `now`:
/// events of SES can arrive late. A bounce replaces a complaint.
#[must_use]
pub fn record_address_fault(member: &Member, fault: AddressFault, now: Timestamp) -> Option<MemberChange> {
    let is_known = member.address_fault == Some(AddressFault::Bounced) || member.address_fault == Some(fault);
    let is_cleared = member.address_fault_cleared_at.is_some_and(|cleared| now <= cleared);
    if is_known || is_cleared || member.email.is_none() {
        return None;
    }
    let after = Member { address_fault: Some(fault), ..member.clone() };
    Some(MemberChange::between(member, after, None::<&Member>, EventKind::AddressFailed { fault }, now))
}

/// Updates the other side of a member's delegations: they follow the approval limit, and end when the member cannot
/// approve.
pub(super) fn propagate_to_delegates<'a>(
    after: &'a Member,
    others: &'a [Member],
    actor: &'a Member,
    now: Timestamp,
) -> impl Iterator<Item = MemberChange> + 'a {
    others.iter().filter_map(move |other| {
        let mut changed = other.clone();
        let mut kind = EventKind::DelegationChanged { delegation: None };
        if after.can_approve() {
            let delegations = changed.acts_for.iter_mut().filter(|delegation| delegation.counterpart.id == after.id);
            delegations.for_each(|delegation| {
                delegation.limit = after.approval_limit;
                delegation.time_zone.clone_from(&after.time_zone);
            });
        } else {
            let with_member = |delegation: &&Delegation| delegation.counterpart.id == after.id;
            if let Some(given) = other.delegation.as_ref().filter(with_member) {
                kind = delegation_event(other.id, given, true);
                changed.delegation = None;
            } else if let Some(received) = other.acts_for.iter().find(with_member) {
                let as_given = Delegation { counterpart: other.member_ref(), ..received.clone() };
                kind = delegation_event(after.id, &as_given, true);
            }
            changed.acts_for.retain(|delegation| delegation.counterpart.id != after.id);
        }
        (changed != *other).then(|| MemberChange::between(other, changed, actor, kind, now))
    })
}

/// Delegation to set, by the member or an admin.
#[derive(Clone, Copy, Debug)]
pub struct NewDelegation<'a> {
    /// Delegate.
    pub to: &'a Member,
    /// First day of the delegating member.
    pub from: Date,
    /// Last day of the delegating member.
    pub until: Date,
    /// Largest total that the delegate can decide on, in the base currency; no limit when absent.
    pub max_amount: Option<Money>,
}

/// Finds the member whose delegation ends when `delegator` delegates to `delegate`, who acts for the largest number of
/// members already: the one whose delegation is oldest, but not the former delegate of `delegator`.
#[must_use]
pub fn displaced_delegator(delegate: &Member, delegator: &Member, now: Timestamp) -> Option<MemberId> {
    let kept = without_delegation_of(delegate, delegator.id, now).acts_for;
    let former = delegator.delegation.as_ref().map(|delegation| delegation.counterpart.id);
    let mut delegators = kept.iter().map(|delegation| delegation.counterpart.id);
    delegators.find(|id| kept.len() >= MAX_ACTS_FOR && Some(*id) != former)
}

/// Delegate without the delegation of a member, and without those that have expired.
fn without_delegation_of(delegate: &Member, delegator: MemberId, now: Timestamp) -> Member {
    let (mut delegate, today) = (delegate.clone(), super::today(now));
    delegate.acts_for.retain(|delegation| delegation.counterpart.id != delegator && !delegation.is_over(today));
    delegate
}

/// Event about the delegation of a member, for the history of both sides.
fn delegation_event(delegator: MemberId, delegation: &Delegation, ended: bool) -> EventKind {
    EventKind::DelegationChanged {
        delegation: Some(DelegationNotice {
            delegator,
            delegate: delegation.counterpart.id,
            from: delegation.from,
            until: delegation.until,
            ceiling: delegation.max_amount,
            ended,
        }),
    }
}

/// Sets the delegation of a member. `current` is the delegate so far, `displaced` the member that
/// [`displaced_delegator`] names. No change when the delegation is in force already.
///
/// # Errors
/// [`DomainError::Forbidden`] when the member cannot approve, [`DomainError::NotAssignable`] when the delegate cannot,
/// [`DomainError::DelegationAboveLimit`], [`DomainError::SeparationOfDuties`] when the actor chooses themselves.
pub fn set_delegation(
    permit: MemberPermit<'_, Delegate>,
    new_delegation: NewDelegation<'_>,
    current: Option<&Member>,
    displaced: Option<&Member>,
    now: Timestamp,
) -> Result<Vec<MemberChange>, DomainError> {
    let (actor, member) = (permit.actor(), permit.target());
    let NewDelegation { to: delegate, from, until, max_amount } = new_delegation;
    check_delegation(permit, delegate, max_amount)?;
    let delegation = Delegation {
        counterpart: delegate.member_ref(),
        from,
        until,
        time_zone: member.time_zone.clone(),
        max_amount,
        limit: member.approval_limit,
        set_by: actor.id,
    };
    if member.delegation.as_ref() == Some(&delegation) {
        return Ok(Vec::new());
    }
    let set = || delegation_event(member.id, &delegation, false);
    let after = Member { delegation: Some(delegation.clone()), ..member.clone() };
    let mut changes = vec![MemberChange::between(member, after, actor, set(), now)];
    let mut delegate_after = without_delegation_of(delegate, member.id, now);
    if let Some(displaced) = displaced {
        delegate_after = without_delegation_of(&delegate_after, displaced.id, now);
        changes.extend(ended_for_delegator(displaced, actor, now));
    }
    delegate_after.acts_for.push(Delegation { counterpart: member.member_ref(), ..delegation.clone() });
    if delegate_after.acts_for.len() > MAX_ACTS_FOR {
        return Err(DomainError::NotAssignable("already acts for the maximum number of members"));
    }
    changes.push(MemberChange::between(delegate, delegate_after, actor, set(), now));
    let replaced = current.filter(|current| current.id != delegate.id);
    changes.extend(replaced.and_then(|current| ended_for_delegate(member, current, actor, now)));
    Ok(changes)
}

/// Ends the delegation of a member. `current` is the delegate. The first change is that of the actor's own record, if
/// the actor is a side of the delegation.
#[must_use]
pub fn end_delegation(
    permit: MemberPermit<'_, EndDelegation>,
    current: Option<&Member>,
    now: Timestamp,
) -> Vec<MemberChange> {
    let (actor, member) = (permit.actor(), permit.target());
    let of_delegate = current.and_then(|current| ended_for_delegate(member, current, actor, now));
    let mut changes: Vec<MemberChange> =
        ended_for_delegator(member, actor, now).into_iter().chain(of_delegate).collect();
    changes.sort_by_key(|change| change.after.id != actor.id);
    changes
}

/// End of a delegation on the record of the member who delegated.
fn ended_for_delegator(member: &Member, actor: &Member, now: Timestamp) -> Option<MemberChange> {
    let kind = delegation_event(member.id, member.delegation.as_ref()?, true);
    Some(MemberChange::between(member, Member { delegation: None, ..member.clone() }, actor, kind, now))
}

/// End of a delegation on the record of the delegate.
fn ended_for_delegate(member: &Member, delegate: &Member, actor: &Member, now: Timestamp) -> Option<MemberChange> {
    let kind = delegation_event(member.id, member.delegation.as_ref()?, true);
    Some(MemberChange::between(delegate, without_delegation_of(delegate, member.id, now), actor, kind, now))
}

/// Checks a new delegation: both members can approve, the limits fit, and the actor does not choose themselves.
fn check_delegation(
    permit: MemberPermit<'_, Delegate>,
    delegate: &Member,
    max_amount: Option<Money>,
) -> Result<(), DomainError> {
    let (actor, member) = (permit.actor(), permit.target());
    if !member.can_approve() {
        return Err(DomainError::Forbidden("This member cannot approve reports, so there is nothing to delegate."));
    }
    if let (Some(max_amount), Some(limit)) = (max_amount, member.approval_limit)
        && max_amount.minor() > limit.minor()
    {
        return Err(DomainError::DelegationAboveLimit { limit });
    }
    if delegate.id == member.id {
        return Err(DomainError::NotAssignable("cannot be their own delegate"));
    }
    if !delegate.can_approve() {
        return Err(DomainError::NotAssignable("cannot approve"));
    }
    // An admin must not gain approval rights by delegating to themselves.
    if actor.id == delegate.id {
        return Err(DomainError::SeparationOfDuties(
            "You cannot make yourself the delegate of another member. Ask another admin.",
        ));
    }
    Ok(())
}

/// Replaces the policy. The version is the next one.
#[must_use]
pub fn update_policy(
    permit: OrgPermit<'_, UpdatePolicy>,
    current: &Policy,
    proposed: Policy,
    now: Timestamp,
) -> PolicyChange {
    let mut after = Policy { version: current.version + 1, changed_at: Some(now), ..proposed };
    let kind = EventKind::PolicyChanged { version: after.version };
    let event = event(permit.actor().org, EventSubject::Policy, after.version, permit.actor(), now, kind)
        .with_hash_after(&current.last_hash);
    after.last_hash.clone_from(&event.hash);
    PolicyChange { before: current.version, after, event }
}

/// Enters the exchange rates of a day. Rates entered earlier for the same currencies are replaced.
#[must_use]
pub fn enter_rates(
    permit: OrgPermit<'_, EnterRates>,
    date: Date,
    entries: Vec<RateEntry>,
    now: Timestamp,
) -> RatesChange {
    let event = rates_event(permit, date, EventKind::RatesEntered { rates: entries.clone() }, now);
    RatesChange { entries, removed: Vec::new(), event }
}

/// Takes an exchange rate back. The event keeps it.
#[must_use]
pub fn remove_rate(permit: OrgPermit<'_, EnterRates>, entry: RateEntry, now: Timestamp) -> RatesChange {
    let event = rates_event(permit, entry.date, EventKind::RatesRemoved { rates: vec![entry.clone()] }, now);
    RatesChange { entries: Vec::new(), removed: vec![entry], event }
}

fn rates_event(permit: OrgPermit<'_, EnterRates>, date: Date, kind: EventKind, now: Timestamp) -> Event {
    let seq = u64::try_from(now.as_millisecond()).unwrap_or(0);
    event(permit.actor().org, EventSubject::Rates(date), seq, permit.actor(), now, kind).with_hash_after("")
}
