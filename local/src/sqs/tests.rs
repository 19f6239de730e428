//! Receives, retries and dead letters, without functions.

use super::*;

const QUEUE: &str = "arn:aws:sqs:eu-central-1:000000000000:q";
const DEAD: &str = "arn:aws:sqs:eu-central-1:000000000000:dead";

fn open(data: Option<&Path>) -> Queues {
    let queue = template::Queue {
        logical_id: "Queue".to_owned(),
        arn: QUEUE.to_owned(),
        redrive: Some(Redrive { to: DEAD.to_owned(), max_receives: 3 }),
    };
    let dead = template::Queue { logical_id: "Dead".to_owned(), arn: DEAD.to_owned(), redrive: None };
    Queues::open(data, &[queue, dead]).expect("queues")
}

async fn receive(queues: &Queues, max: usize) -> Vec<Message> {
    queues.receive(QUEUE, max, Duration::ZERO).await
}

#[tokio::test]
async fn failed_message_is_retried_then_dead_lettered() {
    let queues = open(None);
    for body in ["good", "bad"] {
        queues.send(QUEUE, body.to_owned()).await.expect("an id");
    }
    let messages = receive(&queues, 5).await;
    assert_eq!(messages.iter().map(|it| it.body.as_str()).collect::<Vec<_>>(), ["good", "bad"]);
    queues.settle(QUEUE, &messages, |it| it.body == "bad").await;
    assert_eq!(queues.bodies(QUEUE), ["bad"]);
    for receives in [2, 3] {
        let before = Instant::now();
        let again = receive(&queues, 5).await;
        assert_eq!(
            again.iter().map(|it| (it.id.as_str(), it.receives)).collect::<Vec<_>>(),
            [(messages[1].id.as_str(), receives)]
        );
        assert!(before.elapsed() >= backoff(receives - 1));
        queues.settle(QUEUE, &again, |_| true).await;
    }
    assert_eq!((queues.bodies(QUEUE), queues.bodies(DEAD)), (vec![], vec!["bad".to_owned()]));
    assert_eq!(queues.redrive(QUEUE).await, 0);
    assert_eq!(queues.redrive(DEAD).await, 1);
    assert_eq!((queues.bodies(QUEUE), queues.bodies(DEAD)), (vec!["bad".to_owned()], vec![]));
    let new = receive(&queues, 5).await;
    assert_eq!((new[0].receives, new[0].id == messages[1].id), (1, false));
}

#[tokio::test]
async fn message_is_received_once_in_batches_of_limited_size() {
    let queues = open(None);
    for number in 0..5 {
        queues.send(QUEUE, number.to_string()).await.expect("an id");
    }
    let (first, second) = tokio::join!(receive(&queues, 3), receive(&queues, 3));
    let taken: Vec<&str> = first.iter().chain(&second).map(|it| it.body.as_str()).collect();
    assert_eq!(taken, ["0", "1", "2", "3", "4"]);
    assert_eq!(first.len(), 3);
    assert_eq!(queues.send("arn:aws:sqs:eu-central-1:000000000000:none", String::new()).await, None);
}

#[tokio::test]
async fn unprocessed_messages_survive_a_restart() {
    let data = tempfile::tempdir().expect("a folder");
    let queues = open(Some(data.path()));
    for body in ["done", "dead", "taken", "waiting"] {
        queues.send(QUEUE, body.to_owned()).await.expect("an id");
    }
    let mut messages = receive(&queues, 3).await;
    messages.truncate(2);
    messages[1].receives = 3;
    queues.settle(QUEUE, &messages, |it| it.body == "dead").await;
    let queues = open(Some(data.path()));
    assert_eq!(queues.bodies(QUEUE), ["taken", "waiting"]);
    assert_eq!(queues.bodies(DEAD), ["dead"]);
    queues.redrive(DEAD).await;
    let queues = open(Some(data.path()));
    assert_eq!(queues.bodies(QUEUE), ["taken", "waiting", "dead"]);
}

#[test]
fn subscription_to_missing_queue_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("template.yaml");
    let text = "Resources: {T: {Type: AWS::SNS::Topic}, S: {Type: AWS::SNS::Subscription, Properties: \
                {Protocol: sqs, TopicArn: !Ref T, Endpoint: \"arn:aws:sqs:eu-central-1:000000000000:outlay-local-Q\"}}}";
    let open = |text: &str| {
        std::fs::write(&path, text).expect("written");
        Queues::from_template(None, &template::load(&path, &template::Parameters::new()).expect("a template"))
    };
    assert!(open(text).is_err());
    assert!(open(&text.replace("S: {", "Q: {Type: AWS::SQS::Queue}, S: {")).is_ok());
}

#[test]
fn missing_dead_letter_queue_is_an_error() {
    let queue = template::Queue {
        logical_id: "Queue".to_owned(),
        arn: QUEUE.to_owned(),
        redrive: Some(Redrive { to: DEAD.to_owned(), max_receives: 3 }),
    };
    assert!(Queues::open(None, &[queue]).is_err());
}
