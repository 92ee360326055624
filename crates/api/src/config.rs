//! The configuration section `[api]`.

use std::net::SocketAddr;
use std::time::Duration;

use bionicpro_edge::{Listen, ListenerConfig};
use bionicpro_model::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of the section, and of its listener in metrics.
const SECTION: &str = "api";

/// The Reports API.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address on which the API listens.
    pub listen: SocketAddr,
    /// The hosts that requests may name, as `name` or `name:port`; empty means the loopback names and the
    /// address in `listen`.
    pub hosts: Vec<String>,
    /// The address on which Prometheus metrics are served; none disables them.
    pub metrics_listen: Option<SocketAddr>,
    /// The settings that every service's listener has.
    #[serde(flatten)]
    pub listener: ListenerConfig,
    /// Requests that one person may make per minute.
    pub requests_per_minute: u32,
    /// Seconds after which a request is abandoned with status 503.
    pub request_timeout_s: u32,
    /// The size of the cache of people's hours and of answers, in megabytes; 0 turns it off.
    pub cache_mb: u32,
    /// Seconds for which cached hours are served while the warehouse is unavailable.
    pub cache_grace_s: u32,
    /// Seconds after which cached hours are read again even without an announced change, because rows that
    /// are written by hand are not announced.
    pub cache_max_age_s: u32,
    /// Seconds between two runs of the pipeline, as configured in the scheduler that starts them. Data older
    /// than twice this time are stale.
    pub schedule_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8001)),
            hosts: Vec::new(),
            metrics_listen: Some(SocketAddr::from(([127, 0, 0, 1], 9464))),
            listener: ListenerConfig::default(),
            requests_per_minute: 600,
            request_timeout_s: 10,
            cache_mb: 64,
            cache_grace_s: 60,
            cache_max_age_s: 300,
            schedule_s: 900,
        }
    }
}

impl Config {
    /// Refuses values that would reject every request or keep a connection open for ever.
    pub(crate) fn check(&self) -> Result<()> {
        let own = [
            ("requests_per_minute", self.requests_per_minute),
            ("request_timeout_s", self.request_timeout_s),
            ("cache_grace_s", self.cache_grace_s),
            ("cache_max_age_s", self.cache_max_age_s),
            ("schedule_s", self.schedule_s),
        ];
        self.listener.check(SECTION, &own)
    }

    /// The part of the cache for rendered answers. It is the smaller part because answers are quickly
    /// rendered from hours.
    pub(crate) fn bytes_of_answers(&self) -> u64 {
        self.cache_bytes() / 4
    }

    /// The rest of the cache, for people's hours.
    pub(crate) fn bytes_of_hours(&self) -> u64 {
        self.cache_bytes() - self.bytes_of_answers()
    }

    fn cache_bytes(&self) -> u64 {
        u64::from(self.cache_mb) * 1_000_000
    }

    /// The listener of the API: its address and its rules.
    pub(crate) fn listen(&self) -> Listen {
        self.listener.listen(SECTION, self.listen, self.hosts.clone())
    }

    /// The listener for metrics, or `None` if they are not served.
    pub(crate) fn listen_for_metrics(&self) -> Option<Listen> {
        self.metrics_listen.map(|address| self.listener.listen_for_metrics(SECTION, address))
    }

    /// Both listeners, for `doctor`.
    ///
    /// # Errors
    /// `Config` if a key of the section is invalid.
    pub fn listeners(&self) -> Result<Vec<Listen>> {
        self.check()?;
        Ok([Some(self.listen()), self.listen_for_metrics()].into_iter().flatten().collect())
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_s.into())
    }
}
