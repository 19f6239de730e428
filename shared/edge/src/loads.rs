//! What several endpoints read before they ask the rules, side by side wherever nothing depends on anything.

use std::collections::BTreeSet;

use jiff::civil::Date;
use outlay_domain::change::Rules;
use outlay_domain::conversion::RateBook;
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::member::{Member, Role};
use outlay_domain::money::Currency;
use outlay_domain::organisation::Organisation;
use outlay_domain::permission::{ChangeMember, CreateForOthers, OrgPermit};
use outlay_domain::policy::Policy;
use outlay_domain::refusal::Refusal;
use outlay_domain::report::Report;
use outlay_domain::route::Directory;
use outlay_domain::spending::{BucketKey, MAX_BUCKETS, Spending};
use outlay_store::Store;

use crate::api::report::ReportToCreate;
use crate::call::{Call, Caller};
use crate::fault::Faults;
use crate::problem::Problem;
use crate::reply::Stop;

/// The organisation of a caller.
///
/// # Errors
/// Problems of the table.
pub async fn organisation(store: &Store, org: OrgId) -> Result<Organisation, Stop> {
    store.organisation(org).await?.ok_or_else(|| Problem::internal("a member's organisation is missing").into())
}

/// The policy in force.
///
/// # Errors
/// Problems of the table.
pub async fn policy(store: &Store, org: OrgId) -> Result<Policy, Stop> {
    store.policy(org).await?.ok_or_else(|| Problem::internal("an organisation's policy is missing").into())
}

/// Whether a policy can be put in force in an organisation: nothing in it is wrong, and the members it names are there.
///
/// # Errors
/// 422 with every fault; problems of the table.
pub async fn sound(store: &Store, org: OrgId, proposed: &Policy, base: Currency) -> Result<(), Stop> {
    let mut faults = Faults::default();
    for fault in proposed.faults(base) {
        faults.note_at(fault.pointer, fault.rule, fault.detail);
    }
    let named = proposed.named_members();
    if named.len() > MAX_NAMED {
        faults.note("", "members", format!("A policy names at most {MAX_NAMED} members, whatever for."));
    } else {
        let known = store.members_by_id(org, &named).await?;
        for missing in named.iter().filter(|id| !known.iter().any(|member| member.id == **id)) {
            faults.note_at(
                proposed.place_of(*missing),
                "unknown-member",
                format!("There is no member {missing} here."),
            );
        }
        // Who is suspended may come back.
        for other in known.iter().filter(|member| member.role == Role::Auditor || !member.is_somebody()) {
            let detail = format!("{} cannot approve: auditors, services and former members do not.", other.name);
            faults.note_at(proposed.place_of(other.id), "cannot-approve", detail);
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults).into()) }
}

/// The most members a policy names: all are read when a report is submitted.
const MAX_NAMED: usize = 100;

/// The member in the path, whose delegation the caller wants to change: himself (`me` stands for him), or anybody for an admin.
///
/// # Errors
/// 404 for anybody else.
pub async fn delegator(call: &Call, caller: &Caller) -> Result<Member, Stop> {
    let id: MemberId = if call.path("member") == "me" { caller.member.id } else { call.id("member")? };
    if id == caller.member.id {
        return Ok(caller.member.clone());
    }
    caller.permit::<ChangeMember>().map_err(|_| Problem::not_found())?;
    Ok(call.store().member(caller.member.org, id).await?.ok_or_else(Problem::not_found)?)
}

/// Who decides for a member so far.
///
/// # Errors
/// Problems of the table.
pub async fn delegate_of(call: &Call, member: &Member) -> Result<Option<Member>, Stop> {
    match &member.delegation {
        Some(delegation) => Ok(call.store().member(member.org, delegation.with.id).await?),
        None => Ok(None),
    }
}

/// The members a report to create names.
#[derive(Debug, Default)]
pub struct Named {
    owner: Option<Member>,
    payee: Option<Member>,
}

impl Named {
    /// Reads them.
    ///
    /// # Errors
    /// 403 when the caller may not enter reports for others, 422 when there is no such member.
    pub async fn read(call: &Call, caller: &Caller, wanted: &ReportToCreate) -> Result<Self, Stop> {
        let owner = wanted.owner.filter(|owner| *owner != caller.member.id);
        if owner.is_some() {
            caller.permit::<CreateForOthers>()?;
        }
        let read = |id: Option<MemberId>, name: &'static str| async move {
            match id {
                Some(id) => call.member(id, name).await.map(Some),
                None => Ok(None),
            }
        };
        let (owner, payee) = tokio::try_join!(read(owner, "owner_id"), read(wanted.payee, "payee_id"))?;
        Ok(Self { owner, payee })
    }

    /// The owner the caller enters the report for, when that is not himself, with the permit to do so.
    ///
    /// # Errors
    /// 403
    pub fn for_other<'a>(
        &'a self,
        caller: &'a Caller,
    ) -> Result<Option<(OrgPermit<'a, CreateForOthers>, &'a Member)>, Stop> {
        let with_permit = |owner| Ok((caller.permit::<CreateForOthers>()?, owner));
        self.owner.as_ref().map(with_permit).transpose()
    }

    /// Who is paid, when the request names him.
    #[must_use]
    pub fn payee(&self) -> Option<Member> {
        self.payee.clone()
    }
}

/// What a report is judged and routed by.
#[derive(Clone, Debug)]
pub struct Grounds {
    /// The policy.
    pub policy: Policy,
    /// The people a route may need.
    pub people: Directory,
    /// What the owner has claimed in the months and on the trips of the lines.
    pub spending: Spending,
    /// Rates of today of the currencies that limits are in.
    pub rates: RateBook,
}

/// Whose report is judged, and what of it decides what has to be read.
#[derive(Debug)]
pub struct About<'a> {
    /// The organisation.
    pub org: OrgId,
    /// Its base currency.
    pub base: Currency,
    /// The owner; who entered the report and who is paid, where these are others.
    pub concerned: Vec<MemberId>,
    /// The caller, who need not be read again.
    pub caller: &'a Member,
    /// The months and trips of the lines.
    pub buckets: BTreeSet<BucketKey>,
    /// The day of the judgement.
    pub today: Date,
}

impl<'a> About<'a> {
    /// A report that is to be created.
    #[must_use]
    pub fn new_report(
        org: OrgId,
        base: Currency,
        people: &Named,
        lines: &[ExpenseFacts],
        caller: &'a Member,
        today: Date,
    ) -> Self {
        let owner = people.owner.as_ref().map_or(caller.id, |owner| owner.id);
        let others = [Some(caller.id), people.payee.as_ref().map(|payee| payee.id)];
        let concerned = std::iter::once(owner).chain(others.into_iter().flatten().filter(|id| *id != owner)).collect();
        let buckets = lines.iter().flat_map(BucketKey::of).collect();
        Self { org, base, concerned, caller, buckets, today }
    }

    /// A report as it stands, with lines that are to come.
    #[must_use]
    pub fn report(report: &Report, more: &[ExpenseFacts], caller: &'a Member, today: Date) -> Self {
        let mut buckets = Spending::keys(&report.expenses);
        buckets.extend(more.iter().flat_map(BucketKey::of));
        let base = report.base_total.currency();
        Self { org: report.org, base, concerned: report.concerned().collect(), caller, buckets, today }
    }
}

impl Grounds {
    /// Reads what a judgement by `policy` needs: the concerned, the manager, finance and admins, the members the policy names, the
    /// owner's claims and rates.
    ///
    /// # Errors
    /// Problems of the table.
    pub async fn load(store: &Store, policy: Policy, about: About<'_>) -> Result<Self, Stop> {
        // Before they are read, not after: each is an item.
        if about.buckets.len() > 2 * MAX_BUCKETS {
            return Err(Refusal::TooManyPeriods.into());
        }
        let org = about.org;
        let owner = about.concerned.first().copied().unwrap_or(about.caller.id);
        let read = |id: MemberId| async move {
            let known = (id == about.caller.id).then(|| about.caller.clone());
            match known {
                Some(caller) => Ok::<_, Stop>(Some(caller)),
                None => Ok(store.member(org, id).await?),
            }
        };
        let concerned = async {
            let others = about.concerned.iter().copied().filter(|id| *id != owner).map(read);
            let (owner, others) = tokio::try_join!(read(owner), futures_util::future::try_join_all(others))?;
            let owner = owner.ok_or_else(|| Problem::internal("a report's owner is missing"))?;
            Ok::<_, Stop>((owner, others.into_iter().flatten().collect::<Vec<_>>()))
        };
        let manager = async {
            match about.caller.manager_id.filter(|_| owner == about.caller.id) {
                Some(manager) => Ok(store.member(org, manager).await?),
                None => Ok::<_, Stop>(None),
            }
        };
        let named = policy.named_members();
        let people = async {
            let officers = async { Ok::<_, Stop>(store.officers(org).await?) };
            let named = async { Ok::<_, Stop>(store.members_by_id(org, &named).await?) };
            tokio::try_join!(concerned, manager, officers, named)
        };
        let spending = async { Ok::<_, Stop>(store.spending(org, owner, &about.buckets).await?) };
        let currencies = policy.limits.iter().map(|limit| limit.amount.currency());
        let wanted = currencies.filter(|currency| *currency != about.base).map(|currency| (currency, about.today));
        let wanted: BTreeSet<_> = wanted.collect();
        let rates = async { Ok::<_, Stop>(store.rates(org, &wanted).await?) };
        let (((owner, concerned), manager, officers, named), spending, entries) =
            tokio::try_join!(people, spending, rates)?;
        let people =
            Directory { owner, concerned, managers: manager.into_iter().collect(), top: false, officers, named };
        Ok(Self { policy, people, spending, rates: RateBook::new(about.base, entries) })
    }

    /// As the rules want it.
    #[must_use]
    pub const fn rules(&self) -> Rules<'_> {
        Rules { policy: &self.policy, people: &self.people, spending: &self.spending, rates: &self.rates }
    }
}

/// Asks the rules, and reads one more member as often as they want to know of one.
///
/// # Errors
/// What the rules refuse, and problems of the table.
pub async fn decide<T>(
    store: &Store,
    mut grounds: Grounds,
    ask: impl Fn(Rules<'_>) -> Result<T, Refusal>,
) -> Result<T, Stop> {
    loop {
        let org = grounds.people.owner.org;
        match ask(grounds.rules()) {
            Err(Refusal::UnknownManager(id)) => match store.member(org, id).await? {
                Some(manager) => grounds.people.managers.push(manager),
                None => grounds.people.top = true,
            },
            Err(Refusal::UnknownConcerned(id)) => {
                let found = store.member(org, id).await?;
                grounds.people.concerned.push(found.ok_or_else(|| Problem::internal("a report's member is missing"))?);
            }
            decided => return Ok(decided?),
        }
    }
}

/// The same for an edit, which is judged only when there are grounds.
///
/// # Errors
/// As for [`decide`].
pub async fn decide_edit<T>(
    store: &Store,
    grounds: Option<Grounds>,
    ask: impl Fn(Option<Rules<'_>>) -> Result<T, Refusal>,
) -> Result<T, Stop> {
    match grounds {
        Some(grounds) => decide(store, grounds, |rules| ask(Some(rules))).await,
        None => Ok(ask(None)?),
    }
}

/// The exchange rates that lines of a report in `currency` need: none, when all is in the base currency.
///
/// # Errors
/// Problems of the table.
pub async fn rates(
    store: &Store,
    org: OrgId,
    base: Currency,
    currency: Currency,
    lines: &[ExpenseFacts],
) -> Result<RateBook, Stop> {
    let pair = |line: &ExpenseFacts| [(line.amount.currency(), line.date), (currency, line.date)];
    let foreign = |(currency, _): &(Currency, Date)| *currency != base;
    let wanted: BTreeSet<_> = lines.iter().flat_map(pair).filter(foreign).collect();
    let entries = store.rates(org, &wanted).await?;
    Ok(RateBook::new(base, entries))
}
