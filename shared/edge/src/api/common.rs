//! Pieces that several endpoints share: money, lists, empty bodies, reasons, parameters and the problem responses.

use std::collections::BTreeMap;

use jiff::Timestamp;
use outlay_domain::member::Person;
use outlay_domain::money::Money;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder, response::Response};
use utoipa::{IntoParams, IntoResponses, ToSchema};
use validator::Validate;

use crate::call::Input;
use crate::checks;
use crate::fault::Faults;

/// An amount of money.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = Money)]
#[serde(deny_unknown_fields)]
pub struct MoneyIo {
    /// A decimal number as text, with at most as many decimals as the currency has.
    #[schema(example = "12.34")]
    pub amount: String,
    /// ISO 4217 code.
    #[schema(example = "EUR")]
    pub currency: String,
}

impl MoneyIo {
    /// The amount, or faults noted at its members.
    pub fn read(&self, name: &str, faults: &mut Faults) -> Option<Money> {
        faults.at(name, |faults| checks::money(&self.amount, &self.currency, faults))
    }
}

impl From<Money> for MoneyIo {
    fn from(money: Money) -> Self {
        Self { amount: money.amount(), currency: money.currency().code().to_owned() }
    }
}

/// A member, by identifier and name.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonOut {
    /// Identifier, `mem_…`.
    pub id: String,
    /// Display name.
    pub name: String,
}

impl From<&Person> for PersonOut {
    fn from(person: &Person) -> Self {
        Self { id: person.id.to_string(), name: person.name.clone() }
    }
}

/// A time as it is written: RFC 3339 in UTC, to the millisecond.
#[must_use]
pub fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// A part of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PageOut<T: ToSchema> {
    /// The items.
    pub items: Vec<T>,
    /// What to send as `cursor` to go on; null at the end.
    pub next_cursor: Option<String>,
}

/// A body without fields; it may be left out.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoBody {}

impl Input for NoBody {
    type Checked = ();

    fn check(self, _: Timestamp, _: &mut Faults) -> Option<()> {
        Some(())
    }
}

/// Why a report goes back or is refused.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonIn {
    /// What the owner is told; 1 to 2000 characters.
    #[validate(custom(function = "checks::long_text"))]
    #[schema(example = "The hotel bill of 12 November is missing.")]
    pub reason: String,
}

impl Input for ReasonIn {
    type Checked = String;

    fn check(self, _: Timestamp, _: &mut Faults) -> Option<String> {
        Some(checks::cleaned(&self.reason))
    }
}

/// The organisation in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct OrgPath {
    /// The organisation, `org_…`.
    org: String,
}

/// The member in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct MemberPath {
    /// The organisation, `org_…`.
    org: String,
    /// The member, `mem_…`; where he may be the caller himself, `me`.
    member: String,
}

/// The report in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct ReportPath {
    /// The organisation, `org_…`.
    org: String,
    /// The report, `rep_…`.
    report: String,
}

/// The expense in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct ExpensePath {
    /// The organisation, `org_…`.
    org: String,
    /// The report, `rep_…`.
    report: String,
    /// The expense, `exp_…`.
    expense: String,
}

/// The receipt in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct ReceiptPath {
    /// The organisation, `org_…`.
    org: String,
    /// The report, `rep_…`.
    report: String,
    /// The expense, `exp_…`.
    expense: String,
    /// The receipt, `rcp_…`.
    receipt: String,
}

/// Paging.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct PageQuery {
    /// The most items to answer with: 25 when absent, more than 100 counts as 100.
    #[param(minimum = 1, example = 25)]
    limit: Option<u32>,
    /// `next_cursor` of the answer before.
    cursor: Option<String>,
}

/// Makes a POST safe to repeat.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct IdempotencyKey {
    /// 8 to 255 visible ASCII characters, such as a UUID. The same key with the same body gets the first answer again, for
    /// seven days; with another body it is refused.
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
}

/// Makes a POST safe to repeat that nothing else would keep from being carried out twice; required.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct IdempotencyKeyRequired {
    /// 8 to 255 visible ASCII characters, such as a UUID. The same key with the same body gets the first answer again, for
    /// seven days; with another body it is refused.
    #[param(rename = "Idempotency-Key", example = "8e03978e-40d5-43dd-bc93-6894a57f9324")]
    idempotency_key: String,
}

/// Names the version the request is about.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct IfMatch {
    /// The `ETag` of what was read; 412 when it has changed since.
    #[param(rename = "If-Match", example = "\"3\"")]
    if_match: Option<String>,
}

/// Names the version the decision is about; required.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
pub struct IfMatchRequired {
    /// The `ETag` of what was seen; 428 when it is missing, 412 when it has changed since.
    #[param(rename = "If-Match", example = "\"3\"")]
    if_match: String,
}

/// The problem responses that every endpoint can give.
#[derive(Debug)]
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let described = [
            ("400", "The request cannot be read."),
            ("401", "Nobody is signed in."),
            ("403", "Seen, but not allowed."),
            ("404", "Not there, or not the caller's to see."),
            ("406", "The client does not take JSON."),
            ("409", "Not at this moment."),
            ("410", "The cursor has expired."),
            ("412", "Another version than the one named."),
            ("413", "The body is too large."),
            ("414", "The query is too long."),
            ("415", "The body is not application/json."),
            ("422", "Some values are not valid; `errors` names each."),
            ("428", "`If-Match` is missing."),
            ("429", "More requests than the limit allows; `Retry-After` says when to go on."),
            ("500", "A failure of the program."),
            ("503", "Not available at the moment."),
        ];
        let response = |description: &str| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            RefOr::T(
                ResponseBuilder::new().description(description).content("application/problem+json", content).build(),
            )
        };
        described.into_iter().map(|(status, description)| (status.to_owned(), response(description))).collect()
    }
}
