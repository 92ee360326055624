//! Metrics that every listener has, and how to read them. The label `listener` is the listener's section of
//! the configuration. No label carries a person, an address or a path as it was sent.

use std::sync::OnceLock;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Counter, labels `listener`, `route` (a template, or `unmatched`), `method`, `status`: responses. Watch the
/// share of 5xx: 503 points to a dependency, 500 to a defect.
pub const REQUESTS: &str = "bionicpro_http_requests_total";

/// Histogram, labels `listener`, `route`: seconds from the request's headers to the response's.
pub const DURATION: &str = "bionicpro_http_request_duration_seconds";

/// Counter, labels `listener`, `who` (`person` or `address`): requests refused with 429. `address` is a
/// client that keeps beginning sign-ins.
pub const RATE_LIMITED: &str = "bionicpro_http_rate_limited_total";

/// Counter, labels `listener`, `outcome`: refused credentials beyond the budget of an address. `held`: the
/// refusal was delayed; a rise means a client that tries tokens, or one that does not notice that its token
/// is refused. `full`: too many refusals were delayed already, so the client got 429 immediately and its
/// connection was closed.
pub const LATE_REFUSALS: &str = "bionicpro_http_late_refusals_total";

/// Gauge, label `listener`: open connections. At the listener's `max_connections`, those that are not serving
/// a complete request are closed to make room for new ones.
pub const CONNECTIONS: &str = "bionicpro_http_connections";

/// Counter, labels `listener`, `reason`: connections that ended before a request. `address`: one address had
/// more open than allowed; `tls`: no TLS handshake, because of another protocol, an old version or a name
/// that is not ours; `head`: no complete request head within `first_header_timeout_s`; `full`: all
/// connections were in use, and this was the oldest of those without a complete head. If the last two rise
/// together, a client sends incomplete heads.
pub const REFUSED: &str = "bionicpro_http_connections_refused_total";

/// Counter, labels `listener`, `reason`: connections that were closed after a request. `write`: the client
/// did not read its response; `full`: all connections were in use, and this one had been idle longest, or its
/// body had been arriving for the longest time.
pub const CUT: &str = "bionicpro_http_connections_cut_total";

/// Counter, labels `listener`, `outcome` (`ok` or `failed`): reloads of a replaced certificate. After
/// `failed` the old one stays in use until it expires; the log says what is wrong with the new one.
pub const CERTIFICATES: &str = "bionicpro_http_certificate_loads_total";

/// Upper bounds of the histogram in seconds: fine around the target of 20 ms, up to the request deadline.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];
/// Interval at which samples are folded into the histogram if nothing scrapes it.
pub(crate) const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Returns the process's Prometheus recorder, which the first call installs. It collects the metrics of all
/// parts.
///
/// # Errors
/// `Internal` if another recorder was installed before.
pub fn recorder() -> Result<&'static PrometheusHandle> {
    static RECORDER: OnceLock<std::result::Result<PrometheusHandle, String>> = OnceLock::new();
    let installed = RECORDER.get_or_init(|| {
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(DURATION.to_owned()), &BUCKETS)
            .and_then(PrometheusBuilder::install_recorder)
            .map_err(|error| error.to_string())
    });
    installed.as_ref().map_err(|error| {
        Error::new(Kind::Internal, "metrics cannot be recorded in this process").detail(error.as_str())
    })
}

pub(crate) fn count_request(
    listener: &'static str,
    route: String,
    method: &'static str,
    status: u16,
    seconds: f64,
) {
    metrics::counter!(REQUESTS, "listener" => listener, "route" => route.clone(), "method" => method, "status" => status.to_string())
        .increment(1);
    metrics::histogram!(DURATION, "listener" => listener, "route" => route).record(seconds);
}

pub(crate) fn count_rate_limited(listener: &'static str, who: &'static str) {
    metrics::counter!(RATE_LIMITED, "listener" => listener, "who" => who).increment(1);
}

pub(crate) fn count_late_refusal(listener: &'static str, outcome: &'static str) {
    metrics::counter!(LATE_REFUSALS, "listener" => listener, "outcome" => outcome).increment(1);
}

pub(crate) fn count_refused(listener: &'static str, reason: &'static str) {
    metrics::counter!(REFUSED, "listener" => listener, "reason" => reason).increment(1);
}

pub(crate) fn count_cut(listener: &'static str, reason: &'static str) {
    metrics::counter!(CUT, "listener" => listener, "reason" => reason).increment(1);
}

pub(crate) fn count_certificate(listener: &'static str, is_ok: bool) {
    let outcome = if is_ok { "ok" } else { "failed" };
    metrics::counter!(CERTIFICATES, "listener" => listener, "outcome" => outcome).increment(1);
}

/// Counts a connection as open until it is dropped.
pub(crate) struct OpenConnection(metrics::Gauge);

impl OpenConnection {
    pub(crate) fn new(listener: &'static str) -> Self {
        let gauge = metrics::gauge!(CONNECTIONS, "listener" => listener);
        gauge.increment(1.0);
        OpenConnection(gauge)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
