//! S3 with requests that the AWS SDK has sent or signed, against a whole stack.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use aws_smithy_http_client::{Builder, tls};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use s3s::crypto::{Checksum as _, Sha256};
use serde_json::{Value, json};

use crate::tests::RunningStack;
use crate::{Data, Options};

const TEMPLATE: &str = r#"
Globals: {Function: {Environment: {Variables: {BUCKET: !Ref Files}}}}
Resources:
  Files:
    Type: AWS::S3::Bucket
    Properties:
      CorsConfiguration: {CorsRules: [{AllowedOrigins: ["http://a.example"], AllowedMethods: [PUT], AllowedHeaders: [content-type, if-none-match, "x-amz-*"]}]}
      NotificationConfiguration:
        QueueConfigurations:
          - {Event: "s3:ObjectCreated:*", Filter: {S3Key: {Rules: [{Name: prefix, Value: quarantine/}]}}, Queue: !GetAtt Arrived.Arn}
  FilesPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Files
      PolicyDocument:
        Statement:
          - {Effect: Deny, Principal: "*", Action: "s3:*", Resource: !Sub "${Files.Arn}/*", Condition: {Bool: {"aws:SecureTransport": false}}}
          - {Effect: Deny, Principal: "*", Action: "s3:*", Resource: !Sub "${Files.Arn}/*", Condition: {NumericLessThan: {"s3:TlsVersion": "1.2"}}}
          - {Effect: Deny, Principal: "*", Action: "s3:PutObject", Resource: !Sub "${Files.Arn}/quarantine/*", Condition: {"Null": {"s3:if-none-match": true}}}
          - {Effect: Deny, Principal: "*", Action: "s3:PutObject", Resource: !Sub "${Files.Arn}/quarantine/*", Condition: {StringNotEquals: {"s3:x-amz-server-side-encryption": "aws:kms"}}}
          - {Effect: Deny, Principal: "*", Action: "s3:*", Resource: !Sub "${Files.Arn}/*", Condition: {NumericGreaterThan: {"s3:signatureAge": 300000}}}
          - {Effect: Deny, Principal: "*", Action: "s3:*", Resource: !Sub "${Files.Arn}/*", Condition: {StringNotEquals: {"aws:PrincipalArn": !GetAtt Role.Arn}}}
  Arrived: {Type: AWS::SQS::Queue}
  Function:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: target/lambda/things/}
"#;
const BUCKET: &str = "outlay-local-files";
const KEY: &str = "quarantine/org_1/a receipt.pdf";
const BODY: &[u8] = b"%PDF-1.7 a receipt";

/// A running stack with a client of its S3.
struct Fixture {
    running: RunningStack,
    client: Client,
}

fn client(url: &str, key: &str, secret: &str) -> Client {
    let http =
        Builder::new().tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc)).build_https();
    let configuration = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new(key, secret, Some("local".to_owned()), None, "tests"))
        .endpoint_url(url)
        .force_path_style(true)
        .http_client(http)
        .build();
    Client::from_conf(configuration)
}

fn sha256(bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(bytes);
    STANDARD.encode(hash.finalize())
}

/// Validity of `seconds` from a time `ago` seconds ago.
fn validity(ago: u64, seconds: u64) -> PresigningConfig {
    let start = SystemTime::from(crate::system::now()) - Duration::from_secs(ago);
    let validity = PresigningConfig::builder().start_time(start).expires_in(Duration::from_secs(seconds));
    validity.build().expect("a validity")
}

impl Fixture {
    async fn start(change: impl FnOnce(&mut Options)) -> Self {
        let running = RunningStack::with_template(TEMPLATE, change).await;
        let client = client(running.stack.s3_url(), "local.things.p-1", "local");
        Self { running, client }
    }

    /// Signs an upload as the product does.
    async fn upload(&self, key: &str, validity: PresigningConfig) -> PresignedRequest {
        let upload =
            self.client.put_object().bucket(BUCKET).key(key).if_none_match("*").content_type("application/pdf");
        let upload = upload.content_length(i64::try_from(BODY.len()).expect("small")).checksum_sha256(sha256(BODY));
        let upload = upload.server_side_encryption(ServerSideEncryption::AwsKms);
        upload.presigned(validity).await.expect("signed")
    }

    /// Sends a signed request with changed headers; an empty value removes one. Returns the status and the error code.
    async fn send(&self, signed: &PresignedRequest, changes: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let mut headers: BTreeMap<&str, &str> = signed.headers().collect();
        headers.extend(changes.iter().copied());
        headers.retain(|_, value| !value.is_empty());
        let method = signed.method().parse().expect("a method");
        let mut request = self.running.http.request(method, signed.uri()).body(body.to_vec());
        for (name, value) in headers.into_iter().filter(|(name, _)| *name != "content-length") {
            request = request.header(name, value);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a text");
        let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        (status, code.map_or(text.clone(), |(code, _)| code.to_owned()))
    }

    async fn notifications(&self, wait: usize) -> Vec<Value> {
        let request = self.running.request("GET", &format!("/_local/queues/Arrived?wait={wait}"));
        let (_, answer) = RunningStack::send(request).await;
        let body = |it: &Value| serde_json::from_str(it["body"].as_str().expect("a body")).expect("JSON");
        answer["items"].as_array().expect("items").iter().map(body).collect()
    }
}

#[tokio::test]
async fn signed_upload_succeeds_once_and_notifies() {
    let fixture = Fixture::start(|_| ()).await;
    let upload = fixture.upload(KEY, validity(0, 300)).await;
    assert_eq!(fixture.send(&upload, &[], BODY).await, (200, String::new()));
    assert_eq!(fixture.send(&upload, &[], BODY).await, (412, "PreconditionFailed".to_owned()));
    let notifications = fixture.notifications(1).await;
    assert_eq!(notifications.len(), 1);
    let record = &notifications[0]["Records"][0];
    assert_eq!((&record["eventName"], &record["s3"]["bucket"]["name"]), (&json!("ObjectCreated:Put"), &json!(BUCKET)));
    let object = &record["s3"]["object"];
    assert_eq!((&object["key"], &object["size"]), (&json!("quarantine/org_1/a+receipt.pdf"), &json!(BODY.len())));
    let found = fixture.client.get_object().bucket(BUCKET).key(KEY).send().await.expect("an object");
    assert_eq!(found.content_type(), Some("application/pdf"));
    assert_eq!(found.checksum_sha256(), Some(sha256(BODY).as_str()));
    assert_eq!(found.e_tag().map(|it| it.trim_matches('"').to_owned()).as_deref(), object["eTag"].as_str());
    assert_eq!(found.body.collect().await.expect("a body").into_bytes(), BODY);
}

#[tokio::test]
async fn upload_that_differs_from_its_signature_is_rejected() {
    let fixture = Fixture::start(|_| ()).await;
    let upload = fixture.upload(KEY, validity(0, 300)).await;
    let other = sha256(b"another");
    for (changes, body) in [
        (vec![], b"%PDF-1.7 a longer receipt".as_slice()),
        (vec![("content-type", "text/html")], BODY),
        (vec![("content-type", "")], BODY),
        (vec![("if-none-match", "")], BODY),
        (vec![("x-amz-server-side-encryption", "AES256")], BODY),
        (vec![("x-amz-server-side-encryption", "")], BODY),
        (vec![("x-amz-checksum-sha256", other.as_str())], BODY),
    ] {
        let refused = fixture.send(&upload, &changes, body).await;
        assert_eq!(refused, (403, "SignatureDoesNotMatch".to_owned()), "{changes:?}");
    }
    let same_length: Vec<u8> = BODY.iter().rev().copied().collect();
    assert_eq!(fixture.send(&upload, &[], &same_length).await, (400, "BadDigest".to_owned()));
    let added = fixture.send(&upload, &[("x-amz-meta-note", "added")], BODY).await;
    assert_eq!(added, (403, "AccessDenied".to_owned()));
    let gone = fixture.client.head_object().bucket(BUCKET).key(KEY).send().await.expect_err("nothing");
    assert!(gone.into_service_error().is_not_found());
    assert_eq!(fixture.notifications(0).await, [Value::Null; 0]);
}

#[tokio::test]
async fn expired_or_foreign_signature_is_rejected() {
    let fixture = Fixture::start(|_| ()).await;
    let expired = fixture.upload(KEY, validity(120, 60)).await;
    assert_eq!(fixture.send(&expired, &[], BODY).await, (403, "AccessDenied".to_owned()));
    // The link is valid for an hour, but the bucket policy denies it.
    let old = fixture.upload(KEY, validity(310, 3600)).await;
    assert_eq!(fixture.send(&old, &[], BODY).await, (403, "AccessDenied".to_owned()));
    for (key, secret, code) in
        [("AKIAIOSFODNN7EXAMPLE", "local", "InvalidAccessKeyId"), ("local", "guessed", "SignatureDoesNotMatch")]
    {
        let other = client(fixture.running.stack.s3_url(), key, secret);
        let read = other.get_object().bucket(BUCKET).key(KEY).presigned(validity(0, 60)).await.expect("signed");
        assert_eq!(fixture.send(&read, &[], b"").await, (403, code.to_owned()));
    }
    for method in ["GET", "PUT", "DELETE"] {
        let url = format!("{}/{BUCKET}/quarantine/x", fixture.running.stack.s3_url());
        let request = fixture.running.http.request(method.parse().expect("a method"), url);
        assert_eq!(request.send().await.expect("an answer").status(), 403, "{method}");
    }
    let young = fixture.upload(KEY, validity(200, 300)).await;
    assert_eq!(fixture.send(&young, &[], BODY).await.0, 200);
}

#[tokio::test]
async fn bucket_policy_applies_to_functions() {
    let fixture = Fixture::start(|_| ()).await;
    let put = |key: &str| fixture.client.put_object().bucket(BUCKET).key(key).body(ByteStream::from_static(BODY));
    let kms = ServerSideEncryption::AwsKms;
    for refused in [
        put(KEY),
        put(KEY).if_none_match("*"),
        put(KEY).server_side_encryption(kms.clone()),
        put(KEY).if_none_match("*").server_side_encryption(ServerSideEncryption::Aes256),
    ] {
        let error = refused.send().await.expect_err("refused").into_service_error();
        assert_eq!(error.meta().code(), Some("AccessDenied"));
    }
    let taken = put(KEY).if_none_match("*").server_side_encryption(kms.clone()).send().await.expect("taken");
    assert_eq!(taken.server_side_encryption(), Some(&kms));
    put("clean/x").send().await.expect("taken");
    let error = fixture.client.put_object().bucket("another").key("x").send().await.expect_err("refused");
    assert_eq!(error.into_service_error().meta().code(), Some("NoSuchBucket"));
    let error = fixture.client.create_bucket().bucket("another").send().await.expect_err("refused");
    assert_eq!(error.into_service_error().meta().code(), Some("NoSuchBucket"));
    let error = put("clean/../../x").send().await.expect_err("refused").into_service_error();
    assert_eq!(error.meta().code(), Some("InvalidArgument"));
}

#[tokio::test]
async fn objects_are_copied_listed_linked_and_deleted() {
    let fixture = Fixture::start(|_| ()).await;
    let put = fixture.client.put_object().bucket(BUCKET).key("quarantine/a b").body(ByteStream::from_static(BODY));
    let put = put.content_type("application/pdf").if_none_match("*");
    put.server_side_encryption(ServerSideEncryption::AwsKms).send().await.expect("taken");
    let copy = |to: &str| {
        let source = format!("{BUCKET}/quarantine/a%20b");
        fixture.client.copy_object().bucket(BUCKET).key(to).copy_source(source)
    };
    copy("clean/a").send().await.expect("copied");
    let copied = copy("quarantine/c").if_none_match("*").server_side_encryption(ServerSideEncryption::AwsKms);
    copied.clone().send().await.expect("copied");
    let again = copied.send().await.expect_err("refused").into_service_error();
    assert_eq!(again.meta().code(), Some("PreconditionFailed"));
    let names: Vec<Value> =
        fixture.notifications(2).await.iter().map(|it| it["Records"][0]["eventName"].clone()).collect();
    assert_eq!(names, ["ObjectCreated:Put", "ObjectCreated:Copy"]);
    let list = fixture.client.list_objects_v2().bucket(BUCKET).prefix("quarantine/").send().await.expect("a list");
    assert_eq!(
        list.contents().iter().filter_map(|it| it.key()).collect::<Vec<_>>(),
        ["quarantine/a b", "quarantine/c"]
    );
    let link = fixture.client.get_object().bucket(BUCKET).key("clean/a").response_content_disposition("attachment");
    let link = link.presigned(validity(0, 60)).await.expect("signed");
    let answer = fixture.running.http.get(link.uri()).send().await.expect("an answer");
    let header = |name: &str| answer.headers().get(name).map_or("", |it| it.to_str().expect("a text"));
    assert_eq!([header("content-disposition"), header("content-type")], ["attachment", "application/pdf"]);
    assert_eq!(answer.bytes().await.expect("a body"), BODY);
    fixture.client.delete_object().bucket(BUCKET).key("clean/a").send().await.expect("deleted");
    assert_eq!(fixture.send(&link, &[], b"").await, (404, "NoSuchKey".to_owned()));
}

#[tokio::test]
async fn browser_upload_needs_an_allowed_origin() {
    let fixture = Fixture::start(|_| ()).await;
    let upload = fixture.upload(KEY, validity(0, 300)).await;
    let origin = "http://a.example";
    for (origin, method, headers, allowed) in [
        (origin, "PUT", "Content-Type,if-none-match, x-amz-checksum-sha256", true),
        (origin, "PUT", "", true),
        ("http://b.example", "PUT", "content-type", false),
        (origin, "DELETE", "content-type", false),
        (origin, "PUT", "content-type,x-amzn-trace-id", false),
    ] {
        let preflight = fixture.running.http.request(reqwest::Method::OPTIONS, upload.uri()).header("Origin", origin);
        let preflight = preflight.header("Access-Control-Request-Method", method);
        let preflight = preflight.header("Access-Control-Request-Headers", headers).send().await.expect("an answer");
        let header = |name: &str| preflight.headers().get(name).map_or("", |it| it.to_str().expect("a text"));
        let case = format!("{origin} {method} {headers}");
        assert_eq!(preflight.status(), if allowed { 200 } else { 403 }, "{case}");
        assert_eq!(header("access-control-allow-origin"), if allowed { origin } else { "" }, "{case}");
        assert_eq!(header("access-control-allow-methods"), if allowed { "PUT" } else { "" }, "{case}");
        let echoed = if allowed { headers.to_ascii_lowercase().replace(' ', "") } else { String::new() };
        assert_eq!(header("access-control-allow-headers").replace(' ', ""), echoed, "{case}");
    }
    let bare = fixture.running.http.request(reqwest::Method::OPTIONS, upload.uri()).send().await.expect("an answer");
    assert_eq!(bare.status(), 400, "a preflight names its origin");
    assert_eq!(fixture.send(&upload, &[("origin", "http://a.example")], BODY).await.0, 200);
}

#[tokio::test]
async fn only_one_of_concurrent_writers_succeeds() {
    let fixture = Fixture::start(|_| ()).await;
    let upload = fixture.upload(KEY, validity(0, 300)).await;
    let all = futures_util::future::join_all((0..16).map(|_| fixture.send(&upload, &[], BODY))).await;
    assert_eq!(all.iter().filter(|(status, _)| *status == 200).count(), 1, "{all:?}");
    assert_eq!(fixture.notifications(1).await.len(), 1);
}

#[tokio::test]
async fn objects_survive_a_restart() {
    let data = tempfile::tempdir().expect("a folder");
    let keep = |options: &mut Options| options.data = Data::Folder(data.path().to_owned());
    let fixture = Fixture::start(keep).await;
    let upload = fixture.upload(KEY, validity(0, 300)).await;
    assert_eq!(fixture.send(&upload, &[], BODY).await.0, 200);
    fixture.running.stack.stop().await;
    let fixture = Fixture::start(keep).await;
    let found = fixture.client.head_object().bucket(BUCKET).key(KEY).send().await.expect("an object");
    assert_eq!(found.content_length(), Some(18));
}
