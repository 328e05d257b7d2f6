//! Sealed values, for the rotation of keys.

use std::collections::BTreeSet;

use async_trait::async_trait;
use patchbay_model::{AccountId, KeyId, ProfileId, ProjectId, RowId, Sealed};
use sqlx::PgConnection;

use super::{PostgresStorage, error::Outcome, locks::lock_key, row_seals::SEALED_ROWS};
use crate::{
    Result, SealedPlace, SealedRecord, SealedRecordStore, VAULT_CANARY,
    rows::{
        Row,
        sealed_records::{WRAPPING_KEYS, batches, key_id, owning_account, owning_profile},
    },
};

const SELECT_UNBOUND_ACCOUNTS: &str = "SELECT DISTINCT a.project_id AS project_id, s.account_id AS owner \
     FROM account_secrets s JOIN accounts a ON a.id = s.account_id \
     WHERE s.account_id > $1 AND substr(s.sealed, 1, 1) = '\\x01' ORDER BY s.account_id LIMIT $2";
const SELECT_UNBOUND_PROFILES: &str = "SELECT DISTINCT p.project_id AS project_id, s.profile_id AS owner \
     FROM profile_secrets s JOIN profiles p ON p.id = s.profile_id \
     WHERE substr(s.sealed, 1, 1) = '\\x01' ORDER BY s.profile_id";
/// Returns the values of the first table that has any after `after`.
async fn wrapped_by_others(
    connection: &mut PgConnection,
    active: KeyId,
    after: Option<&SealedPlace>,
    limit: u32,
) -> Outcome<Vec<SealedRecord>> {
    for batch in batches(after) {
        let found = batch.query(&SEALED_ROWS, active, limit).fetch_all(&mut *connection).await?;
        if !found.is_empty() {
            return Ok(found.iter().map(|row| batch.record(&SEALED_ROWS, row)).collect::<Result<_>>()?);
        }
    }
    Ok(Vec::new())
}

/// Locks the accounts and profiles of these places, in one order. Who changes an account or profile locks it before its secrets.
async fn lock_owners(connection: &mut PgConnection, changes: &[(SealedRecord, Sealed)]) -> Outcome<()> {
    let (mut accounts, mut profiles, mut webhooks) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (old, _) in changes {
        match &old.place {
            SealedPlace::Account { account, .. } => drop(accounts.insert(account.as_str())),
            SealedPlace::Profile { profile, .. } => drop(profiles.insert(profile.as_str())),
            SealedPlace::Webhook { webhook, .. } => drop(webhooks.insert(webhook.0)),
            _ => {}
        }
    }
    sqlx::query("SELECT id FROM accounts WHERE id = ANY($1) ORDER BY id FOR UPDATE")
        .bind(accounts.into_iter().collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    sqlx::query("SELECT id FROM profiles WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
        .bind(profiles.into_iter().collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    sqlx::query("SELECT id FROM webhooks WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
        .bind(webhooks.into_iter().collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

async fn exchange_one(connection: &mut PgConnection, old: &SealedRecord, new: &Sealed) -> Outcome<bool> {
    let update = match &old.place {
        SealedPlace::Account { account, field, .. } => {
            sqlx::query("UPDATE account_secrets SET sealed = $1 WHERE account_id = $2 AND field = $3 AND sealed = $4")
                .bind(new.as_bytes())
                .bind(account.as_str())
                .bind(field)
        }
        SealedPlace::Profile { profile, field, .. } => {
            sqlx::query("UPDATE profile_secrets SET sealed = $1 WHERE profile_id = $2 AND field = $3 AND sealed = $4")
                .bind(new.as_bytes())
                .bind(profile.as_str())
                .bind(field)
        }
        SealedPlace::PendingAuthorization { state, .. } => {
            sqlx::query("UPDATE pending_authorizations SET sealed = $1 WHERE state_hash = $2 AND sealed = $3")
                .bind(new.as_bytes())
                .bind(&state.0[..])
        }
        SealedPlace::KeyedResponse { key, .. } => {
            sqlx::query("UPDATE idempotency_keys SET sealed = $1 WHERE key_hash = $2 AND sealed = $3")
                .bind(new.as_bytes())
                .bind(&key.0[..])
        }
        SealedPlace::Webhook { webhook, field, .. } => {
            sqlx::query("UPDATE webhook_secrets SET sealed = $1 WHERE webhook_id = $2 AND field = $3 AND sealed = $4")
                .bind(new.as_bytes())
                .bind(webhook.0)
                .bind(field)
        }
        // The revision keeps a writer that read it before from storing the former key again.
        SealedPlace::InboxEndpoint { endpoint, .. } => {
            sqlx::query("UPDATE inbox_endpoints SET sealed = $1, revision = revision + 1 WHERE id = $2 AND sealed = $3")
                .bind(new.as_bytes())
                .bind(endpoint)
        }
        SealedPlace::InboxEvent { event, .. } => {
            sqlx::query("UPDATE inbox_events SET sealed = $1 WHERE id = $2 AND sealed = $3")
                .bind(new.as_bytes())
                .bind(event)
        }
        SealedPlace::Row(row) => {
            sqlx::query(SEALED_ROWS[row.kind as usize].exchange).bind(new.as_bytes()).bind(&row.key)
        }
        SealedPlace::Canary => sqlx::query("UPDATE meta SET value = $1 WHERE name = $2 AND value = $3")
            .bind(new.as_bytes())
            .bind(VAULT_CANARY),
    };
    Ok(update.bind(old.sealed.as_bytes()).execute(connection).await?.rows_affected() > 0)
}

async fn exchange(connection: &mut PgConnection, changes: &[(SealedRecord, Sealed)]) -> Outcome<u64> {
    lock_owners(connection, changes).await?;
    let (mut exchanged, mut accounts, mut webhooks) = (0, BTreeSet::new(), BTreeSet::new());
    for (old, new) in changes {
        if !exchange_one(connection, old, new).await? {
            continue;
        }
        exchanged += 1;
        match &old.place {
            SealedPlace::Account { account, .. } => drop(accounts.insert(account.as_str())),
            SealedPlace::Webhook { webhook, .. } => drop(webhooks.insert(webhook.0)),
            _ => {}
        }
    }
    sqlx::query("UPDATE accounts SET revision = revision + 1 WHERE id = ANY($1)")
        .bind(accounts.into_iter().collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE webhooks SET revision = revision + 1 WHERE id = ANY($1)")
        .bind(webhooks.into_iter().collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(exchanged)
}

async fn retire(connection: &mut PgConnection, key: KeyId) -> Outcome<u64> {
    // Waits for the transactions that wrote envelopes of the key. Later ones wait for this one, and find the key retired.
    lock_key(connection, &key.0).await?;
    let query = format!("SELECT count(*) FROM ({WRAPPING_KEYS}) wrapped WHERE key = $1");
    let query = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(query)).bind(&key.0[..]);
    let wrapped = query.fetch_one(&mut *connection).await?;
    if wrapped == 0 {
        sqlx::query("INSERT INTO retired_keys (id) VALUES ($1) ON CONFLICT (id) DO NOTHING")
            .bind(&key.0[..])
            .execute(connection)
            .await?;
    }
    Ok(wrapped.unsigned_abs())
}

#[async_trait]
impl SealedRecordStore for PostgresStorage {
    async fn count_by_key(&self) -> Result<Vec<(KeyId, u64)>> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let query =
                    format!("SELECT key, count(*) AS wrapped FROM ({WRAPPING_KEYS}) wrapped GROUP BY key ORDER BY key");
                let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(connection).await?;
                let count = |row| {
                    let row = Row::new("sealed values", row, "key");
                    Ok((key_id(&row)?, row.get::<i64>("wrapped")?.unsigned_abs()))
                };
                Ok(rows.iter().map(count).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn wrapped_by_others(
        &self,
        active: KeyId,
        after: Option<&SealedPlace>,
        limit: u32,
    ) -> Result<Vec<SealedRecord>> {
        self.read((active, after.cloned(), limit), |connection, (active, after, limit)| {
            Box::pin(wrapped_by_others(connection, *active, after.as_ref(), *limit))
        })
        .await
    }

    async fn unbound_accounts(&self, after: Option<&AccountId>, limit: u32) -> Result<Vec<(ProjectId, AccountId)>> {
        self.read((after.cloned(), limit), |connection, (after, limit)| {
            Box::pin(async move {
                let after = after.as_ref().map_or("", AccountId::as_str);
                let query = sqlx::query(SELECT_UNBOUND_ACCOUNTS).bind(after).bind(i64::from(*limit));
                Ok(query.fetch_all(connection).await?.iter().map(owning_account).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn unbound_profiles(&self) -> Result<Vec<(ProjectId, ProfileId)>> {
        self.read((), |connection, ()| {
            Box::pin(async move {
                let rows = sqlx::query(SELECT_UNBOUND_PROFILES).fetch_all(connection).await?;
                Ok(rows.iter().map(owning_profile).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn exchange(&self, changes: &[(SealedRecord, Sealed)]) -> Result<u64> {
        self.write(changes.to_vec(), |connection, changes| Box::pin(exchange(connection, changes))).await
    }

    async fn seal_rows(&self, seals: &[(RowId, Sealed)]) -> Result<()> {
        self.write(seals.to_vec(), |connection, seals| {
            Box::pin(async move {
                for (row, seal) in seals {
                    sqlx::query(SEALED_ROWS[row.kind as usize].seal)
                        .bind(seal.as_bytes())
                        .bind(&row.key)
                        .execute(&mut *connection)
                        .await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn retire(&self, key: KeyId) -> Result<u64> {
        self.write(key, |connection, key| Box::pin(retire(connection, *key))).await
    }
}
