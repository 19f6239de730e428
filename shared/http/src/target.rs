//! Target of a request: the records to read and the permission to check. `outlay_domain::permission` alone decides on
//! the permission.

mod payments;

use std::fmt::Debug;
use std::marker::PhantomData;

use outlay_domain::error::DomainError;
use outlay_domain::ids::MemberId;
use outlay_domain::ledger::LedgerSettings;
use outlay_domain::member::Member;
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::{
    MemberAction, MemberPermit, OrgAction, OrgPermit, Permit, Relation, ReportAction, authorize, permit, permit_member,
    permit_org,
};
use outlay_domain::policy::Policy;
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::today::Today;

use crate::error::ApiError;
use crate::problem::Problem;
use crate::queries;
use crate::request::{Caller, RequestContext};

pub use payments::{LoadedBatch, OnBatch, OnPayment};

/// Target of a request.
pub trait Target: Debug + Send + Sync + 'static {
    /// The records that are read beside the caller.
    type Loaded: Debug + Send + Sync;
    /// Permit for the action.
    type Permit<'a>: Copy + Debug + Send + Sync;
    /// True when an absent body counts as `{}`, so that missing fields are listed (422) instead of malformed JSON
    /// (400).
    const ABSENT_BODY_IS_EMPTY: bool;
    /// True when the caller must be a member of the organisation in the path; for others it does not exist (404).
    const NEEDS_MEMBERSHIP: bool = true;
    /// True when some callers who see the target do not have the permission (403).
    const IS_FORBIDDEN_TO_SOME: bool;

    /// Reads the records; `None` when there are none.
    fn load(request: &RequestContext) -> impl Future<Output = Result<Option<Self::Loaded>, ApiError>> + Send;

    /// Checks the permission.
    ///
    /// # Errors
    /// The refusal of the permission table; [`DomainError::NotFound`] when there is no such target and the caller could
    /// have the permission on one.
    fn authorize<'a>(
        caller: &'a Caller,
        loaded: Option<&'a Self::Loaded>,
        today: Today,
    ) -> Result<Self::Permit<'a>, DomainError>;

    /// Version of the target, which `If-Match` is compared with.
    fn version(caller: &Caller, loaded: &Self::Loaded) -> Option<u64>;

    /// True when the target has a version: only then can an endpoint use `If-Match`.
    const HAS_VERSION: bool = true;

    /// True when the action is allowed in a closed organisation, although it changes something.
    const ALLOWED_WHEN_CLOSED: bool = false;

    /// True when a read of the target shows more than its version tells, such as the result of an inspection. Then its
    /// `ETag` also has a digest of what is shown.
    const SHOWS_MORE_THAN_VERSION: bool = false;

    /// Word for the target in messages.
    const NAME: &'static str;

    /// True when the caller's role allows the action on some target, such as one that was removed since.
    #[must_use]
    fn is_allowed_by_role(caller: &Caller) -> bool {
        let _ = caller;
        true
    }
}

/// The report in the path, for the action `A`.
#[derive(Debug)]
pub struct OnReport<A>(PhantomData<A>);

impl<A: ReportAction> Target for OnReport<A> {
    type Loaded = Report;
    type Permit<'a> = Permit<'a, A>;
    const ABSENT_BODY_IS_EMPTY: bool = true;
    const IS_FORBIDDEN_TO_SOME: bool = A::IS_FORBIDDEN_TO_SOME;
    const SHOWS_MORE_THAN_VERSION: bool = true;
    const NAME: &'static str = "report";

    fn is_allowed_by_role(caller: &Caller) -> bool {
        authorize(caller.member.role, Relation::Owner, ReportStatus::Draft, A::ACTION).is_ok()
    }

    async fn load(request: &RequestContext) -> Result<Option<Report>, ApiError> {
        Ok(request.store().report(request.org()?, request.id("report")?).await?)
    }

    fn authorize<'a>(
        caller: &'a Caller,
        report: Option<&'a Report>,
        today: Today,
    ) -> Result<Permit<'a, A>, DomainError> {
        permit(&caller.member, report.ok_or(DomainError::NotFound)?, today)
    }

    fn version(_: &Caller, report: &Report) -> Option<u64> {
        Some(report.version)
    }
}

/// The organisation in the path, for the action `A`.
#[derive(Debug)]
pub struct OnOrganisation<A>(PhantomData<A>);

impl<A: OrgAction> Target for OnOrganisation<A> {
    type Loaded = ();
    type Permit<'a> = OrgPermit<'a, A>;
    const ABSENT_BODY_IS_EMPTY: bool = false;
    const IS_FORBIDDEN_TO_SOME: bool = A::IS_FORBIDDEN_TO_SOME;
    const HAS_VERSION: bool = false;
    const NAME: &'static str = "organisation";

    async fn load(_: &RequestContext) -> Result<Option<()>, ApiError> {
        Ok(Some(()))
    }

    fn authorize<'a>(caller: &'a Caller, _: Option<&'a ()>, _: Today) -> Result<OrgPermit<'a, A>, DomainError> {
        permit_org(&caller.member)
    }

    fn version(_: &Caller, (): &()) -> Option<u64> {
        None
    }
}

/// The record of the organisation in the path, for the action `A`.
#[derive(Debug)]
pub struct OnOrganisationRecord<A>(PhantomData<A>);

impl<A: OrgAction> Target for OnOrganisationRecord<A> {
    type Loaded = Organisation;
    type Permit<'a> = OrgPermit<'a, A>;
    const ABSENT_BODY_IS_EMPTY: bool = false;
    const IS_FORBIDDEN_TO_SOME: bool = A::IS_FORBIDDEN_TO_SOME;
    const NAME: &'static str = "organisation";

    async fn load(request: &RequestContext) -> Result<Option<Organisation>, ApiError> {
        Ok(request.store().organisation(request.org()?).await?)
    }

    fn authorize<'a>(
        caller: &'a Caller,
        _: Option<&'a Organisation>,
        _: Today,
    ) -> Result<OrgPermit<'a, A>, DomainError> {
        permit_org(&caller.member)
    }

    fn version(_: &Caller, organisation: &Organisation) -> Option<u64> {
        Some(organisation.version)
    }
}

/// The organisation's policy in force, for the action `A`.
#[derive(Debug)]
pub struct OnPolicy<A>(PhantomData<A>);

impl<A: OrgAction> Target for OnPolicy<A> {
    type Loaded = Policy;
    type Permit<'a> = OrgPermit<'a, A>;
    const ABSENT_BODY_IS_EMPTY: bool = false;
    const IS_FORBIDDEN_TO_SOME: bool = A::IS_FORBIDDEN_TO_SOME;
    const NAME: &'static str = "policy";

    async fn load(request: &RequestContext) -> Result<Option<Policy>, ApiError> {
        queries::policy(request.store(), request.org()?).await.map(Some)
    }

    fn authorize<'a>(caller: &'a Caller, _: Option<&'a Policy>, _: Today) -> Result<OrgPermit<'a, A>, DomainError> {
        permit_org(&caller.member)
    }

    fn version(_: &Caller, policy: &Policy) -> Option<u64> {
        Some(policy.version)
    }
}

/// The settings of the organisation's ledger, for the action `A`.
#[derive(Debug)]
pub struct OnLedger<A>(PhantomData<A>);

impl<A: OrgAction> Target for OnLedger<A> {
    type Loaded = LedgerSettings;
    type Permit<'a> = OrgPermit<'a, A>;
    const ABSENT_BODY_IS_EMPTY: bool = false;
    const IS_FORBIDDEN_TO_SOME: bool = A::IS_FORBIDDEN_TO_SOME;
    // What is missing depends on the policy too.
    const SHOWS_MORE_THAN_VERSION: bool = true;
    const NAME: &'static str = "ledger";

    async fn load(request: &RequestContext) -> Result<Option<LedgerSettings>, ApiError> {
        Ok(Some(request.store().ledger_settings(request.org()?).await?))
    }

    fn authorize<'a>(
        caller: &'a Caller,
        _: Option<&'a LedgerSettings>,
        _: Today,
    ) -> Result<OrgPermit<'a, A>, DomainError> {
        permit_org(&caller.member)
    }

    fn version(_: &Caller, settings: &LedgerSettings) -> Option<u64> {
        Some(settings.version)
    }
}

/// The member in the path (`me` for the caller), for the action `A`.
#[derive(Debug)]
pub struct OnMember<A>(PhantomData<A>);

/// The member of the path.
#[derive(Debug)]
pub enum TargetMember {
    /// The caller.
    Caller,
    /// The member with this identifier, as stored. It is the caller when the path has the caller's identifier.
    Stored(Box<Member>),
}

impl TargetMember {
    /// The member.
    #[must_use]
    pub fn of<'a>(&'a self, caller: &'a Caller) -> &'a Member {
        match self {
            Self::Caller => &caller.member,
            Self::Stored(member) => member,
        }
    }
}

impl<A: MemberAction> Target for OnMember<A> {
    type Loaded = TargetMember;
    type Permit<'a> = MemberPermit<'a, A>;
    const ABSENT_BODY_IS_EMPTY: bool = false;
    const IS_FORBIDDEN_TO_SOME: bool = A::IS_FORBIDDEN_TO_SOME;
    const ALLOWED_WHEN_CLOSED: bool = A::ALLOWED_WHEN_CLOSED;
    const NAME: &'static str = "member";

    async fn load(request: &RequestContext) -> Result<Option<TargetMember>, ApiError> {
        if request.path("member") == "me" {
            return Ok(Some(TargetMember::Caller));
        }
        let id: MemberId = request.id("member")?;
        let member = request.store().member(request.org()?, id).await?;
        Ok(member.map(|member| TargetMember::Stored(Box::new(member))))
    }

    fn authorize<'a>(
        caller: &'a Caller,
        target: Option<&'a TargetMember>,
        _: Today,
    ) -> Result<MemberPermit<'a, A>, DomainError> {
        permit_member(&caller.member, target.map(|target| target.of(caller)))
    }

    fn version(caller: &Caller, target: &TargetMember) -> Option<u64> {
        Some(target.of(caller).version)
    }
}

/// No record: every signed-in person has the permission. Such an endpoint is served by
/// [`crate::runtime::serve_signed_in`].
#[derive(Debug)]
pub enum SignedIn {}

impl Target for SignedIn {
    type Loaded = ();
    type Permit<'a> = ();
    const ABSENT_BODY_IS_EMPTY: bool = false;
    const NEEDS_MEMBERSHIP: bool = false;
    const IS_FORBIDDEN_TO_SOME: bool = false;
    const HAS_VERSION: bool = false;
    const NAME: &'static str = "request";

    async fn load(_: &RequestContext) -> Result<Option<()>, ApiError> {
        Ok(Some(()))
    }

    fn authorize<'a>(_: &'a Caller, _: Option<&'a ()>, _: Today) -> Result<(), DomainError> {
        Ok(())
    }

    fn version(_: &Caller, (): &()) -> Option<u64> {
        None
    }
}

/// The 404 for a target that does not exist or is hidden.
pub(crate) fn not_found() -> ApiError {
    Problem::not_found().into()
}
