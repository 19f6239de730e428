//! Permissions on batches and payments: role, relation, status and action decide. Payments have four eyes, and nobody
//! pays themselves or what they have decided on.

use std::collections::BTreeSet;
use std::marker::PhantomData;

use strum::VariantArray;

use super::organisation::NOT_YOUR_ROLE;
use crate::batch::{Batch, BatchStatus, Involvement, Involvements, Payment};
use crate::error::DomainError;
use crate::ids::MemberId;
use crate::member::{Member, MemberKind, Role};
use crate::policy::PaymentRules;

/// Relation of a member to a batch. When several apply, the first in this order counts. For an action on one payment
/// only its own payee is [`BatchRelation::Payee`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray)]
pub enum BatchRelation {
    /// Paid by the batch.
    Payee,
    /// Owner or preparer of a report in the batch, and not paid by it.
    Party,
    /// Has decided on a report in the batch, personally or through a delegate.
    Decided,
    /// Creator of a batch that needs four eyes.
    CreatorAtFourEyes,
    /// Creator of a batch below the amount for four eyes.
    CreatorBelow,
    /// No relation.
    Unrelated,
}

impl BatchRelation {
    /// Every relation, in order of precedence.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Relation of the member to the batch.
    #[must_use]
    pub fn of(member: &Member, batch: &Batch, involved: &Involvements, rules: &PaymentRules) -> Self {
        let Involvement { is_payee, is_party, has_decided } = involved.get(&member.id).copied().unwrap_or_default();
        if is_payee {
            Self::Payee
        } else if is_party {
            Self::Party
        } else if has_decided {
            Self::Decided
        } else if batch.created_by.id != member.id {
            Self::Unrelated
        } else if batch.needs_four_eyes(rules) {
            Self::CreatorAtFourEyes
        } else {
            Self::CreatorBelow
        }
    }

    /// Name in the permission table (`docs/PERMISSIONS.md`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Payee => "payee",
            Self::Party => "owner or preparer of a report",
            Self::Decided => "has decided on a report",
            Self::CreatorAtFourEyes => "creator, with four eyes",
            Self::CreatorBelow => "creator, below four eyes",
            Self::Unrelated => "none of these",
        }
    }
}

/// Action on a batch or a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray)]
pub enum BatchAction {
    /// See the batch with its payments and reports.
    Read,
    /// Release the batch for payment.
    Release,
    /// Cancel the batch.
    Cancel,
    /// Confirm the account of a held payment.
    ClearHold,
    /// Record that a payment was paid, failed or came back.
    Settle,
    /// Download the file for the bank.
    Download,
}

impl BatchAction {
    /// Every action on a batch.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// Predicate for messages: "A batch in the state … cannot …".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "be read",
            Self::Release => "be released",
            Self::Cancel => "be cancelled",
            Self::ClearHold => "have a hold cleared",
            Self::Settle => "have a payment settled",
            Self::Download => "be downloaded",
        }
    }

    /// True when a person has to act: a service would give its admin a second pair of eyes.
    const fn is_for_persons(self) -> bool {
        matches!(self, Self::Release | Self::ClearHold)
    }
}

/// Permission table of actions on batches.
///
/// # Errors
/// [`DomainError::NotFound`] when batches are hidden from the role; otherwise the reason of the refusal.
pub const fn authorize_batch(
    role: Role,
    relation: BatchRelation,
    status: BatchStatus,
    action: BatchAction,
) -> Result<(), DomainError> {
    if !role.sees_all() {
        return Err(DomainError::NotFound);
    }
    if matches!(action, BatchAction::Read) {
        return Ok(());
    }
    if matches!(role, Role::Auditor) {
        return Err(DomainError::Forbidden("Auditors have read-only access."));
    }
    let allowed = match action {
        BatchAction::Read => true,
        BatchAction::Release => {
            match relation {
                BatchRelation::Payee => return Err(DomainError::SeparationOfDuties(CANNOT_PAY_SELF)),
                BatchRelation::Party | BatchRelation::Decided => {
                    return Err(DomainError::SeparationOfDuties(CANNOT_RELEASE_OWN));
                }
                BatchRelation::CreatorAtFourEyes => return Err(DomainError::SeparationOfDuties(FOUR_EYES)),
                BatchRelation::CreatorBelow | BatchRelation::Unrelated => {}
            }
            matches!(status, BatchStatus::Open)
        }
        BatchAction::Cancel => matches!(status, BatchStatus::Building | BatchStatus::Open),
        BatchAction::ClearHold => {
            if matches!(relation, BatchRelation::Payee) {
                return Err(DomainError::SeparationOfDuties(CANNOT_CLEAR_OWN));
            }
            matches!(status, BatchStatus::Building | BatchStatus::Open)
        }
        BatchAction::Settle => {
            if matches!(relation, BatchRelation::Payee) {
                return Err(DomainError::SeparationOfDuties(CANNOT_SETTLE_OWN));
            }
            matches!(status, BatchStatus::Released | BatchStatus::Settled)
        }
        BatchAction::Download => matches!(status, BatchStatus::Released | BatchStatus::Settled),
    };
    if allowed { Ok(()) } else { Err(DomainError::InvalidBatchState { status, action: action.name() }) }
}

const CANNOT_PAY_SELF: &str = "This batch pays you. Ask another member of finance or an admin to release it.";
const CANNOT_RELEASE_OWN: &str =
    "You own or prepared a report in this batch, or have decided on one. Another member must release it.";
const FOUR_EYES: &str = "You created this batch. Payments need four eyes, so another member must release it.";
const CANNOT_CLEAR_OWN: &str = "This payment is yours. Another member must look at the account.";
const CANNOT_SETTLE_OWN: &str = "This payment is yours. Another member must settle it.";
const ROLE_FROM_PARTY: &str =
    "A payee, or a party to a paid report, gave you the role that this needs. Another admin has to confirm it.";

/// Type of one [`BatchAction`], so that a permit for another action does not compile.
pub trait BatchActionType: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Action.
    const ACTION: BatchAction;
}

macro_rules! batch_actions {
    ($($(#[$doc:meta])* $name:ident $action:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl BatchActionType for $name {
            const ACTION: BatchAction = BatchAction::$action;
        }
    )*};
}

batch_actions! {
    /// See a batch.
    ReadBatch Read
    /// Release a batch.
    ReleaseBatch Release
    /// Cancel a batch.
    CancelBatch Cancel
    /// Confirm the account of a held payment.
    ClearHold ClearHold
    /// Settle a payment.
    SettlePayment Settle
    /// Download the file for the bank.
    DownloadFile Download
}

/// Proof that a member may perform `A` on this version of a batch. Only [`permit_batch`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct BatchPermit<'a, A> {
    actor: &'a Member,
    batch: &'a Batch,
    action: PhantomData<A>,
}

impl<'a, A> BatchPermit<'a, A> {
    /// Member who may perform the action.
    #[must_use]
    pub const fn actor(&self) -> &'a Member {
        self.actor
    }

    /// Batch, in the version that was checked.
    #[must_use]
    pub const fn batch(&self) -> &'a Batch {
        self.batch
    }
}

/// Proof that a member may perform `A` on this version of a payment. Only [`permit_payment`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct PaymentPermit<'a, A> {
    batch: BatchPermit<'a, A>,
    payment: &'a Payment,
}

impl<'a, A> PaymentPermit<'a, A> {
    /// Member who may perform the action.
    #[must_use]
    pub const fn actor(&self) -> &'a Member {
        self.batch.actor
    }

    /// Batch, in the version that was checked.
    #[must_use]
    pub const fn batch(&self) -> &'a Batch {
        self.batch.batch
    }

    /// Payment, in the version that was checked.
    #[must_use]
    pub const fn payment(&self) -> &'a Payment {
        self.payment
    }
}

/// Members whose part in a batch [`permit_batch`] reads: the actor, and the admins who have changed the actor's role.
#[must_use]
pub fn involvement_keys(actor: &Member) -> BTreeSet<MemberId> {
    let setters = actor.authority_changes.iter().map(|change| change.by);
    setters.chain([actor.id]).collect()
}

/// Permits an action on a batch. `involved` holds the parts of [`involvement_keys`].
///
/// # Errors
/// Those of [`authorize_batch`]; [`DomainError::Forbidden`] for a service that would release;
/// [`DomainError::SeparationOfDuties`] for the release by a member whose role was given by a payee or party.
pub fn permit_batch<'a, A: BatchActionType>(
    actor: &'a Member,
    batch: &'a Batch,
    involved: &Involvements,
    rules: &PaymentRules,
) -> Result<BatchPermit<'a, A>, DomainError> {
    let relation = BatchRelation::of(actor, batch, involved, rules);
    let is_party = |part: &Involvement| part.is_payee || part.is_party;
    let parties: Vec<MemberId> = involved.iter().filter(|(_, part)| is_party(part)).map(|(id, _)| *id).collect();
    check_batch(actor, batch, relation, A::ACTION, &parties)?;
    Ok(BatchPermit { actor, batch, action: PhantomData })
}

/// Permits an action on a payment.
///
/// # Errors
/// Those of [`authorize_batch`]; [`DomainError::NotFound`] for a payment of another batch; [`DomainError::Forbidden`]
/// for a service that would clear a hold; [`DomainError::SeparationOfDuties`] when the payee gave the actor their role.
pub fn permit_payment<'a, A: BatchActionType>(
    actor: &'a Member,
    batch: &'a Batch,
    payment: &'a Payment,
) -> Result<PaymentPermit<'a, A>, DomainError> {
    if payment.batch != batch.id || payment.org != batch.org {
        return Err(DomainError::NotFound);
    }
    let is_payee = payment.payee.id == actor.id;
    let relation = if is_payee { BatchRelation::Payee } else { BatchRelation::Unrelated };
    check_batch(actor, batch, relation, A::ACTION, &[payment.payee.id])?;
    Ok(PaymentPermit { batch: BatchPermit { actor, batch, action: PhantomData }, payment })
}

fn check_batch(
    actor: &Member,
    batch: &Batch,
    relation: BatchRelation,
    action: BatchAction,
    parties: &[MemberId],
) -> Result<(), DomainError> {
    if actor.org != batch.org {
        return Err(DomainError::NotFound);
    }
    let authorized = authorize_batch(actor.role, relation, batch.status, action);
    if action.is_for_persons() && actor.kind == MemberKind::Service && authorized != Err(DomainError::NotFound) {
        return Err(DomainError::Forbidden("A service cannot release payments. Ask a person."));
    }
    authorized?;
    let needs_own_role = matches!(action, BatchAction::Release | BatchAction::ClearHold | BatchAction::Settle);
    if needs_own_role && !actor.without_changes_by(parties).role.has_authority() {
        return Err(DomainError::SeparationOfDuties(ROLE_FROM_PARTY));
    }
    Ok(())
}

/// Checks that a member can create a batch: a person with the role finance or admin.
///
/// # Errors
/// [`DomainError::Forbidden`].
pub fn check_batch_creator(actor: &Member) -> Result<(), DomainError> {
    if !actor.role.has_authority() {
        Err(DomainError::Forbidden(NOT_YOUR_ROLE))
    } else if actor.kind == MemberKind::Service {
        Err(DomainError::Forbidden("A service cannot create a batch. Ask a person."))
    } else {
        Ok(())
    }
}
