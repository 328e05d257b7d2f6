//! Moves the call records of earlier versions from the main database to the logs. An older server of the same database may add
//! further ones, so that the leader looks again from time to time.

use patchbay_logs::{Logs, RunRow};
use patchbay_model::{CallId, Clock};
use patchbay_storage::{Storage, StorageError};
use tokio_util::sync::CancellationToken;

use crate::call_entry::row_of_record;

/// The number of records that are moved at once.
const BATCH: u32 = 1_000;

/// Moves all records. A crash moves none of them twice.
///
/// # Errors
/// An error of either database; what was moved before stays moved.
pub(crate) async fn move_calls(
    storage: &dyn Storage,
    logs: &Logs,
    clock: &dyn Clock,
    stop: &CancellationToken,
) -> Result<u64, StorageError> {
    let mut moved = 0;
    while !stop.is_cancelled() {
        let records = storage.calls().oldest(BATCH).await?;
        if records.is_empty() {
            break;
        }
        let mut rows = records.iter().map(|record| row_of_record(record, None)).collect::<Vec<_>>();
        if is_stored(logs, rows.first()).await? {
            // An earlier start was interrupted after it had written them.
            let mut new = Vec::new();
            for row in rows {
                if !is_stored(logs, Some(&row)).await? {
                    new.push(row);
                }
            }
            rows = new;
        }
        logs.append(&rows, clock.now()).await?;
        let ids = records.into_iter().map(|record| record.id).collect::<Vec<CallId>>();
        moved += storage.calls().delete(&ids).await?;
    }
    if moved > 0 {
        tracing::info!(moved, "moved the records of calls to the logs");
    }
    Ok(moved)
}

async fn is_stored(logs: &Logs, row: Option<&RunRow>) -> Result<bool, StorageError> {
    let Some(row) = row else { return Ok(false) };
    Ok(logs.reader()?.run(&row.project, row.id).await?.is_some())
}
