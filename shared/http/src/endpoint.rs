//! Declaration of an endpoint: everything that the pipeline and the API description have to know about it. No item has
//! a default, so an endpoint that leaves one out does not compile.

use outlay_domain::rate_limit::RequestClass;
use outlay_input::FieldErrors;
use outlay_input::decode::{self, MalformedJson};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use validator::Validate;

use crate::config::Resource;
use crate::error::ApiError;
use crate::limits::DailyQuota;
use crate::problem::ProblemType;
use crate::queries::Preload;
use crate::query::QueryParameters;
use crate::request::Caller;
use crate::target::Target;

/// An endpoint of the API.
pub trait Endpoint: Sized + std::fmt::Debug + Send + Sync + 'static {
    /// Target of the request, and the permission that it needs.
    type Target: Target;
    /// Records that are read beside the caller and the target; `()` for none.
    type Preload: Preload;
    /// Query parameters; [`crate::NoQuery`] for none.
    type Query: QueryParameters;
    /// Request body: [`NoBody`], an input type, or `Option` of one that may be left out.
    type Body: Body;
    /// Service beside the table; `()` for none.
    type Resource: Resource;
    /// Class of rate limit that the request counts against.
    const COST: RequestClass;
    /// Use of `Idempotency-Key`.
    const IDEMPOTENCY: Idempotency;
    /// Use of `If-Match`.
    const PRECONDITION: Precondition;
    /// Problems that the handler itself can answer with, beyond those that follow from the other items.
    const OTHER_PROBLEMS: &'static [ProblemType];

    /// Daily quota that the request takes from when it is carried out.
    const DAILY_QUOTA: DailyQuotaOf<Self>;

    /// True when the request can change something; follows from the other items.
    const CHANGES_SOMETHING: bool =
        !matches!((Self::IDEMPOTENCY, Self::PRECONDITION), (Idempotency::Unused, Precondition::Unused));
}

/// Daily quota that a request takes from, by its body.
pub type DailyQuotaOf<E> = fn(&Checked<E>) -> Option<DailyQuota>;

/// The checked body of an endpoint.
pub type Checked<E> = <<E as Endpoint>::Body as Body>::Checked;

/// Use of `Idempotency-Key` by an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// The header is ignored: the request changes nothing, or its answer must not be stored.
    Unused,
    /// Honoured when it is sent. A repeated request is recognised without it.
    Accepted,
    /// Must be sent: repeated without it, the request would be carried out twice.
    Required,
}

/// Use of `If-Match` by an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// `If-Match` is ignored.
    Unused,
    /// Honoured when it is sent.
    Accepted,
    /// Must be sent, with exactly one tag: a decision names the version that was seen.
    Required,
}

/// Input type that is turned into a checked value.
pub trait Input: DeserializeOwned + Validate + Send {
    /// The checked value.
    type Checked: Send + Sync;

    /// Turns the input into domain values and adds its errors to `errors`. The result counts only when there are none.
    fn check(self, now: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked>;

    /// Checks a right that the caller needs for what the body asks, beyond the right on the target.
    ///
    /// # Errors
    /// 403 when the caller does not have it.
    fn authorize(checked: &Self::Checked, caller: &Caller) -> Result<(), ApiError> {
        let _ = (checked, caller);
        Ok(())
    }
}

/// Body of a request, and its conversion into a checked value.
pub trait Body {
    /// The checked value.
    type Checked: Send + Sync;
    /// True when the body may be left out; an absent one counts as an empty object.
    const IS_OPTIONAL: bool;
    /// True when the body is read at all.
    const IS_READ: bool;
    /// Media type and size that are accepted.
    const FORMAT: BodyFormat = BodyFormat::JSON;

    /// Decodes and checks a body.
    ///
    /// # Errors
    /// [`BodyError`].
    fn parse(body: &[u8], now: jiff::Timestamp) -> Result<Self::Checked, BodyError>;

    /// Checks a right that the caller needs for what the body asks.
    ///
    /// # Errors
    /// As for [`Input::authorize`].
    fn authorize(checked: &Self::Checked, caller: &Caller) -> Result<(), ApiError>;
}

/// Media types and size of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyFormat {
    /// Accepted media types, in lower case. The text is in UTF-8.
    pub media_types: &'static [&'static str],
    /// Size limit, in bytes.
    pub max_bytes: usize,
}

impl BodyFormat {
    /// JSON of at most 256 KiB.
    pub const JSON: Self = Self { media_types: &["application/json"], max_bytes: 256 * 1024 };
    /// XML of at most 1 MiB.
    pub const XML: Self = Self { media_types: &["application/xml", "text/xml"], max_bytes: 1024 * 1024 };
}

/// XML file as the body. The handler reads it.
#[derive(Clone, Copy, Debug)]
pub enum XmlFile {}

impl Body for XmlFile {
    type Checked = Vec<u8>;
    const IS_OPTIONAL: bool = false;
    const IS_READ: bool = true;
    const FORMAT: BodyFormat = BodyFormat::XML;

    fn parse(body: &[u8], _: jiff::Timestamp) -> Result<Vec<u8>, BodyError> {
        Ok(body.to_vec())
    }

    fn authorize(_: &Vec<u8>, _: &Caller) -> Result<(), ApiError> {
        Ok(())
    }
}

/// Reason why a body is refused.
#[derive(Debug)]
pub enum BodyError {
    /// The bytes are not one strict JSON object.
    Malformed(MalformedJson),
    /// Values are wrong.
    Invalid(FieldErrors),
}

impl<T: Input> Body for T {
    type Checked = T::Checked;
    const IS_OPTIONAL: bool = false;
    const IS_READ: bool = true;

    fn parse(body: &[u8], now: jiff::Timestamp) -> Result<Self::Checked, BodyError> {
        let mut errors = FieldErrors::default();
        let input: T = decode::decode(body, &mut errors).map_err(BodyError::Malformed)?;
        if errors.is_full() {
            return Err(BodyError::Invalid(errors));
        }
        if let Err(found) = input.validate() {
            errors.extend_from(&found);
        }
        match input.check(now, &mut errors) {
            Some(checked) if errors.is_empty() => Ok(checked),
            _ => Err(BodyError::Invalid(errors)),
        }
    }

    fn authorize(checked: &Self::Checked, caller: &Caller) -> Result<(), ApiError> {
        <T as Input>::authorize(checked, caller)
    }
}

impl<T: Input> Body for Option<T> {
    type Checked = T::Checked;
    const IS_OPTIONAL: bool = true;
    const IS_READ: bool = true;

    fn parse(body: &[u8], now: jiff::Timestamp) -> Result<Self::Checked, BodyError> {
        T::parse(body, now)
    }

    fn authorize(checked: &Self::Checked, caller: &Caller) -> Result<(), ApiError> {
        <T as Input>::authorize(checked, caller)
    }
}

/// The body of a GET: it has no meaning and is not read.
#[derive(Clone, Copy, Debug)]
pub enum NoBody {}

impl Body for NoBody {
    type Checked = ();
    const IS_OPTIONAL: bool = true;
    const IS_READ: bool = false;

    fn parse(_: &[u8], _: jiff::Timestamp) -> Result<(), BodyError> {
        Ok(())
    }

    fn authorize((): &(), _: &Caller) -> Result<(), ApiError> {
        Ok(())
    }
}

/// Body without fields.
#[derive(Clone, Copy, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmptyObject {}

impl Input for EmptyObject {
    type Checked = ();

    fn check(self, _: jiff::Timestamp, _: &mut FieldErrors) -> Option<()> {
        Some(())
    }
}
