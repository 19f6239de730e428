//! The fixed order of checks, carried out from an endpoint's declaration: membership and limits, target and permission,
//! required headers, query, body, repeated request, version, state. Only then the handler runs.

use outlay_domain::error::DomainError;
use outlay_store::IdempotencyRecord;
use outlay_store::turns::Turn;

use crate::context::{Context, SignedInContext};
use crate::endpoint::{Body, BodyError, Checked, Endpoint, Idempotency, Precondition};
use crate::error::ApiError;
use crate::handler::{Handler, SignedInHandler};
use crate::precondition::{TagList, check_version, parse_if_match};
use crate::problem::{Problem, ProblemType};
use crate::queries::Preload;
use crate::query::{Query, QueryParameters};
use crate::request::RequestContext;
use crate::response::HandlerResult;
use crate::target::{SignedIn, Target, not_found};

/// Carries a request out, again after each conflict with a concurrent one. Requests that have met take turns, so each
/// of them comes through, unless its time ends first.
pub(crate) async fn handle<E, H, Signature>(
    request: &RequestContext,
    resource: &E::Resource,
    handler: &H,
) -> HandlerResult
where
    E: Endpoint,
    H: for<'a> Handler<'a, E, Signature>,
{
    let mut request = request.clone();
    let mut turn: Option<Turn> = None;
    let result = loop {
        let result = check_and_run::<E, H, Signature>(&request, resource, handler).await;
        let Err(ApiError::Conflict(partition)) = &result else { break result };
        if let Some(other) = turn.take_if(|turn| turn.partition() != partition) {
            request.end_turn(&other).await;
        }
        let next = turn.get_or_insert_with(|| Turn::in_partition(partition.clone()));
        if !request.wait_for_turn(next).await {
            break result;
        }
        request = request.at_present_time();
    };
    if let Some(turn) = turn {
        request.end_turn(&turn).await;
    }
    if let Ok(reply) = &result {
        request.charge(reply).await;
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
        // A repeated DELETE finds no target: the first one removed it. Other answers show what is no longer there.
        if loaded.is_none() && E::Target::is_allowed_by_role(&caller) {
            replay(request, caller.recorded.as_ref().filter(|recorded| recorded.response.body.is_empty()))?;
        }
        return Err(refusal.into());
    }
    let loaded = loaded.as_ref().ok_or_else(not_found)?;
    let if_match = check_headers::<E>(request)?;
    let query = E::Query::parse(&Query::read(request, E::Query::NAMES)?)?;
    let body = parse_body::<E>(request)?;
    E::Body::authorize(&body, &caller)?;
    // The first answer is given again to those who may still have it: the state may have changed, by the first request
    // itself, but not the right.
    if !matches!(permission, Err(DomainError::SeparationOfDuties(_))) {
        replay(request, caller.recorded.as_ref())?;
    }
    if is_closed {
        let detail = "This organisation was closed. Its records can be read, and nothing can be changed any more.";
        return Err(Problem::new(ProblemType::OrganisationClosed, detail).into());
    }
    if let Some(version) = E::Target::version(&caller, loaded)
        && let Err(stale) = check_version(if_match.as_ref(), version, E::Target::NAME)
    {
        return Err(request.replay_of_duplicate().await.unwrap_or(stale));
    }
    let permit = match permission {
        Ok(permit) => permit,
        Err(refusal @ DomainError::SeparationOfDuties(_)) => return Err(refusal.into()),
        Err(refusal) => return Err(request.replay_of_duplicate().await.unwrap_or_else(|| refusal.into())),
    };
    let quota = (E::DAILY_QUOTA)(&body);
    let context = Context { request, caller: &caller, target: loaded, permit, preloaded, query, resource, quota };
    let result = handler.call(context, body).await;
    // A concurrent duplicate may have been carried out between the reads of this request, which then failed on its
    // effect.
    if let Err(ApiError::Problem(problem)) = &result
        && matches!(problem.kind().status(), 404 | 409 | 412 | 422)
        && let Some(replay) = request.replay_of_duplicate().await
    {
        return Err(replay);
    }
    match result {
        Ok(reply) if request.is_read() && E::Target::SHOWS_MORE_THAN_VERSION => Ok(reply.with_digest()),
        result => result,
    }
}

/// Checks the required headers; gives the versions that `If-Match` names.
fn check_headers<E: Endpoint>(request: &RequestContext) -> Result<Option<TagList>, ApiError> {
    let if_match = request.if_match().filter(|_| E::PRECONDITION != Precondition::Unused);
    let if_match = parse_if_match(if_match.as_deref())?;
    if E::PRECONDITION == Precondition::Required && !if_match.as_ref().is_some_and(TagList::names_one_version) {
        let detail = format!("Send If-Match with the one ETag of the {} you have seen.", E::Target::NAME);
        return Err(Problem::new(ProblemType::PreconditionRequired, detail).into());
    }
    if E::IDEMPOTENCY == Idempotency::Required && request.idempotency().is_none() {
        let detail =
            "Send an Idempotency-Key, such as a UUID: without one, a repeated request would be carried out twice.";
        return Err(Problem::new(ProblemType::IdempotencyKeyRequired, detail).into());
    }
    Ok(if_match)
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
fn replay(request: &RequestContext, recorded: Option<&IdempotencyRecord>) -> Result<(), ApiError> {
    match (request.idempotency(), recorded) {
        (Some(idempotency), Some(recorded)) => Err(idempotency.repeated(recorded)),
        _ => Ok(()),
    }
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
    handler.call(SignedInContext { request, quota }, body).await
}
