//! The sealed fields of accounts and profiles: two tables with the same columns.

use std::collections::BTreeMap;

use patchbay_model::Sealed;
use sqlx::{PgConnection, Row as _, postgres::PgRow};

use super::error::Outcome;
use crate::{Result, rows::Row};

/// A table of sealed fields.
#[derive(Clone, Copy)]
pub(super) enum Secrets {
    Account,
    Profile,
}

impl Secrets {
    const fn delete(self) -> &'static str {
        match self {
            Self::Account => "DELETE FROM account_secrets WHERE account_id = $1",
            Self::Profile => "DELETE FROM profile_secrets WHERE profile_id = $1",
        }
    }

    const fn insert(self) -> &'static str {
        match self {
            Self::Account => {
                "INSERT INTO account_secrets (account_id, field, sealed) \
                 SELECT $1, s.field, s.sealed FROM UNNEST($2::text[], $3::bytea[]) AS s (field, sealed)"
            }
            Self::Profile => {
                "INSERT INTO profile_secrets (profile_id, field, sealed) \
                 SELECT $1, s.field, s.sealed FROM UNNEST($2::text[], $3::bytea[]) AS s (field, sealed)"
            }
        }
    }

    /// Replaces the sealed fields of an account or profile. The caller has locked its row.
    pub(super) async fn replace(
        self,
        connection: &mut PgConnection,
        owner: &str,
        secrets: &BTreeMap<String, Sealed>,
    ) -> Outcome<()> {
        sqlx::query(self.delete()).bind(owner).execute(&mut *connection).await?;
        if !secrets.is_empty() {
            sqlx::query(self.insert())
                .bind(owner)
                .bind(secrets.keys().map(String::as_str).collect::<Vec<_>>())
                .bind(secrets.values().map(Sealed::as_bytes).collect::<Vec<_>>())
                .execute(connection)
                .await?;
        }
        Ok(())
    }
}

/// Returns the sealed fields in a row with the columns `secret_fields` and `secret_values`, arrays of the same order: a row and
/// its secrets are read by one statement.
pub(super) fn secrets(table: &'static str, row: &PgRow) -> Result<BTreeMap<String, Sealed>> {
    let wrong = |column| move |error| Row::new(table, row, "id").wrong(column, error);
    let fields: Vec<String> = row.try_get("secret_fields").map_err(wrong("secret_fields"))?;
    let values: Vec<Vec<u8>> = row.try_get("secret_values").map_err(wrong("secret_values"))?;
    Ok(fields.into_iter().zip(values.into_iter().map(Sealed::from_bytes)).collect())
}
