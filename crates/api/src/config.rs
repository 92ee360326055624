//! The configuration section `[api]`.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Reports API.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where Prometheus metrics are served; none means nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Requests that one person may make in a minute.
    pub requests_per_minute: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8001)),
            metrics_listen: Some(SocketAddr::from(([127, 0, 0, 1], 9464))),
            requests_per_minute: 600,
        }
    }
}
