//! The facts that a message is made of. Everything here is a finished string: this module formats no money and no dates.

use askama::Template;

use crate::message::Message;
use crate::view::{HtmlPart, TextPart, View, subject};

/// What a report looks like in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFacts {
    /// The title that the owner gave the report.
    pub title: String,
    /// The number under which people look the report up.
    pub number: String,
    /// The name of the member whose report it is.
    pub owner: String,
    /// The total in the report's currency, such as `1,204.60 EUR`.
    pub total: String,
    /// The total in the organisation's base currency, when that is another one.
    pub base_total: Option<String>,
    /// What the owner paid himself and does not get back, when that is anything.
    pub not_reimbursed: Option<String>,
    /// How many expenses the report has, whether or not `lines` lists them all.
    pub expenses: usize,
    /// What policy found, one sentence each.
    pub violations: Vec<String>,
    /// The expenses to list. May be empty or shorter than `expenses`; the mail then says `4 of 6
    /// expenses`. No more than 40 are shown, because readers cut off large mail.
    pub lines: Vec<LineFacts>,
}

/// What one expense looks like in a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFacts {
    /// The day of the expense.
    pub date: String,
    /// Who was paid.
    pub merchant: String,
    /// The category of the expense.
    pub category: String,
    /// The amount with its currency, such as `420.00 EUR`.
    pub amount: String,
    /// What a reader should know about this line, such as a violation.
    pub note: Option<String>,
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
        due_on: String,
    },
    /// The recipient's report was approved by its last approver.
    Approved {
        /// The approved report.
        report: ReportFacts,
        /// The name of the approver.
        by: String,
        /// What the approver wrote; line breaks are kept.
        comment: Option<String>,
    },
    /// The recipient's report needs changes before it can be approved.
    Returned {
        /// The returned report.
        report: ReportFacts,
        /// The name of the member who returned it.
        by: String,
        /// Why it came back; line breaks are kept.
        reason: String,
    },
    /// The recipient's report was rejected, finally.
    Rejected {
        /// The rejected report.
        report: ReportFacts,
        /// The name of the approver.
        by: String,
        /// Why it was rejected; line breaks are kept.
        reason: String,
    },
    /// The recipient's payout account was changed. Nothing here says which account it is.
    PayoutAccountChanged {
        /// When, as people read it.
        at: String,
    },
    /// The recipient was added to an organisation.
    Invited {
        /// The name of the organisation.
        organisation: String,
        /// The name of the member who sent the invitation.
        inviter: String,
        /// The role that the recipient will have.
        role: String,
    },
}

/// The one person whom a message is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The person's name. May be empty when it is not known yet.
    pub name: String,
    /// The person's e-mail address, `local@domain` in ASCII.
    pub address: String,
}

/// A template could not be filled in.
#[derive(Debug, thiserror::Error)]
#[error("the message could not be rendered")]
pub struct RenderError(#[from] askama::Error);

impl Notice {
    /// Writes the subject, the text part and the HTML part. Both parts are made from the same facts and say the same.
    ///
    /// # Errors
    /// [`RenderError`] when a template cannot be filled in, which no input is known to cause.
    pub fn render(&self, to: &Recipient) -> Result<Message, RenderError> {
        let view = View::new(self, to);
        Ok(Message {
            subject: subject(self),
            text: TextPart { view: &view }.render()?,
            html: HtmlPart { view: &view }.render()?,
        })
    }
}
