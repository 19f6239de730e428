//! Problems (RFC 9457): the closed catalogue of types that this API answers with, each with exactly one status, and the
//! one mapping to it from refusals and failures. Internal causes are logged, never shown.

use lambda_http::http::{StatusCode, header};
use lambda_http::{Body, Response};
use outlay_domain::conversion::ConversionError;
use outlay_domain::error::{DomainError, LineError};
use outlay_domain::money::Money;
use outlay_domain::report::{MAX_COST_CENTRES, MAX_EXPENSES, MAX_REPORT_BYTES};
use outlay_domain::spending::{MAX_CLAIMS_PER_BUCKET, MAX_SPENDING_BUCKETS};
use outlay_domain::text::{DisplayName, Label};
use outlay_receipts::BucketError;
use outlay_store::{CommitError, CursorError, ListError, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use outlay_aws::log::{Level, log};
use outlay_input::{FieldError, FieldErrors};
use outlay_vault::VaultError;

use crate::limits::{DailyQuota, LimitError, RateLimitStatus};

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
    /// A cursor of another list.
    CursorInvalid "/problems/cursor-invalid" 400 "Cursor not valid for this list";
    /// The idempotency key is missing.
    IdempotencyKeyRequired "/problems/idempotency-key-required" 400 "Idempotency-Key required";
    /// A header that cannot be read.
    InvalidHeader "/problems/invalid-header" 400 "Invalid header";
    /// A query parameter that is unknown, repeated or cannot be read.
    InvalidParameter "/problems/invalid-parameter" 400 "Invalid parameter";
    /// A body that is not one JSON object.
    MalformedJson "/problems/malformed-json" 400 "Malformed JSON";
    /// No valid access token.
    Unauthenticated "/problems/unauthenticated" 401 "Unauthenticated";
    /// Visible to the caller, but not allowed.
    Forbidden "/problems/forbidden" 403 "Forbidden";
    /// The total is above what the caller may approve.
    ApprovalLimit "/problems/approval-limit" 403 "Approval limit exceeded";
    /// Separation of duties.
    SegregationOfDuties "/problems/segregation-of-duties" 403 "Separation of duties";
    /// Absent, or not visible to the caller.
    NotFound "/problems/not-found" 404 "Not found";
    /// The path exists, but not for this method.
    MethodNotAllowed "/problems/method-not-allowed" 405 "Method not allowed";
    /// The client does not accept JSON.
    NotAcceptable "/problems/not-acceptable" 406 "Not acceptable";
    /// The caller has decided already.
    AlreadyDecided "/problems/already-decided" 409 "Already decided";
    /// A unique value is in use.
    AlreadyExists "/problems/already-exists" 409 "Already exists";
    /// The state of the report or the member does not allow the action.
    InvalidState "/problems/invalid-state" 409 "Not allowed in this state";
    /// A step of the route has no eligible approver.
    NoApprover "/problems/no-approver" 409 "No eligible approver";
    /// The organisation was closed.
    OrganisationClosed "/problems/organisation-closed" 409 "Organisation closed";
    /// A cursor older than a day.
    CursorExpired "/problems/cursor-expired" 410 "Cursor expired";
    /// The version in `If-Match` is not the current one.
    StaleVersion "/problems/stale-version" 412 "Stale version";
    /// A body over the limit.
    BodyTooLarge "/problems/body-too-large" 413 "Body too large";
    /// A query over the limit.
    UriTooLong "/problems/uri-too-long" 414 "Query too long";
    /// A body that has not the media type of the endpoint.
    UnsupportedMediaType "/problems/unsupported-media-type" 415 "Unsupported media type";
    /// The journal cannot be written in the format.
    ExportFailed "/problems/export-failed" 422 "Export failed";
    /// The idempotency key was used for another request.
    IdempotencyKeyReused "/problems/idempotency-key-reused" 422 "Idempotency-Key reused";
    /// Values of the body are wrong; `errors` names each.
    ValidationFailed "/problems/validation-failed" 422 "Validation failed";
    /// `If-Match` is missing, or does not name exactly one version.
    PreconditionRequired "/problems/precondition-required" 428 "If-Match required";
    /// More requests than the limit allows.
    QuotaExceeded "https://iana.org/assignments/http-problem-types#quota-exceeded" 429 "Quota exceeded";
    /// Stored data contradicts itself.
    Integrity "/problems/integrity" 500 "Stored data damaged";
    /// A failure of the program.
    Internal "/problems/internal" 500 "Internal error";
    /// An AWS service or the token issuer does not answer.
    DependencyUnavailable "/problems/dependency-unavailable" 503 "Dependency unavailable";
    /// Too many requests change the same record, requests cannot be counted, or the time for a request has ended.
    ReducedCapacity "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity" 503 "Temporarily reduced capacity";
}

/// A problem (RFC 9457).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Stable identifier of the problem type.
    #[serde(rename = "type")]
    #[schema(example = "/problems/validation-failed")]
    pub kind: String,
    /// Title of the type.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Cause in this case, and what to do.
    pub detail: String,
    /// Request id, for support.
    pub instance: String,
    /// Errors of the input, each with its JSON pointer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Limits that were exceeded, as named in `RateLimit-Policy`.
    #[serde(default, rename = "violated-policies", skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!([]))]
    pub violated_policies: Vec<String>,
}

/// A problem to answer with.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: ProblemType,
    detail: String,
    errors: Vec<FieldError>,
    /// Limit that was exceeded.
    violated: Option<&'static str>,
    /// For the log only.
    cause: Option<String>,
    /// Further headers of the response.
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

    /// The 404 that is the same for what does not exist and what is not visible to the caller.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ProblemType::NotFound, "No such resource, or it is not visible to you.")
    }

    /// Validation errors.
    #[must_use]
    pub fn invalid(errors: FieldErrors) -> Self {
        let errors = errors.into_sorted();
        let detail = match errors.len() {
            1 => "One value is not valid.".to_owned(),
            many => format!("{many} values are not valid."),
        };
        Self { errors, ..Self::new(ProblemType::ValidationFailed, detail) }
    }

    /// A failure of the service; the cause is logged, not shown.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let shown = "The request was not carried out. Nothing was changed.";
        Self { cause: Some(cause.to_string()), ..Self::new(ProblemType::Internal, shown) }
    }

    /// A request whose time has ended. Whether its change was stored is not known.
    #[must_use]
    pub fn out_of_time() -> Self {
        let detail = "The request took too long. It may have been carried out: repeat it with the same Idempotency-Key, \
                      or read the record first.";
        Self::new(ProblemType::ReducedCapacity, detail)
    }

    /// A request beyond a rate limit.
    fn rate_limited(limit: &RateLimitStatus) -> Self {
        let seconds = limit.standing.retry_after_seconds;
        let mut problem = Self::new(ProblemType::QuotaExceeded, format!("Nothing was done. Try again in {seconds} s."));
        problem.violated = Some(limit.name());
        problem.headers.push(("retry-after", seconds.to_string()));
        problem
    }

    /// A request beyond a daily quota.
    fn daily_quota_exceeded(quota: DailyQuota, retry_after: i64) -> Self {
        let detail = format!("{} Nothing was done. Continue after midnight UTC.", quota.sentence());
        let mut problem = Self::new(ProblemType::QuotaExceeded, detail);
        problem.violated = Some(quota.name());
        problem.headers.push(("retry-after", retry_after.to_string()));
        problem
    }

    /// A method that the path does not have.
    #[must_use]
    pub fn method_not_allowed(allowed: &str) -> Self {
        let mut problem = Self::new(ProblemType::MethodNotAllowed, format!("This path allows {allowed}."));
        problem.headers.push(("allow", allowed.to_owned()));
        problem
    }

    /// The problem of a part of the body. The pointers of its errors begin with the field `name`.
    #[must_use]
    pub fn prefixed(mut self, name: &str) -> Self {
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

    /// Cause in this case, and what to do.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The response. A hidden cause is logged.
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
                "The records cannot be reached at the moment. Try again; with an Idempotency-Key nothing is done \
                 twice.",
            ),
            StoreError::Corrupt { .. } => Self::new(ProblemType::Integrity, "A stored record cannot be understood."),
            StoreError::Refused(_) => Self::internal(""),
        };
        Self { cause, ..problem }
    }
}

impl From<LimitError> for Problem {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::RateExceeded(status) => Self::rate_limited(&status),
            LimitError::QuotaExceeded { quota, retry_after } => Self::daily_quota_exceeded(quota, retry_after),
            LimitError::Unavailable(error) if !matches!(error, StoreError::Unavailable(_)) => error.into(),
            LimitError::Unavailable(error) => {
                let shown = "Requests cannot be counted at the moment. Nothing was changed; try again.";
                Self { cause: Some(error.to_string()), ..Self::new(ProblemType::ReducedCapacity, shown) }
            }
        }
    }
}

impl From<FieldErrors> for Problem {
    fn from(errors: FieldErrors) -> Self {
        Self::invalid(errors)
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Unavailable(code) => StoreError::Unavailable(format!("its vault: {code}")).into(),
            VaultError::InvalidCiphertext(code) => {
                StoreError::Corrupt { item: "sealed".to_owned(), reason: code }.into()
            }
            VaultError::Refused(_) => Self::internal(error),
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
            ListError::Cursor(CursorError::Invalid) => {
                Self::new(ProblemType::CursorInvalid, "Take next_cursor from your own answer to the same request.")
            }
            ListError::Cursor(CursorError::Expired) => {
                Self::new(ProblemType::CursorExpired, "Cursors expire after 24 hours. Restart from the first page.")
            }
            ListError::Store(error) => error.into(),
        }
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::UniqueViolation => Self::new(
                ProblemType::AlreadyExists,
                "A member of the organisation already has this e-mail address or subject.",
            ),
            // Such a request is carried out again while it has time.
            CommitError::Conflict(_) => Self::new(
                ProblemType::ReducedCapacity,
                "Other requests keep changing the same records. Nothing was done; try again.",
            ),
            // A repeated request is answered before this mapping is reached.
            CommitError::DuplicateRequest(_) => Self::internal("a repeated request was not replayed"),
            CommitError::TooLarge(items) => {
                Self::internal(format!("a change of {items} items does not fit in one transaction"))
            }
            CommitError::Store(error) => error.into(),
        }
    }
}

/// For logs: the cause that clients are not shown, if there is one.
impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.uri(), self.cause.as_ref().unwrap_or(&self.detail))
    }
}

impl From<DomainError> for Problem {
    fn from(refusal: DomainError) -> Self {
        match refusal {
            DomainError::NotFound | DomainError::UnknownExpense | DomainError::UnknownReceipt => Self::not_found(),
            DomainError::MissingPerson(id) => Self::internal(format!("member {id} was not loaded")),
            DomainError::Forbidden(why) => Self::new(ProblemType::Forbidden, why),
            DomainError::SeparationOfDuties(why) => Self::new(ProblemType::SegregationOfDuties, why),
            DomainError::ApprovalLimitExceeded { limit, total } => Self::new(
                ProblemType::ApprovalLimit,
                format!(
                    "The total of {total} is above your limit of {limit} for this report. An admin can reassign the \
                     step."
                ),
            ),
            DomainError::InvalidState { status, action } => Self::new(
                ProblemType::InvalidState,
                format!("A report in the state {} cannot be {action}.", status.name()),
            ),
            DomainError::PartlySettled => Self::new(
                ProblemType::InvalidState,
                "A payment has settled a part of this report, so it cannot be changed or returned. The rest is settled \
                 by a later batch.",
            ),
            DomainError::InvalidBatchState { status, action } => {
                Self::new(ProblemType::InvalidState, format!("A batch in the state {} cannot {action}.", status.name()))
            }
            DomainError::StepNotPending { pending, own } => {
                Self::new(ProblemType::InvalidState, step_not_pending(&pending, &own))
            }
            DomainError::InvalidMemberState(why) | DomainError::InvalidPaymentState(why) => {
                Self::new(ProblemType::InvalidState, why)
            }
            DomainError::ReportsWaiting => Self::new(
                ProblemType::InvalidState,
                "Reports wait for a decision. Have them decided, returned or recalled before you close the organisation.",
            ),
            DomainError::PaymentsOpen => Self::new(
                ProblemType::InvalidState,
                "A batch is not settled. Settle its payments or cancel it before you close the organisation.",
            ),
            DomainError::AlreadySubmitted => Self::new(
                ProblemType::InvalidState,
                "A report that was submitted cannot be deleted: its history must keep its subject.",
            ),
            DomainError::AlreadyDecided => {
                Self::new(ProblemType::AlreadyDecided, "This report has already been decided by you or on your behalf.")
            }
            DomainError::NoApprover { step } => Self::new(
                ProblemType::NoApprover,
                format!(
                    "No eligible approver for step {step}: approvers, manager chain and fallback are exhausted. Nobody \
                     approves their own report: an admin can invite or reinstate a person who may approve \
                     (POST /v1/orgs/{{org}}/members), such as a second admin, or name another approver or fallback in \
                     the policy (PUT /v1/orgs/{{org}}/policy). Roles and managers that the owner, \
                     preparer or payee set do not count; another admin can confirm them by setting them again."
                ),
            ),
            of_values => {
                let mut errors = FieldErrors::default();
                push_refusal(of_values, &mut errors);
                Self::invalid(errors)
            }
        }
    }
}

/// Adds the errors that a refusal finds in the values sent, or in those of the report.
fn push_refusal(refusal: DomainError, errors: &mut FieldErrors) {
    let (pointer, rule, detail) = match refusal {
        DomainError::NotAssignable(why) => ("/to", "assignable", format!("This member {why}.")),
        DomainError::InvalidSelection(why) => ("", "selection", why.to_owned()),
        DomainError::NotPendingApprover => {
            ("/from", "not-asked", "This member is not a pending approver of the current step.".to_owned())
        }
        DomainError::CannotManageSelf => {
            ("/manager_id", "own-manager", "A member cannot be their own manager.".to_owned())
        }
        DomainError::ManagerCycle(names) => {
            let chain: Vec<&str> = names.iter().map(DisplayName::as_str).collect();
            let detail = format!("Managers must not form a circle: {}.", chain.join(" → "));
            ("/manager_id", "cycle", detail)
        }
        DomainError::MailDomainNotListed { domain } => {
            ("/email", "mail-domain", format!("{domain} is not one of the organisation's mail domains."))
        }
        DomainError::MailDomainLookalike { domain } => {
            let detail = format!("{domain} looks like another domain. An admin can list it in the mail domains first.");
            ("/email", "mail-domain", detail)
        }
        DomainError::AddressNotVerified => (
            "/email",
            "verified",
            "Only the member can change the address after signing in, to the verified one of their access token."
                .to_owned(),
        ),
        DomainError::ServiceHasNoAddress => {
            ("/email", "kind", "Is only for persons; a service has a subject and receives no mail.".to_owned())
        }
        DomainError::ServiceCannotBeAdmin => ("/role", "kind", "A service cannot be an admin.".to_owned()),
        DomainError::InvalidPayee => ("/payee_id", "role", "Services and former members cannot be paid.".to_owned()),
        DomainError::PayeeIsPreparer => (
            "/payee_id",
            "preparer",
            "The member who prepares a report for another member cannot be its payee.".to_owned(),
        ),
        DomainError::PayeeIsApprover => (
            "/payee_id",
            "approver",
            "This member approves the report, or has set who does, so they cannot be its payee. Name another payee."
                .to_owned(),
        ),
        DomainError::DelegationAboveLimit { limit } => {
            ("/ceiling", "maximum", format!("Must be at most {limit}, the member's own approval limit."))
        }
        DomainError::CannotHaveReports => {
            ("/owner_id", "role", "Auditors, services and former members cannot own reports.".to_owned())
        }
        DomainError::SplitMismatch { parts, whole } => ("/parts", "sum", difference(parts, whole)),
        DomainError::EmptyReport => {
            ("/expenses", "length", "A report needs at least one expense to be submitted.".to_owned())
        }
        DomainError::TooManyExpenses => {
            ("/expenses", "length", format!("A report has at most {MAX_EXPENSES} expenses."))
        }
        DomainError::TooManyReceipts { subject, max } => {
            ("/receipts", "length", format!("{subject} has at most {max} receipts."))
        }
        DomainError::ReportTooLarge => {
            let max = MAX_REPORT_BYTES / 1024;
            ("/expenses", "size", format!("A report is at most {max} KiB, findings included. Split it."))
        }
        DomainError::TotalTooLarge => {
            ("/expenses", "total", "The total exceeds the largest supported amount.".to_owned())
        }
        DomainError::TooManyPeriods => {
            ("/expenses", "periods", format!("The expenses are in more than {MAX_SPENDING_BUCKETS} months and trips."))
        }
        DomainError::TooManyCostCentres => {
            ("/expenses", "cost-centres", format!("The expenses are on more than {MAX_COST_CENTRES} cost centres."))
        }
        DomainError::TooManyClaimedExpenses => (
            "/expenses",
            "claims",
            format!("A member can claim at most {MAX_CLAIMS_PER_BUCKET} expenses in one month or on one trip."),
        ),
        DomainError::PeriodReopened { closed_until } => (
            "/closed_until",
            "closed-period",
            format!("Must be {closed_until} or later: a closed period stays closed."),
        ),
        DomainError::PeriodNotBegun { month } => {
            ("/closed_until", "period", format!("Must be at most {month}, the current month: closing is final."))
        }
        DomainError::LimitConversion(fault) => {
            ("/expenses", "limit", sentence(&format!("a limit of the policy: {fault}")))
        }
        by_line => return push_line_refusals(by_line, errors),
    };
    errors.push_at(pointer.to_owned(), rule, detail);
}

/// The same for errors of single lines or parts.
fn push_line_refusals(refusal: DomainError, errors: &mut FieldErrors) {
    match refusal {
        DomainError::InvalidLines(lines) => lines.into_iter().for_each(|(at, fault)| line_fault(at, fault, errors)),
        DomainError::InvalidSplitPart(at, LineError::AboveMaximum { max }) => {
            let detail = format!("The tax share of this part exceeds its amount ({max}). Specify `tax` for each part.");
            errors.push_at(format!("/parts/{at}/tax"), "maximum", detail);
        }
        DomainError::InvalidSplitPart(at, _) => {
            let detail = "Must be the currency of the expense.";
            errors.push_at(format!("/parts/{at}/amount/currency"), "same-currency", detail);
        }
        DomainError::Conversion(lines) => {
            for (position, fault) in lines {
                let line = position.map_or_else(String::new, |position| format!("/expenses/{position}"));
                let (member, rule) = match fault {
                    ConversionError::RateMissing { .. } => ("currency", "rate-missing"),
                    ConversionError::TooLarge => ("amount", "maximum"),
                };
                errors.push_at(format!("{line}/amount/{member}"), rule, sentence(&fault.to_string()));
            }
        }
        DomainError::RefundTooLarge { position, refundable } => {
            let line = position.map_or_else(String::new, |position| format!("/expenses/{position}"));
            let detail = format!("The refund is larger than the {refundable} that can be refunded.");
            errors.push_at(format!("{line}/amount/amount"), "refund", detail);
        }
        DomainError::PolicyViolations(violations) => {
            for (position, violation) in violations {
                let pointer = format!("/expenses/{position}/{}", violation.field.name());
                errors.push_at(pointer, violation.rule().name(), violation.message());
            }
        }
        // Answered before, by `From<DomainError>` and `push_refusal`.
        DomainError::NotFound
        | DomainError::Forbidden(..)
        | DomainError::SeparationOfDuties(..)
        | DomainError::InvalidState { .. }
        | DomainError::PartlySettled
        | DomainError::InvalidBatchState { .. }
        | DomainError::InvalidPaymentState(..)
        | DomainError::InvalidSelection(..)
        | DomainError::StepNotPending { .. }
        | DomainError::InvalidMemberState(..)
        | DomainError::ReportsWaiting
        | DomainError::PaymentsOpen
        | DomainError::AlreadyDecided
        | DomainError::NoApprover { .. }
        | DomainError::MissingPerson(..)
        | DomainError::ApprovalLimitExceeded { .. }
        | DomainError::NotAssignable(..)
        | DomainError::NotPendingApprover
        | DomainError::SplitMismatch { .. }
        | DomainError::TooManyPeriods
        | DomainError::TooManyCostCentres
        | DomainError::TooManyClaimedExpenses
        | DomainError::LimitConversion(..)
        | DomainError::PeriodReopened { .. }
        | DomainError::PeriodNotBegun { .. }
        | DomainError::CannotManageSelf
        | DomainError::ManagerCycle(..)
        | DomainError::MailDomainNotListed { .. }
        | DomainError::MailDomainLookalike { .. }
        | DomainError::AddressNotVerified
        | DomainError::ServiceHasNoAddress
        | DomainError::ServiceCannotBeAdmin
        | DomainError::InvalidPayee
        | DomainError::PayeeIsPreparer
        | DomainError::PayeeIsApprover
        | DomainError::DelegationAboveLimit { .. }
        | DomainError::CannotHaveReports
        | DomainError::AlreadySubmitted
        | DomainError::EmptyReport
        | DomainError::TooManyExpenses
        | DomainError::ReportTooLarge
        | DomainError::TotalTooLarge
        | DomainError::UnknownExpense
        | DomainError::UnknownReceipt
        | DomainError::TooManyReceipts { .. } => {
            errors.push_at(String::new(), "refused", "The request cannot be carried out.");
        }
    }
}

fn line_fault(position: usize, fault: LineError, errors: &mut FieldErrors) {
    let (member, rule, detail) = match fault {
        LineError::Unknown => ("expense_id", "unknown-expense", "The report has no such expense.".to_owned()),
        LineError::Duplicate => ("expense_id", "unique", "This expense is listed twice.".to_owned()),
        LineError::CurrencyMismatch => {
            ("approved_amount/currency", "same-currency", "Must be the currency of the expense.".to_owned())
        }
        LineError::AboveMaximum { max } => ("approved_amount/amount", "maximum", format!("Must be at most {max}.")),
    };
    errors.push_at(format!("/expenses/{position}/{member}"), rule, detail);
}

/// Sentence for an approver whose step is not pending: earlier or later than theirs.
fn step_not_pending(pending: &(u32, Label), own: &(u32, Label)) -> String {
    let ((number, name), (own_number, own_name)) = (pending, own);
    if own_number > number {
        format!(
            "Step {number} ({name}) is pending. Your step {own_number} ({own_name}) comes later; you get mail when it is \
             pending."
        )
    } else {
        format!("Step {number} ({name}) is pending. Your step {own_number} ({own_name}) is decided already.")
    }
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
