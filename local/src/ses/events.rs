//! Events of configuration sets: send, delivery, bounce and complaint. Mail is delivered unless the address is one of
//! the SES mailbox simulator: `bounce@`, `complaint@`, `suppressionlist@` or `ooto@`, with any `+label`, at
//! `simulator.amazonses.com` or another domain that begins with `simulator.`.

use serde_json::{Value, json};

use crate::sns::Topics;
use crate::system;
use crate::template::{ACCOUNT, EventDestination, REGION, STACK};

/// Publisher of the events of configuration sets.
pub(crate) struct EventPublisher {
    pub(crate) configuration_sets: Vec<String>,
    pub(crate) destinations: Vec<EventDestination>,
    pub(crate) topics: Topics,
}

/// A message that SES has accepted.
pub(super) struct SentMessage {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) destination: Vec<String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) configuration_set: String,
}

impl EventPublisher {
    pub(super) fn has_configuration_set(&self, configuration_set: &str) -> bool {
        self.configuration_sets.iter().any(|it| it == configuration_set)
    }

    /// Publishes the events of a message.
    pub(super) async fn publish(&self, message: &SentMessage) {
        let to = |it: &&EventDestination| it.configuration_set == message.configuration_set;
        for event in events_of(message, &format!("{:.3}", system::now()), &system::uuid()) {
            let event_type = event.get("eventType").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
            for destination in self.destinations.iter().filter(to).filter(|it| it.event_types.contains(&event_type)) {
                self.topics.publish(&destination.topic, &event.to_string()).await;
            }
        }
    }
}

/// Outcome of a message to an address.
#[derive(Debug, PartialEq, Eq)]
enum DeliveryOutcome {
    Delivered,
    Bounced,
    Suppressed,
    Complained,
}

fn delivery_outcome(address: &str) -> DeliveryOutcome {
    let address = address.to_ascii_lowercase();
    let Some((local, domain)) = address.rsplit_once('@') else {
        return DeliveryOutcome::Delivered;
    };
    if !domain.starts_with("simulator.") {
        return DeliveryOutcome::Delivered;
    }
    match local.split('+').next().unwrap_or_default() {
        "bounce" => DeliveryOutcome::Bounced,
        "suppressionlist" => DeliveryOutcome::Suppressed,
        "complaint" => DeliveryOutcome::Complained,
        _ => DeliveryOutcome::Delivered,
    }
}

/// Makes the events of a message, in order.
fn events_of(message: &SentMessage, time: &str, id: &str) -> Vec<Value> {
    let mail = mail_object(message, time);
    let mut events = vec![json!({ "eventType": "Send", "mail": mail, "send": {} })];
    for address in &message.destination {
        let (outcome, feedback_id) = (delivery_outcome(address), format!("{id}-000000"));
        match outcome {
            DeliveryOutcome::Bounced => events.push(bounce(&mail, address, time, &feedback_id, "General")),
            DeliveryOutcome::Suppressed => {
                events.push(bounce(&mail, address, time, &feedback_id, "OnAccountSuppressionList"));
            }
            DeliveryOutcome::Delivered | DeliveryOutcome::Complained => events.push(json!({
                "eventType": "Delivery", "mail": mail,
                "delivery": {
                    "timestamp": time, "processingTimeMillis": 1, "recipients": [address],
                    "smtpResponse": "250 2.6.0 Message received", "remoteMtaIp": "127.0.0.1",
                    "reportingMTA": "local.smtp-out.amazonses.com",
                },
            })),
        }
        if outcome == DeliveryOutcome::Complained {
            events.push(json!({
                "eventType": "Complaint", "mail": mail,
                "complaint": {
                    "feedbackId": feedback_id, "complaintSubType": null,
                    "complainedRecipients": [{ "emailAddress": address }], "timestamp": time,
                    "userAgent": "Amazon SES Mailbox Simulator", "complaintFeedbackType": "abuse", "arrivalDate": time,
                },
            }));
        }
    }
    events
}

fn bounce(mail: &Value, address: &str, time: &str, feedback_id: &str, subtype: &str) -> Value {
    let (status, code) = match subtype {
        "General" => ("5.1.1", "smtp; 550 5.1.1 user unknown"),
        _ => ("5.1.1", "Amazon SES did not send the message to this address because it is on the suppression list."),
    };
    json!({
        "eventType": "Bounce", "mail": mail,
        "bounce": {
            "feedbackId": feedback_id, "bounceType": "Permanent", "bounceSubType": subtype,
            "bouncedRecipients": [{
                "emailAddress": address, "action": "failed", "status": status, "diagnosticCode": code,
            }],
            "timestamp": time, "reportingMTA": "dns; amazonses.com",
        },
    })
}

/// Makes the `mail` object of every event.
fn mail_object(message: &SentMessage, time: &str) -> Value {
    let domain = message.source.rsplit_once('@').map_or("", |(_, domain)| domain);
    let mut tags = json!({
        "ses:operation": ["SendRawEmail"],
        "ses:configuration-set": [message.configuration_set],
        "ses:source-ip": ["127.0.0.1"],
        "ses:from-domain": [domain],
        "ses:caller-identity": [STACK],
    });
    if let Some(tags) = tags.as_object_mut() {
        tags.extend(message.tags.iter().map(|(name, value)| (name.clone(), json!([value]))));
    }
    json!({
        "timestamp": time,
        "source": message.source,
        "sourceArn": format!("arn:aws:ses:{REGION}:{ACCOUNT}:identity/{domain}"),
        "sendingAccountId": ACCOUNT,
        "messageId": message.id,
        "destination": message.destination,
        "headersTruncated": false,
        "headers": [],
        "commonHeaders": { "from": [message.source], "to": message.destination, "messageId": message.id },
        "tags": tags,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(to: &[&str]) -> SentMessage {
        SentMessage {
            id: "m-1".to_owned(),
            source: "expenses@example.com".to_owned(),
            destination: to.iter().map(|it| (*it).to_owned()).collect(),
            tags: vec![("delivery".to_owned(), "dlv_1".to_owned())],
            configuration_set: "set".to_owned(),
        }
    }

    fn event_types(to: &[&str]) -> Vec<String> {
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let name = |event: &Value| {
            text(&event["eventType"]) + &event.pointer("/bounce/bounceSubType").map(text).unwrap_or_default()
        };
        events_of(&message(to), "2026-05-04T03:02:01.987Z", "f").iter().map(name).collect()
    }

    #[test]
    fn simulator_addresses_bounce_and_complain() {
        assert_eq!(event_types(&["ann@example.com"]), ["Send", "Delivery"]);
        for (local, rest) in [
            ("bounce", vec!["Send", "BounceGeneral"]),
            ("Bounce+w12", vec!["Send", "BounceGeneral"]),
            ("suppressionlist", vec!["Send", "BounceOnAccountSuppressionList"]),
            ("complaint+a+b", vec!["Send", "Delivery", "Complaint"]),
            ("ooto", vec!["Send", "Delivery"]),
            ("success", vec!["Send", "Delivery"]),
            ("bouncer", vec!["Send", "Delivery"]),
        ] {
            for domain in ["simulator.amazonses.com", "simulator.w12.example.com"] {
                assert_eq!(event_types(&[&format!("{local}@{domain}")]), rest, "{local}");
            }
            assert_eq!(event_types(&[&format!("{local}@example.com")]), ["Send", "Delivery"], "{local}");
        }
        let both = event_types(&["bounce@simulator.a", "ann@example.com"]);
        assert_eq!(both, ["Send", "BounceGeneral", "Delivery"]);
    }

    #[test]
    fn event_describes_its_message() {
        let events = events_of(&message(&["bounce@simulator.a"]), "2026-05-04T03:02:01.987Z", "f");
        let mail = &events[1]["mail"];
        assert_eq!((&mail["messageId"], &mail["destination"]), (&json!("m-1"), &json!(["bounce@simulator.a"])));
        assert_eq!(
            (&mail["source"], &mail["timestamp"]),
            (&json!("expenses@example.com"), &json!("2026-05-04T03:02:01.987Z"))
        );
        let tags = (&mail["tags"]["delivery"], &mail["tags"]["ses:configuration-set"]);
        assert_eq!(tags, (&json!(["dlv_1"]), &json!(["set"])));
        let bounce = &events[1]["bounce"];
        assert_eq!(bounce["bounceType"], "Permanent");
        assert_eq!(bounce["bouncedRecipients"][0]["emailAddress"], "bounce@simulator.a");
    }
}
