//! The recorder of calls: it takes a record without waiting, and writes in batches outside the path of a call.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use patchbay_logs::{DropReason, Logs, RunRow};
use patchbay_model::{CallRecord, Clock, CodedError as _, ErrorCode};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    background_task::BackgroundTask,
    call_entry::{RunEntry, row_of_record},
    connector_catalog::Origin,
};

/// The maximum number of queued records; further records are dropped and counted.
const MAX_QUEUED_RECORDS: usize = 16_384;
/// The maximum size of the queued records, in bytes.
const MAX_QUEUED_BYTES: usize = 32 * 1024 * 1024;
/// The maximum number of records per transaction.
const MAX_BATCH_RECORDS: usize = 4_096;
/// The maximum time that a record waits for a batch.
const MAX_BATCH_DELAY: Duration = Duration::from_millis(250);
/// The size of a record without its texts.
const RECORD_BYTES: usize = 400;

/// The pause before records are written again after the store was away.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// A record that waits. Names are looked up when it is written.
enum Entry {
    Run(Box<RunEntry>),
    Record(Box<CallRecord>, Option<Origin>),
}

impl Entry {
    fn bytes(&self) -> usize {
        match self {
            Self::Run(run) => RECORD_BYTES + run.text_bytes(),
            Self::Record(..) => RECORD_BYTES,
        }
    }

    fn into_row(self) -> RunRow {
        match self {
            Self::Run(run) => run.into_row(),
            Self::Record(record, origin) => row_of_record(&record, origin),
        }
    }
}

/// Queues records without waiting.
pub(crate) struct CallLog {
    queue: mpsc::Sender<Entry>,
    queued_bytes: Arc<AtomicUsize>,
    logs: Arc<Logs>,
    is_stopping: AtomicBool,
    writer: BackgroundTask,
}

impl CallLog {
    /// Starts the writer.
    pub(crate) fn start(logs: Arc<Logs>, clock: Arc<dyn Clock>) -> Self {
        let (queue, waiting) = mpsc::channel(MAX_QUEUED_RECORDS);
        let queued_bytes = Arc::<AtomicUsize>::default();
        let writer = Writer { logs: logs.clone(), clock, queued_bytes: queued_bytes.clone() };
        let writer = BackgroundTask::start(|stop| writer.write(waiting, stop));
        Self { queue, queued_bytes, logs, is_stopping: AtomicBool::default(), writer }
    }

    /// Queues the record of a call that is neither an action nor a raw request, with the owner of its connector.
    pub(crate) fn record(&self, record: CallRecord, origin: Option<Origin>) {
        self.queue(Entry::Record(Box::new(record), origin));
    }

    /// Queues the record of a run.
    pub(crate) fn record_run(&self, run: RunEntry) {
        self.queue(Entry::Run(Box::new(run)));
    }

    fn queue(&self, entry: Entry) {
        if !self.logs.has_store() {
            return;
        }
        let bytes = entry.bytes();
        if self.queued_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > MAX_QUEUED_BYTES {
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.logs.drop_runs(DropReason::QueueBytes, 1);
        } else if self.queue.try_send(entry).is_err() {
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.logs.drop_runs(DropReason::QueueFull, 1);
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

/// Writes what waits.
struct Writer {
    logs: Arc<Logs>,
    clock: Arc<dyn Clock>,
    queued_bytes: Arc<AtomicUsize>,
}

impl Writer {
    async fn write(self, mut waiting: mpsc::Receiver<Entry>, stop: CancellationToken) {
        if !self.logs.has_store() {
            return;
        }
        // Readers find it open, and what a crash interrupted is completed.
        match self.logs.open(self.clock.now()).await {
            Ok(_) => while self.tidy().await && !stop.is_cancelled() {},
            Err(error) => tracing::error!(%error, "THE LOGS CANNOT BE OPENED: calls are not recorded until they can"),
        }
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
            self.append(&mut batch, &stop).await;
            self.tidy().await;
        }
        while let Ok(record) = waiting.try_recv() {
            batch.push(record);
            if batch.len() == MAX_BATCH_RECORDS {
                self.append(&mut batch, &stop).await;
            }
        }
        self.append(&mut batch, &stop).await;
    }

    /// Does a part of the store's own work. Returns whether more is left.
    async fn tidy(&self) -> bool {
        let Ok(store) = self.logs.reader() else { return false };
        store.tidy().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the logs could not build an index; the next batch tries again");
            false
        })
    }

    /// Writes records. While the store is away, they wait, and those behind them in the queue, until the server stops.
    async fn append(&self, batch: &mut Vec<Entry>, stop: &CancellationToken) {
        if batch.is_empty() {
            return;
        }
        let bytes = batch.iter().map(Entry::bytes).sum::<usize>();
        let rows = batch.drain(..).map(Entry::into_row).collect::<Vec<_>>();
        let mut is_waiting = false;
        loop {
            match self.logs.append(&rows, self.clock.now()).await {
                Ok(()) => break,
                Err(error) if error.code() == ErrorCode::StorageUnavailable && !stop.is_cancelled() => {
                    if !is_waiting {
                        tracing::warn!(%error, "could not write to the logs; the records wait");
                        is_waiting = true;
                    }
                    tokio::select! { () = tokio::time::sleep(RETRY_PAUSE) => {}, () = stop.cancelled() => {} }
                }
                Err(error) => {
                    tracing::warn!(%error, records = rows.len(), "could not write to the logs; the records are lost");
                    let reason = if stop.is_cancelled() { DropReason::Stopped } else { DropReason::WriteFailed };
                    self.logs.drop_runs(reason, rows.len() as u64);
                    break;
                }
            }
        }
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_loss_at_a_crash_is_the_real_one() {
        let page = include_str!("../../../docs/operate/monitoring.md");
        let thousands = |number: usize| format!("{},{:03}", number / 1_000, number % 1_000);
        for fact in [
            format!("at most {} milliseconds", MAX_BATCH_DELAY.as_millis()),
            format!("up to {} of them", thousands(MAX_QUEUED_RECORDS + MAX_BATCH_RECORDS)),
        ] {
            assert!(page.contains(&fact), "docs/operate/monitoring.md does not say: {fact}");
        }
    }
}
