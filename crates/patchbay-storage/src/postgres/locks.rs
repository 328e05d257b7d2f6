//! Locks on things that have no row yet, such as the second account of an owner. They end with the transaction.
//!
//! A lock is named by a text, of which the server keeps a hash: two names with one hash wait for each other, which is harmless.

use serde::Serialize;
use sqlx::PgConnection;

use super::error::Outcome;
use crate::rows::to_json;

/// Distinguishes our locks from those of other programs in the same database: "Ptch". The migrations use it too.
pub(super) const LOCK_CLASS: i32 = 0x5074_6368;

/// Locks the thing that these values name, until the transaction ends.
pub(super) async fn lock(connection: &mut PgConnection, name: &(impl Serialize + Sync)) -> Outcome<()> {
    lock_text(connection, &to_json(name)?).await
}

/// Locks a wrapping key's id, which writers of envelopes share (`reject_retired_key` in the migrations).
pub(super) async fn lock_key(connection: &mut PgConnection, id: &[u8]) -> Outcome<()> {
    let digits = id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    lock_text(connection, &digits).await
}

async fn lock_text(connection: &mut PgConnection, name: &str) -> Outcome<()> {
    sqlx::query("SELECT pg_advisory_xact_lock($1, hashtext($2))")
        .bind(LOCK_CLASS)
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}
