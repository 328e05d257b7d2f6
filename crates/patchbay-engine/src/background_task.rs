//! A background task that can be stopped and awaited.

use tokio::{sync::Mutex, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A running background task.
pub(crate) struct BackgroundTask {
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl BackgroundTask {
    /// Starts the future that `task` returns for a cancellation token.
    pub(crate) fn start<F: Future<Output = ()> + Send + 'static>(task: impl FnOnce(CancellationToken) -> F) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(task(stop.clone()));
        Self { stop, task: Mutex::new(Some(task)) }
    }

    /// Cancels the task and waits for its end.
    pub(crate) async fn shutdown(&self) {
        self.stop.cancel();
        if let Some(task) = self.task.lock().await.take() {
            let _ = task.await;
        }
    }
}
