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
      CorsConfiguration: {AllowOrigins: !Ref Origins, AllowMethods: [GET], MaxAge: 600}
  Pool: {Type: AWS::Cognito::UserPool, Condition: HasPool}
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
    let template = read::template(SAMPLE).expect("a template");
    let [function] = template.functions.as_slice() else { panic!("{:?}", template.functions) };
    assert_eq!((function.logical_id.as_str(), function.name.as_str()), ("OneFunction", "things-one"));
    assert_eq!((function.timeout, function.memory_mb), (Duration::from_secs(10), 256));
    let expected = [
        ("ARN", "arn:aws:dynamodb:eu-central-1:000000000000:table/outlay-local-Table"),
        ("FROM", "Sample <post@example.com>"),
        ("JOINED", "a-eu-central-1-pool"),
        ("LEVEL", "own"),
        ("LITERAL", "${Kept} 000000000000"),
        ("TABLE_NAME", "outlay-local-Table"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(function.environment, BTreeMap::from(expected));
}

#[test]
fn routes_know_who_may_call_them() {
    let template = read::template(SAMPLE).expect("a template");
    let route = |method: &str, path: &str, access: Access| Route {
        method: method.to_owned(),
        path: path.to_owned(),
        function: "things-one".to_owned(),
        access,
    };
    let token = |scopes: &[&str]| Access::Token { scopes: scopes.iter().map(|&it| it.to_owned()).collect() };
    let mut routes = template.routes;
    routes.sort_by(|left, right| left.path.cmp(&right.path));
    assert_eq!(
        routes,
        [
            route("GET", "/v1/open", Access::Open),
            route("ANY", "/v1/scoped", token(&["write", "admin"])),
            route("POST", "/v1/things/{thing}", token(&["read"])),
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
    let template = read::template(SAMPLE).expect("a template");
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
    assert_eq!(template.ignored, ["things-one (Schedule)"]);
    let [table] = template.tables.as_slice() else { panic!("{:?}", template.tables) };
    assert_eq!(table.ttl_attribute.as_deref(), Some("gone"));
    assert_eq!(table.create["StreamSpecification"], json!({ "StreamEnabled": true, "StreamViewType": "NEW_IMAGE" }));
    assert!(table.create.get("SSESpecification").is_none());
}

#[test]
fn what_is_needed_and_has_no_local_meaning_is_an_error_that_names_it() {
    for (wanted, put) in [("the variable FROM: the parameter NoDefault", "${NoDefault}"), ("Pool", "${Pool}")] {
        let changed = SAMPLE.replace("${MailName}", put);
        let error = read::template(&changed).expect_err("an error");
        assert!(error.contains("OneFunction") && error.contains(wanted), "{error}");
    }
}

#[test]
fn a_condition_in_a_circle_is_an_error() {
    let changed = SAMPLE.replace("!Equals [!Ref Extra, \"yes\"]", "!Condition WantsExtra");
    let error = read::template(&changed).expect_err("an error");
    assert!(error.contains("rests on itself"), "{error}");
}

#[test]
fn the_project_s_own_template_can_be_used() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let template = Template::load(&path).expect("a template");
    assert!(template.routes.iter().any(|route| route.path == "/v1/health" && route.access == Access::Open));
    assert!(template.routes.iter().all(|route| template.functions.iter().any(|it| it.name == route.function)));
    assert_eq!(template.tables.len(), 1);
    assert_eq!(template.streams.len(), 1);
    assert_eq!(template.ignored, Vec::<String>::new());
}
