//! Members over the API: how they are shown, and how a request names one.

use outlay_domain::change::Newcomer;
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::language::Language;
use outlay_domain::member::{AddressFault, Delegation, Member, MemberKind, MemberStatus, Role};
use outlay_domain::permission::{OrgAction, ReadMembers, permit_org};
use outlay_domain::refusal::Refusal;
use outlay_domain::report::Status;
use outlay_store::{PageRequest, ReportFilter, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::{MoneyIo, PersonOut, time};
use crate::call::{Call, Caller};
use crate::fault::Faults;
use crate::problem::{Problem, ProblemType};
use crate::reply::Stop;
use crate::token;

/// What a member may do beyond his own reports.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub enum RoleIo {
    /// Files reports and decides on those routed to him.
    Employee,
    /// Also sees all reports, sets policy and rates, and is the finance step.
    Finance,
    /// Also invites and changes members, and reassigns steps.
    Admin,
    /// Sees everything, changes nothing.
    Auditor,
}

impl From<RoleIo> for Role {
    fn from(role: RoleIo) -> Self {
        match role {
            RoleIo::Employee => Self::Employee,
            RoleIo::Finance => Self::Finance,
            RoleIo::Admin => Self::Admin,
            RoleIo::Auditor => Self::Auditor,
        }
    }
}

impl From<Role> for RoleIo {
    fn from(role: Role) -> Self {
        match role {
            Role::Employee => Self::Employee,
            Role::Finance => Self::Finance,
            Role::Admin => Self::Admin,
            Role::Auditor => Self::Auditor,
        }
    }
}

/// Who is behind a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MemberKind)]
pub enum MemberKindIo {
    /// A person, who signs in.
    Person,
    /// A program. It does what its role says, but decides on no report, has none, and nothing is paid to it.
    Service,
}

/// A language that people are written to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Language)]
pub enum LanguageIo {
    /// English.
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
}

impl From<LanguageIo> for Language {
    fn from(language: LanguageIo) -> Self {
        match language {
            LanguageIo::En => Self::En,
            LanguageIo::De => Self::De,
            LanguageIo::Fr => Self::Fr,
            LanguageIo::Es => Self::Es,
        }
    }
}

impl From<Language> for LanguageIo {
    fn from(language: Language) -> Self {
        match language {
            Language::En => Self::En,
            Language::De => Self::De,
            Language::Fr => Self::Fr,
            Language::Es => Self::Es,
        }
    }
}

/// That one member decides for another for some time.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Delegation)]
pub struct DelegationOut {
    /// In `delegation`: who decides for this member. In `acts_for`: for whom he decides.
    pub with: PersonOut,
    /// The first day, in UTC.
    #[schema(format = Date)]
    pub from: String,
    /// The last day.
    #[schema(format = Date)]
    pub until: String,
    /// Reports above this total in the base currency are not delegated.
    pub ceiling: Option<MoneyIo>,
}

impl From<&Delegation> for DelegationOut {
    fn from(delegation: &Delegation) -> Self {
        Self {
            with: (&delegation.with).into(),
            from: delegation.from.to_string(),
            until: delegation.until.to_string(),
            ceiling: delegation.ceiling.map(Into::into),
        }
    }
}

/// A member.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberOut {
    /// Identifier, `mem_…`.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Who is behind him.
    pub kind: MemberKindIo,
    /// E-mail address; a service has none, nor has who was erased.
    pub email: Option<String>,
    /// What is wrong with the address: `bounced`, when mail to it comes back and no more is sent, or `complained`, when only what has to
    /// be is sent; null, when nothing is.
    #[schema(example = "bounced")]
    pub address_fault: Option<&'static str>,
    /// The language he is written to in.
    pub language: LanguageIo,
    /// The IANA name of his time zone; UTC, when null. Reminders come in the morning of his day.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// Role.
    pub role: RoleIo,
    /// `invited`, `active`, `suspended` or `erased`.
    #[schema(example = "active")]
    pub status: &'static str,
    /// Who approves his reports first.
    pub manager_id: Option<String>,
    /// His grade, by which limits and the workflow tell owners apart.
    pub grade: Option<String>,
    /// The cost centre that bears his expenses unless they say another.
    pub cost_centre: Option<String>,
    /// The largest total in the base currency he may approve; any, when null.
    pub approval_limit: Option<MoneyIo>,
    /// Who decides for him while he is away.
    pub delegation: Option<DelegationOut>,
    /// For whom he decides while they are away.
    pub acts_for: Vec<DelegationOut>,
    /// Grows by one with each change; the `ETag` without its quotes.
    pub version: u64,
    /// When he was invited, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl From<&Member> for MemberOut {
    fn from(member: &Member) -> Self {
        Self {
            id: member.id.to_string(),
            name: member.name.clone(),
            kind: match member.kind {
                MemberKind::Person => MemberKindIo::Person,
                MemberKind::Service => MemberKindIo::Service,
            },
            email: member.email.clone(),
            address_fault: member.address_fault.map(AddressFault::name),
            language: member.language.into(),
            time_zone: member.time_zone.clone(),
            role: member.role.into(),
            status: match member.status {
                MemberStatus::Invited => "invited",
                MemberStatus::Active => "active",
                MemberStatus::Suspended => "suspended",
                MemberStatus::Erased => "erased",
            },
            manager_id: member.manager_id.map(|manager| manager.to_string()),
            grade: member.grade.clone(),
            cost_centre: member.cost_centre.clone(),
            approval_limit: member.approval_limit.map(Into::into),
            delegation: member.delegation.as_ref().map(Into::into),
            acts_for: member.acts_for.iter().map(Into::into).collect(),
            version: member.version,
            created_at: time(member.created_at),
        }
    }
}

/// The member in the path, by identifier; `me` stands for the caller.
///
/// # Errors
/// 404 when it is not the identifier of a member.
pub fn named(call: &Call, caller: &Caller) -> Result<MemberId, Stop> {
    if call.path("member") == "me" { Ok(caller.member.id) } else { call.id("member") }
}

/// What is refused to a caller who wants something of another member that is not for him: 404 when he may not even see that member,
/// or there is none.
///
/// # Errors
/// Always.
pub async fn not_his<T>(call: &Call, caller: &Caller, whose: MemberId, refusal: Refusal) -> Result<T, Stop> {
    if whose != caller.member.id {
        permit_org::<ReadMembers>(&caller.member).map_err(|_| Problem::not_found())?;
        call.store().member(caller.member.org, whose).await?.ok_or_else(Problem::not_found)?;
    }
    Err(refusal.into())
}

/// The member in the path, for something that is his own affair, and of others for the roles of `A` only.
///
/// # Errors
/// 403 when it is not for the caller, 404 when he may not see that member.
pub async fn own_or<A: OrgAction>(call: &Call, caller: &Caller) -> Result<MemberId, Stop> {
    let whose = named(call, caller)?;
    match permit_org::<A>(&caller.member) {
        Err(refusal) if whose != caller.member.id => not_his(call, caller, whose, refusal).await,
        _ => Ok(whose),
    }
}

/// The member whom a request names as somebody's manager.
///
/// # Errors
/// 422 when there is no such member, or he manages nobody.
pub async fn manager(call: &Call, id: MemberId) -> Result<Member, Stop> {
    let found = call.member(id, "manager_id").await?;
    if found.is_somebody() {
        return Ok(found);
    }
    let mut faults = Faults::default();
    faults.note("manager_id", "cannot-manage", "Must be a person of the organisation: this member manages nobody.");
    Err(Problem::invalid(faults).into())
}

/// Who is to come in: a person by his address, or a service by the claim of its tokens.
pub fn newcomer(
    kind: Option<MemberKindIo>,
    email: Option<&str>,
    subject: Option<&str>,
    faults: &mut Faults,
) -> Option<Newcomer> {
    match kind.unwrap_or(MemberKindIo::Person) {
        MemberKindIo::Person => {
            if subject.is_some() {
                faults.note("subject", "kind", "Is for services: a person is known by his address.");
            }
            if email.is_none() {
                faults.note("email", "required", "Is required.");
            }
            email.map(|email| Newcomer::Person { email: email.to_ascii_lowercase() })
        }
        MemberKindIo::Service => {
            if email.is_some() {
                faults.note("email", "kind", "Is for persons: a service is known by its subject, and gets no mail.");
            }
            match subject {
                None => faults.note("subject", "required", "Is required."),
                Some(subject) if !token::is_subject(subject) => {
                    faults.note("subject", "subject", "Must be 1 to 128 visible ASCII characters, without #.");
                }
                Some(_) => {}
            }
            subject.map(|subject| Newcomer::Service { subject: subject.to_owned() })
        }
    }
}

/// Asks for the version of a member in `If-Match`: nobody erases what he has not seen.
///
/// # Errors
/// 428 when it is missing, or names several or any.
pub fn demand_version(call: &Call) -> Result<(), Stop> {
    let one_tag = |tags: &str| !tags.contains(',') && tags.trim() != "*";
    if call.if_match().is_some_and(one_tag) {
        return Ok(());
    }
    let detail = "Send If-Match with the one ETag of the member you have seen.";
    Err(Problem::new(ProblemType::PreconditionRequired, detail).into())
}

/// Whether a member has a part in reports that are submitted or approved, whoever's they are. The lists of them may lag behind the last
/// change by a moment.
///
/// # Errors
/// Problems of the table.
pub async fn has_part(store: &Store, org: OrgId, member: MemberId) -> Result<bool, Stop> {
    for status in Status::ALL.into_iter().filter(|status| status.is_claimed()) {
        let filter = ReportFilter { status: Some(status), ..ReportFilter::default() };
        let mut page = PageRequest::unseen(100);
        loop {
            let found = store.list_reports(org, &filter, &page).await?;
            if found.items.iter().any(|report| report.has_part(member)) {
                return Ok(true);
            }
            match found.next {
                Some(next) => page.cursor = Some(next),
                None => break,
            }
        }
    }
    Ok(false)
}
