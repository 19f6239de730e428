//! `PATCH /v1/orgs/{org}/reports/{report}`: the owner changes title, payee or cost centre of his report.

use outlay_domain::change::{ReportPatch, change_report};
use outlay_domain::ids::MemberId;
use outlay_domain::permission::Edit;
use outlay_edge::api::common::{IfMatch, Problems, ReportPath};
use outlay_edge::api::report::ReportOut;
use outlay_edge::call::Input;
use outlay_edge::{Call, Desk, Faults, Outcome, Patch, Precondition, checks, loads};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Changes to a report: fields left out stay, those set to null are removed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = ReportPatch)]
#[serde(deny_unknown_fields)]
struct ReportPatchIn {
    /// What it is for; 1 to 200 characters.
    #[schema(value_type = Option<String>, nullable = false)]
    title: Patch<String>,
    /// Who is paid, `mem_…`; the owner when null.
    #[schema(value_type = Option<String>)]
    payee_id: Patch<String>,
    /// The cost centre of lines that name none.
    #[schema(value_type = Option<String>)]
    cost_centre: Patch<String>,
}

impl Input for ReportPatchIn {
    type Checked = (ReportPatch, Option<MemberId>);

    fn check(self, _: jiff::Timestamp, faults: &mut Faults) -> Option<Self::Checked> {
        let payee = self.payee_id.value().and_then(|id| checks::member_id(id, "payee_id", faults));
        let cost_centre = checks::patched("cost_centre", self.cost_centre, checks::label, faults);
        let title = checks::patched("title", self.title, checks::short_text, faults);
        if title == Some(None) {
            faults.note("title", "required", "Must not be null.");
        }
        let removed = self.payee_id.is_null().then_some(None);
        Some((ReportPatch { title: title.flatten(), payee: removed, cost_centre }, payee))
    }
}

/// Change a report.
///
/// For its owner, or who entered it for him. The title is a text; payee and cost centre are part of the claim: changed on a report
/// that is past draft they put it back through approval.
#[utoipa::path(patch, path = "/v1/orgs/{org}/reports/{report}", operation_id = "reportsChange", tag = "reports",
    params(ReportPath, IfMatch), request_body = ReportPatchIn,
    responses((status = 200, description = "Changed.", body = ReportOut), Problems))]
async fn handler(call: Call) -> Outcome {
    let (desk, policy) = Desk::open_with_policy::<Edit>(call, Precondition::Optional).await?;
    let (mut patch, payee) = desk.input::<ReportPatchIn>()?;
    let permit = desk.permit::<Edit>()?;
    let call = desk.call();
    let payee = async {
        match payee {
            Some(id) => Ok(Some(call.member(id, "payee_id").await?)),
            None => Ok(None),
        }
    };
    let (payee, grounds) = tokio::try_join!(payee, desk.grounds_to_edit(policy, &[]))?;
    if let Some(payee) = payee {
        patch.payee = Some(Some(payee));
    }
    if !patch.changes(&desk.report) {
        return desk.unchanged();
    }
    let change =
        loads::decide_edit(call.store(), grounds, |rules| change_report(permit, patch.clone(), rules, call.now()));
    desk.commit(change.await?).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve(handler).await
}
