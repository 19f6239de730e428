//! What becomes of a batch after an invocation, by the rules of Lambda's stream sources. Pure: decides, does nothing.

use serde_json::Value;

/// How a batch is dealt with when it fails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    pub(super) reports_failures: bool,
    pub(super) bisect: bool,
    /// `None` is for ever.
    pub(super) max_retries: Option<u32>,
}

/// Records that belong together, as a range of the whole batch, and how often they have been retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) retries: u32,
}

/// What follows from one invocation with a [`Part`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// All records are done.
    Done,
    /// Those before the first of these parts are done; these follow, in order.
    Again(Vec<Part>),
    /// The records go to the failure store, and the stream goes on.
    GiveUp,
}

/// Which record of the part failed first: `None` if none did. `numbers` are the part's sequence numbers.
pub(super) fn first_failure(policy: Policy, result: Result<&[u8], ()>, numbers: &[&str]) -> Option<usize> {
    let Ok(response) = result else { return Some(0) };
    if !policy.reports_failures {
        return None;
    }
    // Not the response that was promised: nothing can be taken as done.
    let Some(identifiers) = reported(response) else { return Some(0) };
    let mut first = None;
    for identifier in identifiers {
        match numbers.iter().position(|number| *number == identifier) {
            // An empty or unknown identifier: the whole batch counts as failed.
            None => return Some(0),
            Some(position) => first = Some(first.map_or(position, |it: usize| it.min(position))),
        }
    }
    first
}

/// The identifiers that a response reports as failed, empty where it names none; `None` if it is not the response that was
/// promised. The same for streams and queues.
pub(crate) fn reported(response: &[u8]) -> Option<Vec<String>> {
    if response.is_empty() {
        return Some(Vec::new());
    }
    let failures = match serde_json::from_slice(response).ok()? {
        Value::Null => return Some(Vec::new()),
        Value::Object(members) => match members.get("batchItemFailures") {
            None | Some(Value::Null) => return Some(Vec::new()),
            Some(Value::Array(failures)) => failures.clone(),
            Some(_) => return None,
        },
        _ => return None,
    };
    let identifier = |it: &Value| it.get("itemIdentifier").and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(failures.iter().map(identifier).collect())
}

/// Decides how to go on. `failed` is the position of the first failed record within the part.
pub(super) fn next(policy: Policy, part: Part, failed: Option<usize>) -> Next {
    let Some(failed) = failed else { return Next::Done };
    if failed > 0 {
        // Those before the checkpoint are done; the rest has failed once, as a batch of its own.
        return Next::Again(vec![Part { start: part.start.saturating_add(failed), end: part.end, retries: 1 }]);
    }
    let length = part.end.saturating_sub(part.start);
    if policy.bisect && length > 1 {
        // Splitting does not count as a retry.
        let middle = part.start.saturating_add(length / 2);
        return Next::Again(vec![Part { end: middle, ..part }, Part { start: middle, ..part }]);
    }
    if policy.max_retries.is_some_and(|most| part.retries >= most) {
        return Next::GiveUp;
    }
    Next::Again(vec![Part { retries: part.retries.saturating_add(1), ..part }])
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy { reports_failures: true, bisect: true, max_retries: Some(2) };
    const NUMBERS: [&str; 3] = ["7", "8", "9"];

    fn failure(response: &str) -> Option<usize> {
        first_failure(POLICY, Ok(response.as_bytes()), &NUMBERS)
    }

    #[test]
    fn nothing_reported_is_success() {
        for response in ["", "null", "{}", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#] {
            assert_eq!(failure(response), None, "{response}");
        }
    }

    #[test]
    fn the_lowest_reported_record_counts() {
        let two = r#"{"batchItemFailures":[{"itemIdentifier":"9"},{"itemIdentifier":"8"}]}"#;
        assert_eq!(failure(two), Some(1));
    }

    #[test]
    fn what_cannot_be_understood_fails_the_whole_batch() {
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
    fn without_the_promise_a_response_means_nothing() {
        let policy = Policy { reports_failures: false, ..POLICY };
        let response = r#"{"batchItemFailures":[{"itemIdentifier":"9"}]}"#;
        assert_eq!(first_failure(policy, Ok(response.as_bytes()), &NUMBERS), None);
    }

    #[test]
    fn a_partial_failure_is_the_checkpoint() {
        let part = Part { start: 10, end: 13, retries: 2 };
        assert_eq!(next(POLICY, part, None), Next::Done);
        assert_eq!(next(POLICY, part, Some(1)), Next::Again(vec![Part { start: 11, end: 13, retries: 1 }]));
    }

    #[test]
    fn a_whole_failure_is_split_until_one_record_is_alone() {
        let part = Part { start: 0, end: 5, retries: 0 };
        let halves = vec![Part { start: 0, end: 2, retries: 0 }, Part { start: 2, end: 5, retries: 0 }];
        assert_eq!(next(POLICY, part, Some(0)), Next::Again(halves));
        let alone = Part { start: 4, end: 5, retries: 0 };
        assert_eq!(next(POLICY, alone, Some(0)), Next::Again(vec![Part { retries: 1, ..alone }]));
        assert_eq!(next(POLICY, Part { retries: 2, ..alone }, Some(0)), Next::GiveUp);
    }

    #[test]
    fn without_a_limit_it_is_retried_for_ever() {
        let policy = Policy { bisect: false, max_retries: None, ..POLICY };
        let part = Part { start: 0, end: 3, retries: u32::MAX };
        assert_eq!(next(policy, part, Some(0)), Next::Again(vec![part]));
    }

    /// Runs a batch in which one record is poison and says how often each record was seen, and which were given up.
    fn play(records: usize, poison: usize) -> (Vec<u32>, Vec<usize>) {
        let (mut seen, mut given_up) = (vec![0; records], Vec::new());
        let mut parts = vec![Part { start: 0, end: records, retries: 0 }];
        while let Some(part) = parts.pop() {
            (part.start..part.end).for_each(|it| seen[it] += 1);
            let failed = (part.start..part.end).position(|it| it == poison);
            match next(POLICY, part, failed) {
                Next::Done => {}
                Next::Again(more) => parts.extend(more.into_iter().rev()),
                Next::GiveUp => given_up.extend(part.start..part.end),
            }
        }
        (seen, given_up)
    }

    #[test]
    fn one_poisoned_record_is_given_up_alone() {
        for records in 1..20 {
            for poison in 0..records {
                let (seen, given_up) = play(records, poison);
                assert_eq!(given_up, [poison], "{records} records");
                assert!(seen.iter().all(|times| *times > 0), "{records} records, {poison} poisoned: {seen:?}");
            }
        }
    }
}
