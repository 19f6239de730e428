//! One authenticated request: clock, identity, path, headers, and the member who calls.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use lambda_http::RequestExt;
use lambda_http::http::Method;
use lambda_http::http::header::IF_MATCH;
use lambda_http::http::request::Parts;
use outlay_aws::backoff::backoff_with_jitter;
use outlay_aws::clock::{self, RequestClock};
use outlay_aws::log::{Level, log};
use outlay_domain::change;
use outlay_domain::ids::{IdGenerator, MemberId, OrgId};
use outlay_domain::member::{Member, MemberStatus};
use outlay_domain::permission::{OrgAction, OrgPermit, permit_org};
use outlay_domain::rate_limit::RequestClass;
use outlay_domain::today::Today;
use outlay_input::FieldErrors;
use outlay_store::turns::Turn;
use outlay_store::{CallerIdentity, IdempotencyRecord, Membership, Store};
use tokio::time::sleep;
use type_safe_id::{StaticType, TypeSafeId};

use crate::deadline::Deadline;
use crate::error::ApiError;
use crate::idempotency::IdempotencyRequest;
use crate::limits::{Admission, LimitError, LimitScope, Limiter, RateLimitStatus};
use crate::precondition::joined;
use crate::problem::{Problem, ProblemType};
use crate::response::Reply;

/// Services that requests use, opened once per process.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    pub(crate) store: Store,
    pub(crate) limiter: Arc<Limiter>,
    /// Invited members whose sign-in this process has noted.
    pub(crate) signed_in: Arc<Mutex<HashSet<MemberId>>>,
}

impl Services {
    /// Notes that an invited member has signed in: only then they get more mail than the invitation. A request does not
    /// fail for want of the note; the next one writes it.
    async fn note_sign_in(&self, member: &Member, now: Timestamp) {
        let noted = || self.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
        if noted().contains(&member.id) {
            return;
        }
        match self.store.note_sign_in(member.org, member.id, now).await {
            Ok(()) => drop(noted().insert(member.id)),
            Err(error) => log(Level::Warn, "a sign-in was not noted", &[("reason", &error)]),
        }
    }
}

/// Time that an attempt takes at least. A request that has less left is not carried out again.
const ATTEMPT_TIME: Duration = Duration::from_millis(300);
/// Bytes of a body and its answer that cost a request one unit of its rate limit more.
const UNIT_BYTES: usize = 64 * 1024;
/// Items passed over by a list that cost a request one unit of its rate limit more.
const UNIT_ITEMS: usize = 100;
/// The waits for a turn stop growing after so many.
const MAX_TURN_DOUBLINGS: u32 = 6;

/// One authenticated request.
#[derive(Clone, Debug)]
pub struct RequestContext {
    services: Services,
    identity: CallerIdentity,
    class: RequestClass,
    clock: RequestClock,
    deadline: Deadline,
    parts: Parts,
    body: Arc<[u8]>,
    idempotency: Option<IdempotencyRequest>,
    /// Outcome of rate limiting: a request is counted once, however often it is carried out again.
    limit: Arc<Mutex<Option<RateLimitStatus>>>,
}

/// The member who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The member.
    pub member: Member,
    /// True until the member's first change, which binds the membership to the caller's identity.
    binds_identity: bool,
    /// True when the identity cannot be bound, because a service has it.
    identity_taken: bool,
    /// Record of an earlier request with the same idempotency key.
    pub(crate) recorded: Option<IdempotencyRecord>,
}

impl Caller {
    /// Checks the permission for an action on the organisation.
    ///
    /// # Errors
    /// 403 when the member's role does not allow it.
    pub fn permit<A: OrgAction>(&self) -> Result<OrgPermit<'_, A>, ApiError> {
        Ok(permit_org(&self.member)?)
    }

    /// True when the next change binds the membership to the caller's identity.
    ///
    /// # Errors
    /// 409 when a service has that identity.
    pub(crate) fn binds_identity(&self) -> Result<bool, ApiError> {
        if self.binds_identity && self.identity_taken {
            let detail =
                "A service was added under your identity. Until an admin suspends and erases it, you can only read.";
            return Err(Problem::new(ProblemType::AlreadyExists, detail).into());
        }
        Ok(self.binds_identity)
    }
}

impl RequestContext {
    pub(crate) fn new(
        services: Services,
        identity: CallerIdentity,
        class: RequestClass,
        clock: RequestClock,
        parts: Parts,
        body: Vec<u8>,
        idempotency: Option<IdempotencyRequest>,
    ) -> Self {
        let deadline = Deadline::of(parts.lambda_context_ref());
        let (body, limit) = (body.into(), Arc::default());
        Self { services, identity, class, clock, deadline, parts, body, idempotency, limit }
    }

    /// The table.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.services.store
    }

    /// Time of the request; the same for all that it does.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.clock.now
    }

    /// Today, at the time of the request.
    #[must_use]
    pub const fn today(&self) -> Today {
        change::today(self.clock.now)
    }

    /// Generator of the identifiers of this request. Each call starts again with the same ones, so a handler calls it
    /// once.
    #[must_use]
    pub const fn ids(&self) -> IdGenerator {
        IdGenerator::new(self.clock.now, self.clock.random)
    }

    /// Identity of the access token.
    #[must_use]
    pub const fn identity(&self) -> &CallerIdentity {
        &self.identity
    }

    /// The organisation in the path.
    ///
    /// # Errors
    /// 404 when it is not the identifier of one.
    pub fn org(&self) -> Result<OrgId, ApiError> {
        self.id("org")
    }

    /// An identifier in the path.
    ///
    /// # Errors
    /// 404 when it is not an identifier of that kind.
    pub fn id<T: StaticType>(&self, name: &str) -> Result<TypeSafeId<T>, ApiError> {
        self.path(name).parse().map_err(|_| Problem::not_found().into())
    }

    /// A parameter of the path, as it was sent; empty when the path has no such parameter.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        let parameters = self.parts.path_parameters_ref();
        parameters.and_then(|parameters| parameters.first(name)).unwrap_or_default().to_owned()
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.services.limiter
    }

    pub(crate) const fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    pub(crate) const fn idempotency(&self) -> Option<&IdempotencyRequest> {
        self.idempotency.as_ref()
    }

    /// The answer of a concurrent request with the same idempotency key and content, if one was carried out.
    pub(crate) async fn replay_of_duplicate(&self) -> Option<ApiError> {
        let idempotency = self.idempotency.as_ref()?;
        let answer = idempotency.answer_of_duplicate(self.store(), self.org().ok(), &self.identity, self.now()).await?;
        Some(ApiError::Replay(Box::new(answer)))
    }

    /// The same request, at the present time: events and times of last changes follow the order of commits.
    pub(crate) fn at_present_time(&self) -> Self {
        let clock = RequestClock { now: clock::now(), ..self.clock };
        Self { clock, ..self.clone() }
    }

    /// Waits for the turn of this request. Returns `false` when its time ends first.
    pub(crate) async fn wait_for_turn(&self, turn: &Turn) -> bool {
        let mut attempt = 0;
        loop {
            let taken = self.store().take_turn(turn, clock::now()).await;
            let has_time = self.deadline.time_left() > ATTEMPT_TIME;
            if !has_time || matches!(taken, Ok(true)) {
                return has_time;
            }
            sleep(backoff_with_jitter(attempt)).await;
            // Without turns, requests try again at random times.
            if taken.is_err() {
                return true;
            }
            attempt = (attempt + 1).min(MAX_TURN_DOUBLINGS);
        }
    }

    /// Lets the next request take its turn. A failure is ignored: the turn ends by itself.
    pub(crate) async fn end_turn(&self, turn: &Turn) {
        let _ = self.store().end_turn(turn, clock::now()).await;
    }

    /// Time that is left for the request.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.time_left()
    }

    /// The `If-Match` header.
    pub(crate) fn if_match(&self) -> Option<String> {
        joined(&self.parts.headers, &IF_MATCH)
    }

    /// True when the request only reads.
    pub(crate) fn is_read(&self) -> bool {
        self.parts.method == Method::GET
    }

    /// Reads the caller's membership and counts the request against the rate limits, concurrently.
    ///
    /// # Errors
    /// 429 when a limit is exceeded; 404 when the caller is no member of the organisation in the path, or suspended.
    pub(crate) async fn caller(&self) -> Result<Caller, ApiError> {
        let org = self.org()?;
        let recorded = async {
            match &self.idempotency {
                Some(request) => request.recorded(self.store(), Some(org), &self.identity, self.now()).await,
                None => Ok(None),
            }
        };
        let reading = async { tokio::try_join!(self.store().membership_for(org, &self.identity), recorded) };
        // A caller who has asked for too many unknown organisations writes no counters until found to be a member here.
        let probing = self.services.limiter.is_probing(&self.identity.subject, self.now());
        let (counted, read) =
            if probing { (Ok(None), reading.await) } else { tokio::join!(self.count(Some(org)), reading) };
        let (membership, recorded) = read?;
        let membership = membership
            .filter(|membership| matches!(membership.member.status, MemberStatus::Invited | MemberStatus::Active));
        let Some(Membership { member, binds_identity, identity_conflict }) = membership else {
            return Err(self.unknown_org_attempt(counted).await);
        };
        counted?;
        self.count(Some(org)).await?;
        if binds_identity {
            self.services.note_sign_in(&member, self.now()).await;
        }
        Ok(Caller { member, binds_identity, identity_taken: identity_conflict, recorded })
    }

    /// The answer to a caller who is no member. It shows neither that the organisation exists nor its limits. The
    /// attempt counts against a limit of the caller: the other limits are per organisation, and a caller can invent
    /// organisations.
    async fn unknown_org_attempt(&self, counted: Result<Option<Admission>, LimitError>) -> ApiError {
        self.set_limit(None);
        match counted {
            Ok(Some(admission)) => self.services.limiter.refund(&admission).await,
            Err(LimitError::RateExceeded(RateLimitStatus { scope: LimitScope::Organisation, .. })) | Ok(None) => {}
            Err(error) => return error.into(),
        }
        match self.services.limiter.count_probe(&self.identity.subject, self.class, self.clock.now).await {
            Some(status) => LimitError::RateExceeded(status).into(),
            None => Problem::not_found().into(),
        }
    }

    /// Counts the request against the limits, unless it was counted before.
    pub(crate) async fn count(&self, org: Option<OrgId>) -> Result<Option<Admission>, LimitError> {
        if self.limit().is_some() {
            return Ok(None);
        }
        let counted = self.services.limiter.admit(org, &self.identity.subject, self.class, self.clock.now).await;
        self.set_limit(match &counted {
            Ok(admission) => Some(admission.status),
            Err(LimitError::RateExceeded(status)) => Some(*status),
            Err(_) => None,
        });
        counted.map(Some)
    }

    /// Charges a request for what it moved and read: one unit more for each [`UNIT_BYTES`] of its body and its answer, and
    /// for each [`UNIT_ITEMS`] that it has passed over.
    pub(crate) async fn charge(&self, reply: &Reply) {
        let units = (self.body.len() + reply.bytes()) / UNIT_BYTES + reply.items_passed_over() / UNIT_ITEMS;
        if units > 0 {
            let (org, units) = (self.org().ok(), i64::try_from(units).unwrap_or(i64::MAX));
            self.services.limiter.charge(org, &self.identity.subject, self.class, units, self.now()).await;
        }
    }

    /// Rate-limit status for the headers of the answer.
    pub(crate) fn limit(&self) -> Option<RateLimitStatus> {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_limit(&self, status: Option<RateLimitStatus>) {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// A member that the body names at `name`.
    ///
    /// # Errors
    /// 422 when there is no such member.
    pub async fn member(&self, id: MemberId, name: &str) -> Result<Member, ApiError> {
        let found = self.store().member(self.org()?, id).await?;
        let unknown =
            || FieldErrors::one(name, "unknown-member", "There is no such member in this organisation.").into();
        found.ok_or_else(unknown)
    }
}
