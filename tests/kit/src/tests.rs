//! Whole stacks with a fake Lambda function: its process logs the address of its Runtime API and sleeps; the test takes
//! its events, makes its calls and sends its responses. The process is a shell script.
#![cfg(unix)]

use std::sync::Mutex;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use outlay_local::{Data, Options, Stack};
use tempfile::TempDir;

/// Logs its environment, then sleeps until it is killed. `exec`, because a child process would outlive it.
const FUNCTION: &str = "#!/bin/sh\n\
    echo \"started $AWS_LAMBDA_RUNTIME_API $AWS_ACCESS_KEY_ID $AWS_ENDPOINT_URL_DYNAMODB .\"\n\
    exec sleep 300\n";

const TEMPLATE: &str = r"
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: PK, AttributeType: S}]
      KeySchema: [{AttributeName: PK, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Work: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2}}}
  Dead: {Type: AWS::SQS::Queue}
  Other: {Type: AWS::SQS::Queue}
  Feedback: {Type: AWS::SNS::Topic}
  FeedbackToOther: {Type: AWS::SNS::Subscription, Properties: {Protocol: sqs, TopicArn: !Ref Feedback, Endpoint: !GetAtt Other.Arn}}
  ByMail: {Type: AWS::SNS::Subscription, Properties: {Protocol: email, TopicArn: !Ref Feedback, Endpoint: ann@example.com}}
  Set: {Type: AWS::SES::ConfigurationSet}
  SetToFeedback:
    Type: AWS::SES::ConfigurationSetEventDestination
    Properties:
      ConfigurationSetName: !Ref Set
      EventDestination: {Enabled: true, MatchingEventTypes: [send, bounce], SnsDestination: {TopicARN: !Ref Feedback}}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/things/
      Timeout: 20
      Policies: [{Statement: {Effect: Allow, Action: 'dynamodb:*', Resource: '*'}}]
      Events:
        Work: {Type: SQS, Properties: {Queue: !GetAtt Work.Arn, BatchSize: 5, FunctionResponseTypes: [ReportBatchItemFailures], ScalingConfig: {MaximumConcurrency: 1}}}
        Stream: {Type: DynamoDB, Properties: {Stream: !GetAtt Table.StreamArn, FunctionResponseTypes: [ReportBatchItemFailures], MaximumRetryAttempts: 0}}
";

/// A running stack with the fake function.
struct RunningStack {
    stack: Stack,
    http: reqwest::Client,
    _folder: TempDir,
}

impl RunningStack {
    async fn start() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let (template, binary) = (folder.path().join("template.yaml"), folder.path().join("things"));
        std::fs::write(&template, TEMPLATE).expect("written");
        std::fs::write(&binary, FUNCTION).expect("written");
        std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o700)).expect("a program");
        let options = Options {
            template,
            bin_dir: folder.path().to_owned(),
            data: Data::InMemory,
            port: 0,
            throttling: false,
            authorizer: true,
            test_kit: Some(crate::start),
        };
        let stack = Stack::start(options).await.expect("a stack");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { stack, http, _folder: folder }
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().expect("a method");
        self.http.request(method, format!("{}{path}", self.stack.url()))
    }

    /// Returns the status, and the body if it is JSON.
    async fn send(request: RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }
}

/// A process of the fake function.
struct FakeLambda<'a> {
    running: &'a RunningStack,
    runtime_api: String,
    access_key: String,
    dynamodb: String,
}

/// An event that the process has taken.
struct TakenEvent {
    id: String,
    event: Value,
}

/// Adds a signature that names its key but is not valid. All services but S3 accept it.
fn with_signature(request: RequestBuilder, access_key: &str) -> RequestBuilder {
    let credential = format!("{access_key}/20260504/eu-central-1/x/aws4_request");
    let authorization = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0");
    request.header("authorization", authorization).header("x-amz-date", "20260504T000000Z")
}

impl<'a> FakeLambda<'a> {
    /// Waits for the process with this number, from 0.
    async fn started(running: &'a RunningStack, number: usize) -> Self {
        loop {
            let log = running.request("GET", "/_local/log?until=started").send().await.expect("an answer");
            let log = log.text().await.expect("a text");
            let mut lines = log.lines().filter_map(|line| line.strip_prefix("started ")?.strip_suffix(" ."));
            if let Some(line) = lines.nth(number) {
                let mut words = line.split(' ').map(str::to_owned);
                let mut word = || words.next().expect("a word");
                return Self { running, runtime_api: word(), access_key: word(), dynamodb: word() };
            }
        }
    }

    async fn next(&self) -> TakenEvent {
        let url = format!("{}/2018-06-01/runtime/invocation/next", self.runtime_api);
        let answer = self.running.http.get(url).send().await.expect("an event");
        let id = answer.headers()["lambda-runtime-aws-request-id"].to_str().expect("a text").to_owned();
        TakenEvent { id, event: answer.json().await.expect("JSON") }
    }

    async fn answer(&self, taken: &TakenEvent, response: &Value) {
        let url = format!("{}/2018-06-01/runtime/invocation/{}/response", self.runtime_api, taken.id);
        let answer = self.running.http.post(url).body(response.to_string()).send().await.expect("an answer");
        assert_eq!(answer.status(), 202);
    }

    fn dynamodb(&self, operation: &str, body: &Value) -> RequestBuilder {
        let request =
            self.running.http.post(&self.dynamodb).header("X-Amz-Target", format!("DynamoDB_20120810.{operation}"));
        with_signature(
            request.header("content-type", "application/x-amz-json-1.0").body(body.to_string()),
            &self.access_key,
        )
    }
}

impl FakeLambda<'_> {
    /// Processes events until another future completes. Records with the text `poison` fail. Returns all records.
    async fn process_until(&self, until: impl Future<Output = Value>) -> (Vec<Value>, Value) {
        let taken = Mutex::new(Vec::new());
        let work = async {
            loop {
                let event = self.next().await;
                let records = event.event["Records"].as_array().expect("records").clone();
                let bad = records.iter().filter(|it| it.to_string().contains("poison"));
                let identifier = |it: &Value| {
                    let number = it.pointer("/dynamodb/SequenceNumber");
                    json!({ "itemIdentifier": number.unwrap_or(&it["messageId"]) })
                };
                let failures: Vec<Value> = bad.map(identifier).collect();
                taken.lock().expect("whole").extend(records);
                self.answer(&event, &json!({ "batchItemFailures": failures })).await;
            }
        };
        let end = tokio::select! {
            () = work => Value::Null,
            end = until => end,
        };
        (taken.into_inner().expect("whole"), end)
    }
}

async fn get(running: &RunningStack, path: &str) -> Value {
    let (status, answer) = RunningStack::send(running.request("GET", path)).await;
    assert_eq!(status, 200, "{path}");
    answer
}

async fn post(running: &RunningStack, path: &str, body: String) -> Value {
    let (status, answer) = RunningStack::send(running.request("POST", path).body(body)).await;
    assert_eq!(status, 200, "{path} {answer}");
    answer
}

fn texts(values: &[Value], member: &str) -> Vec<String> {
    values.iter().map(|it| it[member].as_str().expect("a text").to_owned()).collect()
}

async fn queue(running: &RunningStack, path: &str) -> Vec<Value> {
    get(running, &format!("/_local/queues/{path}")).await["items"].as_array().expect("items").clone()
}

#[tokio::test]
async fn queue_delivers_messages_and_dead_letters_failures() {
    let running = RunningStack::start().await;
    for body in ["good", "poison"] {
        post(&running, "/_local/queues/Work", body.to_owned()).await;
    }
    let process = FakeLambda::started(&running, 0).await;
    let (taken, _) = process.process_until(get(&running, "/_local/queues/Work?until=empty")).await;
    let bodies = texts(&taken, "body");
    assert_eq!(["good", "poison"].map(|body| bodies.iter().filter(|it| *it == body).count()), [1, 2], "{bodies:?}");
    let counts: Vec<&Value> = taken.iter().filter(|it| it["body"] == "poison").collect();
    assert_eq!(counts[0]["messageId"], counts[1]["messageId"]);
    assert_eq!(counts[1]["attributes"]["ApproximateReceiveCount"], "2");
    assert_eq!(counts[1]["eventSourceARN"], "arn:aws:sqs:eu-central-1:000000000000:outlay-local-Work");
    let dead = queue(&running, "Dead?wait=1").await;
    assert_eq!(texts(&dead, "body"), ["poison"]);
    assert_eq!(post(&running, "/_local/queues/Dead/redrive", String::new()).await, json!({ "redriven": 1 }));
    let (taken, _) = process.process_until(get(&running, "/_local/queues/Dead?wait=1")).await;
    assert_eq!(texts(&taken, "body"), ["poison", "poison"]);
    for (method, path) in [("GET", "None"), ("POST", "None"), ("POST", "None/redrive")] {
        assert_eq!(
            RunningStack::send(running.request(method, &format!("/_local/queues/{path}"))).await.0,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn process_is_killed_before_or_after_its_call() {
    let running = RunningStack::start().await;
    for (fault, number, there) in [("kill_before", 0, false), ("kill_after", 1, true)] {
        let rule = json!({ "service": "dynamodb", "operation": "PutItem", "function": "things", "fault": fault });
        let rule = post(&running, "/_local/faults", rule.to_string()).await;
        if number == 0 {
            post(&running, "/_local/queues/Work", "good".to_owned()).await;
        }
        let process = FakeLambda::started(&running, number).await;
        let taken = process.next().await;
        let count = &taken.event["Records"][0]["attributes"]["ApproximateReceiveCount"];
        assert_eq!(count, &json!((number + 1).to_string()));
        let table = running.stack.table_name();
        let put = json!({ "TableName": table, "Item": { "PK": { "S": fault } } });
        assert_eq!(process.dynamodb("PutItem", &put).send().await.expect("an answer").status(), 500);
        let get = json!({ "TableName": table, "Key": { "PK": { "S": fault } } });
        let found = process.dynamodb("GetItem", &get).send().await.expect("an answer").json::<Value>().await;
        assert_eq!(found.expect("JSON").get("Item").is_some(), there, "{fault}");
        let url = format!("{}/2018-06-01/runtime/invocation/{}/response", process.runtime_api, taken.id);
        let late = running.http.post(url).body("{}").send().await.expect("an answer");
        assert_eq!(late.status(), 403, "the process has ended");
        let rule = format!("/_local/faults/{}", rule["id"].as_str().expect("an id"));
        assert_eq!(RunningStack::send(running.request("DELETE", &rule)).await, (200, json!({ "hits": 1 })));
    }
    assert_eq!(texts(&queue(&running, "Dead?wait=1").await, "body"), ["good"]);
}

async fn put(running: &RunningStack, keys: &[&str]) {
    for key in keys {
        let body = json!({ "TableName": running.stack.table_name(), "Item": { "PK": { "S": key } } });
        let request = running.http.post(running.stack.dynamodb_url()).body(body.to_string());
        let request = request.header("X-Amz-Target", "DynamoDB_20120810.PutItem");
        let request = with_signature(request.header("content-type", "application/x-amz-json-1.0"), "local");
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{}", answer.text().await.expect("a text"));
    }
}

fn keys(records: &[Value]) -> Vec<&str> {
    records.iter().map(|it| it["dynamodb"]["Keys"]["PK"]["S"].as_str().expect("a key")).collect()
}

#[tokio::test]
async fn stream_skips_records_while_off_and_redrives_failures() {
    let running = RunningStack::start().await;
    let idle = "/_local/streams/things?until=idle";
    put(&running, &["a", "poison"]).await;
    let process = FakeLambda::started(&running, 0).await;
    let (taken, status) = process.process_until(get(&running, idle)).await;
    assert!(keys(&taken).starts_with(&["a"]) && keys(&taken).ends_with(&["poison"]), "{taken:?}");
    assert_eq!((&status["delivered"], &status["behind"]), (&json!(2), &json!(0)));
    let failures = get(&running, "/_local/failures").await;
    assert_eq!(keys(&[failures["items"][0]["record"].clone()]), ["poison"]);
    post(&running, "/_local/streams/things", json!({ "state": "off" }).to_string()).await;
    put(&running, &["b"]).await;
    assert_eq!(get(&running, idle).await["delivered"], 2);
    post(&running, "/_local/streams/things", json!({ "state": "on" }).to_string()).await;
    put(&running, &["c"]).await;
    let (taken, status) = process.process_until(get(&running, idle)).await;
    assert_eq!((keys(&taken), &status["delivered"]), (vec!["c"], &json!(3)));

    let redrive = || post(&running, "/_local/failures/redrive", String::new());
    let (taken, outcome) = process.process_until(redrive()).await;
    assert_eq!((keys(&taken), outcome), (vec!["poison"], json!({ "redriven": 0, "failed": 1 })));
    let accept = async {
        let taken = process.next().await;
        process.answer(&taken, &Value::Null).await;
    };
    assert_eq!(tokio::join!(redrive(), accept).0, json!({ "redriven": 1, "failed": 0 }));
    assert_eq!(get(&running, "/_local/failures").await, json!({ "items": [] }));
    let none = running.request("GET", "/_local/streams/none");
    assert_eq!(RunningStack::send(none).await.0, 404);
}

#[tokio::test]
async fn stream_delivers_records_twice_on_request() {
    let running = RunningStack::start().await;
    let twice = json!({ "duplicate_percent": 100, "reorder_percent": 50, "seed": 3 });
    post(&running, "/_local/streams/things", twice.to_string()).await;
    put(&running, &["a", "b", "c", "d"]).await;
    let process = FakeLambda::started(&running, 0).await;
    let (taken, status) = process.process_until(get(&running, "/_local/streams/things?until=idle")).await;
    let mut found = keys(&taken);
    found.sort_unstable();
    assert_eq!(found, ["a", "a", "b", "b", "c", "c", "d", "d"]);
    assert_eq!((&status["delivered"], &status["behind"]), (&json!(8), &json!(0)));
}

async fn send(running: &RunningStack, to: &str, more: &[(&str, &str)]) -> (u16, String) {
    let raw = STANDARD.encode(format!("From: expenses@example.com\r\nTo: {to}\r\nSubject: Hello\r\n\r\nHello.\r\n"));
    let mut form = vec![("Action", "SendRawEmail"), ("RawMessage.Data", raw.as_str())];
    form.extend(more);
    let body = serde_urlencoded::to_string(&form).expect("a form");
    let request = running.request("POST", "/_local/ses/").header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(body).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map_or("", |(found, _)| found)
}

#[tokio::test]
async fn ses_events_reach_the_queues_of_the_topic() {
    let running = RunningStack::start().await;
    let set = ("ConfigurationSetName", "outlay-local-Set");
    let tags = [("Tags.member.1.Name", "delivery"), ("Tags.member.1.Value", "dlv_1.x@y-z")];
    let (status, answer) = send(&running, "bounce@simulator.w1.example.com", &[set, tags[0], tags[1]]).await;
    assert_eq!(status, 200, "{answer}");
    let id = between(&answer, "<MessageId>", "</MessageId>");
    let envelopes = queue(&running, "Other?wait=2").await;
    let envelope = |it: &Value| serde_json::from_str::<Value>(it["body"].as_str().expect("a text")).expect("JSON");
    let message = |it: &Value| serde_json::from_str::<Value>(it["Message"].as_str().expect("a text")).expect("JSON");
    let envelopes: Vec<Value> = envelopes.iter().map(envelope).collect();
    assert_eq!(texts(&envelopes, "TopicArn"), vec!["arn:aws:sns:eu-central-1:000000000000:outlay-local-Feedback"; 2]);
    let events: Vec<Value> = envelopes.iter().map(message).collect();
    assert_eq!(texts(&events, "eventType"), ["Send", "Bounce"]);
    assert!(
        events.iter().all(|it| it["mail"]["messageId"] == id && it["mail"]["tags"]["delivery"][0] == "dlv_1.x@y-z")
    );
    let message_json = get(&running, &format!("/_local/mail/{id}")).await;
    assert_eq!(message_json["tags"], json!({ "delivery": "dlv_1.x@y-z" }));
    // Delivery events have no destination.
    assert_eq!(send(&running, "ann@example.com", &[set]).await.0, 200);
    let all = get(&running, "/_local/queues/Other?arrived=3").await;
    assert_eq!((all["items"].as_array().map(Vec::len), &all["arrived"]), (Some(3), &json!(3)));
    // Without a configuration set there are no events.
    assert_eq!(send(&running, "bounce@simulator.amazonses.com", &[]).await.0, 200);
}

#[tokio::test]
async fn ses_rejects_invalid_requests_and_fails_on_request() {
    let running = RunningStack::start().await;
    let code = async |more: &[(&str, &str)]| {
        let (status, answer) = send(&running, "ann@example.com", more).await;
        format!("{status} {}", between(&answer, "<Code>", "</Code>"))
    };
    let none = [("ConfigurationSetName", "none")];
    assert_eq!(code(&none).await, "400 ConfigurationSetDoesNotExist");
    for (name, value) in [("a b", "x"), ("a", "x/y"), ("a", ""), ("", "x"), ("a", "ü")] {
        let tag = [("Tags.member.1.Name", name), ("Tags.member.1.Value", value)];
        assert_eq!(code(&tag).await, "400 InvalidParameterValue", "{name} {value}");
    }
    let rule = json!({ "service": "ses", "operation": "SendRawEmail", "fault": "throttle", "times": 1 });
    post(&running, "/_local/faults", rule.to_string()).await;
    assert_eq!(code(&[]).await, "400 Throttling");
    assert_eq!(code(&[]).await, "200 ");
    assert_eq!(get(&running, "/_local/mail").await["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn each_service_fails_with_its_own_code() {
    let running = RunningStack::start().await;
    let s3 = format!("{}/outlay-local-files/key", running.stack.s3_url());
    for (service, fault, status, code) in [
        ("kms", "throttle", 400, "ThrottlingException"),
        ("kms", "refuse", 400, "DisabledException"),
        ("kms", "unavailable", 500, "KMSInternalException"),
        ("s3", "throttle", 503, "SlowDown"),
        ("s3", "refuse", 403, "AccessDenied"),
        ("s3", "unavailable", 500, "InternalError"),
        ("ses", "throttle", 400, "Throttling"),
        ("ses", "refuse", 400, "MessageRejected"),
        ("ses", "lose_answer", 500, "InternalFailure"),
        // No process to kill: an internal error.
        ("ses", "kill_before", 500, "InternalFailure"),
    ] {
        let rule = json!({ "service": service, "fault": fault, "times": 1 });
        let rule = post(&running, "/_local/faults", rule.to_string()).await;
        let request = match service {
            "kms" => running.request("POST", "/_local/kms").header("X-Amz-Target", "TrentService.Decrypt"),
            "s3" => running.http.get(&s3),
            _ => running.request("POST", "/_local/ses/"),
        };
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{service} {fault}");
        assert!(answer.text().await.expect("a text").contains(code), "{service} {fault}");
        let rule = format!("/_local/faults/{}", rule["id"].as_str().expect("an id"));
        for (method, status) in [("GET", 200), ("DELETE", 200), ("GET", 404), ("DELETE", 404)] {
            let (found, answer) = RunningStack::send(running.request(method, &rule)).await;
            assert_eq!(found, status, "{method}");
            assert!(status == 404 || answer == json!({ "hits": 1 }), "{answer}");
        }
    }
    assert_eq!(RunningStack::send(running.request("POST", "/_local/faults")).await.0, 400);
}
