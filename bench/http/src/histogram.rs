//! Latencies in buckets that grow with their value, so that a percentile costs no list and errs by under 1 %.
//!
//! The scheme of HdrHistogram: below 256 a bucket per microsecond, above it 128 buckets per doubling.

use std::time::Duration;

/// Buckets per doubling, as a power of two.
const PRECISION_BITS: u32 = 7;
const SUB_BUCKETS: usize = 1 << PRECISION_BITS;
/// Up to 2^40 µs, twelve days: no request lasts longer.
const GREATEST: u64 = (1 << 40) - 1;
const BUCKETS: usize = SUB_BUCKETS * (40 - PRECISION_BITS as usize + 1);

/// How often each latency occurred, in microseconds.
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    sum: u64,
    max: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Histogram { counts: vec![0; BUCKETS], total: 0, sum: 0, max: 0 }
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(GREATEST).min(GREATEST);
        self.counts[bucket(us)] += 1;
        self.total += 1;
        self.sum += us;
        self.max = self.max.max(us);
    }

    pub(crate) fn add(&mut self, other: &Histogram) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    pub(crate) fn count(&self) -> u64 {
        self.total
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    pub(crate) fn mean(&self) -> u64 {
        self.sum.checked_div(self.total).unwrap_or(0)
    }

    /// The latency that `per_mille` of a thousand requests do not exceed, rounded up to its bucket's end.
    pub(crate) fn percentile(&self, per_mille: u64) -> u64 {
        let rank = (self.total * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return last_value(index).min(self.max);
            }
        }
        self.max
    }
}

fn bucket(us: u64) -> usize {
    let doublings = (u64::BITS - us.leading_zeros()).saturating_sub(PRECISION_BITS + 1);
    let within = usize::try_from(us >> doublings).unwrap_or(usize::MAX);
    doublings as usize * SUB_BUCKETS + within
}

/// The greatest value that falls into the bucket.
fn last_value(index: usize) -> u64 {
    let doublings = (index / SUB_BUCKETS).saturating_sub(1);
    let within = (index - doublings * SUB_BUCKETS) as u64;
    ((within + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_buckets_are_narrow() {
        for us in (0..20_000).chain([65_535, 65_536, 1 << 30, GREATEST]) {
            let last = last_value(bucket(us));
            assert!(last >= us, "{us} in a bucket that ends at {last}");
            assert!(last - us <= us / 128, "{us} in a bucket that ends at {last}");
            assert!(bucket(us) == 0 || last_value(bucket(us) - 1) < us, "{us} belongs one bucket lower");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_list() {
        let mut histogram = Histogram::new();
        for us in 1..=10_000u64 {
            histogram.record(Duration::from_micros(us));
        }
        for (per_mille, exact) in [(500, 5_000u64), (900, 9_000), (990, 9_900), (999, 9_990), (1000, 10_000)]
        {
            let found = histogram.percentile(per_mille);
            assert!(found >= exact && found - exact <= exact / 100, "{per_mille}: {found} for {exact}");
        }
        assert_eq!((histogram.count(), histogram.max(), histogram.mean()), (10_000, 10_000, 5_000));
    }

    #[test]
    fn an_empty_one_answers_zero() {
        assert_eq!(Histogram::new().percentile(990), 0);
    }
}
