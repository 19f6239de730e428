//! Queue trigger: inspects each uploaded file, keeps or rejects it, and records the result on its report. A repeated
//! message changes nothing.

use std::sync::Arc;

use lambda_runtime::Error;
use outlay_receipts::processing::{ReceiptProcessor, parse_notification};
use outlay_worker::RunResult;
use outlay_worker::queue::{QueueMessage, serve};

async fn handler(processor: Arc<ReceiptProcessor>, message: QueueMessage) -> Result<(), Error> {
    for object in parse_notification(&message.body)? {
        processor.process_object(&object, message.now).await?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunResult {
    serve(ReceiptProcessor::from_env, handler).await
}
