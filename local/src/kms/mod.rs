//! Simulates KMS: `Encrypt` and `Decrypt` of the JSON protocol, with the keys of the template. Does not check
//! permissions: key policies and roles exist only on AWS.

mod cipher;

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::aws::{self, CallingProcess};
use crate::files::{self, FileAccess};
use crate::template::{self, ACCOUNT, REGION};
use crate::test_kit::{self, Service, ServiceCall, ServiceFailure, TestKit};
use crate::{StackError, system};
use cipher::{EncryptionContext, KEY_LENGTH, MasterKey};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
const ALGORITHM: &str = "SYMMETRIC_DEFAULT";
const INTERNAL_ERROR: &str = "KMSInternalException";
/// Size limit of a plaintext, bytes.
const MAX_PLAINTEXT: usize = 4096;
/// Size limit of a blob, bytes.
const MAX_BLOB: usize = 6144;

/// Keys of the template.
pub(crate) struct Kms {
    keys: Vec<(template::Key, MasterKey)>,
}

/// Body of `Encrypt`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EncryptRequest {
    key_id: String,
    plaintext: String,
    encryption_context: Option<EncryptionContext>,
    encryption_algorithm: Option<String>,
}

/// Body of `Decrypt`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DecryptRequest {
    ciphertext_blob: String,
    encryption_context: Option<EncryptionContext>,
    key_id: Option<String>,
    encryption_algorithm: Option<String>,
}

/// Error of a call: its code and its message.
#[derive(Debug, PartialEq)]
struct KmsError(&'static str, String);

impl Kms {
    /// Reads the master keys from the data folder; makes missing ones.
    pub(crate) async fn open(folder: Option<&Path>, keys: &[template::Key]) -> Result<Self, StackError> {
        let mut opened = Vec::with_capacity(keys.len());
        for key in keys {
            let failed = |reason| StackError::Folder { folder: folder.map(Path::to_owned).unwrap_or_default(), reason };
            let material = load_material(folder, &key.id).await.map_err(failed)?;
            let master_key = MasterKey::new(&key.id, &material);
            opened.push((
                key.clone(),
                master_key.map_err(|Unspecified| failed(std::io::Error::other("an unusable key")))?,
            ));
        }
        Ok(Self { keys: opened })
    }

    /// Finds a key by id, ARN, alias or ARN of an alias.
    fn key(&self, name: &str) -> Result<&(template::Key, MasterKey), KmsError> {
        let prefix = format!("arn:aws:kms:{REGION}:{ACCOUNT}:");
        let bare = name.strip_prefix(&prefix).filter(|it| it.starts_with("alias/")).unwrap_or(name);
        let fits = |key: &template::Key| key.id == name || key.arn == name || key.aliases.iter().any(|it| it == bare);
        let found = self.keys.iter().find(|(key, _)| fits(key));
        found.ok_or_else(|| KmsError("NotFoundException", format!("The template has no key {name}")))
    }

    fn call(&self, operation: &str, body: &[u8]) -> Result<Value, KmsError> {
        match operation {
            "Encrypt" => self.encrypt(parse(body)?),
            "Decrypt" => self.decrypt(parse(body)?),
            other => Err(KmsError("UnknownOperationException", format!("the local stack does not support {other}"))),
        }
    }

    fn encrypt(&self, request: EncryptRequest) -> Result<Value, KmsError> {
        check_algorithm(request.encryption_algorithm.as_deref())?;
        let plaintext = decode(&request.plaintext, "plaintext", MAX_PLAINTEXT)?;
        let (key, master_key) = self.key(&request.key_id)?;
        let sealed = master_key.encrypt(&request.encryption_context.unwrap_or_default(), &plaintext);
        let blob = sealed.map_err(|Unspecified| KmsError(INTERNAL_ERROR, String::new()))?;
        Ok(json!({
            "CiphertextBlob": STANDARD.encode(blob), "KeyId": key.arn, "EncryptionAlgorithm": ALGORITHM,
        }))
    }

    fn decrypt(&self, request: DecryptRequest) -> Result<Value, KmsError> {
        check_algorithm(request.encryption_algorithm.as_deref())?;
        let blob = decode(&request.ciphertext_blob, "ciphertextBlob", MAX_BLOB)?;
        let named = request.key_id.map(|name| self.key(&name)).transpose()?;
        let invalid = || KmsError("InvalidCiphertextException", String::new());
        let (key, master_key) = cipher::key_id(&blob).and_then(|id| self.key(id).ok()).ok_or_else(invalid)?;
        if named.is_some_and(|(named, _)| named.id != key.id) {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(KmsError("IncorrectKeyException", message.to_owned()));
        }
        let opened = master_key.decrypt(&request.encryption_context.unwrap_or_default(), &blob);
        let plaintext = opened.map_err(|Unspecified| invalid())?;
        Ok(json!({
            "KeyId": key.arn, "Plaintext": STANDARD.encode(plaintext), "EncryptionAlgorithm": ALGORITHM,
        }))
    }
}

async fn load_material(folder: Option<&Path>, id: &str) -> std::io::Result<[u8; KEY_LENGTH]> {
    let Some(path) = folder.map(|folder| folder.join(format!("kms-{id}.key"))) else {
        return Ok(system::secret());
    };
    if path.exists() {
        let kept = std::fs::read(&path)?;
        return kept.try_into().map_err(|_| std::io::Error::other(format!("{} is not a key", path.display())));
    }
    let made = system::secret();
    files::write(path, made.to_vec(), FileAccess::OwnerOnly).await?;
    Ok(made)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, KmsError> {
    serde_json::from_slice(body).map_err(|error| KmsError("ValidationException", error.to_string()))
}

fn check_algorithm(name: Option<&str>) -> Result<(), KmsError> {
    match name {
        None | Some(ALGORITHM) => Ok(()),
        Some(other) => {
            Err(KmsError("ValidationException", format!("the keys are symmetric and do not support {other}")))
        }
    }
}

fn decode(text: &str, name: &str, max: usize) -> Result<Vec<u8>, KmsError> {
    let decoded = STANDARD.decode(text);
    decoded.ok().filter(|it| (1..=max).contains(&it.len())).ok_or_else(|| {
        KmsError("ValidationException", format!("'{name}' must have between 1 and {max} bytes, in base64"))
    })
}

#[derive(Clone)]
struct KmsState {
    kms: Arc<Kms>,
    test_kit: Option<Arc<dyn TestKit>>,
}

/// Makes the routes of the endpoint.
pub(crate) fn routes(kms: Kms, test_kit: Option<Arc<dyn TestKit>>) -> Router {
    let state = KmsState { kms: Arc::new(kms), test_kit };
    Router::new().route("/_local/kms", post(handle)).route("/_local/kms/", post(handle)).with_state(state)
}

async fn handle(State(state): State<KmsState>, headers: HeaderMap, body: Bytes) -> Response {
    let operation = aws::operation(&headers);
    let carry_out = async {
        match state.kms.call(operation, &body) {
            Ok(answer) => ([("content-type", CONTENT_TYPE)], answer.to_string()).into_response(),
            Err(KmsError(code, message)) => error_response(code, &message),
        }
    };
    let text = || body.to_vec();
    let caller = CallingProcess::from_headers(&headers);
    let call = ServiceCall { service: Service::Kms, operation, caller, text: &text };
    let result = test_kit::intercept(state.test_kit.as_deref(), call, carry_out).await;
    result.unwrap_or_else(|failure| {
        let code = match failure {
            ServiceFailure::Throttled => "ThrottlingException",
            ServiceFailure::Denied => "DisabledException",
            ServiceFailure::Unavailable => INTERNAL_ERROR,
        };
        error_response(code, ServiceFailure::MESSAGE)
    })
}

fn error_response(code: &'static str, message: &str) -> Response {
    let status = if code == INTERNAL_ERROR { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
    aws::json_error(status, CONTENT_TYPE, code, message)
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
        kms.call(operation, body.to_string().as_bytes()).map_err(|KmsError(code, _)| code)
    }

    fn encrypted(kms: &Kms) -> Value {
        let body = json!({ "KeyId": "one", "Plaintext": "aGk=", "EncryptionContext": { "org": "a" } });
        call(kms, "Encrypt", &body).expect("a blob")["CiphertextBlob"].clone()
    }

    #[tokio::test]
    async fn key_is_found_by_id_arn_and_alias() {
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
    async fn failed_decryption_returns_the_code_of_kms() {
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
    async fn invalid_request_is_rejected() {
        let kms = kms(None).await;
        let plaintext = |length: usize| json!({ "KeyId": "one", "Plaintext": STANDARD.encode(vec![0; length]) });
        assert!(call(&kms, "Encrypt", &plaintext(MAX_PLAINTEXT)).is_ok());
        for body in [
            plaintext(MAX_PLAINTEXT + 1),
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
    async fn master_keys_survive_a_restart() {
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
