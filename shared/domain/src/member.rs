//! Members: people and services of an organisation, with role, manager and delegations.

use std::cmp::Reverse;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};
use utoipa::ToSchema;

use crate::ids::{MemberId, OrgId};
use crate::language::Language;
use crate::money::Money;
use crate::text::{CostCentreCode, DisplayName, EmailAddress, Grade, TimeZoneName};
use crate::today::Today;

/// Role of a member: rights beyond their own reports.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    VariantArray,
    ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Creates their own reports and decides on reports routed to them.
    Employee,
    /// Also reads all reports, sets policy and exchange rates, and can be the approver of workflow steps.
    Finance,
    /// Also invites and changes members, and reassigns approval steps.
    Admin,
    /// Reads everything, changes nothing.
    Auditor,
}

impl Role {
    /// All roles, in the order of the documentation.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// True when the role has rights beyond those of every member: it changes something, and steps can name it.
    #[must_use]
    pub const fn has_authority(self) -> bool {
        matches!(self, Self::Finance | Self::Admin)
    }

    /// True when the role may read every report of the organisation.
    #[must_use]
    pub const fn sees_all(self) -> bool {
        matches!(self, Self::Finance | Self::Admin | Self::Auditor)
    }
}

/// Status of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MemberStatus {
    /// Invited by e-mail. Active from the first change they make after signing in with that verified address.
    Invited,
    /// Has signed in. Bound to one identity.
    Active,
    /// May do nothing until an admin ends the suspension.
    Suspended,
    /// Has left. All personal data is removed from the record. The status is final.
    Erased,
}

impl MemberStatus {
    /// Name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// True when members with this status may act.
    #[must_use]
    pub const fn can_act(self) -> bool {
        matches!(self, Self::Invited | Self::Active)
    }
}

/// Kind of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MemberKind {
    /// Person, who signs in.
    #[default]
    Person,
    /// Program with tokens of its own. It has the rights of its role, but cannot decide on reports, own reports or be
    /// paid.
    Service,
}

impl MemberKind {
    /// Name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    const fn is_person(&self) -> bool {
        matches!(self, Self::Person)
    }
}

/// Fault of a member's e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressFault {
    /// Mail bounced permanently. No more mail is sent to the address.
    Bounced,
    /// The recipient marked mail as spam. Only necessary mail is sent to the address.
    Complained,
}

/// Delegation of decisions from one member to another, for a period. Both members keep a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// The other member: the delegate in the copy of the delegating member, and the reverse.
    #[serde(rename = "with")]
    pub counterpart: MemberRef,
    /// First day of the delegating member.
    pub from: Date,
    /// Last day of the delegating member.
    pub until: Date,
    /// Time zone of the delegating member; UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZoneName>,
    /// Largest total of a report that is delegated, in the base currency.
    #[serde(rename = "ceiling", default, skip_serializing_if = "Option::is_none")]
    pub max_amount: Option<Money>,
    /// Approval limit of the delegating member. Larger totals cannot be delegated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Money>,
    /// Member who set the delegation. It does not apply to reports that this member is an interested party of.
    #[serde(rename = "by")]
    pub set_by: MemberId,
}

impl Delegation {
    /// True when the delegation is in force, by the day of the delegating member.
    #[must_use]
    pub fn is_active_on(&self, today: Today) -> bool {
        (self.from..=self.until).contains(&self.day(today))
    }

    /// True when the last day of the delegation has passed.
    #[must_use]
    pub fn is_over(&self, today: Today) -> bool {
        self.until < self.day(today)
    }

    fn day(&self, today: Today) -> Date {
        today.in_zone(self.time_zone.as_ref())
    }

    /// Largest total of a report that the delegate may decide on; `None` for no bound.
    #[must_use]
    pub fn effective_limit(&self) -> Option<Money> {
        [self.max_amount, self.limit].into_iter().flatten().min_by_key(|bound| bound.minor())
    }

    /// Sort key: delegations without a limit first, then by descending limit.
    #[must_use]
    pub fn by_limit_desc(&self) -> Reverse<i64> {
        Reverse(self.effective_limit().map_or(i64::MAX, Money::minor))
    }
}

/// Identity of a person or program: a subject is unique only within its issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `iss` claim.
    pub issuer: String,
    /// `sub` claim.
    pub subject: String,
}

/// Largest number of members that one member can be the delegate of at a time. A further delegation ends the oldest, so
/// that delegations of others cannot keep a member from being a delegate.
pub const MAX_ACTS_FOR: usize = 20;

/// Value of a member that determines who approves reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "field", content = "value", rename_all = "snake_case")]
pub enum Authority {
    /// Role.
    Role(Role),
    /// Status.
    Status(MemberStatus),
    /// Manager.
    ManagerId(Option<MemberId>),
    /// Grade.
    Grade(Option<Grade>),
    /// Approval limit.
    ApprovalLimit(Option<Money>),
}

impl Authority {
    fn is_same_field(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// Change of an [`Authority`] by an admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityChange {
    /// Admin who set the value.
    pub by: MemberId,
    /// Value before.
    pub before: Authority,
}

/// Number of changes kept per field, each of another admin. A report has at most three interested parties, so the last
/// value that none of them set is always known.
const KEPT_CHANGES: usize = 4;

/// Person or service of one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Identifier, `mem_…`.
    pub id: MemberId,
    /// Organisation.
    pub org: OrgId,
    /// Display name.
    pub name: DisplayName,
    /// Person or service.
    #[serde(default, skip_serializing_if = "MemberKind::is_person")]
    pub kind: MemberKind,
    /// E-mail address, unique in the organisation. Services and erased members have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// Fault of the e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_fault: Option<AddressFault>,
    /// Time when an admin last cleared a fault of the address.
    #[serde(rename = "address_mended_at", default, skip_serializing_if = "Option::is_none")]
    pub address_fault_cleared_at: Option<Timestamp>,
    /// Language of mail to the member.
    #[serde(default, skip_serializing_if = "Language::is_default")]
    pub language: Language,
    /// Time zone of the member; UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZoneName>,
    /// Role.
    pub role: Role,
    /// Status.
    pub status: MemberStatus,
    /// Manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager_id: Option<MemberId>,
    /// Grade. Limits and workflow steps can apply to certain grades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// Default cost centre of the member's reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_centre: Option<CostCentreCode>,
    /// Largest total of a report that the member may approve, in the base currency; no bound when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_limit: Option<Money>,
    /// Delegation of the member's own decisions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegation>,
    /// Delegations of other members to this member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts_for: Vec<Delegation>,
    /// Admin who invited the member; `None` for the first admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by: Option<MemberId>,
    /// Changes of the values that determine who approves, oldest first; of each admin the last per field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authority_changes: Vec<AuthorityChange>,
    /// `sub` claim of the identity, once bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// `iss` claim of the identity. Absent from bindings of earlier versions, which know the subject only; the member's
    /// next change completes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Number of the payout account in force, from 1. The account itself is a record of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_version: Option<u64>,
    /// Version; grows by one with each change.
    pub version: u64,
    /// Hash of the last event of the member's history.
    #[serde(default)]
    pub last_hash: String,
    /// Time of the invitation or creation.
    pub created_at: Timestamp,
}

impl Member {
    /// True when the member can be an approver: an active or invited person who is not an auditor.
    #[must_use]
    pub fn can_approve(&self) -> bool {
        self.status.can_act() && self.role != Role::Auditor && self.kind.is_person()
    }

    /// True when the member can own reports: a person who is neither an auditor nor erased.
    #[must_use]
    pub fn can_have_reports(&self) -> bool {
        self.status != MemberStatus::Erased && self.role != Role::Auditor && self.kind.is_person()
    }

    /// Day of the member.
    #[must_use]
    pub fn local_day(&self, today: Today) -> Date {
        today.in_zone(self.time_zone.as_ref())
    }

    /// Local date and time of the member.
    #[must_use]
    pub fn local_time(&self, now: Timestamp) -> DateTime {
        let zone = self.time_zone.as_ref().map_or(TimeZone::UTC, TimeZoneName::time_zone);
        now.to_zoned(zone).datetime()
    }

    /// True when the member has an address that mail has not bounced from.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        self.email.is_some() && self.address_fault != Some(AddressFault::Bounced)
    }

    /// True for a person who is not erased: they can be a manager and be paid.
    #[must_use]
    pub fn is_current_person(&self) -> bool {
        self.status != MemberStatus::Erased && self.kind.is_person()
    }

    /// True when a total in the base currency is within the approval limit.
    #[must_use]
    pub fn can_approve_total(&self, base_total: Money) -> bool {
        self.approval_limit.is_none_or(|limit| base_total.minor() <= limit.minor())
    }

    /// Delegations of other members to this member that are active.
    pub fn active_delegations(&self, today: Today) -> impl Iterator<Item = &Delegation> {
        self.acts_for.iter().filter(move |delegation| delegation.is_active_on(today))
    }

    /// True when a change of the member can make them unable to decide on a report that waits for them, or to be mailed
    /// about it.
    #[must_use]
    pub fn may_lose_tasks(&self, after: &Self) -> bool {
        self.can_approve()
            && (!after.can_approve()
                || (self.is_reachable() && !after.is_reachable())
                || self.approval_limit != after.approval_limit
                || self.authority_changes != after.authority_changes)
    }

    /// Records that an admin has set a value that was `before`. Setting a value again as it is confirms it, when another
    /// admin had set it.
    pub(crate) fn record_authority(&mut self, by: MemberId, before: Authority) {
        let is_same = |change: &AuthorityChange| change.before.is_same_field(&before);
        let last = self.authority_changes.iter().rfind(|change| is_same(change));
        let last_set_by = last.map(|change| change.by);
        // Two changes in a row are one.
        if last_set_by == Some(by) {
            return;
        }
        let is_confirmation = self.authority(&before) == before;
        if is_confirmation && last_set_by.or(self.invited_by).is_none_or(|setter| setter == by) {
            return;
        }
        // An earlier change by the same admin no longer matters: the one after it inherits the value before.
        let mut same: Vec<AuthorityChange> = self.authority_changes.iter().filter(|it| is_same(it)).cloned().collect();
        if let Some(at) = same.iter().position(|change| change.by == by) {
            let earlier = same.remove(at);
            if let Some(next) = same.get_mut(at) {
                next.before = earlier.before;
            }
        }
        self.authority_changes.retain(|change| !is_same(change));
        let surplus = (same.len() + 1).saturating_sub(KEPT_CHANGES);
        self.authority_changes.extend(same.into_iter().skip(surplus));
        self.authority_changes.push(AuthorityChange { by, before });
    }

    /// Present value of the field of `of`.
    fn authority(&self, of: &Authority) -> Authority {
        match of {
            Authority::Role(_) => Authority::Role(self.role),
            Authority::Status(_) => Authority::Status(self.status),
            Authority::ManagerId(_) => Authority::ManagerId(self.manager_id),
            Authority::Grade(_) => Authority::Grade(self.grade.clone()),
            Authority::ApprovalLimit(_) => Authority::ApprovalLimit(self.approval_limit),
        }
    }

    /// True when the value was set by one of `parties`: at the invitation, and not by another admin since.
    fn is_invited_with(&self, field: &Authority, parties: &[MemberId]) -> bool {
        self.invited_by.is_some_and(|by| parties.contains(&by))
            && self
                .authority_changes
                .iter()
                .filter(|change| change.before.is_same_field(field))
                .all(|change| parties.contains(&change.by))
    }

    /// True when the member has a role only because one of `parties` invited them with it.
    #[must_use]
    pub(crate) fn has_role_from_invitation_by(&self, parties: &[MemberId]) -> bool {
        self.is_invited_with(&Authority::Role(self.role), parties)
    }

    /// True when the member has a manager only because one of `parties` invited them with it.
    #[must_use]
    pub(crate) fn has_manager_from_invitation_by(&self, parties: &[MemberId]) -> bool {
        self.is_invited_with(&Authority::ManagerId(None), parties)
    }

    /// The member with the values that were last set by somebody else than `parties`.
    fn restored(&self, parties: &[MemberId]) -> Self {
        let mut member = self.clone();
        let mut settled: Vec<&Authority> = Vec::new();
        for AuthorityChange { by, before } in self.authority_changes.iter().rev() {
            if settled.iter().any(|field| field.is_same_field(before)) {
                continue;
            }
            if !parties.contains(by) {
                settled.push(before);
                continue;
            }
            match before.clone() {
                Authority::Role(role) => member.role = role,
                Authority::Status(status) => member.status = status,
                Authority::ManagerId(manager) => member.manager_id = manager,
                Authority::Grade(grade) => member.grade = grade,
                Authority::ApprovalLimit(limit) => member.approval_limit = limit,
            }
        }
        member
    }

    /// The member as a report with these interested parties sees them: role, manager, grade and approval limit are
    /// those that no interested party has set. A suspension and the role auditor always count.
    #[must_use]
    pub fn without_changes_by(&self, parties: &[MemberId]) -> Self {
        let restored = self.restored(parties);
        let status = if self.status.can_act() { restored.status } else { self.status };
        let role = if self.role == Role::Auditor { Role::Auditor } else { restored.role };
        Self { role, status, ..restored }
    }

    /// True when one of `parties` has suspended or erased the member or made them an auditor.
    #[must_use]
    pub fn is_disabled_by(&self, parties: &[MemberId]) -> bool {
        !self.can_approve() && self.restored(parties).can_approve()
    }

    /// True when the member could approve in a role if `parties` had changed nothing.
    #[must_use]
    pub(crate) fn would_approve_as(&self, role: Role, parties: &[MemberId]) -> bool {
        let before = self.restored(parties);
        before.can_approve() && before.role == role
    }

    /// Delegate of today.
    #[must_use]
    pub fn delegate_on(&self, today: Today) -> Option<MemberId> {
        self.delegation
            .as_ref()
            .filter(|delegation| delegation.is_active_on(today))
            .map(|delegation| delegation.counterpart.id)
    }

    /// The member bound to an identity, and active.
    #[must_use]
    pub fn bound_to(self, identity: &Identity) -> Self {
        let Identity { issuer, subject } = identity.clone();
        Self { status: MemberStatus::Active, subject: Some(subject), issuer: Some(issuer), ..self }
    }

    /// True when the member is bound to this very identity. A binding without an issuer is none: see
    /// [`Member::is_bound_without_issuer`].
    #[must_use]
    pub fn is_bound_to(&self, identity: &Identity) -> bool {
        self.subject.as_ref() == Some(&identity.subject) && self.issuer.as_ref() == Some(&identity.issuer)
    }

    /// True when the member is bound to a subject by an earlier version, which did not record the issuer.
    #[must_use]
    pub fn is_bound_without_issuer(&self, subject: &str) -> bool {
        self.subject.as_deref() == Some(subject) && self.issuer.is_none()
    }

    /// Identifier and name, for records that name the member.
    #[must_use]
    pub fn member_ref(&self) -> MemberRef {
        MemberRef { id: self.id, name: self.name.clone() }
    }
}

/// Member as other records name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRef {
    /// Identifier.
    pub id: MemberId,
    /// Display name when the record was written.
    pub name: DisplayName,
}
