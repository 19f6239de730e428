//! `POST /v1/orgs/{org}/policy/check`: evaluates reports with the policy in force or a proposed one. It stores
//! nothing.

use outlay_api::check::{Against, Check, CheckIn, CheckOut, PastOut, assess_past, assess_report};
use outlay_api::common::{OrgPath, PageOut};
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::CheckPolicy;
use outlay_http::prelude::*;
use outlay_store::PageRequest;
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

/// Subject and page.
#[derive(Debug)]
struct CheckQuery {
    page: PageRequest,
    against: Option<Against>,
}

/// Description of [`CheckQuery`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes parameters to OpenAPI")]
struct CheckParameters {
    /// `last_90_days`: check the reports submitted in the last 90 days.
    against: Option<String>,
}

impl QueryParameters for CheckQuery {
    const NAMES: &'static [&'static str] = &["limit", "cursor", "against"];

    fn parse(query: &Query) -> Result<Self, ApiError> {
        let against = |text: &str| (text == "last_90_days").then_some(Against::Last90Days);
        Ok(Self { page: query.page()?, against: query.get("against", "last_90_days", against)? })
    }

    fn parameters() -> Vec<Parameter> {
        let subject = CheckParameters::into_params(|| Some(ParameterIn::Query));
        PageQuery::parameters().into_iter().chain(subject).collect()
    }
}

/// Result of one report, or with `against` a page of results.
#[derive(ToSchema, Serialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the answer to OpenAPI")]
enum CheckAnswer {
    One(Box<CheckOut>),
    Page(PageOut<PastOut>),
}

#[derive(Debug)]
struct CheckAgainstPolicy;

impl Endpoint for CheckAgainstPolicy {
    type Target = OnPolicy<CheckPolicy>;
    type Preload = Organisation;
    type Query = CheckQuery;
    type Body = CheckIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Costly;
    const IDEMPOTENCY: Idempotency = Idempotency::Unused;
    const PRECONDITION: Precondition = Precondition::Unused;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[ProblemType::Forbidden];
}

/// Check a report against a policy.
///
/// A dry run with the code of a real submission; nothing is stored. The answer has the violations, each with
/// limit and actual value, and the approval steps, each with approvers and reason.
///
/// The body has a `report`, as for creating one, or the `report_id` of a report that the caller can read. Without
/// a `policy`, the one in force applies. Allowed for every member; with a `policy`, only for finance, admins and
/// auditors.
///
/// With `against=last_90_days` in place of a report, the answer is a page of the reports submitted in the last 90
/// days, each with the result it would have had. A page has at most 20 reports. Allowed for finance, admins and
/// auditors.
#[utoipa::path(
    post,
    path = "/v1/orgs/{org}/policy/check",
    operation_id = "policyCheck",
    tag = "policy",
    params(OrgPath, Declared<CheckAgainstPolicy>),
    request_body = CheckIn,
    responses(
        (status = 200, description = "Result, or with `against` a page of results.", body = inline(CheckAnswer)),
        Declared<CheckAgainstPolicy>,
    )
)]
async fn handler(context: Context<'_, CheckAgainstPolicy>, check: Check) -> HandlerResult {
    let CheckQuery { page, against } = &context.query;
    let check = check.permitted_for(context.caller, *against)?;
    let base_currency = context.preloaded.base_currency;
    if let Some(proposed) = &check.policy {
        let validated = queries::validate_policy(context.store(), context.org(), proposed, base_currency).await;
        validated.map_err(|error| error.prefixed("policy"))?;
    }
    let proposed = check.policy.clone();
    let policy = proposed.as_ref().unwrap_or_else(|| context.policy());
    match against {
        Some(_) => {
            let results = assess_past(&context, policy, page).await?;
            Ok(Reply::ok(&PageOut { items: results.items, next_cursor: results.next })?)
        }
        None => Ok(Reply::ok(&assess_report(&context, check, policy, base_currency).await?)?),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
