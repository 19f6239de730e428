//! Scheduled, every 5 minutes: fetches the keys of the token issuer and stores them in the table for all functions.
//! When the issuer does not respond, the stored keys stay valid for an hour. The run fails, Lambda retries it twice,
//! and an alarm counts failures.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use outlay_auth::{ExpectedClaims, TokenVerifier};
use outlay_aws::clock;
use outlay_aws::config::sdk_config;
use outlay_aws::env::required;
use outlay_store::Store;
use outlay_worker::RunResult;
use serde_json::Value;

async fn handler(verifier: &TokenVerifier) -> Result<(), Error> {
    verifier.refresh_keys(clock::now()).await.map_err(Error::from)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    let store = Store::connect(&sdk_config()?, &required("TABLE_NAME")?);
    let verifier = TokenVerifier::new(store, ExpectedClaims::from_env()?);
    // The time in the event is ignored: a replayed run fetches current keys.
    lambda_runtime::run(service_fn(|_: LambdaEvent<Value>| handler(&verifier))).await
}
