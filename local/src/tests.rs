//! Whole stacks with a template of their own, over HTTP. The function binaries are empty files: a request that reaches
//! a function gets a 500, the others are answered by the gateway.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Data, Options, Stack, function_names, identity, template};

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

/// A running stack with its template.
pub(crate) struct RunningStack {
    pub(crate) stack: Stack,
    pub(crate) http: reqwest::Client,
    folder: TempDir,
}

impl RunningStack {
    /// Starts a stack of the template in this file, with changed options.
    async fn start(change: impl FnOnce(&mut Options)) -> Self {
        Self::with_template(TEMPLATE, change).await
    }

    /// Starts a stack of a template, with changed options.
    pub(crate) async fn with_template(template_text: &str, change: impl FnOnce(&mut Options)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let template = folder.path().join("template.yaml");
        std::fs::write(&template, template_text).expect("written");
        std::fs::write(folder.path().join(format!("things{}", std::env::consts::EXE_SUFFIX)), "").expect("written");
        let mut options = Options {
            template,
            bin_dir: folder.path().to_owned(),
            data: Data::InMemory,
            port: 0,
            throttling: false,
            authorizer: true,
            test_kit: None,
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

    /// Returns the status, and the body if it is JSON.
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
async fn functions_and_gateway_have_the_same_issuer() {
    let running = RunningStack::start(|_| ()).await;
    let (_, found) = RunningStack::send(running.request("GET", "/_local/oidc/.well-known/openid-configuration")).await;
    let parameters = identity::template_parameters(running.stack.url());
    assert_eq!(Some(found["issuer"].as_str().expect("an issuer")), parameters.get("JwtIssuer").map(String::as_str));
    let path = running.folder.path().join("template.yaml");
    let functions = template::load(&path, &parameters).expect("a template").functions;
    let [function] = functions.as_slice() else { panic!("{functions:?}") };
    let variable = |name: &str| function.environment.get(name).cloned().unwrap_or_default();
    assert_eq!(variable("JWT_ISSUER"), format!("{}/_local/oidc", running.stack.url()));
    assert_eq!(variable("JWT_AUDIENCES"), "outlay-local");
    assert_eq!(variable("PAYOUT_KEY"), "arn:aws:kms:eu-central-1:000000000000:key/outlay-local-PayoutKey");
    assert_eq!(function_names(&path).expect("names"), ["things"]);
    let wrong = running.token(&json!({ "claims": { "iss": "http://127.0.0.1:1/_local/oidc" } })).await;
    assert_eq!(running.status_with(&wrong).await, 401);
    assert_eq!(running.status_with(&running.token(&json!({})).await).await, 500);
}

#[tokio::test]
async fn gateway_follows_key_rotation_and_accepts_only_rsa() {
    let running = RunningStack::start(|_| ()).await;
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
    // Its header names another key.
    let lying = running.token(&json!({ "kid": first_id, "header": { "kid": second_id } })).await;
    assert_eq!(running.status_with(&lying).await, 401);
    let newest_id = running.rotate(&json!({ "alg": "RS256", "keep_old": false })).await;
    assert_eq!(running.published().await.iter().map(|key| key["kid"].clone()).collect::<Vec<_>>(), [newest_id]);
    assert_eq!([running.status_with(&first).await, running.status_with(&second).await], [401, 401]);
    let unknown = json!({ "sub": "ann", "email": "ann@example.com", "name": "Ann", "kid": first_id });
    assert_eq!(RunningStack::send(running.request("POST", "/_local/token").json(&unknown)).await.0, 400);
    for wrong in [json!({ "alg": "HS256" }), json!({ "keep": true })] {
        assert_eq!(
            RunningStack::send(running.request("POST", "/_local/oidc/rotate").json(&wrong)).await.0,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn issuer_can_be_unavailable_and_counts_requests() {
    let running = RunningStack::start(|_| ()).await;
    let paths = ["/_local/oidc/.well-known/openid-configuration", "/_local/oidc/jwks.json"];
    for (up, status) in [(true, 200), (false, 503), (true, 200)] {
        let change = running.request("PUT", "/_local/oidc/availability").json(&json!({ "up": up }));
        assert_eq!(RunningStack::send(change).await.0, 200);
        for path in paths {
            assert_eq!(RunningStack::send(running.request("GET", path)).await.0, status, "{path}");
        }
    }
    RunningStack::send(running.request("GET", paths[1])).await;
    let counted = RunningStack::send(running.request("GET", "/_local/oidc/requests")).await;
    assert_eq!(counted, (200, json!({ "configuration": 3, "keys": 4 })));
}

#[tokio::test]
async fn kms_encrypts_and_decrypts_over_http() {
    let running = RunningStack::start(|_| ()).await;
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
}

#[tokio::test]
async fn stack_without_test_kit_lacks_its_routes() {
    let paths = [("POST", "/_local/faults"), ("GET", "/_local/log"), ("GET", "/_local/streams/things")];
    let running = RunningStack::start(|_| ()).await;
    for (method, path) in paths {
        // As any unknown path: the function of the default route.
        assert_eq!(RunningStack::send(running.request(method, path)).await.0, 500, "{path}");
    }
}

#[tokio::test]
async fn gateway_without_authorizer_needs_no_token() {
    let running = RunningStack::start(|options| options.authorizer = false).await;
    assert_eq!(RunningStack::send(running.request("GET", "/v1/things")).await.0, 500);
    assert_eq!(running.status_with("nonsense").await, 500);
    let running = RunningStack::start(|_| ()).await;
    assert_eq!(RunningStack::send(running.request("GET", "/v1/things")).await.0, 401);
    assert_eq!(running.status_with("nonsense").await, 401);
}

#[tokio::test]
async fn routes_are_throttled_only_if_enabled() {
    let statuses = async |running: &RunningStack, path: &str| {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(RunningStack::send(running.request("GET", path)).await);
        }
        statuses
    };
    let failed = || (500, json!({ "message": "Internal Server Error" }));
    let refused = || (429, json!({ "message": "Too Many Requests" }));
    let running = RunningStack::start(|options| options.throttling = true).await;
    assert_eq!(statuses(&running, "/v1/few").await, [failed(), failed(), refused(), refused()]);
    assert_eq!(statuses(&running, "/v1/other").await, [failed(), failed(), failed(), failed()]);
    let running = RunningStack::start(|_| ()).await;
    assert_eq!(statuses(&running, "/v1/few").await, [failed(), failed(), failed(), failed()]);
}

/// AWS documents that a `$default` route catches `OPTIONS`, even where CORS is configured.
#[tokio::test]
async fn preflight_reaches_the_default_route() {
    let preflight = async |running: &RunningStack, path: &str| {
        let request = running.request("OPTIONS", path).header("Origin", "http://a.example");
        let answer = request.header("Access-Control-Request-Method", "GET").send().await.expect("an answer");
        (answer.status().as_u16(), answer.headers().contains_key("access-control-allow-methods"))
    };
    let running = RunningStack::start(|_| ()).await;
    for (method, path) in [("POST", "/v1/things"), ("BREW", "/v1/things"), ("GET", "/v2"), ("OPTIONS", "/v1/things")] {
        assert_eq!(RunningStack::send(running.request(method, path)).await.0, 500, "{method} {path}");
    }
    for path in ["/v2", "/v1/things"] {
        assert_eq!(preflight(&running, path).await, (500, false), "{path}");
    }
    let without_default = TEMPLATE.replace("Path: $default", "Method: GET, Path: '/{rest+}'");
    let running = RunningStack::with_template(&without_default, |_| ()).await;
    for path in ["/v2", "/v1/things"] {
        assert_eq!(preflight(&running, path).await, (204, true), "{path}");
    }
}

/// With DNS rebinding, a page of a foreign site would otherwise read every answer.
#[tokio::test]
async fn stack_answers_only_to_its_own_host() {
    let running = RunningStack::start(|_| ()).await;
    let port = running.stack.url().rsplit(':').next().expect("a port").to_owned();
    let status = async |request: RequestBuilder, name: &'static str, value: String| {
        request.header(name, value).send().await.expect("an answer").status().as_u16()
    };
    let paths = ["/", "/v1/things", "/v1/other", "/_local/mail", "/_local/oidc/jwks.json"];
    for path in paths {
        for name in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"] {
            assert_ne!(
                status(running.request("GET", path), "host", format!("{name}:{port}")).await,
                421,
                "{path} {name}"
            );
        }
        for host in ["evil.example".to_owned(), format!("evil.example:{port}"), "localhost:1".to_owned()] {
            assert_eq!(status(running.request("GET", path), "host", host.clone()).await, 421, "{path} {host}");
        }
    }
    let files = || running.http.get(format!("{}/bucket/key", running.stack.s3_url()));
    assert_eq!(status(files(), "host", "evil.example".to_owned()).await, 421);
    assert_ne!(files().send().await.expect("an answer").status().as_u16(), 421);
    // A page of another origin may call the API, and nothing else.
    for (path, origin, is_refused) in [
        ("/v1/things", "https://evil.example", false),
        ("/_local/oidc/rotate", "https://evil.example", true),
        ("/_local/oidc/rotate", "null", true),
        ("/2015-03-31/functions/things/invocations", "http://localhost:5173", true),
        ("/_local/oidc/rotate", running.stack.url(), false),
    ] {
        let found = status(running.request("POST", path), "origin", origin.to_owned()).await;
        assert_eq!(found == 421, is_refused, "{path} {origin}");
    }
}
