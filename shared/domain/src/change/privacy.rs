//! Changes of what is a member's own: where he is paid, and that nothing says any longer who he was.

use jiff::Timestamp;

use super::organisation::follow;
use super::{MemberChange, PayoutChange};
use crate::event::EventKind;
use crate::member::{Member, MemberStatus};
use crate::payout::{PayoutPermit, SealedAccount};
use crate::permission::{EraseMembers, OrgPermit};
use crate::refusal::Refusal;

/// Puts a payout account in the place of the one before. It was sealed as [`PayoutPermit::version`], so that the one before does not
/// open any more, should somebody put it back.
#[must_use]
pub fn set_payout_account(permit: PayoutPermit<'_>, ciphertext: Vec<u8>, now: Timestamp) -> PayoutChange {
    let (member, version) = (permit.member(), permit.version());
    let after = Member { payout_version: Some(version), ..member.clone() };
    PayoutChange {
        member: MemberChange::between(member, after, member, EventKind::PayoutAccountChanged {}, now),
        account: SealedAccount { ciphertext, version, changed_at: now },
    }
}

/// What is left of the name of an erased member.
pub const FORMER: &str = "Former member";

/// Erases what says who a member was: his name, address, identity, grade, cost centre, manager, delegations (on both sides; `others`
/// are the members on the other one) and payout account.
///
/// What stays, because an organisation has to keep its books: his reports with the names on them, the decisions he took part in,
/// and the history of both; of himself his identifier, role, approval limit and history. That never held a name, an address or an
/// account; which grade, cost centre and manager he was given by a later change does stand in it.
///
/// # Errors
/// [`Refusal::Duties`] for an admin who would erase himself; [`Refusal::MemberState`] for a member who is active, or erased already,
/// or has a part in reports that are submitted or approved (`has_part`): somebody is waiting for his money, and who comes back as
/// another member must not decide on what he had a part in as this one.
pub fn erase(
    permit: OrgPermit<'_, EraseMembers>,
    member: &Member,
    has_part: bool,
    others: &[Member],
    now: Timestamp,
) -> Result<Vec<MemberChange>, Refusal> {
    let actor = permit.actor();
    if actor.id == member.id {
        return Err(Refusal::Duties("Nobody erases himself: another admin does."));
    }
    match member.status {
        MemberStatus::Invited | MemberStatus::Suspended => {}
        MemberStatus::Active => return Err(Refusal::MemberState("Suspend this member before you erase him.")),
        MemberStatus::Erased => return Err(Refusal::MemberState("This member was erased, which is final.")),
    }
    if has_part {
        return Err(Refusal::MemberState(
            "This member has a part in reports that are submitted or approved; they come first.",
        ));
    }
    let after = Member {
        id: member.id,
        org: member.org,
        name: FORMER.to_owned(),
        kind: member.kind,
        email: None,
        address_fault: None,
        address_mended_at: None,
        language: member.language,
        time_zone: None,
        role: member.role,
        status: MemberStatus::Erased,
        manager_id: None,
        grade: None,
        cost_centre: None,
        approval_limit: member.approval_limit,
        delegation: None,
        acts_for: Vec::new(),
        subject: None,
        payout_version: None,
        version: member.version,
        last_hash: member.last_hash.clone(),
        created_at: member.created_at,
    };
    let own = MemberChange::between(member, after.clone(), actor, EventKind::MemberErased {}, now);
    Ok(std::iter::once(own).chain(follow(&after, others, actor, now)).collect())
}
