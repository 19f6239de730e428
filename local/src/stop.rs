//! One signal that everything running belongs to: given on request, and by itself when the stack is dropped.

use tokio::sync::watch;

/// Gives the signal; dropping it gives it too.
pub(crate) struct Stopper(watch::Sender<bool>);

/// Waits for the signal.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// A pair of giver and waiter.
pub(crate) fn channel() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns once the signal has been given.
    pub(crate) async fn wait(mut self) {
        // An error means that the giver is gone, which is the signal too.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }

    /// The result of `work`, or `None` if the signal comes first. The signal is looked at first, so that what breaks
    /// because of the stop is never taken for a result.
    pub(crate) async fn race<T>(self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.wait() => None,
            result = work => Some(result),
        }
    }
}
