//! Whether what this server keeps in memory may be used.
//!
//! A look at the log of changes confirms everything that is kept, as of its start. What is kept is used
//! - while the last look is not older than [`MAX_QUIET`];
//! - for [`Freshness`]'s limit after the last good look, while each look fails: the database is away.
//!
//! If no look was tried for longer than [`MAX_QUIET`], this process was stopped, starved or moved, and cannot know what it missed: the
//! caller waits for a look first. Both clocks count, because the monotonic one may stand still while a machine is suspended.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use patchbay_model::{Clock, Timestamp, whole_seconds};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use crate::{Error, ErrorCode};

/// The age of the last look up to which what is kept counts as confirmed. It bounds the time for which a key that another server
/// disabled is accepted.
pub(crate) const MAX_QUIET: Duration = Duration::from_secs(1);
/// How long a caller waits for a look.
const PATIENCE: Duration = Duration::from_secs(4);

/// A moment by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    monotonic: Duration,
    wall: Timestamp,
}

impl Moment {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        Self { monotonic: clock.monotonic(), wall: clock.now() }
    }

    /// Returns the time since an earlier moment: the longer one of both clocks. A clock that was set back counts as one that was
    /// set forward: nobody knows how much time has passed.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let wall = self.wall.since(earlier.wall).max(earlier.wall.since(self.wall));
        self.monotonic.saturating_sub(earlier.monotonic).max(wall)
    }
}

/// What the looks have found so far.
#[derive(Clone, Copy, Debug)]
struct Looks {
    /// When the last look began that ended, well or not.
    last: Option<Moment>,
    /// When the last good look began.
    good: Option<Moment>,
    is_good: bool,
    /// The last absence of the database that is over.
    absence: Option<Absence>,
}

/// A time in which the database was away.
#[derive(Clone, Copy, Debug)]
struct Absence {
    ended: Moment,
    lasted: Duration,
}

/// What may be done with what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fresh,
    /// The database is away, and was there this long ago.
    Stale(Duration),
    /// As `Stale`, for too long.
    TooStale,
    /// A look must come first.
    Unknown,
}

impl Looks {
    fn verdict(&self, now: Moment, limit: Duration) -> Verdict {
        match (self.last, self.good) {
            (Some(last), _) if now.since(last) > MAX_QUIET => Verdict::Unknown,
            (Some(_), Some(_)) if self.is_good => Verdict::Fresh,
            (Some(_), Some(good)) if now.since(good) < limit => Verdict::Stale(now.since(good)),
            (Some(_), _) => Verdict::TooStale,
            (None, _) => Verdict::Unknown,
        }
    }
}

/// Whether what is kept may be used.
pub(crate) struct Freshness {
    clock: Arc<dyn Clock>,
    /// How long what is kept is used while the database is away.
    limit: Duration,
    /// None while nobody else changes the database: everything is fresh.
    looks: ArcSwapOption<Looks>,
    /// Wakes the watcher.
    wanted: Notify,
    /// Counts the looks that ended.
    ended: watch::Sender<u64>,
}

impl Freshness {
    /// Creates the freshness of a server whose database no other one uses.
    pub(crate) fn new(clock: Arc<dyn Clock>, limit: Duration) -> Self {
        Self { clock, limit, looks: ArcSwapOption::empty(), wanted: Notify::new(), ended: watch::channel(0).0 }
    }

    /// From now on, others change the database too: nothing is used before the first look.
    pub(crate) fn begin(&self) {
        self.looks.store(Some(Arc::new(Looks { last: None, good: None, is_good: false, absence: None })));
    }

    /// Returns the current moment.
    pub(crate) fn moment(&self) -> Moment {
        Moment::now(&*self.clock)
    }

    /// Records a look that found what was committed before it began.
    pub(crate) fn confirmed(&self, began: Moment) {
        let before = self.looks.load().as_ref().map(|looks| **looks);
        let absence = match before {
            Some(Looks { good: Some(good), is_good: false, .. }) => {
                Some(Absence { ended: began, lasted: began.since(good) })
            }
            before => before.and_then(|looks| looks.absence),
        };
        self.ended_with(Looks { last: Some(began), good: Some(began), is_good: true, absence });
    }

    /// Records a look that failed.
    pub(crate) fn failed(&self, began: Moment) {
        let before = self.looks.load().as_ref().map(|looks| **looks);
        let (good, absence) = before.map_or((None, None), |looks| (looks.good, looks.absence));
        self.ended_with(Looks { last: Some(began), good, is_good: false, absence });
    }

    fn ended_with(&self, looks: Looks) {
        self.looks.store(Some(Arc::new(looks)));
        self.ended.send_modify(|count| *count += 1);
    }

    /// Waits until a caller wants a look.
    pub(crate) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    fn verdict(&self) -> Verdict {
        match &*self.looks.load() {
            None => Verdict::Fresh,
            Some(looks) => looks.verdict(self.moment(), self.limit),
        }
    }

    /// Returns how long the database has been away; none if it is there.
    pub(crate) fn age(&self) -> Option<Duration> {
        let looks = self.looks.load();
        let looks = looks.as_ref().filter(|looks| !looks.is_good && looks.last.is_some())?;
        Some(looks.good.map_or(Duration::ZERO, |good| self.moment().since(good)))
    }

    /// Returns how long the database was away if it has come back within `time`; zero otherwise.
    pub(crate) fn absence_before(&self, time: Duration) -> Duration {
        let absence = self.looks.load().as_ref().and_then(|looks| looks.absence);
        let recent = absence.filter(|absence| self.moment().since(absence.ended) < time);
        recent.map_or(Duration::ZERO, |absence| absence.lasted)
    }

    /// Returns whether what is kept may be used now, although the database is away.
    pub(crate) fn is_bridging(&self) -> bool {
        matches!(self.verdict(), Verdict::Stale(_))
    }

    /// Waits until it is known whether what is kept may be used. It does not wait if that is known.
    ///
    /// # Errors
    /// 503 `StorageUnavailableError` if it may not.
    pub(crate) async fn admit(&self) -> Result<(), Error> {
        if let Some(known) = self.known() {
            return known;
        }
        let look = async {
            let mut ended = self.ended.subscribe();
            loop {
                ended.mark_unchanged();
                if let Some(known) = self.known() {
                    return known;
                }
                self.wanted.notify_one();
                if ended.changed().await.is_err() {
                    return Err(self.refused());
                }
            }
        };
        timeout(PATIENCE, look).await.unwrap_or_else(|_late| Err(self.refused()))
    }

    /// Returns whether what is kept may be used; none if a look must come first.
    fn known(&self) -> Option<Result<(), Error>> {
        match self.verdict() {
            Verdict::Fresh | Verdict::Stale(_) => Some(Ok(())),
            Verdict::TooStale => Some(Err(self.refused())),
            Verdict::Unknown => None,
        }
    }

    fn refused(&self) -> Error {
        let since = match self.age() {
            Some(age) if !age.is_zero() => format!(" for {} seconds", whole_seconds(age)),
            _ => String::new(),
        };
        let message = format!(
            "this server has not reached the database{since} and does not know what other servers changed; try again"
        );
        Error::new(ErrorCode::StorageUnavailable, message)
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::ManualClock;

    use super::*;

    const LIMIT: Duration = Duration::from_mins(1);

    fn freshness(limit: Duration) -> (Arc<Freshness>, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(crate::testing::NOW));
        (Arc::new(Freshness::new(clock.clone(), limit)), clock)
    }

    fn seconds(clock: &ManualClock, seconds: i64) {
        clock.advance_seconds(seconds);
    }

    #[tokio::test]
    async fn a_server_without_others_is_always_fresh() {
        let (freshness, clock) = freshness(LIMIT);
        seconds(&clock, 1_000_000);
        assert!(freshness.admit().await.is_ok());
        assert_eq!((freshness.age(), freshness.is_bridging()), (None, false));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_used_before_the_first_look() {
        let (freshness, _clock) = freshness(LIMIT);
        freshness.begin();
        let refused = freshness.admit().await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::StorageUnavailable);
        freshness.failed(freshness.moment());
        assert!(freshness.admit().await.is_err());
        freshness.confirmed(freshness.moment());
        assert!(freshness.admit().await.is_ok());
    }

    #[tokio::test]
    async fn a_process_that_was_stopped_looks_before_it_uses_anything() {
        let (freshness, clock) = freshness(LIMIT);
        freshness.begin();
        for is_back in [true, false] {
            freshness.confirmed(freshness.moment());
            assert!(freshness.admit().await.is_ok());
            seconds(&clock, 2);
            let (asking, waking) = (freshness.clone(), freshness.clone());
            let look = async move {
                waking.wanted().await;
                if is_back { waking.confirmed(waking.moment()) } else { waking.failed(waking.moment()) }
            };
            let (admitted, ()) = tokio::join!(asking.admit(), look);
            assert!(admitted.is_ok());
            assert_eq!(freshness.is_bridging(), !is_back, "the look says whether the database is away");
        }
    }

    #[tokio::test]
    async fn what_is_kept_bridges_an_absence_of_the_database_up_to_its_limit() {
        let (freshness, clock) = freshness(LIMIT);
        freshness.begin();
        freshness.confirmed(freshness.moment());
        for age in 1..60 {
            seconds(&clock, 1);
            freshness.failed(freshness.moment());
            assert!(freshness.admit().await.is_ok(), "{age}");
            assert_eq!(freshness.age(), Some(Duration::from_secs(age)));
        }
        seconds(&clock, 1);
        freshness.failed(freshness.moment());
        let refused = freshness.admit().await.unwrap_err();
        assert!(refused.message.contains("for 60 seconds"), "{}", refused.message);
        freshness.confirmed(freshness.moment());
        assert!(freshness.admit().await.is_ok());
        assert_eq!(freshness.age(), None);
    }

    #[tokio::test]
    async fn a_limit_of_zero_bridges_nothing() {
        let (freshness, _clock) = freshness(Duration::ZERO);
        freshness.begin();
        freshness.confirmed(freshness.moment());
        assert!(freshness.admit().await.is_ok());
        freshness.failed(freshness.moment());
        assert!(freshness.admit().await.is_err());
    }

    #[test]
    fn an_absence_of_the_database_is_known_for_some_time_after_its_return() {
        let (freshness, clock) = freshness(LIMIT);
        let time = Duration::from_secs(12);
        assert_eq!(freshness.absence_before(time), Duration::ZERO, "nobody else uses the database");
        freshness.begin();
        freshness.failed(freshness.moment());
        freshness.confirmed(freshness.moment());
        assert_eq!(
            freshness.absence_before(time),
            Duration::ZERO,
            "nobody knows how long it was away before the start"
        );
        for _ in 0..30 {
            seconds(&clock, 1);
            freshness.failed(freshness.moment());
        }
        assert_eq!(freshness.absence_before(time), Duration::ZERO, "it is not back");
        freshness.confirmed(freshness.moment());
        for _ in 0..12 {
            assert_eq!(freshness.absence_before(time), Duration::from_secs(30));
            seconds(&clock, 1);
            freshness.confirmed(freshness.moment());
        }
        assert_eq!(freshness.absence_before(time), Duration::ZERO);
    }

    #[test]
    fn the_longer_time_of_both_clocks_counts() {
        let moment = |monotonic, wall| Moment {
            monotonic: Duration::from_secs(monotonic),
            wall: Timestamp::from_micros(0).plus_seconds(wall),
        };
        let earlier = moment(10, 1_000);
        for (now, age) in
            [(moment(12, 1_002), 2), (moment(10, 1_600), 600), (moment(70, 1_000), 60), (moment(11, 400), 600)]
        {
            assert_eq!(now.since(earlier), Duration::from_secs(age));
        }
    }
}
