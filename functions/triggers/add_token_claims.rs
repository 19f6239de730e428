//! Cognito trigger (pre token generation, version 2): adds the verified mail address and the name of a user to their
//! access token. An invited person is recognised by the address at their first request. Cognito itself writes it into
//! ID tokens only, which an API must not accept.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use outlay_auth::VERIFIED_EMAIL;
use serde_json::{Map, Value, json};

/// Returns the event with the response filled in, as Cognito expects.
async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let mut event = event.payload;
    let attributes = event.pointer("/request/userAttributes");
    let attribute = |name: &str| attributes.and_then(|all| all.get(name)?.as_str()).map(str::to_owned);
    let is_verified = attribute("email_verified").is_some_and(|it| it == "true");
    let claims = [(VERIFIED_EMAIL, attribute("email").filter(|_| is_verified)), ("name", attribute("name"))];
    let claims: Map<String, Value> =
        claims.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect();
    let overrides = json!({"accessTokenGeneration": {"claimsToAddOrOverride": claims}});
    if let Some(response) = event.pointer_mut("/response") {
        *response = json!({"claimsAndScopeOverrideDetails": overrides});
    }
    Ok(event)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::run(service_fn(handler)).await
}
