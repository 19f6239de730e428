//! Content of each message: its sentences, facts and lists, in order. The wording is in `languages/`, the layout in
//! `templates/`. A mail must be enough to act on: the report, the action, the due date, the reason and the place.

mod members;
mod payments;
mod reports;
mod statements;

use jiff::civil::Date;
use outlay_domain::event::EscalationReason;

use crate::error::RenderError;
use crate::localizer::Localizer;
use crate::notice::{CommentFacts, DecidedBy, FirstAmount, Notice, Recipient, ReportFacts};
use crate::sanitize::{sanitize_address, sanitize_inline, sanitize_line};
use crate::view::{Fact, Quote, Tone, View};

type Result<T = String> = std::result::Result<T, RenderError>;

/// Composes messages to one recipient in one language.
pub(crate) struct Composer<'a> {
    localizer: &'a Localizer,
    to: &'a Recipient,
}

/// Facts of an approval request, beside the report.
struct ApprovalRequest<'a> {
    headline: String,
    step: &'a str,
    reason_text: String,
    due_on: Option<Date>,
    on_behalf_of: Option<&'a str>,
    reassignment_reason: Option<&'a str>,
}

/// Message identifiers and tone of a decision.
struct DecisionLabels {
    tone: Tone,
    label: &'static str,
    headline: &'static str,
    first: FirstAmount,
}

const APPROVED: DecisionLabels = DecisionLabels {
    tone: Tone::Good,
    label: "approved-label",
    headline: "approved-headline",
    first: FirstAmount::Reimbursed,
};
const RETURNED: DecisionLabels = DecisionLabels {
    tone: Tone::Warn,
    label: "returned-label",
    headline: "returned-headline",
    first: FirstAmount::Total,
};
const REJECTED: DecisionLabels = DecisionLabels {
    tone: Tone::Bad,
    label: "rejected-label",
    headline: "rejected-headline",
    first: FirstAmount::Total,
};

impl<'a> Composer<'a> {
    /// Creates a composer.
    pub(crate) const fn new(localizer: &'a Localizer, to: &'a Recipient) -> Self {
        Self { localizer, to }
    }

    /// Composes the content of a message.
    ///
    /// # Errors
    /// [`RenderError`] when the language lacks a message.
    pub(crate) fn view(&self, notice: &Notice) -> Result<View> {
        match notice {
            Notice::ApprovalRequested { report, step, reasons, due_on, on_behalf_of, reassignment_reason } => {
                let headline = self.text_with_owner("approval-headline", report)?;
                let (on_behalf_of, reassignment_reason) = (on_behalf_of.as_deref(), reassignment_reason.as_deref());
                self.approval_request(
                    report,
                    ApprovalRequest {
                        headline,
                        step,
                        reason_text: self.step_reasons(reasons)?,
                        due_on: *due_on,
                        on_behalf_of,
                        reassignment_reason,
                    },
                )
            }
            Notice::EscalatedTo { report, step, reason, from, due_on } => {
                let headline = self.text_with_owner("escalated-headline", report)?;
                let reason_text = self.escalation_reason(*reason, from)?;
                let due_on = *due_on;
                self.approval_request(
                    report,
                    ApprovalRequest {
                        headline,
                        step,
                        reason_text,
                        due_on,
                        on_behalf_of: None,
                        reassignment_reason: None,
                    },
                )
            }
            Notice::EscalatedFrom { report, step, reason, to } => self.escalated_away(report, step, *reason, to),
            Notice::Commented { report, comments } => self.commented(report, comments),
            Notice::Approved { report, by, comment } => self.approved(report, by, comment.as_deref()),
            Notice::Returned { report, by, reason } => {
                self.decided_with_reason(report, &RETURNED, "returned-intro", by, reason)
            }
            Notice::Rejected { report, by, reason } => {
                self.decided_with_reason(report, &REJECTED, "rejected-intro", by, reason)
            }
            Notice::Reimbursed { report, amount, set_off, reports, to_recipient, paid_on } => {
                self.reimbursed(report, (*amount, *set_off, *reports), *to_recipient, *paid_on)
            }
            Notice::PaymentFailed { report, to_recipient, amount, reason } => {
                self.payment_failed(report, *to_recipient, *amount, reason)
            }
            Notice::PayeeUnpaid { payee, amount, reports, reason } => {
                self.payee_unpaid(payee, *amount, *reports, reason)
            }
            Notice::BatchWaiting { by, reports, payments, held, totals, execution_date } => {
                self.batch_waiting(by, (*reports, *payments, *held), totals, *execution_date)
            }
            Notice::Reminder { day, tasks } => self.reminder(*day, tasks),
            Notice::AddressFailed { member, address, fault } => self.address_failed(member, address, *fault),
            Notice::PayoutAccountChanged { at } => self.payout_account_changed(*at),
            Notice::OrganisationClosed { organisation, by, at } => self.organisation_closed(organisation, by, *at),
            Notice::Prepared { report, by, is_submitted } => self.prepared(report, by, *is_submitted),
            Notice::DelegationSet { to_recipient, other, by, from, until, ceiling, day, tasks } => {
                self.delegation_set(*to_recipient, other, by, (*from, *until, *ceiling), (*day, tasks))
            }
            Notice::DelegationEnded { to_recipient, other, by } => self.delegation_ended(*to_recipient, other, by),
            Notice::AuthorityChanged { member, by, is_new, changes } => {
                self.authority_changed(member, by, *is_new, changes)
            }
            Notice::Invited { organisation, inviter, role } => self.invited(organisation, inviter, *role),
        }
    }

    /// View with the parts that every message has.
    fn base_view(&self, tone: Tone, label: &'static str, headline: String) -> Result<View> {
        let name = sanitize_inline(&self.to.name);
        let greeting = if name.is_empty() {
            self.localizer.text("greeting")?
        } else {
            self.localizer.format("greeting-name", &[("name", name.into())])?
        };
        Ok(View {
            language: self.localizer.language_tag(),
            colon: self.localizer.text("colon")?,
            tone,
            label: self.localizer.text(label)?,
            preheader: headline.clone(),
            headline,
            greeting,
            intro: String::new(),
            quote: None,
            report: None,
            facts: Vec::new(),
            list: None,
            footer: self.localizer.format("footer", &[("address", sanitize_address(&self.to.address).into())])?,
        })
    }

    fn text_with_owner(&self, id: &'static str, report: &ReportFacts) -> Result {
        self.localizer.format(id, &[("owner", self.localizer.person_name(&report.owner)?.into())])
    }

    /// Fact with a formatted or sanitized value.
    fn fact(&self, label: &'static str, value: String) -> Result<Fact> {
        Ok(Fact { label: self.localizer.text(label)?, value })
    }

    /// Fact with a text that a user wrote.
    fn user_fact(&self, label: &'static str, written: &str) -> Result<Fact> {
        self.fact(label, sanitize_line(written))
    }

    /// Quote of a text; `None` when it has no visible character.
    fn quote(heading: String, written: &str) -> Option<Quote> {
        let lines: Vec<String> = written.trim().lines().map(sanitize_line).collect();
        lines.iter().any(|line| !line.is_empty()).then_some(Quote { heading, lines })
    }

    fn approval_request(&self, report: &ReportFacts, request: ApprovalRequest<'_>) -> Result<View> {
        let mut view =
            self.report_view(report, Tone::Action, "approval-label", request.headline, FirstAmount::ToApprove)?;
        let number = sanitize_line(&report.number);
        view.facts.push(self.user_fact("label-step", request.step)?);
        if let Some(due_on) = request.due_on {
            let due = self.localizer.date(due_on)?;
            view.preheader = self
                .localizer
                .format("approval-preheader", &[("summary", view.preheader.into()), ("due", due.clone().into())])?;
            view.facts.push(self.fact("label-due", due.clone())?);
            view.intro =
                self.localizer.format("approval-intro-due", &[("number", number.into()), ("due", due.into())])?;
        } else {
            view.intro = self.localizer.format("approval-intro", &[("number", number.into())])?;
        }
        if let Some(away) = request.on_behalf_of {
            let away = self.localizer.format("away", &[("name", self.localizer.person_name(away)?.into())])?;
            view.facts.push(self.fact("label-for", away)?);
        }
        view.facts.push(self.fact("label-why", request.reason_text)?);
        if let Some(reassignment_reason) = request.reassignment_reason {
            view.facts.push(self.user_fact("label-because", reassignment_reason)?);
        }
        Ok(view)
    }

    /// Sentence of the reason of an escalation.
    fn escalation_reason(&self, reason: EscalationReason, from: &[String]) -> Result {
        let (names, count) = self.localizer.name_list(from);
        let id = match reason {
            EscalationReason::Overdue => "escalated-overdue",
            EscalationReason::Unreachable => "escalated-unreachable",
            EscalationReason::Unable => "escalated-unable",
        };
        self.localizer.format(id, &[("names", names.into()), ("count", count.into())])
    }

    fn escalated_away(
        &self,
        report: &ReportFacts,
        step: &str,
        reason: EscalationReason,
        to: &[String],
    ) -> Result<View> {
        let headline = self.localizer.text("passed-headline")?;
        let mut view = self.report_view(report, Tone::Warn, "passed-label", headline, FirstAmount::Total)?;
        view.intro = self.localizer.text(match reason {
            EscalationReason::Overdue => "passed-overdue",
            EscalationReason::Unreachable => "passed-unreachable",
            EscalationReason::Unable => "passed-unable",
        })?;
        view.facts.push(self.user_fact("label-step", step)?);
        let (names, count) = self.localizer.name_list(to);
        if count > 0 {
            view.facts.push(self.fact("label-asked", names)?);
        }
        Ok(view)
    }

    fn commented(&self, report: &ReportFacts, comments: &[CommentFacts]) -> Result<View> {
        let count = comments.len();
        let headline = self.localizer.format("commented-headline", &[("count", count.into())])?;
        let mut view = self.report_view(report, Tone::Action, "commented-label", headline, FirstAmount::Total)?;
        view.intro = self.localizer.text("commented-intro")?;
        let mut texts = Vec::new();
        for comment in comments {
            texts.push((self.localizer.person_name(&comment.by)?, comment.text.trim()));
        }
        view.quote = match texts.as_slice() {
            [(by, text)] => {
                let heading = self.localizer.format("commented-heading", &[("by", by.clone().into())])?;
                Self::quote(heading, text)
            }
            several => {
                let written: Vec<String> = several.iter().map(|(by, text)| format!("{by}:\n{text}")).collect();
                Self::quote(self.localizer.text("commented-heading-some")?, &written.join("\n\n"))
            }
        };
        Ok(view)
    }

    fn decided_by(&self, by: &DecidedBy) -> Result {
        match by {
            DecidedBy::Person(name) => self.localizer.person_name(name),
            DecidedBy::OnBehalfOf { name, away } => {
                let (name, away) = (self.localizer.person_name(name)?, self.localizer.person_name(away)?);
                self.localizer.format("by-instead", &[("name", name.into()), ("away", away.into())])
            }
            DecidedBy::Policy { below } => {
                self.localizer.format("by-policy", &[("below", self.localizer.money(*below).into())])
            }
        }
    }

    fn decision_view(&self, report: &ReportFacts, labels: &DecisionLabels) -> Result<View> {
        self.report_view(report, labels.tone, labels.label, self.localizer.text(labels.headline)?, labels.first)
    }

    fn approved(&self, report: &ReportFacts, by: &DecidedBy, comment: Option<&str>) -> Result<View> {
        let mut view = self.decision_view(report, &APPROVED)?;
        let who = self.decided_by(by)?;
        view.intro = match by {
            DecidedBy::Policy { below } => {
                self.localizer.format("approved-policy", &[("below", self.localizer.money(*below).into())])?
            }
            DecidedBy::Person(_) | DecidedBy::OnBehalfOf { .. } => {
                let must_repay = report.repayable.is_some_and(|amount| amount.minor() > 0);
                let intro = if must_repay { "approved-repay-intro" } else { "approved-intro" };
                self.localizer.format(intro, &[("by", who.clone().into())])?
            }
        };
        let heading = self.localizer.format("approved-comment", &[("by", who.into())])?;
        view.quote = comment.and_then(|comment| Self::quote(heading, comment));
        Ok(view)
    }

    fn decided_with_reason(
        &self,
        report: &ReportFacts,
        labels: &DecisionLabels,
        intro: &'static str,
        by: &DecidedBy,
        reason: &str,
    ) -> Result<View> {
        let mut view = self.decision_view(report, labels)?;
        let who = self.decided_by(by)?;
        view.intro = self.localizer.format(intro, &[("by", who.clone().into())])?;
        view.quote = Self::quote(self.localizer.format("reason-from", &[("by", who.into())])?, reason);
        Ok(view)
    }
}
