//! A task beside the calls: it is told to stop, and waited for.

use tokio::{sync::Mutex, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A running task.
pub(crate) struct BackgroundTask {
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl BackgroundTask {
    /// Starts what `task` makes of the token that tells it to stop.
    pub(crate) fn start<F: Future<Output = ()> + Send + 'static>(task: impl FnOnce(CancellationToken) -> F) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(task(stop.clone()));
        Self { stop, task: Mutex::new(Some(task)) }
    }

    /// Tells the task to stop and waits until it has.
    pub(crate) async fn shutdown(&self) {
        self.stop.cancel();
        if let Some(task) = self.task.lock().await.take() {
            let _ = task.await;
        }
    }
}
