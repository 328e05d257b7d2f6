//! The fixed buckets of durations, from which percentiles are estimated. Counts in buckets can be added; percentiles cannot.

/// The upper limits of the buckets, in microseconds; what is longer is in one more bucket.
pub(crate) const LIMITS: [i64; 14] = [
    5_000, 10_000, 25_000, 50_000, 75_000, 100_000, 250_000, 500_000, 750_000, 1_000_000, 2_500_000, 5_000_000,
    7_500_000, 10_000_000,
];
/// The number of buckets.
pub(crate) const COUNT: usize = LIMITS.len() + 1;

/// Returns the bucket of a duration.
pub(crate) fn of(micros: i64) -> usize {
    LIMITS.iter().position(|limit| micros <= *limit).unwrap_or(LIMITS.len())
}

/// Returns the SQL expression for the bucket of the column `duration`.
pub(crate) fn expression(duration: &str) -> String {
    let cases = LIMITS.iter().enumerate().map(|(bucket, limit)| format!("WHEN {duration} <= {limit} THEN {bucket} "));
    format!("CAST(CASE {}ELSE {} END AS BIGINT)", cases.collect::<String>(), LIMITS.len())
}

/// Durations of calls, counted in buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    counts: [u64; COUNT],
    sum_micros: i64,
}

impl Histogram {
    /// Adds calls of one bucket.
    pub(crate) fn add(&mut self, bucket: usize, calls: u64, sum_micros: i64) {
        self.counts[bucket.min(LIMITS.len())] += calls;
        self.sum_micros = self.sum_micros.saturating_add(sum_micros);
    }

    /// Returns the number of calls.
    pub fn calls(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Returns the mean in milliseconds; 0 without calls.
    pub fn mean_millis(&self) -> f64 {
        let calls = self.calls();
        if calls == 0 { 0.0 } else { millis(self.sum_micros) / float(calls) }
    }

    /// Returns an estimate of a percentile, for example 0.95, in milliseconds. Within a bucket, durations count as evenly spread;
    /// in the last one, which has no limit, all count as its lower limit.
    pub fn percentile_millis(&self, part: f64) -> f64 {
        let wanted = float(self.calls()) * part;
        let mut before = 0.0;
        for (bucket, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = float(*count);
            if before + count >= wanted {
                let low = if bucket == 0 { 0.0 } else { millis(LIMITS[bucket - 1]) };
                let high = LIMITS.get(bucket).map_or(low, |limit| millis(*limit));
                return low + (high - low) * ((wanted - before) / count).clamp(0.0, 1.0);
            }
            before += count;
        }
        0.0
    }
}

fn millis(micros: i64) -> f64 {
    float(micros.unsigned_abs()) / 1_000.0
}

/// Converts a count. Above 2^32 thousand-millionths are lost.
fn float(count: u64) -> f64 {
    let (high, low) = (count >> 32, count & 0xFFFF_FFFF);
    f64::from(u32::try_from(high).unwrap_or(u32::MAX)) * 4_294_967_296.0
        + f64::from(u32::try_from(low).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_in_their_bucket() {
        let mut histogram = Histogram::default();
        assert!(histogram.percentile_millis(0.5).abs() < f64::EPSILON && histogram.mean_millis().abs() < f64::EPSILON);
        for micros in (1..=100).map(|number| number * 1_000) {
            histogram.add(of(micros), 1, micros);
        }
        assert_eq!(histogram.calls(), 100);
        assert!((histogram.mean_millis() - 50.5).abs() < 0.01);
        for (part, low, high) in [(0.5, 45.0, 55.0), (0.95, 90.0, 100.0), (0.99, 95.0, 100.0), (0.01, 0.0, 5.0)] {
            let found = histogram.percentile_millis(part);
            assert!((low..=high).contains(&found), "{part}: {found}");
        }
        histogram.add(of(60_000_000), 100, 6_000_000_000);
        assert!((histogram.percentile_millis(0.99) - 10_000.0).abs() < f64::EPSILON);
    }
}
