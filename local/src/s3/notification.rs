//! Event notifications of new objects: the queues that receive them, and their form. Pure.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::template::{ACCOUNT, Bucket, Notification, REGION};

/// Characters that are encoded in the key of a notification.
const KEY_ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'*').remove(b'_').remove(b'/');

/// A new object.
pub(super) struct CreatedObject<'a> {
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) size: u64,
    pub(super) etag: &'a str,
    /// `Put` or `Copy`.
    pub(super) method: &'a str,
    /// Increases with every object.
    pub(super) sequencer: u64,
}

impl CreatedObject<'_> {
    /// Returns the queues with a matching notification.
    pub(super) fn queues<'b>(&self, buckets: &'b [Bucket]) -> impl Iterator<Item = &'b str> {
        let bucket = buckets.iter().find(|it| it.name == self.bucket);
        let matching: Vec<&str> = bucket
            .into_iter()
            .flat_map(|it| &it.notifications)
            .filter(|it| self.matches(it))
            .map(|it| it.queue.as_str())
            .collect();
        matching.into_iter()
    }

    fn matches(&self, notification: &Notification) -> bool {
        let name = format!("ObjectCreated:{}", self.method);
        let is_named = match notification.event.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == notification.event,
        };
        is_named && self.key.starts_with(&notification.prefix) && self.key.ends_with(&notification.suffix)
    }

    /// Makes the notification. `time` is an ISO timestamp with milliseconds.
    pub(super) fn notification(&self, time: &str, request_id: &str) -> Value {
        json!({ "Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": REGION,
            "eventTime": time,
            "eventName": format!("ObjectCreated:{}", self.method),
            "userIdentity": { "principalId": "AWS:AIDALOCAL" },
            "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "responseElements": { "x-amz-request-id": request_id, "x-amz-id-2": request_id },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "local",
                "bucket": {
                    "name": self.bucket,
                    "ownerIdentity": { "principalId": ACCOUNT },
                    "arn": format!("arn:aws:s3:::{}", self.bucket),
                },
                "object": {
                    "key": utf8_percent_encode(self.key, KEY_ENCODED).to_string().replace("%20", "+"),
                    "size": self.size,
                    "eTag": self.etag,
                    "sequencer": format!("{:016X}", self.sequencer),
                },
            },
        }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created<'a>(key: &'a str, method: &'a str) -> CreatedObject<'a> {
        CreatedObject { bucket: "b", key, size: 3, etag: "900150983cd24fb0d6963f7d28e17f72", method, sequencer: 255 }
    }

    #[test]
    fn key_is_encoded_as_s3_does() {
        let notification = created("quarantine/a b/ü+(1).pdf", "Put").notification("2026-05-04T03:02:01.987Z", "id");
        let object = notification.pointer("/Records/0/s3/object").expect("an object");
        let expected = json!({
            "key": "quarantine/a+b/%C3%BC%2B%281%29.pdf", "size": 3, "eTag": "900150983cd24fb0d6963f7d28e17f72",
            "sequencer": "00000000000000FF",
        });
        assert_eq!(object, &expected);
        assert_eq!(notification["Records"][0]["eventName"], "ObjectCreated:Put");
    }

    #[test]
    fn only_matching_queues_are_notified() {
        let notification = |event: &str, prefix: &str, suffix: &str| Notification {
            event: event.to_owned(),
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
            queue: format!("{event} {prefix} {suffix}"),
        };
        let notifications = vec![
            notification("ObjectCreated:*", "quarantine/", ""),
            notification("ObjectCreated:Put", "", ".pdf"),
            notification("ObjectRemoved:*", "", ""),
        ];
        let buckets = [
            Bucket {
                name: "a".to_owned(),
                notifications: vec![notification("ObjectCreated:*", "", "")],
                cors: Vec::new(),
            },
            Bucket { name: "b".to_owned(), notifications, cors: Vec::new() },
        ];
        let notified = |key: &str, method: &str| created(key, method).queues(&buckets).collect::<Vec<_>>();
        assert_eq!(notified("quarantine/x.pdf", "Put"), ["ObjectCreated:* quarantine/ ", "ObjectCreated:Put  .pdf"]);
        assert_eq!(notified("quarantine/x.pdf", "Copy"), ["ObjectCreated:* quarantine/ "]);
        assert_eq!(notified("clean/x.jpg", "Put"), [""; 0]);
    }
}
