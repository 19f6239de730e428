//! Simulates Lambda's SQS event source mapping: delivers batches to functions, several at once, at least once, and
//! retries exactly the failed messages.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::task::JoinSet;

use super::{Queues, batch};
use crate::lambda::{FunctionError, FunctionPool};
use crate::shutdown::Shutdown;
use crate::template::QueueSource;

/// Starts the pollers of all sources.
pub(crate) fn start(
    sources: &[QueueSource],
    queues: &Arc<Queues>,
    functions: &FunctionPool,
    shutdown: &Shutdown,
    tasks: &mut JoinSet<()>,
) {
    for source in sources {
        for _ in 0..source.concurrency {
            let (source, queues, functions) = (source.clone(), Arc::clone(queues), functions.clone());
            let shutdown = shutdown.clone();
            tasks.spawn(async move { shutdown.race(poll(&source, &queues, &functions)).await.unwrap_or_default() });
        }
    }
}

async fn poll(source: &QueueSource, queues: &Queues, functions: &FunctionPool) {
    loop {
        let messages = queues.receive(&source.queue, source.batch_size, source.window).await;
        let event = Bytes::from(batch::event(&source.queue, &messages).to_string());
        let result = functions.invoke(&source.function, event).await;
        if let Err(FunctionError::Failed(error)) = &result {
            eprintln!("{} failed: {}", source.function, String::from_utf8_lossy(error));
        }
        let response = result.as_ref().map(AsRef::as_ref).map_err(|_| ());
        let failed = batch::failed(source.reports_failures, response, &messages);
        queues.settle(&source.queue, &messages, |message| failed.contains(message.id.as_str())).await;
    }
}
