//! Credentials that expire unless a person reconnects the account, and the notice that people get of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, names::wire_enum};

/// The credential that expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryCause {
    /// The refresh token: no refresh succeeds after it expires. A refresh may move the moment.
    RefreshToken,
    /// The access token, which nothing refreshes.
    AccessToken,
    /// The account's client certificate.
    ClientCertificate,
}

wire_enum!(ExpiryCause {
    RefreshToken = "refresh_token",
    AccessToken = "access_token",
    ClientCertificate = "client_certificate",
});

/// A moment at which an account stops working, unless a person reconnects it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialExpiry {
    /// The credential that expires.
    pub cause: ExpiryCause,
    /// When it expires.
    pub at: Timestamp,
    /// The earliest moment at which people are notified.
    pub notify_from: Timestamp,
    /// Whether the notice was sent: to the log, and to the event sink.
    pub notified: bool,
}

/// Two expiries of one cause that are this close are the same expiry.
const SAME_EXPIRY_TOLERANCE: Duration = Duration::from_mins(1);
/// The longest notice that people get of an expiry: two weeks.
const MAX_NOTICE_PERIOD: Duration = Duration::from_hours(14 * 24);

impl CredentialExpiry {
    /// Returns the expiry at `at` of a credential that was issued at `issued_at`, with its notice period
    /// ([`notice_period`]) and not yet notified.
    pub fn new(cause: ExpiryCause, issued_at: Timestamp, at: Timestamp) -> Self {
        Self { cause, at, notify_from: at.minus(notice_period(issued_at, at)), notified: false }
    }

    /// Returns whether `other` is this expiry, reported again. Providers report a lifetime in seconds from each
    /// response (RFC 6749 section 5.1, `expires_in`), so the moments differ by as much as a response takes.
    pub fn is_same(&self, other: &Self) -> bool {
        let apart = self.at.max(other.at).since(self.at.min(other.at));
        self.cause == other.cause && apart <= SAME_EXPIRY_TOLERANCE
    }
}

/// Returns how long before `expires_at` people are notified about a credential that was issued at `issued_at`: a tenth
/// of its lifetime in whole seconds, and at most two weeks.
pub fn notice_period(issued_at: Timestamp, expires_at: Timestamp) -> Duration {
    Duration::from_secs(expires_at.since(issued_at).as_secs() / 10).min(MAX_NOTICE_PERIOD)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_SECS: i64 = 86_400;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn expiry(from: i64, to: i64) -> CredentialExpiry {
        CredentialExpiry::new(ExpiryCause::RefreshToken, at(from), at(to))
    }

    #[test]
    fn notice_is_a_tenth_of_the_lifetime_up_to_two_weeks() {
        for (life, ahead) in [
            (365 * DAY_SECS, 14 * DAY_SECS),
            (140 * DAY_SECS, 14 * DAY_SECS),
            (60 * DAY_SECS, 6 * DAY_SECS),
            (3600, 360),
            (0, 0),
        ] {
            assert_eq!(expiry(0, life).notify_from, at(life - ahead), "{life}");
        }
    }

    #[test]
    fn an_expiry_reported_again_is_the_same_and_a_moved_one_is_not() {
        let one = expiry(0, 60 * DAY_SECS);
        assert!(one.is_same(&expiry(50 * DAY_SECS, 60 * DAY_SECS + 2)));
        assert!(!one.is_same(&expiry(1800, 60 * DAY_SECS + 86_400)));
        // A token of one hour that was issued again five minutes later.
        assert!(!expiry(0, 3600).is_same(&expiry(300, 3900)));
        assert!(!one.is_same(&CredentialExpiry { cause: ExpiryCause::ClientCertificate, ..one.clone() }));
    }
}
