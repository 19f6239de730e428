//! The running processes of all functions, by identifier.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::process::Process;
use crate::sync::lock;

/// Handle to the running processes of all functions.
#[derive(Clone, Default)]
pub struct Processes(Arc<Mutex<HashMap<String, Arc<Process>>>>);

impl Processes {
    /// Kills a process, as a crash of its machine would; returns once it has ended. Does nothing if it is gone.
    pub async fn kill(&self, id: &str) {
        if let Some(process) = self.get(id) {
            process.kill().await;
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Process>> {
        lock(&self.0).get(id).cloned()
    }

    pub(super) fn insert(&self, process: &Arc<Process>) {
        lock(&self.0).insert(process.id().to_owned(), Arc::clone(process));
    }

    pub(super) fn remove(&self, id: &str) {
        lock(&self.0).remove(id);
    }

    /// Waits until every process has ended; the shutdown signal must have been sent.
    pub(super) async fn wait_for_end(&self) {
        while !lock(&self.0).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
