//! `PATCH /v1/orgs/{org}`: changes the settings of the organisation.

use outlay_api::common::OrgPath;
use outlay_api::organisation::{OrganisationOut, parse_mail_domains};
use outlay_domain::change::{Change, update_organisation};
use outlay_domain::event::EventSubject;
use outlay_domain::patch::Patch;
use outlay_domain::permission::UpdateOrganisation as MayUpdate;
use outlay_domain::text::MailDomain;
use outlay_http::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

/// Changes to an organisation. A field left out keeps its value.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[schema(as = OrganisationPatch)]
#[serde(deny_unknown_fields)]
struct OrganisationPatchIn {
    /// Domains of the addresses that can become those of members, at most 100; every domain when empty or null.
    /// Subdomains are domains of their own. Members keep the addresses they have.
    #[schema(value_type = Option<Vec<String>>, example = json!(["example.com"]))]
    mail_domains: Patch<Vec<String>>,
}

impl Input for OrganisationPatchIn {
    type Checked = Patch<Vec<MailDomain>>;

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked> {
        self.mail_domains.try_map(|domains| parse_mail_domains(domains, errors))
    }
}

#[derive(Debug)]
struct UpdateOrganisation;

impl Endpoint for UpdateOrganisation {
    type Target = OnOrganisationRecord<MayUpdate>;
    type Preload = ();
    type Query = NoQuery;
    type Body = OrganisationPatchIn;
    type Resource = ();
    const COST: RequestClass = RequestClass::Write;
    const IDEMPOTENCY: Idempotency = Idempotency::Accepted;
    const PRECONDITION: Precondition = Precondition::Accepted;
    const DAILY_QUOTA: DailyQuotaOf<Self> = |_| None;
    const OTHER_PROBLEMS: &'static [ProblemType] = &[];
}

/// Update an organisation.
///
/// Allowed for admins. The mail domains restrict new invitations and changes of addresses.
#[utoipa::path(
    patch,
    path = "/v1/orgs/{org}",
    operation_id = "organisationsUpdate",
    tag = "organisation",
    params(OrgPath, Declared<UpdateOrganisation>),
    request_body = OrganisationPatchIn,
    responses((status = 200, description = "Updated.", body = OrganisationOut), Declared<UpdateOrganisation>)
)]
async fn handler(context: Context<'_, UpdateOrganisation>, patch: Checked<UpdateOrganisation>) -> HandlerResult {
    let current = context.organisation();
    let mail_domains = match patch {
        Patch::Absent => current.mail_domains.clone(),
        Patch::Null => Vec::new(),
        Patch::Value(domains) => domains,
    };
    // Organisations of earlier versions do not know the hash of their one event.
    let created = match current.last_hash.as_str() {
        "" => context.store().first_event(current.id, EventSubject::Organisation).await?,
        _ => None,
    };
    let change = update_organisation(context.permit, current, mail_domains, created.as_ref(), context.now());
    let after = change.as_ref().map_or(current, |change| &change.after);
    let reply = Reply::ok(&OrganisationOut::from(after))?.version(after.version);
    match change {
        Some(change) => context.commit(Change::Organisation(Box::new(change)), reply).await,
        None => Ok(reply),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(handler).await
}
