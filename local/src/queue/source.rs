//! Calls the functions behind the queues as Lambda's event source mapping does: in batches, several at once, at least once, and
//! with exactly the failed messages coming again.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::task::JoinSet;

use super::{Queues, batch};
use crate::host::{FunctionError, Host};
use crate::stop::Stop;
use crate::template::QueueSource;

/// Starts to work on each of the sources.
pub(crate) fn start(sources: &[QueueSource], queues: &Arc<Queues>, host: &Host, stop: &Stop, tasks: &mut JoinSet<()>) {
    for source in sources {
        for _ in 0..source.concurrency {
            let (source, queues, host, ends) = (source.clone(), Arc::clone(queues), host.clone(), stop.clone());
            tasks.spawn(async move { ends.race(work(&source, &queues, &host)).await.unwrap_or_default() });
        }
    }
}

async fn work(source: &QueueSource, queues: &Queues, host: &Host) {
    loop {
        let messages = queues.receive(&source.queue, source.batch_size, source.window).await;
        let event = Bytes::from(batch::event(&source.queue, &messages).to_string());
        let result = host.invoke(&source.function, event).await;
        if let Err(FunctionError::Failed(error)) = &result {
            eprintln!("{} failed: {}", source.function, String::from_utf8_lossy(error));
        }
        let response = result.as_ref().map(AsRef::as_ref).map_err(|_| ());
        let failed = batch::failed(source.reports_failures, response, &messages);
        queues.settle(&source.queue, &messages, |message| failed.contains(message.id.as_str())).await;
    }
}
