//! Records of calls, written in batches off the path of the call.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use patchbay_model::CallRecord;
use patchbay_storage::Storage;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::background_task::BackgroundTask;

/// Records that wait; when there are more, the newest are dropped and counted.
const MAX_QUEUED_RECORDS: usize = 16_384;
/// Records in one transaction.
const MAX_BATCH_RECORDS: usize = 4_096;
/// How long a record may wait for company.
const MAX_BATCH_DELAY: std::time::Duration = std::time::Duration::from_millis(250);

/// Takes records without waiting.
pub(crate) struct CallLog {
    queue: mpsc::Sender<CallRecord>,
    dropped: AtomicU64,
    writer: BackgroundTask,
}

impl CallLog {
    /// Starts the writer.
    pub(crate) fn start(storage: Arc<dyn Storage>) -> Self {
        let (queue, waiting) = mpsc::channel(MAX_QUEUED_RECORDS);
        let writer = BackgroundTask::start(|stop| write(storage, waiting, stop));
        Self { queue, dropped: AtomicU64::default(), writer }
    }

    /// Queues a record.
    pub(crate) fn record(&self, record: CallRecord) {
        if self.queue.try_send(record).is_err() {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            if dropped.is_power_of_two() {
                tracing::warn!(dropped, "records of calls were dropped: the database does not keep up");
            }
        }
    }

    /// Writes what waits and ends the writer.
    pub(crate) async fn shutdown(&self) {
        self.writer.shutdown().await;
    }
}

async fn write(storage: Arc<dyn Storage>, mut waiting: mpsc::Receiver<CallRecord>, stop: CancellationToken) {
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            biased;
            received = waiting.recv_many(&mut batch, MAX_BATCH_RECORDS) => if received == 0 { break },
            () = stop.cancelled() => break,
        }
        if batch.len() < MAX_BATCH_RECORDS && !stop.is_cancelled() {
            // A little company makes one transaction of many.
            tokio::select! { () = tokio::time::sleep(MAX_BATCH_DELAY) => {}, () = stop.cancelled() => {} }
            while batch.len() < MAX_BATCH_RECORDS {
                let Ok(record) = waiting.try_recv() else { break };
                batch.push(record);
            }
        }
        append(&*storage, &mut batch).await;
    }
    while let Ok(record) = waiting.try_recv() {
        batch.push(record);
        if batch.len() == MAX_BATCH_RECORDS {
            append(&*storage, &mut batch).await;
        }
    }
    append(&*storage, &mut batch).await;
}

async fn append(storage: &dyn Storage, batch: &mut Vec<CallRecord>) {
    if batch.is_empty() {
        return;
    }
    if let Err(error) = storage.calls().append(batch).await {
        tracing::warn!(%error, records = batch.len(), "records of calls were lost");
    }
    batch.clear();
}
