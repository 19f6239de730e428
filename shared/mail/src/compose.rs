//! What each message says: which sentences, facts and lists, in which order. How a language words them is in `languages/`, how they
//! look in `templates/`. A mail must be enough to act on: which report, what is asked, until when, why, and where.

mod about;

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::event::Escalation;
use outlay_domain::member::{AddressFault, Role};
use outlay_domain::money::Money;

use crate::notice::{By, Notice, Recipient, RenderError, ReportFacts};
use crate::view::{Fact, Quote, Tone, View};
use crate::voice::Voice;
use crate::words::{address, inline, one_line};

type Said<T = String> = Result<T, RenderError>;

/// Writes to one person in one language.
pub(crate) struct Composer<'a> {
    voice: &'a Voice,
    to: &'a Recipient,
}

/// What an approver needs to know beside the report.
struct Request<'a> {
    headline: String,
    step: &'a str,
    why: String,
    due_on: Option<Date>,
    instead_of: Option<&'a str>,
    because: Option<&'a str>,
}

/// What a decision is called in the languages.
struct Verdict {
    tone: Tone,
    label: &'static str,
    headline: &'static str,
}

const APPROVED: Verdict = Verdict { tone: Tone::Good, label: "approved-label", headline: "approved-headline" };
const RETURNED: Verdict = Verdict { tone: Tone::Warn, label: "returned-label", headline: "returned-headline" };
const REJECTED: Verdict = Verdict { tone: Tone::Bad, label: "rejected-label", headline: "rejected-headline" };

impl<'a> Composer<'a> {
    /// A writer.
    pub(crate) const fn new(voice: &'a Voice, to: &'a Recipient) -> Self {
        Self { voice, to }
    }

    /// What the message says.
    ///
    /// # Errors
    /// [`RenderError`] when the language lacks a sentence.
    pub(crate) fn view(&self, notice: &Notice) -> Said<View> {
        match notice {
            Notice::ApprovalRequested { report, step, reason, due_on, instead_of, reassigned_because } => {
                let headline = self.with_owner("approval-headline", report)?;
                let (instead_of, because) = (instead_of.as_deref(), reassigned_because.as_deref());
                self.request(
                    report,
                    Request { headline, step, why: one_line(reason), due_on: *due_on, instead_of, because },
                )
            }
            Notice::EscalatedTo { report, step, reason, from, due_on } => {
                let headline = self.with_owner("escalated-headline", report)?;
                let why = self.escalated(*reason, from)?;
                let due_on = *due_on;
                self.request(report, Request { headline, step, why, due_on, instead_of: None, because: None })
            }
            Notice::EscalatedFrom { report, step, reason, to } => self.passed_on(report, step, *reason, to),
            Notice::Approved { report, by, comment } => self.approved(report, by, comment.as_deref()),
            Notice::Returned { report, by, reason } => self.decided(report, &RETURNED, "returned-intro", by, reason),
            Notice::Rejected { report, by, reason } => self.decided(report, &REJECTED, "rejected-intro", by, reason),
            Notice::Reimbursed { report, amount, paid_on } => self.paid(report, *amount, *paid_on),
            Notice::PaymentFailed { report, amount, reason } => self.unpaid(report, *amount, reason),
            Notice::Reminder { day, tasks } => self.reminder(*day, tasks),
            Notice::AddressFailed { member, address, fault } => self.address_failed(member, address, *fault),
            Notice::PayoutAccountChanged { at } => self.account_changed(*at),
            Notice::Invited { organisation, inviter, role } => self.invited(organisation, inviter, *role),
        }
    }

    /// What every message has, and nothing else yet.
    fn blank(&self, tone: Tone, label: &'static str, headline: String) -> Said<View> {
        let name = inline(&self.to.name);
        let greeting = if name.is_empty() {
            self.voice.plain("greeting")?
        } else {
            self.voice.say("greeting-name", &[("name", name.into())])?
        };
        Ok(View {
            language: self.voice.tag(),
            colon: self.voice.plain("colon")?,
            tone,
            label: self.voice.plain(label)?,
            preheader: headline.clone(),
            headline,
            greeting,
            intro: String::new(),
            quote: None,
            report: None,
            facts: Vec::new(),
            list: None,
            footer: self.voice.say("footer", &[("address", address(&self.to.address).into())])?,
        })
    }

    fn with_owner(&self, id: &'static str, report: &ReportFacts) -> Said {
        self.voice.say(id, &[("owner", self.voice.person(&report.owner)?.into())])
    }

    /// A fact in our own words, or with names that are ready to be shown.
    fn own(&self, label: &'static str, value: String) -> Said<Fact> {
        Ok(Fact { label: self.voice.plain(label)?, value })
    }

    /// A fact as somebody wrote it.
    fn fact(&self, label: &'static str, written: &str) -> Said<Fact> {
        self.own(label, one_line(written))
    }

    /// Nothing when nothing visible was written.
    fn quote(heading: String, written: &str) -> Option<Quote> {
        let lines: Vec<String> = written.trim().lines().map(one_line).collect();
        lines.iter().any(|line| !line.is_empty()).then_some(Quote { heading, lines })
    }

    fn request(&self, report: &ReportFacts, request: Request<'_>) -> Said<View> {
        let mut view = self.about(report, Tone::Ask, "approval-label", request.headline)?;
        let number = one_line(&report.number);
        view.facts.push(self.fact("label-step", request.step)?);
        if let Some(due_on) = request.due_on {
            let due = self.voice.day(due_on)?;
            view.preheader = self
                .voice
                .say("approval-preheader", &[("summary", view.preheader.into()), ("due", due.clone().into())])?;
            view.facts.push(self.own("label-due", due.clone())?);
            view.intro = self.voice.say("approval-intro-due", &[("number", number.into()), ("due", due.into())])?;
        } else {
            view.intro = self.voice.say("approval-intro", &[("number", number.into())])?;
        }
        if let Some(away) = request.instead_of {
            let away = self.voice.say("away", &[("name", self.voice.person(away)?.into())])?;
            view.facts.push(self.own("label-for", away)?);
        }
        view.facts.push(self.own("label-why", request.why)?);
        if let Some(because) = request.because {
            view.facts.push(self.fact("label-because", because)?);
        }
        Ok(view)
    }

    /// Why a step asks others than it did.
    fn escalated(&self, reason: Escalation, from: &[String]) -> Said {
        let (names, count) = self.voice.people(from);
        let id = match reason {
            Escalation::Overdue => "escalated-overdue",
            Escalation::Unreachable => "escalated-unreachable",
        };
        self.voice.say(id, &[("names", names.into()), ("count", count.into())])
    }

    fn passed_on(&self, report: &ReportFacts, step: &str, reason: Escalation, to: &[String]) -> Said<View> {
        let headline = self.voice.plain("passed-headline")?;
        let mut view = self.about(report, Tone::Warn, "passed-label", headline)?;
        view.intro = self.voice.plain(match reason {
            Escalation::Overdue => "passed-overdue",
            Escalation::Unreachable => "passed-unreachable",
        })?;
        view.facts.push(self.fact("label-step", step)?);
        let (names, count) = self.voice.people(to);
        if count > 0 {
            view.facts.push(self.own("label-asked", names)?);
        }
        Ok(view)
    }

    fn by(&self, by: &By) -> Said {
        match by {
            By::Person(name) => self.voice.person(name),
            By::InsteadOf { name, away } => {
                let (name, away) = (self.voice.person(name)?, self.voice.person(away)?);
                self.voice.say("by-instead", &[("name", name.into()), ("away", away.into())])
            }
            By::Policy { below } => self.voice.say("by-policy", &[("below", self.voice.money(*below).into())]),
        }
    }

    fn verdict(&self, report: &ReportFacts, verdict: &Verdict) -> Said<View> {
        self.about(report, verdict.tone, verdict.label, self.voice.plain(verdict.headline)?)
    }

    fn approved(&self, report: &ReportFacts, by: &By, comment: Option<&str>) -> Said<View> {
        let mut view = self.verdict(report, &APPROVED)?;
        let who = self.by(by)?;
        view.intro = match by {
            By::Policy { below } => self.voice.say("approved-policy", &[("below", self.voice.money(*below).into())])?,
            By::Person(_) | By::InsteadOf { .. } => self.voice.say("approved-intro", &[("by", who.clone().into())])?,
        };
        let heading = self.voice.say("approved-comment", &[("by", who.into())])?;
        view.quote = comment.and_then(|comment| Self::quote(heading, comment));
        Ok(view)
    }

    fn decided(
        &self,
        report: &ReportFacts,
        verdict: &Verdict,
        intro: &'static str,
        by: &By,
        reason: &str,
    ) -> Said<View> {
        let mut view = self.verdict(report, verdict)?;
        let who = self.by(by)?;
        view.intro = self.voice.say(intro, &[("by", who.clone().into())])?;
        view.quote = Self::quote(self.voice.say("reason-from", &[("by", who.into())])?, reason);
        Ok(view)
    }

    fn paid(&self, report: &ReportFacts, amount: Money, paid_on: Date) -> Said<View> {
        let mut view = self.about(report, Tone::Good, "paid-label", self.voice.plain("paid-headline")?)?;
        let (amount, date) = (self.voice.money(amount), self.voice.day(paid_on)?);
        view.facts.push(self.own("label-amount", amount.clone())?);
        view.facts.push(self.own("label-paid-on", date.clone())?);
        view.intro = self.voice.say("paid-intro", &[("amount", amount.into()), ("date", date.into())])?;
        Ok(view)
    }

    fn unpaid(&self, report: &ReportFacts, amount: Money, reason: &str) -> Said<View> {
        let mut view = self.about(report, Tone::Bad, "unpaid-label", self.voice.plain("unpaid-headline")?)?;
        let amount = self.voice.money(amount);
        view.facts.push(self.own("label-amount", amount.clone())?);
        view.intro = self.voice.say("unpaid-intro", &[("amount", amount.into())])?;
        view.quote = Self::quote(self.voice.plain("unpaid-reason")?, reason);
        Ok(view)
    }

    fn address_failed(&self, member: &str, failed: &str, fault: AddressFault) -> Said<View> {
        let (headline, intro) = match fault {
            AddressFault::Complained => ("complained-subject", "complained-intro"),
            AddressFault::Bounced => ("bounced-subject", "bounced-intro"),
        };
        let name = self.voice.person(member)?;
        let headline = self.voice.say(headline, &[("name", name.clone().into())])?;
        let mut view = self.blank(Tone::Bad, "bounced-label", headline)?;
        view.facts = vec![self.own("label-member", name.clone())?];
        view.facts.push(self.own("label-address", address(failed))?);
        view.intro = self.voice.say(intro, &[("name", name.into())])?;
        Ok(view)
    }

    fn account_changed(&self, at: Timestamp) -> Said<View> {
        let mut view = self.blank(Tone::Warn, "account-label", self.voice.plain("account-subject")?)?;
        view.preheader = self.voice.plain("account-preheader")?;
        view.intro = self.voice.plain("account-intro")?;
        view.facts = vec![self.own("label-changed", self.voice.moment(at)?)?];
        Ok(view)
    }

    fn invited(&self, organisation: &str, inviter: &str, role: Role) -> Said<View> {
        let (organisation, inviter) = (inline(organisation), self.voice.person(inviter)?);
        let headline = self.voice.say("invited-headline", &[("organisation", organisation.clone().into())])?;
        let mut view = self.blank(Tone::Ask, "invited-label", headline)?;
        view.preheader = self.voice.say("invited-preheader", &[("inviter", inviter.clone().into())])?;
        let address = address(&self.to.address);
        let given = [
            ("organisation", organisation.clone().into()),
            ("inviter", inviter.clone().into()),
            ("address", address.into()),
        ];
        view.intro = self.voice.say("invited-intro", &given)?;
        let role = self.voice.plain(match role {
            Role::Employee => "role-employee",
            Role::Finance => "role-finance",
            Role::Admin => "role-admin",
            Role::Auditor => "role-auditor",
        })?;
        view.facts = vec![
            self.own("label-organisation", organisation)?,
            self.own("label-inviter", inviter)?,
            self.own("label-role", role)?,
        ];
        Ok(view)
    }
}
