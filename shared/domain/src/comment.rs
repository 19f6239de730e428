//! The latest comments on a report, which are shown with it. The history keeps all of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::member::MemberRef;
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
