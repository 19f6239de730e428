//! `PATCH /v1/orgs/{org}/reports/{report}`: updates title, payee or cost centre of a report.

use outlay_api::common::ReportPath;
use outlay_api::report::{ReportOut, ReportReplies};
use outlay_domain::change::{ReportPatch, update_report};
use outlay_domain::ids::MemberId;
use outlay_domain::patch::Patch;
use outlay_domain::permission::Edit;
use outlay_domain::policy::Policy;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Changes to a report. A field left out keeps its value; null removes it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = ReportPatch)]
#[serde(deny_unknown_fields)]
struct ReportPatchIn {
    /// Title; 1 to 200 characters.
    #[schema(value_type = Option<String>, nullable = false)]
    title: Patch<String>,
    /// Payee, `mem_…`; the owner when null.
    #[schema(value_type = Option<String>)]
    payee_id: Patch<String>,
    /// Cost centre of expenses that name none; 1 to 40 characters.
    #[schema(value_type = Option<String>)]
    cost_centre: Patch<String>,
}

impl Input for ReportPatchIn {
    type Checked = (ReportPatch, Patch<MemberId>);

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked> {
        let payee = self.payee_id.try_map(|id| errors.parse_member_id("payee_id", id));
        let cost_centre = errors.parse_patch("cost_centre", self.cost_centre);
        let title = errors.not_null("title", self.title);
        let title = errors.parse_optional("title", title);
        Some((ReportPatch { title: title?, payee: Patch::Absent, cost_centre: cost_centre? }, payee?))
    }
}

#[derive(Debug)]
struct UpdateReport;

impl Endpoint for UpdateReport {
    type Target = OnReport<Edit>;
    type Preload = Policy;
    type Query = NoQuery;
    type Body = ReportPatchIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Update a report.
///
/// Allowed for the report's owner and preparer, unless the report is rejected. A new payee or cost centre on a
/// submitted or approved report starts approval again; a new title does not.
#[utoipa::path(
    patch,
    path = "/v1/orgs/{org}/reports/{report}",
    operation_id = "reportsUpdate",
    tag = "reports",
    params(ReportPath, Declared<UpdateReport>),
    request_body = ReportPatchIn,
    responses((status = 200, description = "Updated.", body = ReportOut), Declared<UpdateReport>)
)]
async fn handler(context: Context<'_, UpdateReport>, (patch, payee): Checked<UpdateReport>) -> HandlerResult {
    let payee = match payee {
        Patch::Value(id) => Patch::Value(context.member(id, "payee_id").await?),
        Patch::Null => Patch::Null,
        Patch::Absent => Patch::Absent,
    };
    let patch = ReportPatch { payee, ..patch };
    if !patch.changes(context.report()) {
        return context.unchanged(&context.preloaded).await;
    }
    let edit = update_report(context.permit, patch, context.now())?;
    context.commit_edit(edit, &context.preloaded).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
