//! Sealed values, for the rotation of keys.

use std::collections::BTreeSet;

use async_trait::async_trait;
use patchbay_model::{AccountId, KeyId, ProfileId, ProjectId, RowId, Sealed};
use sqlx::{Sqlite, Transaction};

use super::{SqliteStorage, row::Row, row_seals::SEALED_ROWS};
use crate::{Result, SealedPlace, SealedRecord, SealedRecordStore, VAULT_CANARY};

/// Selects the wrapping key of every sealed value. It is the only list of the columns that contain sealed values;
/// `tests/sealed_columns.rs` compares it with the schema.
const WRAPPING_KEYS: &str = "SELECT substr(sealed, 2, 8) AS key FROM account_secrets \
     UNION ALL SELECT substr(sealed, 2, 8) FROM profile_secrets \
     UNION ALL SELECT substr(sealed, 2, 8) FROM pending_authorizations \
     UNION ALL SELECT substr(sealed, 2, 8) FROM idempotency_keys WHERE sealed IS NOT NULL \
     UNION ALL SELECT substr(seal, 2, 8) FROM api_keys WHERE seal IS NOT NULL \
     UNION ALL SELECT substr(seal, 2, 8) FROM login_tokens WHERE seal IS NOT NULL \
     UNION ALL SELECT substr(seal, 2, 8) FROM members WHERE seal IS NOT NULL \
     UNION ALL SELECT substr(seal, 2, 8) FROM browser_sessions WHERE seal IS NOT NULL \
     UNION ALL SELECT substr(seal, 2, 8) FROM connector_versions WHERE seal IS NOT NULL \
     UNION ALL SELECT substr(value, 2, 8) FROM meta WHERE name = 'vault_canary'";

// Each query selects the values of one table that another key wraps, after a primary key.
const SELECT_ACCOUNT_FIELDS: &str = "SELECT a.project_id AS project_id, s.account_id AS owner, s.field AS field, s.sealed AS sealed \
     FROM account_secrets s JOIN accounts a ON a.id = s.account_id \
     WHERE (s.account_id, s.field) > (?, ?) AND substr(s.sealed, 2, 8) <> ? ORDER BY s.account_id, s.field LIMIT ?";
const SELECT_PROFILE_FIELDS: &str = "SELECT p.project_id AS project_id, s.profile_id AS owner, s.field AS field, s.sealed AS sealed \
     FROM profile_secrets s JOIN profiles p ON p.id = s.profile_id \
     WHERE (s.profile_id, s.field) > (?, ?) AND substr(s.sealed, 2, 8) <> ? ORDER BY s.profile_id, s.field LIMIT ?";
const SELECT_PENDING_AUTHORIZATIONS: &str = "SELECT project_id, state_hash, sealed FROM pending_authorizations \
     WHERE state_hash > ? AND substr(sealed, 2, 8) <> ? ORDER BY state_hash LIMIT ?";
const SELECT_KEYED_RESPONSES: &str = "SELECT project_id, key_hash, sealed FROM idempotency_keys \
     WHERE key_hash > ? AND substr(sealed, 2, 8) <> ? ORDER BY key_hash LIMIT ?";
const SELECT_UNBOUND_ACCOUNTS: &str = "SELECT DISTINCT a.project_id AS project_id, s.account_id AS owner \
     FROM account_secrets s JOIN accounts a ON a.id = s.account_id \
     WHERE s.account_id > ? AND substr(s.sealed, 1, 1) = x'01' ORDER BY s.account_id LIMIT ?";
const SELECT_UNBOUND_PROFILES: &str = "SELECT DISTINCT p.project_id AS project_id, s.profile_id AS owner \
     FROM profile_secrets s JOIN profiles p ON p.id = s.profile_id \
     WHERE substr(s.sealed, 1, 1) = x'01' ORDER BY s.profile_id";
const SELECT_CANARY: &str = "SELECT name, value AS sealed FROM meta WHERE name = ? AND substr(value, 2, 8) <> ?";

/// The number of responses that are read at once: each has up to a megabyte.
const MAX_KEYED_RESPONSES: u32 = 20;

fn key_id(row: &Row<'_>) -> Result<KeyId> {
    let bytes: &[u8] = row.get("key")?;
    bytes.try_into().map(KeyId).map_err(|_| row.wrong("sealed", "it is too short to be an envelope"))
}

fn record(row: &Row<'_>, place: SealedPlace) -> Result<SealedRecord> {
    Ok(SealedRecord { place, sealed: Sealed::from_bytes(row.get("sealed")?) })
}

/// A table of sealed fields: its query, its name, and the place of a row.
struct SealedFields {
    query: &'static str,
    table: &'static str,
    place: fn(ProjectId, String, String) -> SealedPlace,
}

const ACCOUNT_FIELDS: SealedFields = SealedFields {
    query: SELECT_ACCOUNT_FIELDS,
    table: "account_secrets",
    place: |project, owner, field| SealedPlace::Account { project, account: AccountId::new(owner), field },
};
const PROFILE_FIELDS: SealedFields = SealedFields {
    query: SELECT_PROFILE_FIELDS,
    table: "profile_secrets",
    place: |project, owner, field| SealedPlace::Profile { project, profile: ProfileId::new(owner), field },
};

impl SqliteStorage {
    async fn sealed_fields(
        &self,
        fields: &SealedFields,
        active: KeyId,
        (owner, field): (&str, &str),
        limit: u32,
    ) -> Result<Vec<SealedRecord>> {
        let query = sqlx::query(fields.query).bind(owner).bind(field).bind(&active.0[..]).bind(i64::from(limit));
        let read = |row| {
            let row = Row::new(fields.table, row, "owner");
            let project = ProjectId::new(row.get::<String>("project_id")?);
            record(&row, (fields.place)(project, row.get("owner")?, row.get("field")?))
        };
        query.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn sealed_authorizations(&self, active: KeyId, after: &[u8], limit: u32) -> Result<Vec<SealedRecord>> {
        let query = sqlx::query(SELECT_PENDING_AUTHORIZATIONS).bind(after).bind(&active.0[..]).bind(i64::from(limit));
        let read = |row| {
            let row = Row::new("pending_authorizations", row, "project_id");
            let project = ProjectId::new(row.get::<String>("project_id")?);
            record(&row, SealedPlace::PendingAuthorization { project, state: row.hash("state_hash")? })
        };
        query.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn sealed_responses(&self, active: KeyId, after: &[u8], limit: u32) -> Result<Vec<SealedRecord>> {
        let limit = limit.min(MAX_KEYED_RESPONSES);
        let query = sqlx::query(SELECT_KEYED_RESPONSES).bind(after).bind(&active.0[..]).bind(i64::from(limit));
        let read = |row| {
            let row = Row::new("idempotency_keys", row, "project_id");
            let project = ProjectId::new(row.get::<String>("project_id")?);
            record(&row, SealedPlace::KeyedResponse { project, key: row.hash("key_hash")? })
        };
        query.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn row_seals(&self, active: KeyId, after: Option<&RowId>, limit: u32) -> Result<Vec<SealedRecord>> {
        for rows in &SEALED_ROWS {
            let from = match after {
                Some(after) if after.kind > rows.kind => continue,
                Some(after) if after.kind == rows.kind => after.key.as_str(),
                _ => "",
            };
            let query = sqlx::query(rows.select).bind(from).bind(&active.0[..]).bind(i64::from(limit));
            let read = |row| {
                let row = Row::new(rows.table, row, "row_key");
                let key = row.get("row_key")?;
                record(&row, SealedPlace::Row(RowId { kind: rows.kind, key }))
            };
            let found = query.fetch_all(&self.readers).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    async fn sealed_canary(&self, active: KeyId) -> Result<Vec<SealedRecord>> {
        let query = sqlx::query(SELECT_CANARY).bind(VAULT_CANARY).bind(&active.0[..]);
        let found = query.fetch_optional(&self.readers).await?;
        found.iter().map(|row| record(&Row::new("meta", row, "name"), SealedPlace::Canary)).collect()
    }
}

async fn exchange(transaction: &mut Transaction<'_, Sqlite>, old: &SealedRecord, new: &Sealed) -> Result<bool> {
    let update = match &old.place {
        SealedPlace::Account { account, field, .. } => {
            sqlx::query("UPDATE account_secrets SET sealed = ? WHERE account_id = ? AND field = ? AND sealed = ?")
                .bind(new.as_bytes())
                .bind(account.as_str())
                .bind(field)
        }
        SealedPlace::Profile { profile, field, .. } => {
            sqlx::query("UPDATE profile_secrets SET sealed = ? WHERE profile_id = ? AND field = ? AND sealed = ?")
                .bind(new.as_bytes())
                .bind(profile.as_str())
                .bind(field)
        }
        SealedPlace::PendingAuthorization { state, .. } => {
            sqlx::query("UPDATE pending_authorizations SET sealed = ? WHERE state_hash = ? AND sealed = ?")
                .bind(new.as_bytes())
                .bind(&state.0[..])
        }
        SealedPlace::KeyedResponse { key, .. } => {
            sqlx::query("UPDATE idempotency_keys SET sealed = ? WHERE key_hash = ? AND sealed = ?")
                .bind(new.as_bytes())
                .bind(&key.0[..])
        }
        SealedPlace::Row(row) => {
            sqlx::query(SEALED_ROWS[row.kind as usize].exchange).bind(new.as_bytes()).bind(&row.key)
        }
        SealedPlace::Canary => sqlx::query("UPDATE meta SET value = ? WHERE name = ? AND value = ?")
            .bind(new.as_bytes())
            .bind(VAULT_CANARY),
    };
    Ok(update.bind(old.sealed.as_bytes()).execute(&mut **transaction).await?.rows_affected() > 0)
}

#[async_trait]
impl SealedRecordStore for SqliteStorage {
    async fn count_by_key(&self) -> Result<Vec<(KeyId, u64)>> {
        let query = format!("SELECT key, count(*) AS wrapped FROM ({WRAPPING_KEYS}) GROUP BY key ORDER BY key");
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&self.readers).await?;
        let count = |row| {
            let row = Row::new("sealed values", row, "key");
            Ok((key_id(&row)?, row.get::<i64>("wrapped")?.unsigned_abs()))
        };
        rows.iter().map(count).collect()
    }

    async fn wrapped_by_others(
        &self,
        active: KeyId,
        after: Option<&SealedPlace>,
        limit: u32,
    ) -> Result<Vec<SealedRecord>> {
        // The first table with a result, in this order: accounts, profiles, pending authorizations, keyed responses, rows,
        // canary.
        let from = match after {
            None => Some(("", "")),
            Some(SealedPlace::Account { account, field, .. }) => Some((account.as_str(), field.as_str())),
            Some(_) => None,
        };
        if let Some(from) = from {
            let found = self.sealed_fields(&ACCOUNT_FIELDS, active, from, limit).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let from = match after {
            None | Some(SealedPlace::Account { .. }) => Some(("", "")),
            Some(SealedPlace::Profile { profile, field, .. }) => Some((profile.as_str(), field.as_str())),
            Some(_) => None,
        };
        if let Some(from) = from {
            let found = self.sealed_fields(&PROFILE_FIELDS, active, from, limit).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let from: Option<&[u8]> = match after {
            Some(SealedPlace::Canary | SealedPlace::Row(_) | SealedPlace::KeyedResponse { .. }) => None,
            Some(SealedPlace::PendingAuthorization { state, .. }) => Some(&state.0),
            _ => Some(&[]),
        };
        if let Some(from) = from {
            let found = self.sealed_authorizations(active, from, limit).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let from: Option<&[u8]> = match after {
            Some(SealedPlace::Canary) => return Ok(Vec::new()),
            Some(SealedPlace::Row(_)) => None,
            Some(SealedPlace::KeyedResponse { key, .. }) => Some(&key.0),
            _ => Some(&[]),
        };
        if let Some(from) = from {
            let found = self.sealed_responses(active, from, limit).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let from = match after {
            Some(SealedPlace::Row(row)) => Some(row),
            _ => None,
        };
        let found = self.row_seals(active, from, limit).await?;
        if found.is_empty() { self.sealed_canary(active).await } else { Ok(found) }
    }

    async fn unbound_accounts(&self, after: Option<&AccountId>, limit: u32) -> Result<Vec<(ProjectId, AccountId)>> {
        let after = after.map_or("", AccountId::as_str);
        let query = sqlx::query(SELECT_UNBOUND_ACCOUNTS).bind(after).bind(i64::from(limit));
        let read = |row| {
            let row = Row::new("account_secrets", row, "owner");
            let project = ProjectId::new(row.get::<String>("project_id")?);
            Ok((project, AccountId::new(row.get::<String>("owner")?)))
        };
        query.fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn unbound_profiles(&self) -> Result<Vec<(ProjectId, ProfileId)>> {
        let read = |row| {
            let row = Row::new("profile_secrets", row, "owner");
            let project = ProjectId::new(row.get::<String>("project_id")?);
            Ok((project, ProfileId::new(row.get::<String>("owner")?)))
        };
        sqlx::query(SELECT_UNBOUND_PROFILES).fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    async fn exchange(&self, changes: &[(SealedRecord, Sealed)]) -> Result<u64> {
        let mut transaction = self.write().await?;
        let (mut exchanged, mut accounts) = (0, BTreeSet::new());
        for (old, new) in changes {
            if !exchange(&mut transaction, old, new).await? {
                continue;
            }
            exchanged += 1;
            if let SealedPlace::Account { account, .. } = &old.place {
                accounts.insert(account);
            }
        }
        for account in accounts {
            sqlx::query("UPDATE accounts SET revision = revision + 1 WHERE id = ?")
                .bind(account.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(exchanged)
    }

    async fn seal_rows(&self, seals: &[(RowId, Sealed)]) -> Result<()> {
        let mut transaction = self.write().await?;
        for (row, seal) in seals {
            sqlx::query(SEALED_ROWS[row.kind as usize].seal)
                .bind(seal.as_bytes())
                .bind(&row.key)
                .execute(&mut *transaction)
                .await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn retire(&self, key: KeyId) -> Result<u64> {
        let mut transaction = self.write().await?;
        let query = format!("SELECT count(*) FROM ({WRAPPING_KEYS}) WHERE key = ?");
        let wrapped: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(&key.0[..]).fetch_one(&mut *transaction).await?;
        if wrapped == 0 {
            sqlx::query("INSERT INTO retired_keys (id) VALUES (?) ON CONFLICT (id) DO NOTHING")
                .bind(&key.0[..])
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
        }
        Ok(wrapped.unsigned_abs())
    }
}
