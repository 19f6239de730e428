//! Permissions on the organisation: the role decides.

use std::marker::PhantomData;

use crate::error::DomainError;
use crate::member::{Member, Role};

pub(super) const NOT_YOUR_ROLE: &str = "Your role does not allow this action.";

/// Type of one action on the organisation.
pub trait OrgAction: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Roles that may perform the action.
    const ROLES: &'static [Role];
    /// True when some members cannot perform the action.
    const IS_FORBIDDEN_TO_SOME: bool = Self::ROLES.len() < Role::ALL.len();
}

macro_rules! org_actions {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)|+;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl OrgAction for $name {
            const ROLES: &'static [Role] = &[$(Role::$role),+];
        }
    )*};
}

org_actions! {
    /// See the organisation.
    ReadOrganisation: Employee | Finance | Admin | Auditor;
    /// Change the organisation.
    UpdateOrganisation: Admin;
    /// Invite a member.
    InviteMember: Admin;
    /// List all members.
    ListMembers: Finance | Admin | Auditor;
    /// See the policy.
    ReadPolicy: Employee | Finance | Admin | Auditor;
    /// Replace the policy.
    UpdatePolicy: Finance | Admin;
    /// See exchange rates.
    ReadRates: Employee | Finance | Admin | Auditor;
    /// Enter exchange rates.
    EnterRates: Finance | Admin;
    /// Dry-run a report of one's own against the policy in force.
    CheckPolicy: Employee | Finance | Admin | Auditor;
    /// Dry-run a draft policy, or reports of others.
    SimulatePolicy: Finance | Admin | Auditor;
    /// Create a report of one's own.
    CreateReport: Employee | Finance | Admin;
    /// Create a report for another member.
    CreateForOthers: Finance | Admin;
    /// List one's own reports.
    ListReports: Employee | Finance | Admin | Auditor;
    /// List reports of others.
    ListAllReports: Finance | Admin | Auditor;
    /// List the reports that wait for one's decision.
    ListApprovals: Employee | Finance | Admin | Auditor;
    /// List batches.
    ListBatches: Finance | Admin | Auditor;
    /// Create a batch.
    CreateBatch: Finance | Admin;
    /// See the settings of the ledger.
    ReadLedger: Finance | Admin | Auditor;
    /// Change the settings of the ledger, and close periods.
    UpdateLedger: Finance | Admin;
    /// See the journal.
    ReadJournal: Finance | Admin | Auditor;
    /// See the settings for payments.
    ReadPaymentSettings: Finance | Admin | Auditor;
    /// Change the settings for payments.
    UpdatePaymentSettings: Admin;
    /// Record the answers of banks.
    RecordBankAnswers: Finance | Admin;
    /// Close the organisation.
    CloseOrganisation: Admin;
}

/// Proof that a member may perform `A` in their organisation. Only [`permit_org`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct OrgPermit<'a, A> {
    actor: &'a Member,
    action: PhantomData<A>,
}

impl<'a, A> OrgPermit<'a, A> {
    /// Member who may perform the action.
    #[must_use]
    pub const fn actor(&self) -> &'a Member {
        self.actor
    }
}

/// Permits an action on the actor's organisation.
///
/// # Errors
/// [`DomainError::Forbidden`] when the member's role does not allow it.
pub fn permit_org<A: OrgAction>(actor: &Member) -> Result<OrgPermit<'_, A>, DomainError> {
    if A::ROLES.contains(&actor.role) {
        Ok(OrgPermit { actor, action: PhantomData })
    } else {
        Err(DomainError::Forbidden(NOT_YOUR_ROLE))
    }
}
