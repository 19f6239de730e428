//! Reads a small template that has every form the project's own uses, and the project's own.

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
fn functions_have_their_settings_and_variables() {
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
fn routes_know_who_may_call_them() {
    let template = read::template(SAMPLE, &Parameters::new()).expect("a template");
    let usual = Limit { per_thousand_seconds: 50_000, burst: 80 };
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
            route("ANY", "$default", Access::Open, usual),
            route("GET", "/v1/open", Access::Open, usual),
            route("ANY", "/v1/scoped", token(&["write", "admin"]), usual),
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
    assert_eq!(template.ignored, ["things-one (ScheduleV2)", "things-one (Schedule)"]);
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

#[test]
fn given_parameters_come_before_defaults() {
    let given =
        [("Issuer", "http://issuer.example"), ("Extra", "yes"), ("Origins", "http://c.example"), ("Other", "x")];
    let given = Parameters::from(given.map(|(name, value)| (name.to_owned(), value.to_owned())));
    // What the cloud alone knows is not looked at where the condition does not hold.
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
fn what_is_needed_and_has_no_local_meaning_is_an_error_that_names_it() {
    for (wanted, put) in [("the variable FROM: the parameter NoDefault", "${NoDefault}"), ("Pool", "${Pool}")] {
        let changed = SAMPLE.replace("${MailName}", put);
        let error = read::template(&changed, &Parameters::new()).expect_err("an error");
        assert!(error.contains("OneFunction") && error.contains(wanted), "{error}");
    }
}

#[test]
fn a_condition_in_a_circle_is_an_error() {
    let changed = SAMPLE.replace("!Equals [!Ref Extra, \"yes\"]", "!Condition WantsExtra");
    let error = read::template(&changed, &Parameters::new()).expect_err("an error");
    assert!(error.contains("rests on itself"), "{error}");
}

#[test]
fn the_project_s_own_template_can_be_used() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let template = Template::load(&path, &crate::parameters("http://127.0.0.1:3000")).expect("a template");
    assert!(template.routes.iter().any(|route| route.path == "/v1/health" && route.access == Access::Open));
    assert!(template.routes.iter().all(|route| template.functions.iter().any(|it| it.name == route.function)));
    assert_eq!(template.tables.len(), 1);
    assert_eq!(template.streams.len(), 1);
    assert_eq!(template.ignored, Vec::<String>::new());
}
