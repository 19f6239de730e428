//! Input of a handler: a request that has passed every check of its declaration, and the ways to answer it.

use std::time::Duration;

use jiff::Timestamp;
use outlay_domain::batch::{Batch, Payment};
use outlay_domain::change::{self, Change, MemberChange, ReportChange};
use outlay_domain::ids::{IdGenerator, MemberId, OrgId};
use outlay_domain::ledger::LedgerSettings;
use outlay_domain::member::Member;
use outlay_domain::organisation::Organisation;
use outlay_domain::policy::{PaymentRules, Policy};
use outlay_domain::report::Report;
use outlay_domain::today::Today;
use outlay_store::{CallerIdentity, CommitError, Store};
use type_safe_id::{StaticType, TypeSafeId};

use crate::endpoint::Endpoint;
use crate::error::ApiError;
use crate::limits::DailyQuota;
use crate::problem::Problem;
use crate::queries::{LoadedPayment, SubmissionContext};
use crate::request::{Caller, RequestContext};
use crate::response::{HandlerResult, Reply};
use crate::target::{LoadedBatch, OnBatch, OnLedger, OnOrganisationRecord, OnPayment, OnPolicy, OnReport, Target};

/// A checked request of a member.
#[derive(Debug)]
pub struct Context<'a, E: Endpoint> {
    pub(crate) request: &'a RequestContext,
    /// The member who calls.
    pub caller: &'a Caller,
    pub(crate) target: &'a <E::Target as Target>::Loaded,
    /// Permit for the action that the endpoint declares.
    pub permit: <E::Target as Target>::Permit<'a>,
    /// Records that the endpoint declares to read.
    pub preloaded: E::Preload,
    /// Query parameters.
    pub query: E::Query,
    /// Service that the endpoint declares to use.
    pub resource: &'a E::Resource,
    pub(crate) quota: Option<DailyQuota>,
}

impl<'a, E: Endpoint> Context<'a, E> {
    /// The table.
    #[must_use]
    pub const fn store(&self) -> &'a Store {
        self.request.store()
    }

    /// Time of the request.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.request.now()
    }

    /// Today, at the time of the request.
    #[must_use]
    pub const fn today(&self) -> Today {
        self.request.today()
    }

    /// Identity of the access token.
    #[must_use]
    pub const fn identity(&self) -> &'a CallerIdentity {
        self.request.identity()
    }

    /// Source of the identifiers of this request.
    #[must_use]
    pub const fn ids(&self) -> IdGenerator {
        self.request.ids()
    }

    /// The organisation in the path.
    #[must_use]
    pub const fn org(&self) -> OrgId {
        self.caller.member.org
    }

    /// Time that is left for the request.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        self.request.time_left()
    }

    /// An identifier in the path.
    ///
    /// # Errors
    /// 404 when it is not an identifier of that kind.
    pub fn path_id<T: StaticType>(&self, name: &str) -> Result<TypeSafeId<T>, ApiError> {
        self.request.id(name)
    }

    /// A parameter of the path, as it was sent.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.request.path(name)
    }

    /// A member that the body names at `name`.
    ///
    /// # Errors
    /// 422 when there is no such member.
    pub async fn member(&self, id: MemberId, name: &str) -> Result<Member, ApiError> {
        self.request.member(id, name).await
    }

    /// The same, for a member that need not be named.
    ///
    /// # Errors
    /// As for [`Context::member`].
    pub async fn optional_member(&self, id: Option<MemberId>, name: &str) -> Result<Option<Member>, ApiError> {
        match id {
            Some(id) => self.member(id, name).await.map(Some),
            None => Ok(None),
        }
    }

    /// Loads what a submission of `report` by `policy` needs.
    ///
    /// # Errors
    /// As for [`SubmissionContext::load`].
    pub async fn submission<'p>(&self, report: &Report, policy: &'p Policy) -> Result<SubmissionContext<'p>, ApiError> {
        SubmissionContext::load(self.store(), policy, report, &[&self.caller.member], self.today()).await
    }

    /// Binds the caller's identity to a change of the caller's own membership, when it is the first. Call it before the
    /// change is answered.
    ///
    /// # Errors
    /// 409 when a service has that identity.
    pub fn with_identity(&self, changes: Vec<MemberChange>) -> Result<Vec<MemberChange>, ApiError> {
        let binds = self.caller.binds_identity()?;
        let identity = self.request.identity().identity();
        let bind = |change: MemberChange| {
            let own = change.after.id == self.caller.member.id;
            if own && binds { change.with_identity(&identity) } else { change }
        };
        Ok(changes.into_iter().map(bind).collect())
    }

    /// Stores a change in one transaction with the answer to this request, takes it from the declared daily quota, and
    /// returns the answer.
    ///
    /// # Errors
    /// 409 when the record exists already, 429 when the daily quota is used up, 503 when the table is not available;
    /// [`ApiError::Conflict`] when another change came first.
    pub async fn commit(&self, change: Change, reply: Reply) -> HandlerResult {
        self.commit_from_quota(change, self.quota, reply).await
    }

    /// The same, from a quota that depends on the state of the target and so cannot be declared.
    ///
    /// # Errors
    /// As for [`Context::commit`].
    pub async fn commit_from_quota(&self, change: Change, quota: Option<DailyQuota>, reply: Reply) -> HandlerResult {
        let changes = self.with_membership_change(change)?;
        commit(self.request, Some(self.org()), &changes, quota, reply).await
    }

    /// Stores one of several changes of a request, each in a transaction of its own and without the answer. With the
    /// first one an invited caller joins.
    ///
    /// # Errors
    /// As for [`Context::commit`].
    pub async fn commit_part(&self, change: Change, is_first: bool) -> Result<(), ApiError> {
        let changes = if is_first { self.with_membership_change(change)? } else { vec![change] };
        Ok(self.store().commit(&changes, None).await?)
    }

    /// Stores a submission, as [`Context::commit`] does, and the new routes of the owner's other submitted reports that
    /// claim parts of its bills.
    ///
    /// # Errors
    /// As for [`Context::commit`].
    pub async fn commit_submission(
        &self,
        submission: &SubmissionContext<'_>,
        change: ReportChange,
        reply: Reply,
    ) -> HandlerResult {
        let known = [&self.caller.member];
        let others = submission.reroute_others(self.store(), &change, &known, self.now()).await?;
        let mut changes = self.with_membership_change(Change::Report(Box::new(change)))?;
        changes.extend(others.into_iter().map(|other| Change::Rerouted(Box::new(other))));
        // The approvers get mail, as for any submission.
        let quota = Some(DailyQuota::Submission);
        commit(self.request, Some(self.org()), &changes, quota, reply).await
    }

    /// The change with those that it depends on. An invited caller joins. A caller who changes members must be
    /// unchanged since they were read, so that two admins cannot remove each other's role concurrently.
    fn with_membership_change(&self, change: Change) -> Result<Vec<Change>, ApiError> {
        let caller = &self.caller.member;
        let members = match &change {
            Change::Members(changes) => changes.as_slice(),
            Change::Payout(change) => std::slice::from_ref(&change.member),
            _ => &[],
        };
        // A transaction holds each item once: a change of the caller's own membership carries binding and condition
        // itself.
        let own = members.iter().find(|change| change.after.id == caller.id);
        let identity = self.request.identity().identity();
        let more = match (own, self.caller.binds_identity()?) {
            (Some(own), true) if !own.after.is_bound_to(&identity) => {
                return Err(Problem::internal("with_identity was not called").into());
            }
            (Some(_), _) => None,
            (None, true) => Some(Change::Members(vec![change::join_organisation(caller, &identity, self.now())])),
            (None, false) if members.is_empty() => None,
            (None, false) => Some(Change::AssertUnchanged(Box::new(caller.clone()))),
        };
        Ok(std::iter::once(change).chain(more).collect())
    }
}

impl<'a, E: Endpoint<Target = OnReport<A>>, A> Context<'a, E>
where
    OnReport<A>: Target<Loaded = Report>,
{
    /// The report of the path.
    #[must_use]
    pub const fn report(&self) -> &'a Report {
        self.target
    }
}

impl<'a, E: Endpoint<Target = OnOrganisationRecord<A>>, A> Context<'a, E>
where
    OnOrganisationRecord<A>: Target<Loaded = Organisation>,
{
    /// The organisation of the path.
    #[must_use]
    pub const fn organisation(&self) -> &'a Organisation {
        self.target
    }
}

impl<'a, E: Endpoint<Target = OnPolicy<A>>, A> Context<'a, E>
where
    OnPolicy<A>: Target<Loaded = Policy>,
{
    /// The policy in force.
    #[must_use]
    pub const fn policy(&self) -> &'a Policy {
        self.target
    }
}

impl<'a, E: Endpoint<Target = OnLedger<A>>, A> Context<'a, E>
where
    OnLedger<A>: Target<Loaded = LedgerSettings>,
{
    /// The settings of the ledger.
    #[must_use]
    pub const fn ledger(&self) -> &'a LedgerSettings {
        self.target
    }
}

impl<'a, E: Endpoint<Target = OnBatch<A>>, A> Context<'a, E>
where
    OnBatch<A>: Target<Loaded = LoadedBatch>,
{
    /// The batch of the path.
    #[must_use]
    pub const fn batch(&self) -> &'a Batch {
        &self.target.batch
    }

    /// Rules for payments of the policy in force.
    #[must_use]
    pub const fn payment_rules(&self) -> &'a PaymentRules {
        &self.target.rules
    }
}

impl<'a, E: Endpoint<Target = OnPayment<A>>, A> Context<'a, E>
where
    OnPayment<A>: Target<Loaded = LoadedPayment>,
{
    /// The payment of the path.
    #[must_use]
    pub const fn payment(&self) -> &'a Payment {
        &self.target.payment
    }
}

/// A checked request of a person who is signed in, whatever organisations they are a member of.
#[derive(Debug)]
pub struct SignedInContext<'a> {
    pub(crate) request: &'a RequestContext,
    pub(crate) quota: Option<DailyQuota>,
}

impl SignedInContext<'_> {
    /// Identity of the access token.
    #[must_use]
    pub const fn identity(&self) -> &CallerIdentity {
        self.request.identity()
    }

    /// Time of the request.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.request.now()
    }

    /// Source of the identifiers of this request.
    #[must_use]
    pub const fn ids(&self) -> IdGenerator {
        self.request.ids()
    }

    /// Stores a change, as [`Context::commit`] does.
    ///
    /// # Errors
    /// As for [`Context::commit`].
    pub async fn commit(&self, change: Change, reply: Reply) -> HandlerResult {
        commit(self.request, None, &[change], self.quota, reply).await
    }
}

async fn commit(
    request: &RequestContext,
    org: Option<OrgId>,
    changes: &[Change],
    quota: Option<DailyQuota>,
    reply: Reply,
) -> HandlerResult {
    let subject = &request.identity().subject;
    let reservation = match quota {
        Some(quota) => Some(request.limiter().reserve(subject, quota, request.now()).await?),
        None => None,
    };
    let idempotency = request.idempotency();
    let record = idempotency.map(|it| it.record(org, request.identity(), &reply, request.now()));
    let mut committed = request.store().commit(changes, record.as_ref()).await;
    if matches!(committed, Err(CommitError::TooLarge(_))) {
        // The largest submissions are stored without the new routes of other reports.
        let is_own = |change: &&Change| !matches!(change, Change::Rerouted(_));
        let own: Vec<Change> = changes.iter().filter(is_own).cloned().collect();
        if own.len() < changes.len() {
            committed = request.store().commit(&own, record.as_ref()).await;
        }
    }
    // Only a failed call of the table may have written the change; after any other error nothing was, and the quota is
    // released.
    let may_be_written = matches!(committed, Err(CommitError::Store(_)));
    let result = match committed {
        Ok(()) => Ok(reply),
        Err(CommitError::DuplicateRequest(recorded)) => match idempotency {
            Some(idempotency) => Err(idempotency.repeated(&recorded)),
            None => Err(Problem::internal("a request without a key has a record").into()),
        },
        Err(error) => Err(error.into()),
    };
    if let Some(reservation) = reservation.filter(|_| result.is_err() && !may_be_written) {
        request.limiter().release(reservation).await;
    }
    result
}
