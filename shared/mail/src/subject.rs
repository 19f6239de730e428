//! Subject of each message.

use fluent_bundle::FluentValue;
use outlay_domain::member::AddressFault;

use crate::error::RenderError;
use crate::localizer::Localizer;
use crate::notice::{FirstAmount, Notice, ReportFacts};
use crate::sanitize::{defuse_links, sanitize_subject, truncate};

/// Longest subject, in characters. Most mail readers cut longer ones.
const SUBJECT_CHARS: usize = 120;
/// Longest name in a subject with a title, in characters.
const NAME_CHARS: usize = 40;

/// Formats the subject of a notice.
///
/// # Errors
/// As [`Localizer::format`].
pub(crate) fn subject(notice: &Notice, localizer: &Localizer) -> Result<String, RenderError> {
    match notice {
        Notice::ApprovalRequested { report, .. } | Notice::EscalatedTo { report, .. } => {
            let owner = short_name(localizer, &report.owner)?;
            let total = localizer.money(report.total);
            truncate_to_fit(
                localizer,
                "approval-subject",
                ("title", &report.title),
                &[("total", total.into()), ("owner", owner.into())],
            )
        }
        Notice::Commented { report, comments } => {
            let author = comments.last().map_or("", |comment| &comment.by);
            let author = short_name(localizer, author)?;
            truncate_to_fit(localizer, "commented-subject", ("title", &report.title), &[("author", author.into())])
        }
        Notice::EscalatedFrom { report, .. } => subject_with_total(localizer, "passed-subject", report),
        Notice::Approved { report, .. } => truncate_to_fit(
            localizer,
            "approved-subject",
            ("title", &report.title),
            &[("total", localizer.money(FirstAmount::Reimbursed.of(report)).into())],
        ),
        Notice::Returned { report, .. } => subject_with_total(localizer, "returned-subject", report),
        Notice::Rejected { report, .. } => subject_with_total(localizer, "rejected-subject", report),
        Notice::Reimbursed { report, amount, set_off: Some(set_off), .. } if amount.minor() == 0 => truncate_to_fit(
            localizer,
            "set-off-subject",
            ("title", &report.title),
            &[("amount", localizer.money(*set_off).into())],
        ),
        Notice::Reimbursed { report, amount, .. } => truncate_to_fit(
            localizer,
            "paid-subject",
            ("title", &report.title),
            &[("amount", localizer.money(*amount).into())],
        ),
        Notice::PaymentFailed { report, amount, .. } => truncate_to_fit(
            localizer,
            "unpaid-subject",
            ("title", &report.title),
            &[("amount", localizer.money(*amount).into())],
        ),
        Notice::PayeeUnpaid { payee, amount, .. } => {
            let amount = localizer.money(*amount);
            truncate_to_fit(localizer, "payee-unpaid-subject", ("name", payee), &[("amount", amount.into())])
        }
        Notice::BatchWaiting { payments, .. } => localizer.format("batch-headline", &[("count", (*payments).into())]),
        Notice::Reminder { tasks, .. } => localizer.format("reminder-subject", &[("count", tasks.len().into())]),
        Notice::AddressFailed { member, fault: AddressFault::Bounced, .. } => {
            truncate_to_fit(localizer, "bounced-subject", ("name", member), &[])
        }
        Notice::AddressFailed { member, fault: AddressFault::Complained, .. } => {
            truncate_to_fit(localizer, "complained-subject", ("name", member), &[])
        }
        Notice::PayoutAccountChanged { .. } => localizer.text("account-subject"),
        Notice::OrganisationClosed { organisation, .. } => {
            truncate_to_fit(localizer, "closed-subject", ("organisation", organisation), &[])
        }
        Notice::Prepared { report, .. } => subject_with_total(localizer, "prepared-subject", report),
        Notice::DelegationSet { to_recipient, other, .. } => {
            let id = if *to_recipient { "delegation-subject" } else { "delegated-subject" };
            truncate_to_fit(localizer, id, ("name", other), &[])
        }
        Notice::DelegationEnded { to_recipient, other, .. } => {
            let id = if *to_recipient { "delegation-ended-subject" } else { "delegated-ended-subject" };
            truncate_to_fit(localizer, id, ("name", other), &[])
        }
        Notice::AuthorityChanged { member, is_new, .. } => {
            let id = if *is_new { "authority-new-subject" } else { "authority-subject" };
            truncate_to_fit(localizer, id, ("name", member), &[])
        }
        Notice::Invited { organisation, .. } => {
            truncate_to_fit(localizer, "invited-subject", ("organisation", organisation), &[])
        }
    }
}

/// Name for a subject with a title.
fn short_name(localizer: &Localizer, name: &str) -> Result<String, RenderError> {
    let name = sanitize_subject(&truncate(&defuse_links(name), NAME_CHARS));
    if name.is_empty() { localizer.text("former-member") } else { Ok(name) }
}

fn subject_with_total(localizer: &Localizer, id: &'static str, report: &ReportFacts) -> Result<String, RenderError> {
    truncate_to_fit(localizer, id, ("title", &report.title), &[("total", localizer.money(report.total).into())])
}

/// Formats a subject and shortens its `long` variable, such as the title, to fit. The amount stays readable.
fn truncate_to_fit(
    localizer: &Localizer,
    id: &'static str,
    long: (&'static str, &str),
    beside: &[(&'static str, FluentValue<'_>)],
) -> Result<String, RenderError> {
    let with = |title: String| {
        let given: Vec<_> = beside.iter().cloned().chain([(long.0, title.into())]).collect();
        localizer.format(id, &given)
    };
    let used = with(String::new())?.chars().count();
    // Two for the marks around text that runs from right to left.
    with(sanitize_subject(&truncate(&defuse_links(long.1), SUBJECT_CHARS.saturating_sub(used + 2))))
}
