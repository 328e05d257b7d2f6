//! Connector profiles.

use async_trait::async_trait;
use patchbay_model::{EnabledActions, Profile, ProfileAlarm, ProfileId, ProjectId};
use sqlx::{PgConnection, Postgres, QueryBuilder, postgres::PgRow};

use super::{
    PostgresStorage, connectors,
    error::{Failure, Outcome},
    locks::lock,
    secrets::{Secrets, secrets},
};
use crate::{
    Page, ProfileFilter, ProfileStore, Result, StorageError,
    error::VERSION_GONE,
    rows::{self, to_json, window},
};

fn profile(row: &PgRow) -> Result<Profile> {
    rows::profile(row, secrets("profiles", row)?)
}

/// Selects profiles (`p`) with their secrets. `$rest` begins with the rest of `FROM`.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.project_id, p.name, p.connector, p.auth_config_key, p.environment, p.version_pin, p.active, \
             p.is_default, p.enabled_actions, p.setup_information, p.alarm, p.created_at, p.updated_at, \
             ARRAY(SELECT s.field FROM profile_secrets s WHERE s.profile_id = p.id ORDER BY s.field) AS secret_fields, \
             ARRAY(SELECT s.sealed FROM profile_secrets s WHERE s.profile_id = p.id ORDER BY s.field) AS secret_values \
             FROM profiles p",
            $rest
        )
    };
}

async fn find(connection: &mut PgConnection, project: &ProjectId, id: &ProfileId) -> Outcome<Option<Profile>> {
    let query = sqlx::query(select!(" WHERE p.project_id = $1 AND p.id = $2"));
    let row = query.bind(project.as_str()).bind(id.as_str()).fetch_optional(connection).await?;
    Ok(row.as_ref().map(profile).transpose()?)
}

fn enabled_actions(profile: &Profile) -> Result<Option<String>> {
    match &profile.enabled_actions {
        EnabledActions::All => Ok(None),
        EnabledActions::Only(actions) => to_json(actions).map(Some),
    }
}

/// Makes sure that no other profile of the connector is the default, until the transaction ends.
async fn clear_default(connection: &mut PgConnection, profile: &Profile) -> Outcome<()> {
    if profile.default {
        lock(connection, &("default profile", &profile.project_id, &profile.connector)).await?;
        sqlx::query(
            "UPDATE profiles SET is_default = false WHERE project_id = $1 AND connector = $2 AND id <> $3 AND is_default",
        )
        .bind(profile.project_id.as_str())
        .bind(&profile.connector)
        .bind(profile.id.as_str())
        .execute(connection)
        .await?;
    }
    Ok(())
}

fn push_filter(query: &mut QueryBuilder<Postgres>, project: &ProjectId, filter: &ProfileFilter) {
    query.push(" WHERE p.project_id = ").push_bind(project.as_str().to_owned());
    if let Some(connector) = &filter.connector {
        query.push(" AND p.connector = ").push_bind(connector.clone());
    }
    if let Some(active) = filter.active {
        query.push(" AND p.active = ").push_bind(active);
    }
}

/// Makes sure that the pushed version to which a profile is pinned exists until the transaction ends.
async fn hold_version(connection: &mut PgConnection, profile: &Profile) -> Outcome<()> {
    let Profile { project_id, connector, version_pin, .. } = profile;
    connectors::lock_versions(connection, project_id).await?;
    let pin = version_pin.as_deref().unwrap_or_default();
    match connectors::find(connection, project_id, connector, pin).await? {
        Some(_) => Ok(()),
        None => Err(Failure::Storage(VERSION_GONE)),
    }
}

async fn create(connection: &mut PgConnection, new: &Profile) -> Outcome<()> {
    clear_default(connection, new).await?;
    sqlx::query(
        "INSERT INTO profiles (id, project_id, name, connector, auth_config_key, environment, version_pin, active, is_default, \
         enabled_actions, setup_information, alarm, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
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
    .execute(&mut *connection)
    .await?;
    Secrets::Profile.replace(connection, new.id.as_str(), &new.secrets).await
}

async fn list(connection: &mut PgConnection, project: &ProjectId, filter: &ProfileFilter) -> Outcome<Page<Profile>> {
    let mut count = QueryBuilder::new("SELECT count(*) FROM profiles p");
    push_filter(&mut count, project, filter);
    let total: i64 = count.build_query_scalar().fetch_one(&mut *connection).await?;
    let mut select = QueryBuilder::new(select!(""));
    push_filter(&mut select, project, filter);
    let (limit, offset) = window(filter.page, filter.page_size);
    select.push(" ORDER BY p.created_at, p.id LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(offset);
    let rows = select.build().fetch_all(connection).await?;
    Ok(Page { items: rows.iter().map(profile).collect::<Result<_>>()?, total: total.unsigned_abs() })
}

async fn update(connection: &mut PgConnection, changed: &Profile) -> Outcome<bool> {
    clear_default(connection, changed).await?;
    let done = sqlx::query(
        "UPDATE profiles SET name = $1, environment = $2, version_pin = $3, active = $4, is_default = $5, enabled_actions = $6, \
         setup_information = $7, alarm = $8, updated_at = $9 WHERE project_id = $10 AND id = $11",
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
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    Secrets::Profile.replace(connection, changed.id.as_str(), &changed.secrets).await?;
    Ok(true)
}

async fn delete(connection: &mut PgConnection, project: &ProjectId, id: &ProfileId) -> Outcome<Option<Profile>> {
    // Nobody adds an account with the profile, or changes its secrets, while it is deleted.
    sqlx::query("SELECT id FROM profiles WHERE project_id = $1 AND id = $2 FOR UPDATE")
        .bind(project.as_str())
        .bind(id.as_str())
        .execute(&mut *connection)
        .await?;
    let Some(found) = find(connection, project, id).await? else { return Ok(None) };
    let query = sqlx::query("DELETE FROM profiles WHERE project_id = $1 AND id = $2");
    let deleted = query.bind(project.as_str()).bind(id.as_str()).execute(connection).await;
    match deleted.map_err(Failure::from) {
        Ok(_) => Ok(Some(found)),
        Err(failure) if failure.is_clash() || failure.is_lost() => Err(failure),
        Err(failure) => Err(Failure::Storage(match failure.into() {
            StorageError::Conflict(_) => StorageError::Conflict("accounts use this profile; delete them first"),
            other => other,
        })),
    }
}

#[async_trait]
impl ProfileStore for PostgresStorage {
    async fn create(&self, new: &Profile) -> Result<()> {
        self.write(new.clone(), |connection, new| Box::pin(create(connection, new))).await
    }

    async fn create_pinned(&self, new: &Profile) -> Result<()> {
        self.write(new.clone(), |connection, new| {
            Box::pin(async move {
                hold_version(connection, new).await?;
                create(connection, new).await
            })
        })
        .await
    }

    async fn get(&self, project: &ProjectId, id: &ProfileId) -> Result<Option<Profile>> {
        let wanted = (project.clone(), id.clone());
        self.read(wanted, |connection, (project, id)| Box::pin(find(connection, project, id))).await
    }

    async fn list(&self, project: &ProjectId, filter: &ProfileFilter) -> Result<Page<Profile>> {
        let wanted = (project.clone(), filter.clone());
        self.snapshot(wanted, |connection, (project, filter)| Box::pin(list(connection, project, filter))).await
    }

    async fn update(&self, changed: &Profile) -> Result<bool> {
        self.write(changed.clone(), |connection, changed| Box::pin(update(connection, changed))).await
    }

    async fn update_pinned(&self, changed: &Profile) -> Result<bool> {
        self.write(changed.clone(), |connection, changed| {
            Box::pin(async move {
                hold_version(connection, changed).await?;
                update(connection, changed).await
            })
        })
        .await
    }

    async fn set_alarm(&self, project: &ProjectId, id: &ProfileId, alarm: Option<&ProfileAlarm>) -> Result<bool> {
        self.write((project.clone(), id.clone(), alarm.cloned()), |connection, (project, id, alarm)| {
            Box::pin(async move {
                let done = sqlx::query(
                    "UPDATE profiles SET alarm = $1 \
                     WHERE project_id = $2 AND id = $3 AND (alarm IS NULL) = ($1::text IS NOT NULL)",
                )
                .bind(alarm.as_ref().map(to_json).transpose()?)
                .bind(project.as_str())
                .bind(id.as_str())
                .execute(connection)
                .await?;
                Ok(done.rows_affected() > 0)
            })
        })
        .await
    }

    async fn delete(&self, project: &ProjectId, id: &ProfileId) -> Result<Option<Profile>> {
        let wanted = (project.clone(), id.clone());
        self.write(wanted, |connection, (project, id)| Box::pin(delete(connection, project, id))).await
    }
}
