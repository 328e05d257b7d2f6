//! The call log, written in batches outside the path of a call.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use patchbay_model::CallRecord;
use patchbay_storage::Storage;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::background_task::BackgroundTask;

/// The maximum number of queued records; further records are dropped and counted.
const MAX_QUEUED_RECORDS: usize = 16_384;
/// The maximum number of records per transaction.
const MAX_BATCH_RECORDS: usize = 4_096;
/// The maximum time that a record waits for a batch.
const MAX_BATCH_DELAY: std::time::Duration = std::time::Duration::from_millis(250);

/// Queues records without waiting.
pub(crate) struct CallLog {
    queue: mpsc::Sender<CallRecord>,
    dropped: AtomicU64,
    is_stopping: AtomicBool,
    writer: BackgroundTask,
}

impl CallLog {
    /// Starts the writer.
    pub(crate) fn start(storage: Arc<dyn Storage>) -> Self {
        let (queue, waiting) = mpsc::channel(MAX_QUEUED_RECORDS);
        let writer = BackgroundTask::start(|stop| write(storage, waiting, stop));
        Self { queue, dropped: AtomicU64::default(), is_stopping: AtomicBool::default(), writer }
    }

    /// Queues a record.
    pub(crate) fn record(&self, record: CallRecord) {
        if self.queue.try_send(record).is_err() {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            if dropped.is_power_of_two() {
                tracing::warn!(dropped, "dropped records of the call log: the database is too slow");
            }
        }
    }

    /// Notes that the server stops: a call that is cut from now on is not cut by its caller.
    pub(crate) fn stop_calls(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Returns true if the server stops.
    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Writes the queued records and ends the writer. The records of calls that end later are lost.
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
            // A short wait collects many records into one transaction.
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
        tracing::warn!(%error, records = batch.len(), "could not write records of the call log; they are lost");
    }
    batch.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_loss_at_a_crash_is_the_real_one() {
        let page = include_str!("../../../docs/operating.md");
        let thousands = |number: usize| format!("{},{:03}", number / 1_000, number % 1_000);
        for fact in [
            format!("at most {} milliseconds", MAX_BATCH_DELAY.as_millis()),
            format!("up to {} of them", thousands(MAX_QUEUED_RECORDS + MAX_BATCH_RECORDS)),
        ] {
            assert!(page.contains(&fact), "docs/operating.md does not say: {fact}");
        }
    }
}
