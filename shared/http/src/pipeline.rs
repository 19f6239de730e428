//! The fixed order of checks, carried out from an endpoint's declaration: membership and limits, target and permission,
//! required headers, query, body, repeated request, version, state. Only then the handler runs.

use outlay_aws::backoff::backoff_with_jitter;
use outlay_domain::error::DomainError;
use tokio::time::sleep;

use crate::context::{Context, SignedInContext};
use crate::endpoint::{Body, BodyError, Checked, Endpoint, Idempotency, Precondition};
use crate::error::ApiError;
use crate::handler::{Handler, SignedInHandler};
use crate::problem::{Problem, ProblemType};
use crate::queries::Preload;
use crate::query::{Query, QueryParameters};
use crate::request::{Caller, RequestContext};
use crate::response::HandlerResult;
use crate::target::{SignedIn, Target, not_found};

/// Maximum number of attempts at a request when a record that its decision depends on changes concurrently.
const MAX_ATTEMPTS: u32 = 12;

/// Carries a request out, again after a conflict with a concurrent change of another record.
pub(crate) async fn handle<E, H, Signature>(
    request: &RequestContext,
    resource: &E::Resource,
    handler: &H,
) -> HandlerResult
where
    E: Endpoint,
    H: for<'a> Handler<'a, E, Signature>,
{
    let mut result = Err(ApiError::Conflict);
    for attempt in 0..MAX_ATTEMPTS {
        if attempt > 0 {
            // Without a random wait, requests of one owner would conflict again.
            sleep(backoff_with_jitter(attempt - 1)).await;
        }
        result = check_and_run::<E, H, Signature>(request, resource, handler).await;
        if !matches!(result, Err(ApiError::Conflict)) || !request.has_time_for_another_attempt() {
            break;
        }
    }
    result
}

async fn check_and_run<E, H, Signature>(request: &RequestContext, resource: &E::Resource, handler: &H) -> HandlerResult
where
    E: Endpoint,
    H: for<'a> Handler<'a, E, Signature>,
{
    let is_closed = async {
        if !E::CHANGES_SOMETHING || E::Target::ALLOWED_WHEN_CLOSED {
            return Ok(false);
        }
        let organisation = request.store().organisation(request.org()?).await?;
        Ok::<_, ApiError>(organisation.is_some_and(|organisation| organisation.is_closed()))
    };
    let reads = async { tokio::try_join!(E::Target::load(request), E::Preload::load(request), is_closed) };
    let (caller, reads) = tokio::join!(request.caller(), reads);
    let caller = caller?;
    let (loaded, preloaded, is_closed) = reads?;
    let permission = E::Target::authorize(&caller, loaded.as_ref(), request.today());
    // A missing permission comes before errors of the request; a wrong state comes after them.
    if let Err(refusal @ (DomainError::NotFound | DomainError::Forbidden(_))) = permission {
        // A repeated DELETE finds no target: the first one removed it.
        if loaded.is_none() {
            replay::<E>(request, &caller)?;
        }
        return Err(refusal.into());
    }
    let loaded = loaded.as_ref().ok_or_else(not_found)?;
    check_headers::<E>(request)?;
    let query = E::Query::parse(&Query::read(request, E::Query::NAMES)?)?;
    let body = parse_body::<E>(request)?;
    replay::<E>(request, &caller)?;
    if is_closed {
        let detail = "This organisation was closed. Its records can be read, and nothing can be changed any more.";
        return Err(Problem::new(ProblemType::OrganisationClosed, detail).into());
    }
    let version = E::Target::version(&caller, loaded).filter(|_| E::PRECONDITION != Precondition::Unused);
    if let Err(stale) = check_version(request, version) {
        return Err(request.replay_of_duplicate().await.unwrap_or(stale));
    }
    let permit = match permission {
        Ok(permit) => permit,
        Err(refusal) => return Err(request.replay_of_duplicate().await.unwrap_or_else(|| refusal.into())),
    };
    let quota = (E::DAILY_QUOTA)(&body);
    let context = Context { request, caller: &caller, target: loaded, permit, preloaded, query, resource, quota };
    let result = handler.call(context, body).await;
    // A concurrent duplicate may have been carried out between the reads of this request, which then failed on its
    // effect.
    if let Err(ApiError::Problem(problem)) = &result
        && matches!(problem.kind().status(), 404 | 409 | 412)
        && let Some(replay) = request.replay_of_duplicate().await
    {
        return Err(replay);
    }
    result
}

/// Required headers.
fn check_headers<E: Endpoint>(request: &RequestContext) -> Result<(), ApiError> {
    // `*` and lists would let a decision pass on a version that was not seen.
    let names_one_version = |tags: &str| !tags.contains(',') && tags.trim() != "*";
    if E::PRECONDITION == Precondition::Required && !request.if_match().is_some_and(names_one_version) {
        let detail = format!("Send If-Match with the one ETag of the {} you have seen.", E::Target::NAME);
        return Err(Problem::new(ProblemType::PreconditionRequired, detail).into());
    }
    if E::IDEMPOTENCY == Idempotency::Required && request.idempotency().is_none() {
        let detail =
            "Send an Idempotency-Key, such as a UUID: without one, a repeated request would be carried out twice.";
        return Err(Problem::new(ProblemType::IdempotencyKeyRequired, detail).into());
    }
    Ok(())
}

fn parse_body<E: Endpoint>(request: &RequestContext) -> Result<Checked<E>, ApiError> {
    let absent_is_empty = E::Body::IS_OPTIONAL || E::Target::ABSENT_BODY_IS_EMPTY;
    let body = request.body();
    let body = if body.is_empty() && absent_is_empty { b"{}" } else { body };
    E::Body::parse(body, request.now()).map_err(|error| match error {
        BodyError::Malformed(cause) => {
            let detail = format!("The body must be one JSON object in UTF-8 without repeated names: {cause}.");
            Problem::new(ProblemType::MalformedJson, detail).into()
        }
        BodyError::Invalid(errors) => errors.into(),
    })
}

/// Ends a repeated request with the answer of the first.
fn replay<E: Endpoint>(request: &RequestContext, caller: &Caller) -> Result<(), ApiError> {
    match (request.idempotency(), &caller.recorded) {
        (Some(idempotency), Some(recorded)) if E::IDEMPOTENCY != Idempotency::Unused => {
            Err(idempotency.repeated(recorded))
        }
        _ => Ok(()),
    }
}

/// Compares the version that the caller names, if any. A weak tag never matches (RFC 9110, section 13.1.1).
fn check_version(request: &RequestContext, version: Option<u64>) -> Result<(), ApiError> {
    let (Some(named), Some(version)) = (request.if_match(), version) else { return Ok(()) };
    let current = format!("\"{version}\"");
    if named == "*" || named.split(',').any(|tag| tag.trim() == current) {
        return Ok(());
    }
    let detail = format!("The current ETag is {current}, quotes included. Read it again.");
    Err(Problem::new(ProblemType::StaleVersion, detail).into())
}

/// Carries out a request that needs no membership, in the same order of checks.
pub(crate) async fn handle_signed_in<E, H>(request: &RequestContext, handler: &H) -> HandlerResult
where
    E: Endpoint<Target = SignedIn>,
    H: for<'a> SignedInHandler<'a, E>,
{
    request.count(None).await?;
    check_headers::<E>(request)?;
    E::Query::parse(&Query::read(request, E::Query::NAMES)?)?;
    let body = parse_body::<E>(request)?;
    if let Some(idempotency) = request.idempotency()
        && let Some(recorded) = idempotency.recorded(request.store(), None, request.identity(), request.now()).await?
    {
        return Err(idempotency.repeated(&recorded));
    }
    let quota = (E::DAILY_QUOTA)(&body);
    handler.call(SignedInContext { request, quota, idempotency: E::IDEMPOTENCY }, body).await
}
