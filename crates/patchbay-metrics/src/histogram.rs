//! Durations, counted in fixed buckets.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The upper limits of the buckets, in microseconds: those that the semantic conventions of OpenTelemetry advise for HTTP
/// (<https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>), and those of the logs' roll-ups.
const LIMITS_MICROS: [u32; 14] = [
    5_000, 10_000, 25_000, 50_000, 75_000, 100_000, 250_000, 500_000, 750_000, 1_000_000, 2_500_000, 5_000_000,
    7_500_000, 10_000_000,
];
const BUCKETS: usize = LIMITS_MICROS.len() + 1;

/// Durations, counted in buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
}

impl Histogram {
    /// Counts a duration.
    pub fn observe(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = LIMITS_MICROS.iter().position(|limit| micros <= u64::from(*limit)).unwrap_or(BUCKETS - 1);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Returns the upper limit of each bucket, in seconds, with the number of durations in it.
    pub(crate) fn buckets(&self) -> Vec<(f64, u64)> {
        let limits = LIMITS_MICROS.iter().map(|limit| f64::from(*limit) / 1_000_000.0).chain([f64::INFINITY]);
        limits.zip(self.buckets.iter().map(|count| count.load(Ordering::Relaxed))).collect()
    }

    /// Returns the sum of the durations, in seconds.
    pub(crate) fn sum_seconds(&self) -> f64 {
        Duration::from_micros(self.sum_micros.load(Ordering::Relaxed)).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_bucket_whose_limit_it_does_not_exceed() {
        let histogram = Histogram::default();
        for micros in [0, 5_000, 5_001, 10_000_000, 10_000_001] {
            histogram.observe(Duration::from_micros(micros));
        }
        let counts = histogram.buckets().into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>();
        assert_eq!(counts, [(0.005, 2), (0.01, 1), (10.0, 1), (f64::INFINITY, 1)]);
        assert!((histogram.sum_seconds() - 20.010_002).abs() < 1e-6);
    }
}
