//! Exact quantiles with linear interpolation between neighbours: type 7 of R. J. Hyndman and Y. Fan, Sample
//! Quantiles in Statistical Packages, The American Statistician 50 (1996).

/// The quantile of sorted counts; `None` if there are none.
///
/// The position counts from 1, as in ClickHouse's `quantileExactInclusive`, so that both round alike.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "0 <= level <= 1 of a few counts below 2^53"
)]
pub(crate) fn of_counts(sorted: &[u64], level: f64) -> Option<f64> {
    let place = level * (sorted.len().checked_sub(1)? as f64) + 1.0;
    let below = place as usize;
    let value = *sorted.get(below - 1)? as f64;
    Some(match sorted.get(below) {
        Some(above) => value + (place - below as f64) * (above - sorted[below - 1]) as f64,
        None => value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_their_neighbours() {
        assert_eq!(of_counts(&[], 0.5), None);
        assert_eq!([0.0, 0.5, 1.0].map(|level| of_counts(&[7], level)), [Some(7.0); 3]);
        // The values of numpy.quantile([10, 20, 30, 60], [0.1, 0.5, 0.9, 1]).
        let near = |level, wanted: f64| (of_counts(&[10, 20, 30, 60], level).unwrap() - wanted).abs() < 1e-9;
        assert!(near(0.1, 13.0) && near(0.5, 25.0) && near(0.9, 51.0) && near(1.0, 60.0));
    }
}
