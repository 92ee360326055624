//! Names and meaning of the access log's metrics.

/// Gauge, label `service`: the number of the last line. It never decreases, unless lines were removed from
/// the end.
pub const SEQUENCE: &str = "bionicpro_audit_sequence";

/// Counter, label `service`: failed writes. Requests get status 503 meanwhile; free space on the disk.
pub const FAILURES: &str = "bionicpro_audit_write_failures_total";

pub(crate) fn gauge_sequence(service: &'static str, sequence: u64) {
    // Exact below 2^53 lines.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    metrics::gauge!(SEQUENCE, "service" => service).set(sequence as f64);
}

pub(crate) fn count_failure(service: &'static str) {
    metrics::counter!(FAILURES, "service" => service).increment(1);
}
