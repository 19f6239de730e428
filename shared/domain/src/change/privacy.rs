//! Transitions of a member's private data: payout account and erasure.

use jiff::Timestamp;

use super::organisation::propagate_to_delegates;
use super::{MemberChange, PayoutChange};
use crate::error::DomainError;
use crate::event::EventKind;
use crate::member::{Authority, Member, MemberStatus};
use crate::organisation::Organisation;
use crate::payout::{SealedAccount, next_version};
use crate::permission::{EraseMember, MemberPermit, SetPayoutAccount};
use crate::text::DisplayName;

/// Replaces the payout account. It was encrypted as [`next_version`], so an older account put back into the table does
/// not decrypt.
#[must_use]
pub fn set_payout_account(
    permit: MemberPermit<'_, SetPayoutAccount>,
    ciphertext: Vec<u8>,
    now: Timestamp,
) -> PayoutChange {
    let member = permit.target();
    let version = next_version(member);
    let after = Member { payout_version: Some(version), ..member.clone() };
    PayoutChange {
        member: MemberChange::between(member, after, member, EventKind::PayoutAccountChanged {}, now),
        account: SealedAccount { ciphertext, version, changed_at: now },
    }
}

/// Name of erased members.
pub const ERASED_NAME: &str = "Former member";

/// Erases the personal data of a member: name, address, identity, grade, cost centre, manager, payout account and
/// delegations, on both sides. `others` are the members on the other side.
///
/// Accounting data stays: reports with the names on them, decisions, and the history of both. Of the member,
/// identifier, role, approval limit and history stay. The history never holds names, addresses or accounts; it does
/// hold changes of grade, cost centre and manager.
///
/// # Errors
/// [`DomainError::SeparationOfDuties`] for admins who would erase themselves; [`DomainError::InvalidMemberState`] for a
/// member who is active or erased, or participates in submitted or approved reports (`has_part`): reimbursements are
/// open, and the person could be invited again as another member and decide on these reports. In a closed organisation
/// only an erased member is refused.
pub fn erase_member(
    permit: MemberPermit<'_, EraseMember>,
    has_part: bool,
    organisation: &Organisation,
    others: &[Member],
    now: Timestamp,
) -> Result<Vec<MemberChange>, DomainError> {
    let (actor, member) = (permit.actor(), permit.target());
    if actor.id == member.id {
        return Err(DomainError::SeparationOfDuties("You cannot erase yourself. Ask another admin."));
    }
    match member.status {
        MemberStatus::Invited | MemberStatus::Suspended => {}
        MemberStatus::Active if organisation.is_closed() => {}
        MemberStatus::Active => {
            return Err(DomainError::InvalidMemberState("Suspend this member before you erase them."));
        }
        MemberStatus::Erased => return Err(DomainError::InvalidMemberState("This member was erased already.")),
    }
    if has_part && !organisation.is_closed() {
        return Err(DomainError::InvalidMemberState(
            "This member participates in submitted or approved reports. Complete or return these reports first.",
        ));
    }
    let mut after = Member {
        id: member.id,
        org: member.org,
        name: DisplayName::literal(ERASED_NAME),
        kind: member.kind,
        email: None,
        address_fault: None,
        address_fault_cleared_at: None,
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
        invited_by: None,
        authority_changes: Vec::new(),
        subject: None,
        issuer: None,
        payout_version: None,
        version: member.version,
        last_hash: member.last_hash.clone(),
        created_at: member.created_at,
    };
    after.record_authority(actor.id, Authority::Status(member.status));
    let erased = MemberChange::between(member, after.clone(), actor, EventKind::MemberErased {}, now);
    Ok(std::iter::once(erased).chain(propagate_to_delegates(&after, others, actor, now)).collect())
}
