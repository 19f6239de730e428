//! Parameters and responses of an endpoint in the API description, made from its declaration: the pipeline and the
//! description cannot disagree.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::Response;
use utoipa::openapi::{ContentBuilder, Object, Ref, RefOr, Required, ResponseBuilder, Type};
use utoipa::{IntoParams, IntoResponses};

use crate::endpoint::{Body, Endpoint, Idempotency, Precondition};
use crate::query::QueryParameters;
use crate::target::Target;

/// Headers, query parameters and problem responses of the endpoint `E`, for `#[utoipa::path]`.
#[derive(Debug)]
pub struct Declared<E>(PhantomData<E>);

/// Statuses of problems, with the name and the description of each response.
pub const PROBLEM_RESPONSES: [(u16, &str, &str); 16] = [
    (400, "BadRequest", "The request cannot be read: a header, a query parameter, a cursor or the JSON."),
    (401, "Unauthorized", "No valid access token."),
    (403, "Forbidden", "Visible to the caller, but not allowed."),
    (404, "NotFound", "No such resource, or not visible to the caller."),
    (406, "NotAcceptable", "The client does not accept JSON."),
    (409, "Conflict", "Not allowed in the present state, or it exists already."),
    (410, "Gone", "The cursor has expired."),
    (412, "PreconditionFailed", "The version named in `If-Match` is not the current one."),
    (413, "ContentTooLarge", "The body is larger than 256 KiB, or an XML file than 1 MiB."),
    (414, "UriTooLong", "The query is longer than 8 KiB."),
    (415, "UnsupportedMediaType", "The body has not the media type of the operation."),
    (422, "UnprocessableContent", "Values are not valid; `errors` names each with its JSON pointer."),
    (428, "PreconditionRequired", "`If-Match` is missing, or does not name exactly one version."),
    (429, "TooManyRequests", "A rate limit or daily quota is used up; `Retry-After` says for how long."),
    (500, "InternalServerError", "A failure of the service, or damaged data."),
    (503, "ServiceUnavailable", "Temporarily unavailable or too slow; `Retry-After` says when to try again."),
];

/// The response of a problem status as a component of the description.
#[must_use]
pub fn problem_responses() -> Vec<(&'static str, Response)> {
    let response = |description: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        ResponseBuilder::new().description(description).content("application/problem+json", content).build()
    };
    PROBLEM_RESPONSES.iter().map(|(_, name, description)| (*name, response(description))).collect()
}

/// The problem statuses that an endpoint can answer with.
#[must_use]
pub fn problem_statuses<E: Endpoint>() -> BTreeSet<u16> {
    let writes = E::CHANGES_SOMETHING;
    let has_cursor = E::Query::NAMES.contains(&"cursor");
    let when = |holds: bool, status: u16| holds.then_some(status);
    let always = [400, 401, 406, 413, 414, 429, 500, 503];
    let declared = [
        when(E::Target::NEEDS_MEMBERSHIP, 404),
        when(E::Target::IS_FORBIDDEN_TO_SOME, 403),
        when(writes && E::Target::NEEDS_MEMBERSHIP, 409),
        when(has_cursor, 410),
        when(E::PRECONDITION != Precondition::Unused, 412),
        when(E::Body::IS_READ, 415),
        when(E::Body::IS_READ, 422),
        when(E::PRECONDITION == Precondition::Required, 428),
    ];
    let others = E::OTHER_PROBLEMS.iter().map(|kind| kind.status());
    always.into_iter().chain(declared.into_iter().flatten()).chain(others).collect()
}

impl<E: Endpoint> IntoResponses for Declared<E> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let statuses = problem_statuses::<E>();
        let declared = PROBLEM_RESPONSES.iter().filter(|(status, ..)| statuses.contains(status));
        let reference = |name: &str| RefOr::Ref(Ref::new(format!("#/components/responses/{name}")));
        declared.map(|(status, name, _)| (status.to_string(), reference(name))).collect()
    }
}

impl<E: Endpoint> IntoParams for Declared<E> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = E::Query::parameters();
        let header = |name: &str, required: bool, description: &str, example: &str| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(if required { Required::True } else { Required::False })
                .description(Some(description))
                .schema(Some(Object::with_type(Type::String)))
                .example(Some(example.into()))
                .build()
        };
        if E::IDEMPOTENCY != Idempotency::Unused {
            parameters.push(header(
                "Idempotency-Key",
                E::IDEMPOTENCY == Idempotency::Required,
                "8 to 255 visible ASCII characters, such as a UUID. The same key with the same request gets the first \
                 answer again, for seven days and with the right to it; with another request it is refused.",
                "8e03978e-40d5-43dd-bc93-6894a57f9324",
            ));
        }
        if E::PRECONDITION != Precondition::Unused {
            parameters.push(header(
                "If-Match",
                E::PRECONDITION == Precondition::Required,
                "`ETag` of the version that the request is about, quotes included; 412 when it is not the current one. \
                 A list and `*` for any version are allowed, unless the header is required.",
                "\"3\"",
            ));
        }
        parameters
    }
}
