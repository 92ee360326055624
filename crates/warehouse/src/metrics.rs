//! Names of the warehouse's metrics, and how to read them.

/// Gauge: 1 while report queries are refused without being sent, because the warehouse does not respond or
/// responds only to pings; otherwise 0. The API then returns 503 immediately. The breaker closes by itself
/// within a second of the first response.
pub const BREAKER_OPEN: &str = "bionicpro_warehouse_breaker_open";

pub(crate) fn gauge_breaker(is_open: bool) {
    metrics::gauge!(BREAKER_OPEN).set(f64::from(u8::from(is_open)));
}
