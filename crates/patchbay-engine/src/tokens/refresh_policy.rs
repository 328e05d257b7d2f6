//! When a token is renewed.

use patchbay_connector::definition::AuthMethod;
use patchbay_model::{Account, Timestamp, TokenMetadata, notice_period};

use super::cron::CronSchedule;

/// The most that a renewal comes before the end, in seconds.
const MAX_LEAD_SECS: i64 = 15 * 60;

/// Renewals against disuse come no sooner after one another, in milliseconds: half a day.
const MIN_DISUSE_INTERVAL_MILLIS: i64 = 43_200_000;

/// How an account's token stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It holds.
    Fresh,
    /// It still holds, and should be renewed now.
    Stale,
    /// It holds no more, or there is none.
    Expired,
}

/// How the token of an account stands at a moment.
pub(crate) fn freshness(account: &Account, now: Timestamp) -> Freshness {
    let Some(token) = &account.token else { return Freshness::Expired };
    if token.expires_at.is_some_and(|end| end <= now) {
        return Freshness::Expired;
    }
    if account.refresh_at.is_some_and(|due| due <= now) { Freshness::Stale } else { Freshness::Fresh }
}

/// When a token is to be renewed, whichever comes first: the smaller of 15 minutes and half its life before its end, the
/// next turn of the method's schedule, or well before what renews it ends of disuse: by then a renewal has moved that end,
/// or nobody was told too late. None when it has no end and no schedule. Where nothing renews it, its end: then the
/// account's use ends too.
pub(crate) fn refresh_at(token: &TokenMetadata, method: &AuthMethod, can_renew: bool) -> Option<Timestamp> {
    if !can_renew {
        return token.expires_at;
    }
    let before_end = token.expires_at.map(|end| {
        let life = (end.as_micros() - token.issued_at.as_micros()).max(0) / 1_000_000;
        end.plus_seconds(-(life / 2).min(MAX_LEAD_SECS))
    });
    let schedule = method.refresh.as_ref().and_then(|refresh| refresh.schedule.as_deref());
    let turn = schedule.and_then(CronSchedule::parse).and_then(|schedule| schedule.next_after(token.issued_at));
    let before_disuse = token.refresh_expires_at.map(|end| end.minus(2 * notice_period(token.issued_at, end)));
    // An end that renewals do not move is not run after for ever.
    let before_disuse =
        before_disuse.filter(|moment| moment.millis_since(token.issued_at) > MIN_DISUSE_INTERVAL_MILLIS);
    [before_end, turn, before_disuse].into_iter().flatten().min()
}
