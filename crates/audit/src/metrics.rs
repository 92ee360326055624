//! Names of the access log's metrics, and how to read them.

/// Gauge, label `service`: the number of the last line. It never falls: where it does, lines were taken off the end.
pub const SEQUENCE: &str = "bionicpro_audit_sequence";

/// Counter, label `service`: writes that failed. Requests are answered with 503 meanwhile: make room on the disk.
pub const FAILURES: &str = "bionicpro_audit_write_failures_total";

pub(crate) fn gauge_sequence(service: &'static str, sequence: u64) {
    // Exact below 2^53 lines.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    metrics::gauge!(SEQUENCE, "service" => service).set(sequence as f64);
}

pub(crate) fn count_failure(service: &'static str) {
    metrics::counter!(FAILURES, "service" => service).increment(1);
}
