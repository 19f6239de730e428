//! Rules of Lambda's stream sources for a batch after an invocation: retry, split or give up. Pure.

use crate::lambda::reported_failures;

/// Settings for failed batches.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryPolicy {
    pub(super) reports_failures: bool,
    pub(super) bisect: bool,
    /// `None` for no limit.
    pub(super) max_retries: Option<u32>,
}

/// Records that are delivered together: a range of the batch, and its number of retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) retries: u32,
}

/// Next step after an invocation with a [`Part`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextStep {
    /// All records are processed.
    Done,
    /// Records before the first part are processed; the parts follow, in order.
    Retry(Vec<Part>),
    /// The records go to the failure store, and the stream continues.
    GiveUp,
}

/// Returns the position of the first failed record; `None` if all succeeded. `numbers` are the sequence numbers of the
/// part.
pub(super) fn first_failure(policy: RetryPolicy, result: Result<&[u8], ()>, numbers: &[&str]) -> Option<usize> {
    let Ok(response) = result else { return Some(0) };
    if !policy.reports_failures {
        return None;
    }
    // A malformed response: no record counts as processed.
    let Some(identifiers) = reported_failures(response) else { return Some(0) };
    let mut first = None;
    for identifier in identifiers {
        match numbers.iter().position(|number| *number == identifier) {
            // An empty or unknown identifier fails the whole batch.
            None => return Some(0),
            Some(position) => first = Some(first.map_or(position, |it: usize| it.min(position))),
        }
    }
    first
}

/// Decides the next step. `failed` is the position of the first failed record within the part.
pub(super) fn next_step(policy: RetryPolicy, part: Part, failed: Option<usize>) -> NextStep {
    let Some(failed) = failed else { return NextStep::Done };
    if failed > 0 {
        // Records before it are processed; the others have failed once, as a batch of their own.
        return NextStep::Retry(vec![Part { start: part.start.saturating_add(failed), end: part.end, retries: 1 }]);
    }
    let length = part.end.saturating_sub(part.start);
    if policy.bisect && length > 1 {
        // Splitting does not count as a retry.
        let middle = part.start.saturating_add(length / 2);
        return NextStep::Retry(vec![Part { end: middle, ..part }, Part { start: middle, ..part }]);
    }
    if policy.max_retries.is_some_and(|most| part.retries >= most) {
        return NextStep::GiveUp;
    }
    NextStep::Retry(vec![Part { retries: part.retries.saturating_add(1), ..part }])
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy { reports_failures: true, bisect: true, max_retries: Some(2) };
    const NUMBERS: [&str; 3] = ["7", "8", "9"];

    fn failure(response: &str) -> Option<usize> {
        first_failure(POLICY, Ok(response.as_bytes()), &NUMBERS)
    }

    #[test]
    fn response_without_failures_is_success() {
        for response in ["", "null", "{}", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#] {
            assert_eq!(failure(response), None, "{response}");
        }
    }

    #[test]
    fn first_reported_record_is_the_checkpoint() {
        let two = r#"{"batchItemFailures":[{"itemIdentifier":"9"},{"itemIdentifier":"8"}]}"#;
        assert_eq!(failure(two), Some(1));
    }

    #[test]
    fn malformed_response_fails_the_whole_batch() {
        for response in [
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"9"},{"itemIdentifier":"5"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{}]}"#,
            r#"{"batchItemFailures":"9"}"#,
            r#""done""#,
            "no JSON",
        ] {
            assert_eq!(failure(response), Some(0), "{response}");
        }
        assert_eq!(first_failure(POLICY, Err(()), &NUMBERS), Some(0));
    }

    #[test]
    fn response_is_ignored_without_report_setting() {
        let policy = RetryPolicy { reports_failures: false, ..POLICY };
        let response = r#"{"batchItemFailures":[{"itemIdentifier":"9"}]}"#;
        assert_eq!(first_failure(policy, Ok(response.as_bytes()), &NUMBERS), None);
    }

    #[test]
    fn partial_failure_continues_at_the_failed_record() {
        let part = Part { start: 10, end: 13, retries: 2 };
        assert_eq!(next_step(POLICY, part, None), NextStep::Done);
        assert_eq!(next_step(POLICY, part, Some(1)), NextStep::Retry(vec![Part { start: 11, end: 13, retries: 1 }]));
    }

    #[test]
    fn failed_batch_is_split_to_single_records() {
        let part = Part { start: 0, end: 5, retries: 0 };
        let halves = vec![Part { start: 0, end: 2, retries: 0 }, Part { start: 2, end: 5, retries: 0 }];
        assert_eq!(next_step(POLICY, part, Some(0)), NextStep::Retry(halves));
        let alone = Part { start: 4, end: 5, retries: 0 };
        assert_eq!(next_step(POLICY, alone, Some(0)), NextStep::Retry(vec![Part { retries: 1, ..alone }]));
        assert_eq!(next_step(POLICY, Part { retries: 2, ..alone }, Some(0)), NextStep::GiveUp);
    }

    #[test]
    fn batch_without_limit_is_always_retried() {
        let policy = RetryPolicy { bisect: false, max_retries: None, ..POLICY };
        let part = Part { start: 0, end: 3, retries: u32::MAX };
        assert_eq!(next_step(policy, part, Some(0)), NextStep::Retry(vec![part]));
    }

    /// Delivers a batch with one failing record; returns deliveries per record, and the records given up.
    fn deliver(records: usize, failing: usize) -> (Vec<u32>, Vec<usize>) {
        let (mut seen, mut given_up) = (vec![0; records], Vec::new());
        let mut parts = vec![Part { start: 0, end: records, retries: 0 }];
        while let Some(part) = parts.pop() {
            (part.start..part.end).for_each(|it| seen[it] += 1);
            let failed = (part.start..part.end).position(|it| it == failing);
            match next_step(POLICY, part, failed) {
                NextStep::Done => {}
                NextStep::Retry(rest) => parts.extend(rest.into_iter().rev()),
                NextStep::GiveUp => given_up.extend(part.start..part.end),
            }
        }
        (seen, given_up)
    }

    #[test]
    fn failing_record_is_given_up_alone() {
        for records in 1..20 {
            for failing in 0..records {
                let (seen, given_up) = deliver(records, failing);
                assert_eq!(given_up, [failing], "{records} records");
                assert!(seen.iter().all(|times| *times > 0), "{records} records, {failing} failing: {seen:?}");
            }
        }
    }
}
