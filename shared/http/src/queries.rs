//! Queries that several endpoints share. Reads that do not depend on each other run concurrently.

use std::collections::BTreeSet;

use futures_util::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::automatic::AutoApprovals;
use outlay_domain::batch::{Batch, Payment};
use outlay_domain::change::{
    self, CurrentFindings, FindingsContext, ReportChange, SubmissionRules, has_too_many_periods, missing_person,
    missing_stand_in, reroute,
};
use outlay_domain::conversion::RateBook;
use outlay_domain::error::DomainError;
use outlay_domain::evaluate::{bills_in_other_reports, reports_with_parts};
use outlay_domain::event::EscalationReason;
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::ids::{BatchId, MemberId, OrgId, PaymentId};
use outlay_domain::member::{Member, Role};
use outlay_domain::money::Currency;
use outlay_domain::organisation::Organisation;
use outlay_domain::policy::Policy;
use outlay_domain::report::{Report, ReportStatus};
use outlay_domain::route::{MAX_LEVELS, OrgContext};
use outlay_domain::spending::{MAX_SPENDING_BUCKETS, Spending};
use outlay_domain::today::Today;
use outlay_input::FieldErrors;
use outlay_store::Store;

use crate::error::ApiError;
use crate::problem::Problem;
use crate::rates::load_rates;
use crate::request::RequestContext;

/// Records that an endpoint declares to read beside the caller and the target.
pub trait Preload: Sized + std::fmt::Debug + Send + Sync {
    /// Reads them.
    fn load(request: &RequestContext) -> impl Future<Output = Result<Self, ApiError>> + Send;
}

impl Preload for () {
    async fn load(_: &RequestContext) -> Result<Self, ApiError> {
        Ok(())
    }
}

impl Preload for Organisation {
    async fn load(request: &RequestContext) -> Result<Self, ApiError> {
        organisation(request.store(), request.org()?).await
    }
}

impl Preload for Policy {
    async fn load(request: &RequestContext) -> Result<Self, ApiError> {
        policy(request.store(), request.org()?).await
    }
}

impl<A: Preload, B: Preload> Preload for (A, B) {
    async fn load(request: &RequestContext) -> Result<Self, ApiError> {
        tokio::try_join!(A::load(request), B::load(request))
    }
}

/// Loads an organisation.
///
/// # Errors
/// Problems of the table.
pub async fn organisation(store: &Store, org: OrgId) -> Result<Organisation, ApiError> {
    store.organisation(org).await?.ok_or_else(|| Problem::internal("a member's organisation is missing").into())
}

/// Loads the policy in force.
///
/// # Errors
/// Problems of the table.
pub async fn policy(store: &Store, org: OrgId) -> Result<Policy, ApiError> {
    store.policy(org).await?.ok_or_else(|| Problem::internal("an organisation's policy is missing").into())
}

/// A payment and its batch.
#[derive(Debug)]
pub struct LoadedPayment {
    /// Batch.
    pub batch: Batch,
    /// Payment.
    pub payment: Payment,
}

/// Loads a payment with its batch; `None` when the batch has no such payment.
///
/// # Errors
/// Problems of the table.
pub async fn payment(
    store: &Store,
    org: OrgId,
    batch: BatchId,
    payment: PaymentId,
) -> Result<Option<LoadedPayment>, ApiError> {
    let (batch, payment) = tokio::try_join!(store.batch(org, batch), store.payment_by_id(org, payment))?;
    let loaded = batch.zip(payment).map(|(batch, payment)| LoadedPayment { batch, payment });
    Ok(loaded.filter(|loaded| loaded.payment.batch == loaded.batch.id))
}

/// Most members that a policy names: all are read when a report is submitted.
const MAX_POLICY_MEMBERS: usize = 100;

/// Checks that a policy can be put in force in an organisation: its values are right, and the members it names exist.
///
/// # Errors
/// 422 with every fault; problems of the table.
pub async fn validate_policy(store: &Store, org: OrgId, proposed: &Policy, base: Currency) -> Result<(), ApiError> {
    let mut errors = FieldErrors::default();
    for fault in proposed.validate(base) {
        errors.push_at(fault.pointer, fault.rule, fault.detail);
    }
    let named = proposed.named_members();
    if named.len() > MAX_POLICY_MEMBERS {
        errors.push("", "members", format!("A policy names at most {MAX_POLICY_MEMBERS} members in all."));
    } else {
        let known = store.members_by_id(org, &named).await?;
        for missing in named.iter().filter(|id| !known.iter().any(|member| member.id == **id)) {
            errors.push_at(
                proposed.member_pointer(*missing),
                "unknown-member",
                format!("There is no member {missing} here."),
            );
        }
        // A suspended member may come back.
        for other in known.iter().filter(|member| member.role == Role::Auditor || !member.is_current_person()) {
            let detail = format!("{} cannot approve: auditors, services and former members do not.", other.name);
            errors.push_at(proposed.member_pointer(other.id), "cannot-approve", detail);
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

/// Loads the exchange rates that lines of a report in `currency` need: none, when all is in the base currency.
///
/// # Errors
/// Problems of the table.
pub async fn rates(
    store: &Store,
    org: OrgId,
    base: Currency,
    currency: Currency,
    lines: &[ExpenseFacts],
) -> Result<RateBook, ApiError> {
    load_rates(store, org, base, &line_currencies(base, currency, lines)).await
}

/// Currencies and days of the rates that lines of a report in `currency` need.
fn line_currencies<'a>(
    base: Currency,
    currency: Currency,
    lines: impl IntoIterator<Item = &'a ExpenseFacts>,
) -> BTreeSet<(Currency, Date)> {
    let pair = |line: &ExpenseFacts| [(line.amount.currency(), line.date), (currency, line.date)];
    lines.into_iter().flat_map(pair).filter(|(currency, _)| *currency != base).collect()
}

/// Currencies and day of the rates that the limits of a policy need.
fn limit_currencies(policy: &Policy, base: Currency, today: Today) -> BTreeSet<(Currency, Date)> {
    let currencies = policy.limits.iter().map(|limit| limit.amount.currency());
    currencies.filter(|currency| *currency != base).map(|currency| (currency, today.utc())).collect()
}

/// Finds what the policy finds now on a report that is with its owner. Without `policy`, the policy in force is read.
/// `known` are members already read.
///
/// # Errors
/// Problems of the table.
pub async fn current_findings(
    store: &Store,
    report: &Report,
    policy: Option<&Policy>,
    known: &[&Member],
    today: Today,
) -> Result<CurrentFindings, ApiError> {
    let (org, base) = (report.org, report.base_total.currency());
    let buckets = if has_too_many_periods(report) { BTreeSet::new() } else { Spending::bucket_keys(&report.expenses) };
    let owner = async {
        if let Some(owner) = known.iter().find(|member| member.id == report.owner) {
            return Ok::<_, ApiError>((*owner).clone());
        }
        let owner = store.member(org, report.owner).await?;
        Ok(owner.ok_or_else(|| Problem::internal("a report's member is missing"))?)
    };
    let in_force = async {
        match policy {
            Some(_) => Ok(None),
            None => self::policy(store, org).await.map(Some),
        }
    };
    let mut wanted = line_currencies(base, report.currency, report.expenses.iter().map(|line| &line.facts));
    wanted.extend(policy.map(|policy| limit_currencies(policy, base, today)).unwrap_or_default());
    let spending = async { Ok::<_, ApiError>(store.spending(org, report.owner, &buckets).await?) };
    let rates = load_rates(store, org, base, &wanted);
    let (owner, in_force, spending, mut rates) = tokio::try_join!(owner, in_force, spending, rates)?;
    if let Some(policy) = &in_force {
        // Limits in other currencies are rare.
        rates = rates.merged_with(load_rates(store, org, base, &limit_currencies(policy, base, today)).await?);
    }
    let Some(policy) = policy.or(in_force.as_ref()) else {
        return Err(Problem::internal("no policy was read").into());
    };
    let context = FindingsContext { policy, owner: &owner, spending: &spending, rates: &rates };
    Ok(change::current_findings(report, context, today))
}

/// The same for lines of a report that exists.
///
/// # Errors
/// As for [`rates`].
pub async fn rates_for(store: &Store, report: &Report, lines: &[ExpenseFacts]) -> Result<RateBook, ApiError> {
    rates(store, report.org, report.base_total.currency(), report.currency, lines).await
}

/// Loads the member who decides for `member` so far.
///
/// # Errors
/// Problems of the table.
pub async fn delegate_of(store: &Store, member: &Member) -> Result<Option<Member>, ApiError> {
    match &member.delegation {
        Some(delegation) => Ok(store.member(member.org, delegation.counterpart.id).await?),
        None => Ok(None),
    }
}

/// Most managers above one another that are read. Longer chains are not searched for circles.
const MAX_MANAGERS: usize = 50;

/// Loads the managers above `first`, beginning with `first`. Ends where the chain does, or repeats itself.
///
/// # Errors
/// Problems of the table.
pub async fn manager_chain(store: &Store, first: Member) -> Result<Vec<Member>, ApiError> {
    let (org, mut above) = (first.org, first.manager_id);
    let mut chain = vec![first];
    while let Some(id) = above.filter(|id| chain.len() < MAX_MANAGERS && chain.iter().all(|one| one.id != *id)) {
        let Some(manager) = store.member(org, id).await? else { break };
        above = manager.manager_id;
        chain.push(manager);
    }
    Ok(chain)
}

/// Loads the members on the other side of a member's delegations, given and received.
///
/// # Errors
/// Problems of the table.
pub async fn delegation_partners(store: &Store, member: &Member) -> Result<Vec<Member>, ApiError> {
    let delegations = member.delegation.iter().chain(&member.acts_for);
    let partners: BTreeSet<MemberId> = delegations.map(|delegation| delegation.counterpart.id).collect();
    Ok(store.members_by_id(member.org, &partners.into_iter().collect::<Vec<_>>()).await?)
}

/// Most other reports that a submission routes anew: each adds items to the transaction.
const MAX_REROUTED: usize = 3;

/// Records that a report is evaluated and routed with.
#[derive(Clone, Debug)]
pub struct SubmissionContext<'a> {
    policy: &'a Policy,
    people: OrgContext,
    /// The owner's claimed expenses in the months and on the trips of the lines.
    pub spending: Spending,
    rates: RateBook,
}

impl<'a> SubmissionContext<'a> {
    /// Loads the records for a submission of `report` by `policy` today: interested parties, managers,
    /// finance and admins, the members that the policy names, the owner's claimed expenses, and rates. `known` are
    /// members already read.
    ///
    /// # Errors
    /// 422 for a report of too many months and trips; problems of the table.
    pub async fn load(
        store: &Store,
        policy: &'a Policy,
        report: &Report,
        known: &[&Member],
        today: Today,
    ) -> Result<Self, ApiError> {
        Self::load_with_rates(store, policy, report, known, None, today).await
    }

    /// The same, for a report whose lines were just converted at `known_rates`.
    ///
    /// # Errors
    /// As for [`SubmissionContext::load`].
    pub async fn load_with_rates(
        store: &Store,
        policy: &'a Policy,
        report: &Report,
        known: &[&Member],
        known_rates: Option<RateBook>,
        today: Today,
    ) -> Result<Self, ApiError> {
        let mut buckets = Spending::bucket_keys(&report.expenses);
        // Before they are read, not after: each is an item.
        if buckets.len() > 2 * MAX_SPENDING_BUCKETS {
            return Err(DomainError::TooManyPeriods.into());
        }
        buckets.extend(Spending::former_bucket_keys(&report.expenses));
        let (org, base) = (report.org, report.base_total.currency());
        let rates = async {
            let mut wanted = limit_currencies(policy, base, today);
            if report.status.is_with_owner() && known_rates.is_none() {
                wanted.extend(line_currencies(base, report.currency, report.expenses.iter().map(|line| &line.facts)));
            }
            load_rates(store, org, base, &wanted).await
        };
        let people = load_people(store, policy, report, known);
        let spending = async { Ok::<_, ApiError>(store.spending(org, report.owner, &buckets).await?) };
        let automatic = async {
            match policy.auto_approve_below {
                Some(_) => Ok::<_, ApiError>(store.auto_approvals(org, report.owner).await?),
                None => Ok(AutoApprovals::default()),
            }
        };
        let (people, spending, automatic, rates) = tokio::try_join!(people, spending, automatic, rates)?;
        let spending = Spending { automatic, ..spending };
        let rates = known_rates.unwrap_or_else(|| RateBook::new(base, [])).merged_with(rates);
        let mut context = Self { policy, people, spending, rates };
        context.load_managers(store, report, today).await?;
        Ok(context)
    }

    /// Routes the owner's other submitted reports anew that claim parts of the bills of a report that is submitted by
    /// `change`, the newest first.
    ///
    /// # Errors
    /// Problems of the table.
    pub async fn reroute_others(
        &self,
        store: &Store,
        change: &ReportChange,
        known: &[&Member],
        now: Timestamp,
    ) -> Result<Vec<ReportChange>, ApiError> {
        let report = &change.after;
        if !self.policy.splitting || !report.status.is_claimed() {
            return Ok(Vec::new());
        }
        let (bills, _) = bills_in_other_reports(report, &self.spending);
        let mut rerouted = Vec::new();
        for other in reports_with_parts(&bills, &self.spending).into_iter().rev().take(MAX_REROUTED) {
            let other = store.report(report.org, other).await?;
            let Some(other) = other.filter(|other| other.status == ReportStatus::Submitted) else { continue };
            let mut context = Self::load(store, self.policy, &other, known, change::today(now)).await?;
            context.spending = context.spending.after(&change.spending);
            for _ in 0..=MAX_LEVELS {
                match reroute(&other, context.rules(), now) {
                    Ok(changed) => {
                        rerouted.extend(changed);
                        break;
                    }
                    Err(DomainError::MissingPerson(id)) => {
                        add_manager(store, other.org, id, &mut context.people).await?;
                    }
                    // The submission does not fail because another report cannot be routed anew.
                    Err(_) => break,
                }
            }
        }
        Ok(rerouted)
    }

    /// Loads the managers that the route turns out to need, one level at a time.
    async fn load_managers(&mut self, store: &Store, report: &Report, today: Today) -> Result<(), ApiError> {
        for _ in 0..=MAX_LEVELS {
            let Some(id) = missing_person(report, self.rules(), today)? else { return Ok(()) };
            add_manager(store, report.org, id, &mut self.people).await?;
        }
        Err(Problem::internal("the route needs a member who is not in the manager chain").into())
    }

    /// The context as the rules take it.
    #[must_use]
    pub const fn rules(&self) -> SubmissionRules<'_> {
        SubmissionRules { policy: self.policy, people: &self.people, spending: &self.spending, rates: &self.rates }
    }
}

/// The people that an escalation needs.
#[derive(Clone, Debug)]
pub struct EscalationContext {
    /// Interested parties, managers, finance and admins, and the members that the policy names.
    pub people: OrgContext,
}

impl EscalationContext {
    /// Loads what the escalation of a report needs. `because` is the reason, with the approvers to replace.
    ///
    /// # Errors
    /// Problems of the table.
    pub async fn load(
        store: &Store,
        policy: &Policy,
        report: &Report,
        because: (EscalationReason, &[Member]),
        named: &[Member],
    ) -> Result<Self, ApiError> {
        let mut people = load_people(store, policy, report, &[]).await?;
        for _ in 0..=MAX_LEVELS {
            let missing = missing_stand_in(report, because, named, policy, &people)?;
            let Some(id) = missing else { return Ok(Self { people }) };
            add_manager(store, report.org, id, &mut people).await?;
        }
        Err(Problem::internal("the escalation needs a member who is not in the manager chain").into())
    }
}

async fn add_manager(store: &Store, org: OrgId, id: MemberId, people: &mut OrgContext) -> Result<(), ApiError> {
    match store.member(org, id).await? {
        Some(manager) => people.managers.push(manager),
        None => people.manager_chain_complete = true,
    }
    Ok(())
}

async fn load_people(
    store: &Store,
    policy: &Policy,
    report: &Report,
    known: &[&Member],
) -> Result<OrgContext, ApiError> {
    let (org, owner) = (report.org, report.owner);
    let read = |id: MemberId| async move {
        match known.iter().find(|member| member.id == id) {
            Some(member) => Ok::<_, ApiError>((*member).clone()),
            None => {
                store.member(org, id).await?.ok_or_else(|| Problem::internal("a report's member is missing").into())
            }
        }
    };
    let interested_parties = report.interested_parties().filter(|id| *id != owner).collect::<BTreeSet<_>>();
    let interested_parties =
        async { tokio::try_join!(read(owner), try_join_all(interested_parties.into_iter().map(read))) };
    // The owner's manager is read beside the rest when the owner is known already.
    let parties: Vec<MemberId> = report.interested_parties().collect();
    let manager_of = |owner: &&Member| owner.without_changes_by(&parties).manager_id;
    let manager = async {
        match known.iter().find(|member| member.id == owner).and_then(manager_of) {
            Some(manager) => Ok(store.member(org, manager).await?),
            None => Ok::<_, ApiError>(None),
        }
    };
    let named = policy.named_members();
    let finance_and_admins = async { Ok::<_, ApiError>(store.finance_and_admins(org).await?) };
    let named = async { Ok::<_, ApiError>(store.members_by_id(org, &named).await?) };
    let ((owner, interested_parties), manager, finance_and_admins, named) =
        tokio::try_join!(interested_parties, manager, finance_and_admins, named)?;
    Ok(OrgContext {
        owner,
        interested_parties,
        managers: manager.into_iter().collect(),
        manager_chain_complete: false,
        finance_and_admins,
        named_members: named,
    })
}
