//! Sealed values, for the rotation of keys.

use std::collections::BTreeSet;

use async_trait::async_trait;
use patchbay_model::{AccountId, KeyId, ProfileId, ProjectId, RowId, Sealed};
use sqlx::{Sqlite, Transaction};

use super::{SqliteStorage, row_seals::SEALED_ROWS};
use crate::{
    Result, SealedPlace, SealedRecord, SealedRecordStore, VAULT_CANARY,
    rows::{
        Row,
        sealed_records::{WRAPPING_KEYS, batches, key_id, owning_account, owning_profile},
    },
};

const SELECT_UNBOUND_ACCOUNTS: &str = "SELECT DISTINCT a.project_id AS project_id, s.account_id AS owner \
     FROM account_secrets s JOIN accounts a ON a.id = s.account_id \
     WHERE s.account_id > ? AND substr(s.sealed, 1, 1) = x'01' ORDER BY s.account_id LIMIT ?";
const SELECT_UNBOUND_PROFILES: &str = "SELECT DISTINCT p.project_id AS project_id, s.profile_id AS owner \
     FROM profile_secrets s JOIN profiles p ON p.id = s.profile_id \
     WHERE substr(s.sealed, 1, 1) = x'01' ORDER BY s.profile_id";

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
        SealedPlace::Webhook { webhook, field, .. } => {
            sqlx::query("UPDATE webhook_secrets SET sealed = ? WHERE webhook_id = ? AND field = ? AND sealed = ?")
                .bind(new.as_bytes())
                .bind(webhook.0)
                .bind(field)
        }
        // The revision keeps a writer that read it before from storing the former key again.
        SealedPlace::InboxEndpoint { endpoint, .. } => {
            sqlx::query("UPDATE inbox_endpoints SET sealed = ?, revision = revision + 1 WHERE id = ? AND sealed = ?")
                .bind(new.as_bytes())
                .bind(endpoint)
        }
        SealedPlace::InboxEvent { event, .. } => {
            sqlx::query("UPDATE inbox_events SET sealed = ? WHERE id = ? AND sealed = ?")
                .bind(new.as_bytes())
                .bind(event)
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
        for batch in batches(after) {
            let found = batch.query(&SEALED_ROWS, active, limit).fetch_all(&self.readers).await?;
            if !found.is_empty() {
                return found.iter().map(|row| batch.record(&SEALED_ROWS, row)).collect();
            }
        }
        Ok(Vec::new())
    }

    async fn unbound_accounts(&self, after: Option<&AccountId>, limit: u32) -> Result<Vec<(ProjectId, AccountId)>> {
        let after = after.map_or("", AccountId::as_str);
        let query = sqlx::query(SELECT_UNBOUND_ACCOUNTS).bind(after).bind(i64::from(limit));
        query.fetch_all(&self.readers).await?.iter().map(owning_account).collect()
    }

    async fn unbound_profiles(&self) -> Result<Vec<(ProjectId, ProfileId)>> {
        sqlx::query(SELECT_UNBOUND_PROFILES).fetch_all(&self.readers).await?.iter().map(owning_profile).collect()
    }

    async fn exchange(&self, changes: &[(SealedRecord, Sealed)]) -> Result<u64> {
        let mut transaction = self.write().await?;
        let (mut exchanged, mut accounts, mut webhooks) = (0, BTreeSet::new(), BTreeSet::new());
        for (old, new) in changes {
            if !exchange(&mut transaction, old, new).await? {
                continue;
            }
            exchanged += 1;
            match &old.place {
                SealedPlace::Account { account, .. } => drop(accounts.insert(account)),
                SealedPlace::Webhook { webhook, .. } => drop(webhooks.insert(webhook)),
                _ => {}
            }
        }
        for account in accounts {
            sqlx::query("UPDATE accounts SET revision = revision + 1 WHERE id = ?")
                .bind(account.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        for webhook in webhooks {
            sqlx::query("UPDATE webhooks SET revision = revision + 1 WHERE id = ?")
                .bind(webhook.0)
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
