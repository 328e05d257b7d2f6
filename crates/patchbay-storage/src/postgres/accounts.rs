//! Linked accounts, with their sealed secrets.

use async_trait::async_trait;
use patchbay_model::{
    Account, AccountId, AccountStatus, OutboxEvent, Owner, ProfileId, ProjectId, SessionId, Timestamp,
};
use sqlx::{PgConnection, Postgres, QueryBuilder, postgres::PgRow};

use super::{
    PostgresStorage,
    error::{Failure, Outcome},
    locks::lock,
    secrets::{Secrets, secrets},
    sessions, webhooks,
};
use crate::{
    AccountFilter, AccountStore, InsertRule, Page, Result, StorageError,
    rows::{self, to_json, window},
};

fn account(row: &PgRow) -> Result<Account> {
    rows::account(row, secrets("accounts", row)?)
}

/// Selects accounts (`a`) with their secrets. `$rest` begins with the rest of `FROM`.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.project_id, a.profile_id, a.connector, a.connector_version, a.auth_config_key, a.environment, \
             a.owner_id, a.owner_name, a.owner_username, a.label, a.kind, a.shared, a.status, a.status_reasons, \
             a.setup_information, a.metadata, a.token, a.missing_scopes, a.refresh_at, a.expiries, a.revision, a.created_at, \
             a.updated_at, \
             ARRAY(SELECT s.field FROM account_secrets s WHERE s.account_id = a.id ORDER BY s.field) AS secret_fields, \
             ARRAY(SELECT s.sealed FROM account_secrets s WHERE s.account_id = a.id ORDER BY s.field) AS secret_values \
             FROM accounts a",
            $rest
        )
    };
}

/// Locks an account until the transaction ends, and returns its revision; none if the project does not have it.
pub(super) async fn lock_account(
    connection: &mut PgConnection,
    project: &ProjectId,
    id: &AccountId,
) -> Outcome<Option<i64>> {
    let query = sqlx::query_scalar("SELECT revision FROM accounts WHERE project_id = $1 AND id = $2 FOR UPDATE");
    Ok(query.bind(project.as_str()).bind(id.as_str()).fetch_optional(connection).await?)
}

async fn find(connection: &mut PgConnection, project: &ProjectId, id: &AccountId) -> Outcome<Option<Account>> {
    let query = sqlx::query(select!(" WHERE a.project_id = $1 AND a.id = $2"));
    let row = query.bind(project.as_str()).bind(id.as_str()).fetch_optional(connection).await?;
    Ok(row.as_ref().map(account).transpose()?)
}

async fn find_owned(
    connection: &mut PgConnection,
    project: &ProjectId,
    owner: &Owner,
    connector: &str,
) -> Outcome<Option<Account>> {
    let row = sqlx::query(select!(
        " WHERE a.project_id = $1 AND hashtextextended(a.owner_id, 0) = hashtextextended($2::text COLLATE \"C\", 0) \
         AND a.owner_id = $2 AND a.owner_name = $3 AND a.connector = $4 ORDER BY a.created_at, a.id LIMIT 1"
    ))
    .bind(project.as_str())
    .bind(&owner.id)
    .bind(&owner.name)
    .bind(connector)
    .fetch_optional(connection)
    .await?;
    Ok(row.as_ref().map(account).transpose()?)
}

/// Adds a condition with one bound value for any length of the list.
fn push_in<T: ToString>(query: &mut QueryBuilder<Postgres>, column: &str, values: &[T]) {
    if !values.is_empty() {
        query.push(format!(" AND a.{column} = ANY("));
        query.push_bind(values.iter().map(ToString::to_string).collect::<Vec<_>>()).push(")");
    }
}

/// Returns a `LIKE` pattern that matches strings which contain `text`, whose ASCII letters are in lower case. `\` is its escape
/// character.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
}

fn push_filter(query: &mut QueryBuilder<Postgres>, project: &ProjectId, filter: &AccountFilter) {
    query.push(" WHERE a.project_id = ").push_bind(project.as_str().to_owned());
    push_in(query, "id", &filter.ids);
    push_in(query, "connector", &filter.connectors);
    push_in(query, "owner_id", &filter.owner_ids);
    push_in(query, "profile_id", &filter.profile_ids);
    push_in(query, "status", &filter.statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>());
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
        query.push(" AND a.status IN ('active', 'suspended') AND a.first_notice_at <= ").push_bind(by.as_micros());
    }
    if !filter.search.is_empty() {
        query.push(" AND (");
        for (index, column) in
            ["id", "label", "connector", "owner_id", "owner_name", "owner_username"].iter().enumerate()
        {
            // The columns have the collation "C": `lower` changes only ASCII letters, on every server.
            query.push(if index == 0 { "" } else { " OR " }).push(format!("lower(a.{column}) LIKE "));
            query.push_bind(pattern(&filter.search)).push(" ESCAPE '\\'");
        }
        query.push(")");
    }
    if let Some(active) = filter.profile_active {
        query.push(" AND (a.status <> 'active' OR (SELECT p.active FROM profiles p WHERE p.id = a.profile_id) = ");
        query.push_bind(active).push(")");
    }
}

async fn list(connection: &mut PgConnection, project: &ProjectId, filter: &AccountFilter) -> Outcome<Page<Account>> {
    let mut count = QueryBuilder::new("SELECT count(*) FROM accounts a");
    push_filter(&mut count, project, filter);
    let total: i64 = count.build_query_scalar().fetch_one(&mut *connection).await?;
    let mut select = QueryBuilder::new(select!(""));
    push_filter(&mut select, project, filter);
    let (limit, offset) = window(filter.page, filter.page_size);
    select.push(" ORDER BY a.created_at DESC, a.id LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(offset);
    let rows = select.build().fetch_all(connection).await?;
    Ok(Page { items: rows.iter().map(account).collect::<Result<_>>()?, total: total.unsigned_abs() })
}

/// Returns when the earliest notice of an expiry is due, sent or not.
fn first_notice_at(account: &Account) -> Option<i64> {
    account.expiries.iter().map(|expiry| expiry.notify_from.as_micros()).min()
}

/// Returns the id of the OAuth client that the account's token was issued to.
fn token_client_id(account: &Account) -> Option<&str> {
    account.token.as_ref().and_then(|token| token.client_id.as_deref())
}

/// Replaces an account with its secrets. Returns false if the account does not exist; a conflict if the stored revision
/// is not `read_revision`.
pub(super) async fn replace(connection: &mut PgConnection, changed: &Account, read_revision: i64) -> Outcome<bool> {
    match lock_account(connection, &changed.project_id, &changed.id).await? {
        None => return Ok(false),
        Some(version) if version != read_revision => {
            return Err(Failure::Storage(StorageError::Conflict("another request changed the account; read it again")));
        }
        Some(_) => {}
    }
    sqlx::query(
        "UPDATE accounts SET profile_id = $1, connector_version = $2, auth_config_key = $3, environment = $4, owner_id = $5, \
         owner_name = $6, owner_username = $7, label = $8, kind = $9, shared = $10, status = $11, status_reasons = $12, \
         setup_information = $13, metadata = $14, revision = $15, updated_at = $16, token = $17, token_client_id = $18, \
         refresh_at = $19, expiries = $20, first_notice_at = $21, notify_at = $22, missing_scopes = $23 \
         WHERE project_id = $24 AND id = $25",
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
    .bind(token_client_id(changed))
    .bind(changed.refresh_at.map(Timestamp::as_micros))
    .bind(to_json(&changed.expiries)?)
    .bind(first_notice_at(changed))
    .bind(changed.next_notice_at().map(Timestamp::as_micros))
    .bind(to_json(&changed.missing_scopes)?)
    .bind(changed.project_id.as_str())
    .bind(changed.id.as_str())
    .execute(&mut *connection)
    .await?;
    Secrets::Account.replace(connection, changed.id.as_str(), &changed.secrets).await?;
    Ok(true)
}

/// Adds an account with its secrets; a conflict if `rule` forbids a second account.
async fn add(connection: &mut PgConnection, new: &Account, rule: InsertRule) -> Outcome<()> {
    if rule == InsertRule::OnePerOwner {
        // Several links of one owner look one after the other.
        lock(connection, &("account of owner", &new.project_id, &new.owner.id, &new.owner.name, &new.connector))
            .await?;
        if find_owned(connection, &new.project_id, &new.owner, &new.connector).await?.is_some() {
            let refused = StorageError::Conflict("the owner already has an account with this connector");
            return Err(Failure::Storage(refused));
        }
    }
    sqlx::query(
        "INSERT INTO accounts (id, project_id, profile_id, connector, connector_version, auth_config_key, environment, owner_id, \
         owner_name, owner_username, label, kind, shared, status, status_reasons, setup_information, metadata, revision, \
         created_at, updated_at, token, token_client_id, refresh_at, expiries, first_notice_at, notify_at, missing_scopes) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, \
         $25, $26, $27)",
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
    .bind(token_client_id(new))
    .bind(new.refresh_at.map(Timestamp::as_micros))
    .bind(to_json(&new.expiries)?)
    .bind(first_notice_at(new))
    .bind(new.next_notice_at().map(Timestamp::as_micros))
    .bind(to_json(&new.missing_scopes)?)
    .execute(&mut *connection)
    .await?;
    Secrets::Account.replace(connection, new.id.as_str(), &new.secrets).await
}

async fn delete(connection: &mut PgConnection, project: &ProjectId, id: &AccountId) -> Outcome<Option<Account>> {
    if lock_account(connection, project, id).await?.is_none() {
        return Ok(None);
    }
    let Some(found) = find(connection, project, id).await? else { return Ok(None) };
    // Deletions of an owner's last two accounts follow each other: the second one sees that none is left.
    lock(connection, &("accounts of owner", project, &found.owner.id)).await?;
    // The foreign key deletes the secrets (ON DELETE CASCADE).
    sqlx::query("DELETE FROM accounts WHERE project_id = $1 AND id = $2")
        .bind(project.as_str())
        .bind(id.as_str())
        .execute(&mut *connection)
        .await?;
    // The foreign key deletes the attempts of the sessions.
    sqlx::query(
        "DELETE FROM connect_sessions WHERE project_id = $1 AND (account_id = $2 \
         OR (linked_account_id = $2 AND NOT multiple) \
         OR (hashtextextended(owner_id, 0) = hashtextextended($3::text COLLATE \"C\", 0) AND owner_id = $3 AND NOT EXISTS \
         (SELECT 1 FROM accounts WHERE project_id = $1 \
         AND hashtextextended(owner_id, 0) = hashtextextended($3::text COLLATE \"C\", 0) AND owner_id = $3)))",
    )
    .bind(project.as_str())
    .bind(id.as_str())
    .bind(&found.owner.id)
    .execute(connection)
    .await?;
    Ok(Some(found))
}

#[async_trait]
impl AccountStore for PostgresStorage {
    async fn insert(&self, account: &Account, rule: InsertRule) -> Result<()> {
        let new = (account.clone(), rule);
        self.write(new, |connection, (account, rule)| Box::pin(add(connection, account, *rule))).await
    }

    async fn link(
        &self,
        account: &Account,
        rule: InsertRule,
        session: SessionId,
        now: Timestamp,
        events: &[OutboxEvent],
    ) -> Result<()> {
        let new = (account.clone(), rule, session, now, events.to_vec());
        self.write(new, |connection, (account, rule, session, now, events)| {
            Box::pin(async move {
                sessions::use_for(connection, *session, account, *now).await?;
                add(connection, account, *rule).await?;
                webhooks::record_all(connection, events).await
            })
        })
        .await
    }

    async fn get(&self, project: &ProjectId, id: &AccountId) -> Result<Option<Account>> {
        let wanted = (project.clone(), id.clone());
        self.read(wanted, |connection, (project, id)| Box::pin(find(connection, project, id))).await
    }

    async fn find_by_owner(&self, project: &ProjectId, owner: &Owner, connector: &str) -> Result<Option<Account>> {
        let wanted = (project.clone(), owner.clone(), connector.to_owned());
        self.read(wanted, |connection, (project, owner, connector)| {
            Box::pin(find_owned(connection, project, owner, connector))
        })
        .await
    }

    async fn list(&self, project: &ProjectId, filter: &AccountFilter) -> Result<Page<Account>> {
        let wanted = (project.clone(), filter.clone());
        self.snapshot(wanted, |connection, (project, filter)| Box::pin(list(connection, project, filter))).await
    }

    async fn count(&self, limit: u32) -> Result<Vec<(String, AccountStatus, u64)>> {
        self.read(limit, |connection, limit| {
            Box::pin(async move {
                let counts = sqlx::query(rows::COUNT_ACCOUNTS).bind(i64::from(*limit)).fetch_all(connection).await?;
                Ok(counts.iter().map(rows::account_count).collect::<Result<_>>()?)
            })
        })
        .await
    }

    async fn token_client_ids(&self, project: &ProjectId, profile: &ProfileId) -> Result<Vec<String>> {
        self.read((project.clone(), profile.clone()), |connection, (project, profile)| {
            Box::pin(async move {
                let clients = sqlx::query_scalar(
                    "SELECT DISTINCT token_client_id FROM accounts \
                     WHERE project_id = $1 AND profile_id = $2 AND token_client_id IS NOT NULL ORDER BY token_client_id",
                );
                Ok(clients.bind(project.as_str()).bind(profile.as_str()).fetch_all(connection).await?)
            })
        })
        .await
    }

    async fn update(&self, changed: &Account, read_revision: i64, events: &[OutboxEvent]) -> Result<bool> {
        let change = (changed.clone(), read_revision, events.to_vec());
        self.write(change, |connection, (changed, revision, events)| {
            Box::pin(async move {
                let is_there = replace(connection, changed, *revision).await?;
                if is_there {
                    webhooks::record_all(connection, events).await?;
                }
                Ok(is_there)
            })
        })
        .await
    }

    async fn relink(
        &self,
        changed: &Account,
        read_revision: i64,
        session: SessionId,
        now: Timestamp,
        events: &[OutboxEvent],
    ) -> Result<bool> {
        let change = (changed.clone(), read_revision, session, now, events.to_vec());
        self.write(change, |connection, (changed, revision, session, now, events)| {
            Box::pin(async move {
                let is_there = replace(connection, changed, *revision).await?;
                if is_there {
                    sessions::use_for(connection, *session, changed, *now).await?;
                    webhooks::record_all(connection, events).await?;
                }
                Ok(is_there)
            })
        })
        .await
    }

    async fn delete(&self, project: &ProjectId, id: &AccountId, events: &[OutboxEvent]) -> Result<Option<Account>> {
        let wanted = (project.clone(), id.clone(), events.to_vec());
        self.write(wanted, |connection, (project, id, events)| {
            Box::pin(async move {
                let deleted = delete(connection, project, id).await?;
                if deleted.is_some() {
                    webhooks::record_all(connection, events).await?;
                }
                Ok(deleted)
            })
        })
        .await
    }
}
