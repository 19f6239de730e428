//! Cognito trigger: puts the verified address and the name of whoever signs in into his access token. By the address an invited person is
//! recognised the first time; Cognito itself writes it into ID tokens only, which are not meant for an API.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use outlay_edge::token::VERIFIED_EMAIL;
use serde_json::{Map, Value, json};

/// The event with its answer in it, as Cognito wants it back (pre token generation, version 2).
async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let mut event = event.payload;
    let attributes = event.pointer("/request/userAttributes");
    let attribute = |name: &str| attributes.and_then(|all| all.get(name)?.as_str()).map(str::to_owned);
    let verified = attribute("email_verified").is_some_and(|it| it == "true");
    let claims = [(VERIFIED_EMAIL, attribute("email").filter(|_| verified)), ("name", attribute("name"))];
    let claims: Map<String, Value> =
        claims.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    let details = json!({"accessTokenGeneration": {"claimsToAddOrOverride": claims}});
    if let Some(response) = event.pointer_mut("/response") {
        *response = json!({"claimsAndScopeOverrideDetails": details});
    }
    Ok(event)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handler)).await
}
