//! `PATCH /v1/orgs/{org}`: changes the settings of the organisation.

use outlay_api::common::OrgPath;
use outlay_api::organisation::{OrganisationOut, parse_mail_domains};
use outlay_domain::change::{Change, update_organisation};
use outlay_domain::conversion::ReferenceSource;
use outlay_domain::event::EventSubject;
use outlay_domain::organisation::OrganisationSettings;
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
    /// Reference rates that are used where finance has entered no rate for the day or the seven days before; none when
    /// null. `ecb`: euro foreign exchange reference rates of the European Central Bank.
    #[schema(value_type = Option<ReferenceSource>)]
    rate_source: Patch<ReferenceSource>,
}

impl Input for OrganisationPatchIn {
    type Checked = (Patch<Vec<MailDomain>>, Patch<ReferenceSource>);

    fn check(self, _: jiff::Timestamp, errors: &mut FieldErrors) -> Option<Self::Checked> {
        let mail_domains = self.mail_domains.try_map(|domains| parse_mail_domains(domains, errors))?;
        Some((mail_domains, self.rate_source))
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
/// Allowed for admins. The mail domains restrict new invitations and changes of addresses. A new source of rates converts
/// drafts and returned reports; submitted and approved reports keep their rates.
#[utoipa::path(
    patch,
    path = "/v1/orgs/{org}",
    operation_id = "organisationsUpdate",
    tag = "organisation",
    params(OrgPath, Declared<UpdateOrganisation>),
    request_body = OrganisationPatchIn,
    responses((status = 200, description = "Updated.", body = OrganisationOut), Declared<UpdateOrganisation>)
)]
async fn handler(
    context: Context<'_, UpdateOrganisation>,
    (mail_domains, rate_source): Checked<UpdateOrganisation>,
) -> HandlerResult {
    let current = context.organisation();
    let settings = OrganisationSettings {
        mail_domains: mail_domains.apply(Some(current.mail_domains.clone())).unwrap_or_default(),
        rate_source: rate_source.apply(current.rate_source),
    };
    // Organisations of earlier versions do not know the hash of their one event.
    let created = match current.last_hash.as_str() {
        "" => context.store().first_event(current.id, EventSubject::Organisation).await?,
        _ => None,
    };
    let change = update_organisation(context.permit, current, settings, created.as_ref(), context.now());
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
