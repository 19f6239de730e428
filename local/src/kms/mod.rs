//! The KMS endpoint: `Encrypt` and `Decrypt` of the JSON protocol, under the keys that the template defines and no
//! others. Who may use a key is not checked here: key policies and roles exist in the cloud alone.

mod cipher;

use std::path::Path;

use aws_lc_rs::error::Unspecified;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::faults::{self, Call, Service};
use crate::files::{self, Readers};
use crate::local::Local;
use crate::template::{self, ACCOUNT, REGION};
use crate::{Error, aws, system};
use cipher::{Context, KEY_LENGTH, Master};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
const ALGORITHM: &str = "SYMMETRIC_DEFAULT";
/// The longest plaintext.
const LONGEST_PLAINTEXT: usize = 4096;
/// The longest blob.
const LONGEST_BLOB: usize = 6144;

/// The keys.
pub(crate) struct Kms {
    keys: Vec<(template::Key, Master)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Encrypt {
    key_id: String,
    plaintext: String,
    encryption_context: Option<Context>,
    encryption_algorithm: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decrypt {
    ciphertext_blob: String,
    encryption_context: Option<Context>,
    key_id: Option<String>,
    encryption_algorithm: Option<String>,
}

/// Why a call is refused: the kind of the error, and more about it.
#[derive(Debug, PartialEq)]
struct Refused(&'static str, String);

impl Kms {
    /// Takes the masters of the template's keys from the data folder; makes those that are not there.
    pub(crate) async fn open(folder: Option<&Path>, keys: &[template::Key]) -> Result<Self, Error> {
        let mut opened = Vec::with_capacity(keys.len());
        for key in keys {
            let failed = |reason| Error::Folder { folder: folder.map(Path::to_owned).unwrap_or_default(), reason };
            let material = master(folder, &key.id).await.map_err(failed)?;
            let master = Master::new(&key.id, &material);
            opened.push((key.clone(), master.map_err(|Unspecified| failed(std::io::Error::other("an unusable key")))?));
        }
        Ok(Self { keys: opened })
    }

    /// The key with this id, ARN, alias or ARN of an alias.
    fn key(&self, name: &str) -> Result<&(template::Key, Master), Refused> {
        let prefix = format!("arn:aws:kms:{REGION}:{ACCOUNT}:");
        let bare = name.strip_prefix(&prefix).filter(|it| it.starts_with("alias/")).unwrap_or(name);
        let fits = |key: &template::Key| key.id == name || key.arn == name || key.aliases.iter().any(|it| it == bare);
        let found = self.keys.iter().find(|(key, _)| fits(key));
        found.ok_or_else(|| Refused("NotFoundException", format!("The template has no key {name}")))
    }

    fn answer(&self, operation: &str, body: &[u8]) -> Result<Value, Refused> {
        match operation {
            "Encrypt" => self.encrypt(read(body)?),
            "Decrypt" => self.decrypt(read(body)?),
            other => Err(Refused("UnknownOperationException", format!("the local stack does not know {other}"))),
        }
    }

    fn encrypt(&self, request: Encrypt) -> Result<Value, Refused> {
        algorithm(request.encryption_algorithm.as_deref())?;
        let plaintext = bytes(&request.plaintext, "plaintext", LONGEST_PLAINTEXT)?;
        let (key, master) = self.key(&request.key_id)?;
        let sealed = master.seal(&request.encryption_context.unwrap_or_default(), &plaintext);
        let blob = sealed.map_err(|Unspecified| Refused("KMSInternalException", String::new()))?;
        Ok(json!({
            "CiphertextBlob": STANDARD.encode(blob), "KeyId": key.arn, "EncryptionAlgorithm": ALGORITHM,
        }))
    }

    fn decrypt(&self, request: Decrypt) -> Result<Value, Refused> {
        algorithm(request.encryption_algorithm.as_deref())?;
        let blob = bytes(&request.ciphertext_blob, "ciphertextBlob", LONGEST_BLOB)?;
        let named = request.key_id.map(|name| self.key(&name)).transpose()?;
        let invalid = || Refused("InvalidCiphertextException", String::new());
        let (key, master) = cipher::key_id(&blob).and_then(|id| self.key(id).ok()).ok_or_else(invalid)?;
        if named.is_some_and(|(named, _)| named.id != key.id) {
            let why = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(Refused("IncorrectKeyException", why.to_owned()));
        }
        let opened = master.open(&request.encryption_context.unwrap_or_default(), &blob);
        let plaintext = opened.map_err(|Unspecified| invalid())?;
        Ok(json!({
            "KeyId": key.arn, "Plaintext": STANDARD.encode(plaintext), "EncryptionAlgorithm": ALGORITHM,
        }))
    }
}

async fn master(folder: Option<&Path>, id: &str) -> std::io::Result<[u8; KEY_LENGTH]> {
    let Some(path) = folder.map(|folder| folder.join(format!("kms-{id}.key"))) else {
        return Ok(system::secret());
    };
    if path.exists() {
        let kept = std::fs::read(&path)?;
        return kept.try_into().map_err(|_| std::io::Error::other(format!("{} is not a key", path.display())));
    }
    let made = system::secret();
    files::write(path, made.to_vec(), Readers::Owner).await?;
    Ok(made)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused("ValidationException", error.to_string()))
}

fn algorithm(name: Option<&str>) -> Result<(), Refused> {
    match name {
        None | Some(ALGORITHM) => Ok(()),
        Some(other) => Err(Refused("ValidationException", format!("the keys are symmetric; {other} is not for them"))),
    }
}

fn bytes(text: &str, name: &str, longest: usize) -> Result<Vec<u8>, Refused> {
    let decoded = STANDARD.decode(text);
    decoded.ok().filter(|it| (1..=longest).contains(&it.len())).ok_or_else(|| {
        Refused("ValidationException", format!("'{name}' must have between 1 and {longest} bytes, in base64"))
    })
}

/// `POST /_local/kms`
pub(crate) async fn call(State(local): State<Local>, headers: HeaderMap, body: Bytes) -> Response {
    let operation = aws::operation(&headers);
    let carried_out = async {
        match local.kms.answer(operation, &body) {
            Ok(answer) => ([("content-type", CONTENT_TYPE)], answer.to_string()).into_response(),
            Err(Refused(kind, why)) => aws::refused(CONTENT_TYPE, kind, &why),
        }
    };
    let text = || body.to_vec();
    let call = Call { service: Service::Kms, operation, headers: &headers, text: &text };
    faults::between(local.faults.as_deref(), call, carried_out).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> [template::Key; 2] {
        ["one", "two"].map(|id| template::Key {
            id: id.to_owned(),
            arn: format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{id}"),
            aliases: vec![format!("alias/{id}")],
        })
    }

    async fn kms(folder: Option<&Path>) -> Kms {
        Kms::open(folder, &keys()).await.expect("keys")
    }

    fn call(kms: &Kms, operation: &str, body: &Value) -> Result<Value, &'static str> {
        kms.answer(operation, body.to_string().as_bytes()).map_err(|Refused(kind, _)| kind)
    }

    fn encrypted(kms: &Kms) -> Value {
        let body = json!({ "KeyId": "one", "Plaintext": "aGk=", "EncryptionContext": { "org": "a" } });
        call(kms, "Encrypt", &body).expect("a blob")["CiphertextBlob"].clone()
    }

    #[tokio::test]
    async fn every_name_of_a_key_will_do() {
        let (kms, arn) = (kms(None).await, format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/one"));
        let alias_arn = format!("arn:aws:kms:{REGION}:{ACCOUNT}:alias/one");
        for name in ["one", &arn, "alias/one", &alias_arn] {
            let body = json!({ "KeyId": name, "Plaintext": "aGk=" });
            let made = call(&kms, "Encrypt", &body).expect("a blob");
            assert_eq!((&made["KeyId"], &made["EncryptionAlgorithm"]), (&json!(arn), &json!(ALGORITHM)), "{name}");
            let body = json!({ "KeyId": name, "CiphertextBlob": made["CiphertextBlob"] });
            let expected = json!({ "KeyId": arn, "Plaintext": "aGk=", "EncryptionAlgorithm": ALGORITHM });
            assert_eq!(call(&kms, "Decrypt", &body), Ok(expected), "{name}");
        }
        for name in ["three", "alias/three", "key/one", ""] {
            let body = json!({ "KeyId": name, "Plaintext": "aGk=" });
            assert_eq!(call(&kms, "Encrypt", &body), Err("NotFoundException"), "{name}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_decrypted_says_why() {
        let kms = kms(None).await;
        let blob = encrypted(&kms);
        let with = |blob: &Value, context: Value, key: Option<&str>| {
            call(&kms, "Decrypt", &json!({ "CiphertextBlob": blob, "EncryptionContext": context, "KeyId": key }))
        };
        assert!(with(&blob, json!({ "org": "a" }), None).is_ok());
        assert_eq!(with(&blob, json!({ "org": "b" }), None), Err("InvalidCiphertextException"));
        assert_eq!(with(&blob, Value::Null, Some("one")), Err("InvalidCiphertextException"));
        assert_eq!(with(&json!("aGk="), json!({ "org": "a" }), None), Err("InvalidCiphertextException"));
        assert_eq!(with(&blob, json!({ "org": "a" }), Some("two")), Err("IncorrectKeyException"));
        assert_eq!(with(&blob, json!({ "org": "a" }), Some("three")), Err("NotFoundException"));
        assert_eq!(with(&json!("%"), json!({ "org": "a" }), None), Err("ValidationException"));
        let other = self::kms(None).await;
        let body = json!({ "CiphertextBlob": blob, "EncryptionContext": { "org": "a" } });
        assert_eq!(call(&other, "Decrypt", &body), Err("InvalidCiphertextException"));
    }

    #[tokio::test]
    async fn requests_that_kms_would_not_take_are_refused() {
        let kms = kms(None).await;
        let plaintext = |length: usize| json!({ "KeyId": "one", "Plaintext": STANDARD.encode(vec![0; length]) });
        assert!(call(&kms, "Encrypt", &plaintext(LONGEST_PLAINTEXT)).is_ok());
        for body in [
            plaintext(LONGEST_PLAINTEXT + 1),
            plaintext(0),
            json!({ "KeyId": "one" }),
            json!({ "KeyId": "one", "Plaintext": "no base64" }),
            json!({ "KeyId": "one", "Plaintext": "aGk=", "EncryptionContext": { "a": 1 } }),
            json!({ "KeyId": "one", "Plaintext": "aGk=", "EncryptionAlgorithm": "RSAES_OAEP_SHA_1" }),
            json!([]),
        ] {
            assert_eq!(call(&kms, "Encrypt", &body), Err("ValidationException"));
        }
        assert_eq!(call(&kms, "CreateKey", &json!({})), Err("UnknownOperationException"));
    }

    #[tokio::test]
    async fn masters_survive_in_the_folder() {
        let data = tempfile::tempdir().expect("a folder");
        let blob = encrypted(&kms(Some(data.path())).await);
        let body = json!({ "CiphertextBlob": blob, "EncryptionContext": { "org": "a" } });
        assert!(call(&kms(Some(data.path())).await, "Decrypt", &body).is_ok());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = std::fs::metadata(data.path().join("kms-one.key")).expect("a file");
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(data.path().join("kms-one.key"), "short").expect("written");
        assert!(Kms::open(Some(data.path()), &keys()).await.is_err());
    }
}
