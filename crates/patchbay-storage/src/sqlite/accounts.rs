//! Linked accounts, with their sealed secrets.

use std::collections::BTreeMap;

use async_trait::async_trait;
use patchbay_model::{
    Account, AccountId, AccountStatus, OutboxEvent, Owner, ProfileId, ProjectId, SessionId, Timestamp,
};
use sqlx::{QueryBuilder, Sqlite, Transaction, sqlite::SqliteRow};

use super::{SqliteStorage, secrets::Secrets, sessions, webhooks};
use crate::{
    AccountFilter, AccountStore, InsertRule, Page, Result, StorageError,
    rows::{self, to_json, window},
};

fn account(row: &SqliteRow) -> Result<Account> {
    rows::account(row, BTreeMap::new())
}

/// Converts rows to accounts and reads their secrets.
async fn complete(transaction: &mut Transaction<'_, Sqlite>, rows: &[SqliteRow]) -> Result<Vec<Account>> {
    let mut accounts = rows.iter().map(account).collect::<Result<Vec<_>>>()?;
    let ids = accounts.iter().map(|account| account.id.as_str()).collect::<Vec<_>>();
    let mut secrets = Secrets::Account.of(transaction, &ids).await?;
    for account in &mut accounts {
        account.secrets = secrets.remove(account.id.as_str()).unwrap_or_default();
    }
    Ok(accounts)
}

async fn find(
    transaction: &mut Transaction<'_, Sqlite>,
    project: &ProjectId,
    id: &AccountId,
) -> Result<Option<Account>> {
    let rows = sqlx::query("SELECT * FROM accounts WHERE project_id = ? AND id = ?")
        .bind(project.as_str())
        .bind(id.as_str())
        .fetch_all(&mut **transaction)
        .await?;
    Ok(complete(transaction, &rows).await?.pop())
}

async fn find_owned(
    transaction: &mut Transaction<'_, Sqlite>,
    project: &ProjectId,
    owner: &Owner,
    connector: &str,
) -> Result<Option<Account>> {
    let rows = sqlx::query(
        "SELECT * FROM accounts WHERE project_id = ? AND owner_id = ? AND owner_name = ? AND connector = ? \
         ORDER BY created_at, id LIMIT 1",
    )
    .bind(project.as_str())
    .bind(&owner.id)
    .bind(&owner.name)
    .bind(connector)
    .fetch_all(&mut **transaction)
    .await?;
    Ok(complete(transaction, &rows).await?.pop())
}

/// Adds a condition with one bound value for any length of the list: few distinct statements are prepared, and a list
/// cannot exceed SQLite's limit of parameters (sqlite.org/limits.html, item 9).
fn push_in<T: ToString>(query: &mut QueryBuilder<Sqlite>, column: &str, values: &[T]) -> Result<()> {
    if !values.is_empty() {
        let values = values.iter().map(ToString::to_string).collect::<Vec<_>>();
        query.push(format!(" AND a.{column} IN (SELECT value FROM json_each("));
        query.push_bind(to_json(&values)?).push("))");
    }
    Ok(())
}

/// Returns a `LIKE` pattern that matches strings which contain `text`. `\` is its escape character.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn push_filter(query: &mut QueryBuilder<Sqlite>, project: &ProjectId, filter: &AccountFilter) -> Result<()> {
    query.push(" FROM accounts a WHERE a.project_id = ").push_bind(project.as_str().to_owned());
    push_in(query, "id", &filter.ids)?;
    push_in(query, "connector", &filter.connectors)?;
    push_in(query, "owner_id", &filter.owner_ids)?;
    push_in(query, "profile_id", &filter.profile_ids)?;
    push_in(query, "status", &filter.statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>())?;
    if let Some(kind) = filter.kind {
        query.push(" AND a.kind = ").push_bind(kind.as_str());
    }
    if let Some(since) = filter.created_since {
        query.push(" AND a.created_at >= ").push_bind(since.as_micros());
    }
    if let Some(before) = filter.created_before {
        query.push(" AND a.created_at < ").push_bind(before.as_micros());
    }
    if let Some(by) = filter.reconnect_due_by {
        // Moments have a fixed format, so comparing the strings compares the moments.
        query.push(
            " AND a.status IN ('active', 'suspended') \
             AND EXISTS (SELECT 1 FROM json_each(a.expiries) e WHERE e.value ->> '$.notify_from' <= ",
        );
        query.push_bind(by.to_rfc3339()).push(")");
    }
    if !filter.search.is_empty() {
        query.push(" AND (");
        for (index, column) in
            ["id", "label", "connector", "owner_id", "owner_name", "owner_username"].iter().enumerate()
        {
            query.push(if index == 0 { "" } else { " OR " }).push(format!("a.{column} LIKE "));
            query.push_bind(pattern(&filter.search)).push(" ESCAPE '\\'");
        }
        query.push(")");
    }
    if let Some(active) = filter.profile_active {
        query.push(" AND (a.status <> 'active' OR (SELECT p.active FROM profiles p WHERE p.id = a.profile_id) = ");
        query.push_bind(active).push(")");
    }
    Ok(())
}

/// Replaces an account with its secrets. Returns false if the account does not exist; a conflict if the stored revision
/// is not `read_revision`.
pub(super) async fn replace(
    transaction: &mut Transaction<'_, Sqlite>,
    changed: &Account,
    read_revision: i64,
) -> Result<bool> {
    let stored: Option<i64> = sqlx::query_scalar("SELECT revision FROM accounts WHERE project_id = ? AND id = ?")
        .bind(changed.project_id.as_str())
        .bind(changed.id.as_str())
        .fetch_optional(&mut **transaction)
        .await?;
    match stored {
        None => return Ok(false),
        Some(version) if version != read_revision => {
            return Err(StorageError::Conflict("another request changed the account; read it again"));
        }
        Some(_) => {}
    }
    sqlx::query(
            "UPDATE accounts SET profile_id = ?, connector_version = ?, auth_config_key = ?, environment = ?, \
             owner_id = ?, owner_name = ?, owner_username = ?, label = ?, kind = ?, shared = ?, status = ?, status_reasons = ?, setup_information = ?, \
             metadata = ?, revision = ?, updated_at = ?, token = ?, refresh_at = ?, expiries = ?, notify_at = ?, missing_scopes = ? WHERE project_id = ? AND id = ?",
        )
        .bind(changed.profile_id.as_str())
        .bind(&changed.connector_version)
        .bind(&changed.auth_config_key)
        .bind(&changed.environment)
        .bind(&changed.owner.id)
        .bind(&changed.owner.name)
        .bind(&changed.owner.username)
        .bind(&changed.label)
        .bind(changed.kind.as_str())
        .bind(changed.shared)
        .bind(changed.status.as_str())
        .bind(to_json(&changed.status_reasons)?)
        .bind(to_json(&changed.setup_information)?)
        .bind(to_json(&changed.metadata)?)
        .bind(changed.revision)
        .bind(changed.updated_at.as_micros())
        .bind(changed.token.as_ref().map(to_json).transpose()?)
        .bind(changed.refresh_at.map(Timestamp::as_micros))
        .bind(to_json(&changed.expiries)?)
        .bind(changed.next_notice_at().map(Timestamp::as_micros))
        .bind(to_json(&changed.missing_scopes)?)
        .bind(changed.project_id.as_str())
        .bind(changed.id.as_str())
        .execute(&mut **transaction)
        .await?;
    Secrets::Account.replace(transaction, changed.id.as_str(), &changed.secrets).await?;
    Ok(true)
}

/// Adds an account with its secrets; a conflict if `rule` forbids a second account.
async fn add(transaction: &mut Transaction<'_, Sqlite>, new: &Account, rule: InsertRule) -> Result<()> {
    if rule == InsertRule::OnePerOwner
        && find_owned(transaction, &new.project_id, &new.owner, &new.connector).await?.is_some()
    {
        return Err(StorageError::Conflict("the owner already has an account with this connector"));
    }
    sqlx::query(
            "INSERT INTO accounts (id, project_id, profile_id, connector, connector_version, auth_config_key, environment, \
             owner_id, owner_name, owner_username, label, kind, shared, status, status_reasons, setup_information, metadata, \
             revision, created_at, updated_at, token, refresh_at, expiries, notify_at, missing_scopes) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(new.id.as_str())
        .bind(new.project_id.as_str())
        .bind(new.profile_id.as_str())
        .bind(&new.connector)
        .bind(&new.connector_version)
        .bind(&new.auth_config_key)
        .bind(&new.environment)
        .bind(&new.owner.id)
        .bind(&new.owner.name)
        .bind(&new.owner.username)
        .bind(&new.label)
        .bind(new.kind.as_str())
        .bind(new.shared)
        .bind(new.status.as_str())
        .bind(to_json(&new.status_reasons)?)
        .bind(to_json(&new.setup_information)?)
        .bind(to_json(&new.metadata)?)
        .bind(new.revision)
        .bind(new.created_at.as_micros())
        .bind(new.updated_at.as_micros())
        .bind(new.token.as_ref().map(to_json).transpose()?)
        .bind(new.refresh_at.map(Timestamp::as_micros))
        .bind(to_json(&new.expiries)?)
        .bind(new.next_notice_at().map(Timestamp::as_micros))
        .bind(to_json(&new.missing_scopes)?)
        .execute(&mut **transaction)
        .await?;
    Secrets::Account.replace(transaction, new.id.as_str(), &new.secrets).await?;
    Ok(())
}

#[async_trait]
impl AccountStore for SqliteStorage {
    async fn insert(&self, account: &Account, rule: InsertRule) -> Result<()> {
        let mut transaction = self.write().await?;
        add(&mut transaction, account, rule).await?;
        Ok(transaction.commit().await?)
    }

    async fn link(
        &self,
        account: &Account,
        rule: InsertRule,
        session: SessionId,
        now: Timestamp,
        events: &[OutboxEvent],
    ) -> Result<()> {
        let mut transaction = self.write().await?;
        sessions::use_for(&mut transaction, session, account, now).await?;
        add(&mut transaction, account, rule).await?;
        webhooks::record_all(&mut transaction, events).await?;
        Ok(transaction.commit().await?)
    }

    async fn get(&self, project: &ProjectId, id: &AccountId) -> Result<Option<Account>> {
        let account = find(&mut self.read().await?, project, id).await?;
        self.found(account)
    }

    async fn find_by_owner(&self, project: &ProjectId, owner: &Owner, connector: &str) -> Result<Option<Account>> {
        let account = find_owned(&mut self.read().await?, project, owner, connector).await?;
        // A new link always finds nothing: it must not wait for the first check.
        self.complete(account)
    }

    async fn list(&self, project: &ProjectId, filter: &AccountFilter) -> Result<Page<Account>> {
        let mut transaction = self.read().await?;
        let mut count = QueryBuilder::new("SELECT count(*)");
        push_filter(&mut count, project, filter)?;
        let total: i64 = count.build_query_scalar().fetch_one(&mut *transaction).await?;
        let mut select = QueryBuilder::new("SELECT a.*");
        push_filter(&mut select, project, filter)?;
        let (limit, offset) = window(filter.page, filter.page_size);
        select.push(" ORDER BY a.created_at DESC, a.id LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(offset);
        let rows = select.build().fetch_all(&mut *transaction).await?;
        self.complete(Page { items: complete(&mut transaction, &rows).await?, total: total.unsigned_abs() })
    }

    async fn count(&self, limit: u32) -> Result<Vec<(String, AccountStatus, u64)>> {
        let rows = sqlx::query(rows::COUNT_ACCOUNTS).bind(i64::from(limit)).fetch_all(&self.readers).await?;
        rows.iter().map(rows::account_count).collect()
    }

    async fn token_client_ids(&self, project: &ProjectId, profile: &ProfileId) -> Result<Vec<String>> {
        let clients = sqlx::query_scalar(
            "SELECT DISTINCT token ->> '$.client_id' AS client FROM accounts \
             WHERE project_id = ? AND profile_id = ? AND client IS NOT NULL ORDER BY client",
        );
        Ok(clients.bind(project.as_str()).bind(profile.as_str()).fetch_all(&self.readers).await?)
    }

    async fn update(&self, changed: &Account, read_revision: i64, events: &[OutboxEvent]) -> Result<bool> {
        let mut transaction = self.write().await?;
        let is_there = replace(&mut transaction, changed, read_revision).await?;
        if is_there {
            webhooks::record_all(&mut transaction, events).await?;
        }
        transaction.commit().await?;
        self.hit(is_there)
    }

    async fn relink(
        &self,
        changed: &Account,
        read_revision: i64,
        session: SessionId,
        now: Timestamp,
        events: &[OutboxEvent],
    ) -> Result<bool> {
        let mut transaction = self.write().await?;
        let is_there = replace(&mut transaction, changed, read_revision).await?;
        if is_there {
            sessions::use_for(&mut transaction, session, changed, now).await?;
            webhooks::record_all(&mut transaction, events).await?;
        }
        transaction.commit().await?;
        self.hit(is_there)
    }

    async fn delete(&self, project: &ProjectId, id: &AccountId, events: &[OutboxEvent]) -> Result<Option<Account>> {
        let mut transaction = self.write().await?;
        let Some(found) = find(&mut transaction, project, id).await? else { return self.found(None) };
        // The foreign key deletes the secrets (ON DELETE CASCADE).
        sqlx::query("DELETE FROM accounts WHERE project_id = ? AND id = ?")
            .bind(project.as_str())
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await?;
        // The foreign key deletes the attempts of the sessions.
        sqlx::query(
            "DELETE FROM connect_sessions WHERE project_id = ?1 AND (account_id = ?2 \
             OR (linked_account_id = ?2 AND multiple = 0) OR (owner_id = ?3 AND NOT EXISTS \
             (SELECT 1 FROM accounts WHERE project_id = ?1 AND owner_id = ?3)))",
        )
        .bind(project.as_str())
        .bind(id.as_str())
        .bind(&found.owner.id)
        .execute(&mut *transaction)
        .await?;
        webhooks::record_all(&mut transaction, events).await?;
        transaction.commit().await?;
        Ok(Some(found))
    }
}
