//! Permissions on members: the role decides, and whether the member is the caller.

use std::marker::PhantomData;

use super::organisation::NOT_YOUR_ROLE;
use crate::error::DomainError;
use crate::member::{Member, MemberKind, Role};

/// Answer to a caller who may not perform an action on a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRefusal {
    /// Forbidden, whether the member exists or not.
    Forbidden,
    /// Forbidden when the caller may see the member, otherwise not found.
    ForbiddenIfVisible,
    /// Not found.
    NotFound,
}

/// Type of one action on a member.
pub trait MemberAction: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// True when members may perform the action on themselves, in every role.
    const SELF: bool;
    /// Roles that may perform the action on every member of the organisation.
    const ROLES: &'static [Role];
    /// True when the delegate of a member may perform the action on that member.
    const DELEGATE: bool;
    /// True when services may not perform the action on themselves.
    const FOR_PERSONS: bool;
    /// Answer to other callers.
    const ON_REFUSAL: OnRefusal;
    /// True when the action is allowed in a closed organisation: only erasure, to which people keep their right.
    const ALLOWED_WHEN_CLOSED: bool = false;
    /// True when some callers are answered with "forbidden".
    const IS_FORBIDDEN_TO_SOME: bool = !matches!(Self::ON_REFUSAL, OnRefusal::NotFound);
}

/// Permission of members to perform an action on themselves.
enum SelfService {
    No,
    Yes,
    PersonsOnly,
    AndDelegate,
}

macro_rules! member_actions {
    ($($(#[$doc:meta])* $name:ident: $self:ident, [$($role:ident),*], $refusal:ident $(, $closed:literal)?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl MemberAction for $name {
            const SELF: bool = !matches!(SelfService::$self, SelfService::No);
            const DELEGATE: bool = matches!(SelfService::$self, SelfService::AndDelegate);
            const FOR_PERSONS: bool = matches!(SelfService::$self, SelfService::PersonsOnly);
            const ROLES: &'static [Role] = &[$(Role::$role),*];
            const ON_REFUSAL: OnRefusal = OnRefusal::$refusal;
            $(const ALLOWED_WHEN_CLOSED: bool = $closed;)?
        }
    )*};
}

member_actions! {
    /// See a member.
    ReadMember: Yes, [Finance, Admin, Auditor], NotFound;
    /// Change a member. Which fields, [`crate::change::update_member`] decides.
    UpdateMember: Yes, [Admin], Forbidden;
    /// Delegate a member's decisions.
    Delegate: Yes, [Admin], NotFound;
    /// End the delegation of a member's decisions.
    EndDelegation: AndDelegate, [Admin], NotFound;
    /// See the masked payout account.
    ReadPayoutAccount: Yes, [Finance, Admin], ForbiddenIfVisible;
    /// Set the payout account.
    SetPayoutAccount: PersonsOnly, [], ForbiddenIfVisible;
    /// Export what is stored of a member.
    ExportMember: Yes, [Admin], ForbiddenIfVisible;
    /// Erase a member's personal data.
    EraseMember: No, [Admin], ForbiddenIfVisible, true;
}

/// Proof that `actor` may carry out `A` on `target`. Only [`permit_member`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct MemberPermit<'a, A> {
    actor: &'a Member,
    target: &'a Member,
    action: PhantomData<A>,
}

impl<'a, A> MemberPermit<'a, A> {
    /// Member who may perform the action.
    #[must_use]
    pub const fn actor(&self) -> &'a Member {
        self.actor
    }

    /// Member that the action is performed on.
    #[must_use]
    pub const fn target(&self) -> &'a Member {
        self.target
    }
}

/// Permits an action on a member. `target` is `None` when the member does not exist.
///
/// # Errors
/// [`DomainError::NotFound`] or [`DomainError::Forbidden`] by [`MemberAction::ON_REFUSAL`]; [`DomainError::NotFound`]
/// when the target does not exist or belongs to another organisation.
pub fn permit_member<'a, A: MemberAction>(
    actor: &'a Member,
    target: Option<&'a Member>,
) -> Result<MemberPermit<'a, A>, DomainError> {
    let target = target.filter(|target| target.org == actor.org);
    let is_self = target.is_some_and(|target| target.id == actor.id);
    if A::FOR_PERSONS && is_self && actor.kind == MemberKind::Service {
        return Err(DomainError::Forbidden("A service has no payout account."));
    }
    let delegation = target.and_then(|target| target.delegation.as_ref()).filter(|_| A::DELEGATE);
    let is_delegate = delegation.is_some_and(|delegation| delegation.counterpart.id == actor.id);
    if (A::SELF && is_self) || is_delegate || A::ROLES.contains(&actor.role) {
        let target = target.ok_or(DomainError::NotFound)?;
        return Ok(MemberPermit { actor, target, action: PhantomData });
    }
    let is_visible = is_self || (target.is_some() && ReadMember::ROLES.contains(&actor.role));
    match A::ON_REFUSAL {
        OnRefusal::Forbidden => Err(DomainError::Forbidden(NOT_YOUR_ROLE)),
        OnRefusal::ForbiddenIfVisible if is_visible && A::ROLES.is_empty() => {
            Err(DomainError::Forbidden("Only the member can do this."))
        }
        OnRefusal::ForbiddenIfVisible if is_visible => Err(DomainError::Forbidden(NOT_YOUR_ROLE)),
        OnRefusal::ForbiddenIfVisible | OnRefusal::NotFound => Err(DomainError::NotFound),
    }
}
