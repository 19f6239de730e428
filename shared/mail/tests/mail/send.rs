//! Sending over HTTP to a loopback server that answers like SES: requests sent, and errors derived from responses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use crate::samples;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use outlay_domain::language::Language;
use outlay_mail::{Mailer, SendError, Tag};

/// Serves one request and returns its body. The address is free afterwards.
fn answer_once(status: &'static str, body: String) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut request = vec![0; length];
        reader.read_exact(&mut request).unwrap();
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (endpoint, server)
}

fn mailer(endpoint: &str) -> Mailer {
    mailer_in("eu-west-1", endpoint, Some("outlay-mail"))
}

fn mailer_in(region: &'static str, endpoint: &str, configuration_set: Option<&str>) -> Mailer {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(region))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys("id", "secret", None)))
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Mailer::new(&config, "Outlay <expenses@example.com>".to_owned(), configuration_set.map(str::to_owned))
}

async fn refused(status: &'static str, code: &str) -> SendError {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>about marta@example.com</Message></Error>\
         <RequestId>r</RequestId></ErrorResponse>"
    );
    let (endpoint, server) = answer_once(status, body);
    let error = mailer(&endpoint).send(&samples::recipient(Language::En), b"mime".to_vec(), &[]).await.unwrap_err();
    server.join().unwrap();
    error
}

#[tokio::test]
async fn ses_receives_one_recipient_and_returns_message_id() {
    let body = "<SendRawEmailResponse><SendRawEmailResult><MessageId>0102</MessageId></SendRawEmailResult>\
                </SendRawEmailResponse>";
    let (endpoint, server) = answer_once("200 OK", body.to_owned());
    let mailer = mailer(&endpoint);
    let to = samples::recipient(Language::En);
    let message = samples::approval(samples::report()).render(&to).unwrap();
    let mime = message.to_mime(mailer.from_mailbox(), &to, &[]).unwrap();
    let tags = [("event", "evt_01h4"), ("attempt", "2")].map(|(name, value)| Tag { name, value: value.to_owned() });

    assert_eq!(mailer.send(&to, mime, &tags).await.unwrap(), "0102");

    let request = server.join().unwrap();
    assert!(request.starts_with("Action=SendRawEmail&"), "{request}");
    assert!(request.contains("Source=expenses%40example.com&"), "{request}");
    assert!(request.contains("Destinations.member.1=marta%40example.com&"), "{request}");
    assert!(!request.contains("Destinations.member.2"), "{request}");
    assert!(request.contains("ConfigurationSetName=outlay-mail"), "{request}");
    for (at, tag) in (1..).zip(&tags) {
        assert!(request.contains(&format!("Tags.member.{at}.Name={}&", tag.name)), "{request}");
        assert!(request.contains(&format!("Tags.member.{at}.Value={}&", tag.value)), "{request}");
    }
}

#[test]
fn message_id_matches_id_assigned_by_ses() {
    let id = |region| mailer_in(region, "http://127.0.0.1:9", None).message_id("0102-aa-000000");
    assert_eq!(id("eu-central-1"), "0102-aa-000000@eu-central-1.amazonses.com");
    assert_eq!(id("us-east-1"), "0102-aa-000000@email.amazonses.com");
}

#[tokio::test]
async fn only_message_faults_are_permanent() {
    let refusal = refused("400 Bad Request", "MessageRejected").await;
    assert_eq!(refusal, SendError::Refused { code: "MessageRejected".to_owned() });
    let invalid = refused("400 Bad Request", "InvalidParameterValue").await;
    assert_eq!(invalid, SendError::Refused { code: "InvalidParameterValue".to_owned() });

    let throttled = refused("400 Bad Request", "Throttling").await;
    assert_eq!(throttled, SendError::Throttled { code: "Throttling".to_owned() });
    let paused = refused("400 Bad Request", "AccountSendingPausedException").await;
    assert_eq!(paused, SendError::NotReady { code: "AccountSendingPausedException".to_owned() });
    let down = refused("503 Service Unavailable", "ServiceUnavailable").await;
    assert_eq!(down, SendError::Unavailable { code: "ServiceUnavailable".to_owned() });
    // A mail that SES has answered with an error was not accepted, even for an unknown code.
    let unknown = refused("400 Bad Request", "OptInRequired").await;
    assert_eq!(unknown, SendError::NotReady { code: "OptInRequired".to_owned() });
}

#[tokio::test]
async fn unreachable_ses_is_reported_as_unavailable() {
    // The port is free once the listener is dropped.
    let endpoint = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let error = mailer(&endpoint).send(&samples::recipient(Language::En), b"mime".to_vec(), &[]).await.unwrap_err();
    assert_eq!(error, SendError::Unavailable { code: "DispatchFailure".to_owned() });
}

#[tokio::test]
async fn send_errors_contain_no_personal_data() {
    let error = refused("400 Bad Request", "MessageRejected").await;
    assert!(!format!("{error} {error:?}").contains("marta"));
}
