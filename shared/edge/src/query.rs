//! The query of a request. Which parameters there are, and what they mean, is the endpoint's affair.

use jiff::Timestamp;
use lambda_http::RequestExt;
use lambda_http::http::request::Parts;
use outlay_store::PageRequest;

use crate::problem::{Problem, ProblemType};
use crate::reply::Stop;

/// Query parameters.
#[derive(Clone, Debug)]
pub struct Query {
    given: Vec<(String, String)>,
    reader: String,
    now: i64,
}

impl Query {
    /// The parameters of a request, each given at most once and all of them among those offered.
    ///
    /// # Errors
    /// 400 otherwise.
    pub(crate) fn read(parts: &Parts, offered: &[&str], reader: String, now: Timestamp) -> Result<Self, Stop> {
        let refuse = |detail: String| Problem::new(ProblemType::InvalidParameter, detail);
        let mut given: Vec<(String, String)> = Vec::new();
        for (name, value) in parts.query_string_parameters_ref().into_iter().flat_map(|query| query.iter()) {
            if !offered.contains(&name) {
                return Err(
                    refuse(format!("There is no such parameter here; there are: {}.", offered.join(", "))).into()
                );
            }
            if given.iter().any(|(known, _)| known == name) {
                return Err(refuse(format!("{name} is given twice.")).into());
            }
            given.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self { given, reader, now: now.as_second() })
    }

    /// A parameter, read by `parse`.
    ///
    /// # Errors
    /// 400 with `expected` when it cannot be read.
    pub fn get<T>(&self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Stop> {
        let value = self.given.iter().find(|(known, _)| known == name);
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
    pub fn page(&self) -> Result<PageRequest, Stop> {
        let whole = |text: &str| {
            text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten().filter(|n| *n >= 1)
        };
        let limit = self.get("limit", "a whole number from 1", whole)?.unwrap_or(25).min(100);
        let cursor = self.get("cursor", "a cursor", |text| Some(text.to_owned()))?;
        Ok(PageRequest {
            limit: i32::try_from(limit).unwrap_or(100),
            cursor,
            reader: self.reader.clone(),
            now: self.now,
        })
    }
}
