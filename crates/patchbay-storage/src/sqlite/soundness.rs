//! The check of the whole database for damage while it is in use, and the check that it can be written.
//!
//! A damaged index finds nothing for a record that exists. From the moment that damage is known, a look-up that finds
//! nothing is therefore an error ([`SqliteStorage::found`]).

use std::{sync::Mutex, thread::park_timeout, time::Duration};

use patchbay_model::Timestamp;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::{SqliteStorage, open::free_bytes};
use crate::{Result, StorageError};

/// The free space below which the database is not ready: a change of the usual size no longer fits.
const MIN_FREE_BYTES: u64 = 256 * 1024;
/// The number of steps of SQLite (pages or instructions) between two pauses of a check, so that calls keep the processor
/// and the disk.
const STEPS_PER_PAUSE: i32 = 1_000;
const PAUSE: Duration = Duration::from_micros(200);

/// What is known about the file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Knowledge {
    /// Not checked since it was opened.
    Unchecked,
    /// The first check is running.
    Checking,
    Sound,
    /// With what was found.
    Damaged(String),
}

pub(super) struct Soundness(Mutex<Knowledge>);

impl Soundness {
    pub(super) fn new(is_checked: bool) -> Self {
        Self(Mutex::new(if is_checked { Knowledge::Sound } else { Knowledge::Unchecked }))
    }

    fn update(&self, change: impl FnOnce(&mut Knowledge)) {
        change(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    fn get(&self) -> Knowledge {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl SqliteStorage {
    /// Returns the result of a look-up by ID or hash, unless it found nothing and the file is damaged or is being checked.
    pub(super) fn found<T>(&self, record: Option<T>) -> Result<Option<T>> {
        if record.is_some() {
            return Ok(record);
        }
        match self.soundness.get() {
            Knowledge::Unchecked | Knowledge::Sound => Ok(None),
            Knowledge::Checking => Err(StorageError::Checking),
            Knowledge::Damaged(what) => Err(StorageError::Corrupt(what.into())),
        }
    }

    /// Returns whether a change found its record, as [`SqliteStorage::found`].
    pub(super) fn hit(&self, is_found: bool) -> Result<bool> {
        Ok(self.found(is_found.then_some(()))?.is_some())
    }

    /// Returns a list, unless the file is damaged: the list may lack records.
    pub(super) fn complete<T>(&self, records: T) -> Result<T> {
        match self.soundness.get() {
            Knowledge::Damaged(what) => Err(StorageError::Corrupt(what.into())),
            Knowledge::Unchecked | Knowledge::Checking | Knowledge::Sound => Ok(records),
        }
    }

    pub(super) async fn verify_file(&self) -> Result<()> {
        self.soundness.update(|known| {
            if *known == Knowledge::Unchecked {
                *known = Knowledge::Checking;
            }
        });
        let outcome = self.look_for_damage().await;
        self.soundness.update(|known| match &outcome {
            Ok(()) => *known = Knowledge::Sound,
            Err(StorageError::Corrupt(what)) => *known = Knowledge::Damaged(what.to_string()),
            // It could not be checked: nothing new is known.
            Err(_) if *known == Knowledge::Checking => *known = Knowledge::Unchecked,
            Err(_) => {}
        });
        outcome
    }

    async fn look_for_damage(&self) -> Result<()> {
        // A connection of its own: the pool's readers serve calls.
        let mut connection = self.read_only.connect().await?;
        connection.lock_handle().await?.set_progress_handler(STEPS_PER_PAUSE, || {
            park_timeout(PAUSE);
            true
        });
        let damage = find_damage(&mut connection).await?;
        connection.close().await?;
        damage.map_or(Ok(()), |what| Err(StorageError::Corrupt(what.into())))
    }

    pub(super) async fn check_room(&self, now: Timestamp) -> Result<()> {
        if let Knowledge::Damaged(what) = self.soundness.get() {
            return Err(StorageError::Corrupt(what.into()));
        }
        if let Some(free) = free_bytes(&self.directory).filter(|free| *free < MIN_FREE_BYTES) {
            let cause = format!("{free} bytes are free in {}", self.directory.display());
            return Err(StorageError::Full(cause.into()));
        }
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO meta (name, value) VALUES ('last_write_check', ?) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(&now.as_micros().to_be_bytes()[..])
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }
}

/// Returns the first damages in words; none if the file is sound.
async fn find_damage(connection: &mut SqliteConnection) -> Result<Option<String>> {
    let verdicts: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(5)").fetch_all(&mut *connection).await?;
    if verdicts.iter().any(|verdict| verdict != "ok") {
        return Ok(Some(verdicts.join("; ")));
    }
    // A table that was emptied or replaced leaves rows that refer to it.
    let dangling: Option<(String, Option<i64>, String, i64)> =
        sqlx::query_as("PRAGMA foreign_key_check").fetch_optional(&mut *connection).await?;
    Ok(dangling.map(|(table, _, parent, _)| format!("rows of {table} refer to rows of {parent} that do not exist")))
}
