//! Simulates SNS: sends published messages to subscribed queues, in the envelope of SNS. The signature of the envelope
//! is not valid.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sqs::Queues;
use crate::system;
use crate::template::{REGION, Subscription};

/// Topics of the template, by subscription.
pub(crate) struct Topics {
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) queues: Arc<Queues>,
}

impl Topics {
    /// Publishes a message to the topic with this ARN.
    pub(crate) async fn publish(&self, topic: &str, message: &str) {
        for subscription in self.subscriptions.iter().filter(|it| it.topic == topic) {
            let body = if subscription.raw {
                message.to_owned()
            } else {
                envelope(topic, message, &system::uuid(), &format!("{:.3}", system::now())).to_string()
            };
            if self.queues.send(&subscription.queue, body).await.is_none() {
                eprintln!("the template has no queue {}, which is subscribed to {topic}", subscription.queue);
            }
        }
    }
}

/// Makes the envelope of a message.
fn envelope(topic: &str, message: &str, id: &str, time: &str) -> Value {
    let host = format!("https://sns.{REGION}.amazonaws.com");
    json!({
        "Type": "Notification",
        "MessageId": id,
        "TopicArn": topic,
        "Message": message,
        "Timestamp": time,
        "SignatureVersion": "2",
        "Signature": "bG9jYWw=",
        "SigningCertURL": format!("{host}/SimpleNotificationService-0000000000000000000000000000local.pem"),
        "UnsubscribeURL": format!("{host}/?Action=Unsubscribe&SubscriptionArn={topic}:local"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Queue;

    #[tokio::test]
    async fn only_subscribed_queues_receive_the_message() {
        let queue = |name: &str| Queue { logical_id: name.to_owned(), arn: name.to_owned(), redrive: None };
        let queues = Arc::new(Queues::open(None, &["q", "raw", "other"].map(queue)).expect("queues"));
        let subscription =
            |topic: &str, queue: &str, raw| Subscription { topic: topic.to_owned(), queue: queue.to_owned(), raw };
        let subscriptions = vec![
            subscription("t", "q", false),
            subscription("t", "raw", true),
            subscription("u", "other", false),
            subscription("t", "gone", false),
        ];
        Topics { subscriptions, queues: Arc::clone(&queues) }.publish("t", "{\"a\":1}").await;
        let [q, raw, other] = ["q", "raw", "other"].map(|it| queues.bodies(it));
        assert_eq!((raw, other), (vec!["{\"a\":1}".to_owned()], vec![]));
        let envelope: Value = serde_json::from_str(&q[0]).expect("JSON");
        assert_eq!((&envelope["Type"], &envelope["TopicArn"]), (&json!("Notification"), &json!("t")));
        assert_eq!((&envelope["Message"], &envelope["SignatureVersion"]), (&json!("{\"a\":1}"), &json!("2")));
    }
}
