//! What several endpoints read before they ask the rules, side by side wherever nothing depends on anything.

use std::collections::BTreeSet;

use jiff::civil::Date;
use outlay_domain::conversion::RateBook;
use outlay_domain::expense::ExpenseFacts;
use outlay_domain::ids::{MemberId, OrgId};
use outlay_domain::money::Currency;
use outlay_domain::organisation::Organisation;
use outlay_domain::policy::Policy;
use outlay_domain::route::Directory;
use outlay_store::Store;

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

/// What a submission is judged and routed by: the policy, the owner's manager, and the members with a role to route to.
///
/// # Errors
/// Problems of the table.
pub async fn rules(store: &Store, org: OrgId, manager: Option<MemberId>) -> Result<(Policy, Directory), Stop> {
    let manager = async {
        match manager {
            Some(manager) => Ok(store.member(org, manager).await?),
            None => Ok::<_, Stop>(None),
        }
    };
    let officers = async { Ok::<_, Stop>(store.officers(org).await?) };
    let (policy, manager, officers) = tokio::try_join!(policy(store, org), manager, officers)?;
    Ok((policy, Directory { manager, officers }))
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
