//! The servers that share the database, and their leader.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use patchbay_model::{AccountId, KeyId, LeaderFence, LiveReplica, Replica, ReplicaId};
use sqlx::{
    PgConnection,
    postgres::{PgConnectOptions, PgRow},
};
use tokio::time::{Instant, sleep};

use super::{
    PostgresStorage,
    error::{Failure, Outcome},
    locks::lock,
    open::connect,
    shared_limits::{self, micros},
    transaction::{QUESTION_TIMEOUT, answer},
    watch,
};
use crate::{
    ChangeWatch, CounterRule, LEADERSHIP, LimitLease, LimitWish, REPLICA_LIFE, ReplicaStore, Result, SharedLock,
    StorageError, rows::Row,
};

/// How long a row about a change lives at least after it became visible, in microseconds.
const CHANGE_LIFE: i64 = 3_600_000_000;
/// How long a counter lives that nobody changes, and a mark: a day.
const COUNTER_LIFE: i64 = 24 * CHANGE_LIFE;
/// The counter that says which transactions had ended when it was written.
const ENDED: &str = "ended transactions";
/// Distinguishes locks that sessions hold from those of transactions: "Ptcs".
const SESSION_CLASS: i32 = 0x5074_6373;
/// The pause between two tries of such a lock. It is tried, not waited for, as that of the migrations.
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// How long such a lock is tried. A server that holds it may stand still.
const LOCK_PATIENCE: Duration = Duration::from_mins(1);

fn live_replica(row: &PgRow) -> Result<LiveReplica> {
    let row = Row::new("replicas", row, "id");
    let key_ids: String = row.get("key_ids")?;
    let key_ids = key_ids.split_whitespace().map(str::parse).collect::<std::result::Result<Vec<KeyId>, _>>();
    Ok(LiveReplica {
        id: ReplicaId::new(row.id.clone()),
        version: row.get("version")?,
        address: row.get("address")?,
        key_ids: key_ids.map_err(|error| row.wrong("key_ids", error))?,
        connectors: row.get("connectors")?,
        started_at: row.time("started_at")?,
        seen_at: row.time("seen_at")?,
        is_leader: row.get("is_leader")?,
    })
}

/// Checks that no other server has become the leader, and keeps one from becoming it until the transaction ends. The leader may
/// renew its leadership meanwhile: only [`lead`] of another server locks the row against this.
///
/// # Errors
/// [`StorageError::NotLeader`] if the leadership is over.
pub(super) async fn check_fence(connection: &mut PgConnection, fence: LeaderFence) -> Outcome<()> {
    let query = sqlx::query(
        "SELECT fence FROM leader WHERE fence = $1 AND replica_id IS NOT NULL AND expires_at > clock_micros() FOR KEY SHARE",
    );
    match query.bind(fence.0).fetch_optional(connection).await? {
        Some(_) => Ok(()),
        None => Err(Failure::Storage(StorageError::NotLeader)),
    }
}

async fn lead(connection: &mut PgConnection, id: &ReplicaId) -> Outcome<Option<LeaderFence>> {
    let renewed: Option<i64> = sqlx::query_scalar(
        "UPDATE leader SET expires_at = clock_micros() + $2 WHERE replica_id = $1 AND expires_at > clock_micros() RETURNING fence",
    )
    .bind(id.as_str())
    .bind(micros(LEADERSHIP))
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(fence) = renewed {
        return Ok(Some(LeaderFence(fence)));
    }
    // Transactions of the former leader end first.
    sqlx::query(
        "SELECT fence FROM leader WHERE coalesce(replica_id = $1, true) OR expires_at <= clock_micros() FOR UPDATE",
    )
    .bind(id.as_str())
    .execute(&mut *connection)
    .await?;
    // The clock is read again after the row is locked.
    let fence: Option<i64> = sqlx::query_scalar(
        "INSERT INTO leader AS l (is_only, replica_id, fence, expires_at) \
         VALUES (true, $1, 1, clock_micros() + $2) \
         ON CONFLICT (is_only) DO UPDATE SET replica_id = excluded.replica_id, expires_at = clock_micros() + $2, \
         fence = CASE WHEN l.replica_id = excluded.replica_id AND l.expires_at > clock_micros() THEN l.fence \
         ELSE l.fence + 1 END \
         WHERE coalesce(l.replica_id = excluded.replica_id, true) OR l.expires_at <= clock_micros() \
         RETURNING fence",
    )
    .bind(id.as_str())
    .bind(micros(LEADERSHIP))
    .fetch_optional(connection)
    .await?;
    Ok(fence.map(LeaderFence))
}

/// Deletes the changes that have been visible for [`CHANGE_LIFE`]. Their own time does not say that: a transaction may have been
/// open for long after it wrote them. Transactions that had ended an hour ago have.
async fn forget_changes(connection: &mut PgConnection) -> Outcome<()> {
    sqlx::query(
        "DELETE FROM changes c USING shared_counters s \
         WHERE s.name = $1 AND s.changed_at < clock_micros() - $2 AND c.transaction < s.state::bigint",
    )
    .bind(ENDED)
    .bind(CHANGE_LIFE)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO shared_counters AS s (name, state, changed_at) \
         VALUES ($1, txid_snapshot_xmin(txid_current_snapshot())::text, clock_micros()) \
         ON CONFLICT (name) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at \
         WHERE s.changed_at < clock_micros() - $2",
    )
    .bind(ENDED)
    .bind(CHANGE_LIFE)
    .execute(connection)
    .await?;
    Ok(())
}

async fn count(connection: &mut PgConnection, names: &[String], rule: &CounterRule) -> Outcome<()> {
    // All callers lock in one order.
    let mut ordered = names.iter().collect::<Vec<_>>();
    ordered.sort_unstable();
    for name in ordered {
        lock(connection, &("counter", name)).await?;
    }
    let now: i64 = sqlx::query_scalar("SELECT clock_micros()").fetch_one(&mut *connection).await?;
    let stored: Vec<(String, String)> = sqlx::query_as("SELECT name, state FROM shared_counters WHERE name = ANY($1)")
        .bind(names)
        .fetch_all(&mut *connection)
        .await?;
    let state = |name: &String| stored.iter().find(|(known, _)| known == name).map(|(_, state)| state.clone());
    let before = names.iter().map(state).collect::<Vec<_>>();
    let mut after = before.clone();
    rule(Duration::from_micros(now.unsigned_abs()), &mut after);
    for ((name, before), after) in names.iter().zip(before).zip(after) {
        match after {
            Some(state) if before.as_ref() != Some(&state) => {
                sqlx::query(
                    "INSERT INTO shared_counters (name, state, changed_at) VALUES ($1, $2, clock_micros()) \
                     ON CONFLICT (name) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at",
                )
                .bind(name)
                .bind(state)
                .execute(&mut *connection)
                .await?;
            }
            None if before.is_some() => {
                let query = sqlx::query("DELETE FROM shared_counters WHERE name = $1").bind(name);
                query.execute(&mut *connection).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Opens a session that holds the lock of a name. Behind a pooler in transaction mode, a transaction holds it, which stays open.
async fn lock_session(options: &PgConnectOptions, is_pooled: bool, name: &str) -> Outcome<PgConnection> {
    let mut connection = connect(options).await?;
    let statement = if is_pooled {
        let begin = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; DEALLOCATE ALL";
        sqlx::raw_sql(begin).execute(&mut connection).await?;
        "SELECT pg_try_advisory_xact_lock($1, hashtext($2))"
    } else {
        "SELECT pg_try_advisory_lock($1, hashtext($2))"
    };
    let patience = Instant::now() + LOCK_PATIENCE;
    loop {
        let query = sqlx::query_scalar(statement).bind(SESSION_CLASS).bind(name);
        let asked = async { Ok(query.fetch_one(&mut connection).await?) };
        if answer(Instant::now() + QUESTION_TIMEOUT, asked).await? {
            return Ok(connection);
        }
        if Instant::now() >= patience {
            return Err(Failure::Storage(StorageError::Busy("another server holds the lock".into())));
        }
        sleep(LOCK_PAUSE).await;
    }
}

impl PostgresStorage {
    /// Returns how to connect for what needs a session, and whether a pooler in transaction mode is in between all the same.
    fn session_options(&self) -> (PgConnectOptions, bool) {
        match &self.direct {
            Some(direct) => (direct.clone(), false),
            None => ((*self.pool.connect_options()).clone(), self.is_pooled),
        }
    }
}

#[async_trait]
impl ReplicaStore for PostgresStorage {
    async fn announce(&self, replica: &Replica) -> Result<()> {
        self.write(replica.clone(), |connection, replica| {
            Box::pin(async move {
                let key_ids = replica.key_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                sqlx::query(
                    "INSERT INTO replicas (id, version, address, key_ids, connectors, started_at, seen_at) \
                     VALUES ($1, $2, $3, $4, $5, clock_micros() - $6, clock_micros()) \
                     ON CONFLICT (id) DO UPDATE SET version = excluded.version, address = excluded.address, \
                     key_ids = excluded.key_ids, connectors = excluded.connectors, seen_at = clock_micros()",
                )
                .bind(replica.id.as_str())
                .bind(&replica.version)
                .bind(&replica.address)
                .bind(key_ids)
                .bind(&replica.connectors)
                .bind(micros(replica.uptime))
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    async fn live(&self) -> Result<Vec<LiveReplica>> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let listed = sqlx::query(
                    "SELECT r.id, r.version, r.address, r.key_ids, r.connectors, r.started_at, r.seen_at, \
                     coalesce(l.replica_id = r.id AND l.expires_at > clock_micros(), false) AS is_leader \
                     FROM replicas r LEFT JOIN leader l ON true WHERE r.seen_at > clock_micros() - $1 \
                     ORDER BY r.started_at, r.id",
                )
                .bind(micros(REPLICA_LIFE))
                .fetch_all(connection)
                .await?;
                Ok(listed.iter().map(live_replica).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn leave(&self, id: &ReplicaId) -> Result<()> {
        self.write(id.clone(), |connection, id| {
            Box::pin(async move {
                sqlx::query("DELETE FROM replicas WHERE id = $1").bind(id.as_str()).execute(&mut *connection).await?;
                sqlx::query("UPDATE leader SET replica_id = NULL, expires_at = 0 WHERE replica_id = $1")
                    .bind(id.as_str())
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    async fn lead(&self, id: &ReplicaId) -> Result<Option<LeaderFence>> {
        self.write(id.clone(), |connection, id| Box::pin(lead(connection, id))).await
    }

    async fn forget_old(&self) -> Result<()> {
        self.write((), |connection, ()| {
            Box::pin(async move {
                sqlx::query("DELETE FROM replicas WHERE seen_at < clock_micros() - $1")
                    .bind(CHANGE_LIFE)
                    .execute(&mut *connection)
                    .await?;
                sqlx::query("DELETE FROM shared_counters WHERE changed_at < clock_micros() - $1")
                    .bind(COUNTER_LIFE)
                    .execute(&mut *connection)
                    .await?;
                let marks = sqlx::query("DELETE FROM write_marks WHERE marked_at < clock_micros() - $1");
                marks.bind(COUNTER_LIFE).execute(&mut *connection).await?;
                shared_limits::forget(connection).await?;
                forget_changes(connection).await
            })
        })
        .await
    }

    async fn count(&self, names: Vec<String>, rule: CounterRule) -> Result<()> {
        self.write((names, rule), |connection, (names, rule)| Box::pin(count(connection, names, rule))).await
    }

    async fn lease_limit(&self, wish: &LimitWish) -> Result<LimitLease> {
        // One statement is a transaction: it needs no other round trips.
        self.read(wish.clone(), |connection, wish| Box::pin(shared_limits::lease(connection, wish))).await
    }

    async fn block_account(&self, account: &AccountId, blocked_for: Duration) -> Result<()> {
        self.read((account.clone(), blocked_for), |connection, (account, blocked_for)| {
            Box::pin(shared_limits::block(connection, account, *blocked_for))
        })
        .await
    }

    async fn blocked_accounts(&self, account: Option<&AccountId>) -> Result<Vec<(AccountId, Duration)>> {
        self.read(account.cloned(), |connection, account| {
            Box::pin(shared_limits::blocked(connection, account.as_ref()))
        })
        .await
    }

    async fn lock(&self, name: &str) -> Result<SharedLock> {
        let (options, is_pooled) = self.session_options();
        let name = name.to_owned();
        match self.runtime.spawn(async move { lock_session(&options, is_pooled, &name).await }).await {
            Ok(connection) => Ok(Box::new(Mutex::new(connection?))),
            Err(stopped) => Err(StorageError::Closed(stopped.into())),
        }
    }

    async fn watch(&self) -> Result<Box<dyn ChangeWatch>> {
        let (options, is_pooled) = self.session_options();
        let open = async move {
            if is_pooled { watch::Watch::open_pooled(options).await } else { watch::Watch::open(options).await }
        };
        match self.runtime.spawn(open).await {
            Ok(opened) => Ok(Box::new(opened?)),
            Err(stopped) => Err(StorageError::Closed(stopped.into())),
        }
    }

    fn distrust(&self) {
        self.losses.distrust();
    }

    async fn check(&self) -> Result<()> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                sqlx::query("SELECT 1").execute(connection).await?;
                Ok(())
            })
        })
        .await
    }
}
