//! The subject of each message.

use fluent_bundle::FluentValue;
use outlay_domain::member::AddressFault;

use crate::notice::{Notice, RenderError, ReportFacts};
use crate::voice::Voice;
use crate::words::{cap, in_subject, unlinked};

/// Longest subject in characters; longer ones are cut off by most readers anyway.
const SUBJECT_CHARS: usize = 120;
/// Longest name in a subject that has a title too.
const NAME_CHARS: usize = 40;

/// What stands in an inbox.
///
/// # Errors
/// As [`Voice::say`].
pub(crate) fn subject(notice: &Notice, voice: &Voice) -> Result<String, RenderError> {
    match notice {
        Notice::ApprovalRequested { report, .. } | Notice::EscalatedTo { report, .. } => {
            let owner = in_subject(&cap(&unlinked(&report.owner), NAME_CHARS));
            let owner = if owner.is_empty() { voice.plain("nobody")? } else { owner };
            let total = voice.money(report.total);
            fitted(
                voice,
                "approval-subject",
                ("title", &report.title),
                &[("total", total.into()), ("owner", owner.into())],
            )
        }
        Notice::EscalatedFrom { report, .. } => with_total(voice, "passed-subject", report),
        Notice::Approved { report, .. } => with_total(voice, "approved-subject", report),
        Notice::Returned { report, .. } => with_total(voice, "returned-subject", report),
        Notice::Rejected { report, .. } => with_total(voice, "rejected-subject", report),
        Notice::Reimbursed { report, amount, .. } => {
            fitted(voice, "paid-subject", ("title", &report.title), &[("amount", voice.money(*amount).into())])
        }
        Notice::PaymentFailed { report, amount, .. } => {
            fitted(voice, "unpaid-subject", ("title", &report.title), &[("amount", voice.money(*amount).into())])
        }
        Notice::Reminder { tasks, .. } => voice.say("reminder-subject", &[("count", tasks.len().into())]),
        Notice::AddressFailed { member, fault: AddressFault::Bounced, .. } => {
            fitted(voice, "bounced-subject", ("name", member), &[])
        }
        Notice::AddressFailed { member, fault: AddressFault::Complained, .. } => {
            fitted(voice, "complained-subject", ("name", member), &[])
        }
        Notice::PayoutAccountChanged { .. } => voice.plain("account-subject"),
        Notice::Invited { organisation, .. } => fitted(voice, "invited-subject", ("organisation", organisation), &[]),
    }
}

fn with_total(voice: &Voice, id: &'static str, report: &ReportFacts) -> Result<String, RenderError> {
    fitted(voice, id, ("title", &report.title), &[("total", voice.money(report.total).into())])
}

/// Shortens the title (or what else is `long`) rather than what comes beside it: the amount must stay readable.
fn fitted(
    voice: &Voice,
    id: &'static str,
    long: (&'static str, &str),
    beside: &[(&'static str, FluentValue<'_>)],
) -> Result<String, RenderError> {
    let with = |title: String| {
        let given: Vec<_> = beside.iter().cloned().chain([(long.0, title.into())]).collect();
        voice.say(id, &given)
    };
    let taken = with(String::new())?.chars().count();
    // Two for the marks around text that runs from right to left.
    with(in_subject(&cap(&unlinked(long.1), SUBJECT_CHARS.saturating_sub(taken + 2))))
}
