//! The sealed fields of accounts and profiles: two tables of the same shape.

use std::collections::{BTreeMap, HashMap};

use patchbay_model::Sealed;
use sqlx::{QueryBuilder, Row as _, Sqlite, Transaction};

use crate::Result;

/// Which table.
#[derive(Clone, Copy)]
pub(super) enum Secrets {
    Account,
    Profile,
}

impl Secrets {
    const fn table(self) -> (&'static str, &'static str) {
        match self {
            Self::Account => ("account_secrets", "account_id"),
            Self::Profile => ("profile_secrets", "profile_id"),
        }
    }

    /// Replaces what an owner has.
    pub(super) async fn replace(
        self,
        transaction: &mut Transaction<'_, Sqlite>,
        owner: &str,
        secrets: &BTreeMap<String, Sealed>,
    ) -> Result<()> {
        let (table, column) = self.table();
        let mut delete = QueryBuilder::<Sqlite>::new(format!("DELETE FROM {table} WHERE {column} = "));
        delete.push_bind(owner).build().execute(&mut **transaction).await?;
        for (field, sealed) in secrets {
            let mut insert =
                QueryBuilder::<Sqlite>::new(format!("INSERT INTO {table} ({column}, field, sealed) VALUES ("));
            let mut values = insert.separated(", ");
            values.push_bind(owner).push_bind(field).push_bind(sealed.as_bytes());
            insert.push(")").build().execute(&mut **transaction).await?;
        }
        Ok(())
    }

    /// What these owners have, by owner.
    pub(super) async fn of(
        self,
        transaction: &mut Transaction<'_, Sqlite>,
        owners: &[&str],
    ) -> Result<HashMap<String, BTreeMap<String, Sealed>>> {
        let mut found: HashMap<String, BTreeMap<String, Sealed>> = HashMap::new();
        if owners.is_empty() {
            return Ok(found);
        }
        let (table, column) = self.table();
        let mut select =
            QueryBuilder::<Sqlite>::new(format!("SELECT {column}, field, sealed FROM {table} WHERE {column} IN ("));
        let mut list = select.separated(", ");
        for owner in owners {
            list.push_bind(*owner);
        }
        for row in select.push(")").build().fetch_all(&mut **transaction).await? {
            let sealed = Sealed::from_bytes(row.try_get(2)?);
            found.entry(row.try_get(0)?).or_default().insert(row.try_get(1)?, sealed);
        }
        Ok(found)
    }
}
