//! The facts that a message is made of, as they are: nothing here is worded or formatted.

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_domain::event::Escalation;
use outlay_domain::language::Language;
use outlay_domain::member::{AddressFault, Role};
use outlay_domain::money::Money;

use askama::Template;

use crate::compose::Composer;
use crate::message::Message;
use crate::subject::subject;
use crate::view::{HtmlPart, TextPart};
use crate::voice::Voice;

/// What a report looks like in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFacts {
    /// The title that the owner gave the report.
    pub title: String,
    /// The number under which people look the report up.
    pub number: String,
    /// The name of the member whose report it is.
    pub owner: String,
    /// The total in the report's currency.
    pub total: Money,
    /// The total in the organisation's base currency, when that is another one.
    pub base_total: Option<Money>,
    /// What the owner paid himself and does not get back, when that is anything.
    pub not_reimbursed: Option<Money>,
    /// How many expenses the report has, whether or not `lines` lists them all.
    pub expenses: usize,
    /// What policy found, one sentence each.
    pub violations: Vec<String>,
    /// The expenses to list. May be empty or shorter than `expenses`; the mail then says `4 of 6 expenses`. No more than 40 are shown, and
    /// fewer where people wrote much, because readers cut off large mail.
    pub lines: Vec<LineFacts>,
}

/// What one expense looks like in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFacts {
    /// The day of the expense.
    pub date: Date,
    /// Who was paid.
    pub merchant: String,
    /// The category of the expense.
    pub category: String,
    /// The amount, in the currency it was paid in.
    pub amount: Money,
    /// The amount in the report's currency, when that is another one.
    pub converted: Option<Money>,
    /// What is granted of the amount, when that is not all of it.
    pub granted: Option<Money>,
    /// What a reader should know about this line, such as a violation.
    pub note: Option<String>,
}

/// One line of a reminder: a report that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskFacts {
    /// The number under which people look the report up.
    pub number: String,
    /// The report's title.
    pub title: String,
    /// The name of its owner.
    pub owner: String,
    /// Its total in its own currency.
    pub total: Money,
    /// The day the decision is due.
    pub due_on: Date,
}

/// Who decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A member, by name.
    Person(String),
    /// A member in place of one who is away.
    InsteadOf {
        /// Who decided.
        name: String,
        /// In whose place.
        away: String,
    },
    /// The policy, because the total is below this amount.
    Policy {
        /// The amount.
        below: Money,
    },
}

/// One thing that happened and that one person should hear about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A step of the approval chain waits for the recipient.
    ApprovalRequested {
        /// The report to decide on.
        report: ReportFacts,
        /// The name of the step.
        step: String,
        /// Why the recipient is the one who is asked.
        reason: String,
        /// The day by which the decision is due.
        due_on: Option<Date>,
        /// The approver who is away and for whom the recipient decides.
        instead_of: Option<String>,
        /// Why an admin has reassigned the step to the recipient.
        reassigned_because: Option<String>,
    },
    /// A step that others did not decide waits for the recipient.
    EscalatedTo {
        /// The report to decide on.
        report: ReportFacts,
        /// The name of the step.
        step: String,
        /// Why.
        reason: Escalation,
        /// Who was asked before.
        from: Vec<String>,
        /// The day by which the decision is due.
        due_on: Option<Date>,
    },
    /// A step that waited for the recipient asks others now.
    EscalatedFrom {
        /// The report.
        report: ReportFacts,
        /// The name of the step.
        step: String,
        /// Why.
        reason: Escalation,
        /// Who is asked now.
        to: Vec<String>,
    },
    /// The recipient's report was approved by its last approver.
    Approved {
        /// The approved report.
        report: ReportFacts,
        /// Who approved it.
        by: By,
        /// What the approver wrote; line breaks are kept.
        comment: Option<String>,
    },
    /// The recipient's report needs changes before it can be approved.
    Returned {
        /// The returned report.
        report: ReportFacts,
        /// Who returned it.
        by: By,
        /// Why it came back; line breaks are kept.
        reason: String,
    },
    /// The recipient's report was rejected, finally.
    Rejected {
        /// The rejected report.
        report: ReportFacts,
        /// Who rejected it.
        by: By,
        /// Why it was rejected; line breaks are kept.
        reason: String,
    },
    /// What the recipient is owed for a report was paid.
    Reimbursed {
        /// The report.
        report: ReportFacts,
        /// What was paid.
        amount: Money,
        /// When.
        paid_on: Date,
    },
    /// What the recipient is owed could not be paid.
    PaymentFailed {
        /// The report.
        report: ReportFacts,
        /// What was to be paid.
        amount: Money,
        /// Why it failed.
        reason: String,
    },
    /// Reports wait for the recipient's decision, and are due.
    Reminder {
        /// The recipient's day.
        day: Date,
        /// What waits, due first in front.
        tasks: Vec<TaskFacts>,
    },
    /// Mail to a member comes back, or is not wanted. For admins.
    AddressFailed {
        /// The member's name.
        member: String,
        /// His address.
        address: String,
        /// What is wrong with it.
        fault: AddressFault,
    },
    /// The recipient's payout account was changed. Nothing here says which account it is.
    PayoutAccountChanged {
        /// When.
        at: Timestamp,
    },
    /// The recipient was added to an organisation.
    Invited {
        /// The name of the organisation.
        organisation: String,
        /// The name of the member who sent the invitation.
        inviter: String,
        /// The role that the recipient will have.
        role: Role,
    },
}

/// The one person whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The person's name. May be empty when it is not known yet.
    pub name: String,
    /// The person's e-mail address, `local@domain` in ASCII.
    pub address: String,
    /// The language to write in.
    pub language: Language,
}

/// A message could not be written. No input is known to cause it.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template could not be filled in.
    #[error("a template could not be filled in")]
    Template(#[from] askama::Error),
    /// What is known of a language cannot be read.
    #[error("a language cannot be read")]
    Language,
    /// A language lacks a sentence, or it wants something that is not given.
    #[error("the sentence {0} cannot be said")]
    Sentence(&'static str),
    /// A date is outside of what can be written.
    #[error("a date cannot be written")]
    Date,
}

impl Notice {
    /// Writes the subject, the text part and the HTML part in the recipient's language. Both parts are made from the same facts and say
    /// the same.
    ///
    /// # Errors
    /// [`RenderError`], which no input is known to cause.
    pub fn render(&self, to: &Recipient) -> Result<Message, RenderError> {
        let voice = Voice::new(to.language)?;
        let view = Composer::new(&voice, to).view(self)?;
        Ok(Message {
            subject: subject(self, &voice)?,
            text: TextPart { view: &view }.render()?,
            html: HtmlPart { view: &view }.render()?,
        })
    }
}
