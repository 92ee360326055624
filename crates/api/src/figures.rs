//! The numbers of a report, computed from sums and counts. An unknown number is null, never 0.
//!
//! Averages are weighted by samples, because sums and counts are added before anything is divided. They are
//! rounded to one decimal, half away from zero.

/// A sum of samples and their count.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Samples {
    pub(crate) sum: f64,
    pub(crate) count: u64,
}

impl Samples {
    pub(crate) fn new(sum: f64, count: u64) -> Self {
        Samples { sum, count }
    }

    /// The average to one decimal, or null without samples.
    pub(crate) fn average(self) -> Option<f64> {
        ratio(self.sum, self.count)
    }
}

impl From<(u64, f64)> for Samples {
    fn from((count, sum): (u64, f64)) -> Self {
        Samples { sum, count }
    }
}

/// `part` per thousand of `whole` to one decimal, or null if `whole` is 0.
pub(crate) fn per_thousand(part: u64, whole: u64) -> Option<f64> {
    ratio(number(part) * 1000.0, whole)
}

/// `sum / count` to one decimal.
///
/// The sum is multiplied by 10 before the division, so that a tie such as 3 / 20 = 0.15 is recognized.
/// Multiplied afterwards, the quotient may be slightly below the tie.
pub(crate) fn ratio(sum: f64, count: u64) -> Option<f64> {
    let tenths = (sum * 10.0 / number(count)).round();
    (count > 0 && tenths.is_finite()).then_some(tenths / 10.0)
}

/// A single reading to one decimal.
pub(crate) fn reading(value: f32) -> Option<f64> {
    ratio(value.into(), 1)
}

/// Exact below 2^53, which is more movements than a fleet makes in a thousand years.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_weighted_and_rounded_half_away_from_zero() {
        assert_eq!(Samples::new(100.0 + 30.0, 1 + 3).average(), Some(32.5), "not the average of 100 and 10");
        assert_eq!(ratio(3.0, 20), Some(0.2), "0.15 is a tie");
        assert_eq!(ratio(-3.0, 20), Some(-0.2));
        assert_eq!(ratio(905.0, 20), Some(45.3), "45.25 is a tie");
        assert_eq!(ratio(44.94, 1), Some(44.9));
        assert_eq!(reading(78.5), Some(78.5));
    }

    #[test]
    fn the_unknown_is_not_zero() {
        assert_eq!(Samples::default().average(), None);
        assert_eq!(per_thousand(0, 0), None);
        assert_eq!(per_thousand(0, 10), Some(0.0));
        assert_eq!(ratio(f64::MAX, 1), None);
    }
}
