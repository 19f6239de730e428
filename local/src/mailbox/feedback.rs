//! What SES tells of the mails of a configuration set: that they were sent, and what became of them. Mail is delivered, unless the
//! address is one of the simulator's: `bounce@`, `complaint@`, `suppressionlist@`, `ooto@` at `simulator.amazonses.com`, or at any
//! domain that begins with `simulator.`, and with any `+label`.

use serde_json::{Value, json};

use crate::template::{ACCOUNT, EventDestination, REGION};
use crate::topic::Topics;
use crate::{system, template};

/// The configuration sets, and who is told.
pub(crate) struct Feedback {
    pub(crate) configuration_sets: Vec<String>,
    pub(crate) destinations: Vec<EventDestination>,
    pub(crate) topics: Topics,
}

/// A mail that SES took.
pub(super) struct Mail {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) destination: Vec<String>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) configuration_set: String,
}

impl Feedback {
    pub(super) fn has(&self, configuration_set: &str) -> bool {
        self.configuration_sets.iter().any(|it| it == configuration_set)
    }

    /// Tells what becomes of a mail.
    pub(super) async fn tell(&self, mail: &Mail) {
        let to = |it: &&EventDestination| it.configuration_set == mail.configuration_set;
        for event in events(mail, &format!("{:.3}", system::now()), &system::uuid()) {
            let kind = event.get("eventType").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
            for destination in self.destinations.iter().filter(to).filter(|it| it.kinds.contains(&kind)) {
                self.topics.publish(&destination.topic, &event.to_string()).await;
            }
        }
    }
}

/// What becomes of a mail to an address.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Delivered,
    Bounced,
    Suppressed,
    Complained,
}

fn fate(address: &str) -> Fate {
    let address = address.to_ascii_lowercase();
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Fate::Delivered;
    };
    if !domain.starts_with("simulator.") {
        return Fate::Delivered;
    }
    match local.split('+').next().unwrap_or_default() {
        "bounce" => Fate::Bounced,
        "suppressionlist" => Fate::Suppressed,
        "complaint" => Fate::Complained,
        _ => Fate::Delivered,
    }
}

/// The events of a mail, in their order.
fn events(mail: &Mail, time: &str, id: &str) -> Vec<Value> {
    let about = about(mail, time);
    let mut events = vec![json!({ "eventType": "Send", "mail": about, "send": {} })];
    for address in &mail.destination {
        let (fate, feedback) = (fate(address), format!("{id}-000000"));
        match fate {
            Fate::Bounced => events.push(bounce(&about, address, time, &feedback, "General")),
            Fate::Suppressed => events.push(bounce(&about, address, time, &feedback, "OnAccountSuppressionList")),
            Fate::Delivered | Fate::Complained => events.push(json!({
                "eventType": "Delivery", "mail": about,
                "delivery": {
                    "timestamp": time, "processingTimeMillis": 1, "recipients": [address],
                    "smtpResponse": "250 2.6.0 Message received", "remoteMtaIp": "127.0.0.1",
                    "reportingMTA": "local.smtp-out.amazonses.com",
                },
            })),
        }
        if fate == Fate::Complained {
            events.push(json!({
                "eventType": "Complaint", "mail": about,
                "complaint": {
                    "feedbackId": feedback, "complaintSubType": null,
                    "complainedRecipients": [{ "emailAddress": address }], "timestamp": time,
                    "userAgent": "Amazon SES Mailbox Simulator", "complaintFeedbackType": "abuse", "arrivalDate": time,
                },
            }));
        }
    }
    events
}

fn bounce(about: &Value, address: &str, time: &str, feedback: &str, kind: &str) -> Value {
    let (status, code) = match kind {
        "General" => ("5.1.1", "smtp; 550 5.1.1 user unknown"),
        _ => ("5.1.1", "Amazon SES did not send the message to this address because it is on the suppression list."),
    };
    json!({
        "eventType": "Bounce", "mail": about,
        "bounce": {
            "feedbackId": feedback, "bounceType": "Permanent", "bounceSubType": kind,
            "bouncedRecipients": [{
                "emailAddress": address, "action": "failed", "status": status, "diagnosticCode": code,
            }],
            "timestamp": time, "reportingMTA": "dns; amazonses.com",
        },
    })
}

/// The part that every event has.
fn about(mail: &Mail, time: &str) -> Value {
    let domain = mail.source.rsplit_once('@').map_or("", |(_, domain)| domain);
    let mut tags = json!({
        "ses:operation": ["SendRawEmail"],
        "ses:configuration-set": [mail.configuration_set],
        "ses:source-ip": ["127.0.0.1"],
        "ses:from-domain": [domain],
        "ses:caller-identity": [template::STACK],
    });
    if let Some(tags) = tags.as_object_mut() {
        tags.extend(mail.tags.iter().map(|(name, value)| (name.clone(), json!([value]))));
    }
    json!({
        "timestamp": time,
        "source": mail.source,
        "sourceArn": format!("arn:aws:ses:{REGION}:{ACCOUNT}:identity/{domain}"),
        "sendingAccountId": ACCOUNT,
        "messageId": mail.id,
        "destination": mail.destination,
        "headersTruncated": false,
        "headers": [],
        "commonHeaders": { "from": [mail.source], "to": mail.destination, "messageId": mail.id },
        "tags": tags,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(to: &[&str]) -> Mail {
        Mail {
            id: "m-1".to_owned(),
            source: "expenses@example.com".to_owned(),
            destination: to.iter().map(|it| (*it).to_owned()).collect(),
            tags: vec![("delivery".to_owned(), "dlv_1".to_owned())],
            configuration_set: "set".to_owned(),
        }
    }

    fn kinds(to: &[&str]) -> Vec<String> {
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let name = |event: &Value| {
            text(&event["eventType"]) + &event.pointer("/bounce/bounceSubType").map(text).unwrap_or_default()
        };
        events(&mail(to), "2026-05-04T03:02:01.987Z", "f").iter().map(name).collect()
    }

    #[test]
    fn the_simulator_s_addresses_decide_what_becomes_of_a_mail() {
        assert_eq!(kinds(&["ann@example.com"]), ["Send", "Delivery"]);
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
                assert_eq!(kinds(&[&format!("{local}@{domain}")]), rest, "{local}");
            }
            assert_eq!(kinds(&[&format!("{local}@example.com")]), ["Send", "Delivery"], "{local}");
        }
        let both = kinds(&["bounce@simulator.a", "ann@example.com"]);
        assert_eq!(both, ["Send", "BounceGeneral", "Delivery"]);
    }

    #[test]
    fn an_event_says_what_it_is_about() {
        let events = events(&mail(&["bounce@simulator.a"]), "2026-05-04T03:02:01.987Z", "f");
        let about = &events[1]["mail"];
        assert_eq!((&about["messageId"], &about["destination"]), (&json!("m-1"), &json!(["bounce@simulator.a"])));
        assert_eq!(
            (&about["source"], &about["timestamp"]),
            (&json!("expenses@example.com"), &json!("2026-05-04T03:02:01.987Z"))
        );
        let tags = (&about["tags"]["delivery"], &about["tags"]["ses:configuration-set"]);
        assert_eq!(tags, (&json!(["dlv_1"]), &json!(["set"])));
        let bounce = &events[1]["bounce"];
        assert_eq!(bounce["bounceType"], "Permanent");
        assert_eq!(bounce["bouncedRecipients"][0]["emailAddress"], "bounce@simulator.a");
    }
}
