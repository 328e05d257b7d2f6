//! The connection on which a server hears of changes, and reads them.
//!
//! Both use one connection, which is not of the pool: a listener and its looks are lost together, and a pool that is used up stops
//! neither.
//!
//! Transactions become visible in any order: a look may find what transaction 8 wrote before 7 is committed. Each look therefore
//! reads again what was written since the oldest transaction that ran at the look before, and skips what it has returned. That holds
//! for transactions of any length.
//!
//! Behind a pooler in transaction mode, and without another way to the server, nothing is heard: only looks find changes.

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use patchbay_model::{AttemptId, ChangeKind, ProjectId, StoredChange, Word};
use sqlx::{
    Acquire, Connection, Executor, PgConnection,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions, PgRow},
};
use tokio::time::timeout;

use super::{
    error::{Failure, Outcome},
    open::{LOCAL_LIMITS, SESSION, connect},
};
use crate::{ChangeWatch, Result, StorageError, rows::Row};

/// The channels of notifications, as the migrations name them.
const CHANGES: &str = "patchbay_changes";
const ATTEMPTS: &str = "patchbay_attempts";
/// How long the server may take to accept the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time between two looks after which changes may have been deleted, by the database's clock, in microseconds.
const LONGEST_PAUSE: i64 = 30 * 60 * 1_000_000;

const LOOK: &str = "SELECT s.oldest, s.now, c.number, c.transaction, c.kind, c.project_id, c.key \
     FROM (SELECT txid_snapshot_xmin(txid_current_snapshot()) AS oldest, clock_micros() AS now) s \
     LEFT JOIN changes c ON c.transaction >= $1 ORDER BY c.number";

/// A change with the numbers by which it is recognized.
struct Numbered {
    number: i64,
    transaction: i64,
    change: StoredChange,
}

/// Since when changes are returned, and which were.
struct Position {
    /// The oldest transaction that may have run at the last look.
    oldest: i64,
    /// When the last look was, by the database's clock.
    looked_at: i64,
    /// The transactions of the changes that were returned, by their number, as far as they are read again.
    returned: HashMap<i64, i64>,
}

impl Position {
    /// Returns the changes that were not returned before, and moves on.
    fn advance(&mut self, oldest: i64, now: i64, found: Vec<Numbered>) -> Vec<StoredChange> {
        (self.oldest, self.looked_at) = (oldest, now);
        let mut fresh = Vec::new();
        for Numbered { number, transaction, change } in found {
            if self.returned.insert(number, transaction).is_none() {
                fresh.push(change);
            }
        }
        self.returned.retain(|_, transaction| *transaction >= oldest);
        fresh
    }
}

/// How changes are read.
enum Line {
    /// A session, which hears of changes too.
    Session(PgListener),
    /// A connection to a pooler. Each look is a transaction.
    Pooled(PgConnection),
}

/// The connection.
pub(super) struct Watch {
    line: Line,
    /// None before the first look.
    position: Option<Position>,
}

impl Watch {
    /// Connects and listens.
    pub(super) async fn open(options: PgConnectOptions) -> Outcome<Self> {
        let connect = async {
            // The listener takes its connection from a pool.
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(CONNECT_TIMEOUT)
                .idle_timeout(None)
                .max_lifetime(None)
                .after_connect(|connection, _| Box::pin(async move { connection.execute(SESSION).await.map(drop) }))
                .connect_lazy_with(options);
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.eager_reconnect(false);
            listener.listen_all([CHANGES, ATTEMPTS]).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        match timeout(CONNECT_TIMEOUT, connect).await {
            Ok(listener) => Ok(Self { line: Line::Session(listener?), position: None }),
            Err(_late) => Err(Failure::Database(sqlx::Error::PoolTimedOut)),
        }
    }

    /// Connects to a pooler in transaction mode.
    pub(super) async fn open_pooled(options: PgConnectOptions) -> Outcome<Self> {
        Ok(Self { line: Line::Pooled(connect(&options).await?), position: None })
    }

    async fn read(&mut self) -> Outcome<Vec<StoredChange>> {
        // Before the first look there is nothing to find: no transaction has the highest number.
        let since = self.position.as_ref().map_or(i64::MAX, |position| position.oldest);
        let look = sqlx::query(LOOK).bind(since);
        let rows = match &mut self.line {
            Line::Session(listener) => look.fetch_all(&mut *listener.acquire().await?).await?,
            Line::Pooled(connection) => {
                let mut transaction = Connection::begin(connection).await?;
                sqlx::raw_sql(LOCAL_LIMITS).execute(&mut *transaction).await?;
                let rows = look.fetch_all(&mut *transaction).await?;
                transaction.commit().await?;
                rows
            }
        };
        let Some(first) = rows.first() else {
            return Err(Failure::Storage(StorageError::Other("a look returned no row".into())));
        };
        let first = Row::without_id("changes", first);
        let (oldest, now): (i64, i64) = (first.get("oldest")?, first.get("now")?);
        let Some(position) = &mut self.position else {
            self.position = Some(Position { oldest, looked_at: now, returned: HashMap::new() });
            return Ok(Vec::new());
        };
        if now.saturating_sub(position.looked_at) > LONGEST_PAUSE {
            return Err(Failure::Storage(lost("the last look is too old")));
        }
        let found = rows.iter().map(numbered).collect::<Result<Vec<_>>>()?;
        Ok(position.advance(oldest, now, found.into_iter().flatten().collect()))
    }
}

/// Reads a change; none if the row has only the position. A kind that this version does not know is nothing that it keeps.
fn numbered(row: &PgRow) -> Result<Option<Numbered>> {
    let row = Row::new("changes", row, "number");
    let Some(number) = row.get::<Option<i64>>("number")? else { return Ok(None) };
    let kind: String = row.get("kind")?;
    let Some(kind) = ChangeKind::ALL.into_iter().find(|known| known.as_str() == kind) else { return Ok(None) };
    let project: String = row.get("project_id")?;
    let project = (!project.is_empty()).then(|| ProjectId::new(project));
    let change = StoredChange { kind, project, key: row.get("key")? };
    Ok(Some(Numbered { number, transaction: row.get("transaction")?, change }))
}

fn lost(cause: &'static str) -> StorageError {
    StorageError::from(Failure::Database(sqlx::Error::Protocol(cause.to_owned())))
}

#[async_trait]
impl ChangeWatch for Watch {
    async fn word(&mut self) -> Result<Word> {
        let Line::Session(listener) = &mut self.line else { return std::future::pending().await };
        loop {
            let heard = listener.try_recv().await.map_err(|error| StorageError::from(Failure::from(error)))?;
            let Some(heard) = heard else { return Err(lost("the connection that listens was lost")) };
            match heard.channel() {
                CHANGES => return Ok(Word::Changed),
                ATTEMPTS => return Ok(Word::AttemptCompleted(AttemptId::new(heard.payload()))),
                _ => {}
            }
        }
    }

    async fn look(&mut self) -> Result<Vec<StoredChange>> {
        Ok(self.read().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(number: i64, transaction: i64) -> Numbered {
        let change = StoredChange { kind: ChangeKind::Account, project: None, key: number.to_string() };
        Numbered { number, transaction, change }
    }

    fn keys(changes: Vec<StoredChange>) -> Vec<String> {
        changes.into_iter().map(|change| change.key).collect()
    }

    #[test]
    fn what_is_committed_late_is_found_once() {
        let mut position = Position { oldest: 10, looked_at: 0, returned: HashMap::new() };
        // Transaction 11 still runs.
        assert_eq!(keys(position.advance(11, 1, vec![found(8, 12)])), ["8"]);
        assert_eq!(keys(position.advance(11, 2, vec![found(8, 12)])), [""; 0]);
        assert_eq!(keys(position.advance(13, 3, vec![found(7, 11), found(8, 12)])), ["7"]);
        assert!(position.returned.is_empty(), "nothing before 13 is read again");
        assert_eq!(position.oldest, 13);
    }
}
