//! Members over the API: output, and members that requests name.

use outlay_auth::{MAX_SUBJECT, is_subject};
use outlay_domain::change::{Change, MemberChange, NewMember};
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::language::Language;
use outlay_domain::member::{AddressFault, Delegation, Member, MemberKind, MemberStatus, Role};
use outlay_domain::policy::Policy;
use outlay_domain::report::ReportStatus;
use outlay_domain::text::{CostCentreCode, Grade, is_unseen};
use outlay_http::{ApiError, Context, Endpoint, HandlerResult, Reply};
use outlay_input::{FieldError, FieldErrors};
use outlay_store::{PageRequest, ReportFilter, Store};
use serde::Serialize;
use utoipa::ToSchema;

use super::common::{MoneyDto, PersonOut, time};

/// Delegation of decisions from one member to another.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Delegation)]
pub struct DelegationOut {
    /// In `delegation`, the delegate; in `acts_for`, the member who delegates.
    pub with: PersonOut,
    /// First day in the time zone of the member who delegates, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub from: String,
    /// Last day in the same time zone, `YYYY-MM-DD`.
    #[schema(format = Date)]
    pub until: String,
    /// Largest total of a report that is delegated, in the base currency; null for no bound.
    pub ceiling: Option<MoneyDto>,
}

impl From<&Delegation> for DelegationOut {
    fn from(delegation: &Delegation) -> Self {
        Self {
            with: (&delegation.counterpart).into(),
            from: delegation.from.to_string(),
            until: delegation.until.to_string(),
            ceiling: delegation.max_amount.map(Into::into),
        }
    }
}

/// Member of an organisation.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub struct MemberOut {
    /// Identifier, `mem_…`.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Person or service.
    pub kind: MemberKind,
    /// E-mail address; null for services and erased members.
    pub email: Option<String>,
    /// Fault of the e-mail address; null when it has none.
    pub address_fault: Option<AddressFault>,
    /// Language of mail to the member.
    pub language: Language,
    /// IANA name of the member's time zone; null for UTC. Reminders are sent in the morning of that time zone.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// Role.
    pub role: Role,
    /// Status.
    pub status: MemberStatus,
    /// Manager, `mem_…`.
    pub manager_id: Option<String>,
    /// Grade. Limits and workflow steps can apply to certain grades.
    pub grade: Option<String>,
    /// Code of the default cost centre of the member's reports.
    pub cost_centre: Option<String>,
    /// Largest total of a report that the member may approve, in the base currency; null for no bound.
    pub approval_limit: Option<MoneyDto>,
    /// Delegation of the member's own decisions; null for none.
    pub delegation: Option<DelegationOut>,
    /// Delegations of other members to this member.
    pub acts_for: Vec<DelegationOut>,
    /// Version; grows by one with each change. The `ETag` without its quotes.
    pub version: u64,
    /// Time of the invitation, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Values of the request that were stored but are probably mistyped, such as a grade that the policy does not know;
    /// absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<FieldError>,
}

impl From<&Member> for MemberOut {
    fn from(member: &Member) -> Self {
        Self {
            id: member.id.to_string(),
            name: member.name.to_string(),
            kind: member.kind,
            email: member.email.clone().map(Into::into),
            address_fault: member.address_fault,
            language: member.language,
            time_zone: member.time_zone.clone().map(Into::into),
            role: member.role,
            status: member.status,
            manager_id: member.manager_id.map(|manager| manager.to_string()),
            grade: member.grade.clone().map(Into::into),
            cost_centre: member.cost_centre.clone().map(Into::into),
            approval_limit: member.approval_limit.map(Into::into),
            delegation: member.delegation.as_ref().map(Into::into),
            acts_for: member.acts_for.iter().map(Into::into).collect(),
            version: member.version,
            created_at: time(member.created_at),
            warnings: Vec::new(),
        }
    }
}

/// Warnings about a grade and a cost centre that the policy in force does not know, though it knows others.
#[must_use]
pub fn member_warnings(
    policy: &Policy,
    grade: Option<&Grade>,
    cost_centre: Option<&CostCentreCode>,
) -> Vec<FieldError> {
    let mut warnings = FieldErrors::default();
    let grades = policy.grades();
    if let Some(grade) = grade.filter(|grade| !grades.is_empty() && !grades.contains(grade)) {
        let known: Vec<&str> = grades.iter().map(|grade| grade.as_str()).collect();
        let detail = format!("No limit or step of the policy is for the grade {grade}; it has {}.", known.join(", "));
        warnings.push("grade", "unknown-grade", detail);
    }
    let centres = &policy.cost_centres;
    let is_listed = |code: &CostCentreCode| centres.is_empty() || centres.iter().any(|centre| centre.code == *code);
    if let Some(code) = cost_centre.filter(|code| !is_listed(code)) {
        let detail = format!("The policy does not list the cost centre {code}, so no expense can be on it.");
        warnings.push("cost_centre", "unknown-cost-centre", detail);
    }
    warnings.into_sorted()
}

/// Loads the member that a request names as a manager.
///
/// # Errors
/// 422 when there is no such member, or they cannot manage anyone.
pub async fn manager<E: Endpoint>(context: &Context<'_, E>, id: MemberId) -> Result<Member, ApiError> {
    let found = context.member(id, "manager_id").await?;
    if found.is_current_person() {
        return Ok(found);
    }
    let detail = "Must be a person of the organisation; a service or former member manages no one.";
    Err(FieldErrors::one("manager_id", "cannot-manage", detail).into())
}

/// Parses the identity of a new member: a person's e-mail address, or the `sub` claim of a service's tokens.
pub fn parse_new_member(
    kind: Option<MemberKind>,
    email: Option<&str>,
    subject: Option<&str>,
    errors: &mut FieldErrors,
) -> Option<NewMember> {
    let is_email_given = email.is_some();
    let email = errors.parse_optional("email", email).flatten();
    match kind.unwrap_or_default() {
        MemberKind::Person => {
            if subject.is_some() {
                errors.push("subject", "kind", "Is only for services; a person signs in with an e-mail address.");
            }
            let email = errors.require("email", email, "required", "Is required.")?;
            Some(NewMember::Person { email })
        }
        MemberKind::Service => {
            if is_email_given {
                errors.push("email", "kind", "Is only for persons; a service has a subject and receives no mail.");
            }
            let subject = errors.require("subject", subject, "required", "Is required.")?;
            let detail = format!("Must be 1 to {MAX_SUBJECT} visible ASCII characters, without #.");
            let subject = Some(subject.trim_matches(is_unseen)).filter(|it| is_subject(it));
            let subject = errors.require("subject", subject, "subject", &detail)?;
            Some(NewMember::Service { subject: subject.to_owned() })
        }
    }
}

/// Stores changes of members and answers with the first one. Without changes, answers with the member as it is.
///
/// # Errors
/// As for [`Context::commit`].
pub async fn commit_members<E: Endpoint>(
    context: &Context<'_, E>,
    changes: Vec<MemberChange>,
    member: &Member,
) -> HandlerResult {
    commit_members_with_warnings(context, changes, member, Vec::new()).await
}

/// The same, with warnings in the answer.
///
/// # Errors
/// As for [`Context::commit`].
pub async fn commit_members_with_warnings<E: Endpoint>(
    context: &Context<'_, E>,
    changes: Vec<MemberChange>,
    member: &Member,
    warnings: Vec<FieldError>,
) -> HandlerResult {
    let changes = context.with_identity(changes)?;
    let shown = changes.first().map_or(member, |change| &change.after);
    let body = MemberOut { warnings, ..MemberOut::from(shown) };
    let reply = Reply::ok(&body)?.version(shown.version);
    if changes.is_empty() {
        return Ok(reply);
    }
    context.commit(Change::Members(changes), reply).await
}

/// True when a member has a part in any report that is submitted, approved or reimbursing. Reads the member's own reports, those
/// whose preparer, payee or decider the member is, and the submitted ones for their approvers: not all that were ever
/// approved. The lists of own and of submitted reports may lag behind the last change by a moment.
///
/// # Errors
/// Problems of the table.
pub async fn has_part(store: &Store, org: OrgId, member: MemberId) -> Result<bool, ApiError> {
    let filter = |status| ReportFilter { status: Some(status), ..ReportFilter::default() };
    let open = || ReportStatus::ALL.iter().copied().filter(|status| status.is_open());
    let own = open().map(|status| ReportFilter { owner: Some(member), ..filter(status) });
    let listed = open().map(|status| ReportFilter { listed_participant: Some(member), ..filter(status) });
    for filter in own.chain(listed) {
        let mut page = PageRequest::internal(100);
        loop {
            let found = store.list_reports(org, &filter, &page).await?;
            for head in &found.items {
                // Whether the member has decided is in the steps, which a head does not have.
                let is_party = head.interested_parties().any(|id| id == member);
                if is_party || store.report(org, head.id).await?.is_some_and(|report| report.has_participant(member)) {
                    return Ok(true);
                }
            }
            match found.next {
                Some(next) => page.cursor = Some(next),
                None => break,
            }
        }
    }
    let mut cursor = None;
    loop {
        let waiting = store.submitted_reports(org, cursor).await?;
        if waiting.items.iter().any(|report| report.has_participant(member)) {
            return Ok(true);
        }
        cursor = waiting.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(false)
}
