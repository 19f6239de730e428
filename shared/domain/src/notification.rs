//! Mail that events cause: recipients and content. The one place that decides it; must not know addresses or wording.

use crate::event::{
    BatchFacts, DelegationNotice, EscalationReason, Event, EventKind, EventSubject, FieldChange, OpenedStep,
    ReimbursementFacts, ReportSnapshot,
};
use crate::ids::MemberId;
use crate::member::{AddressFault, Role};
use crate::money::Money;
use crate::reimbursement::PaymentFailure;

/// Recipients of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// These members.
    Members(Vec<MemberId>),
    /// All admins of the organisation, and the member who is named.
    Admins {
        /// Admin who gets no mail: the event is about them, or they acted.
        except: Option<MemberId>,
        /// Member who gets mail too.
        and: Option<MemberId>,
    },
    /// All members with the role finance, and all admins.
    Finance {
        /// Member who gets no mail: they acted, or cannot do what the mail asks for.
        except: Option<MemberId>,
    },
}

/// Mail that an event causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventNotification<'a> {
    /// Recipients. Delegates of approvers are added when the mail is composed.
    pub recipients: Recipients,
    /// Content, the same facts for all recipients.
    pub content: NotificationContent<'a>,
}

/// Content of a notification, by reference into its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotificationContent<'a> {
    /// Delegation that was set or has ended, for both sides.
    Delegation {
        /// Delegation.
        delegation: &'a DelegationNotice,
    },
    /// Change of the role, manager or approval limit of a member, for admins.
    AuthorityChange {
        /// Member who was changed.
        member: MemberId,
        /// Changed fields.
        changes: &'a [FieldChange],
    },
    /// New service that has a role with further rights, for admins.
    NewService {
        /// Service.
        member: MemberId,
        /// Its role.
        role: Role,
    },
    /// Report that a preparer entered for its owner.
    Prepared {
        /// Report at the time of the event.
        report: &'a ReportSnapshot,
    },
    /// Invitation to an organisation. With the role finance or admin, the other admins get mail about it.
    Invitation {
        /// Name of the organisation.
        organisation: &'a str,
        /// Role of the new member.
        role: Role,
    },
    /// Closing of the organisation.
    OrganisationClosed {
        /// Name of the organisation.
        organisation: &'a str,
    },
    /// Warning that the recipient's payout account has changed.
    PayoutAccountChanged,
    /// Report that mail to a member fails.
    AddressFailed {
        /// Member whose address fails.
        member: MemberId,
        /// Fault of the address.
        fault: AddressFault,
    },
    /// Request to decide on a step. The owner is among the recipients when a preparer has submitted the report.
    ApprovalRequest {
        /// Report at the time of the event.
        report: &'a ReportSnapshot,
        /// Step to decide on.
        step: &'a OpenedStep,
        /// Reason of the reassignment, for a reassigned step.
        reassignment_reason: Option<&'a str>,
    },
    /// Escalation of a step: a request to its new approvers, and a note to the replaced ones.
    Escalation {
        /// Report at the time of the event.
        report: &'a ReportSnapshot,
        /// Step with its new approvers.
        step: &'a OpenedStep,
        /// Replaced approvers.
        from: &'a [MemberId],
        /// Reason of the escalation.
        reason: EscalationReason,
    },
    /// Comment on a report.
    Comment {
        /// Report at the time of the event.
        report: &'a ReportSnapshot,
        /// Text.
        text: &'a str,
    },
    /// Approval by the policy.
    AutoApproval {
        /// Report at the time of the event.
        report: &'a ReportSnapshot,
        /// Exclusive upper limit of automatic approval.
        below: Money,
    },
    /// Approval at the last step.
    Approval {
        /// Report at the time of the event.
        report: &'a ReportSnapshot,
        /// Comment of the approver.
        comment: Option<&'a str>,
    },
    /// Return to the owner for changes.
    Return {
        /// Report at the time of the event.
        report: &'a ReportSnapshot,
        /// Reason.
        reason: &'a str,
    },
    /// Payment of a report, or set-off of its claim.
    Reimbursement {
        /// Report at the time of the event.
        report: &'a ReportSnapshot,
        /// Payment.
        payment: &'a ReimbursementFacts,
    },
    /// Payment of a report that failed or came back, for its parties.
    ReportPaymentFailure {
        /// Report at the time of the event.
        report: &'a ReportSnapshot,
        /// Reimbursable amount of the report in the payment.
        claim: Money,
        /// Reason.
        failure: &'a PaymentFailure,
        /// True when the payment had been paid before.
        came_back: bool,
    },
    /// Payment that failed or came back, for finance.
    PaymentFailure {
        /// Payee.
        payee: MemberId,
        /// Amount.
        amount: Money,
        /// Number of reports that are approved again.
        reports: usize,
        /// Reason.
        failure: &'a PaymentFailure,
        /// True when the payment had been paid before.
        came_back: bool,
    },
    /// Batch that waits for its release, for finance.
    BatchWaiting {
        /// Batch at the time of the event.
        batch: &'a BatchFacts,
    },
    /// Final rejection.
    Rejection {
        /// Report at the time of the event.
        report: &'a ReportSnapshot,
        /// Reason.
        reason: &'a str,
    },
}

impl<'a> NotificationContent<'a> {
    /// Report that the notification is about.
    #[must_use]
    pub const fn report(&self) -> Option<&'a ReportSnapshot> {
        match self {
            Self::Invitation { .. }
            | Self::OrganisationClosed { .. }
            | Self::Delegation { .. }
            | Self::AuthorityChange { .. }
            | Self::NewService { .. }
            | Self::PayoutAccountChanged
            | Self::AddressFailed { .. }
            | Self::PaymentFailure { .. }
            | Self::BatchWaiting { .. } => None,
            Self::Prepared { report }
            | Self::ApprovalRequest { report, .. }
            | Self::Escalation { report, .. }
            | Self::Comment { report, .. }
            | Self::AutoApproval { report, .. }
            | Self::Approval { report, .. }
            | Self::Return { report, .. }
            | Self::Reimbursement { report, .. }
            | Self::ReportPaymentFailure { report, .. }
            | Self::Rejection { report, .. } => Some(report),
        }
    }
}

impl Event {
    /// Mail that the event causes. Until it is sent, the event waits in the outbox.
    #[must_use]
    pub fn notification(&self) -> Option<EventNotification<'_>> {
        use NotificationContent as Content;
        // Exhaustive on purpose: a new kind of event does not compile before its recipients and content are decided
        // here.
        let (members, content) = match &self.kind {
            EventKind::MemberInvited { organisation, role } => {
                let content = Content::Invitation { organisation, role: *role };
                if !role.has_authority() {
                    return Some(EventNotification { recipients: Recipients::Members(vec![self.member()?]), content });
                }
                return Some(EventNotification { recipients: self.other_admins(self.member()), content });
            }
            EventKind::OrganisationClosed { organisation } => {
                let content = Content::OrganisationClosed { organisation };
                return Some(EventNotification { recipients: Recipients::Admins { except: None, and: None }, content });
            }
            EventKind::ServiceAdded { role } if role.has_authority() => {
                let content = Content::NewService { member: self.member()?, role: *role };
                return Some(EventNotification { recipients: self.other_admins(None), content });
            }
            EventKind::MemberChanged {} if self.changes_authority() => {
                let content = Content::AuthorityChange { member: self.member()?, changes: &self.changes };
                return Some(EventNotification { recipients: self.other_admins(None), content });
            }
            EventKind::DelegationChanged { delegation: Some(delegation) } => {
                (vec![self.member()?], Content::Delegation { delegation })
            }
            EventKind::ReportCreated { report: Some(report), .. } => (vec![report.owner], Content::Prepared { report }),
            EventKind::PayoutAccountChanged {} => (vec![self.member()?], Content::PayoutAccountChanged),
            EventKind::AddressFailed { fault } => {
                let content = Content::AddressFailed { member: self.member()?, fault: *fault };
                let recipients = Recipients::Admins { except: self.member(), and: None };
                return Some(EventNotification { recipients, content });
            }
            EventKind::ReportSubmitted { .. }
            | EventKind::StepApproved { .. }
            | EventKind::StepReassigned { .. }
            | EventKind::StepEscalated { .. } => return self.step_notification(),
            EventKind::ReportCommented { text, report, notified } => {
                (notified.clone(), Content::Comment { report: report.as_deref()?, text })
            }
            EventKind::ReportAutoApproved { report, below } => {
                (vec![report.owner], Content::AutoApproval { report, below: *below })
            }
            EventKind::ReportApproved { report, comment, .. } => {
                (vec![report.owner], Content::Approval { report, comment: comment.as_deref() })
            }
            EventKind::ReportReturned { report, reason, .. } => {
                (vec![report.owner], Content::Return { report, reason })
            }
            EventKind::ReportRejected { report, reason, .. } => {
                (vec![report.owner], Content::Rejection { report, reason })
            }
            EventKind::ReportReimbursed { .. }
            | EventKind::ReportSetOff { .. }
            | EventKind::ReportPaymentFailed { .. }
            | EventKind::PaymentFailed { .. }
            | EventKind::BatchOpened { .. } => return self.payment_notification(),
            EventKind::OrganisationCreated {}
            | EventKind::OrganisationChanged {}
            | EventKind::LedgerChanged { .. }
            | EventKind::AddressChanged {}
            | EventKind::ServiceAdded { .. }
            | EventKind::MemberJoined {}
            | EventKind::MemberChanged {}
            | EventKind::DelegationChanged { delegation: None }
            | EventKind::MemberErased {}
            | EventKind::PolicyChanged { .. }
            | EventKind::RatesEntered { .. }
            | EventKind::RatesRemoved { .. }
            | EventKind::ReportCreated { .. }
            | EventKind::ExpenseAdded { .. }
            | EventKind::ExpenseChanged { .. }
            | EventKind::ExpenseSplit { .. }
            | EventKind::ExpenseRemoved { .. }
            | EventKind::ReceiptDeclared { .. }
            | EventKind::ReceiptAccepted { .. }
            | EventKind::ReceiptRejected { .. }
            | EventKind::ReceiptDuplicateFound { .. }
            | EventKind::ReceiptRemoved { .. }
            | EventKind::ReceiptAbandoned { .. }
            | EventKind::ReportChanged {}
            | EventKind::ReportDeleted {}
            | EventKind::StepAgreed { .. }
            | EventKind::ReimbursementStarted { .. }
            | EventKind::ReimbursementEnded { .. }
            | EventKind::BatchCreated { .. }
            | EventKind::BatchFilled { .. }
            | EventKind::BatchStageFinished {}
            | EventKind::BatchCancelled {}
            | EventKind::BatchReleased { .. }
            | EventKind::PaymentsReleased { .. }
            | EventKind::BatchFileWritten { .. }
            | EventKind::BatchFileDownloaded { .. }
            | EventKind::HoldCleared { .. }
            | EventKind::PaymentPaid { .. }
            | EventKind::BatchSettled {}
            | EventKind::ReportRecalled {} => return None,
        };
        Some(EventNotification { recipients: Recipients::Members(members), content })
    }

    /// Mail about a step that was opened, or whose approvers were replaced.
    fn step_notification(&self) -> Option<EventNotification<'_>> {
        use NotificationContent as Content;
        let (members, content) = match &self.kind {
            EventKind::ReportSubmitted { report, opened_step: step } => {
                let owner = Some(report.owner).filter(|owner| self.on_behalf_of == Some(*owner));
                let members = step.approvers.iter().copied().chain(owner).collect();
                (members, Content::ApprovalRequest { report, step, reassignment_reason: None })
            }
            EventKind::StepApproved { report, opened_step: step, .. } => {
                (step.approvers.clone(), Content::ApprovalRequest { report, step, reassignment_reason: None })
            }
            EventKind::StepReassigned { report, opened_step: step, reason, .. } => {
                let content = Content::ApprovalRequest { report, step, reassignment_reason: Some(reason) };
                (step.approvers.clone(), content)
            }
            EventKind::StepEscalated { report, opened_step: step, from, reason } => {
                let members = step.approvers.iter().chain(from).copied().collect();
                (members, Content::Escalation { report, step, from, reason: *reason })
            }
            _ => return None,
        };
        Some(EventNotification { recipients: Recipients::Members(members), content })
    }

    /// Mail about payments: to the parties of a report, and to finance.
    fn payment_notification(&self) -> Option<EventNotification<'_>> {
        use NotificationContent as Content;
        let (recipients, content) = match &self.kind {
            EventKind::ReportReimbursed { report, payment } | EventKind::ReportSetOff { report, payment }
                if payment.claim.minor() > 0 || payment.set_off.minor() > 0 =>
            {
                (owner_and_payee(report), Content::Reimbursement { report, payment })
            }
            EventKind::ReportPaymentFailed { report, claim, failure, came_back, .. } if claim.minor() > 0 => {
                let content = Content::ReportPaymentFailure { report, claim: *claim, failure, came_back: *came_back };
                (owner_and_payee(report), content)
            }
            EventKind::PaymentFailed { payee, amount, reports, failure, came_back, .. } => {
                let content = Content::PaymentFailure {
                    payee: *payee,
                    amount: *amount,
                    reports: *reports,
                    failure,
                    came_back: *came_back,
                };
                (Recipients::Finance { except: self.actor }, content)
            }
            EventKind::BatchOpened { batch } => {
                let except = Some(batch.created_by).filter(|_| batch.needs_four_eyes);
                let content = Content::BatchWaiting { batch };
                (Recipients::Finance { except }, content)
            }
            _ => return None,
        };
        Some(EventNotification { recipients, content })
    }

    /// Admins beside the one who acted, and a member.
    const fn other_admins(&self, and: Option<MemberId>) -> Recipients {
        Recipients::Admins { except: self.actor, and }
    }

    /// True when the event changes a role to or from finance or admin, a manager, or an approval limit.
    fn changes_authority(&self) -> bool {
        let has_authority =
            |value: &serde_json::Value| serde_json::from_value::<Role>(value.clone()).is_ok_and(Role::has_authority);
        self.changes.iter().any(|change| match change.field.as_str() {
            "/role" => has_authority(&change.old) || has_authority(&change.new),
            "/manager_id" | "/approval_limit" => true,
            _ => false,
        })
    }

    /// Recipients of the mail that the event causes; `None` for most events.
    #[must_use]
    pub fn recipients(&self) -> Option<Recipients> {
        self.notification().map(|notification| notification.recipients)
    }

    /// Member that the event is about.
    #[must_use]
    pub const fn member(&self) -> Option<MemberId> {
        match self.subject {
            EventSubject::Member(member) => Some(member),
            EventSubject::Organisation
            | EventSubject::Policy
            | EventSubject::Rates(_)
            | EventSubject::Report(_)
            | EventSubject::Batch(_) => None,
        }
    }
}

/// Owner and payee of a report, each once.
fn owner_and_payee(report: &ReportSnapshot) -> Recipients {
    let payee = report.payee.filter(|payee| *payee != report.owner);
    Recipients::Members(std::iter::once(report.owner).chain(payee).collect())
}
