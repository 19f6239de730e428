//! On a schedule: fetches the keys of the token issuer into the table, from where all functions take them. When the issuer does not answer,
//! the keys that are there stay good for an hour; the run fails, Lambda tries it twice more, and an alarm sees it.

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    outlay_edge::boot::serve_key_refresh().await
}
