//! Receipts: sample files, uploads and downloads, and direct access to the bucket.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use outlay_local::Stack;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::client::{Answer, Person, send};
use super::stack::shared_stack;
use super::values::{expense, now, with};
use super::waiting::wait_until;
use super::world::World;

/// A PNG of a ticket.
pub const TICKET: &[u8] = include_bytes!("../../events/demo/receipt.png");

/// Returns the SHA-256 digest in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Returns the declaration of a file.
pub fn declaration(name: &str, media_type: &str, bytes: &[u8]) -> Value {
    json!({"name": name, "media_type": media_type, "size": bytes.len(), "sha256": sha256(bytes)})
}

/// Returns the ticket with a comment and a resolution, so that its bytes are unique, also as they are kept. It is still
/// a valid PNG.
pub fn ticket(mark: &str) -> Vec<u8> {
    let resolution = [&Sha256::digest(mark)[..8], &[0]].concat();
    // After the signature and the header.
    let (header, rest) = TICKET.split_at(33);
    with_comment(&[header, &chunk(*b"pHYs", &resolution), rest].concat(), mark)
}

/// Returns a PNG with a comment, which is removed from the kept file.
pub fn with_comment(picture: &[u8], comment: &str) -> Vec<u8> {
    let comment = chunk(*b"tEXt", format!("Comment\0{comment}").as_bytes());
    // Before the last chunk, which is empty.
    let (picture, end) = picture.split_at(picture.len() - 12);
    [picture, &comment, end].concat()
}

/// Returns a chunk of a PNG.
pub fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let checked = [&kind[..], data].concat();
    let sum = checked.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 })
    });
    [&length[..], &checked, &(!sum).to_be_bytes()].concat()
}

/// Returns a PDF of one page with additional entries in catalogue and trailer.
pub fn pdf(catalogue: &str, trailer: &str) -> Vec<u8> {
    let objects = [
        format!("<< /Type /Catalog /Pages 2 0 R {catalogue} >>"),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] >>".to_owned(),
    ];
    let begun = ("%PDF-1.7\n".to_owned(), "0000000000 65535 f \n".to_owned());
    let (text, table) = objects.iter().enumerate().fold(begun, |(text, table), (at, object)| {
        let entry = format!("{:010} 00000 n \n", text.len());
        (format!("{text}{} 0 obj\n{object}\nendobj\n", at + 1), table + &entry)
    });
    let trailer = format!("trailer\n<< /Size 4 /Root 1 0 R {trailer} >>\nstartxref\n{}\n%%EOF\n", text.len());
    format!("{text}xref\n0 4\n{table}{trailer}").into_bytes()
}

/// Returns a PDF with an embedded file.
pub fn pdf_with_file(name: &str, content: &str) -> Vec<u8> {
    let catalogue = format!("/Names << /EmbeddedFiles << /Names [({name}) 4 0 R] >> >>");
    let text = String::from_utf8(pdf(&catalogue, "")).unwrap();
    let more = format!(
        "4 0 obj\n<< /Type /Filespec /F ({name}) /EF << /F 5 0 R >> >>\nendobj\n\
         5 0 obj\n<< /Type /EmbeddedFile /Length {} >>\nstream\n{content}\nendstream\nendobj\nxref\n",
        content.len()
    );
    text.replacen("xref\n", &more, 1).into_bytes()
}

/// Creates a draft of Ana with one line that needs a receipt.
pub async fn bare(world: &World) -> Value {
    world.draft(&world.ana, &[without_reference("42.50")]).await
}

/// Returns a line without a receipt reference.
pub fn without_reference(amount: &str) -> Value {
    with(expense(amount), &json!({"receipt_reference": null}))
}

/// Returns the path of a receipt.
pub fn path(world: &World, report: &Value, at: usize, receipt: &Value) -> String {
    world.line(report, at, &format!("receipts/{}", receipt["id"].as_str().unwrap()))
}

/// Declares a file as a receipt, as Ana.
pub async fn declare(world: &World, report: &Value, at: usize, declared: &Value) -> Value {
    world.ana.post(&world.line(report, at, "receipts"), declared).await.expect(201)
}

/// Makes the request of an upload link, without body and length.
pub fn put_request(upload: &Value) -> RequestBuilder {
    let headers = upload["headers"].as_object().unwrap();
    let request = reqwest::Client::new().put(upload["url"].as_str().unwrap());
    let others = headers.iter().filter(|(name, _)| *name != "content-length");
    others.fold(request, |request, (name, value)| request.header(name.as_str(), value.as_str().unwrap()))
}

/// Uploads a file by its link.
pub async fn upload(made: &Value, bytes: &[u8]) -> Answer {
    send(put_request(&made["upload"]).body(bytes.to_vec())).await
}

/// Waits until a receipt is processed.
pub async fn processed_receipt(person: &Person, path: &str) -> Value {
    wait_until("the receipt is processed", || async {
        let receipt = person.get(path).await.expect(200);
        (receipt["status"] != "pending").then_some(receipt)
    })
    .await
}

/// Declares and uploads a file, and waits until it is processed; returns the path of the receipt, and the receipt.
pub async fn attach(world: &World, report: &Value, at: usize, declared: &Value, bytes: &[u8]) -> (String, Value) {
    let made = declare(world, report, at, declared).await;
    let answer = upload(&made, bytes).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let path = path(world, report, at, &made);
    let receipt = processed_receipt(&world.ana, &path).await;
    (path, receipt)
}

/// Returns the statuses of a receipt's download and preview links.
pub async fn download_statuses(receipt: &Value) -> [u16; 2] {
    let get = async |name: &str| reqwest::get(receipt[name]["url"].as_str().unwrap()).await.unwrap().status().as_u16();
    [get("download").await, get("preview").await]
}

/// Returns the keys of a receipt's file in quarantine and after processing.
pub fn keys(world: &World, report: &Value, receipt: &Value) -> [String; 2] {
    let slot = format!("{}/{}/{}", world.org, report["id"].as_str().unwrap(), receipt["id"].as_str().unwrap());
    [format!("quarantine/{slot}"), format!("clean/{slot}")]
}

/// The bucket of receipts of a stack.
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// Returns the bucket of the shared stack.
    pub fn new() -> Self {
        Self::on(shared_stack())
    }

    /// Returns the bucket of any stack.
    pub fn on(stack: &Stack) -> Self {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
            .endpoint_url(stack.s3_url())
            .force_path_style(true)
            .build();
        Self { client: Client::from_conf(config), name: "outlay-local-receiptsbucket".to_owned() }
    }

    /// Returns the keys of existing objects.
    pub async fn existing<'a>(&self, keys: &'a [String]) -> Vec<&'a str> {
        let mut found = Vec::new();
        for key in keys {
            let request = self.client.head_object().bucket(&self.name).key(key).presigned(validity(0)).await.unwrap();
            let head = || reqwest::Client::new().head(request.uri()).send();
            let mut status = head().await.unwrap().status().as_u16();
            // The local S3 fails if an object is removed during the call.
            for _ in 0..5 {
                if status == 500 {
                    status = head().await.unwrap().status().as_u16();
                }
            }
            match status {
                200 => found.push(key.as_str()),
                404 => {}
                status => panic!("{key}: {status}"),
            }
        }
        found
    }

    /// Returns links to an object that were signed `ago` seconds ago, to read and to write it.
    pub async fn links(&self, key: &str, ago: u64) -> [RequestBuilder; 2] {
        let get = self.client.get_object().bucket(&self.name).key(key).presigned(validity(ago)).await.unwrap();
        let put = self.client.put_object().bucket(&self.name).key(key).if_none_match("*");
        let put = put.server_side_encryption(aws_sdk_s3::types::ServerSideEncryption::AwsKms);
        let put = put.presigned(validity(ago)).await.unwrap();
        [followed(&get, reqwest::Method::GET), followed(&put, reqwest::Method::PUT)]
    }
}

/// Validity of five minutes, from a time `ago` seconds ago.
fn validity(ago: u64) -> PresigningConfig {
    let start = SystemTime::from(now()) - Duration::from_secs(ago);
    PresigningConfig::builder().start_time(start).expires_in(Duration::from_mins(5)).build().unwrap()
}

fn followed(link: &PresignedRequest, method: reqwest::Method) -> RequestBuilder {
    let request = reqwest::Client::new().request(method, link.uri());
    link.headers().fold(request, |request, (name, value)| request.header(name, value))
}

/// A camt.054 that says that a payment of this amount in EUR was settled.
pub fn bank_settlement(end_to_end_id: &str, amount: &str) -> String {
    let details = format!(
        "<TxDtls><Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs><Amt Ccy=\"EUR\">{amount}</Amt></TxDtls>"
    );
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\"><BkToCstmrDbtCdtNtfctn>\
         <GrpHdr><MsgId>NOTE-1</MsgId><CreDtTm>2026-11-30T09:00:00Z</CreDtTm></GrpHdr>\
         <Ntfctn><Id>1</Id><Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd>\
         <Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-30</Dt></BookgDt><AcctSvcrRef>BANK-7</AcctSvcrRef>\
         <NtryDtls>{details}</NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"
    )
}

/// A pain.002 that rejects a payment with the code AC04.
pub fn bank_rejection(end_to_end_id: &str) -> String {
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt>\
         <GrpHdr><MsgId>STATUS-1</MsgId><CreDtTm>2026-11-30T09:00:00Z</CreDtTm></GrpHdr>\
         <OrgnlGrpInfAndSts><OrgnlMsgId>X</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInfAndSts>\
         <OrgnlPmtInfAndSts><OrgnlPmtInfId>X-SEPA</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>{end_to_end_id}\
         </OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>\
         </OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )
}
