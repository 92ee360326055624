//! Names of the warehouse's metrics, and how to read them.

/// Gauge: 1 while queries of reports are refused unasked, because nobody answers at the warehouse's address,
/// or only pings are answered there; else 0. The API then answers 503 at once. It closes by itself within a second of the first answer.
pub const BREAKER_OPEN: &str = "bionicpro_warehouse_breaker_open";

pub(crate) fn gauge_breaker(is_open: bool) {
    metrics::gauge!(BREAKER_OPEN).set(f64::from(u8::from(is_open)));
}
