//! Whether the system's clock can be right, so that a wrong one deletes nothing.
//!
//! The database remembers the last time that was plausible. A clock that differs from it by more than
//! [`MAX_JUMP`] (a server that started before its clock was set, or that was off for long) is believed only after it has
//! advanced for [`TRIAL`] as the monotonic clock does.

use std::time::Duration;

use patchbay_model::Timestamp;
use patchbay_storage::{Storage, StorageError};
use tokio::time::Instant;

/// The record of the last plausible time, in microseconds, big-endian.
const LAST_KNOWN_TIME_RECORD: &str = "last_known_time";
/// The largest difference between the clock and the last known time.
const MAX_JUMP: Duration = Duration::from_hours(30 * 24);
/// The time for which a clock that jumped must run without a further jump.
const TRIAL: Duration = Duration::from_hours(24);
/// The difference between both clocks that is not a jump.
const TOLERANCE: Duration = Duration::from_hours(1);

/// Compares the clock with the last known time.
#[derive(Default)]
pub(crate) struct KnownTime {
    /// The moment at which the clock jumped, by both clocks.
    jumped: Option<(Timestamp, Instant)>,
}

impl KnownTime {
    /// Returns whether `now` can be right. Then it is stored as the last known time. Otherwise, logs a warning.
    pub(crate) async fn is_plausible(
        &mut self,
        storage: &dyn Storage,
        now: Timestamp,
        monotonic: Instant,
    ) -> Result<bool, StorageError> {
        let known = match storage.meta().get(LAST_KNOWN_TIME_RECORD).await? {
            Some(bytes) => bytes.try_into().ok().map(|bytes| Timestamp::from_micros(i64::from_be_bytes(bytes))),
            None => storage.meta().newest_time().await?,
        };
        if let Some(known) = known.filter(|known| difference(*known, now) > MAX_JUMP)
            && !self.has_passed_trial(now, monotonic)
        {
            tracing::warn!(
                clock = %now, last_known_time = %known,
                "THE CLOCK DIFFERS FROM THE LAST KNOWN TIME by more than 30 days: expired records are not deleted until it \
                 has run for 24 hours. Set the clock (NTP) if it is wrong"
            );
            return Ok(false);
        }
        self.jumped = None;
        storage.meta().set(LAST_KNOWN_TIME_RECORD, &now.as_micros().to_be_bytes()).await?;
        Ok(true)
    }

    fn has_passed_trial(&mut self, now: Timestamp, monotonic: Instant) -> bool {
        let (clock, began) = *self.jumped.get_or_insert((now, monotonic));
        let elapsed = monotonic.saturating_duration_since(began);
        let advanced = Duration::from_micros(u64::try_from(now.as_micros() - clock.as_micros()).unwrap_or(0));
        if advanced.abs_diff(elapsed) > TOLERANCE {
            self.jumped = Some((now, monotonic));
            return false;
        }
        elapsed >= TRIAL
    }
}

fn difference(one: Timestamp, other: Timestamp) -> Duration {
    Duration::from_micros(one.as_micros().abs_diff(other.as_micros()))
}

#[cfg(test)]
mod tests {
    use patchbay_model::{Organization, OrganizationId, Project, ProjectId};
    use patchbay_storage::sqlite::SqliteStorage;

    use super::*;

    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;

    async fn storage() -> (SqliteStorage, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        (SqliteStorage::open(&directory.path().join("db")).await.unwrap(), directory)
    }

    #[tokio::test]
    async fn a_clock_that_jumps_is_believed_after_a_day_without_a_jump() {
        let (storage, _directory) = storage().await;
        let (start, began) = (Timestamp::from_micros(1_800_000_000_000_000), Instant::now());
        let at = |hours: u64| began + Duration::from_hours(hours);
        assert!(KnownTime::default().is_plausible(&storage, start, began).await.unwrap());
        for jump in [31 * DAY, 3_650 * DAY, -31 * DAY, -3_650 * DAY] {
            // Each is a start of its own; the last known time stays the first one.
            let mut known = KnownTime::default();
            let wrong = start.plus_seconds(jump);
            for hours in 0..24_u8 {
                let now = wrong.plus_seconds(i64::from(hours) * HOUR);
                assert!(!known.is_plausible(&storage, now, at(hours.into())).await.unwrap(), "{jump} {hours}");
            }
            // It jumps again: the day begins anew.
            let corrected = start.plus_seconds(2 * jump);
            assert!(!known.is_plausible(&storage, corrected, at(25)).await.unwrap());
            assert!(!known.is_plausible(&storage, corrected.plus_seconds(23 * HOUR), at(48)).await.unwrap());
            // The right time is believed at once.
            assert!(known.is_plausible(&storage, start.plus_seconds(DAY), at(49)).await.unwrap());
            assert!(known.is_plausible(&storage, start, at(49)).await.unwrap());
        }
        // A server that was off for two months.
        let (mut known, later) = (KnownTime::default(), start.plus_seconds(60 * DAY));
        assert!(!known.is_plausible(&storage, later, at(0)).await.unwrap());
        assert!(known.is_plausible(&storage, later.plus_seconds(DAY), at(24)).await.unwrap());
        assert!(KnownTime::default().is_plausible(&storage, later, at(24)).await.unwrap());
    }

    #[tokio::test]
    async fn a_database_of_an_earlier_version_is_compared_with_its_newest_record() {
        let (storage, _directory) = storage().await;
        let created_at = Timestamp::from_micros(1_800_000_000_000_000);
        let organization = OrganizationId::new("o");
        let new = Organization { id: organization.clone(), name: "O".to_owned(), created_at };
        storage.organizations().create(&new).await.unwrap();
        let new = Project { id: ProjectId::new("p"), organization_id: organization, name: "P".to_owned(), created_at };
        storage.projects().create(&new).await.unwrap();
        let wrong = created_at.plus_seconds(3_650 * DAY);
        assert!(!KnownTime::default().is_plausible(&storage, wrong, Instant::now()).await.unwrap());
        assert!(KnownTime::default().is_plausible(&storage, created_at, Instant::now()).await.unwrap());
    }
}
