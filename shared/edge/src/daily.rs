//! What somebody may do only so much of on a day (in UTC), because others bear it: storage, and mail. The limits of requests in a minute
//! leave room for hundreds of thousands a day. Counted before the change is stored, by whoever sends the request.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use outlay_domain::change::today;
use outlay_domain::receipt::MAX_BYTES_A_DAY;
use outlay_store::keys::{self, Key};

use crate::call::Call;
use crate::limit::Uncounted;
use crate::problem::Problem;
use crate::reply::{Outcome, Stop};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daily {
    /// Bytes of a file that is going to be uploaded.
    Upload(u64),
    /// A submission: its approvers get mail.
    Submission,
    /// An invitation: a mail to somebody who may never have heard of us.
    Invitation,
    /// An organisation, which brings limits of its own, and is looked after by the clock for ever.
    Organisation,
}

impl Daily {
    const fn amount(self) -> u64 {
        match self {
            Self::Upload(bytes) => bytes,
            Self::Submission | Self::Invitation | Self::Organisation => 1,
        }
    }

    const fn most(self) -> u64 {
        match self {
            Self::Upload(_) => MAX_BYTES_A_DAY,
            Self::Submission => 5000,
            Self::Invitation => 2000,
            Self::Organisation => 20,
        }
    }

    /// The name in an answer.
    const fn name(self) -> &'static str {
        match self {
            Self::Upload(_) => "uploads",
            Self::Submission => "submissions",
            Self::Invitation => "invitations",
            Self::Organisation => "organisations",
        }
    }

    fn refused(self, now: Timestamp) -> Problem {
        let most = self.most();
        let what = match self {
            Self::Upload(_) => format!("uploads at most {} MB", most / 1_000_000),
            Self::Submission => format!("submits at most {most} times"),
            Self::Invitation => format!("invites at most {most} people"),
            Self::Organisation => format!("founds at most {most} organisations"),
        };
        let detail = format!("A person or service {what} a day. Go on after midnight UTC; nothing was done.");
        Problem::too_much_today(self.name(), detail, to_midnight(now))
    }
}

/// What was counted.
#[derive(Debug)]
pub struct Allowance {
    key: Key,
    amount: u64,
}

/// Counts what somebody is about to do.
///
/// # Errors
/// 429 when it is more than the day has left; 503 when it cannot be counted.
pub async fn allow(call: &Call, what: Daily) -> Result<Allowance, Stop> {
    let org = if what == Daily::Organisation { None } else { Some(call.org()?) };
    let key = keys::daily(org, &call.identity().subject, what.name(), call.today());
    let counted = call.store().count_daily(&key, what.amount(), what.most(), call.now()).await;
    if counted.map_err(Uncounted::Unavailable)? {
        return Ok(Allowance { key, amount: what.amount() });
    }
    Err(what.refused(call.now()).into())
}

impl Allowance {
    /// Gives it back when the request was not carried out; not when that cannot be told. What cannot be given back is gone until
    /// midnight, which is no reason to answer otherwise.
    ///
    /// # Errors
    /// Those of the outcome.
    pub async fn used_by(self, call: &Call, outcome: Outcome) -> Outcome {
        let unknown = |stop: &Stop| matches!(stop, Stop::Problem(problem) if problem.kind().status() >= 500);
        if outcome.as_ref().is_err_and(|stop| !unknown(stop)) {
            let _ = call.store().uncount_daily(&self.key, self.amount).await;
        }
        outcome
    }
}

fn to_midnight(now: Timestamp) -> i64 {
    let tomorrow = today(now).tomorrow().and_then(|day| day.to_zoned(TimeZone::UTC));
    tomorrow.map_or(0, |day| day.timestamp().duration_since(now).as_secs()).max(1)
}
