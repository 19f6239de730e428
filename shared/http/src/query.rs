//! Query parameters of a request. The endpoint declares their names and meaning.

use jiff::Timestamp;
use lambda_http::RequestExt;
use outlay_store::PageRequest;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::error::ApiError;
use crate::problem::{Problem, ProblemType};
use crate::request::RequestContext;

/// The query parameters of an endpoint.
pub trait QueryParameters: Sized + std::fmt::Debug + Send + Sync {
    /// Their names; any other is refused (400).
    const NAMES: &'static [&'static str];

    /// Reads them.
    ///
    /// # Errors
    /// 400 when one cannot be read.
    fn parse(query: &Query) -> Result<Self, ApiError>;

    /// Their description.
    fn parameters() -> Vec<Parameter>;
}

/// Parameters as they were sent, each at most once and all of them among those declared.
#[derive(Clone, Debug)]
pub struct Query {
    given: Vec<(String, String)>,
    reader: String,
    now: Timestamp,
}

impl Query {
    /// Reads the parameters of a request.
    ///
    /// # Errors
    /// 400 for one that is unknown or repeated.
    pub(crate) fn read(request: &RequestContext, names: &[&str]) -> Result<Self, ApiError> {
        let refuse = |detail: String| ApiError::from(Problem::new(ProblemType::InvalidParameter, detail));
        let mut given: Vec<(String, String)> = Vec::new();
        for (name, value) in request.parts().query_string_parameters_ref().into_iter().flat_map(|query| query.iter()) {
            if !names.contains(&name) {
                let allowed = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                return Err(refuse(format!("Unknown query parameter. Known here: {allowed}.")));
            }
            if given.iter().any(|(given_name, _)| given_name == name) {
                return Err(refuse(format!("{name} is given twice.")));
            }
            given.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self { given, reader: request.identity().subject.clone(), now: request.now() })
    }

    /// A parameter, read by `parse`.
    ///
    /// # Errors
    /// 400 with `expected` when it cannot be read.
    pub fn get<T>(&self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ApiError> {
        let value = self.given.iter().find(|(given_name, _)| given_name == name);
        let parsed = value.map(|(_, value)| {
            parse(value).ok_or_else(|| {
                Problem::new(ProblemType::InvalidParameter, format!("{name} must be {expected}.")).into()
            })
        });
        parsed.transpose()
    }

    /// `limit` (25 when absent, 100 at most) and `cursor`.
    ///
    /// # Errors
    /// 400 when one of them cannot be read.
    pub fn page(&self) -> Result<PageRequest, ApiError> {
        let whole = |text: &str| {
            text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten().filter(|n| *n >= 1)
        };
        let limit = self.get("limit", "a whole number from 1", whole)?.unwrap_or(25).min(100);
        let cursor = self.get("cursor", "a cursor", |text| Some(text.to_owned()))?;
        Ok(PageRequest {
            limit: i32::try_from(limit).unwrap_or(100),
            cursor,
            reader: self.reader.clone(),
            now: self.now.as_second(),
        })
    }
}

/// No query parameters.
#[derive(Clone, Copy, Debug)]
pub struct NoQuery;

impl QueryParameters for NoQuery {
    const NAMES: &'static [&'static str] = &[];

    fn parse(_: &Query) -> Result<Self, ApiError> {
        Ok(Self)
    }

    fn parameters() -> Vec<Parameter> {
        Vec::new()
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct PageQuery {
    /// The page that is asked for.
    pub page: PageRequest,
}

/// Description of [`PageQuery`].
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
struct PageParameters {
    /// Page size: 25 when absent, at most 100; a larger number counts as 100.
    #[param(minimum = 1, example = 25)]
    limit: Option<u32>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

impl QueryParameters for PageQuery {
    const NAMES: &'static [&'static str] = &["limit", "cursor"];

    fn parse(query: &Query) -> Result<Self, ApiError> {
        Ok(Self { page: query.page()? })
    }

    fn parameters() -> Vec<Parameter> {
        PageParameters::into_params(|| Some(ParameterIn::Query))
    }
}
