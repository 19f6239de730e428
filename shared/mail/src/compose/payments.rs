//! Mail about payments and batches.

use jiff::civil::Date;
use outlay_domain::money::Money;

use super::{Composer, Result};
use crate::notice::{FirstAmount, ReportFacts};
use crate::view::{Tone, View};

impl Composer<'_> {
    pub(super) fn reimbursed(
        &self,
        report: &ReportFacts,
        (amount, set_off, reports): (Money, Option<Money>, usize),
        to_recipient: bool,
        paid_on: Date,
    ) -> Result<View> {
        let is_paid = amount.minor() > 0;
        let (label, headline) =
            if is_paid { ("paid-label", "paid-headline") } else { ("set-off-label", "set-off-headline") };
        let headline = self.localizer.text(headline)?;
        let mut view = self.report_view(report, Tone::Good, label, headline, FirstAmount::Reimbursed)?;
        let date = self.localizer.date(paid_on)?;
        let shown = self.localizer.money(amount);
        if is_paid {
            view.facts.push(self.fact("label-amount", shown.clone())?);
        }
        if let Some(set_off) = set_off {
            view.facts.push(self.fact("label-set-off", self.localizer.money(set_off))?);
        }
        if reports > 1 {
            let covered = self.localizer.format("payment-reports", &[("count", reports.into())])?;
            view.facts.push(self.fact("label-covers", covered)?);
        }
        view.facts.push(self.fact("label-paid-on", date.clone())?);
        view.intro = if !is_paid {
            self.localizer.format("set-off-intro", &[("date", date.into())])?
        } else if to_recipient {
            self.localizer.format("paid-intro", &[("amount", shown.into()), ("date", date.into())])?
        } else {
            let payee = self.localizer.person_name(report.payee.as_deref().unwrap_or_default())?;
            let given = [("amount", shown.into()), ("date", date.into()), ("payee", payee.into())];
            self.localizer.format("paid-other-intro", &given)?
        };
        Ok(view)
    }

    pub(super) fn payment_failed(
        &self,
        report: &ReportFacts,
        to_recipient: bool,
        amount: Money,
        reason: &str,
    ) -> Result<View> {
        let headline = self.localizer.text("unpaid-headline")?;
        let mut view = self.report_view(report, Tone::Bad, "unpaid-label", headline, FirstAmount::Reimbursed)?;
        let amount = self.localizer.money(amount);
        view.facts.push(self.fact("label-amount", amount.clone())?);
        view.intro = if to_recipient {
            self.localizer.format("unpaid-intro", &[("amount", amount.into())])?
        } else {
            let payee = self.localizer.person_name(report.payee.as_deref().unwrap_or_default())?;
            self.localizer.format("unpaid-other-intro", &[("amount", amount.into()), ("payee", payee.into())])?
        };
        view.quote = Self::quote(self.localizer.text("unpaid-reason")?, reason);
        Ok(view)
    }

    pub(super) fn payee_unpaid(&self, payee: &str, amount: Money, reports: usize, reason: &str) -> Result<View> {
        let (name, amount) = (self.localizer.person_name(payee)?, self.localizer.money(amount));
        let headline = self.localizer.format("payee-unpaid-headline", &[("name", name.clone().into())])?;
        let mut view = self.base_view(Tone::Bad, "unpaid-label", headline)?;
        view.intro = self.localizer.format("payee-unpaid-intro", &[("count", reports.into())])?;
        view.facts = vec![self.fact("label-payee", name)?, self.fact("label-amount", amount)?];
        view.quote = Self::quote(self.localizer.text("unpaid-reason")?, reason);
        Ok(view)
    }

    pub(super) fn batch_waiting(
        &self,
        by: &str,
        (reports, payments, held): (usize, usize, usize),
        totals: &[Money],
        execution_date: Date,
    ) -> Result<View> {
        let headline = self.localizer.format("batch-headline", &[("count", payments.into())])?;
        let mut view = self.base_view(Tone::Action, "batch-label", headline)?;
        let by = self.localizer.person_name(by)?;
        view.intro = self.localizer.format("batch-intro", &[("by", by.into()), ("count", reports.into())])?;
        for total in totals {
            view.facts.push(self.fact("label-total", self.localizer.money(*total))?);
        }
        view.facts.push(self.fact("label-execution-date", self.localizer.date(execution_date)?)?);
        if held > 0 {
            view.facts.push(self.fact("label-held", self.localizer.format("batch-held", &[("count", held.into())])?)?);
        }
        Ok(view)
    }
}
