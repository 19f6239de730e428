//! The signal that ends everything running: sent by [`ShutdownTrigger::shut_down`], or by dropping the trigger.

use tokio::sync::watch;

/// Sender of the signal; dropping it sends the signal too.
pub struct ShutdownTrigger(watch::Sender<bool>);

/// Receiver of the signal. Cloning gives another receiver.
#[derive(Clone)]
pub struct Shutdown(watch::Receiver<bool>);

impl ShutdownTrigger {
    pub(crate) fn shut_down(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Makes a connected sender and receiver.
    #[must_use]
    pub fn channel() -> (ShutdownTrigger, Self) {
        let (sender, receiver) = watch::channel(false);
        (ShutdownTrigger(sender), Self(receiver))
    }

    /// Waits for the signal.
    pub async fn wait(mut self) {
        // An error means that the sender was dropped, which is the signal too.
        let _ = self.0.wait_for(|is_sent| *is_sent).await;
    }

    /// Returns the result of `work`, or `None` if the signal comes first. The signal is polled first: work that breaks
    /// because of the shutdown never counts as a result.
    pub async fn race<T>(self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.wait() => None,
            result = work => Some(result),
        }
    }
}
