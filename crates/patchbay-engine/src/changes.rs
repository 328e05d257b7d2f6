//! Changes that complete even if their caller disconnects.

use patchbay_storage::{StorageError, current_fence, fenced};
use tokio_util::task::TaskTracker;

/// The running changes. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Changes(TaskTracker);

impl Changes {
    /// Completes a change even if the caller disconnects: a write without the following cache invalidation would leave old
    /// values in use, and a request to a provider cannot be undone. A change that is work of the leader stays that.
    pub(crate) async fn run_to_completion<T: Send + 'static, E: From<StorageError> + Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        let stopped = || StorageError::Other("a change was interrupted".into());
        let spawned = match current_fence() {
            Some(fence) => self.0.spawn(fenced(fence, change)),
            None => self.0.spawn(change),
        };
        spawned.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    /// Waits until the running changes have completed.
    pub(crate) async fn shutdown(&self) {
        self.0.close();
        self.0.wait().await;
    }
}
