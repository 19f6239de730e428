//! Reads a sample template with every form that the project's template uses, and the project's template.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::*;

const SAMPLE: &str = r#"
Parameters:
  MailName: {Type: String, Default: Sample}
  Mail: {Type: String, Default: post@example.com}
  Issuer: {Type: String, Default: ""}
  Origins: {Type: CommaDelimitedList, Default: "http://a.example, http://b.example"}
  Extra: {Type: String, Default: "no"}
  NoDefault: {Type: String}
Conditions:
  HasPool: !Equals [!Ref Issuer, ""]
  WantsExtra: !And [!Condition HasPool, !Equals [!Ref Extra, "yes"]]
Globals:
  Function:
    Timeout: 10
    MemorySize: 256
    Environment: {Variables: {TABLE_NAME: !Ref Table, LEVEL: global}}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Jwt
        Authorizers:
          Jwt:
            AuthorizationScopes: [read]
            JwtConfiguration: {issuer: !Sub "https://${Pool}", audience: [!Ref Client]}
      DefaultRouteSettings: {ThrottlingRateLimit: 50, ThrottlingBurstLimit: 80}
      RouteSettings: {"POST /v1/things/{thing}": {ThrottlingRateLimit: 2.5, ThrottlingBurstLimit: 4}}
      CorsConfiguration: {AllowOrigins: !Ref Origins, AllowMethods: [GET], MaxAge: 600}
  Pool: {Type: AWS::Cognito::UserPool, Condition: HasPool}
  Key: {Type: AWS::KMS::Key}
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: !Sub "alias/${AWS::StackName}", TargetKeyId: !Ref Key}}
  OneFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/things-one/
      Role: !GetAtt Unknown.Arn
      Environment:
        Variables:
          LEVEL: own
          FROM: !Sub "${MailName} <${Mail}>"
          ARN: !GetAtt Table.Arn
          JOINED: !Join ["-", [a, !Ref "AWS::Region", !If [HasPool, pool, !Ref NoDefault]]]
          KEY: !GetAtt Key.Arn
          GONE: !If [HasPool, !Ref AWS::NoValue, here]
          AUDIENCES: !If [HasPool, pool, !Sub "${Issuer}#${Key}"]
          LITERAL: !Sub ["${!Kept} ${x}", {x: {"Fn::Sub": "${AWS::AccountId}"}}]
      Events:
        Http: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: post, Path: "/v1/things/{thing}"}}
        Open: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /v1/open, Auth: {Authorizer: NONE}}}
        Scoped: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: "*", Path: /v1/scoped, Auth: {AuthorizationScopes: [write, admin]}}}
        Stream:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            BatchSize: 7
            MaximumBatchingWindowInSeconds: 2
            FunctionResponseTypes: [ReportBatchItemFailures]
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: 4
            FilterCriteria: {Filters: [{Pattern: '{"eventName":["INSERT"]}'}]}
            DestinationConfig: {OnFailure: {Destination: !GetAtt Bucket.Arn}}
        Timer: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
        Often: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(5 minutes), DeadLetterConfig: {Arn: !GetAtt Queue.Arn}}}
        Nightly: {Type: ScheduleV2, Properties: {ScheduleExpression: cron(0 3 * * ? *)}}
        Never: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 hour), State: DISABLED}}
        Rest: {Type: HttpApi, Properties: {ApiId: !Ref Api, Auth: {Authorizer: NONE}}}
  ExtraFunction:
    Type: AWS::Serverless::Function
    Condition: WantsExtra
    Properties: {CodeUri: target/lambda/extra}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: PK, AttributeType: S}]
      KeySchema: [{AttributeName: PK, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: gone, Enabled: true}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      SSESpecification: {KMSMasterKeyId: !GetAtt Key.Arn}
"#;

#[test]
fn function_settings_and_environment_are_read() {
    let template = read::template(SAMPLE, &Parameters::new()).expect("a template");
    let [function] = template.functions.as_slice() else { panic!("{:?}", template.functions) };
    assert_eq!((function.logical_id.as_str(), function.name.as_str()), ("OneFunction", "things-one"));
    assert_eq!((function.timeout, function.memory_mb), (Duration::from_secs(10), 256));
    let expected = [
        ("ARN", "arn:aws:dynamodb:eu-central-1:000000000000:table/outlay-local-Table"),
        ("AUDIENCES", "pool"),
        ("FROM", "Sample <post@example.com>"),
        ("JOINED", "a-eu-central-1-pool"),
        ("KEY", "arn:aws:kms:eu-central-1:000000000000:key/outlay-local-Key"),
        ("LEVEL", "own"),
        ("LITERAL", "${Kept} 000000000000"),
        ("TABLE_NAME", "outlay-local-Table"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(function.environment, BTreeMap::from(expected));
}

#[test]
fn route_access_and_limits_are_read() {
    let template = read::template(SAMPLE, &Parameters::new()).expect("a template");
    let default = Limit { per_thousand_seconds: 50_000, burst: 80 };
    let route = |method: &str, path: &str, access: Access, limit: Limit| Route {
        method: method.to_owned(),
        path: path.to_owned(),
        function: "things-one".to_owned(),
        access,
        limit,
    };
    let token = |scopes: &[&str]| Access::Token { scopes: scopes.iter().map(|&it| it.to_owned()).collect() };
    let mut routes = template.routes;
    routes.sort_by(|left, right| left.path.cmp(&right.path));
    assert_eq!(
        routes,
        [
            route("ANY", "$default", Access::Open, default),
            route("GET", "/v1/open", Access::Open, default),
            route("ANY", "/v1/scoped", token(&["write", "admin"]), default),
            route("POST", "/v1/things/{thing}", token(&["read"]), Limit { per_thousand_seconds: 2_500, burst: 4 }),
        ]
    );
    let cors = template.cors.expect("a configuration");
    assert_eq!(
        (cors.origins, cors.methods),
        (vec!["http://a.example".to_owned(), "http://b.example".to_owned()], vec!["GET".to_owned()],)
    );
    assert_eq!(cors.max_age, Some(600));
}

#[test]
fn tables_and_streams_are_read() {
    let template = read::template(SAMPLE, &Parameters::new()).expect("a template");
    let expected = StreamSource {
        function: "things-one".to_owned(),
        table: "outlay-local-Table".to_owned(),
        batch_size: 7,
        window: Duration::from_secs(2),
        filters: vec![json!({ "eventName": ["INSERT"] })],
        reports_failures: true,
        bisect: true,
        max_retries: Some(4),
    };
    assert_eq!(template.streams, [expected]);
    assert_eq!(template.ignored_event_sources, ["things-one (ScheduleV2)", "things-one (Schedule)"]);
    let [table] = template.tables.as_slice() else { panic!("{:?}", template.tables) };
    assert_eq!(table.ttl_attribute.as_deref(), Some("gone"));
    assert_eq!(table.create["StreamSpecification"], json!({ "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" }));
    assert!(table.create.get("SSESpecification").is_none());
}

#[test]
fn schedules_and_keys_are_read() {
    let template = read::template(SAMPLE, &Parameters::new()).expect("a template");
    let arn = "arn:aws:scheduler:eu-central-1:000000000000:schedule/default/OneFunctionOften".to_owned();
    let every = Duration::from_mins(5);
    assert_eq!(template.schedules, [Schedule { function: "things-one".to_owned(), arn, every, input: None }]);
    let key = Key {
        id: "outlay-local-Key".to_owned(),
        arn: "arn:aws:kms:eu-central-1:000000000000:key/outlay-local-Key".to_owned(),
        aliases: vec!["alias/outlay-local".to_owned()],
    };
    assert_eq!(template.keys, [key]);
}

const WIRED: &str = r#"
Resources:
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/things/
      Environment:
        Variables:
          BUCKET: !Ref Files
          BUCKET_ARN: !GetAtt Files.Arn
          QUEUE: !Ref Arrived
          QUEUE_NAME: !GetAtt Named.QueueName
          SET: !Ref Set
          TOPIC: !Ref Feedback
          TOPIC_NAME: !GetAtt Feedback.TopicName
      Events:
        Arrived: {Type: SQS, Properties: {Queue: !GetAtt Arrived.Arn, BatchSize: 5, FunctionResponseTypes: [ReportBatchItemFailures]}}
        Off: {Type: SQS, Properties: {Queue: !GetAtt Named.Arn, Enabled: false}}
        Slow: {Type: SQS, Properties: {Queue: !GetAtt Named.Arn, MaximumBatchingWindowInSeconds: 3, ScalingConfig: {MaximumConcurrency: 2}}}
        Often: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 hour), RetryPolicy: {MaximumRetryAttempts: 1}, DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}}
  Files:
    Type: AWS::S3::Bucket
    Properties:
      BucketEncryption: !GetAtt Unknown.Arn
      NotificationConfiguration:
        QueueConfigurations:
          - {Event: "s3:ObjectCreated:*", Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, {Name: Suffix, Value: .pdf}]}}, Queue: !GetAtt Arrived.Arn}
          - {Event: "s3:ObjectCreated:Copy", Queue: !GetAtt Named.Arn}
  Plain: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "plain-${AWS::AccountId}"}}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Files
      PolicyDocument:
        Statement:
          - {Effect: Deny, Principal: "*", Action: ["s3:Put*"], Resource: !Sub "${Files.Arn}/in/*", Condition: {StringNotEqualsIfExists: {"s3:x-amz-server-side-encryption": [aws:kms]}, "Null": {"s3:If-None-Match": "true"}}}
          - {Effect: Deny, Principal: {AWS: "*"}, Action: "s3:*", Resource: !GetAtt Files.Arn, Condition: {NumericGreaterThan: {"s3:signatureAge": 300000}}}
          - {Effect: Deny, Principal: {AWS: !GetAtt Unknown.Arn}, Action: "s3:*", Resource: "*"}
          - {Effect: Deny, Principal: "*", Action: "s3:*", Resource: "*", Condition: {ArnNotEquals: {"aws:PrincipalArn": !GetAtt Unknown.Arn}}}
          - {Effect: Allow, Principal: "*", Action: "s3:*", Resource: "*"}
  Arrived: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 60, RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}}}
  Dead: {Type: AWS::SQS::Queue}
  Named: {Type: AWS::SQS::Queue, Properties: {QueueName: named}}
  Feedback: {Type: AWS::SNS::Topic, Properties: {KmsMasterKeyId: !GetAtt Unknown.Arn}}
  ToNamed: {Type: AWS::SNS::Subscription, Properties: {Protocol: sqs, TopicArn: !Ref Feedback, Endpoint: !GetAtt Named.Arn}}
  ToAnn: {Type: AWS::SNS::Subscription, Properties: {Protocol: email, TopicArn: !Ref Feedback, Endpoint: ann@example.com}}
  Set: {Type: AWS::SES::ConfigurationSet}
  Told:
    Type: AWS::SES::ConfigurationSetEventDestination
    Properties: {ConfigurationSetName: !Ref Set, EventDestination: {Enabled: true, MatchingEventTypes: [send, BOUNCE], SnsDestination: {TopicARN: !Ref Feedback}}}
  Off:
    Type: AWS::SES::ConfigurationSetEventDestination
    Properties: {ConfigurationSetName: !Ref Set, EventDestination: {Enabled: false, MatchingEventTypes: [send], SnsDestination: {TopicARN: !Ref Feedback}}}
"#;

fn queue(name: &str) -> String {
    format!("arn:aws:sqs:eu-central-1:000000000000:{name}")
}

#[test]
fn buckets_and_queues_are_read() {
    let template = read::template(WIRED, &Parameters::new()).expect("a template");
    let notification = |event: &str, prefix: &str, suffix: &str, to: &str| Notification {
        event: event.to_owned(),
        prefix: prefix.to_owned(),
        suffix: suffix.to_owned(),
        queue: queue(to),
    };
    let notifications = vec![
        notification("ObjectCreated:*", "in/", ".pdf", "outlay-local-Arrived"),
        notification("ObjectCreated:Copy", "", "", "named"),
    ];
    let mut buckets = template.buckets;
    buckets.sort_by(|left, right| left.name.cmp(&right.name));
    let names: Vec<&str> = buckets.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["outlay-local-files", "plain-000000000000"]);
    assert_eq!(buckets[0].notifications, notifications);
    let mut queues: Vec<_> = template.queues.iter().map(|it| (it.arn.clone(), it.redrive.clone())).collect();
    queues.sort_by(|left, right| left.0.cmp(&right.0));
    let redrive = Redrive { to: queue("outlay-local-Dead"), max_receives: 5 };
    let expected = [("named", None), ("outlay-local-Arrived", Some(redrive)), ("outlay-local-Dead", None)];
    assert_eq!(queues, expected.map(|(name, redrive)| (queue(name), redrive)));
    let source = |name: &str, batch_size, window, reports_failures, concurrency| QueueSource {
        function: "things".to_owned(),
        queue: queue(name),
        batch_size,
        window: Duration::from_secs(window),
        reports_failures,
        concurrency,
    };
    let expected = [source("outlay-local-Arrived", 5, 0, true, 5), source("named", 10, 3, false, 2)];
    assert_eq!(template.queue_sources, expected);
    assert_eq!((template.schedules.len(), template.ignored_event_sources.len()), (1, 0));
}

#[test]
fn topics_and_event_destinations_are_read() {
    let template = read::template(WIRED, &Parameters::new()).expect("a template");
    let topic = "arn:aws:sns:eu-central-1:000000000000:outlay-local-Feedback".to_owned();
    assert_eq!(template.subscriptions, [Subscription { topic: topic.clone(), queue: queue("named"), raw: false }]);
    let configuration_set = "outlay-local-Set".to_owned();
    let event_types = vec!["send".to_owned(), "bounce".to_owned()];
    assert_eq!(template.configuration_sets, ["outlay-local-Set"]);
    assert_eq!(template.event_destinations, [EventDestination { configuration_set, event_types, topic }]);
    let expected = [
        ("BUCKET", "outlay-local-files"),
        ("BUCKET_ARN", "arn:aws:s3:::outlay-local-files"),
        ("QUEUE", "https://sqs.eu-central-1.amazonaws.com/000000000000/outlay-local-Arrived"),
        ("QUEUE_NAME", "named"),
        ("SET", "outlay-local-Set"),
        ("TOPIC", "arn:aws:sns:eu-central-1:000000000000:outlay-local-Feedback"),
        ("TOPIC_NAME", "outlay-local-Feedback"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(template.functions[0].environment, BTreeMap::from(expected));
}

#[test]
fn bucket_policy_denials_are_read() {
    let template = read::template(WIRED, &Parameters::new()).expect("a template");
    assert_eq!(template.denials.len(), 2, "{:?}", template.denials);
    let denied = |action: &str, key: &str, values: &[(&str, &str)]| {
        let value = |key: &str| values.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        template.denials.iter().any(|it| it.denies(action, &format!("arn:aws:s3:::outlay-local-files{key}"), value))
    };
    assert!(denied("s3:PutObject", "/in/x", &[]));
    assert!(!denied("s3:PutObject", "/in/x", &[("s3:if-none-match", "*")]));
    assert!(!denied("s3:PutObject", "/in/x", &[("s3:x-amz-server-side-encryption", "aws:kms")]));
    assert!(!denied("s3:PutObject", "/out/x", &[]) && !denied("s3:GetObject", "/in/x", &[]));
    assert!(denied("s3:ListBucket", "", &[("s3:signatureage", "300001")]));
    let wrong = WIRED.replace("NumericGreaterThan", "NumericLessThanEquals");
    assert!(read::template(&wrong, &Parameters::new()).is_err_and(|it| it.contains("Policy: the condition")));
}

#[test]
fn given_parameter_replaces_the_default() {
    let given =
        [("Issuer", "http://issuer.example"), ("Extra", "yes"), ("Origins", "http://c.example"), ("Other", "x")];
    let given = Parameters::from(given.map(|(name, value)| (name.to_owned(), value.to_owned())));
    // A resource that exists only on AWS is not resolved where the condition is false.
    let changed = SAMPLE.replace("[HasPool, pool, !Sub", "[HasPool, !Ref Pool, !Sub");
    assert!(
        read::template(&changed, &Parameters::new()).is_err_and(|it| it.contains("AUDIENCES") && it.contains("Pool"))
    );
    let template = read::template(&changed.replace("!Ref NoDefault", "none"), &given).expect("a template");
    let [function] = template.functions.as_slice() else { panic!("{:?}", template.functions) };
    let variable = |name: &str| function.environment.get(name).map(String::as_str);
    assert_eq!(variable("AUDIENCES"), Some("http://issuer.example#outlay-local-Key"));
    assert_eq!(variable("GONE"), Some("here"));
    assert_eq!(variable("JOINED"), Some("a-eu-central-1-none"));
    assert_eq!(template.cors.map(|it| it.origins), Some(vec!["http://c.example".to_owned()]));
}

#[test]
fn needed_value_without_local_counterpart_is_an_error() {
    for (wanted, put) in [("the variable FROM: the parameter NoDefault", "${NoDefault}"), ("Pool", "${Pool}")] {
        let changed = SAMPLE.replace("${MailName}", put);
        let error = read::template(&changed, &Parameters::new()).expect_err("an error");
        assert!(error.contains("OneFunction") && error.contains(wanted), "{error}");
    }
}

#[test]
fn circular_condition_is_an_error() {
    let changed = SAMPLE.replace("!Equals [!Ref Extra, \"yes\"]", "!Condition WantsExtra");
    let error = read::template(&changed, &Parameters::new()).expect_err("an error");
    assert!(error.contains("depends on itself"), "{error}");
}

#[test]
fn project_template_is_read_completely() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let template = load(&path, &crate::identity::template_parameters("http://127.0.0.1:3000")).expect("a template");
    assert!(template.routes.iter().any(|route| route.path == "/v1/health" && route.access == Access::Open));
    assert!(template.routes.iter().all(|route| template.functions.iter().any(|it| it.name == route.function)));
    assert_eq!(template.tables.len(), 1);
    // To the function that sends mail, and to the one that works on batches.
    assert_eq!(template.streams.len(), 2);
    assert_eq!(template.ignored_event_sources, Vec::<String>::new());
    assert!(crate::sqs::Queues::from_template(None, &template).is_ok(), "a queue is missing");
}
