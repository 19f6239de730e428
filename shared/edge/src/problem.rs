//! Problems (RFC 9457): the closed catalogue of what this API answers when it says no, each type with exactly one status,
//! and the one mapping to it from refusals and failures. Causes inside are logged, never shown.

use lambda_http::http::{StatusCode, header};
use lambda_http::{Body, Response};
use outlay_domain::conversion::ConversionFault;
use outlay_domain::money::Money;
use outlay_domain::refusal::{LineFault, Refusal};
use outlay_domain::report::{MAX_BYTES, MAX_COST_CENTRES, MAX_EXPENSES};
use outlay_domain::spending::{MAX_BUCKETS, MAX_CLAIMS};
use outlay_receipts::BucketError;
use outlay_store::{CommitError, CursorFault, ListError, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::fault::{Fault, Faults};
use crate::limit::{Report, Uncounted};
use crate::log::{Level, log};

macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident $uri:literal $status:literal $title:literal;)*) => {
        /// Every type of problem this API answers with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemType {
            $($(#[$doc])* $name,)*
        }

        impl ProblemType {
            /// Every type, in the order of their status.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The `type` member: a stable reference.
            #[must_use]
            pub const fn uri(self) -> &'static str {
                match self { $(Self::$name => $uri,)* }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The `title` member.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

catalogue! {
    /// A cursor that is not of this list.
    CursorInvalid "/problems/cursor-invalid" 400 "The cursor is not one of this list";
    /// The idempotency key is missing.
    IdempotencyKeyRequired "/problems/idempotency-key-required" 400 "Send an idempotency key";
    /// A header that cannot be read.
    InvalidHeader "/problems/invalid-header" 400 "A header is not valid";
    /// A query parameter that is unknown, repeated or cannot be read.
    InvalidParameter "/problems/invalid-parameter" 400 "A parameter is not valid";
    /// A body that is not one JSON object.
    MalformedJson "/problems/malformed-json" 400 "The body is not one JSON object";
    /// Nobody is signed in.
    Unauthenticated "/problems/unauthenticated" 401 "Sign in first";
    /// Seen, but not allowed.
    Forbidden "/problems/forbidden" 403 "You may not do this";
    /// The total is above what the caller may approve.
    ApprovalLimit "/problems/approval-limit" 403 "The total is above what you may decide on";
    /// Separation of duties.
    SegregationOfDuties "/problems/segregation-of-duties" 403 "Separation of duties does not allow this";
    /// Not there, or not the caller's to see.
    NotFound "/problems/not-found" 404 "There is nothing here";
    /// The path exists, but not for this method.
    MethodNotAllowed "/problems/method-not-allowed" 405 "Not with this method";
    /// The client takes no JSON.
    NotAcceptable "/problems/not-acceptable" 406 "Answers are JSON";
    /// The caller's step is decided.
    AlreadyDecided "/problems/already-decided" 409 "This has been decided already";
    /// Something with this unique value is there already.
    AlreadyExists "/problems/already-exists" 409 "It exists already";
    /// The report, or the member, does not stand where the action needs it.
    InvalidState "/problems/invalid-state" 409 "Not at this moment";
    /// A step of the route finds nobody.
    NoApprover "/problems/no-approver" 409 "Nobody can approve this report";
    /// A cursor older than a day.
    CursorExpired "/problems/cursor-expired" 410 "The cursor has expired";
    /// The version in `If-Match` is not the current one, or was overtaken.
    StaleVersion "/problems/stale-version" 412 "It has changed since you read it";
    /// A body over the limit.
    BodyTooLarge "/problems/body-too-large" 413 "The body is too large";
    /// A query over the limit.
    UriTooLong "/problems/uri-too-long" 414 "The query is too long";
    /// A body that is not `application/json`.
    UnsupportedMediaType "/problems/unsupported-media-type" 415 "The body must be application/json";
    /// The idempotency key was used for another request.
    IdempotencyKeyReused "/problems/idempotency-key-reused" 422 "The idempotency key belongs to another request";
    /// The body can be read but is wrong; `errors` says where.
    ValidationFailed "/problems/validation-failed" 422 "Some values are not valid";
    /// `If-Match` is missing.
    PreconditionRequired "/problems/precondition-required" 428 "Say which version you mean";
    /// More requests than the limit allows.
    QuotaExceeded "https://iana.org/assignments/http-problem-types#quota-exceeded" 429 "Too many requests";
    /// Stored data contradicts itself.
    Integrity "/problems/integrity" 500 "Stored data is damaged";
    /// A failure of the program.
    Internal "/problems/internal" 500 "Something went wrong here";
    /// A service this one needs does not answer.
    DependencyUnavailable "/problems/dependency-unavailable" 503 "A service is not available";
    /// Too many requests change the same thing, or requests cannot be counted.
    ReducedCapacity "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity" 503 "Too busy at the moment";
}

/// What a client reads of a problem.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Stable reference of the type of problem.
    #[serde(rename = "type")]
    #[schema(example = "/problems/validation-failed")]
    pub kind: String,
    /// The type in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened in this case.
    pub detail: String,
    /// The id of the request, to be named when asking for help.
    pub instance: String,
    /// Every fault of the input, each with a JSON pointer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// The limits that were exceeded, as named in `RateLimit-Policy`.
    #[serde(default, rename = "violated-policies", skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!([]))]
    pub violated_policies: Vec<String>,
}

/// A problem on its way to the client.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: ProblemType,
    detail: String,
    errors: Vec<Fault>,
    /// The limit that was exceeded.
    violated: Option<&'static str>,
    /// For the log only.
    cause: Option<String>,
    /// Headers of the answer beyond those of every problem.
    headers: Vec<(&'static str, String)>,
}

impl Problem {
    /// A problem with a sentence about this case.
    #[must_use]
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        let headers = match kind.status() {
            401 => vec![("www-authenticate", "Bearer".to_owned())],
            503 => vec![("retry-after", "1".to_owned())],
            _ => Vec::new(),
        };
        Self { kind, detail: detail.into(), errors: Vec::new(), violated: None, cause: None, headers }
    }

    /// The 404 that is the same whether the thing does not exist or is not the caller's to see.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ProblemType::NotFound, "There is no such resource, or it is not yours to see.")
    }

    /// The faults of an input.
    #[must_use]
    pub fn invalid(faults: Faults) -> Self {
        let errors = faults.into_list();
        let detail = match errors.len() {
            1 => "One value is not valid.".to_owned(),
            many => format!("{many} values are not valid."),
        };
        Self { errors, ..Self::new(ProblemType::ValidationFailed, detail) }
    }

    /// A failure of the program; the cause is logged, not shown.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let shown = "The request was not carried out. Nothing was changed.";
        Self { cause: Some(cause.to_string()), ..Self::new(ProblemType::Internal, shown) }
    }

    /// A request beyond a limit.
    fn beyond(limit: &Report) -> Self {
        let seconds = limit.standing.next_in;
        let mut problem =
            Self::new(ProblemType::QuotaExceeded, format!("Wait {seconds} s and try again; nothing was done."));
        problem.violated = Some(limit.name());
        problem.headers.push(("retry-after", seconds.to_string()));
        problem
    }

    /// More than somebody may do on a day of what `limit` names; the next day begins in so many seconds.
    #[must_use]
    pub fn too_much_today(limit: &'static str, detail: String, seconds: i64) -> Self {
        let mut problem = Self::new(ProblemType::QuotaExceeded, detail);
        problem.violated = Some(limit);
        problem.headers.push(("retry-after", seconds.to_string()));
        problem
    }

    /// A request with a method that its path does not have.
    #[must_use]
    pub fn not_with(allowed: &str) -> Self {
        let mut problem = Self::new(ProblemType::MethodNotAllowed, format!("This path takes {allowed}."));
        problem.headers.push(("allow", allowed.to_owned()));
        problem
    }

    /// The problem of a part of the body: its faults are beneath the member `name`.
    #[must_use]
    pub fn beneath(mut self, name: &str) -> Self {
        for fault in &mut self.errors {
            fault.pointer = format!("/{name}{}", fault.pointer);
        }
        self
    }

    /// The type.
    #[must_use]
    pub const fn kind(&self) -> ProblemType {
        self.kind
    }

    /// The response, and one line in the log when the fault is ours.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response<Body> {
        if let Some(cause) = &self.cause {
            log(Level::Error, cause, &[("problem", &self.kind.uri()), ("request_id", &request_id)]);
        }
        let body = ProblemBody {
            kind: self.kind.uri().to_owned(),
            title: self.kind.title().to_owned(),
            status: self.kind.status(),
            detail: self.detail,
            instance: request_id.to_owned(),
            errors: self.errors,
            violated_policies: self.violated.into_iter().map(str::to_owned).collect(),
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = Response::new(Body::Text(text));
        *response.status_mut() = StatusCode::from_u16(self.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        for (name, value) in self.headers {
            if let Ok(value) = header::HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let cause = Some(error.to_string());
        let problem = match error {
            StoreError::Unavailable(_) => Self::new(
                ProblemType::DependencyUnavailable,
                "The records cannot be reached at the moment. Try again; with an Idempotency-Key nothing is done twice.",
            ),
            StoreError::Broken { .. } => Self::new(ProblemType::Integrity, "A stored record cannot be understood."),
            StoreError::Refused(_) => Self::internal(""),
        };
        Self { cause, ..problem }
    }
}

impl From<Uncounted> for Problem {
    fn from(uncounted: Uncounted) -> Self {
        match uncounted {
            Uncounted::Beyond(limit) => Self::beyond(&limit),
            Uncounted::Unavailable(error) if !matches!(error, StoreError::Unavailable(_)) => error.into(),
            Uncounted::Unavailable(error) => {
                let shown = "Requests cannot be counted at the moment. Nothing was changed; try again.";
                Self { cause: Some(error.to_string()), ..Self::new(ProblemType::ReducedCapacity, shown) }
            }
        }
    }
}

impl From<BucketError> for Problem {
    fn from(error: BucketError) -> Self {
        let shown = "Files cannot be reached at the moment. Try again.";
        if error.is_unavailable() {
            Self { cause: Some(error.to_string()), ..Self::new(ProblemType::DependencyUnavailable, shown) }
        } else {
            Self::internal(error)
        }
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Cursor(CursorFault::Foreign) => {
                Self::new(ProblemType::CursorInvalid, "Take next_cursor from your own answer to the same request.")
            }
            ListError::Cursor(CursorFault::Expired) => {
                Self::new(ProblemType::CursorExpired, "A cursor is good for a day. Begin the list anew.")
            }
            ListError::Store(error) => error.into(),
        }
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Stale => Self::new(
                ProblemType::StaleVersion,
                "Somebody changed it a moment before you. Read it again and decide anew.",
            ),
            CommitError::AddressTaken => Self::new(
                ProblemType::AlreadyExists,
                "A member of the organisation has this e-mail address, or this subject, already.",
            ),
            CommitError::Busy => {
                Self::new(ProblemType::ReducedCapacity, "Other requests keep changing the same records. Try again.")
            }
            // Such a request is carried out anew before this mapping is reached.
            CommitError::Overtaken => Self::internal("an overtaken request was not carried out anew"),
            // A repeated request is answered before this mapping is reached.
            CommitError::Repeated(_) => Self::internal("a repeated request was not replayed"),
            CommitError::TooLarge(items) => {
                Self::internal(format!("a change of {items} items does not fit in one transaction"))
            }
            CommitError::Store(error) => error.into(),
        }
    }
}

/// For logs: the cause, where there is one that clients are not shown.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.uri(), self.cause.as_ref().unwrap_or(&self.detail))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotVisible | Refusal::UnknownExpense | Refusal::UnknownReceipt => Self::not_found(),
            Refusal::UnknownManager(_) | Refusal::UnknownConcerned(_) => {
                Self::internal("a route was refused for want of a member")
            }
            Refusal::Forbidden(why) => Self::new(ProblemType::Forbidden, why),
            Refusal::Duties(why) => Self::new(ProblemType::SegregationOfDuties, why),
            Refusal::ApprovalLimit { limit, total } => Self::new(
                ProblemType::ApprovalLimit,
                format!(
                    "The total of {total} is above the {limit} you may decide on here. An admin can reassign the step."
                ),
            ),
            Refusal::InvalidState { status, action } => Self::new(
                ProblemType::InvalidState,
                format!("A report in the state {} cannot be {action}.", status.name()),
            ),
            Refusal::MemberState(why) => Self::new(ProblemType::InvalidState, why),
            Refusal::WasSubmitted => Self::new(
                ProblemType::InvalidState,
                "A report that was submitted before cannot be deleted: its history would lose its subject.",
            ),
            Refusal::AlreadyDecided => Self::new(
                ProblemType::AlreadyDecided,
                "You have had your say on this report already, or somebody has for you.",
            ),
            Refusal::NoApprover { step } => Self::new(
                ProblemType::NoApprover,
                format!(
                    "Nobody may decide on the step {step}: not its approvers, no manager further up, and no fallback approver."
                ),
            ),
            of_values => {
                let mut faults = Faults::default();
                note(of_values, &mut faults);
                Self::invalid(faults)
            }
        }
    }
}

/// Notes what a refusal finds wrong with the values that were sent, or with those of the report.
fn note(refusal: Refusal, faults: &mut Faults) {
    let (pointer, rule, detail) = match refusal {
        Refusal::NotAssignable(why) => ("/to", "assignable", format!("This member {why}.")),
        Refusal::NotAsked => ("/from", "not-asked", "This member is not asked at the pending step.".to_owned()),
        Refusal::OwnManager => ("/manager_id", "own-manager", "Nobody is his own manager.".to_owned()),
        Refusal::ServiceAdmin => ("/role", "kind", "A service cannot be an admin: a person has to be.".to_owned()),
        Refusal::NotPaid => ("/payee_id", "role", "Services and former members are not paid.".to_owned()),
        Refusal::Ceiling { limit } => {
            ("/ceiling", "maximum", format!("Must be at most {limit}, what the member himself may approve."))
        }
        Refusal::NoReports => {
            ("/owner_id", "role", "Auditors, services and former members have no reports.".to_owned())
        }
        Refusal::Parts { parts, whole } => ("/parts", "sum", difference(parts, whole)),
        Refusal::Empty => ("/expenses", "length", "A report needs at least one expense to be submitted.".to_owned()),
        Refusal::TooManyExpenses => ("/expenses", "length", format!("A report has at most {MAX_EXPENSES} expenses.")),
        Refusal::TooManyReceipts { of, most } => ("/receipts", "length", format!("{of} has at most {most} receipts.")),
        Refusal::TooLarge => {
            let most = MAX_BYTES / 1024;
            ("/expenses", "size", format!("A report holds at most {most} KiB, its findings included. Split it."))
        }
        Refusal::TotalTooLarge => {
            ("/expenses", "total", "The total is larger than any amount Outlay handles.".to_owned())
        }
        Refusal::TooManyPeriods => {
            ("/expenses", "periods", format!("The expenses fall into more than {MAX_BUCKETS} months and trips."))
        }
        Refusal::TooManyCostCentres => {
            ("/expenses", "cost-centres", format!("The expenses are on more than {MAX_COST_CENTRES} cost centres."))
        }
        Refusal::TooManyClaims => {
            ("/expenses", "claims", format!("A member claims at most {MAX_CLAIMS} expenses of one month or one trip."))
        }
        Refusal::Limit(fault) => ("/expenses", "limit", sentence(&format!("a limit of the policy: {fault}"))),
        by_line => return note_lines(by_line, faults),
    };
    faults.note_at(pointer.to_owned(), rule, detail);
}

/// The same for what concerns single lines or parts.
fn note_lines(refusal: Refusal, faults: &mut Faults) {
    match refusal {
        Refusal::Lines(lines) => lines.into_iter().for_each(|(at, fault)| line_fault(at, fault, faults)),
        Refusal::PartFault(at, LineFault::TooMuch { most }) => {
            let detail =
                format!("Of the tax more than its amount of {most} would fall to this part. Say the tax of each part.");
            faults.note_at(format!("/parts/{at}/tax"), "maximum", detail);
        }
        Refusal::PartFault(at, _) => {
            let detail = "Must be the currency of the expense.";
            faults.note_at(format!("/parts/{at}/amount/currency"), "same-currency", detail);
        }
        Refusal::Conversion(lines) => {
            for (position, fault) in lines {
                let line = position.map_or_else(String::new, |position| format!("/expenses/{position}"));
                let (member, rule) = match fault {
                    ConversionFault::RateMissing { .. } => ("currency", "rate-missing"),
                    ConversionFault::TooLarge => ("amount", "maximum"),
                };
                faults.note_at(format!("{line}/amount/{member}"), rule, sentence(&fault.to_string()));
            }
        }
        Refusal::Policy(violations) => {
            for (position, violation) in violations {
                let pointer = format!("/expenses/{position}/{}", violation.field.name());
                faults.note_at(pointer, violation.rule.name(), violation.message);
            }
        }
        // What is not of values or lines has its own problem.
        _ => faults.note_at(String::new(), "refused", "The request cannot be carried out."),
    }
}

fn line_fault(position: usize, fault: LineFault, faults: &mut Faults) {
    let (member, rule, detail) = match fault {
        LineFault::Unknown => ("expense_id", "unknown-expense", "The report has no such expense.".to_owned()),
        LineFault::Repeated => ("expense_id", "unique", "This expense is named twice.".to_owned()),
        LineFault::Currency => {
            ("approved_amount/currency", "same-currency", "Must be the currency of the expense.".to_owned())
        }
        LineFault::TooMuch { most } => ("approved_amount/amount", "maximum", format!("Must be at most {most}.")),
    };
    faults.note_at(format!("/expenses/{position}/{member}"), rule, detail);
}

fn difference(parts: Money, whole: Money) -> String {
    let (more, by) =
        if parts.minor() > whole.minor() { ("more", parts.minus(whole)) } else { ("less", whole.minus(parts)) };
    let by = by.map_or_else(|_| String::new(), |by| by.to_string());
    format!("The parts add up to {parts}, {by} {more} than the expense of {whole}.")
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), characters.as_str()))
}
