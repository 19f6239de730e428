//! Queue trigger: looks at each file that was uploaded, keeps it or refuses it, and tells its report. A message that comes twice
//! changes nothing.

use std::sync::Arc;

use lambda_runtime::Error;
use outlay_edge::arrival::{self, ReceiptDesk};
use outlay_edge::queue::{Message, serve};

async fn handler(desk: Arc<ReceiptDesk>, message: Message) -> Result<(), Error> {
    for object in arrival::read(&message.body)? {
        desk.arrived(&object, message.now).await?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> outlay_edge::boot::BootResult {
    serve(ReceiptDesk::open, handler).await
}
