//! Connector profiles.

use std::collections::BTreeMap;

use async_trait::async_trait;
use patchbay_model::{EnabledActions, Profile, ProfileAlarm, ProfileId, ProjectId};
use sqlx::{QueryBuilder, Sqlite, Transaction, sqlite::SqliteRow};

use super::{SqliteStorage, connectors, secrets::Secrets};
use crate::{
    Page, ProfileFilter, ProfileStore, Result, StorageError,
    error::VERSION_GONE,
    rows::{self, to_json, window},
};

fn profile(row: &SqliteRow) -> Result<Profile> {
    rows::profile(row, BTreeMap::new())
}

/// Converts rows to profiles and reads their secrets.
async fn complete(transaction: &mut Transaction<'_, Sqlite>, rows: &[SqliteRow]) -> Result<Vec<Profile>> {
    let mut profiles = rows.iter().map(profile).collect::<Result<Vec<_>>>()?;
    let ids = profiles.iter().map(|profile| profile.id.as_str()).collect::<Vec<_>>();
    let mut secrets = Secrets::Profile.of(transaction, &ids).await?;
    for profile in &mut profiles {
        profile.secrets = secrets.remove(profile.id.as_str()).unwrap_or_default();
    }
    Ok(profiles)
}

async fn find(
    transaction: &mut Transaction<'_, Sqlite>,
    project: &ProjectId,
    id: &ProfileId,
) -> Result<Option<Profile>> {
    let rows = sqlx::query("SELECT * FROM profiles WHERE project_id = ? AND id = ?")
        .bind(project.as_str())
        .bind(id.as_str())
        .fetch_all(&mut **transaction)
        .await?;
    Ok(complete(transaction, &rows).await?.pop())
}

fn enabled_actions(profile: &Profile) -> Result<Option<String>> {
    match &profile.enabled_actions {
        EnabledActions::All => Ok(None),
        EnabledActions::Only(actions) => to_json(actions).map(Some),
    }
}

/// Makes sure that no other profile of the connector is the default.
async fn clear_default(transaction: &mut Transaction<'_, Sqlite>, profile: &Profile) -> Result<()> {
    if profile.default {
        sqlx::query(
            "UPDATE profiles SET is_default = 0 WHERE project_id = ? AND connector = ? AND id <> ? AND is_default = 1",
        )
        .bind(profile.project_id.as_str())
        .bind(&profile.connector)
        .bind(profile.id.as_str())
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

fn push_filter(query: &mut QueryBuilder<Sqlite>, project: &ProjectId, filter: &ProfileFilter) {
    query.push(" FROM profiles WHERE project_id = ").push_bind(project.as_str().to_owned());
    if let Some(connector) = &filter.connector {
        query.push(" AND connector = ").push_bind(connector.clone());
    }
    if let Some(active) = filter.active {
        query.push(" AND active = ").push_bind(active);
    }
}

/// Makes sure that the pushed version to which a profile is pinned exists.
async fn require_version(transaction: &mut Transaction<'_, Sqlite>, profile: &Profile) -> Result<()> {
    let pin = profile.version_pin.as_deref().unwrap_or_default();
    match connectors::find(transaction, &profile.project_id, &profile.connector, pin).await? {
        Some(_) => Ok(()),
        None => Err(VERSION_GONE),
    }
}

async fn create(transaction: &mut Transaction<'_, Sqlite>, new: &Profile) -> Result<()> {
    clear_default(transaction, new).await?;
    sqlx::query(
        "INSERT INTO profiles (id, project_id, name, connector, auth_config_key, environment, version_pin, active, \
         is_default, enabled_actions, setup_information, alarm, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(new.id.as_str())
    .bind(new.project_id.as_str())
    .bind(&new.name)
    .bind(&new.connector)
    .bind(&new.auth_config_key)
    .bind(&new.environment)
    .bind(&new.version_pin)
    .bind(new.active)
    .bind(new.default)
    .bind(enabled_actions(new)?)
    .bind(to_json(&new.setup_information)?)
    .bind(new.alarm.as_ref().map(to_json).transpose()?)
    .bind(new.created_at.as_micros())
    .bind(new.updated_at.as_micros())
    .execute(&mut **transaction)
    .await?;
    Secrets::Profile.replace(transaction, new.id.as_str(), &new.secrets).await
}

async fn update(transaction: &mut Transaction<'_, Sqlite>, changed: &Profile) -> Result<bool> {
    clear_default(transaction, changed).await?;
    let done = sqlx::query(
        "UPDATE profiles SET name = ?, environment = ?, version_pin = ?, active = ?, is_default = ?, \
         enabled_actions = ?, setup_information = ?, alarm = ?, updated_at = ? WHERE project_id = ? AND id = ?",
    )
    .bind(&changed.name)
    .bind(&changed.environment)
    .bind(&changed.version_pin)
    .bind(changed.active)
    .bind(changed.default)
    .bind(enabled_actions(changed)?)
    .bind(to_json(&changed.setup_information)?)
    .bind(changed.alarm.as_ref().map(to_json).transpose()?)
    .bind(changed.updated_at.as_micros())
    .bind(changed.project_id.as_str())
    .bind(changed.id.as_str())
    .execute(&mut **transaction)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    Secrets::Profile.replace(transaction, changed.id.as_str(), &changed.secrets).await?;
    Ok(true)
}

#[async_trait]
impl ProfileStore for SqliteStorage {
    async fn create(&self, new: &Profile) -> Result<()> {
        let mut transaction = self.write().await?;
        create(&mut transaction, new).await?;
        Ok(transaction.commit().await?)
    }

    async fn create_pinned(&self, new: &Profile) -> Result<()> {
        let mut transaction = self.write().await?;
        require_version(&mut transaction, new).await?;
        create(&mut transaction, new).await?;
        Ok(transaction.commit().await?)
    }

    async fn get(&self, project: &ProjectId, id: &ProfileId) -> Result<Option<Profile>> {
        let profile = find(&mut self.read().await?, project, id).await?;
        self.found(profile)
    }

    async fn list(&self, project: &ProjectId, filter: &ProfileFilter) -> Result<Page<Profile>> {
        let mut transaction = self.read().await?;
        let mut count = QueryBuilder::new("SELECT count(*)");
        push_filter(&mut count, project, filter);
        let total: i64 = count.build_query_scalar().fetch_one(&mut *transaction).await?;
        let mut select = QueryBuilder::new("SELECT *");
        push_filter(&mut select, project, filter);
        let (limit, offset) = window(filter.page, filter.page_size);
        select.push(" ORDER BY created_at, id LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(offset);
        let rows = select.build().fetch_all(&mut *transaction).await?;
        self.complete(Page { items: complete(&mut transaction, &rows).await?, total: total.unsigned_abs() })
    }

    async fn update(&self, changed: &Profile) -> Result<bool> {
        let mut transaction = self.write().await?;
        if !update(&mut transaction, changed).await? {
            return self.hit(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn update_pinned(&self, changed: &Profile) -> Result<bool> {
        let mut transaction = self.write().await?;
        require_version(&mut transaction, changed).await?;
        if !update(&mut transaction, changed).await? {
            return self.hit(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn set_alarm(&self, project: &ProjectId, id: &ProfileId, alarm: Option<&ProfileAlarm>) -> Result<bool> {
        let mut transaction = self.write().await?;
        let done = sqlx::query(
            "UPDATE profiles SET alarm = ?1 WHERE project_id = ?2 AND id = ?3 AND (alarm IS NULL) = (?1 IS NOT NULL)",
        )
        .bind(alarm.map(to_json).transpose()?)
        .bind(project.as_str())
        .bind(id.as_str())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    async fn delete(&self, project: &ProjectId, id: &ProfileId) -> Result<Option<Profile>> {
        let mut transaction = self.write().await?;
        let Some(found) = find(&mut transaction, project, id).await? else { return Ok(None) };
        sqlx::query("DELETE FROM profiles WHERE project_id = ? AND id = ?")
            .bind(project.as_str())
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(|error| match error.into() {
                StorageError::Conflict(_) => StorageError::Conflict("accounts use this profile; delete them first"),
                other => other,
            })?;
        transaction.commit().await?;
        Ok(Some(found))
    }
}
