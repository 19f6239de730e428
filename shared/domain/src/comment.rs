//! The latest comments on a report, which are shown with it. The history keeps all of them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::MemberId;
use crate::member::MemberRef;
use crate::report::Report;
use crate::text::Note;

/// Largest number of comments that are shown with a report.
pub const MAX_SHOWN_COMMENTS: usize = 10;
/// Largest size of these comments together, in bytes of text: that of the longest comment. A stored answer has room for
/// them beside the largest report.
const MAX_SHOWN_BYTES: usize = 8_000;

/// Comment on a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Author.
    pub by: MemberRef,
    /// Time.
    pub at: Timestamp,
    /// Text.
    pub text: Note,
}

/// Adds a comment, and drops the oldest ones that no longer fit.
pub(crate) fn push_comment(comments: &mut Vec<Comment>, comment: Comment) {
    comments.push(comment);
    let newest_first = comments.iter().rev().scan(0, |bytes, comment: &Comment| {
        *bytes += comment.text.len();
        Some(*bytes)
    });
    let kept = newest_first.take_while(|bytes| *bytes <= MAX_SHOWN_BYTES).take(MAX_SHOWN_COMMENTS).count();
    comments.drain(..comments.len().saturating_sub(kept.max(1)));
}

/// Members whom a comment by `author` concerns: the owner, the preparer, the approvers who are yet to decide on the
/// pending step, and the authors of the shown comments; never the author.
#[must_use]
pub fn comment_recipients(report: &Report, author: MemberId) -> Vec<MemberId> {
    let preparer = report.preparer.as_ref().map(|person| person.id);
    let approvers = report.pending_step().into_iter().flat_map(|step| step.pending_approvers().map(|person| person.id));
    let authors = report.comments.iter().map(|comment| comment.by.id);
    let concerned = std::iter::once(report.owner).chain(preparer).chain(approvers).chain(authors);
    let distinct: BTreeSet<MemberId> = concerned.filter(|member| *member != author).collect();
    distinct.into_iter().collect()
}
