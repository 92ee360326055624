//! Names of the API's metrics, and how to read them. None carries a person, an address or a path as it was sent.

use std::sync::OnceLock;
use std::time::Duration;

use bionicpro_model::{Error, Kind, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Counter, labels `route` (a template, or `unmatched`), `method`, `status`: answers. Watch the share of 5xx;
/// 503 means the warehouse or the issuer, 500 a defect.
pub const REQUESTS: &str = "bionicpro_api_requests_total";

/// Histogram, label `route`: seconds from the request's headers to the answer's.
pub const DURATION: &str = "bionicpro_api_request_duration_seconds";

/// Counter, label `who` (`person` or `address`): requests refused with 429. `address` rising is somebody who
/// tries tokens, or a client that does not notice that its token is refused.
pub const RATE_LIMITED: &str = "bionicpro_api_rate_limited_total";

/// Gauge: open connections. At `api.max_connections` new ones wait.
pub const CONNECTIONS: &str = "bionicpro_api_connections";

/// Gauge, label `dependency` (`warehouse` or `issuer`): 1 when the last readiness check found it well, else 0.
pub const DEPENDENCY_UP: &str = "bionicpro_api_dependency_up";

/// Gauge: the newest moment that the mart reflects, in seconds since 1970. `time() - x` above two schedules
/// (30 minutes) means that the pipeline is behind.
pub const DATA_AS_OF: &str = "bionicpro_api_data_as_of_seconds";

/// Upper bounds of the histogram, in seconds: fine around the aim of 20 ms, up to the request deadline.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];
/// How often samples are folded into the histogram when nobody scrapes.
pub(crate) const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The process's Prometheus recorder, installed at the first call. Metrics of every part appear in it.
///
/// # Errors
/// `Internal` when another recorder was installed before.
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

pub(crate) fn count_request(route: String, method: &'static str, status: u16, seconds: f64) {
    metrics::counter!(REQUESTS, "route" => route.clone(), "method" => method, "status" => status.to_string())
        .increment(1);
    metrics::histogram!(DURATION, "route" => route).record(seconds);
}

pub(crate) fn count_rate_limited(who: &'static str) {
    metrics::counter!(RATE_LIMITED, "who" => who).increment(1);
}

pub(crate) fn gauge_dependency(dependency: &'static str, up: bool) {
    metrics::gauge!(DEPENDENCY_UP, "dependency" => dependency).set(f64::from(u8::from(up)));
}

pub(crate) fn gauge_data_as_of(moment: chrono::DateTime<chrono::Utc>) {
    metrics::gauge!(DATA_AS_OF).set(f64::from(u32::try_from(moment.timestamp()).unwrap_or(0)));
}

/// Counts a connection for as long as it is held.
pub(crate) struct OpenConnection(());

impl OpenConnection {
    pub(crate) fn new() -> Self {
        metrics::gauge!(CONNECTIONS).increment(1.0);
        OpenConnection(())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        metrics::gauge!(CONNECTIONS).decrement(1.0);
    }
}
