//! Messages about members: their addresses, accounts, invitations, delegations and authority; and about reports in their
//! name.

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::member::{AddressFault, Role};
use outlay_domain::money::Money;

use super::{Composer, Result};
use crate::notice::{AuthorityFacts, FirstAmount, ReportFacts, TaskFacts};
use crate::sanitize::{sanitize_address, sanitize_inline};
use crate::view::{Fact, Tone, View};

impl Composer<'_> {
    pub(super) fn address_failed(&self, member: &str, failed: &str, fault: AddressFault) -> Result<View> {
        let (headline, intro) = match fault {
            AddressFault::Complained => ("complained-subject", "complained-intro"),
            AddressFault::Bounced => ("bounced-subject", "bounced-intro"),
        };
        let name = self.localizer.person_name(member)?;
        let headline = self.localizer.format(headline, &[("name", name.clone().into())])?;
        let mut view = self.base_view(Tone::Bad, "bounced-label", headline)?;
        view.facts = vec![self.fact("label-member", name.clone())?];
        view.facts.push(self.fact("label-address", sanitize_address(failed))?);
        view.intro = self.localizer.format(intro, &[("name", name.into())])?;
        Ok(view)
    }

    pub(super) fn payout_account_changed(&self, at: Timestamp) -> Result<View> {
        let mut view = self.base_view(Tone::Warn, "account-label", self.localizer.text("account-subject")?)?;
        view.preheader = self.localizer.text("account-preheader")?;
        view.intro = self.localizer.text("account-intro")?;
        view.facts = vec![self.fact("label-changed", self.localizer.date_time(at)?)?];
        Ok(view)
    }

    pub(super) fn organisation_closed(&self, organisation: &str, by: &str, at: Timestamp) -> Result<View> {
        let (organisation, by) = (sanitize_inline(organisation), self.localizer.person_name(by)?);
        let headline = self.localizer.format("closed-subject", &[("organisation", organisation.clone().into())])?;
        let mut view = self.base_view(Tone::Warn, "closed-label", headline)?;
        view.intro = self.localizer.format("closed-intro", &[("by", by.clone().into())])?;
        view.facts = vec![
            self.fact("label-organisation", organisation)?,
            self.fact("label-closed-by", by)?,
            self.fact("label-changed", self.localizer.date_time(at)?)?,
        ];
        Ok(view)
    }

    pub(super) fn invited(&self, organisation: &str, inviter: &str, role: Role) -> Result<View> {
        let (organisation, inviter) = (sanitize_inline(organisation), self.localizer.person_name(inviter)?);
        let headline = self.localizer.format("invited-headline", &[("organisation", organisation.clone().into())])?;
        let mut view = self.base_view(Tone::Action, "invited-label", headline)?;
        view.preheader = self.localizer.format("invited-preheader", &[("inviter", inviter.clone().into())])?;
        let address = sanitize_address(&self.to.address);
        let given = [
            ("organisation", organisation.clone().into()),
            ("inviter", inviter.clone().into()),
            ("address", address.into()),
        ];
        view.intro = self.localizer.format("invited-intro", &given)?;
        let role = self.role(role)?;
        view.facts = vec![
            self.fact("label-organisation", organisation)?,
            self.fact("label-inviter", inviter)?,
            self.fact("label-role", role)?,
        ];
        Ok(view)
    }

    fn role(&self, role: Role) -> Result {
        self.localizer.text(match role {
            Role::Employee => "role-employee",
            Role::Finance => "role-finance",
            Role::Admin => "role-admin",
            Role::Auditor => "role-auditor",
        })
    }

    pub(super) fn prepared(&self, report: &ReportFacts, by: &str, is_submitted: bool) -> Result<View> {
        let (headline, intro) = if is_submitted {
            ("prepared-headline-submitted", "prepared-intro-submitted")
        } else {
            ("prepared-headline", "prepared-intro")
        };
        let headline = self.localizer.format(headline, &[("by", self.localizer.person_name(by)?.into())])?;
        let mut view = self.report_view(report, Tone::Warn, "prepared-label", headline, FirstAmount::Total)?;
        view.intro = self.localizer.text(intro)?;
        Ok(view)
    }

    pub(super) fn delegation_set(
        &self,
        to_recipient: bool,
        other: &str,
        by: &str,
        (from, until, ceiling): (Date, Date, Option<Money>),
        (day, tasks): (Date, &[TaskFacts]),
    ) -> Result<View> {
        let (headline, intro, label) = if to_recipient {
            ("delegation-subject", "delegation-intro", "label-delegator")
        } else {
            ("delegated-subject", "delegated-intro", "label-delegate")
        };
        let other = self.localizer.person_name(other)?;
        let headline = self.localizer.format(headline, &[("name", other.clone().into())])?;
        let tone = if to_recipient { Tone::Action } else { Tone::Warn };
        let mut view = self.base_view(tone, "delegation-label", headline)?;
        let (from, until) = (self.localizer.date(from)?, self.localizer.date(until)?);
        let given = [("name", other.clone().into()), ("from", from.clone().into()), ("until", until.clone().into())];
        view.intro = self.localizer.format(intro, &given)?;
        view.facts =
            vec![self.fact(label, other)?, self.fact("label-first-day", from)?, self.fact("label-last-day", until)?];
        if let Some(ceiling) = ceiling {
            view.facts.push(self.fact("label-ceiling", self.localizer.money(ceiling))?);
        }
        view.facts.push(self.changed_by(by)?);
        if !tasks.is_empty() {
            view.list = Some(self.task_list(day, tasks)?);
        }
        Ok(view)
    }

    fn changed_by(&self, by: &str) -> Result<Fact> {
        self.fact("label-changed-by", self.localizer.person_name(by)?)
    }

    pub(super) fn delegation_ended(&self, to_recipient: bool, other: &str, by: &str) -> Result<View> {
        let (headline, intro) = if to_recipient {
            ("delegation-ended-subject", "delegation-ended-intro")
        } else {
            ("delegated-ended-subject", "delegated-ended-intro")
        };
        let headline = self.localizer.format(headline, &[("name", self.localizer.person_name(other)?.into())])?;
        let mut view = self.base_view(Tone::Warn, "delegation-label", headline)?;
        view.intro = self.localizer.text(intro)?;
        view.facts = vec![self.changed_by(by)?];
        Ok(view)
    }

    pub(super) fn authority_changed(
        &self,
        member: &str,
        by: &str,
        is_new: bool,
        changes: &[AuthorityFacts],
    ) -> Result<View> {
        let (headline, intro) = if is_new {
            ("authority-new-subject", "authority-new-intro")
        } else {
            ("authority-subject", "authority-intro")
        };
        let name = self.localizer.person_name(member)?;
        let headline = self.localizer.format(headline, &[("name", name.clone().into())])?;
        let mut view = self.base_view(Tone::Warn, "authority-label", headline)?;
        view.intro = self.localizer.format(intro, &[("by", self.localizer.person_name(by)?.into())])?;
        view.facts = vec![self.fact("label-member", name)?];
        for change in changes {
            view.facts.push(self.authority_fact(change)?);
        }
        view.facts.push(self.changed_by(by)?);
        Ok(view)
    }

    fn authority_fact(&self, change: &AuthorityFacts) -> Result<Fact> {
        let (label, old, new) = match change {
            AuthorityFacts::Role { old: None, new } => return self.fact("label-member-role", self.role(*new)?),
            AuthorityFacts::Role { old: Some(old), new } => ("label-member-role", self.role(*old)?, self.role(*new)?),
            AuthorityFacts::Manager { old, new } => {
                let name = |name: &Option<String>| match name {
                    Some(name) => self.localizer.person_name(name),
                    None => self.localizer.text("no-value"),
                };
                ("label-manager", name(old)?, name(new)?)
            }
            AuthorityFacts::ApprovalLimit { old, new } => {
                let limit = |limit: &Option<Money>| match limit {
                    Some(limit) => Ok(self.localizer.money(*limit)),
                    None => self.localizer.text("no-limit"),
                };
                ("label-approval-limit", limit(old)?, limit(new)?)
            }
        };
        self.fact(label, self.localizer.format("changed-value", &[("old", old.into()), ("new", new.into())])?)
    }
}
