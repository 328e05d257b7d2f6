//! Decides when a token is refreshed.

use patchbay_connector::definition::AuthMethod;
use patchbay_model::{Account, Timestamp, TokenMetadata, notice_period};

use super::cron::CronSchedule;

/// The longest time before its expiry that a token is refreshed, in seconds.
const MAX_LEAD_SECS: i64 = 15 * 60;

/// The shortest time between two refreshes that keep a refresh token from expiring, in milliseconds: half a day.
const MIN_DISUSE_INTERVAL_MILLIS: i64 = 43_200_000;

/// The freshness of an account's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// Valid.
    Fresh,
    /// Valid, and due for a refresh.
    Stale,
    /// Expired or missing.
    Expired,
}

/// Returns the freshness of an account's token at a moment.
pub(crate) fn freshness(account: &Account, now: Timestamp) -> Freshness {
    let Some(token) = &account.token else { return Freshness::Expired };
    if token.expires_at.is_some_and(|expiry| expiry <= now) {
        return Freshness::Expired;
    }
    if account.refresh_at.is_some_and(|due| due <= now) { Freshness::Stale } else { Freshness::Fresh }
}

/// Returns when a token must be refreshed, the earliest of:
///
/// - 15 minutes, or half of its lifetime if that is less, before its expiry;
/// - the next time of the method's schedule;
/// - well before its refresh token expires: a refresh may move that expiry, and if it does not, there is time for a
///   notice.
///
/// Returns none when there is neither an expiry nor a schedule, and the expiry itself when the token cannot be
/// refreshed (`can_refresh`): then the account must be reconnected.
pub(crate) fn refresh_at(token: &TokenMetadata, method: &AuthMethod, can_refresh: bool) -> Option<Timestamp> {
    if !can_refresh {
        return token.expires_at;
    }
    let before_expiry = token.expires_at.map(|expiry| {
        let life = (expiry.as_micros() - token.issued_at.as_micros()).max(0) / 1_000_000;
        expiry.plus_seconds(-(life / 2).min(MAX_LEAD_SECS))
    });
    let schedule = method.refresh.as_ref().and_then(|refresh| refresh.schedule.as_deref());
    let scheduled = schedule.and_then(CronSchedule::parse).and_then(|schedule| schedule.next_after(token.issued_at));
    let before_refresh_expiry =
        token.refresh_expires_at.map(|expiry| expiry.minus(2 * notice_period(token.issued_at, expiry)));
    // An expiry that refreshes do not move must not cause refreshes without an end.
    let before_refresh_expiry =
        before_refresh_expiry.filter(|moment| moment.millis_since(token.issued_at) > MIN_DISUSE_INTERVAL_MILLIS);
    [before_expiry, scheduled, before_refresh_expiry].into_iter().flatten().min()
}
