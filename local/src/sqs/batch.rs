//! Batches of Lambda's SQS event source: the event, and which messages of a batch failed. Pure.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use s3s::crypto::{Checksum as _, Md5};
use serde_json::{Value, json};

use super::Message;
use crate::lambda::reported_failures;
use crate::template::REGION;

/// Returns the ids of failed messages. `response` is the response of the function, or an error if the invocation
/// failed.
pub(super) fn failed<'a>(
    reports_failures: bool,
    response: Result<&[u8], ()>,
    messages: &'a [Message],
) -> BTreeSet<&'a str> {
    let all = || messages.iter().map(|it| it.id.as_str()).collect::<BTreeSet<_>>();
    let Ok(response) = response else { return all() };
    if !reports_failures {
        return BTreeSet::new();
    }
    let Some(identifiers) = reported_failures(response) else { return all() };
    let mut failed = BTreeSet::new();
    for identifier in identifiers {
        match messages.iter().find(|it| it.id == identifier) {
            Some(message) => failed.insert(message.id.as_str()),
            // An empty or unknown identifier fails the whole batch.
            None => return all(),
        };
    }
    failed
}

/// Makes the event of a batch.
pub(super) fn event(arn: &str, messages: &[Message]) -> Value {
    let records: Vec<Value> = messages.iter().map(|it| record(arn, it)).collect();
    json!({ "Records": records })
}

fn record(arn: &str, message: &Message) -> Value {
    let mut attributes = json!({
        "ApproximateReceiveCount": message.receives.to_string(),
        "SentTimestamp": message.sent_at.to_string(),
        "SenderId": "AIDALOCAL",
        "ApproximateFirstReceiveTimestamp": message.first_received_at.unwrap_or(message.sent_at).to_string(),
    });
    if let (Some(source), Some(attributes)) = (&message.source, attributes.as_object_mut()) {
        attributes.insert("DeadLetterQueueSourceArn".to_owned(), source.as_str().into());
    }
    json!({
        "messageId": message.id,
        "receiptHandle": format!("{}-{}", message.id, message.receives),
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": md5(message.body.as_bytes()),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    })
}

fn md5(bytes: &[u8]) -> String {
    let mut hash = Md5::new();
    hash.update(bytes);
    hash.finalize().iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str) -> Message {
        Message {
            id: id.to_owned(),
            queue: "arn:aws:sqs:eu-central-1:000000000000:q".to_owned(),
            body: "hello".to_owned(),
            sent_at: 1_700_000_000_000,
            first_received_at: Some(1_700_000_000_007),
            receives: 2,
            source: None,
            order: 0,
        }
    }

    #[test]
    fn reported_messages_failed() {
        let messages = [message("a"), message("b"), message("c")];
        let all = BTreeSet::from(["a", "b", "c"]);
        let failed_of = |response: &str| failed(true, Ok(response.as_bytes()), &messages);
        for done in ["", "null", "{}", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#] {
            assert_eq!(failed_of(done), BTreeSet::new(), "{done}");
        }
        let two = r#"{"batchItemFailures":[{"itemIdentifier":"c"},{"itemIdentifier":"a"}]}"#;
        assert_eq!(failed_of(two), BTreeSet::from(["a", "c"]));
        for wrong in [
            r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"x"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"identifier":"a"}]}"#,
            r#"{"batchItemFailures":"a"}"#,
            "no JSON",
        ] {
            assert_eq!(failed_of(wrong), all, "{wrong}");
        }
        assert_eq!(failed(true, Err(()), &messages), all);
        assert_eq!(failed(false, Ok(two.as_bytes()), &messages), BTreeSet::new());
        assert_eq!(failed(false, Err(()), &messages), all);
    }

    #[test]
    fn record_has_the_form_of_lambda() {
        let expected = json!({ "Records": [{
            "messageId": "a", "receiptHandle": "a-2", "body": "hello", "messageAttributes": {},
            "attributes": {
                "ApproximateReceiveCount": "2", "SentTimestamp": "1700000000000", "SenderId": "AIDALOCAL",
                "ApproximateFirstReceiveTimestamp": "1700000000007",
            },
            "md5OfBody": "5d41402abc4b2a76b9719d911017c592", "eventSource": "aws:sqs", "eventSourceARN": "arn",
            "awsRegion": "eu-central-1",
        }] });
        assert_eq!(event("arn", &[message("a")]), expected);
    }
}
