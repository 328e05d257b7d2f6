//! Limits that servers share.

use std::time::Duration;

use patchbay_model::AccountId;
use sqlx::{PgConnection, Row as _};

use super::error::Outcome;
use crate::{LimitLease, LimitWish};

/// How much longer than before an account must be blocked to be worth telling, in microseconds.
const WORTH_TELLING: i64 = 1_000_000;

pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn until(moment: i64, now: i64) -> Duration {
    Duration::from_micros(u64::try_from(moment.saturating_sub(now)).unwrap_or(0))
}

/// Leases by the generic cell rate algorithm, at the time of the database's clock: the row has the moment at which everything is
/// restored. What is granted may be used when no more than the capacity is missing.
pub(super) async fn lease(connection: &mut PgConnection, wish: &LimitWish) -> Outcome<LimitLease> {
    let (cost, capacity) = (micros(wish.cost), micros(wish.capacity));
    let row = sqlx::query(
        "WITH granted AS (INSERT INTO shared_limits AS l (name, restored_at) VALUES ($1, clock_micros() + $2) \
         ON CONFLICT (name) DO UPDATE SET restored_at = greatest(l.restored_at, clock_micros()) + $2 \
         WHERE greatest(l.restored_at, clock_micros()) + $2 - $3 - clock_micros() <= $4 RETURNING restored_at) \
         SELECT (SELECT restored_at FROM granted) AS granted, \
         (SELECT restored_at FROM shared_limits WHERE name = $1) AS before, clock_micros() AS now",
    )
    .bind(&wish.name)
    .bind(cost)
    .bind(capacity)
    .bind(micros(wish.max_wait))
    .fetch_one(connection)
    .await?;
    let (granted, before): (Option<i64>, Option<i64>) = (row.try_get("granted")?, row.try_get("before")?);
    let now: i64 = row.try_get("now")?;
    let restored_at = granted.or(before).unwrap_or(now);
    let used = if granted.is_some() { restored_at } else { restored_at.max(now).saturating_add(cost) };
    Ok(LimitLease {
        is_granted: granted.is_some(),
        wait: until(used.saturating_sub(capacity), now),
        restored_in: until(restored_at, now),
    })
}

pub(super) async fn block(connection: &mut PgConnection, account: &AccountId, blocked_for: Duration) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO provider_blocks AS b (account_id, blocked_until) VALUES ($1, clock_micros() + $2) \
         ON CONFLICT (account_id) DO UPDATE SET blocked_until = excluded.blocked_until \
         WHERE excluded.blocked_until > b.blocked_until + $3",
    )
    .bind(account.as_str())
    .bind(micros(blocked_for))
    .bind(WORTH_TELLING)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn blocked(
    connection: &mut PgConnection,
    account: Option<&AccountId>,
) -> Outcome<Vec<(AccountId, Duration)>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT account_id, blocked_until - clock_micros() FROM provider_blocks \
         WHERE blocked_until > clock_micros() AND account_id = coalesce($1, account_id)",
    )
    .bind(account.map(AccountId::as_str))
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(id, left)| (AccountId::new(id), until(left, 0))).collect())
}

/// Deletes what says nothing anymore.
pub(super) async fn forget(connection: &mut PgConnection) -> Outcome<()> {
    sqlx::query("DELETE FROM shared_limits WHERE restored_at < clock_micros()").execute(&mut *connection).await?;
    sqlx::query("DELETE FROM provider_blocks WHERE blocked_until < clock_micros()").execute(connection).await?;
    Ok(())
}
