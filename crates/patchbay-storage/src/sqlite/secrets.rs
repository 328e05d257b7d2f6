//! The sealed fields of accounts and profiles: two tables with the same columns.

use std::collections::{BTreeMap, HashMap};

use patchbay_model::Sealed;
use sqlx::{Sqlite, Transaction};

use crate::{
    Result,
    rows::{Row, to_json},
};

/// A table of sealed fields.
#[derive(Clone, Copy)]
pub(super) enum Secrets {
    Account,
    Profile,
}

impl Secrets {
    const fn table(self) -> &'static str {
        match self {
            Self::Account => "account_secrets",
            Self::Profile => "profile_secrets",
        }
    }

    const fn delete(self) -> &'static str {
        match self {
            Self::Account => "DELETE FROM account_secrets WHERE account_id = ?",
            Self::Profile => "DELETE FROM profile_secrets WHERE profile_id = ?",
        }
    }

    const fn insert(self) -> &'static str {
        match self {
            Self::Account => "INSERT INTO account_secrets (account_id, field, sealed) VALUES (?, ?, ?)",
            Self::Profile => "INSERT INTO profile_secrets (profile_id, field, sealed) VALUES (?, ?, ?)",
        }
    }

    const fn select(self) -> &'static str {
        match self {
            Self::Account => {
                "SELECT account_id AS owner, field, sealed FROM account_secrets \
                 WHERE account_id IN (SELECT value FROM json_each(?))"
            }
            Self::Profile => {
                "SELECT profile_id AS owner, field, sealed FROM profile_secrets \
                 WHERE profile_id IN (SELECT value FROM json_each(?))"
            }
        }
    }

    /// Replaces the sealed fields of an account or profile.
    pub(super) async fn replace(
        self,
        transaction: &mut Transaction<'_, Sqlite>,
        owner: &str,
        secrets: &BTreeMap<String, Sealed>,
    ) -> Result<()> {
        sqlx::query(self.delete()).bind(owner).execute(&mut **transaction).await?;
        for (field, sealed) in secrets {
            let insert = sqlx::query(self.insert()).bind(owner).bind(field).bind(sealed.as_bytes());
            insert.execute(&mut **transaction).await?;
        }
        Ok(())
    }

    /// Returns the sealed fields of these accounts or profiles, by their id.
    pub(super) async fn of(
        self,
        transaction: &mut Transaction<'_, Sqlite>,
        owners: &[&str],
    ) -> Result<HashMap<String, BTreeMap<String, Sealed>>> {
        let mut found: HashMap<String, BTreeMap<String, Sealed>> = HashMap::new();
        if owners.is_empty() {
            return Ok(found);
        }
        for row in sqlx::query(self.select()).bind(to_json(&owners)?).fetch_all(&mut **transaction).await? {
            let row = Row::new(self.table(), &row, "owner");
            let sealed = Sealed::from_bytes(row.get("sealed")?);
            found.entry(row.get("owner")?).or_default().insert(row.get("field")?, sealed);
        }
        Ok(found)
    }
}
