//! What lies on the desk when somebody acts on a report: who he is, the report as he may see it, and which version he means.

use std::future::Future;

use outlay_domain::change::{Change, ReportChange};
use outlay_domain::conversion::RateBook;
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::permission::{Permit, ReportAction, permit};
use outlay_domain::policy::Policy;
use outlay_domain::refusal::Refusal;
use outlay_domain::report::Report;

use crate::api::report::ReportOut;
use crate::call::{Call, Caller, Input};
use crate::loads::{self, About, Grounds};
use crate::problem::{Problem, ProblemType};
use crate::reply::{Outcome, Reply, Stop};

/// Whether a request has to say which version of the report it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// `If-Match` is honoured when it is there.
    Optional,
    /// `If-Match` must be there: nobody decides on what he has not seen.
    Required,
}

/// A caller before a report.
#[derive(Debug)]
pub struct Desk {
    call: Call,
    /// The caller.
    pub caller: Caller,
    /// The report he acts on.
    pub report: Report,
}

impl Desk {
    /// Reads caller and report side by side, for somebody who wants to do `A`.
    ///
    /// # Errors
    /// 404 when the caller is no member or may not know of the report; 403 when it is not for him to do this at all; 428 when a
    /// required `If-Match` is missing. Whether the moment is right is asked later, by [`Desk::permit`].
    pub async fn open<A: ReportAction>(call: Call, precondition: Precondition) -> Result<Self, Stop> {
        let nothing = async { Ok::<_, Stop>(()) };
        let (caller, (report, ())) = Self::read(&call, nothing).await?;
        Self::seated::<A>(call, caller, report, precondition)
    }

    /// The same, with the policy in force.
    ///
    /// # Errors
    /// As for [`Desk::open`].
    pub async fn open_with_policy<A: ReportAction>(
        call: Call,
        precondition: Precondition,
    ) -> Result<(Self, Policy), Stop> {
        let policy = loads::policy(call.store(), call.org()?);
        let (caller, (report, policy)) = Self::read(&call, policy).await?;
        Ok((Self::seated::<A>(call, caller, report, precondition)?, policy))
    }

    async fn read<T>(
        call: &Call,
        more: impl Future<Output = Result<T, Stop>>,
    ) -> Result<(Caller, (Option<Report>, T)), Stop> {
        let report = async { Ok(call.store().report(call.org()?, call.id("report")?).await?) };
        call.caller_and(async { tokio::try_join!(report, more) }).await
    }

    fn seated<A: ReportAction>(
        call: Call,
        caller: Caller,
        report: Option<Report>,
        precondition: Precondition,
    ) -> Result<Self, Stop> {
        let report = report.ok_or_else(Problem::not_found)?;
        let asked = permit::<A>(&caller.member, &report, call.today());
        if let Err(refusal @ (Refusal::NotVisible | Refusal::Forbidden(_))) = asked {
            return Err(refusal.into());
        }
        // `*` and lists would let a decision pass on what was not seen.
        let one_tag = |tags: &str| !tags.contains(',') && tags.trim() != "*";
        if precondition == Precondition::Required && !call.if_match().is_some_and(one_tag) {
            let detail = "Send If-Match with the one ETag of the report you have seen.";
            return Err(Problem::new(ProblemType::PreconditionRequired, detail).into());
        }
        Ok(Self { call, caller, report })
    }

    /// The request.
    #[must_use]
    pub const fn call(&self) -> &Call {
        &self.call
    }

    /// The checked body (an absent one counts as an empty object); after it, the version the caller means is compared.
    ///
    /// # Errors
    /// As for [`Call::input`], then 412 when `If-Match` names another version.
    pub fn input<T: Input>(&self) -> Result<T::Checked, Stop> {
        let checked = self.call.optional_input::<T>(&self.caller)?;
        self.call.matches(self.report.version)?;
        Ok(checked)
    }

    /// Asks for an action on the report.
    ///
    /// # Errors
    /// 403 or 409 with the reason.
    pub fn permit<A: ReportAction>(&self) -> Result<Permit<'_, A>, Stop> {
        Ok(permit(&self.caller.member, &self.report, self.call.today())?)
    }

    /// What the report is judged and routed by, with lines that are to come.
    ///
    /// # Errors
    /// Problems of the table.
    pub async fn grounds(&self, policy: Policy, more: &[ExpenseFacts]) -> Result<Grounds, Stop> {
        let about = About::report(&self.report, more, &self.caller.member, self.call.today());
        Grounds::load(self.call.store(), policy, about).await
    }

    /// The same for an edit: nothing, while the report is with its owner.
    ///
    /// # Errors
    /// Problems of the table.
    pub async fn grounds_to_edit(&self, policy: Policy, more: &[ExpenseFacts]) -> Result<Option<Grounds>, Stop> {
        if self.report.status.is_with_owner() { Ok(None) } else { self.grounds(policy, more).await.map(Some) }
    }

    /// The rates that lines to come need.
    ///
    /// # Errors
    /// Problems of the table.
    pub async fn rates(&self, lines: &[ExpenseFacts]) -> Result<RateBook, Stop> {
        let report = &self.report;
        loads::rates(self.call.store(), report.org, report.base_total.currency(), report.currency, lines).await
    }

    /// Answers with the report as it is.
    ///
    /// # Errors
    /// As for [`Reply::new`].
    pub fn unchanged(&self) -> Outcome {
        Ok(Reply::ok(&ReportOut::of(&self.report))?.version(self.report.version))
    }

    /// Stores the change and answers with the report as it is then.
    ///
    /// # Errors
    /// As for [`Call::commit`].
    pub async fn commit(&self, change: ReportChange) -> Outcome {
        let reply = if change.deleted {
            Reply::gone()
        } else {
            Reply::ok(&ReportOut::of(&change.after))?.version(change.after.version)
        };
        self.call.commit(&self.caller, Change::Report(Box::new(change)), reply).await
    }
}
