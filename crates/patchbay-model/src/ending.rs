//! Ends that a person must prevent: known ahead, and told in time.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, account::wire_enum};

/// What ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndingCause {
    /// The refresh token: no token is renewed after it, unless a renewal moves it.
    RefreshToken,
    /// The access token, which nothing renews.
    AccessToken,
    /// The account's client certificate.
    ClientCertificate,
}

wire_enum!(EndingCause {
    RefreshToken = "refresh_token",
    AccessToken = "access_token",
    ClientCertificate = "client_certificate",
});

/// A moment after which an account stops working, unless a person links it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// What ends.
    pub cause: EndingCause,
    /// When.
    pub at: Timestamp,
    /// From when on people are told of it.
    pub tell_from: Timestamp,
    /// Whether the log and those who listen for events were told.
    pub is_told: bool,
}

/// How far apart an end may be that is said again, in milliseconds.
const SAME: i64 = 60_000;
/// The longest that people are told ahead, in seconds: two weeks.
const LONGEST_LEAD: i64 = 14 * 86_400;

impl Ending {
    /// The end of what began at `from`. It is told two weeks ahead, or for the last tenth of the life of what ends
    /// sooner than that would make sense for.
    pub fn new(cause: EndingCause, from: Timestamp, at: Timestamp) -> Self {
        Self { cause, at, tell_from: at.plus_seconds(-lead(from, at)), is_told: false }
    }

    /// Whether `other` is this end, said again: providers count the seconds from each of their answers.
    pub fn is_same(&self, other: &Self) -> bool {
        self.cause == other.cause && self.at.millis_since(other.at).abs() <= SAME
    }
}

/// How long before its end people are told of what lives from one moment to another, in seconds.
pub fn lead(from: Timestamp, to: Timestamp) -> i64 {
    (to.millis_since(from).max(0) / 10_000).min(LONGEST_LEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn ending(from: i64, to: i64) -> Ending {
        Ending::new(EndingCause::RefreshToken, at(from), at(to))
    }

    #[test]
    fn it_is_told_two_weeks_ahead_or_a_tenth_of_its_life() {
        for (life, ahead) in [(365 * DAY, 14 * DAY), (140 * DAY, 14 * DAY), (60 * DAY, 6 * DAY), (3600, 360), (0, 0)] {
            assert_eq!(ending(0, life).tell_from, at(life - ahead), "{life}");
        }
    }

    #[test]
    fn an_end_said_again_is_the_same_and_a_moved_one_another() {
        let end = ending(0, 60 * DAY);
        assert!(end.is_same(&ending(50 * DAY, 60 * DAY + 2)));
        assert!(!end.is_same(&ending(1800, 60 * DAY + 86_400)));
        // An hour's token that was got again five minutes later.
        assert!(!ending(0, 3600).is_same(&ending(300, 3900)));
        assert!(!end.is_same(&Ending { cause: EndingCause::ClientCertificate, ..end.clone() }));
    }
}
