//! Sealed values, for the rotation of keys.

use patchbay_model::{AccountId, KeyId, ProfileId, ProjectId, RowId, RowKind, Sealed, WebhookId};
use sqlx::{Database, Encode, Type, query::Query};

use super::{Columns, Row};
use crate::{Result, SealedPlace, SealedRecord, VAULT_CANARY};

/// Selects the wrapping key of every sealed value. It is the only list of the columns that contain sealed values;
/// `tests/sealed_columns.rs` compares it with the schema.
pub(crate) const WRAPPING_KEYS: &str = "SELECT substr(sealed, 2, 8) AS key FROM account_secrets \
     UNION ALL SELECT substr(sealed, 2, 8) FROM profile_secrets \
     UNION ALL SELECT substr(sealed, 2, 8) FROM pending_authorizations \
     UNION ALL SELECT substr(sealed, 2, 8) FROM idempotency_keys WHERE sealed IS NOT NULL \
     UNION ALL SELECT substr(sealed, 2, 8) FROM webhook_secrets \
     UNION ALL SELECT substr(sealed, 2, 8) FROM inbox_endpoints \
     UNION ALL SELECT substr(sealed, 2, 8) FROM inbox_events \
     UNION ALL SELECT substr(seal, 2, 8) FROM api_keys WHERE seal IS NOT NULL \
     UNION ALL SELECT substr(seal, 2, 8) FROM login_tokens WHERE seal IS NOT NULL \
     UNION ALL SELECT substr(seal, 2, 8) FROM members WHERE seal IS NOT NULL \
     UNION ALL SELECT substr(seal, 2, 8) FROM browser_sessions WHERE seal IS NOT NULL \
     UNION ALL SELECT substr(seal, 2, 8) FROM connector_versions WHERE seal IS NOT NULL \
     UNION ALL SELECT substr(value, 2, 8) FROM meta WHERE name = 'vault_canary'";

/// The number of responses that are read at once: each has up to a megabyte.
const MAX_KEYED_RESPONSES: u32 = 20;
/// The number of delivered bodies that are read at once: each has up to 34 megabytes.
const MAX_INBOX_EVENTS: u32 = 2;

// Each query selects the values of one table that another key wraps, after a primary key. SQLite's driver reads `$1` as PostgreSQL does.
const SELECT_ACCOUNT_FIELDS: &str = "SELECT a.project_id AS project_id, s.account_id AS owner, s.field AS field, s.sealed AS sealed \
     FROM account_secrets s JOIN accounts a ON a.id = s.account_id \
     WHERE (s.account_id, s.field) > ($1, $2) AND substr(s.sealed, 2, 8) <> $3 ORDER BY s.account_id, s.field LIMIT $4";
const SELECT_PROFILE_FIELDS: &str = "SELECT p.project_id AS project_id, s.profile_id AS owner, s.field AS field, s.sealed AS sealed \
     FROM profile_secrets s JOIN profiles p ON p.id = s.profile_id \
     WHERE (s.profile_id, s.field) > ($1, $2) AND substr(s.sealed, 2, 8) <> $3 ORDER BY s.profile_id, s.field LIMIT $4";
const SELECT_PENDING_AUTHORIZATIONS: &str = "SELECT project_id, state_hash, sealed FROM pending_authorizations \
     WHERE state_hash > $1 AND substr(sealed, 2, 8) <> $2 ORDER BY state_hash LIMIT $3";
const SELECT_KEYED_RESPONSES: &str = "SELECT project_id, key_hash, sealed FROM idempotency_keys \
     WHERE key_hash > $1 AND substr(sealed, 2, 8) <> $2 ORDER BY key_hash LIMIT $3";
const SELECT_WEBHOOK_FIELDS: &str = "SELECT w.project_id AS project_id, s.webhook_id AS webhook_id, s.field AS field, s.sealed AS sealed \
     FROM webhook_secrets s JOIN webhooks w ON w.id = s.webhook_id \
     WHERE (s.webhook_id, s.field) > ($1, $2) AND substr(s.sealed, 2, 8) <> $3 ORDER BY s.webhook_id, s.field LIMIT $4";
const SELECT_INBOX_ENDPOINTS: &str = "SELECT project_id, id, sealed FROM inbox_endpoints \
     WHERE id > $1 AND substr(sealed, 2, 8) <> $2 ORDER BY id LIMIT $3";
const SELECT_INBOX_EVENTS: &str = "SELECT project_id, id, sealed FROM inbox_events \
     WHERE id > $1 AND substr(sealed, 2, 8) <> $2 ORDER BY id LIMIT $3";
const SELECT_CANARY: &str =
    "SELECT name, value AS sealed FROM meta WHERE name = $1 AND substr(value, 2, 8) <> $2 LIMIT $3";

/// A table of sealed values, with the key in it after which to read; an empty key is before all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Batch<'a> {
    /// Fields of accounts, after this account and field.
    AccountFields(&'a str, &'a str),
    /// Setup fields of profiles, after this profile and field.
    ProfileFields(&'a str, &'a str),
    /// Pending authorizations, after this state.
    Authorizations(&'a [u8]),
    /// Responses of idempotency keys, after this key.
    Responses(&'a [u8]),
    /// Sealed values of webhooks, after this webhook and field.
    WebhookFields(i64, &'a str),
    /// Endpoints of the inbox, after this one.
    InboxEndpoints(&'a str),
    /// Events of the inbox, after this one.
    InboxEvents(&'a str),
    /// Seals of rows, after this row.
    Rows(RowKind, &'a str),
    /// The canary.
    Canary,
}

impl Batch<'_> {
    /// Returns the query of up to `limit` values that a key other than `active` wraps. `rows` are the backend's statements.
    pub(crate) fn query<DB>(
        self,
        rows: &[SealedRows],
        active: KeyId,
        limit: u32,
    ) -> Query<'static, DB, <DB as Database>::Arguments>
    where
        DB: Database,
        i64: for<'t> Encode<'t, DB> + Type<DB>,
        for<'t> &'t str: Encode<'t, DB> + Type<DB>,
        for<'t> &'t [u8]: Encode<'t, DB> + Type<DB>,
    {
        let (query, limit) = match self {
            Self::AccountFields(account, field) => {
                (sqlx::query(SELECT_ACCOUNT_FIELDS).bind(account).bind(field), limit)
            }
            Self::ProfileFields(profile, field) => {
                (sqlx::query(SELECT_PROFILE_FIELDS).bind(profile).bind(field), limit)
            }
            Self::Authorizations(state) => (sqlx::query(SELECT_PENDING_AUTHORIZATIONS).bind(state), limit),
            Self::Responses(key) => (sqlx::query(SELECT_KEYED_RESPONSES).bind(key), limit.min(MAX_KEYED_RESPONSES)),
            Self::WebhookFields(webhook, field) => {
                (sqlx::query(SELECT_WEBHOOK_FIELDS).bind(webhook).bind(field), limit)
            }
            Self::InboxEndpoints(endpoint) => (sqlx::query(SELECT_INBOX_ENDPOINTS).bind(endpoint), limit),
            Self::InboxEvents(event) => (sqlx::query(SELECT_INBOX_EVENTS).bind(event), limit.min(MAX_INBOX_EVENTS)),
            Self::Rows(kind, key) => (sqlx::query(rows[kind as usize].select).bind(key), limit),
            Self::Canary => (sqlx::query(SELECT_CANARY).bind(VAULT_CANARY), limit),
        };
        query.bind(&active.0[..]).bind(i64::from(limit))
    }

    /// Returns a row of the query.
    pub(crate) fn record<C: Columns>(self, rows: &[SealedRows], row: &C) -> Result<SealedRecord> {
        match self {
            Self::AccountFields(..) => account_field(row),
            Self::ProfileFields(..) => profile_field(row),
            Self::Authorizations(_) => sealed_authorization(row),
            Self::Responses(_) => sealed_response(row),
            Self::WebhookFields(..) => webhook_field(row),
            Self::InboxEndpoints(_) => inbox_endpoint(row),
            Self::InboxEvents(_) => inbox_event(row),
            Self::Rows(kind, _) => rows[kind as usize].record(row),
            Self::Canary => canary(row),
        }
    }
}

/// Returns the tables that are read after a place, in order.
pub(crate) fn batches(after: Option<&SealedPlace>) -> Vec<Batch<'_>> {
    let mut batches = vec![
        Batch::AccountFields("", ""),
        Batch::ProfileFields("", ""),
        Batch::Authorizations(&[]),
        Batch::Responses(&[]),
        Batch::WebhookFields(i64::MIN, ""),
        Batch::InboxEndpoints(""),
        Batch::InboxEvents(""),
    ];
    let before_rows = batches.len();
    batches.extend(RowKind::ALL.map(|kind| Batch::Rows(kind, "")));
    batches.push(Batch::Canary);
    let (at, first) = match after {
        None => return batches,
        Some(SealedPlace::Account { account, field, .. }) => (0, Batch::AccountFields(account.as_str(), field)),
        Some(SealedPlace::Profile { profile, field, .. }) => (1, Batch::ProfileFields(profile.as_str(), field)),
        Some(SealedPlace::PendingAuthorization { state, .. }) => (2, Batch::Authorizations(&state.0)),
        Some(SealedPlace::KeyedResponse { key, .. }) => (3, Batch::Responses(&key.0)),
        Some(SealedPlace::Webhook { webhook, field, .. }) => (4, Batch::WebhookFields(webhook.0, field)),
        Some(SealedPlace::InboxEndpoint { endpoint, .. }) => (5, Batch::InboxEndpoints(endpoint)),
        Some(SealedPlace::InboxEvent { event, .. }) => (6, Batch::InboxEvents(event)),
        Some(SealedPlace::Row(row)) => (before_rows + row.kind as usize, Batch::Rows(row.kind, &row.key)),
        Some(SealedPlace::Canary) => return Vec::new(),
    };
    batches[at] = first;
    batches.split_off(at)
}

/// A table whose rows have a seal.
pub(crate) struct SealedRows {
    pub(crate) kind: RowKind,
    pub(crate) table: &'static str,
    /// Selects seals that another key wraps, after a row.
    pub(crate) select: &'static str,
    /// Replaces a seal.
    pub(crate) exchange: &'static str,
    /// Adds a seal to a row without one.
    pub(crate) seal: &'static str,
}

impl SealedRows {
    /// Returns the seal of a row.
    fn record<C: Columns>(&self, row: &C) -> Result<SealedRecord> {
        let row = Row::new(self.table, row, "row_key");
        let key = row.get("row_key")?;
        record(&row, SealedPlace::Row(RowId { kind: self.kind, key }))
    }
}

/// Returns the ID of a wrapping key.
pub(crate) fn key_id<C: Columns>(row: &Row<'_, C>) -> Result<KeyId> {
    let bytes: &[u8] = row.get("key")?;
    bytes.try_into().map(KeyId).map_err(|_| row.wrong("sealed", "it is too short to be an envelope"))
}

/// Returns a sealed field of an account.
fn account_field<C: Columns>(row: &C) -> Result<SealedRecord> {
    let row = Row::new("account_secrets", row, "owner");
    let project = ProjectId::new(row.get::<String>("project_id")?);
    let account = AccountId::new(row.get::<String>("owner")?);
    record(&row, SealedPlace::Account { project, account, field: row.get("field")? })
}

/// Returns a sealed setup field of a profile.
fn profile_field<C: Columns>(row: &C) -> Result<SealedRecord> {
    let row = Row::new("profile_secrets", row, "owner");
    let project = ProjectId::new(row.get::<String>("project_id")?);
    let profile = ProfileId::new(row.get::<String>("owner")?);
    record(&row, SealedPlace::Profile { project, profile, field: row.get("field")? })
}

/// Returns a pending authorization.
fn sealed_authorization<C: Columns>(row: &C) -> Result<SealedRecord> {
    let row = Row::new("pending_authorizations", row, "project_id");
    let project = ProjectId::new(row.get::<String>("project_id")?);
    record(&row, SealedPlace::PendingAuthorization { project, state: row.hash("state_hash")? })
}

/// Returns the response that is kept for an idempotency key.
fn sealed_response<C: Columns>(row: &C) -> Result<SealedRecord> {
    let row = Row::new("idempotency_keys", row, "project_id");
    let project = ProjectId::new(row.get::<String>("project_id")?);
    record(&row, SealedPlace::KeyedResponse { project, key: row.hash("key_hash")? })
}

/// Returns a sealed value of a webhook.
fn webhook_field<C: Columns>(row: &C) -> Result<SealedRecord> {
    let row = Row::without_id("webhook_secrets", row);
    let project = ProjectId::new(row.get::<String>("project_id")?);
    record(&row, SealedPlace::Webhook { project, webhook: WebhookId(row.get("webhook_id")?), field: row.get("field")? })
}

/// Returns the sealed value of an endpoint of the inbox.
fn inbox_endpoint<C: Columns>(row: &C) -> Result<SealedRecord> {
    let row = Row::new("inbox_endpoints", row, "id");
    let project = ProjectId::new(row.get::<String>("project_id")?);
    record(&row, SealedPlace::InboxEndpoint { project, endpoint: row.id.clone() })
}

/// Returns the sealed value of an event of the inbox.
fn inbox_event<C: Columns>(row: &C) -> Result<SealedRecord> {
    let row = Row::new("inbox_events", row, "id");
    let project = ProjectId::new(row.get::<String>("project_id")?);
    record(&row, SealedPlace::InboxEvent { project, event: row.id.clone() })
}

/// Returns the canary.
fn canary<C: Columns>(row: &C) -> Result<SealedRecord> {
    record(&Row::new("meta", row, "name"), SealedPlace::Canary)
}

/// Returns the account that has a sealed field.
pub(crate) fn owning_account<C: Columns>(row: &C) -> Result<(ProjectId, AccountId)> {
    let row = Row::new("account_secrets", row, "owner");
    Ok((ProjectId::new(row.get::<String>("project_id")?), AccountId::new(row.get::<String>("owner")?)))
}

/// Returns the profile that has a sealed setup field.
pub(crate) fn owning_profile<C: Columns>(row: &C) -> Result<(ProjectId, ProfileId)> {
    let row = Row::new("profile_secrets", row, "owner");
    Ok((ProjectId::new(row.get::<String>("project_id")?), ProfileId::new(row.get::<String>("owner")?)))
}

fn record<C: Columns>(row: &Row<'_, C>, place: SealedPlace) -> Result<SealedRecord> {
    Ok(SealedRecord { place, sealed: Sealed::from_bytes(row.get("sealed")?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_goes_on_at_the_place_that_was_read_last() {
        let all = batches(None);
        assert_eq!(all.len(), 8 + RowKind::ALL.len());
        let (project, account) = (ProjectId::new("p"), AccountId::new("a"));
        let first = SealedPlace::Account { project, account, field: "f".to_owned() };
        let after = batches(Some(&first));
        assert_eq!((after[0], &after[1..]), (Batch::AccountFields("a", "f"), &all[1..]));
        for (number, kind) in RowKind::ALL.into_iter().enumerate() {
            let row = SealedPlace::Row(RowId { kind, key: "k".to_owned() });
            let after = batches(Some(&row));
            assert_eq!((after[0], &after[1..]), (Batch::Rows(kind, "k"), &all[8 + number..]));
        }
        assert!(batches(Some(&SealedPlace::Canary)).is_empty());
    }
}
