//! Whole stacks on a template of their own, over HTTP. The functions' binaries are empty files: a request that reaches one is
//! answered with 500, and one that does not is answered by the gateway.

#[cfg(unix)]
mod played;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

const TEMPLATE: &str = r#"
Parameters:
  JwtIssuer: {Type: String, Default: ""}
  JwtAudience: {Type: String, Default: ""}
Conditions:
  HasUserPool: !Equals [!Ref JwtIssuer, ""]
Globals:
  Function:
    Environment:
      Variables:
        JWT_ISSUER: !If [HasUserPool, !Sub "https://${UserPool}", !Ref JwtIssuer]
        JWT_AUDIENCES: !If [HasUserPool, !Ref UserPoolClient, !Ref JwtAudience]
        PAYOUT_KEY: !GetAtt PayoutKey.Arn
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth: {DefaultAuthorizer: Jwt, Authorizers: {Jwt: {JwtConfiguration: {issuer: !Ref JwtIssuer}}}}
      CorsConfiguration: {AllowOrigins: ["http://a.example"], AllowMethods: [GET]}
      DefaultRouteSettings: {ThrottlingRateLimit: 1, ThrottlingBurstLimit: 1000}
      RouteSettings: {"GET /v1/few": {ThrottlingRateLimit: 0.001, ThrottlingBurstLimit: 2}}
  PayoutKey: {Type: AWS::KMS::Key}
  UserPool: {Type: AWS::Cognito::UserPool, Condition: HasUserPool}
  UserPoolClient: {Type: AWS::Cognito::UserPoolClient, Condition: HasUserPool}
  ThingsFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/things/
      Events:
        Things: {Type: HttpApi, Properties: {Method: GET, Path: /v1/things}}
        Few: {Type: HttpApi, Properties: {Method: GET, Path: /v1/few, Auth: {Authorizer: NONE}}}
        Rest: {Type: HttpApi, Properties: {Path: $default, Auth: {Authorizer: NONE}}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: PK, AttributeType: S}]
      KeySchema: [{AttributeName: PK, KeyType: HASH}]
"#;

pub(crate) struct Running {
    pub(crate) stack: Stack,
    pub(crate) http: reqwest::Client,
    folder: TempDir,
}

impl Running {
    /// A stack that is changed from what a test run has.
    async fn start(change: impl FnOnce(&mut Options)) -> Self {
        Self::with(TEMPLATE, "", change).await
    }

    /// A stack of another template, with the content of the function's file.
    pub(crate) async fn with(template_text: &str, function: &str, change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let template = folder.path().join("template.yaml");
        std::fs::write(&template, template_text).expect("written");
        let file = folder.path().join(format!("things{}", std::env::consts::EXE_SUFFIX));
        std::fs::write(&file, function).expect("written");
        #[cfg(unix)]
        if !function.is_empty() {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).expect("a program");
        }
        let mut options = Options {
            template,
            bin_dir: folder.path().to_owned(),
            data: Data::InMemory,
            port: 0,
            throttling: false,
            authorizer: true,
            probes: true,
        };
        change(&mut options);
        let stack = Stack::start(options).await.expect("a stack");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { stack, http, folder }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        self.http.request(method, format!("{}{path}", self.stack.url()))
    }

    /// The status, and the body if it is JSON.
    pub(crate) async fn send(request: RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn token(&self, more: &Value) -> String {
        let mut body = json!({ "sub": "ann", "email": "ann@example.com", "name": "Ann" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let (status, answer) = Self::send(self.request("POST", "/_local/token").json(&body)).await;
        assert_eq!(status, 200, "{answer}");
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    async fn status_with(&self, token: &str) -> u16 {
        Self::send(self.request("GET", "/v1/things").bearer_auth(token)).await.0
    }

    async fn rotate(&self, how: &Value) -> Value {
        let (status, answer) = Self::send(self.request("POST", "/_local/oidc/rotate").json(how)).await;
        assert_eq!(status, 200, "{answer}");
        answer["kid"].clone()
    }

    async fn published(&self) -> Vec<Value> {
        let (_, answer) = Self::send(self.request("GET", "/_local/oidc/jwks.json")).await;
        answer["keys"].as_array().expect("keys").clone()
    }

    async fn kms(&self, operation: &str, body: &Value) -> (u16, Value) {
        let request = self.request("POST", "/_local/kms/").header("X-Amz-Target", format!("TrentService.{operation}"));
        Self::send(request.body(body.to_string())).await
    }
}

#[tokio::test]
async fn the_functions_and_the_gateway_agree_on_the_issuer() {
    let running = Running::start(|_| ()).await;
    let (_, found) = Running::send(running.request("GET", "/_local/oidc/.well-known/openid-configuration")).await;
    let parameters = parameters(running.stack.url());
    assert_eq!(Some(found["issuer"].as_str().expect("an issuer")), parameters.get("JwtIssuer").map(String::as_str));
    let template = running.folder.path().join("template.yaml");
    let functions = Template::load(&template, &parameters).expect("a template").functions;
    let [function] = functions.as_slice() else { panic!("{functions:?}") };
    let variable = |name: &str| function.environment.get(name).cloned().unwrap_or_default();
    assert_eq!(variable("JWT_ISSUER"), format!("{}/_local/oidc", running.stack.url()));
    assert_eq!(variable("JWT_AUDIENCES"), "outlay-local");
    assert_eq!(variable("PAYOUT_KEY"), "arn:aws:kms:eu-central-1:000000000000:key/outlay-local-PayoutKey");
    assert_eq!(function_names(&template).expect("names"), ["things"]);
    let wrong = running.token(&json!({ "claims": { "iss": "http://127.0.0.1:1/_local/oidc" } })).await;
    assert_eq!(running.status_with(&wrong).await, 401);
    assert_eq!(running.status_with(&running.token(&json!({})).await).await, 500);
}

#[tokio::test]
async fn the_gateway_sees_rotations_and_takes_rsa_alone() {
    let running = Running::start(|_| ()).await;
    let first = running.token(&json!({})).await;
    let first_id = running.published().await[0]["kid"].clone();
    let second_id = running.rotate(&json!({})).await;
    let second = running.token(&json!({})).await;
    assert_eq!([running.status_with(&first).await, running.status_with(&second).await], [500, 500]);
    let elliptic_id = running.rotate(&json!({ "alg": "ES256" })).await;
    let elliptic = running.token(&json!({})).await;
    assert_eq!(running.status_with(&elliptic).await, 401);
    let published = running.published().await;
    let ids: Vec<&Value> = published.iter().map(|key| &key["kid"]).collect();
    assert_eq!(ids, [&first_id, &second_id, &elliptic_id]);
    let older = running.token(&json!({ "kid": first_id })).await;
    assert_eq!(running.status_with(&older).await, 500);
    // Says that it is another key's.
    let lying = running.token(&json!({ "kid": first_id, "header": { "kid": second_id } })).await;
    assert_eq!(running.status_with(&lying).await, 401);
    let newest_id = running.rotate(&json!({ "alg": "RS256", "keep_old": false })).await;
    assert_eq!(running.published().await.iter().map(|key| key["kid"].clone()).collect::<Vec<_>>(), [newest_id]);
    assert_eq!([running.status_with(&first).await, running.status_with(&second).await], [401, 401]);
    let unknown = json!({ "sub": "ann", "email": "ann@example.com", "name": "Ann", "kid": first_id });
    assert_eq!(Running::send(running.request("POST", "/_local/token").json(&unknown)).await.0, 400);
    for wrong in [json!({ "alg": "HS256" }), json!({ "keep": true })] {
        assert_eq!(Running::send(running.request("POST", "/_local/oidc/rotate").json(&wrong)).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_issuer_can_be_down_and_counts_who_asks() {
    let running = Running::start(|_| ()).await;
    let paths = ["/_local/oidc/.well-known/openid-configuration", "/_local/oidc/jwks.json"];
    for (up, status) in [(true, 200), (false, 503), (true, 200)] {
        let change = running.request("PUT", "/_local/oidc/availability").json(&json!({ "up": up }));
        assert_eq!(Running::send(change).await.0, 200);
        for path in paths {
            assert_eq!(Running::send(running.request("GET", path)).await.0, status, "{path}");
        }
    }
    Running::send(running.request("GET", paths[1])).await;
    let counted = Running::send(running.request("GET", "/_local/oidc/requests")).await;
    assert_eq!(counted, (200, json!({ "configuration": 3, "keys": 4 })));
}

#[tokio::test]
async fn kms_answers_as_aws_does_and_can_be_made_to_fail() {
    let running = Running::start(|_| ()).await;
    let body = json!({ "KeyId": "outlay-local-PayoutKey", "Plaintext": "aGk=", "EncryptionContext": { "org": "a" } });
    let (status, made) = running.kms("Encrypt", &body).await;
    assert_eq!(status, 200, "{made}");
    let decrypt = |org: &str| json!({ "CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": { "org": org } });
    let (status, opened) = running.kms("Decrypt", &decrypt("a")).await;
    assert_eq!((status, &opened["Plaintext"]), (200, &json!("aGk=")));
    let wrong = running.request("POST", "/_local/kms").header("X-Amz-Target", "TrentService.Decrypt");
    let wrong = wrong.body(decrypt("b").to_string()).send().await.expect("an answer");
    let header = |name: &str| wrong.headers().get(name).expect("a header").to_str().expect("a text").to_owned();
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    let headers = [header("x-amzn-errortype"), header("content-type")];
    assert_eq!(headers, ["InvalidCiphertextException", "application/x-amz-json-1.1"]);
    assert_eq!(wrong.json::<Value>().await.expect("JSON"), json!({ "__type": "InvalidCiphertextException" }));

    let rule =
        json!({ "service": "kms", "operation": "Decrypt", "containing": "\"a\"", "fault": "refuse", "times": 1 });
    let (status, rule) = Running::send(running.request("POST", "/_local/faults").json(&rule)).await;
    assert_eq!(status, 200, "{rule}");
    let rule = format!("/_local/faults/{}", rule["id"].as_str().expect("an id"));
    let (status, refused) = running.kms("Decrypt", &decrypt("a")).await;
    assert_eq!((status, &refused["__type"]), (400, &json!("DisabledException")));
    assert_eq!(running.kms("Decrypt", &decrypt("a")).await.0, 200);
    for (method, status) in [("GET", 200), ("DELETE", 200), ("GET", 404), ("DELETE", 404)] {
        let (found, answer) = Running::send(running.request(method, &rule)).await;
        assert_eq!(found, status, "{method}");
        assert!(status == 404 || answer == json!({ "hits": 1 }), "{answer}");
    }
}

#[tokio::test]
async fn what_is_for_tests_is_there_for_tests_alone() {
    let paths = [("POST", "/_local/faults"), ("GET", "/_local/faults/x"), ("GET", "/_local/log")];
    let running = Running::start(|options| options.probes = false).await;
    for (method, path) in paths {
        // As any path that nobody has: the default route's function.
        assert_eq!(Running::send(running.request(method, path)).await.0, 500, "{path}");
    }
    let running = Running::start(|_| ()).await;
    let found = [400, 404, 200];
    for ((method, path), status) in paths.into_iter().zip(found) {
        assert_eq!(Running::send(running.request(method, path)).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn a_gateway_without_authorizer_lets_everything_through() {
    let running = Running::start(|options| options.authorizer = false).await;
    assert_eq!(Running::send(running.request("GET", "/v1/things")).await.0, 500);
    assert_eq!(running.status_with("nonsense").await, 500);
    let running = Running::start(|_| ()).await;
    assert_eq!(Running::send(running.request("GET", "/v1/things")).await.0, 401);
    assert_eq!(running.status_with("nonsense").await, 401);
}

#[tokio::test]
async fn routes_have_limits_where_they_are_wanted() {
    let statuses = async |running: &Running, path: &str| {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(Running::send(running.request("GET", path)).await);
        }
        statuses
    };
    let failed = || (500, json!({ "message": "Internal Server Error" }));
    let refused = || (429, json!({ "message": "Too Many Requests" }));
    let running = Running::start(|options| options.throttling = true).await;
    assert_eq!(statuses(&running, "/v1/few").await, [failed(), failed(), refused(), refused()]);
    assert_eq!(statuses(&running, "/v1/other").await, [failed(), failed(), failed(), failed()]);
    let running = Running::start(|_| ()).await;
    assert_eq!(statuses(&running, "/v1/few").await, [failed(), failed(), failed(), failed()]);
}

#[tokio::test]
async fn the_default_route_leaves_preflights_to_the_gateway() {
    let running = Running::start(|_| ()).await;
    for (method, path) in [("POST", "/v1/things"), ("BREW", "/v1/things"), ("GET", "/v2"), ("OPTIONS", "/v1/things")] {
        assert_eq!(Running::send(running.request(method, path)).await.0, 500, "{method} {path}");
    }
    let preflight = running.request("OPTIONS", "/v2").header("Origin", "http://a.example");
    let preflight = preflight.header("Access-Control-Request-Method", "GET");
    assert_eq!(Running::send(preflight).await.0, 204);
}
